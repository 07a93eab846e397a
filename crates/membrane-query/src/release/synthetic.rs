//! Synthetic rows to try statements on: made of differentially private marginals, and of nothing else.
//!
//! ```text
//! parts     SQL of some releases of one dataset: members, rows of a member, values of each column    -> SandboxPart
//! answers   what was paid for them, once                                                         -> Synthetic::add
//! rows      as many members, with as many rows, with such values                                  -> ReleasePlan::run_on_synthetic
//! ```
//!
//! Statement. Input: released answers. Output: rows that are a function of these. Price: none, as it is post-processing; so
//! any number of statements may be tried on them. Columns with listed values are drawn given the first of them, and
//! numbers by their quantiles given it as well; otherwise columns are independent of each other. What no part tells, such as
//! a number that each row has of its own, is NULL, or a value that says nothing.
//!
//! The draws here are no noise and hide nothing: they are the same each time, by SHA-256 of where a value stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BinaryViewArray, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use membrane_catalog::{Column, Dataset};
use membrane_model::{ColumnName, DatasetName, LogicalType, Protection};
use sha2::{Digest, Sha256};

use super::answer::ReleaseAnswer;
use super::calendar::{date_of, date_text, instant_of};
use super::question::Table;
use crate::QueryError;
use crate::rules::SUBJECT_COLUMN;

/// The most synthetic members and rows of one dataset: enough to try statements on.
const MEMBERS_MAX: u64 = 20_000;
const ROWS_MAX: usize = 60_000;
/// Rows of one member that a quantile may look at.
const QUANTILE_ROWS_MAX: u32 = 16;
/// The quantiles that are asked for.
const SHARES: [f64; 7] = [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98];
/// How many rows of a member are told apart.
const ROWS_OF_MEMBER: (f64, f64) = (1.0, 512.0);
/// The cells of a released value: itself, its interval, its deviation.
const CELLS: usize = 4;

/// One release that a sandbox is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct SandboxPart {
    /// The statement.
    pub sql: String,
    /// Rows of one member that count, where the contract's are too many.
    pub rows_max: Option<u32>,
    /// Bounds of a column of the answer that no contract states.
    pub bounds: Option<(ColumnName, (f64, f64))>,
    tells: Tells,
}

/// What a part tells.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tells {
    Members,
    RowsOfMember,
    /// Values of a column, given the first listed one.
    Values {
        column: ColumnName,
        given: bool,
    },
    Months(ColumnName),
    Quantiles {
        column: ColumnName,
        given: bool,
    },
}

/// Returns the releases that a sandbox of a dataset is made of, of the columns that a partner may use; none of a dataset without subject, which needs no sandbox. A part
/// that a partner may not ask is left out by whoever asks.
#[must_use]
pub fn sandbox_parts(dataset: &Dataset, visible: &BTreeSet<ColumnName>) -> Vec<SandboxPart> {
    let Some(subject) = &dataset.subject else { return Vec::new() };
    let (name, subject) = (&dataset.name, &subject.column);
    let part = |tells: Tells, sql: String| SandboxPart { sql, rows_max: None, bounds: None, tells };
    let mut parts = vec![
        part(Tells::Members, format!("SELECT COUNT(DISTINCT {subject}) AS n FROM {name}")),
        SandboxPart {
            bounds: "q0".parse().ok().map(|first| (first, ROWS_OF_MEMBER)),
            ..part(
                Tells::RowsOfMember,
                format!(
                    "SELECT {} FROM (SELECT {subject}, COUNT(*) AS n FROM {name} GROUP BY {subject}) t",
                    quantiles_of("n")
                ),
            )
        },
    ];
    let root = root(dataset, visible).map(|column| &column.name);
    let given = root.map(|root| format!("{root}, ")).unwrap_or_default();
    let by = root.map(|root| format!(" GROUP BY {root}")).unwrap_or_default();
    for column in columns(dataset, visible) {
        let own = &column.name;
        let is_given = root.is_some_and(|root| root != own);
        match column.logical_type {
            _ if is_listed(column) => {
                let keys = if is_given { format!("{given}{own}") } else { own.to_string() };
                let sql = format!("SELECT {keys}, COUNT(*) AS n FROM {name} GROUP BY {keys}");
                parts.push(part(Tells::Values { column: own.clone(), given: is_given }, sql));
            }
            LogicalType::String if !column.unique => {
                let sql = format!("SELECT {own}, COUNT(*) AS n FROM {name} GROUP BY {own}");
                parts.push(part(Tells::Values { column: own.clone(), given: false }, sql));
            }
            LogicalType::Date | LogicalType::Timestamp => {
                let month = format!("date_trunc('month', {own})");
                let sql = format!("SELECT {month} AS k, COUNT(*) AS n FROM {name} GROUP BY {month}");
                parts.push(part(Tells::Months(own.clone()), sql));
            }
            LogicalType::Integer | LogicalType::Number | LogicalType::Decimal { .. }
                if column.privacy.bounds.is_some() =>
            {
                let sql = format!("SELECT {given}{} FROM {name}{by}", quantiles_of(own.as_str()));
                let rows = dataset.privacy.map_or(1, |privacy| privacy.rows_max).min(QUANTILE_ROWS_MAX);
                let tells = Tells::Quantiles { column: own.clone(), given: root.is_some() };
                parts.push(SandboxPart { rows_max: Some(rows), ..part(tells, sql) });
            }
            _ => {}
        }
    }
    parts
}

