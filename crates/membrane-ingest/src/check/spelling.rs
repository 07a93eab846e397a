//! Standardises a column of texts, and makes the columns that are parts of it.
//!
//! Nothing is copied where every text is standard already. Texts that are not are often the same again: a few are remembered.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StringBuilder};
use arrow::error::ArrowError;
use membrane_catalog::{Part, Standard, Standardised};
use membrane_model::LogicalType;

use crate::value::canonical_text;

/// Texts that are remembered.
const KNOWN_MAX: usize = 4_096;
/// Bytes of a text that is remembered.
const KNOWN_BYTES_MAX: usize = 256;
/// Bytes of one array of texts.
const ARRAY_BYTES_MAX: usize = i32::MAX as usize;

/// Standardises the texts of one column.
// PRIVACY: no Debug: it remembers values in clear.
pub(super) struct Speller {
    standard: Standard,
    known: HashMap<Box<str>, Standardised<'static>>,
}

/// A column after it was standardised.
pub(super) struct Spelled {
    /// The standard texts; none where there was none or it cannot be read.
    pub(super) array: ArrayRef,
    /// The rows whose texts cannot be read, in their order.
    pub(super) unreadable: Vec<usize>,
}

impl Speller {
    pub(super) fn new(standard: Standard) -> Self {
        Self { standard, known: HashMap::new() }
    }

    /// Standardises an array of texts. Typed values have one spelling and stay.
    pub(super) fn apply(&mut self, delivered: &ArrayRef) -> Spelled {
        let mut spelled = Spelled { array: Arc::clone(delivered), unreadable: Vec::new() };
        let Some(texts) = delivered.as_string_opt::<i32>() else { return spelled };
        let mut changed: Option<StringBuilder> = None;
        let mut last: Option<(&str, Standardised<'_>)> = None;
        for (row, text) in texts.iter().enumerate() {
            let Some(text) = text else {
                if let Some(builder) = &mut changed {
                    builder.append_null();
                }
                continue;
            };
            // Deliveries are often grouped: the same value stands in several rows.
            if last.as_ref().is_none_or(|(same, _)| *same != text) {
                last = Some((text, self.one(text)));
            }
            let standard = match last.as_ref().map(|(_, standard)| standard) {
                Some(Standardised::Text(standard)) if has_room(changed.as_ref(), standard) => {
                    Some(standard.as_ref())
                }
                Some(Standardised::Blank) => None,
                _ => {
                    spelled.unreadable.push(row);
                    None
                }
            };
            if standard != Some(text) && changed.is_none() {
                changed = Some(copied(texts, row));
            }
            if let Some(builder) = &mut changed {
                builder.append_option(standard);
            }
        }
        if let Some(mut builder) = changed {
            spelled.array = Arc::new(builder.finish());
        }
        spelled
    }

    fn one<'a>(&mut self, text: &'a str) -> Standardised<'a> {
        if self.standard.is_plainly_standard(text) {
            return Standardised::Text(Cow::Borrowed(text));
        }
        if text.len() > KNOWN_BYTES_MAX {
            return self.standard.apply(text);
        }
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let standard = self.standard.apply(text);
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        let owned = match &standard {
            Standardised::Text(text) => Standardised::Text(Cow::Owned(text.as_ref().to_owned())),
            Standardised::Blank => Standardised::Blank,
            Standardised::Unreadable => Standardised::Unreadable,
        };
        self.known.insert(text.into(), owned);
        standard
    }
}

/// Tells whether one more text fits into an array. Standard texts may be longer than what was delivered.
fn has_room(builder: Option<&StringBuilder>, text: &str) -> bool {
    builder.is_none_or(|builder| builder.values_slice().len() + text.len() <= ARRAY_BYTES_MAX)
}

/// Begins an array with the rows before one.
fn copied(texts: &StringArray, rows: usize) -> StringBuilder {
    let mut builder = StringBuilder::with_capacity(texts.len(), texts.value_data().len());
    for text in texts.iter().take(rows) {
        builder.append_option(text);
    }
    builder
}

/// Makes a part of every value: `delivered` is what came, `typed` what became of it.
pub(super) fn parts(
    part: Part,
    standard: Standard,
    delivered: &ArrayRef,
    typed: &ArrayRef,
    logical: LogicalType,
) -> Result<ArrayRef, ArrowError> {
    if part == Part::Original && delivered.as_string_opt::<i32>().is_some() {
        return Ok(Arc::clone(delivered));
    }
    let texts = canonical_text(typed, logical)?;
    if part == Part::Original {
        return Ok(Arc::new(texts));
    }
    let mut builder = StringBuilder::with_capacity(texts.len(), texts.len() * 8);
    for text in &texts {
        builder.append_option(text.and_then(|text| standard.part(part, text)));
    }
    Ok(Arc::new(builder.finish()))
}

#[cfg(test)]
mod tests;
