//! Which rows of a dataset a principal may see, as a condition on stored columns.
//!
//! The meaning is SQL's three-valued one: a comparison with NULL is neither true nor false, and a row
//! is shown only when the whole condition is true. [`RowExpr::evaluate`] is the reference that other
//! translations are checked against.

mod evaluate;

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, NaiveDate, SecondsFormat};
use membrane_model::ColumnName;
use serde::Serialize;

/// Which rows a principal may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowRule {
    /// Every row.
    All,
    /// No row.
    None,
    /// The rows for which the condition is true.
    When(RowExpr),
}

/// A condition on the stored columns of a row: those in clear and those already generalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowExpr {
    /// True or false for every row.
    Constant(bool),
    /// A column against a constant; NULL when the column is NULL.
    Compare {
        /// The column, on the left.
        column: ColumnName,
        /// How they are compared.
        operator: CompareOperator,
        /// The constant, on the right.
        value: RowValue,
    },
    /// The column is one of these; NULL when the column is NULL.
    In {
        /// The column.
        column: ColumnName,
        /// At least one constant.
        values: Vec<RowValue>,
    },
    /// A boolean column itself; NULL when the column is NULL.
    IsTrue(ColumnName),
    /// The column is not NULL. Never NULL itself.
    Has(ColumnName),
    /// A text column matches a pattern; NULL when the column is NULL.
    Like {
        /// The column.
        column: ColumnName,
        /// A pattern of SQL's `LIKE`: `%` stands for any text; `\` in front of `%`, `_` or `\` makes it
        /// an ordinary character. A bare `_` never occurs.
        pattern: String,
    },
    /// All are true. Empty: true.
    And(Vec<Self>),
    /// At least one is true. Empty: false.
    Or(Vec<Self>),
    /// The opposite; NULL stays NULL.
    Not(Box<Self>),
}

/// How a column is compared with a constant, or one value with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum CompareOperator {
    /// `=`
    Eq,
    /// `<>`
    NotEq,
    /// `<`, of values that have an order: not of text or booleans.
    Lt,
    /// `<=`, of values that have an order: not of text or booleans.
    LtEq,
    /// `>`, of values that have an order: not of text or booleans.
    Gt,
    /// `>=`, of values that have an order: not of text or booleans.
    GtEq,
}

/// A constant in a row rule. It comes from a policy or from a principal's attributes, never from data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowValue {
    /// Text.
    String(String),
    /// A signed integer.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A day, counted from 1970-01-01.
    Date(i32),
    /// An instant, in microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// An exact decimal: 1250 with the scale 2 is 12.50.
    Decimal {
        /// The digits.
        unscaled: i128,
        /// How many of them are after the point.
        scale: i8,
    },
}

impl fmt::Display for RowExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
            write!(f, "({})", parts.join(word))
        };
        match self {
            Self::Constant(truth) => truth.fmt(f),
            Self::Compare { column, operator, value } => write!(f, "{column} {} {value}", operator.as_str()),
            Self::In { column, values } => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "{column} in [{}]", values.join(", "))
            }
            Self::IsTrue(column) => column.fmt(f),
            Self::Has(column) => write!(f, "{column} is there"),
            Self::Like { column, pattern } => write!(f, "{column} like `{pattern}`"),
            Self::And(parts) => joined(f, parts, " and "),
            Self::Or(parts) => joined(f, parts, " or "),
            Self::Not(inner) => write!(f, "not {inner}"),
        }
    }
}

impl fmt::Display for RowValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => write!(f, "`{text}`"),
            Self::Integer(number) => number.fmt(f),
            Self::Boolean(truth) => truth.fmt(f),
            Self::Date(days) => match NaiveDate::from_epoch_days(*days) {
                Some(day) => day.fmt(f),
                None => write!(f, "day {days}"),
            },
            Self::Timestamp(micros) => match DateTime::from_timestamp_micros(*micros) {
                Some(instant) => f.write_str(&instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
                None => write!(f, "microsecond {micros}"),
            },
            Self::Decimal { unscaled, scale } => {
                let scale = usize::try_from(*scale).unwrap_or_default();
                let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
                let sign = if *unscaled < 0 { "-" } else { "" };
                let (whole, fraction) =
                    digits.split_at_checked(digits.len() - scale).unwrap_or((&digits, ""));
                let point = if fraction.is_empty() { "" } else { "." };
                write!(f, "{sign}{whole}{point}{fraction}")
            }
        }
    }
}

