//! Standardisers: many spellings of one thing, one text.
//!
//! | `membrane.standard` | from | standard text |
//! | --- | --- | --- |
//! | `phone(CN)` | `138 0013 8000`, `0086-13800138000`, `(010) 6552-9988 转 801` | `+8613800138000`, `+861065529988;ext=801` |
//! | `email` | ` Li.Wei@例子.CN ` | `li.wei@xn--fsqu00a.cn` |
//! | `chinese_identity_number` | `110105491231002`, `11010519491231002x` | `11010519491231002X` |
//! | `card_number` | `6222 0212-3456 7890 128` | `6222021234567890128` |
//! | `name` | `迪丽热巴•迪力木拉提`, `张　三`, `Li  Wei` | `迪丽热巴·迪力木拉提`, `张三`, `LI WEI` |
//! | `address(CN)` | `浙江杭州西湖区文三路 １ 号` | <code>浙江省&#124;杭州市&#124;西湖区&#124;文三路1号</code> |
//! | `text`, `text(lower)`, `text(upper)` | `ＡＢＣ  １２３` | `ABC 123`, `abc 123` |
//! | `date(ymd)`, `date(dmy)`, `date(mdy)` | `2026年3月1日`, `2026/3/1`, `20260301` | `2026-03-01` |
//!
//! INVARIANT: what is standard stays as it is: the standard text of a standard text is that text. Nothing here panics,
//! whatever the text.

mod address;
mod card;
mod date;
mod email;
mod identity_number;
mod name;
mod part;
mod phone;
mod text;
mod width;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use membrane_model::NameError;

pub use date::Order;
pub use part::{Derived, Part};
pub use phone::Region;
pub use text::Case;

/// Bytes of a text that a standardiser looks at; a longer one is no name, number or address.
const BYTES_MAX: usize = 4 << 10;
/// Bytes of a text whose width and case alone are looked at.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// Steps after which a text must have come to rest.
const STEPS_MAX: usize = 4;

/// How the texts of one column are brought to one spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standard {
    /// Telephone numbers as E.164; without a country code they are of this region.
    Phone(Region),
    /// E-mail addresses.
    Email,
    /// Citizen identification numbers of 18 characters.
    IdentityNumber,
    /// Card and account numbers.
    CardNumber,
    /// Names of people.
    Name,
    /// Chinese addresses: `province|city|district|rest`.
    Address,
    /// Any text: width, spaces and case.
    Text(Case),
    /// Days, as ISO 8601 writes them.
    Date(Order),
}

/// What becomes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standardised<'a> {
    /// The standard text.
    Text(Cow<'a, str>),
    /// There is nothing in it but spaces: no value.
    Blank,
    /// It cannot be read as what it should be.
    Unreadable,
}

