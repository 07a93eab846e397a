//! Masks: what is done to a value before it leaves the scan, one function a file.
//!
//! Every mask is deterministic, turns NULL into NULL and appends into fresh buffers. A mask sees a value
//! either as a stored array ([`of_values`]) or cell by cell while sealed cells are opened ([`Sink`]); both
//! ways end in the same functions.

mod clusters;
mod email;
pub(crate) mod generalise;
mod null;
mod partial;
mod token;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion::arrow::datatypes::DataType;
use membrane_model::PartialMask;
use std::sync::Arc;

use crate::fault::ScanFault;
use crate::rebuild;
use crate::rules::{ColumnRule, Mask, TokenMask, arrow_type};
use crate::typed::{TypedBuilder, for_each_text};

pub(crate) use null::nulls;

/// Masks an array of stored values (`c`), made as coarse as the contract says first.
pub(crate) fn of_values(
    rule: &ColumnRule,
    array: &ArrayRef,
    rows_dropped: bool,
) -> Result<ArrayRef, ScanFault> {
    let coarse;
    let array = match rule.contract {
        None => array,
        Some(how) => {
            coarse = generalise::stored(array, rule.logical, how)?;
            &coarse
        }
    };
    match &rule.mask {
        Mask::Null => Ok(nulls(&arrow_type(rule.logical), array.len())),
        // What was just made coarser lies in buffers of its own.
        Mask::Clear if rule.contract.is_some() => Ok(Arc::clone(array)),
        Mask::Clear => rebuild::clean(array, rule.logical, rows_dropped),
        Mask::Generalise(how) => generalise::values(array, rule.logical, *how),
        Mask::Partial(_) | Mask::Token(_) => {
            let mut sink = Sink::new(rule, array.len())?;
            for_each_text(array.as_ref(), rule.logical, |text| sink.push(text.map(str::as_bytes)))?;
            sink.finish()
        }
    }
}

/// Re-keys an array of stored tokens (`c__token`).
pub(crate) fn of_tokens(rule: &ColumnRule, array: &ArrayRef) -> Result<ArrayRef, ScanFault> {
    let mut sink = Sink::new(rule, array.len())?;
    match array.data_type() {
        DataType::BinaryView => array.as_binary_view().iter().try_for_each(|token| sink.push(token))?,
        DataType::Binary => array.as_binary::<i32>().iter().try_for_each(|token| sink.push(token))?,
        _ => return Err(ScanFault::Shape),
    }
    sink.finish()
}

/// Takes cells one by one and makes the masked array.
pub(crate) struct Sink(Kind);

enum Kind {
    Typed(TypedBuilder),
    Partial { how: PartialMask, scratch: String, out: StringViewBuilder },
    Token { mask: Arc<TokenMask>, out: StringViewBuilder },
}

impl Sink {
    /// Makes a sink for a column, with room for some rows.
    pub(crate) fn new(rule: &ColumnRule, rows: usize) -> Result<Self, ScanFault> {
        let out = || StringViewBuilder::with_capacity(rows);
        Ok(Self(match &rule.mask {
            Mask::Clear => Kind::Typed(TypedBuilder::new(rule.logical, rows, None)?),
            Mask::Generalise(how) => Kind::Typed(TypedBuilder::new(rule.logical, rows, Some(*how))?),
            Mask::Partial(how) => Kind::Partial { how: *how, scratch: String::new(), out: out() },
            Mask::Token(mask) => Kind::Token { mask: Arc::clone(mask), out: out() },
            Mask::Null => return Err(ScanFault::Shape),
        }))
    }

    /// Takes a cell, or NULL.
    pub(crate) fn push(&mut self, cell: Option<&[u8]>) -> Result<(), ScanFault> {
        match &mut self.0 {
            Kind::Typed(builder) => builder.push(cell),
            Kind::Partial { how, scratch, out } => {
                let Some(cell) = cell else {
                    out.append_null();
                    return Ok(());
                };
                let text = std::str::from_utf8(cell).map_err(|_| ScanFault::Cell)?;
                scratch.clear();
                match how {
                    PartialMask::Window { prefix, suffix } => {
                        partial::window(text, *prefix, *suffix, scratch)
                    }
                    PartialMask::Email => email::email(text, scratch),
                }
                out.append_value(&*scratch);
                Ok(())
            }
            Kind::Token { mask, out } => {
                match cell {
                    None => out.append_null(),
                    Some(cell) => {
                        out.append_value(token::show(cell, mask.stored.as_ref(), &mask.shown)?.as_str())
                    }
                }
                Ok(())
            }
        }
    }

    /// Returns the masked array.
    pub(crate) fn finish(self) -> Result<ArrayRef, ScanFault> {
        match self.0 {
            Kind::Typed(builder) => Ok(builder.finish()),
            Kind::Partial { mut out, .. } | Kind::Token { mut out, .. } => Ok(Arc::new(out.finish())),
        }
    }
}

#[cfg(test)]
mod tests;
