//! Which rows went as their time was over.

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_model::{DatasetName, RunId};
use serde::Serialize;

use crate::flow::{RetainedRows, RetainedTable};

/// Which rows of a dataset went, or would go.
#[derive(Debug, Clone, Serialize)]
pub struct RetentionBody {
    /// The run.
    pub run: String,
    /// The dataset.
    pub dataset: String,
    /// Whether it was only looked.
    pub dry_run: bool,
    /// For how long rows are kept; none: the contract has no rule.
    pub keep: Option<String>,
    /// The rule with its periods for purposes.
    pub rule: Option<String>,
    /// The moment before which rows are past.
    pub cut_off: Option<String>,
    /// Of its table.
    pub table: RetentionTableBody,
    /// Of its quarantine, by when rows were set aside.
    pub quarantine: RetentionTableBody,
}

/// Which rows of one table went, or would go.
#[derive(Debug, Clone, Serialize)]
pub struct RetentionTableBody {
    /// Rows that went.
    pub rows: u64,
    /// Files that had some.
    pub files: u64,
    /// Those of them whose other rows were written again.
    pub rewritten_files: u64,
    /// The version after it; none when nothing went.
    pub version: Option<u64>,
    /// Why nothing went, or not all: a code.
    pub skipped: Option<&'static str>,
    /// Rows that are past and still there; none: it was not looked.
    pub rows_left: Option<u64>,
    /// Rows of which nobody knows when they happened: no rule takes them out.
    pub rows_without_time: Option<u64>,
    /// Files with such rows that earlier versions had, and that lie there still.
    pub held_files: Option<u64>,
    /// Their bytes.
    pub held_bytes: Option<u64>,
    /// From when on a vacuum takes all of them.
    pub held_until: Option<String>,
    /// Files that were removed, as nobody needs them.
    pub removed_files: u64,
    /// Their bytes.
    pub removed_bytes: u64,
}

impl RetentionBody {
    /// Shapes what a run did.
    #[must_use]
    pub fn new(run: RunId, dataset: &DatasetName, dry_run: bool, done: &RetainedRows) -> Self {
        Self {
            run: run.to_string(),
            dataset: dataset.to_string(),
            dry_run,
            keep: done.rule.as_ref().map(|rule| rule.keep.to_string()),
            rule: done.rule.as_ref().map(ToString::to_string),
            cut_off: done.cut_off.map(moment),
            table: RetentionTableBody::new(&done.table),
            quarantine: RetentionTableBody::new(&done.quarantine),
        }
    }
}

impl RetentionTableBody {
    fn new(done: &RetainedTable) -> Self {
        let (retained, remains) = (&done.retained, done.remains.as_ref());
        Self {
            rows: retained.rows,
            files: retained.files,
            rewritten_files: retained.rewritten,
            version: retained.version.map(|version| version.0),
            skipped: done.left_because(),
            rows_left: remains.map(|remains| remains.rows),
            rows_without_time: remains.map(|remains| remains.timeless),
            held_files: remains.map(|remains| remains.held.files),
            held_bytes: remains.map(|remains| remains.held.bytes),
            held_until: done.held_until.map(moment),
            removed_files: done.vacuumed.files,
            removed_bytes: done.vacuumed.bytes,
        }
    }
}

fn moment(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}
