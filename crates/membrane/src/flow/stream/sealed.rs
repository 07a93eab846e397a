//! Portions that are to be committed, at once.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_ingest::stream::{
    PortionOf, Portioned, Record, SegmentHead, commit_portions, purge_seen, retire_segment,
};
use membrane_ledger::{DatasetVersion, Delivery, LedgerError};
use membrane_model::{DatasetName, RunId, SourceName};
use tokio::task::spawn_blocking;

use super::super::hook::tell_of_hook;
use super::super::run::Work;
use super::portion::{Kept, Right};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;
use crate::stream_state::StreamState;

/// After so many portions it is looked for ids that are not to be known any more.
const PURGE_EACH: i64 = 16;

/// Portions of one sender that are committed together: one that was taken in now, or all that an earlier process left.
pub(in crate::flow) struct Sealed {
    pub(in crate::flow) ctx: RequestCtx,
    pub(in crate::flow) right: Option<Right>,
    dataset: DatasetName,
    source: Option<SourceName>,
    /// Those of one stream in their order.
    kept: Vec<Kept>,
    /// Whether their rows can be read already.
    is_held: bool,
    /// What their commit did, once it is made: what follows may fail, and is tried again.
    done: Option<Portioned>,
    /// Whether that is counted already.
    is_noted: bool,
}

impl Sealed {
    /// Makes it of a portion whose rows are held.
    pub(in crate::flow) fn of(ctx: RequestCtx, right: Right, kept: Kept) -> Self {
        let (dataset, source) = (kept.head.dataset.clone(), kept.head.source.clone());
        let (kept, right) = (vec![kept], Some(right));
        Self { ctx, right, dataset, source, kept, is_held: true, done: None, is_noted: false }
    }

    /// Makes it of portions of one sender whose rows nobody can read yet; nothing of none.
    pub(super) fn found(ctx: RequestCtx, mut kept: Vec<Kept>) -> Option<Self> {
        kept.sort_by(|one, other| place_of(one).cmp(&place_of(other)));
        let head = &kept.first()?.head;
        let (dataset, source) = (head.dataset.clone(), head.source.clone());
        Some(Self { ctx, right: None, dataset, source, kept, is_held: false, done: None, is_noted: false })
    }

    /// Returns where the rows go.
    pub(in crate::flow) const fn dataset(&self) -> &DatasetName {
        &self.dataset
    }

    /// Returns the source through which it came, if it did not come as it is.
    pub(super) const fn source(&self) -> Option<&SourceName> {
        self.source.as_ref()
    }

    /// Returns the name of a stream of which it has something.
    pub(super) fn stream(&self) -> Option<&str> {
        self.kept.first().map(|kept| kept.head.stream.as_str())
    }

    /// Tries to commit it; on a failure its run is ended, and it may be tried again.
    pub(in crate::flow) async fn commit(&mut self, hub: &Hub, told: &StreamState) -> Result<(), Failure> {
        let mut right = match self.right.take() {
            Some(right) => right,
            None => Right::open(&self.ctx, hub, (&self.dataset, self.source.as_ref())).await?,
        };
        // Whoever pushed the events was answered when they were kept.
        right.run.do_not_wait();
        let done = match self.put(hub, &right, told).await {
            Ok(done) => done,
            Err(error) => return Err(right.run.fail(error).await),
        };
        right.run.work = self.work(&right, &done);
        let run = right.run.id();
        right.run.complete().await?;
        // Their rows are committed: what is left of them hurts nobody, and is known as such when it is found.
        if let Err(error) = self.retire(hub).await {
            tracing::warn!(dataset.name = %self.dataset, "a segment that is committed could not be put away: {}", error.kind());
        }
        if let (Some(source), true) = (&self.source, self.kept.iter().any(|kept| kept.path.is_some())) {
            tell_of_hook(hub, source, Some(run), None).await;
        }
        Ok(())
    }

    /// Puts the rows into the table, and what came of it on record; what of it was done by an earlier try is not done again.
    async fn put(&mut self, hub: &Hub, right: &Right, told: &StreamState) -> Result<Portioned, Error> {
        self.hold(hub, right)?;
        let done = if let Some(done) = &self.done {
            done.clone()
        } else {
            let portions: Vec<PortionOf<'_>> =
                self.kept.iter().map(|kept| (&kept.portion, &kept.rows)).collect();
            let made = commit_portions(&right.parts, &right.permit, &right.dataset, &portions);
            Box::pin(made).await.map_err(Error::Ingest)?
        };
        self.done = Some(done.clone());
        if !self.is_noted {
            self.note(hub, right, &done).await.map_err(Error::Record)?;
        }
        for kept in &self.kept {
            hub.lake().let_go(&self.dataset, &kept.portion);
        }
        if !std::mem::replace(&mut self.is_noted, true) {
            let records = self.kept.iter().flat_map(|kept| &kept.records);
            told.committed(records.map(|record| record.counts.answer.accepted).sum(), self.ctx.now());
        }
        Ok(done)
    }

