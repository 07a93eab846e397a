//! Why a column cannot be shown in a way, whatever policies say: it is kept as less than that, or is of another type.

use membrane_catalog::Column;
use membrane_model::{Generalisation, LogicalType, Protection, Shown, TokenForm};

use super::gives;
use crate::parameters::coarsest;

/// Returns what keeps a column from being shown in a way; nothing when it can be.
pub(crate) fn hindrance(column: &Column, shown: Shown) -> Option<String> {
    if !gives(column.protection, shown.level()) {
        return Some(match column.protection {
            Protection::Drop => "the column is not kept (`drop`)".to_owned(),
            Protection::Sealed => "the column is kept sealed without a token (`sealed`)".to_owned(),
            kept => format!("the column is kept as less than that (`{kept}`)"),
        });
    }
    let is_text = matches!(column.logical_type, LogicalType::String);
    match shown {
        Shown::Partial(_) if !is_text => Some(unfit(column, shown, "text")),
        Shown::Generalised(how) if !how.fits(column.logical_type) => Some(unfit(column, shown, types(how))),
        Shown::Generalised(how) if coarsest([how], column).is_none() => {
            Some(format!("`{shown}` would leave every value whole"))
        }
        Shown::Token(TokenForm::Ff1) if !is_text => Some(unfit(column, shown, "text")),
        Shown::Token(TokenForm::Ff1) if column.protection == Protection::Token => {
            Some("the column is kept without the digits (`token`)".to_owned())
        }
        Shown::Clear | Shown::Partial(_) | Shown::Generalised(_) | Shown::Token(_) | Shown::Null => None,
    }
}

fn unfit(column: &Column, shown: Shown, types: &str) -> String {
    format!("the column is of the type {}, and `{shown}` is for {types}", column.logical_type)
}

const fn types(how: Generalisation) -> &'static str {
    match how {
        Generalisation::Month | Generalisation::Year | Generalisation::Age(_) => "dates",
        Generalisation::Width(_) => "numbers",
        Generalisation::Prefix(_) | Generalisation::Geo(_) => "text",
        Generalisation::Fixed => "all types",
    }
}
