//! Masks: what is done to a value before it leaves the scan, one function a file.
//!
//! Every mask is deterministic, turns NULL into NULL and appends into fresh buffers. A mask sees a value
//! either as a stored array ([`of_values`]) or cell by cell while sealed cells are opened ([`Sink`]); both
//! ways end in the same functions.

mod age;
pub(crate) mod doc;
mod email;
mod ff1;
mod fixed;
pub(crate) mod generalise;
mod geo;
pub(crate) mod key;
mod null;
mod partial;
mod shape;
mod token;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Builder, StringViewBuilder};
use datafusion::arrow::datatypes::DataType;
use membrane_model::{LogicalType, PartialMask};
use std::sync::Arc;

use crate::fault::ScanFault;
use crate::rebuild;
use crate::rules::{AgeMask, FormatMask, Mask, TokenMask, Way, arrow_type};
use crate::typed::{TypedBuilder, for_each_text};

pub(crate) use null::nulls;

/// Masks an array of stored values (`c`), made as coarse as the contract says first.
pub(crate) fn of_values(way: &Way, array: &ArrayRef, rows_dropped: bool) -> Result<ArrayRef, ScanFault> {
    let coarse;
    let array = match way.contract {
        None => array,
        Some(how) => {
            coarse = generalise::stored(array, way.logical, how)?;
            &coarse
        }
    };
    match &way.mask {
        Mask::Null => Ok(nulls(&arrow_type(way.logical), array.len())),
        // What was just made coarser lies in buffers of its own.
        Mask::Clear if way.contract.is_some() => Ok(Arc::clone(array)),
        Mask::Clear => rebuild::clean(array, way.logical, rows_dropped),
        Mask::Generalise(how) => generalise::values(array, way.logical, *how),
        Mask::Age(mask) => age::values(array, way.logical, *mask),
        Mask::Key => Err(ScanFault::Shape),
        Mask::Partial(_) | Mask::Token(_) | Mask::Format(_) => {
            let mut sink = Sink::new(way, array.len())?;
            for_each_text(array.as_ref(), way.logical, |text| sink.push(text.map(str::as_bytes)))?;
            sink.finish()
        }
    }
}

/// Re-keys an array of stored tokens (`c__token`).
pub(crate) fn of_tokens(way: &Way, array: &ArrayRef) -> Result<ArrayRef, ScanFault> {
    let mut sink = Sink::new(way, array.len())?;
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
    Age { mask: AgeMask, logical: LogicalType, out: Int64Builder },
    Token { mask: Arc<TokenMask>, out: StringViewBuilder },
    Format { mask: Arc<FormatMask>, scratch: String, out: StringViewBuilder },
}

impl Sink {
    /// Makes a sink for a column, with room for some rows.
    pub(crate) fn new(way: &Way, rows: usize) -> Result<Self, ScanFault> {
        let out = || StringViewBuilder::with_capacity(rows);
        Ok(Self(match &way.mask {
            Mask::Clear => Kind::Typed(TypedBuilder::new(way.logical, rows, None)?),
            Mask::Generalise(how) => Kind::Typed(TypedBuilder::new(way.logical, rows, Some(*how))?),
            Mask::Partial(how) => Kind::Partial { how: *how, scratch: String::new(), out: out() },
            Mask::Age(mask) => {
                Kind::Age { mask: *mask, logical: way.logical, out: Int64Builder::with_capacity(rows) }
            }
            Mask::Token(mask) => Kind::Token { mask: Arc::clone(mask), out: out() },
            Mask::Format(mask) => Kind::Format { mask: Arc::clone(mask), scratch: String::new(), out: out() },
            Mask::Null | Mask::Key => return Err(ScanFault::Shape),
        }))
    }

    /// Takes a cell, or NULL.
    pub(crate) fn push(&mut self, cell: Option<&[u8]>) -> Result<(), ScanFault> {
        match &mut self.0 {
            Kind::Typed(builder) => builder.push(cell),
            Kind::Partial { how, scratch, out } => {
                let Some(text) = text_of(cell)? else {
                    out.append_null();
                    return Ok(());
                };
                scratch.clear();
                match how {
                    PartialMask::Window { prefix, suffix } => {
                        partial::window(text, *prefix, *suffix, scratch)
                    }
                    PartialMask::Email => email::email(text, scratch),
                    PartialMask::Alphanum => shape::shape(text, 0, 0, scratch),
                    PartialMask::FirstFour => shape::shape(text, 4, 0, scratch),
                    PartialMask::LastFour => shape::shape(text, 0, 4, scratch),
                }
                out.append_value(&*scratch);
                Ok(())
            }
            Kind::Age { mask, logical, out } => age::push(text_of(cell)?, *logical, *mask, out),
            Kind::Format { mask, scratch, out } => {
                let Some(text) = text_of(cell)? else {
                    out.append_null();
                    return Ok(());
                };
                scratch.clear();
                ff1::show(text, mask, scratch)?;
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
            Kind::Age { mut out, .. } => Ok(Arc::new(out.finish())),
            Kind::Partial { mut out, .. } | Kind::Token { mut out, .. } | Kind::Format { mut out, .. } => {
                Ok(Arc::new(out.finish()))
            }
        }
    }
}

fn text_of(cell: Option<&[u8]>) -> Result<Option<&str>, ScanFault> {
    cell.map(std::str::from_utf8).transpose().map_err(|_| ScanFault::Cell)
}

#[cfg(test)]
mod tests;
