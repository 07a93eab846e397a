//! Checks delivered rows against the contract.
//!
//! Every cell is brought to its type and tested against its column's rules; a row with faults goes to
//! quarantine with all of them. Uniqueness comes last, and only good rows count: a row that is set aside
//! never makes a later good one a duplicate.

mod references;
mod rules;
mod run;
mod seen;
mod spelling;
mod times;
mod unique;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::filter;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, Utc};
use membrane_catalog::{Column, Dataset, OnDifference, Part, Standard};
use membrane_model::{LogicalType, Protection, Reconciled, Verdict};
use serde_json::{Map, Value};

use crate::decode::{Delivered, Malformed};
use crate::reason::{Fault, ReasonCode, Reasons};
use crate::totals::Tally;
use crate::{ControlTotals, IngestError, value};

pub use references::References;
use rules::Rules;
use times::Times;
use unique::Unique;

/// The field of a quarantined row that holds a record which could not be read.
const MALFORMED_FIELD: &str = "_malformed";

/// A batch whose good rows have the contract's types.
pub(crate) struct Checked {
    /// Good rows: one array of the logical type for each contract column.
    pub(crate) columns: Vec<ArrayRef>,
    /// How many.
    pub(crate) rows: usize,
    /// Bad rows, in the order of the delivery.
    pub(crate) bad: Vec<BadRow>,
}

// PRIVACY: the columns hold values in clear.
impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (columns, bad) = (self.columns.len(), self.bad.len());
        write!(f, "Checked({} rows of {columns} columns, {bad} bad)", self.rows)
    }
}

/// A row for quarantine, not yet sealed.
pub(crate) struct BadRow {
    /// The number of its record in the delivery, from 1.
    pub(crate) position: i64,
    /// Its reason codes.
    pub(crate) reasons: String,
    /// The row as JSON.
    pub(crate) row: Vec<u8>,
    /// The subject's identifier, when it is valid.
    pub(crate) subject: Option<String>,
}

// PRIVACY: a bad row holds a member's values in clear.
impl std::fmt::Debug for BadRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BadRow").field("position", &self.position).finish_non_exhaustive()
    }
}

/// Checks the batches of one delivery.
pub(crate) struct Checker {
    dataset: Arc<Dataset>,
    rules: Vec<Rules>,
    /// Where the values of each column come from.
    origins: Vec<Origin>,
    unique: Vec<Unique>,
    references: Option<Arc<References>>,
    reasons: Reasons,
    /// The subject's column.
    subject: Option<usize>,
    times: Option<Times>,
    tally: Option<Tally>,
}

/// What is known at the end of a delivery.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// How often each reason occurred.
    pub(crate) reasons: BTreeMap<String, u64>,
    /// Good rows that came late.
    pub(crate) late: u64,
    /// What the source said, beside what was read.
    pub(crate) reconciled: Vec<Reconciled>,
}

impl Counts {
    /// Returns what is not as the source said, when nothing of such a delivery is to be taken in.
    fn require_totals(&self, tally: &Tally) -> Result<(), IngestError> {
        let differ = self.reconciled.iter().filter(|total| total.verdict == Verdict::Differs);
        let totals: Vec<String> = differ.map(|total| total.what().to_owned()).collect();
        match tally.on_difference {
            OnDifference::Stop if !totals.is_empty() => Err(IngestError::TotalsDiffer { totals }),
            OnDifference::Stop | OnDifference::Take => Ok(()),
        }
    }
}

/// Where the values of a column come from.
#[derive(Debug, Clone, Copy)]
enum Origin {
    /// This delivered column.
    Delivered(usize),
    /// A part of this column of the contract.
    Made { of: usize, part: Part, standard: Standard, logical: LogicalType },
}

impl Origin {
    /// Finds the origins of all columns; none for a column whose source has no standard.
    fn of(dataset: &Dataset) -> Option<Vec<Self>> {
        let mut delivered = 0;
        let origin = |column: &Column| {
            let Some(from) = &column.from else {
                delivered += 1;
                return Some(Self::Delivered(delivered - 1));
            };
            let of = dataset.columns.iter().position(|column| column.name == from.column)?;
            let source = dataset.columns.get(of)?;
            Some(Self::Made { of, part: from.part, standard: source.standard?, logical: source.logical_type })
        };
        dataset.columns.iter().map(origin).collect()
    }
}