/// Asks for all quantiles of a number.
fn quantiles_of(number: &str) -> String {
    let quantile = |(place, share): (usize, &f64)| {
        format!("percentile_cont({share:?}) WITHIN GROUP (ORDER BY {number}) AS q{place}")
    };
    SHARES.iter().enumerate().map(quantile).collect::<Vec<String>>().join(", ")
}

/// Returns the column on which others depend: the first whose values are listed for every row.
fn root<'a>(dataset: &'a Dataset, visible: &BTreeSet<ColumnName>) -> Option<&'a Column> {
    let listed = |column: &&Column| is_listed(column) && column.logical_type == LogicalType::String;
    let first = columns(dataset, visible).filter(listed).find(|column| column.required);
    first.or_else(|| columns(dataset, visible).find(listed))
}

/// Returns the columns that parts may ask for.
fn columns<'a>(dataset: &'a Dataset, visible: &BTreeSet<ColumnName>) -> impl Iterator<Item = &'a Column> {
    let asked = |column: &&Column| column.protection == Protection::Clear && visible.contains(&column.name);
    dataset.columns.iter().filter(asked)
}

fn is_listed(column: &Column) -> bool {
    let listed = column.privacy.public_keys && column.rules.enumeration.is_some();
    listed || column.logical_type == LogicalType::Boolean
}

/// Values with their weights.
type Weighed = Vec<(Option<String>, f64)>;

/// What is told of one dataset.
#[derive(Debug, Clone, Default)]
struct Marginals {
    members: u64,
    /// Quantiles of the rows of a member.
    rows: Vec<f64>,
    root: Option<ColumnName>,
    /// Values of columns, by that of the first; under nothing where they do not depend on it.
    values: BTreeMap<ColumnName, BTreeMap<Option<String>, Weighed>>,
    months: BTreeMap<ColumnName, Weighed>,
    quantiles: BTreeMap<ColumnName, BTreeMap<Option<String>, Vec<f64>>>,
}

/// Synthetic data of some datasets.
#[derive(Debug, Clone, Default)]
pub struct Synthetic {
    datasets: BTreeMap<DatasetName, Marginals>,
}

impl Synthetic {
    /// Adds a dataset, of which these parts were answered.
    pub fn add(
        &mut self,
        dataset: &Dataset,
        visible: &BTreeSet<ColumnName>,
        answers: &[(SandboxPart, ReleaseAnswer)],
    ) {
        let root = root(dataset, visible).map(|column| column.name.clone());
        let mut marginals = Marginals { root, ..Marginals::default() };
        for (part, answer) in answers {
            marginals.learn(&part.tells, answer);
        }
        self.datasets.insert(dataset.name.clone(), marginals);
    }

