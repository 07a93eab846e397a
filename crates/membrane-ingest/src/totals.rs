//! Control totals: what a source says of a delivery, against what was read of it.
//!
//! A source that counts its rows and adds up its amounts before it sends them can be told to the row whether all of it came. Each
//! row that was read is taken in or set aside, so that `stated = taken + aside` must hold. A value that cannot be read as
//! a number is in neither sum: then the sums are compared no further, and the rows in which that is so are counted.
//!
//! PRIVACY: the sum of a delivery of one row is somebody's value. Only columns that are stored in clear are added up, no error has a
//! sum in it, and whoever is shown one may read the column.

use std::collections::BTreeMap;
use std::fmt;

use arrow::array::{ArrayRef, AsArray as _};
use arrow::datatypes::{Decimal128Type, DecimalType as _, Int64Type};
use membrane_catalog::{Dataset, OnDifference};
use membrane_model::{ColumnName, LogicalType, Protection, Reconciled, Rest, Verdict};
use serde::Deserialize;

use crate::IngestError;
use crate::reason::{Fault, ReasonCode};
use crate::value::exact;

/// Columns that are added up at most.
const SUMS_MAX: usize = 64;
/// Digits of a sum: those of Arrow's `Decimal128`.
const DIGITS: u8 = 38;

/// What a source says that a delivery has.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ControlTotals {
    /// Its rows.
    pub rows: Option<u64>,
    /// The sums of columns, as numbers are written in text.
    pub sums: BTreeMap<ColumnName, String>,
    /// What becomes of a delivery that has others.
    pub on_difference: OnDifference,
}

// PRIVACY: a sum may be of one row.
impl fmt::Debug for ControlTotals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sums: Vec<&ColumnName> = self.sums.keys().collect();
        f.debug_struct("ControlTotals").field("rows", &self.rows).field("sums", &sums).finish_non_exhaustive()
    }
}

/// The JSON in which control totals come: `{"rows": 3, "sums": {"amount": "12.50"}}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    rows: Option<u64>,
    #[serde(default)]
    sums: BTreeMap<ColumnName, Sum>,
}

/// A sum, as a text or as a number. A JSON number that is no whole one has passed through a float where it was written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Sum {
    Text(String),
    Whole(i64),
}

impl ControlTotals {
    /// Reads what stands beside a delivery: JSON with `rows`, `sums` or both. Sums are texts, or whole numbers.
    ///
    /// # Errors
    /// [`IngestError::ControlUnreadable`] when it is something else.
    pub fn parse(text: &[u8], on_difference: OnDifference) -> Result<Self, IngestError> {
        let wrong = |detail| IngestError::ControlUnreadable { detail };
        let stated: Stated = serde_json::from_slice(text)
            .map_err(|_| wrong("it is JSON like {\"rows\": 3, \"sums\": {\"amount\": \"12.50\"}}"))?;
        if stated.rows.is_none() && stated.sums.is_empty() {
            return Err(wrong("it states neither `rows` nor `sums`"));
        }
        let sums = stated.sums.into_iter().map(|(column, sum)| match sum {
            Sum::Text(text) => (column, text),
            Sum::Whole(number) => (column, number.to_string()),
        });
        Ok(Self { rows: stated.rows, sums: sums.collect(), on_difference })
    }
}

/// Adds up what is read.
pub(crate) struct Tally {
    rows_stated: Option<u64>,
    rows_taken: u64,
    rows_aside: u64,
    sums: Vec<Adding>,
    pub(crate) on_difference: OnDifference,
}

/// One column that is added up.
struct Adding {
    name: ColumnName,
    /// Its place in the contract.
    at: usize,
    /// Digits behind the point.
    scale: i8,
    /// What the source said; none where that is a number which the column cannot have: a value that was set aside is in it.
    stated: Option<i128>,
    /// The same, as it was said.
    said: String,
    taken: i128,
    aside: i128,
    /// Rows whose value cannot be read.
    unread: u64,
}

impl Tally {
    pub(crate) fn new(dataset: &Dataset, totals: &ControlTotals) -> Result<Self, IngestError> {
        if totals.sums.len() > SUMS_MAX {
            return Err(IngestError::ControlUnreadable { detail: "it states more than 64 sums" });
        }
        let adding = totals.sums.iter().map(|(name, stated)| Adding::new(dataset, name, stated));
        Ok(Self {
            rows_stated: totals.rows,
            rows_taken: 0,
            rows_aside: 0,
            sums: adding.collect::<Result<_, _>>()?,
            on_difference: totals.on_difference,
        })
    }

