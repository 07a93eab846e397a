//! `system.anomalies`: what stood out of what principals did, a row for each flag.

use std::sync::Arc;

use futures::stream::{self, StreamExt as _};
use membrane_ledger::{Flag, RunWindow};

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::pages::{Batches, unread};
use super::rows::{Cell, Rows};
use super::window::Bounded;
use crate::fault::ScanFault;

pub(super) const COLUMNS: &[SystemColumn] = &[
    column("anomaly", Kind::Whole, "Its number."),
    column("run", Kind::Text, "In which run it was written down."),
    column("flagged", Kind::Moment, "When that run began."),
    column("principal", Kind::Text, "Who acted."),
    column(
        "kind",
        Kind::Text,
        "`cells` opened in a day, `hours`: cells opened in an odd hour, `members`: rows that reads gave in a day, or `lookups` in an hour.",
    ),
    column("day", Kind::Day, "On which day, in UTC."),
    column("hour", Kind::Whole, "In which hour of it, from 0 to 23, where it is about one."),
    column("measured", Kind::Whole, "How many there were when it was written down."),
    column("usual", Kind::Whole, "How many are usual."),
    column(
        "usual_of",
        Kind::Text,
        "Of whom: `peers`, `own`, or `nobody` where there was nothing to compare with.",
    ),
    column("bound", Kind::Whole, "More than so many stand out."),
    column("acknowledged_by", Kind::Text, "Who took note of it."),
    column("acknowledged", Kind::Moment, "When that was."),
];

/// A window is about when flags were written down.
pub(super) const BOUNDED: Bounded = Bounded { moment: "flagged", run: None, leaf: None, column: None };

/// Flags of which one page is made.
const FLAGS: u32 = 1000;

pub(super) fn batches(record: &Arc<Record>, window: &RunWindow) -> Batches {
    let (record, moments) = (Arc::clone(record), (window.since, window.until));
    stream::try_unfold(None, move |before| {
        let record = Arc::clone(&record);
        async move {
            let flags = record.ledger.page_of_anomalies(moments, before, FLAGS).await.map_err(unread)?;
            let Some(last) = flags.last() else { return Ok(None) };
            let next = Some(last.number);
            Ok(Some((page(&flags)?.finish()?, next)))
        }
    })
    .boxed()
}

fn page(flags: &[Flag]) -> Result<Rows, ScanFault> {
    let mut rows = Rows::new(COLUMNS);
    for Flag { number, run, flagged, anomaly, acknowledged } in flags {
        rows.push([
            Cell::Whole(Some(*number)),
            Cell::text(run),
            Cell::Moment(Some(*flagged)),
            Cell::text(&anomaly.principal),
            Cell::text(anomaly.kind),
            Cell::Day(Some(anomaly.day)),
            Cell::Whole(anomaly.hour.map(u64::from)),
            Cell::Whole(Some(anomaly.measured)),
            Cell::Whole(Some(anomaly.usual)),
            Cell::text(anomaly.usual_of.as_str()),
            Cell::Whole(Some(anomaly.bound)),
            Cell::text_or_null(acknowledged.as_ref().map(|(who, _)| who)),
            Cell::Moment(acknowledged.as_ref().map(|(_, at)| *at)),
        ])?;
    }
    Ok(rows)
}