impl CompareOperator {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::NotEq => "<>",
            Self::Lt => "<",
            Self::LtEq => "<=",
            Self::Gt => ">",
            Self::GtEq => ">=",
        }
    }
}

impl RowRule {
    /// Returns the columns that the rule reads.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<ColumnName> {
        match self {
            Self::All | Self::None => BTreeSet::new(),
            Self::When(condition) => condition.columns(),
        }
    }

    /// Adds a condition, of which a row that it is not true for is not shown.
    pub(crate) fn and(self, condition: RowExpr) -> Self {
        match self {
            Self::None => Self::None,
            Self::All => Self::from_condition(condition),
            Self::When(own) => Self::from_condition(RowExpr::all([own, condition])),
        }
    }

    /// Makes a rule from a condition.
    pub(crate) fn from_condition(condition: RowExpr) -> Self {
        match condition {
            RowExpr::Constant(true) => Self::All,
            RowExpr::Constant(false) => Self::None,
            condition => Self::When(condition),
        }
    }
}

impl RowExpr {
    /// Returns the columns that the condition reads.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<ColumnName> {
        let mut found = BTreeSet::new();
        self.collect_columns(&mut found);
        found
    }

    fn collect_columns(&self, found: &mut BTreeSet<ColumnName>) {
        match self {
            Self::Constant(_) => {}
            Self::Compare { column, .. }
            | Self::In { column, .. }
            | Self::Like { column, .. }
            | Self::IsTrue(column)
            | Self::Has(column) => {
                found.insert(column.clone());
            }
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|part| part.collect_columns(found));
            }
            Self::Not(inner) => inner.collect_columns(found),
        }
    }

    /// Joins conditions of which all must be true, without needless nesting.
    pub(crate) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::joined(parts, true)
    }

    /// Joins conditions of which one must be true, without needless nesting.
    pub(crate) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::joined(parts, false)
    }

    // `neutral` is the constant that changes nothing: true for AND, false for OR. The other constant
    // decides alone, NULL or not, in SQL's logic as in Cedar's.
    fn joined(parts: impl IntoIterator<Item = Self>, neutral: bool) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Constant(constant) if constant == neutral => {}
                Self::Constant(constant) => return Self::Constant(constant),
                Self::And(inner) if neutral => flat.extend(inner),
                Self::Or(inner) if !neutral => flat.extend(inner),
                other => flat.push(other),
            }
        }
        let mut kept: Vec<Self> = Vec::with_capacity(flat.len());
        for part in flat {
            if !kept.contains(&part) {
                kept.push(part);
            }
        }
        match (kept.len(), neutral) {
            (0, _) => Self::Constant(neutral),
            (1, _) => kept.remove(0),
            (_, true) => Self::And(kept),
            (_, false) => Self::Or(kept),
        }
    }

    /// Returns the opposite, pushed inward where that changes nothing about NULL.
    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Constant(constant) => Self::Constant(!constant),
            Self::Not(inner) => *inner,
            Self::Compare { column, operator, value } => {
                Self::Compare { column, operator: operator.opposite(), value }
            }
            other => Self::Not(Box::new(other)),
        }
    }
}

impl CompareOperator {
    /// Returns the operator that is true exactly when this one is false.
    pub(crate) const fn opposite(self) -> Self {
        match self {
            Self::Eq => Self::NotEq,
            Self::NotEq => Self::Eq,
            Self::Lt => Self::GtEq,
            Self::LtEq => Self::Gt,
            Self::Gt => Self::LtEq,
            Self::GtEq => Self::Lt,
        }
    }

    /// Decides about an order.
    #[must_use]
    pub const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::NotEq => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::LtEq => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::GtEq => order.is_ge(),
        }
    }

    /// Returns the operator that means the same with the sides exchanged.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::Eq => Self::Eq,
            Self::NotEq => Self::NotEq,
            Self::Lt => Self::Gt,
            Self::LtEq => Self::GtEq,
            Self::Gt => Self::Lt,
            Self::GtEq => Self::LtEq,
        }
    }
}

#[cfg(test)]
mod tests;
