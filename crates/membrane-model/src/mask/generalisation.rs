//! How a value is made coarser.

use std::fmt;
use std::str::FromStr;

use crate::{LogicalType, NameError};

/// How a value is made coarser, at ingest (protection) or at read (reveal level).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generalisation {
    /// Date or timestamp to the first of its month.
    Month,
    /// Date or timestamp to the first of January.
    Year,
    /// Number to the lower edge of its band of this width (1 or more).
    Width(u32),
    /// Text to its first characters (1 or more), and fewer of a short one.
    Prefix(u8),
    /// Geographic code (geohash, postcode, division code) to its first characters (1 or more): a shorter code is a
    /// larger area already and stays as it is. At read only.
    Geo(u8),
    /// Date of birth to the lower edge of a band of ages of this many years (1 or more), on the day of the question; 90
    /// and above are one band. An integer. At read only.
    Age(u8),
    /// One value for all: only whether there is a value shows. At read only.
    Fixed,
}

impl Generalisation {
    /// Tells whether values of a type can be made coarser in this way.
    #[must_use]
    pub const fn fits(self, logical: LogicalType) -> bool {
        match self {
            Self::Month | Self::Year | Self::Age(_) => {
                matches!(logical, LogicalType::Date | LogicalType::Timestamp)
            }
            Self::Width(width) => {
                width > 0
                    && matches!(
                        logical,
                        LogicalType::Integer | LogicalType::Number | LogicalType::Decimal { .. }
                    )
            }
            Self::Prefix(length) | Self::Geo(length) => length > 0 && matches!(logical, LogicalType::String),
            Self::Fixed => true,
        }
    }

    /// Tells whether it can be done once and for all, when the value is stored.
    #[must_use]
    pub const fn can_be_stored(self) -> bool {
        matches!(self, Self::Month | Self::Year | Self::Width(_) | Self::Prefix(_))
    }
}

impl fmt::Display for Generalisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Month => f.write_str("month"),
            Self::Year => f.write_str("year"),
            Self::Width(width) => write!(f, "width({width})"),
            Self::Prefix(length) => write!(f, "prefix({length})"),
            Self::Geo(length) => write!(f, "geo({length})"),
            Self::Age(years) => write!(f, "age({years})"),
            Self::Fixed => f.write_str("fixed"),
        }
    }
}

impl FromStr for Generalisation {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || {
            NameError::new(
                "generalisation",
                "`month`, `year`, `width(N)`, `prefix(N)`, `geo(N)`, `age(YEARS)` or `fixed`",
            )
        };
        match text {
            "month" | "truncate-to-month" => return Ok(Self::Month),
            "year" | "truncate-to-year" => return Ok(Self::Year),
            "fixed" | "mask-to-fixed-value" => return Ok(Self::Fixed),
            _ => {}
        }
        let (name, rest) = text.split_once('(').ok_or_else(fault)?;
        let number: u32 = rest
            .strip_suffix(')')
            .and_then(|number| number.trim().parse().ok())
            .filter(|number| *number > 0)
            .ok_or_else(fault)?;
        let small = || u8::try_from(number).map_err(|_| fault());
        match name {
            "width" => Ok(Self::Width(number)),
            "prefix" => small().map(Self::Prefix),
            "geo" => small().map(Self::Geo),
            "age" => small().map(Self::Age),
            _ => Err(fault()),
        }
    }
}
