//! STREAM: events that are pushed are acknowledged once they are durable, can be read at once, and are committed a little later.
//!
//! ```text
//! push -> lane of the dataset -> portion of the sender: a run, a permit, a segment
//!           a group at a time: taken in, synced, held for readers, acknowledged
//!         every few seconds: the portion is committed by its run, which is closed, and let go of
//! ```
//!
//! A portion belongs to one sender: its run is opened in their name when its first event comes, and what they may do is decided then, for as
//! long as the portion is open (`[streams] commit_seconds`). A commit that fails ends its run; the next try has a run of its own. A portion
//! that is found after a crash is committed in the name of its sender too.

mod lane;
mod list;
mod portion;
mod recover;
mod sealed;

use std::sync::Arc;

use membrane_ingest::IngestError;
use membrane_ingest::stream::{Acknowledged, Push};
use membrane_model::{Action, DatasetName, RunId, SourceName};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use super::run::{ActiveRun, RunHead, job};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;
use crate::streams::Room;

pub(super) use lane::window_of;
pub use list::{Measured, list_streams, measure};
pub(super) use portion::{Kept, Right};
pub(crate) use recover::recover_streams;
pub(super) use sealed::Sealed;

/// A push on its way to its lane.
pub(crate) struct StreamJob {
    hub: Arc<Hub>,
    ctx: RequestCtx,
    /// The source through which it came.
    source: Option<SourceName>,
    push: Push,
    room: Room,
    answer: oneshot::Sender<Result<Pushed, Failure>>,
}

/// What became of a push.
#[derive(Debug, Clone, Copy)]
pub struct Pushed {
    /// The run that commits it.
    pub run: RunId,
    /// The counts.
    pub answer: Acknowledged,
    /// Whether a push of this name came before, with the same in it: this was answered then.
    pub again: bool,
}

/// Makes room for a push of so many bytes at most, before it is read.
///
/// # Errors
/// [`Error::StreamFull`] when too much waits to be committed; [`Error::TooLarge`] when no push may be so long.
pub(crate) fn room_for(hub: &Hub, bytes: u64) -> Result<Room, Error> {
    if bytes > u64::try_from(hub.streams().section().push_bytes).unwrap_or(u64::MAX) {
        return Err(Error::TooLarge);
    }
    hub.streams().room_for(bytes).ok_or(Error::StreamFull)
}

/// Takes in events, and returns when they are durable.
///
/// # Errors
/// [`Failure`] when they are refused, cannot be read or cannot be kept. Nothing of them is kept then.
pub(crate) async fn push(
    ctx: RequestCtx,
    hub: Arc<Hub>,
    (dataset, source): (&DatasetName, Option<SourceName>),
    push: Push,
    room: Room,
) -> Result<Pushed, Failure> {
    if hub.catalog().dataset(dataset).is_none() || hub.is_of_tags(dataset) {
        return Err(refuse(&ctx, &hub, dataset).await);
    }
    let lane = hub.streams().lane(dataset, || lane::begin(&hub, dataset));
    let lane = lane.ok_or_else(|| Failure::without_run(Error::StreamClosed))?;
    let (answer, answered) = oneshot::channel();
    let job = StreamJob { hub, ctx, source, push, room, answer };
    // The queue is short: who finds it full is told at once.
    lane.try_send(job).map_err(|error| {
        Failure::without_run(match error {
            TrySendError::Full(_) => Error::StreamFull,
            TrySendError::Closed(_) => Error::StreamClosed,
        })
    })?;
    answered.await.map_err(|_| Failure::without_run(Error::StreamClosed))?
}

/// Refuses a push to a dataset that there is not, on record, as any other act on it.
async fn refuse(ctx: &RequestCtx, hub: &Hub, dataset: &DatasetName) -> Failure {
    let mut run = match ActiveRun::open(ctx, hub, head(hub, dataset, None)).await {
        Ok(run) => run,
        Err(failure) => return failure,
    };
    let error = match run.permit(hub, vec![dataset.clone()]).await {
        Ok(_) if hub.is_of_tags(dataset) => Error::TagTable { dataset: dataset.clone() },
        Ok(_) => Error::Internal("a permit for a dataset that there is not"),
        Err(error) => error,
    };
    run.fail(error).await
}

/// Says what a run is for: events that are pushed, or those of a source.
fn head(hub: &Hub, dataset: &DatasetName, source: Option<&SourceName>) -> RunHead {
    let job = match source {
        Some(source) => job("source", source, true),
        None => job("stream", dataset, hub.catalog().dataset(dataset).is_some()),
    };
    RunHead { action: Action::Ingest, purpose: None, job, statement: None }
}

/// Says why what was pushed is not kept.
fn not_kept(source: std::io::Error) -> Error {
    Error::Ingest(IngestError::Segment { source })
}
