//! A portion of a stream: what one sender pushed within some seconds, from its first event to its commit.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use membrane_catalog::Dataset;
use membrane_ingest::IngestParts;
use membrane_ingest::stream::{
    Intake, PortionRows, Portioned, Record, Segment, SegmentHead, commit_portion, purge_seen, retire_segment,
};
use membrane_lake::Portion;
use membrane_ledger::{DatasetVersion, Delivery};
use membrane_model::{DatasetName, SourceName};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::super::contract::accept;
use super::super::hook::tell_of_hook;
use super::super::ingest::{parts, references};
use super::super::run::{ActiveRun, Work};
use super::{head, not_kept};
use crate::contracts::ContractError;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;
use crate::stream_state::StreamState;
use crate::streams::Room;
use membrane_policy::Permit;

/// After so many portions it is looked for ids that are not to be known any more.
const PURGE_EACH: i64 = 16;

/// The right to work on a portion: an open run, and what it may do.
pub(in crate::flow) struct Right {
    pub(in crate::flow) run: ActiveRun,
    pub(in crate::flow) permit: Permit,
    pub(in crate::flow) parts: IngestParts,
    pub(in crate::flow) dataset: Arc<Dataset>,
}

impl Right {
    /// Opens a run for a portion; the table says whether its rows go on with the contract.
    pub(in crate::flow) async fn open(
        ctx: &RequestCtx,
        hub: &Hub,
        of: (&DatasetName, Option<&SourceName>),
    ) -> Result<Self, Failure> {
        Self::open_by(ctx, hub, of, false).await
    }

    /// Opens a run for a portion that begins. If the table said before how its rows go on it is not asked: the store may be away. The commit
    /// asks.
    pub(in crate::flow) async fn begin(
        ctx: &RequestCtx,
        hub: &Hub,
        of: (&DatasetName, Option<&SourceName>),
    ) -> Result<Self, Failure> {
        Self::open_by(ctx, hub, of, true).await
    }

    async fn open_by(
        ctx: &RequestCtx,
        hub: &Hub,
        (dataset, source): (&DatasetName, Option<&SourceName>),
        as_known: bool,
    ) -> Result<Self, Failure> {
        let mut run = ActiveRun::open(ctx, hub, head(hub, dataset, source)).await?;
        match Self::permitted(&mut run, hub, dataset, as_known).await {
            Ok((permit, parts, dataset)) => Ok(Self { run, permit, parts, dataset }),
            Err(error) => Err(run.fail(error).await),
        }
    }

    async fn permitted(
        run: &mut ActiveRun,
        hub: &Hub,
        dataset: &DatasetName,
        as_known: bool,
    ) -> Result<(Permit, IngestParts, Arc<Dataset>), Error> {
        let permit = run.permit(hub, vec![dataset.clone()]).await?;
        let dataset = permit.dataset(dataset).ok_or(Error::Internal("the permit lacks its dataset"))?;
        let dataset = dataset.dataset().clone();
        let known = hub.streams().accepted(&dataset).filter(|_| as_known);
        let revision = match known {
            Some(known) => known,
            None => {
                let asked = accept(run, hub, &dataset).await;
                // A store that is away says nothing of the contract.
                if !matches!(asked, Err(Error::Contract(ContractError::Lake(_)))) {
                    hub.streams().accept(&dataset, asked.as_ref().ok().copied());
                }
                asked?
            }
        };
        let parts = IngestParts { revision: Some(revision), ..parts(hub) };
        let references = references(run, hub, &parts, &dataset).await?;
        Ok((permit, IngestParts { references, ..parts }, dataset))
    }
}

/// A portion that takes in pushes.
pub(super) struct OpenPortion {
    pub(super) right: Right,
    /// Taken while a group is worked on.
    pub(super) intake: Option<Intake>,
    pub(super) segment: Option<Segment>,
    pub(in crate::flow) kept: Kept,
    pub(super) began: Instant,
    pub(super) ctx: RequestCtx,
}