    /// Lets the rows be read, if they cannot be yet.
    pub(super) fn hold(&mut self, hub: &Hub, right: &Right) -> Result<(), Error> {
        if self.is_held {
            return Ok(());
        }
        for kept in &self.kept {
            for rows in &kept.rows.rows {
                let held = hub.lake().hold(&right.permit, &right.dataset.name, &kept.portion, rows.clone());
                held.map_err(|error| Error::Ingest(error.into()))?;
            }
        }
        self.is_held = true;
        Ok(())
    }

    /// Gives up: the rows cannot be read any more. Returns what came.
    pub(in crate::flow) fn drop_rows(self, hub: &Hub) -> (Option<Right>, Vec<Record>) {
        for kept in &self.kept {
            hub.lake().let_go(&self.dataset, &kept.portion);
        }
        (self.right, self.kept.into_iter().flat_map(|kept| kept.records).collect())
    }

    /// Writes down what came, for the history of quality.
    async fn note(&self, hub: &Hub, right: &Right, done: &Portioned) -> Result<(), LedgerError> {
        hub.ledger().note_delivered(&self.dataset, self.ctx.now()).await?;
        if done.added.is_empty() {
            return Ok(());
        }
        let (delivery, bytes) = self.delivery((right.run.id(), self.ctx.now()), done);
        hub.ledger().note_delivery(&delivery, bytes).await
    }

    /// Adds up what was added.
    fn delivery(&self, (run, ended): (RunId, DateTime<Utc>), done: &Portioned) -> (Delivery, u64) {
        let mut delivery = Delivery {
            run,
            dataset: self.dataset.clone(),
            source: self.source.clone(),
            ended,
            rows_in: 0,
            rows_accepted: 0,
            rows_quarantined: 0,
            reasons: BTreeMap::new(),
            rows_late: 0,
            totals: Vec::new(),
        };
        let mut bytes = 0_u64;
        for kept in done.added.iter().filter_map(|place| self.kept.get(*place)) {
            bytes = bytes.saturating_add(kept.bytes);
            for record in &kept.records {
                let answer = &record.counts.answer;
                delivery.rows_in += answer.accepted + answer.quarantined;
                delivery.rows_accepted += answer.accepted;
                delivery.rows_quarantined += answer.quarantined;
                delivery.rows_late += answer.late;
                for (reason, count) in &record.counts.reasons {
                    *delivery.reasons.entry(reason.clone()).or_default() += count;
                }
            }
        }
        (delivery, bytes)
    }

    fn work(&self, right: &Right, done: &Portioned) -> Work {
        // What was committed before is on the record of the run that did.
        let added = || done.added.iter().filter_map(|place| self.kept.get(*place));
        let answers = || added().flat_map(|kept| &kept.records).map(|record| record.counts.answer);
        let version = done.version.map(|version| DatasetVersion { dataset: self.dataset.clone(), version });
        Work {
            rows_in: Some(answers().map(|answer| answer.read).sum()),
            rows_out: Some(answers().map(|answer| answer.accepted).sum()),
            rows_quarantined: Some(answers().map(|answer| answer.quarantined).sum()),
            outputs: version.into_iter().collect(),
            edges: membrane_ingest::stream::edges(&right.dataset),
            inputs: right.run.work.inputs.clone(),
            ..Work::default()
        }
    }

    /// Leaves of the segments what is to be known of their events for a while.
    async fn retire(&mut self, hub: &Hub) -> io::Result<()> {
        let (now, remembered) = (self.ctx.now(), hub.streams().section().remember_seconds);
        let before = now - TimeDelta::seconds(2 * i64::from(remembered));
        let folder = hub.streams().folder_of(&self.dataset);
        let purges = self.kept.iter().any(|kept| kept.head.number % PURGE_EACH == 0);
        let segments = self.kept.iter_mut().filter_map(|kept| {
            let records = std::mem::take(&mut kept.records);
            Some((kept.path.clone()?, kept.head.clone(), records))
        });
        let segments: Vec<(PathBuf, SegmentHead, Vec<Record>)> = segments.collect();
        if segments.is_empty() {
            return Ok(());
        }
        let retired = spawn_blocking(move || {
            // One that cannot be put away keeps no other.
            let retired = segments.iter().map(|(path, head, records)| retire_segment(path, head, records));
            let retired = retired.fold(Ok(()), io::Result::and);
            if purges { retired.and(purge_seen(&folder, before)) } else { retired }
        });
        retired.await.unwrap_or_else(|_| Err(io::Error::other("it stopped")))
    }
}

/// The place of a portion among those of its sender.
fn place_of(kept: &Kept) -> (&str, i64) {
    (&kept.head.stream, kept.head.number)
}
