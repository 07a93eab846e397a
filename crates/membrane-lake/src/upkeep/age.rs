//! How old a row is: by its event time, or, set aside, by the run that set it aside.

use arrow::array::{Array as _, AsArray as _, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Utc};
use deltalake::kernel::LogicalFileView;
use deltalake::logstore::LogStoreRef;
use futures::TryStreamExt as _;
use membrane_catalog::Dataset;
use membrane_model::RunId;
use serde_json::Value;

use super::rewrite::{File, count};
use crate::{LakeError, Target, data_file};

const READING: &str = "read when rows of a data file happened";
/// The column of a quarantine that says which run set a row aside. Its id holds when that began.
const RUN: &str = "_run";

/// What tells how old a row is, and from when on it is not past.
#[derive(Debug, Clone)]
pub(super) struct Age {
    column: String,
    is_run: bool,
    before: DateTime<Utc>,
}

/// How many rows of a file there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ages {
    pub(super) rows: u64,
    /// Those that are past.
    pub(super) past: u64,
    /// Those of which nobody knows when they happened: they are never past.
    pub(super) timeless: u64,
}

impl Age {
    /// Returns what tells it in one of a dataset's tables, if the contract has a rule.
    pub(super) fn of(dataset: &Dataset, target: Target, now: DateTime<Utc>) -> Option<Self> {
        let before = dataset.cut_off(now)?;
        Some(match target {
            Target::Table => Self { column: dataset.event_time.as_ref()?.to_string(), is_run: false, before },
            Target::Quarantine => Self { column: RUN.to_owned(), is_run: true, before },
        })
    }

    /// Tells by what the log says of a file whether none of its rows is past. What the log does not say, the file does.
    ///
    /// The log's moments have milliseconds, rounded down: a least one that is not before a moment of whole milliseconds is that of no row
    /// that is.
    pub(super) fn spares(&self, file: &LogicalFileView) -> bool {
        let least = || {
            let stats: Value = serde_json::from_str(&file.stats()?).ok()?;
            let least = stats.get("minValues")?.get(&self.column)?.as_str()?;
            DateTime::parse_from_rfc3339(least).ok()
        };
        !self.is_run && least().is_some_and(|least| least >= self.before)
    }

    /// Reads of a file how many of its rows are past.
    pub(super) async fn read(&self, log_store: &LogStoreRef, file: &File) -> Result<Ages, LakeError> {
        let of = (file.path.as_str(), file.bytes);
        let batches = data_file::open_columns(log_store, of, Some(&self.column), READING).await?;
        let mut batches = std::pin::pin!(batches);
        let mut found = Ages::default();
        while let Some(batch) = batches.try_next().await? {
            found.rows += count(batch.num_rows());
            let Some(times) = self.times(&batch)? else {
                found.timeless += count(batch.num_rows());
                continue;
            };
            found.timeless += count(times.null_count());
            found.past += count(times.iter().flatten().filter(|time| self.is_past(*time)).count());
        }
        Ok(found)
    }

    /// Returns which rows of a batch are not past.
    pub(super) fn stays(&self, batch: &RecordBatch) -> Result<arrow::array::BooleanArray, LakeError> {
        Ok(match self.times(batch)? {
            Some(times) => {
                times.iter().map(|time| Some(!time.is_some_and(|time| self.is_past(time)))).collect()
            }
            None => std::iter::repeat_n(Some(true), batch.num_rows()).collect(),
        })
    }

    fn is_past(&self, micros: i64) -> bool {
        micros < self.before.timestamp_micros()
    }

    /// Returns when the rows of a batch happened; nothing where it has no such column.
    fn times(&self, batch: &RecordBatch) -> Result<Option<TimestampMicrosecondArray>, LakeError> {
        let other =
            || LakeError::table(READING, deltalake::DeltaTableError::generic("a time of another type"));
        let Some(column) = batch.column_by_name(&self.column) else { return Ok(None) };
        if self.is_run {
            let runs = cast(column, &DataType::Utf8).map_err(|_| other())?;
            let began = |run: &str| Some(run.parse::<RunId>().ok()?.began()?.timestamp_micros());
            return Ok(Some(runs.as_string::<i32>().iter().map(|run| run.and_then(began)).collect()));
        }
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let times = cast(column, &utc).map_err(|_| other())?;
        times.as_primitive_opt::<TimestampMicrosecondType>().cloned().map(Some).ok_or_else(other)
    }
}