    /// Adds a batch: columns of the contract's types, whether each row is good, the faults of those that are not, and how many
    /// records could not be read at all.
    pub(crate) fn add(
        &mut self,
        columns: &[ArrayRef],
        good: &[bool],
        faults: &[Fault],
        malformed: u64,
    ) -> Result<(), IngestError> {
        let taken = count(good.iter().filter(|good| **good));
        self.rows_taken += taken;
        self.rows_aside += count(good.iter()) - taken + malformed;
        for sum in &mut self.sums {
            let array = columns.get(sum.at).ok_or(IngestError::Broken)?;
            sum.add(array, good)?;
            let is_unread = |fault: &&Fault| fault.about == sum.at && fault.code == ReasonCode::WrongType;
            sum.unread += malformed + count(faults.iter().filter(is_unread));
        }
        Ok(())
    }

    /// Compares what was stated with what was read.
    pub(crate) fn reconciled(&self) -> Vec<Reconciled> {
        let rows = self.rows_stated.map(|stated| {
            let agrees = stated == self.rows_taken + self.rows_aside;
            Reconciled {
                total: None,
                verdict: if agrees { Verdict::Agrees } else { Verdict::Differs },
                taken: self.rows_taken.to_string(),
                rest: Some(Rest { stated: stated.to_string(), aside: self.rows_aside.to_string() }),
                unread: 0,
            }
        });
        let is_whole = self.rows_aside == 0;
        rows.into_iter().chain(self.sums.iter().map(|sum| sum.reconciled(is_whole))).collect()
    }
}

impl Adding {
    fn new(dataset: &Dataset, name: &ColumnName, stated: &str) -> Result<Self, IngestError> {
        let unfit = |detail| IngestError::ControlColumn { column: name.clone(), detail };
        let found = dataset.columns.iter().enumerate().find(|(_, column)| column.name == *name);
        // PRIVACY: a name that is none of the contract's may be anything.
        let unknown = "it states the sum of a column that the contract does not have";
        let (at, column) = found.ok_or(IngestError::ControlUnreadable { detail: unknown })?;
        if column.from.is_some() {
            return Err(unfit("it is not delivered, but made of another column"));
        }
        if column.protection != Protection::Clear {
            return Err(unfit("only columns whose protection is `clear` are added up"));
        }
        let scale = match column.logical_type {
            LogicalType::Integer => 0,
            LogicalType::Decimal { scale, .. } => scale,
            _ => return Err(unfit("only whole numbers and decimals add up exactly")),
        };
        // What is no number at all is read as one all the same: a database has `NaN` for a sum with one in it.
        if stated.parse::<f64>().is_err() {
            return Err(unfit("its sum is no number"));
        }
        let exact = exact(stated, DIGITS, scale);
        let (name, said) = (name.clone(), stated.to_owned());
        Ok(Self { name, at, scale, stated: exact, said, taken: 0, aside: 0, unread: 0 })
    }

    fn add(&mut self, array: &ArrayRef, good: &[bool]) -> Result<(), IngestError> {
        let mut add = |row: usize, value: i128| {
            let sum = if good.get(row).copied().unwrap_or(false) { &mut self.taken } else { &mut self.aside };
            *sum = sum.checked_add(value)?;
            Some(())
        };
        let there = |(row, value): (usize, Option<i128>)| value.map(|value| (row, value));
        let done = match array.as_primitive_opt::<Int64Type>() {
            Some(numbers) => numbers
                .iter()
                .map(|value| value.map(i128::from))
                .enumerate()
                .filter_map(there)
                .try_for_each(|(row, value)| add(row, value)),
            None => {
                let decimals = array.as_primitive_opt::<Decimal128Type>().ok_or(IngestError::Broken)?;
                decimals.iter().enumerate().filter_map(there).try_for_each(|(row, value)| add(row, value))
            }
        };
        let detail = "its sum has more than 38 digits";
        done.ok_or_else(|| IngestError::ControlColumn { column: self.name.clone(), detail })
    }

    /// Tells what came of it. PRIVACY: of bad rows nothing is told but whether it fits: what stands in this column of one may be
    /// somebody's telephone number.
    fn reconciled(&self, is_whole: bool) -> Reconciled {
        let text = |sum: i128| Decimal128Type::format_decimal(sum, DIGITS, self.scale);
        let verdict = match self.taken.checked_add(self.aside) {
            Some(sum) if Some(sum) == self.stated => Verdict::Agrees,
            _ if self.unread > 0 => Verdict::Unknown,
            _ => Verdict::Differs,
        };
        Reconciled {
            total: Some(self.name.clone()),
            verdict,
            taken: text(self.taken),
            rest: is_whole.then(|| Rest {
                stated: self.stated.map_or_else(|| self.said.clone(), text),
                aside: text(self.aside),
            }),
            unread: self.unread,
        }
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
