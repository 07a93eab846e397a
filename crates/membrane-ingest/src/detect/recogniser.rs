//! What a recogniser is: how one value is looked at, and how often chance looks like it.

use super::Kind;
use super::shape::Shape;
use super::value::Value;

/// What one value looks like to a recogniser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Something else.
    Other,
    /// It has the length and the letters, and fails what makes it one: a check digit, a range, a day.
    Form,
    /// It is one.
    Match,
}

impl Look {
    /// `Match` or `Form`.
    pub(crate) const fn of(is_match: bool) -> Self {
        if is_match { Self::Match } else { Self::Form }
    }
}

/// A recogniser of one kind.
pub(crate) struct Recogniser {
    /// What it recognises.
    pub(crate) kind: Kind,
    /// The share of values of the form that match by chance: the base rate.
    pub(crate) chance: f64,
    /// The share of a column's different values that must match when its name says nothing.
    pub(crate) share_min: f64,
    /// The same when the name says what it is.
    pub(crate) share_hinted_min: f64,
    /// Looks at one value.
    pub(crate) look: fn(&Value) -> Look,
    /// Says what in the column as a whole speaks against it, for somebody who knows the values only.
    pub(crate) against: fn(&Shape) -> Option<&'static str>,
}

/// Nothing speaks against it.
pub(crate) const fn nothing(_: &Shape) -> Option<&'static str> {
    None
}