    /// Tells whether there is something of a dataset.
    #[must_use]
    pub fn has(&self, dataset: &DatasetName) -> bool {
        self.datasets.contains_key(dataset)
    }

    /// Puts synthetic tables in the place of all that are about members.
    pub(super) fn replace(
        &self,
        tables: &[Table],
        providers: &mut [Option<Arc<dyn TableProvider>>],
    ) -> Result<(), QueryError> {
        if tables.len() != providers.len() {
            return Err(QueryError::Failed);
        }
        for (table, provider) in tables.iter().zip(providers) {
            let Table::Dataset { name, private: true } = table else { continue };
            let marginals = self.datasets.get(name).ok_or(QueryError::Failed)?;
            let schema = provider.as_ref().ok_or(QueryError::Failed)?.schema();
            *provider = Some(marginals.table(name, &schema)?);
        }
        Ok(())
    }
}

impl Marginals {
    /// Takes in what one part told.
    fn learn(&mut self, tells: &Tells, answer: &ReleaseAnswer) {
        let number = |row: &[Option<String>], place: usize| {
            row.get(place).and_then(|cell| cell.as_deref()?.parse::<f64>().ok()).filter(|n| n.is_finite())
        };
        let weight = |row: &[Option<String>], place: usize| number(row, place).map_or(0.0, |n| n.max(0.0));
        let cell = |row: &[Option<String>], place: usize| row.get(place).cloned().flatten();
        let rows = answer.rows.iter().map(Vec::as_slice);
        match tells {
            Tells::Members => {
                let found = rows.filter_map(|row| number(row, 0)).next().unwrap_or(0.0);
                self.members = whole(found);
            }
            Tells::RowsOfMember => {
                let values = |row| (0..SHARES.len()).filter_map(move |place| number(row, place * CELLS));
                self.rows = rows.flat_map(values).collect();
            }
            Tells::Values { column, given } => {
                let found = self.values.entry(column.clone()).or_default();
                for row in rows {
                    let (key, place) = if *given { (cell(row, 0), 1) } else { (None, 0) };
                    found.entry(key).or_default().push((cell(row, place), weight(row, place + 1)));
                }
            }
            Tells::Months(column) => {
                let found = rows.map(|row| (cell(row, 0), weight(row, 1))).collect();
                self.months.insert(column.clone(), found);
            }
            Tells::Quantiles { column, given } => {
                let found = self.quantiles.entry(column.clone()).or_default();
                for row in rows {
                    let (key, first) = if *given { (cell(row, 0), 1) } else { (None, 0) };
                    let values = (0..SHARES.len()).filter_map(|place| number(row, first + place * CELLS));
                    found.insert(key, values.collect());
                }
            }
        }
    }

