//! `system.quality`: what became of deliveries, a row for each figure of each delivery.
//!
//! Figures stand below one another, so that each can be added up: a delivery has one row that says how many records were in it, one that says
//! how many were taken in, and one for each reason for which rows were set aside.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use membrane_ledger::{Delivery, RefusedDelivery, RunMark, RunWindow};
use membrane_model::{DatasetName, RunId, SourceName};

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::pages::{Batches, unread};
use super::rows::{Cell, Rows};
use super::window::Bounded;
use crate::fault::ScanFault;

pub(super) const COLUMNS: &[SystemColumn] = &[
    column("dataset", Kind::Text, "Where to."),
    column("delivered", Kind::Moment, "When the delivery was there, or was refused."),
    column("day", Kind::Day, "On which day that was, in UTC."),
    column("run", Kind::Text, "In which run; none where a delivery was refused before."),
    column("source", Kind::Text, "From which source, when it came from one."),
    column(
        "figure",
        Kind::Text,
        "`records` in it, rows `accepted`, `set_aside` and `late`; `reason`: why rows were set aside; `refused`: nothing was taken in.",
    ),
    column("reason", Kind::Text, "The code, of a reason or a refusal."),
    column("column_name", Kind::Text, "Of a reason: the column."),
    column(
        "rows",
        Kind::Whole,
        "How many rows; of a reason how often it occurred, of a refusal how many records were counted.",
    ),
];

/// A window is about when deliveries were there.
pub(super) const BOUNDED: Bounded = Bounded { moment: "delivered", run: None, leaf: None, column: None };

/// Deliveries of which one page is made.
const DELIVERIES: u32 = 256;

/// Where the next page of a dataset begins.
enum Next {
    Deliveries(Option<RunMark>),
    Refused(Option<(DateTime<Utc>, String)>),
}

pub(super) fn batches(record: &Arc<Record>, window: &RunWindow) -> Batches {
    let (names, record, window) = (Arc::clone(record), Arc::clone(record), window.clone());
    let datasets = async move { names.ledger.datasets_on_record().await.map_err(unread) };
    stream::once(datasets)
        .map_ok(|names| stream::iter(names.into_iter().map(Ok::<_, ScanFault>)))
        .try_flatten()
        .map_ok(move |dataset| of_dataset(Arc::clone(&record), dataset, window.clone()))
        .try_flatten()
        .boxed()
}

fn of_dataset(record: Arc<Record>, dataset: DatasetName, window: RunWindow) -> Batches {
    let first = Next::Deliveries(None);
    stream::try_unfold(Some(first), move |next| {
        let (record, dataset, window) = (Arc::clone(&record), dataset.clone(), window.clone());
        async move {
            let Some(next) = next else { return Ok(None) };
            let (rows, next) = page(&record, &dataset, &window, next).await?;
            Ok(Some((rows.finish()?, next)))
        }
    })
    .boxed()
}

async fn page(
    record: &Record,
    dataset: &DatasetName,
    window: &RunWindow,
    next: Next,
) -> Result<(Rows, Option<Next>), ScanFault> {
    let mut rows = Rows::new(COLUMNS);
    let ledger = &record.ledger;
    match next {
        Next::Deliveries(before) => {
            let found =
                ledger.page_of_deliveries(dataset, window, before, DELIVERIES).await.map_err(unread)?;
            found.iter().try_for_each(|delivery| add(&mut rows, delivery))?;
            let mark = found.last().map(|last| RunMark { at: last.ended, run: last.run });
            Ok((rows, Some(mark.map_or(Next::Refused(None), |mark| Next::Deliveries(Some(mark))))))
        }
        Next::Refused(before) => {
            let before = before.as_ref().map(|(at, delivery)| (*at, delivery.as_str()));
            let found = ledger.page_of_refused(dataset, window, before, DELIVERIES).await.map_err(unread)?;
            found.iter().try_for_each(|refused| add_refused(&mut rows, refused))?;
            let mark = found.last().map(|last| Next::Refused(Some((last.at, last.delivery.clone()))));
            Ok((rows, mark))
        }
    }
}

/// What the rows of a delivery have in common.
struct Head<'a> {
    dataset: &'a DatasetName,
    at: DateTime<Utc>,
    run: Option<RunId>,
    source: Option<&'a SourceName>,
}

impl Head<'_> {
    fn push(
        &self,
        rows: &mut Rows,
        (figure, reason, column): (&str, Option<&str>, Option<&str>),
        count: Option<u64>,
    ) -> Result<(), ScanFault> {
        rows.push([
            Cell::text(self.dataset),
            Cell::Moment(Some(self.at)),
            Cell::Day(Some(self.at.date_naive())),
            Cell::text_or_null(self.run),
            Cell::text_or_null(self.source),
            Cell::text(figure),
            Cell::text_or_null(reason),
            Cell::text_or_null(column),
            Cell::Whole(count),
        ])
    }
}

fn add(rows: &mut Rows, delivery: &Delivery) -> Result<(), ScanFault> {
    let head = Head {
        dataset: &delivery.dataset,
        at: delivery.ended,
        run: Some(delivery.run),
        source: delivery.source.as_ref(),
    };
    for (figure, count) in [
        ("records", delivery.rows_in),
        ("accepted", delivery.rows_accepted),
        ("set_aside", delivery.rows_quarantined),
        ("late", delivery.rows_late),
    ] {
        head.push(rows, (figure, None, None), Some(count))?;
    }
    for (reason, times) in &delivery.reasons {
        let (code, column) = match reason.split_once(':') {
            Some((code, column)) => (code, Some(column)),
            None => (reason.as_str(), None),
        };
        head.push(rows, ("reason", Some(code), column), Some(*times))?;
    }
    Ok(())
}

fn add_refused(rows: &mut Rows, refused: &RefusedDelivery) -> Result<(), ScanFault> {
    let head =
        Head { dataset: &refused.dataset, at: refused.at, run: refused.run, source: refused.source.as_ref() };
    head.push(rows, ("refused", Some(&refused.code), None), refused.rows_in)
}
