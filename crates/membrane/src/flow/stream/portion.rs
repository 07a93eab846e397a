//! A portion of a stream: what one sender pushed within some seconds, from its first event to its commit.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use membrane_catalog::Dataset;
use membrane_ingest::IngestParts;
use membrane_ingest::stream::{Intake, PortionRows, Record, Segment, SegmentHead};
use membrane_lake::Portion;
use membrane_model::{DatasetName, SourceName};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::super::contract::accept;
use super::super::ingest::{parts, references};
use super::super::run::ActiveRun;
use super::sealed::Sealed;
use super::{head, not_kept};
use crate::contracts::ContractError;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;
use crate::streams::Room;
use membrane_policy::Permit;

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
    pub(in crate::flow) portion: Portion,
    pub(in crate::flow) rows: PortionRows,
    /// Its pushes without their rows.
    pub(in crate::flow) records: Vec<Record>,
    /// Bytes of them, as they came; of what an earlier process took in it is not known.
    pub(in crate::flow) bytes: u64,
    pub(in crate::flow) room: Vec<Room>,
}

impl Kept {
    /// Keeps nothing yet, of a portion that begins.
    pub(in crate::flow) fn new(head: SegmentHead, path: Option<PathBuf>) -> Self {
        let portion = Portion { stream: Arc::from(head.stream.as_str()), number: head.number };
        let (rows, records, room) = (PortionRows::default(), Vec::new(), Vec::new());
        Self { head, path, portion, rows, records, bytes: 0, room }
    }
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
                let kept = Kept::new(head, Some(segment.path().to_path_buf()));
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
        Sealed::of(self.ctx, self.right, self.kept)
    }
}