impl Checker {
    /// Prepares for a delivery that came at a moment, of which its source may say what it has. `references` has the keys of what
    /// columns refer to; a contract whose columns refer to something needs them.
    pub(crate) fn new(
        dataset: Arc<Dataset>,
        scratch: PathBuf,
        (came, control): (DateTime<Utc>, Option<&ControlTotals>),
        references: Option<Arc<References>>,
    ) -> Result<Self, IngestError> {
        let refers = dataset.columns.iter().any(|column| column.rules.reference.is_some());
        if refers && references.is_none() {
            return Err(IngestError::Broken);
        }
        let mut names: Vec<String> = dataset.columns.iter().map(|column| column.name.to_string()).collect();
        let unique = unique::constraints(&dataset, &scratch, &mut names)?;
        let subject = dataset
            .subject
            .as_ref()
            .and_then(|subject| dataset.columns.iter().position(|column| column.name == subject.column));
        Ok(Self {
            rules: dataset.columns.iter().map(Rules::new).collect(),
            // The catalog has refused such a contract.
            origins: Origin::of(&dataset).ok_or(IngestError::Broken)?,
            unique,
            references,
            reasons: Reasons::new(names),
            subject,
            times: Times::new(&dataset, came),
            tally: control.map(|control| Tally::new(&dataset, control)).transpose()?,
            dataset,
        })
    }

    /// Returns what is known at the end.
    ///
    /// # Errors
    /// [`IngestError::TotalsDiffer`] when the delivery has not what its source says, and nothing of such a one is taken in.
    pub(crate) fn finish(self) -> Result<Counts, IngestError> {
        let counts = Counts {
            reasons: self.reasons.counts(),
            late: self.times.as_ref().map_or(0, Times::late),
            reconciled: self.tally.as_ref().map(Tally::reconciled).unwrap_or_default(),
        };
        if let Some(tally) = &self.tally {
            counts.require_totals(tally)?;
        }
        Ok(counts)
    }

    /// Leaves it to others whether the values of these columns are unique together.
    pub(crate) fn leave_unique_to_others(&mut self, columns: &[usize]) {
        self.unique.retain(|unique| !unique.is_of(columns));
    }

    /// Begins with another delivery, which came at another moment: what is late, or ahead of the clock, is so by this.
    pub(crate) fn begin(&mut self, came: DateTime<Utc>) {
        self.times = Times::new(&self.dataset, came);
        self.reasons.clear();
        self.unique.iter_mut().for_each(Unique::clear);
    }

    /// Returns what was counted since it began.
    pub(crate) fn counts(&self) -> Counts {
        let late = self.times.as_ref().map_or(0, Times::late);
        Counts { reasons: self.reasons.counts(), late, reconciled: Vec::new() }
    }

    /// Makes room for so many rows to come; more or fewer may come.
    pub(crate) fn reserve(&mut self, rows: u64) {
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        for unique in &mut self.unique {
            unique.reserve(rows);
        }
    }

    /// Checks one batch.
    pub(crate) fn check(&mut self, mut delivered: Delivered) -> Result<Checked, IngestError> {
        let arrow = |source| IngestError::arrow("check a column", source);
        let rows = delivered.positions.len();
        let mut faults = Vec::new();
        let mut columns = self.typed(&mut delivered, &mut faults)?;
        if let Some(times) = &self.times {
            times.ahead(&columns, &mut faults);
        }
        let mut good = vec![true; rows];
        for fault in &faults {
            if let Some(good) = good.get_mut(fault.row) {
                *good = false;
            }
        }
        if let Some(references) = &self.references {
            references.check(&columns, &mut good, &mut faults)?;
        }
        for row in unique::check(&mut self.unique, &columns, &good, &mut faults)? {
            if let Some(good) = good.get_mut(row) {
                *good = false;
            }
        }
        if let Some(references) = &self.references {
            references.count(&columns, &good, &mut self.reasons)?;
        }
        faults.sort_unstable();
        faults.dedup();

        if let Some(tally) = &mut self.tally {
            let malformed = u64::try_from(delivered.malformed.len()).unwrap_or(u64::MAX);
            tally.add(&columns, &good, &faults, malformed)?;
        }
        let bad = self.set_aside(&delivered, &columns, &faults)?;
        let kept = rows - good.iter().filter(|good| !**good).count();
        if kept < rows {
            let good = BooleanArray::from(good);
            for column in &mut columns {
                *column = filter(column, &good).map_err(arrow)?;
            }
        }
        if let Some(times) = &mut self.times {
            times.count(&columns);
        }
        Ok(Checked { columns, rows: kept, bad })
    }