/// What a portion keeps until it is committed.
pub(in crate::flow) struct Kept {
    pub(in crate::flow) head: SegmentHead,
    /// The segment in which its rows lie; none of what can be read again where it came from.
    pub(in crate::flow) path: Option<PathBuf>,
    /// The source from which it came, if it did not come by a push.
    pub(in crate::flow) source: Option<SourceName>,
    pub(in crate::flow) portion: Portion,
    pub(in crate::flow) rows: PortionRows,
    /// Its pushes without their rows.
    pub(in crate::flow) records: Vec<Record>,
    /// Bytes of them, as they came; of what an earlier process took in it is not known.
    pub(in crate::flow) bytes: u64,
    pub(in crate::flow) room: Vec<Room>,
    /// Whether its rows can be read already.
    pub(in crate::flow) is_held: bool,
    /// What its commit did, once it is made: what follows may fail, and is tried again.
    pub(in crate::flow) done: Option<Portioned>,
    /// Whether that is counted already.
    pub(in crate::flow) is_noted: bool,
}

impl OpenPortion {
    /// Begins a portion: with a run, a permit and a segment.
    pub(super) async fn begin(ctx: &RequestCtx, hub: &Hub, head: SegmentHead) -> Result<Self, Failure> {
        let right = Right::begin(ctx, hub, (&head.dataset, head.source.as_ref())).await?;
        let folder = hub.streams().folder_of(&head.dataset);
        let (own, made) = (head.clone(), spawn_blocking);
        let segment = made(move || Segment::create(&folder, &own)).await;
        let segment = segment.unwrap_or_else(|_| Err(io::Error::other("it stopped")));
        let intake = Intake::new(&right.parts, &right.permit, &right.dataset, &ctx.principal, ctx.now());
        match (segment, intake) {
            (Ok(segment), Ok(intake)) => {
                let portion = Portion { stream: Arc::from(head.stream.as_str()), number: head.number };
                let kept = Kept {
                    path: Some(segment.path().to_path_buf()),
                    source: head.source.clone(),
                    head,
                    portion,
                    rows: PortionRows::default(),
                    records: Vec::new(),
                    bytes: 0,
                    room: Vec::new(),
                    is_held: true,
                    done: None,
                    is_noted: false,
                };
                let (intake, segment) = (Some(intake), Some(segment));
                Ok(Self { right, intake, segment, kept, began: Instant::now(), ctx: ctx.clone() })
            }
            (Err(error), _) => Err(right.run.fail(not_kept(error)).await),
            (Ok(segment), Err(error)) => {
                // Nothing of it was acknowledged.
                let _ = std::fs::remove_file(segment.path());
                Err(right.run.fail(Error::Ingest(error)).await)
            }
        }
    }

    /// Ends it: it takes nothing in any more.
    pub(super) fn seal(self) -> Sealed {
        Sealed { ctx: self.ctx, right: Some(self.right), kept: self.kept }
    }
}

/// A portion that is to be committed.
pub(in crate::flow) struct Sealed {
    pub(in crate::flow) ctx: RequestCtx,
    pub(in crate::flow) right: Option<Right>,
    pub(in crate::flow) kept: Kept,
}

