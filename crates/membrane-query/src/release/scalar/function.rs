//! The functions of [`super::Scalar::Call`], and which value each has for every argument.

use serde::Serialize;

use crate::release::question::{Part, Unit};

/// A function that has a value, or NULL, for all arguments of the types that it takes. NULL in, NULL out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub(crate) enum Function {
    /// `a + b`, `a - b`, `a * b`: at the end of the range where the result lies beyond.
    Add,
    Subtract,
    Multiply,
    /// `a / b`: NULL where `b` is zero; cut off for integers, rounded for decimals.
    Divide,
    /// `a % b` of integers: NULL where `b` is zero.
    Modulo,
    Absolute,
    /// To whole numbers.
    Floor,
    Ceiling,
    /// To so many decimals, halves away from zero.
    Round(i8),
    /// Between numbers (rounded, at the end of the range where it lies beyond), between days and instants, from
    /// booleans, and of anything but floating-point numbers to text.
    Cast,
    /// `date_trunc`.
    Truncate(Unit),
    /// `date_part`.
    Part(Part),
    Lower,
    Upper,
    Trim,
    /// Characters.
    Length,
    /// `substr(text, from, length)` with constants: from this character, so many.
    Substring(u16, u16),
    /// `a || b`.
    Concat,
}

impl Function {
    /// Tells whether there is a value whenever all arguments have one.
    pub(crate) const fn keeps_values(self) -> bool {
        !matches!(self, Self::Divide | Self::Modulo)
    }
}
