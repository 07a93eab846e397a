//! `fixed`: one value for all; only whether there is a value shows.
//!
//! The values are those of `mask-to-fixed-value` in the read restrictions of the Iceberg REST catalog specification.

use crate::mask::doc::MaskDoc;

pub(crate) const DOC: MaskDoc = MaskDoc {
    name: "fixed",
    level: "generalised",
    types: "every type",
    shows: "one value for all: `XXXXXXXX`, 0, false, 1970-01-01; only whether there is a value shows",
    examples: &[("13800138000", Some("XXXXXXXX")), ("", Some("XXXXXXXX"))],
};

/// What stands for every text.
pub(super) const TEXT: &str = "XXXXXXXX";
/// What stands for every integer, and for the units of every decimal.
pub(super) const INTEGER: i64 = 0;
/// What stands for every float.
pub(super) const NUMBER: f64 = 0.0;
/// What stands for true and false.
pub(super) const BOOLEAN: bool = false;
/// What stands for every date: 1970-01-01, in days from then, and for every instant of it, in microseconds.
pub(super) const DAY: i32 = 0;
