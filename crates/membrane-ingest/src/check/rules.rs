//! The rules of one column.

mod passed;
mod range;

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::error::ArrowError;
use membrane_catalog::{Column, FormatCheck};
use membrane_model::{LogicalType, Protection};
use regex::Regex;

use crate::coarser::Coarser;
use crate::reason::{Fault, ReasonCode};
use crate::value::{canonical_text, coerce};

use super::spelling::{Spelled, Speller};
use passed::Passed;
use range::Range;

/// Up to this many words a list is as fast as a set.
const FEW: usize = 8;

/// The rules of one column, prepared.
pub(super) struct Rules {
    logical: LogicalType,
    required: bool,
    speller: Option<Speller>,
    range: Option<Range>,
    enumeration: Option<Words>,
    pattern: Option<Regex>,
    length_min: Option<usize>,
    length_max: Option<usize>,
    check: Option<FormatCheck>,
    coarser: Option<Coarser>,
    passed: Passed,
}

enum Words {
    Few(Vec<String>),
    Many(HashSet<String>),
}

impl Words {
    fn contains(&self, word: &str) -> bool {
        match self {
            Self::Few(words) => words.iter().any(|known| known == word),
            Self::Many(words) => words.contains(word),
        }
    }
}

impl Rules {
    pub(super) fn new(column: &Column) -> Self {
        let rules = &column.rules;
        let enumeration = rules.enumeration.as_ref().map(|words| {
            if words.len() > FEW {
                Words::Many(words.iter().cloned().collect())
            } else {
                Words::Few(words.clone())
            }
        });
        Self {
            logical: column.logical_type,
            required: column.required,
            speller: column.standard.map(Speller::new),
            range: Range::new(rules, column.logical_type),
            enumeration,
            pattern: rules.pattern.clone(),
            length_min: rules.length_min,
            length_max: rules.length_max,
            check: rules.check,
            coarser: match column.protection {
                Protection::Generalise(how) => Some(Coarser::new(column, how)),
                _ => None,
            },
            passed: Passed::default(),
        }
    }

    /// Brings a column to its type and notes the faults of its cells. Of the rows of `excused`, which are in order, nobody
    /// expects a value: they are known to be bad.
    pub(super) fn check(
        &mut self,
        about: usize,
        delivered: &ArrayRef,
        excused: &[usize],
        faults: &mut Vec<Fault>,
    ) -> Result<ArrayRef, ArrowError> {
        let Spelled { array: delivered, unreadable } = match &mut self.speller {
            Some(speller) => speller.apply(delivered),
            None => Spelled { array: Arc::clone(delivered), unreadable: Vec::new() },
        };
        faults.extend(unreadable.iter().map(|&row| Fault { row, about, code: ReasonCode::NotStandard }));
        let array = coerce(&delivered, self.logical, &mut |row| {
            faults.push(Fault { row, about, code: ReasonCode::WrongType });
        })?;
        let mut note = |row: usize, code: ReasonCode| faults.push(Fault { row, about, code });
        if self.required && delivered.logical_null_count() > 0 {
            let nulls = delivered.logical_nulls();
            let is_missing = |row: &usize| {
                let is_bad = |bad: &[usize]| bad.binary_search(row).is_ok();
                nulls.as_ref().is_some_and(|nulls| nulls.is_null(*row))
                    && !is_bad(&unreadable)
                    && !is_bad(excused)
            };
            for row in (0..delivered.len()).filter(is_missing) {
                note(row, ReasonCode::Missing);
            }
        }
        if let Some(range) = &self.range {
            range.check(&array, &mut note);
        }
        if let Some(coarser) = &self.coarser {
            coarser.misfits(&array, &mut |row| note(row, ReasonCode::OutOfRange))?;
        }
        if self.reads_text() {
            if let Some(texts) = array.as_string_opt::<i32>() {
                self.check_texts(texts, &mut note);
            } else {
                self.check_texts(&canonical_text(&array, self.logical)?, &mut note);
            }
        }
        Ok(array)
    }

    const fn reads_text(&self) -> bool {
        self.enumeration.is_some()
            || self.pattern.is_some()
            || self.length_min.is_some()
            || self.length_max.is_some()
            || self.check.is_some()
    }

    fn check_texts(&mut self, texts: &StringArray, note: &mut impl FnMut(usize, ReasonCode)) {
        let mut last = None;
        for (row, text) in texts.iter().enumerate() {
            let Some(text) = text else { continue };
            // Deliveries are often grouped: what passed in the row before passes here.
            if last == Some(text) || self.passed.contains(text) {
                continue;
            }
            let mut faulty = false;
            let mut note = |row: usize, code: ReasonCode| {
                faulty = true;
                note(row, code);
            };
            if self.enumeration.as_ref().is_some_and(|words| !words.contains(text)) {
                note(row, ReasonCode::NotInEnumeration);
            }
            if self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
                note(row, ReasonCode::PatternMismatch);
            }
            if self.length_min.is_some_and(|least| text.chars().take(least).count() < least) {
                note(row, ReasonCode::TooShort);
            }
            // A text has at most as many characters as bytes.
            if self.length_max.is_some_and(|most| text.len() > most && text.chars().count() > most) {
                note(row, ReasonCode::TooLong);
            }
            if self.check.is_some_and(|check| !check.accepts(text)) {
                note(row, ReasonCode::FailedCheck);
            }
            last = (!faulty).then_some(text);
            if !faulty {
                self.passed.insert(text);
            }
        }
    }
}
