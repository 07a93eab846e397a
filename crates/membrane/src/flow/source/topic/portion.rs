//! Messages become rows of a portion, and a portion is handed on to be committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use membrane_ingest::stream::{Intake, Record, SegmentHead};
use membrane_model::Channel;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::super::super::stream::{Kept, Right, Sealed};
use super::super::ctx_of;
use super::begin::id_of;
use super::{Follow, Gathered, STOPPED};
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::hub::Hub;
use crate::streams::Room;

/// A portion that takes in messages.
pub(super) struct OpenPortion {
    right: Right,
    /// Taken while messages are worked on.
    intake: Option<Intake>,
    pub(super) kept: Kept,
    ctx: RequestCtx,
    pub(super) began: Instant,
    /// By partition, the offset behind the last message.
    after: BTreeMap<i32, i64>,
}

impl Follow {
    /// Takes messages in, and lets them be read.
    pub(super) async fn take(
        &mut self,
        hub: &Arc<Hub>,
        gathered: Gathered,
        room: Option<Room>,
    ) -> Result<(), Error> {
        let Gathered { again, fresh, polled } = gathered;
        let portion = match &mut self.open {
            Some(portion) => portion,
            none => none.insert(begin(hub, (&self.source, &self.stream), &mut self.last).await?),
        };
        let skipped = polled.places.len() - again.len() - fresh.len();
        let bytes = u64::try_from(again.bytes() + fresh.bytes()).unwrap_or(u64::MAX);
        let (Some(mut intake), Some(mut window)) = (portion.intake.take(), self.window.take()) else {
            return Err(STOPPED);
        };
        let (form, came) = (self.form.clone(), hub.clock().now());
        let worked = spawn_blocking(move || {
            let taken = (|| {
                let mut records = Vec::with_capacity(2);
                if !again.is_empty() {
                    let record = intake.take_messages(&again, &form, came, &mut window)?;
                    // Their bad rows are in the quarantine.
                    records.push(Record { bad: Vec::new(), ..record });
                }
                if !fresh.is_empty() {
                    records.push(intake.take_messages(&fresh, &form, came, &mut window)?);
                }
                Ok(records)
            })();
            (taken, intake, window)
        });
        let (taken, intake, window) = worked.await.map_err(|_| STOPPED)?;
        (portion.intake, self.window) = (Some(intake), Some(window));
        let records: Vec<Record> = taken.map_err(Error::Ingest)?;
        self.state.took(bytes, skipped, records.iter().map(|record| &record.counts));
        for record in records {
            portion.keep(hub, record)?;
        }
        for place in &polled.places {
            portion.after.insert(place.partition, place.offset.saturating_add(1));
        }
        portion.kept.room.extend(room);
        portion.kept.bytes = portion.kept.bytes.saturating_add(bytes);
        Ok(())
    }

    /// Hands what is pending on to be committed.
    pub(super) fn seal(&mut self, hub: &Arc<Hub>) {
        let Some(OpenPortion { right, mut kept, ctx, after, .. }) = self.open.take() else { return };
        let has_bad = !kept.rows.bad.is_empty();
        for (number, after) in &after {
            let progress = self.progress.entry(*number).or_default();
            let id = id_of(&self.source.name, &self.from.topic, *number);
            if has_bad {
                // It may be further already: the quarantine is committed first.
                let aside = progress.aside.max(Some(*after));
                kept.rows.aside.push((id.clone(), progress.aside, aside.unwrap_or(*after)));
                progress.aside = aside;
            }
            kept.rows.positions.push((id, progress.table, *after));
            progress.table = Some(*after);
        }
        self.committer.send(Arc::clone(hub), Sealed::of(ctx, right, kept), after);
    }

    /// Commits where partitions begin of which nothing was taken in yet: what comes from now on is not passed by, whoever reads it.
    pub(super) async fn mark(&mut self, hub: &Arc<Hub>, begin_at: &BTreeMap<i32, i64>) -> Result<(), Error> {
        let OpenPortion { right, mut kept, ctx, .. } =
            begin(hub, (&self.source, &self.stream), &mut self.last).await?;
        for (number, at) in begin_at {
            kept.rows.positions.push((id_of(&self.source.name, &self.from.topic, *number), None, *at));
        }
        self.committer.send(Arc::clone(hub), Sealed::of(ctx, right, kept), begin_at.clone());
        Ok(())
    }
}

impl OpenPortion {
    fn keep(&mut self, hub: &Hub, record: Record) -> Result<(), Error> {
        let Record { rows, bad, .. } = &record;
        for rows in rows.iter().filter(|rows| rows.num_rows() > 0) {
            let (permit, dataset) = (&self.right.permit, &self.right.dataset.name);
            let held = hub.lake().hold(permit, dataset, &self.kept.portion, rows.clone());
            held.map_err(|error| Error::Ingest(error.into()))?;
        }
        self.kept.rows.rows.extend(rows.iter().cloned());
        self.kept.rows.bad.extend(bad.iter().cloned());
        self.kept.records.push(Record { rows: Vec::new(), bad: Vec::new(), ..record });
        Ok(())
    }
}

/// Begins a portion: with a run and a permit.
async fn begin(
    hub: &Arc<Hub>,
    (source, stream): (&membrane_catalog::Source, &str),
    last: &mut i64,
) -> Result<OpenPortion, Error> {
    let ctx = ctx_of(hub, source, Channel::Schedule)?;
    let right = Right::begin(&ctx, hub, (&source.dataset, Some(&source.name))).await;
    let right = right.map_err(|failure| failure.error)?;
    let intake = Intake::new(&right.parts, &right.permit, &right.dataset, &ctx.principal, ctx.now());
    let intake = match intake {
        Ok(intake) => intake,
        Err(error) => return Err(right.run.fail(Error::Ingest(error)).await.error),
    };
    *last += 1;
    let sender = (ctx.principal.clone(), Some(source.name.clone()));
    let head = SegmentHead::new((stream, *last), source.dataset.clone(), sender, ctx.now());
    let kept = Kept::new(head, None);
    let (began, after) = (Instant::now(), BTreeMap::new());
    Ok(OpenPortion { right, intake: Some(intake), kept, ctx, began, after })
}
