//! What a dataset set aside: how much and why, and the rows themselves for those few who may see them.

use std::collections::BTreeMap;

use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use futures::TryStreamExt as _;
use membrane_catalog::Dataset;
use membrane_lake::Quarantine;
use membrane_model::{Action, Protection, RevealLevel, RunId};
use membrane_policy::{DatasetPermit, Permit, RowRule};

use crate::replay::Openers;
use crate::{IngestError, IngestParts, ReasonCode};

/// Rows that one run set aside for one list of reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsideCount {
    /// The run that set them aside.
    pub run: RunId,
    /// Why: `code:column`, joined by commas.
    pub reasons: String,
    /// How many.
    pub rows: u64,
}

/// A row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsideRow {
    /// The run that set it aside.
    pub run: RunId,
    /// The number of its record in the delivery, from 1.
    pub position: i64,
    /// Why: `code:column`, joined by commas.
    pub reasons: String,
    /// The row as it was delivered, as a JSON object of texts; none where it was not opened.
    pub row: Option<String>,
}

/// Which rows are wanted.
#[derive(Debug, Clone, Copy)]
pub struct AsideFilter {
    /// Of which run; of all when not stated.
    pub run: Option<RunId>,
    /// How many at most.
    pub rows_max: usize,
}

/// Counts what a dataset set aside, by run and reasons, the earliest run first.
///
/// # Errors
/// [`IngestError`] when the permit does not cover it, or it cannot be read.
pub async fn count_aside(
    hub: &IngestParts,
    permit: &Permit,
    dataset: &Dataset,
) -> Result<Vec<AsideCount>, IngestError> {
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    if let Some(quarantine) = hub.lake.quarantine(permit, &dataset.name).await? {
        let mut batches = std::pin::pin!(quarantine.rows());
        while let Some(batch) = batches.try_next().await? {
            let (runs, reasons) = (texts(&batch, "_run")?, texts(&batch, "reasons")?);
            for row in 0..batch.num_rows() {
                let key = (runs.value(row).to_owned(), reasons.value(row).to_owned());
                *counts.entry(key).or_default() += 1;
            }
        }
    }
    let count = |((run, reasons), rows): ((String, String), u64)| {
        Ok(AsideCount { run: run.parse().map_err(|_| IngestError::Broken)?, reasons, rows })
    };
    counts.into_iter().map(count).collect()
}

/// Tells whether rows that were set aside may be opened under a permit. A value may stand in any column of a bad row, also one
/// that is hidden elsewhere; so only who may see every column of every row in clear may see them.
#[must_use]
pub fn may_open_aside(permit: &DatasetPermit) -> bool {
    let is_clear = |column: &membrane_catalog::Column| {
        permit
            .column(&column.name)
            .is_some_and(|permit| permit.when().is_empty() && permit.shown().level() == RevealLevel::Clear)
    };
    let stored = permit.dataset().columns.iter().filter(|column| column.protection != Protection::Drop);
    *permit.row_rule() == RowRule::All && stored.clone().count() > 0 && stored.clone().all(is_clear)
}

/// Shows rows that were set aside. To a permit for ingesting: reasons and positions alone. To one for reading: the rows, opened,
/// where [`may_open_aside`] says so, and else nothing.
///
/// PRIVACY: which rows are bad, and how many, tells of rows that a reader may not see; the same is told of every quarantine.
///
/// # Errors
/// [`IngestError`] when the permit does not cover it, or a row cannot be opened.
pub async fn show_aside(
    hub: &IngestParts,
    permit: &Permit,
    dataset: &Dataset,
    filter: AsideFilter,
) -> Result<Vec<AsideRow>, IngestError> {
    let reads = permit.action() == Action::Read;
    let opens = reads && permit.dataset(&dataset.name).is_some_and(may_open_aside);
    if reads && !opens {
        return Ok(Vec::new());
    }
    let Some(quarantine) = hub.lake.quarantine(permit, &dataset.name).await? else { return Ok(Vec::new()) };
    let openers = opens.then(|| Openers::new(&hub.ledger, &hub.vault, dataset));
    let mut rows = read_rows(&quarantine, openers, filter).await?;
    if dataset.columns.iter().any(|column| column.protection == Protection::Drop) {
        // What was not wanted here stands in a record that could not be taken apart.
        for row in rows.iter_mut().filter(|row| row.reasons.starts_with(ReasonCode::Malformed.as_str())) {
            row.row = None;
        }
    }
    Ok(rows)
}

async fn read_rows(
    quarantine: &Quarantine,
    openers: Option<Openers>,
    filter: AsideFilter,
) -> Result<Vec<AsideRow>, IngestError> {
    let wanted = filter.run.map(|run| run.to_string());
    let mut found = Vec::new();
    let mut batches = std::pin::pin!(quarantine.rows());
    while found.len() < filter.rows_max
        && let Some(batch) = batches.try_next().await?
    {
        let (runs, reasons) = (texts(&batch, "_run")?, texts(&batch, "reasons")?);
        let is_wanted = |row: &usize| wanted.as_ref().is_none_or(|wanted| wanted == runs.value(*row));
        let room = filter.rows_max - found.len();
        let rows: Vec<usize> = (0..batch.num_rows()).filter(is_wanted).take(room).collect();
        let chosen = arrow::array::UInt64Array::from_iter_values(rows.iter().map(|row| *row as u64));
        let chosen = arrow::compute::take_record_batch(&batch, &chosen)
            .map_err(|source| IngestError::arrow("read what was set aside", source))?;
        let mut opened = match &openers {
            Some(openers) => openers.open(&chosen).await?,
            None => vec![None; rows.len()],
        }
        .into_iter();
        let positions = positions(&batch)?;
        for row in rows {
            found.push(AsideRow {
                run: runs.value(row).parse().map_err(|_| IngestError::Broken)?,
                position: positions.value(row),
                reasons: reasons.value(row).to_owned(),
                row: opened.next().flatten().map(|row| String::from_utf8_lossy(&row).into_owned()),
            });
        }
    }
    Ok(found)
}

/// Returns a column of texts of a quarantine.
pub(crate) fn texts(batch: &RecordBatch, name: &str) -> Result<StringArray, IngestError> {
    let array = batch.column_by_name(name).ok_or(IngestError::Broken)?;
    let array = arrow::compute::cast(array, &DataType::Utf8)
        .map_err(|source| IngestError::arrow("read what was set aside", source))?;
    Ok(array.as_string::<i32>().clone())
}

fn positions(batch: &RecordBatch) -> Result<Int64Array, IngestError> {
    let array = batch.column_by_name("position").ok_or(IngestError::Broken)?;
    array.as_primitive_opt().cloned().ok_or(IngestError::Broken)
}
