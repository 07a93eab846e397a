//! `system.grants`: what was granted beside the policies: break-glass, and what somebody handed on.

use chrono::{DateTime, Utc};
use datafusion::arrow::record_batch::RecordBatch;
use membrane_model::{PrincipalId, RunId};

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::rows::{Cell, Rows};
use crate::fault::ScanFault;

/// A break-glass grant or a delegation, as far as it has come. There is no free text in it: a case is named by its ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantFacts {
    /// `break_glass` or `delegation`.
    pub kind: &'static str,
    /// Its number within its kind.
    pub number: u64,
    /// The run that asked for it, or made it.
    pub run: Option<RunId>,
    /// Who asked, or handed on.
    pub principal: PrincipalId,
    /// To whom it was handed on.
    pub delegate: Option<PrincipalId>,
    /// What for.
    pub purposes: Vec<String>,
    /// Which datasets.
    pub datasets: Vec<String>,
    /// Which columns, where it is about some: `DATASET.COLUMN`.
    pub columns: Vec<String>,
    /// For which case.
    pub ticket: String,
    /// When it was asked for, or made.
    pub asked: DateTime<Utc>,
    /// Who agreed, and when.
    pub approved: Option<(PrincipalId, DateTime<Utc>)>,
    /// From when it is open; none while nobody has agreed.
    pub starts: Option<DateTime<Utc>>,
    /// Until when, if nobody ends it before.
    pub ends: Option<DateTime<Utc>>,
    /// Who ended it, and when.
    pub ended: Option<(PrincipalId, DateTime<Utc>)>,
    /// Where it stands now.
    pub state: &'static str,
}

pub(super) const COLUMNS: &[SystemColumn] = &[
    column("kind", Kind::Text, "`break_glass` or `delegation`."),
    column("number", Kind::Whole, "Its number within its kind."),
    column("run", Kind::Text, "The run that asked for it, or made it."),
    column("principal", Kind::Text, "Who asked, or handed on."),
    column("delegate", Kind::Text, "To whom it was handed on; none of break-glass, which is for who asked."),
    column("purposes", Kind::Text, "What for, with commas between them."),
    column("datasets", Kind::Text, "Which datasets, with commas between them."),
    column(
        "columns",
        Kind::Text,
        "Which columns, `DATASET.COLUMN`, with commas between them; none of a delegation.",
    ),
    column("ticket", Kind::Text, "For which case, as another system knows it."),
    column("asked", Kind::Moment, "When it was asked for, or made."),
    column("approved", Kind::Moment, "When another agreed."),
    column("approved_by", Kind::Text, "Who that was."),
    column("starts", Kind::Moment, "From when it is open; none while nobody has agreed."),
    column("ends", Kind::Moment, "Until when, if nobody ends it before."),
    column("ended", Kind::Moment, "When somebody ended it."),
    column("ended_by", Kind::Text, "Who that was."),
    column(
        "state",
        Kind::Text,
        "Where it stands now: `requested`, `lapsed`, `open`, `expired` or `ended`; `ahead`: made by a clock that is.",
    ),
];

pub(super) fn rows(record: &Record) -> Result<RecordBatch, ScanFault> {
    let mut rows = Rows::new(COLUMNS);
    for grant in &record.parts.facts.grants {
        let (approved_by, approved) = grant.approved.as_ref().map(|(who, at)| (who, *at)).unzip();
        let (ended_by, ended) = grant.ended.as_ref().map(|(who, at)| (who, *at)).unzip();
        rows.push([
            Cell::text(grant.kind),
            Cell::Whole(Some(grant.number)),
            Cell::text_or_null(grant.run),
            Cell::text(&grant.principal),
            Cell::text_or_null(grant.delegate.as_ref()),
            Cell::list(&grant.purposes),
            Cell::list(&grant.datasets),
            Cell::list(&grant.columns),
            Cell::text(&grant.ticket),
            Cell::Moment(Some(grant.asked)),
            Cell::Moment(approved),
            Cell::text_or_null(approved_by),
            Cell::Moment(grant.starts),
            Cell::Moment(grant.ends),
            Cell::Moment(ended),
            Cell::text_or_null(ended_by),
            Cell::text(grant.state),
        ])?;
    }
    rows.finish()
}