    /// Makes rows with the columns of a governed table.
    fn table(&self, name: &DatasetName, schema: &SchemaRef) -> Result<Arc<dyn TableProvider>, QueryError> {
        let rows = self.places(name);
        let units: Vec<[u8; 16]> = rows.iter().map(|(member, _)| u128::from(*member).to_be_bytes()).collect();
        let roots: Vec<Option<String>> = match &self.root {
            None => vec![None; rows.len()],
            Some(root) => rows.iter().map(|place| self.value(name, root, None, *place)).collect(),
        };
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            if field.name() == SUBJECT_COLUMN {
                let array: BinaryViewArray = units.iter().map(|unit| Some(unit.as_slice())).collect();
                arrays.push(cast(&array, field.data_type()).map_err(|_| QueryError::Failed)?);
                continue;
            }
            let column: ColumnName = field.name().parse().map_err(|_| QueryError::Failed)?;
            let is_root = self.root.as_ref() == Some(&column);
            let cells = rows.iter().zip(&roots).map(|(place, root)| {
                let told =
                    if is_root { root.clone() } else { self.value(name, &column, root.as_ref(), *place) };
                let told = told.map(|text| as_written(text, field.data_type()));
                told.or_else(|| (!field.is_nullable()).then(|| nothing(field.data_type(), *place)))
            });
            let texts: StringArray = cells.collect();
            arrays.push(cast(&texts, field.data_type()).map_err(|_| QueryError::Failed)?);
        }
        let batch = RecordBatch::try_new(Arc::clone(schema), arrays).map_err(|_| QueryError::Failed)?;
        let table = MemTable::try_new(Arc::clone(schema), vec![vec![batch]]);
        Ok(Arc::new(table.map_err(|_| QueryError::Failed)?))
    }

    /// Returns the members and the numbers of their rows.
    fn places(&self, name: &DatasetName) -> Vec<(u64, u64)> {
        let mut places = Vec::new();
        for member in 0..self.members.min(MEMBERS_MAX) {
            let rows = between(&self.rows, draw(name, "rows", (member, 0))).unwrap_or(1.0);
            for row in 0..whole(rows.round()).max(1) {
                if places.len() == ROWS_MAX {
                    return places;
                }
                places.push((member, row));
            }
        }
        places
    }

    /// Draws a value of a column.
    fn value(
        &self,
        name: &DatasetName,
        column: &ColumnName,
        root: Option<&String>,
        place: (u64, u64),
    ) -> Option<String> {
        let chance = draw(name, column.as_str(), place);
        if let Some(values) = self.values.get(column) {
            let of_root = root.and_then(|root| values.get(&Some(root.clone())));
            return pick(of_root.or_else(|| values.get(&None))?, chance);
        }
        if let Some(months) = self.months.get(column) {
            let start = pick(months, chance)?;
            let day = whole(draw(name, "day", place) * 28.0);
            return moved(&start, i64::try_from(day).ok()?);
        }
        let quantiles = self.quantiles.get(column)?;
        let of_root = root.and_then(|root| quantiles.get(&Some(root.clone())));
        let number = between(of_root.or_else(|| quantiles.values().next())?, chance)?;
        Some(format!("{number:.6}"))
    }
}

/// Returns a moment some days later, as it was written.
fn moved(start: &str, days: i64) -> Option<String> {
    match date_of(start) {
        Some(first) => Some(date_text(first + days)),
        None => {
            let (date, time) = start.split_once('T')?;
            instant_of(start)?;
            Some(format!("{}T{time}", date_text(date_of(date)? + days)))
        }
    }
}

/// Picks one of some values by their weights.
fn pick(values: &Weighed, chance: f64) -> Option<String> {
    let mut left = chance * values.iter().map(|(_, weight)| weight).sum::<f64>();
    for (value, weight) in values {
        left -= weight;
        if left < 0.0 {
            return value.clone();
        }
    }
    values.last().and_then(|(value, _)| value.clone())
}

/// Returns the number below which such a share lies, on the lines between quantiles.
fn between(quantiles: &[f64], chance: f64) -> Option<f64> {
    let pairs = SHARES.iter().zip(SHARES.iter().skip(1)).zip(quantiles.iter().zip(quantiles.iter().skip(1)));
    let mut last = None;
    for ((from, to), (low, high)) in pairs {
        if chance <= *to {
            return Some(low + (high - low) * ((chance - from) / (to - from)).clamp(0.0, 1.0));
        }
        last = Some(*high);
    }
    last.or_else(|| quantiles.first().copied())
}

/// Writes a value as a column of this type reads it.
fn as_written(text: String, data_type: &DataType) -> String {
    match text.parse::<f64>() {
        Ok(number) if data_type.is_integer() => format!("{number:.0}"),
        _ => text,
    }
}

/// Returns a value that says nothing, for a column that must have one.
fn nothing(data_type: &DataType, (member, row): (u64, u64)) -> String {
    match data_type {
        DataType::Boolean => "false".to_owned(),
        DataType::Date32 | DataType::Date64 => "1970-01-01".to_owned(),
        DataType::Timestamp(..) => "1970-01-01T00:00:00Z".to_owned(),
        other if other.is_numeric() => "0".to_owned(),
        _ => format!("synthetic {member}-{row}"),
    }
}

/// Returns a number from 0 to 1, the same each time for one place.
fn draw(name: &DatasetName, what: &str, (member, row): (u64, u64)) -> f64 {
    let text = format!("{name}\0{what}\0{member}\0{row}");
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(text.as_bytes()));
    f64::from(u32::from_be_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` holds a number within u64")]
const fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests;
