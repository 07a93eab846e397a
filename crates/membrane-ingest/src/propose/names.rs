//! Names of a file's columns as names of a contract's.
//!
//! PRIVACY: a file without a header has values where names belong. Only names that are plain words are repeated; of others a
//! known translation or the column's place stands.

use std::collections::HashSet;
use std::path::Path;

use membrane_model::{ColumnName, DatasetName};

use crate::Packing;

/// What a column of a file is called in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// The name in the contract.
    pub(crate) name: ColumnName,
    /// Whether the file has it under the same name.
    pub(crate) is_same: bool,
}

/// Chinese names of columns and what they are called here.
const KNOWN: [(&str, &str); 34] = [
    ("姓名", "name"),
    ("客户姓名", "customer_name"),
    ("会员姓名", "member_name"),
    ("昵称", "nickname"),
    ("手机", "mobile"),
    ("手机号", "phone"),
    ("手机号码", "phone"),
    ("电话", "phone"),
    ("联系电话", "contact_phone"),
    ("邮箱", "email"),
    ("电子邮箱", "email"),
    ("身份证", "id_card"),
    ("身份证号", "id_card_no"),
    ("身份证号码", "id_card_no"),
    ("证件号码", "id_number"),
    ("护照号", "passport_no"),
    ("银行卡号", "card_no"),
    ("地址", "address"),
    ("收货地址", "delivery_address"),
    ("生日", "birthday"),
    ("出生日期", "birth_date"),
    ("性别", "gender"),
    ("年龄", "age"),
    ("会员号", "member_no"),
    ("会员编号", "member_no"),
    ("会员卡号", "member_card_no"),
    ("用户id", "user_id"),
    ("订单号", "order_no"),
    ("金额", "amount"),
    ("数量", "quantity"),
    ("城市", "city"),
    ("省份", "province"),
    ("门店", "store"),
    ("车牌号", "plate_no"),
];

/// Names the columns of a file, each differently. `places` are their places in the file, from 1.
pub(crate) fn named(names: &[(usize, &str)]) -> Vec<Named> {
    let mut used: HashSet<ColumnName> = names.iter().filter_map(|(_, name)| name.parse().ok()).collect();
    let mut all = Vec::with_capacity(names.len());
    for (place, own) in names {
        if let Ok(name) = own.parse::<ColumnName>() {
            all.push(Named { name, is_same: true });
            continue;
        }
        let wanted = translated(own).unwrap_or_else(|| format!("column_{place}"));
        let free = (1..).map(|times| if times == 1 { wanted.clone() } else { format!("{wanted}_{times}") });
        let name = free.filter_map(|name| name.parse::<ColumnName>().ok()).find(|name| !used.contains(name));
        let Some(name) = name else { continue };
        used.insert(name.clone());
        all.push(Named { name, is_same: false });
    }
    all
}

/// Makes a legal name of another: `memberNo`, `Phone Number`, `手机号`.
fn translated(own: &str) -> Option<String> {
    let own = own.trim().trim_start_matches('\u{feff}');
    if let Some((_, known)) = KNOWN.iter().find(|(chinese, _)| *chinese == own.to_lowercase()) {
        return Some((*known).to_owned());
    }
    if own.len() > 60
        || !own.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-. /()".contains(letter))
    {
        return None;
    }
    let mut name = String::new();
    let mut before = '_';
    for letter in own.chars() {
        if letter.is_ascii_alphanumeric() {
            if letter.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        } else if !name.ends_with('_') && !name.is_empty() {
            name.push('_');
        }
        before = letter;
    }
    let name = name.trim_matches('_').to_owned();
    // A name that is mostly digits is a value where a name belongs.
    let digits = name.chars().filter(char::is_ascii_digit).count();
    (name.parse::<ColumnName>().is_ok() && digits * 2 < name.len()).then_some(name)
}

/// Makes a dataset's name of a file's, if that is one. `.gz` and `.zst` are looked through.
#[must_use]
pub fn dataset_name_of(path: &Path) -> Option<DatasetName> {
    let name = path.file_name()?.to_str()?;
    let packed = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    let is_packed = packed.is_some_and(|ending| Packing::from_ending(&ending).is_some());
    let name = if is_packed { name.rsplit_once('.')?.0 } else { name };
    let stem = Path::new(name).file_stem()?.to_str()?;
    stem.parse().ok().or_else(|| translated(stem)?.parse().ok())
}

#[cfg(test)]
mod tests;
