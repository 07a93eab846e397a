//! The logical types that a column of a dataset may have.

use std::fmt;

/// The type of a column as its contract states it, before protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogicalType {
    /// UTF-8 text.
    String,
    /// Signed 64-bit integer.
    Integer,
    /// 64-bit float. Never money.
    Number,
    /// Exact decimal; money is one of these.
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point, 0 to `precision`.
        scale: i8,
    },
    /// True or false.
    Boolean,
    /// Day in the proleptic Gregorian calendar.
    Date,
    /// Instant, microseconds, UTC.
    Timestamp,
}

impl fmt::Display for LogicalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("string"),
            Self::Integer => f.write_str("integer"),
            Self::Number => f.write_str("number"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Boolean => f.write_str("boolean"),
            Self::Date => f.write_str("date"),
            Self::Timestamp => f.write_str("timestamp"),
        }
    }
}
