//! `system.audit`: the entries of the log, a row for each closed run.

use std::sync::Arc;

use futures::stream::{self, StreamExt as _};
use membrane_ledger::{LeafRow, RunWindow};

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::pages::{Batches, unread};
use super::rows::{Cell, Rows};
use super::window::Bounded;
use crate::fault::ScanFault;

pub(super) const COLUMNS: &[SystemColumn] = &[
    column("leaf", Kind::Whole, "Its place in the Merkle log, from 0."),
    column("run", Kind::Text, "The run."),
    column(
        "leaf_hash",
        Kind::Text,
        "SHA-256 of the entry as the log hashes it (RFC 6962), as hexadecimal digits.",
    ),
    column("started", Kind::Moment, "When the run began."),
    column("closed", Kind::Moment, "When it was closed."),
    column("principal", Kind::Text, "Who acted."),
    column("on_behalf_of", Kind::Text, "On whose behalf, if not on their own."),
    column("action", Kind::Text, "What was done."),
    column("status", Kind::Text, "`complete`, `fail`, `refused` or `abandoned`."),
    column("published", Kind::Truth, "Whether the last head that was signed and published has it."),
];

/// A window is about runs and their leaves.
pub(super) const BOUNDED: Bounded =
    Bounded { moment: "started", run: Some("run"), leaf: Some("leaf"), column: None };

/// Leaves of which one page is made.
const LEAVES: u32 = 1000;

pub(super) fn batches(record: &Arc<Record>, window: &RunWindow) -> Batches {
    let (record, window) = (Arc::clone(record), window.clone());
    stream::try_unfold(None, move |after: Option<LeafRow>| {
        let (record, window) = (Arc::clone(&record), window.clone());
        async move {
            let published = record.ledger.last_published().await.map_err(unread)?;
            let published = published.map_or(0, |(head, _)| head.size);
            let page = record.ledger.page_of_leaves(&window, after.as_ref(), LEAVES).await.map_err(unread)?;
            let mut rows = Rows::new(COLUMNS);
            page.iter().try_for_each(|leaf| add(&mut rows, leaf, published))?;
            let Some(last) = page.last().cloned() else { return Ok(None) };
            Ok(Some((rows.finish()?, Some(last))))
        }
    })
    .boxed()
}

fn add(rows: &mut Rows, leaf: &LeafRow, published: u64) -> Result<(), ScanFault> {
    rows.push([
        Cell::Whole(Some(leaf.leaf)),
        Cell::text(leaf.run),
        Cell::text(&leaf.hash),
        Cell::Moment(Some(leaf.started)),
        Cell::Moment(leaf.closed),
        Cell::text(&leaf.principal),
        Cell::text_or_null(leaf.on_behalf_of.as_ref()),
        Cell::text(leaf.action),
        Cell::text(leaf.status.as_str()),
        Cell::Truth(Some(leaf.leaf < published)),
    ])
}