impl Sealed {
    /// Tries to commit it; on a failure its run is ended, and it may be tried again.
    pub(in crate::flow) async fn commit(&mut self, hub: &Hub, told: &StreamState) -> Result<(), Failure> {
        let mut right = match self.right.take() {
            Some(right) => right,
            None => Right::open(&self.ctx, hub, (&self.kept.head.dataset, self.kept.source.as_ref())).await?,
        };
        if let Err(error) = self.hold(hub, &right) {
            return Err(right.run.fail(error).await);
        }
        let Kept { portion, rows, .. } = &self.kept;
        let done = match self.kept.done {
            Some(done) => done,
            None => {
                let (parts, permit) = (&right.parts, &right.permit);
                match Box::pin(commit_portion(parts, permit, &right.dataset, portion, rows)).await {
                    Ok(done) => done,
                    Err(error) => return Err(right.run.fail(Error::Ingest(error)).await),
                }
            }
        };
        self.kept.done = Some(done);
        if !self.kept.is_noted
            && let Err(error) = self.note(hub, &right, done).await
        {
            return Err(right.run.fail(Error::Record(error)).await);
        }
        right.run.work = self.work(&right, done);
        let dataset = self.kept.head.dataset.clone();
        hub.lake().let_go(&dataset, &self.kept.portion);
        if !std::mem::replace(&mut self.kept.is_noted, true) {
            let accepted = self.kept.records.iter().map(|record| record.counts.answer.accepted).sum();
            told.committed(accepted, self.ctx.now());
        }
        let run = right.run.id();
        right.run.complete().await?;
        // Its rows are committed: what is left of it hurts nobody, and is known as such when it is found.
        if let Err(error) = self.retire(hub).await {
            tracing::warn!(dataset.name = %dataset, "a segment that is committed could not be put away: {}", error.kind());
        }
        if let (Some(source), Some(_)) = (&self.kept.source, &self.kept.path) {
            tell_of_hook(hub, source, Some(run), None).await;
        }
        Ok(())
    }

    /// Lets its rows be read, if they cannot be yet.
    pub(super) fn hold(&mut self, hub: &Hub, right: &Right) -> Result<(), Error> {
        if self.kept.is_held {
            return Ok(());
        }
        for rows in &self.kept.rows.rows {
            let held = hub.lake().hold(&right.permit, &right.dataset.name, &self.kept.portion, rows.clone());
            held.map_err(|error| Error::Ingest(error.into()))?;
        }
        self.kept.is_held = true;
        Ok(())
    }

    /// Writes down what came, for the history of quality.
    async fn note(
        &self,
        hub: &Hub,
        right: &Right,
        done: Portioned,
    ) -> Result<(), membrane_ledger::LedgerError> {
        let (dataset, now) = (&right.dataset.name, self.ctx.now());
        hub.ledger().note_delivered(dataset, now).await?;
        if done.already {
            return Ok(());
        }
        let mut delivery = Delivery {
            run: right.run.id(),
            dataset: dataset.clone(),
            source: self.kept.source.clone(),
            ended: now,
            rows_in: 0,
            rows_accepted: 0,
            rows_quarantined: 0,
            reasons: std::collections::BTreeMap::new(),
            rows_late: 0,
            totals: Vec::new(),
        };
        for record in &self.kept.records {
            let answer = &record.counts.answer;
            delivery.rows_in += answer.accepted + answer.quarantined;
            delivery.rows_accepted += answer.accepted;
            delivery.rows_quarantined += answer.quarantined;
            delivery.rows_late += answer.late;
            for (reason, count) in &record.counts.reasons {
                *delivery.reasons.entry(reason.clone()).or_default() += count;
            }
        }
        hub.ledger().note_delivery(&delivery, self.kept.bytes).await
    }

    fn work(&self, right: &Right, done: Portioned) -> Work {
        let answers = || self.kept.records.iter().map(|record| record.counts.answer);
        let version =
            done.version.map(|version| DatasetVersion { dataset: right.dataset.name.clone(), version });
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

    async fn retire(&mut self, hub: &Hub) -> io::Result<()> {
        let Some(path) = self.kept.path.clone() else { return Ok(()) };
        let (now, remembered) = (self.ctx.now(), hub.streams().section().remember_seconds);
        let before = now - TimeDelta::seconds(2 * i64::from(remembered));
        let (folder, purges) =
            (hub.streams().folder_of(&self.kept.head.dataset), self.kept.head.number % PURGE_EACH == 0);
        let head = self.kept.head.clone();
        let records = std::mem::take(&mut self.kept.records);
        let retired = spawn_blocking(move || {
            retire_segment(&path, &head, &records)?;
            if purges { purge_seen(&folder, before) } else { Ok(()) }
        })
        .await;
        retired.unwrap_or_else(|_| Err(io::Error::other("it stopped")))
    }
}