impl Standard {
    /// Returns the standard text of a text. One that is standard already is not copied.
    #[must_use]
    pub fn apply(self, text: &str) -> Standardised<'_> {
        if self.is_plainly_standard(text) {
            return Standardised::Text(Cow::Borrowed(text));
        }
        let bytes_max = if matches!(self, Self::Text(_)) { TEXT_BYTES_MAX } else { BYTES_MAX };
        if text.len() > bytes_max {
            return Standardised::Unreadable;
        }
        if width::is_blank(text) {
            return Standardised::Blank;
        }
        match self.settle(text) {
            Some(standard) if standard == text => Standardised::Text(Cow::Borrowed(text)),
            Some(standard) => Standardised::Text(Cow::Owned(standard)),
            None => Standardised::Unreadable,
        }
    }

    /// Tells at a glance that a text is standard; of some that are it does not.
    #[must_use]
    pub fn is_plainly_standard(self, text: &str) -> bool {
        match self {
            Self::Phone(_) => phone::is_standard(text),
            Self::Email => email::is_standard(text),
            Self::IdentityNumber => identity_number::is_standard(text),
            Self::CardNumber => card::is_standard(text),
            Self::Name => name::is_standard(text),
            Self::Address => false,
            Self::Text(case) => text.len() <= TEXT_BYTES_MAX && text::is_standard(text, case),
            Self::Date(_) => date::is_standard(text),
        }
    }

    /// Standardises until nothing changes any more.
    fn settle(self, text: &str) -> Option<String> {
        let mut now = self.step(text)?;
        for _ in 0..STEPS_MAX {
            let next = self.step(&now)?;
            if next == now {
                return Some(now);
            }
            now = next;
        }
        None
    }

    fn step(self, text: &str) -> Option<String> {
        match self {
            Self::Phone(region) => phone::standard(text, region),
            Self::Email => email::standard(text),
            Self::IdentityNumber => identity_number::standard(text),
            Self::CardNumber => card::standard(text),
            Self::Name => name::standard(text),
            Self::Address => address::standard(text),
            Self::Text(case) => text::standard(text, case),
            Self::Date(order) => date::standard(text, order),
        }
    }

    /// Tells whether texts of this form are direct identifiers, whatever the class of the column says.
    #[must_use]
    pub const fn is_identifying(self) -> bool {
        !matches!(self, Self::Text(_) | Self::Date(_))
    }

    /// Returns the most characters of a standard text, where there is such a number.
    #[must_use]
    pub const fn length_max(self) -> Option<usize> {
        match self {
            Self::Phone(_) => Some(phone::LENGTH_MAX),
            Self::Email => Some(254),
            Self::IdentityNumber => Some(18),
            Self::CardNumber => Some(19),
            Self::Date(_) => Some(10),
            Self::Name | Self::Address | Self::Text(_) => None,
        }
    }

    /// Returns the parts that another column may be made of.
    #[must_use]
    pub const fn parts(self) -> &'static [Part] {
        match self {
            Self::Phone(_) => &[Part::Original, Part::Country],
            Self::Email => &[Part::Original, Part::Domain],
            Self::IdentityNumber => &[Part::Original, Part::BirthDate, Part::Sex, Part::Province, Part::Code],
            Self::Address => {
                &[Part::Original, Part::Province, Part::City, Part::District, Part::Rest, Part::Code]
            }
            Self::CardNumber | Self::Name | Self::Text(_) | Self::Date(_) => &[Part::Original],
        }
    }

    /// Returns a part of a standard text; none when it has no such part. The original is no part of it.
    #[must_use]
    pub fn part(self, part: Part, standard: &str) -> Option<Cow<'_, str>> {
        let found = match self {
            Self::Phone(_) => phone::part(part, standard).map(Cow::Borrowed),
            Self::Email => email::part(part, standard).map(Cow::Borrowed),
            Self::IdentityNumber => identity_number::part(part, standard),
            Self::Address => address::part(part, standard).map(Cow::Borrowed),
            Self::CardNumber | Self::Name | Self::Text(_) | Self::Date(_) => None,
        };
        found.filter(|text| !text.is_empty())
    }

    /// Tells whether two standards are for the same kind of thing: telephone numbers of two regions are.
    #[must_use]
    pub fn is_like(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(region) => write!(f, "phone({region})"),
            Self::Email => f.write_str("email"),
            Self::IdentityNumber => f.write_str("chinese_identity_number"),
            Self::CardNumber => f.write_str("card_number"),
            Self::Name => f.write_str("name"),
            Self::Address => f.write_str("address(CN)"),
            Self::Text(Case::Kept) => f.write_str("text"),
            Self::Text(Case::Lower) => f.write_str("text(lower)"),
            Self::Text(Case::Upper) => f.write_str("text(upper)"),
            Self::Date(order) => write!(f, "date({order})"),
        }
    }
}

impl FromStr for Standard {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, of) = match text.split_once('(') {
            Some((kind, rest)) => (kind, rest.strip_suffix(')')),
            None => (text, Some("")),
        };
        let read = match (kind, of) {
            ("phone", Some(region)) => Region::parse(region).map(Self::Phone),
            ("email", Some("")) => Some(Self::Email),
            ("chinese_identity_number", Some("")) => Some(Self::IdentityNumber),
            ("card_number", Some("")) => Some(Self::CardNumber),
            ("name", Some("")) => Some(Self::Name),
            ("address", Some("CN")) => Some(Self::Address),
            ("text", Some("")) => Some(Self::Text(Case::Kept)),
            ("text", Some("lower")) => Some(Self::Text(Case::Lower)),
            ("text", Some("upper")) => Some(Self::Text(Case::Upper)),
            ("date", Some(order)) => Order::parse(order).map(Self::Date),
            _ => None,
        };
        // `email()` is read above as `email`; it is written without.
        read.filter(|standard| standard.to_string() == text)
            .ok_or_else(|| NameError::new("standard", EXPECTED))
    }
}

/// What a contract may say.
const EXPECTED: &str = "phone(REGION) with a region like CN, email, chinese_identity_number, card_number, name, \
    address(CN), text, text(lower), text(upper), date(ymd), date(dmy) or date(mdy)";

#[cfg(test)]
mod tests;