    /// Brings every column to its type and checks its cells: those that were delivered, then those made of them.
    fn typed(
        &mut self,
        delivered: &mut Delivered,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<ArrayRef>, IngestError> {
        let arrow = |source| IngestError::arrow("check a column", source);
        let mut typed: Vec<Option<ArrayRef>> = vec![None; self.rules.len()];
        let mut sources = Vec::with_capacity(delivered.columns.len());
        let parts = self.rules.iter_mut().zip(&self.origins).zip(&mut typed).enumerate();
        for (about, ((rules, origin), typed)) in parts {
            let Origin::Delivered(source) = *origin else { continue };
            let array = delivered.columns.get(source).ok_or(IngestError::Broken)?;
            *typed = Some(rules.check(about, array, &[], faults).map_err(arrow)?);
            sources.push(about);
        }
        let mistyped = std::mem::take(&mut delivered.mistyped).into_iter();
        add_mistyped(faults, mistyped.filter_map(|(row, at)| Some((row, *sources.get(at)?))).collect());
        for (about, (rules, origin)) in self.rules.iter_mut().zip(&self.origins).enumerate() {
            let Origin::Made { of, part, standard, logical } = *origin else { continue };
            let original = sources.iter().position(|about| *about == of);
            let original = original.and_then(|at| delivered.columns.get(at)).ok_or(IngestError::Broken)?;
            let source = typed.get(of).and_then(Option::as_ref).ok_or(IngestError::Broken)?;
            let array = spelling::parts(part, standard, original, source, logical).map_err(arrow)?;
            let mut excused: Vec<usize> =
                faults.iter().filter(|fault| fault.about == of).map(|fault| fault.row).collect();
            excused.sort_unstable();
            let checked = rules.check(about, &array, &excused, faults).map_err(arrow)?;
            if let Some(typed) = typed.get_mut(about) {
                *typed = Some(checked);
            }
        }
        typed.into_iter().collect::<Option<_>>().ok_or(IngestError::Broken)
    }

    /// Writes down the rows that have faults, and the records that are none.
    fn set_aside(
        &mut self,
        delivered: &Delivered,
        typed: &[ArrayRef],
        faults: &[Fault],
    ) -> Result<Vec<BadRow>, IngestError> {
        let mut bad = Vec::with_capacity(delivered.malformed.len());
        let subjects = match self.subject.and_then(|subject| Some((typed.get(subject)?, subject))) {
            Some((array, subject)) if !faults.is_empty() => self.subject_texts(array, subject)?,
            _ => None,
        };
        let options = FormatOptions::default();
        let cells = if faults.is_empty() { Vec::new() } else { formatters(delivered, &options)? };
        for faults in faults.chunk_by(|one, other| one.row == other.row) {
            let Some(row) = faults.first().map(|fault| fault.row) else { continue };
            // A duplicate is still a valid identifier.
            let spoils =
                |fault: &Fault| fault.code != ReasonCode::Duplicate && Some(fault.about) == self.subject;
            let valid = !faults.iter().any(spoils);
            let subject = subjects.as_ref().filter(|texts| valid && texts.is_valid(row));
            bad.push(BadRow {
                position: delivered.positions.get(row).copied().unwrap_or_default(),
                reasons: self.reasons.describe(faults),
                row: json(&self.dataset, delivered, &cells, row),
                subject: subject.map(|texts| texts.value(row).to_owned()),
            });
        }
        for Malformed { position, raw, broken } in &delivered.malformed {
            let row = Map::from_iter([(MALFORMED_FIELD.to_owned(), Value::from(raw.as_str()))]);
            bad.push(BadRow {
                position: *position,
                reasons: self.reasons.malformed(*broken),
                row: Value::Object(row).to_string().into_bytes(),
                subject: None,
            });
        }
        bad.sort_unstable_by_key(|row| row.position);
        Ok(bad)
    }

    fn subject_texts(
        &self,
        array: &ArrayRef,
        subject: usize,
    ) -> Result<Option<arrow::array::StringArray>, IngestError> {
        let Some(column) = self.dataset.columns.get(subject) else { return Ok(None) };
        let texts = value::canonical_text(array, column.logical_type);
        texts.map(Some).map_err(|source| IngestError::arrow("read the subject's column", source))
    }
}

/// Adds the cells that the decoder found to be of the wrong type; nothing else is said of those.
fn add_mistyped(faults: &mut Vec<Fault>, mut mistyped: Vec<(usize, usize)>) {
    if mistyped.is_empty() {
        return;
    }
    mistyped.sort_unstable();
    faults.retain(|fault| mistyped.binary_search(&(fault.row, fault.about)).is_err());
    faults.extend(mistyped.into_iter().map(|(row, about)| Fault { row, about, code: ReasonCode::WrongType }));
}

fn formatters<'a>(
    delivered: &'a Delivered,
    options: &'a FormatOptions<'a>,
) -> Result<Vec<ArrayFormatter<'a>>, IngestError> {
    let formatter = |array: &'a ArrayRef| {
        ArrayFormatter::try_new(array.as_ref(), options)
            .map_err(|source| IngestError::arrow("write a row for quarantine", source))
    };
    delivered.columns.iter().map(formatter).collect()
}

/// Writes the delivered row as a JSON object of texts; a value that is not there is left out, and so is one
/// that the contract drops: it is not wanted here either.
fn json(dataset: &Dataset, delivered: &Delivered, cells: &[ArrayFormatter<'_>], row: usize) -> Vec<u8> {
    let mut object = Map::new();
    for (((_, column), array), cell) in dataset.source_columns().zip(&delivered.columns).zip(cells) {
        let is_wanted = column.protection != Protection::Drop;
        if is_wanted && array.is_valid(row) && *array.data_type() != DataType::Null {
            let text = cell.value(row).try_to_string().unwrap_or_default();
            object.insert(column.name.to_string(), Value::String(text));
        }
    }
    Value::Object(object).to_string().into_bytes()
}

#[cfg(test)]
mod tests;
