//! Where a column came from and where it went.

mod export;
mod trace;

use membrane_ledger::Direction;
use membrane_model::{Action, ColumnName, DatasetName, FieldRef, LineageEdge, RunId};

use super::run::{ActiveRun, RunHead, job};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

pub use export::{Since, export_lineage};
pub(crate) use trace::described;
pub use trace::{PLACES_DEFAULT, PLACES_MAX, Place, Subject, TraceFound, TraceRequest, What, trace_lineage};

/// Steps that nobody needs to go beyond.
pub const DEPTH_MAX: u32 = 32;

/// Which lineage is wanted.
#[derive(Debug, Clone)]
pub struct LineageRequest {
    /// The dataset.
    pub dataset: DatasetName,
    /// The column.
    pub column: ColumnName,
    /// How many steps to go, at most [`DEPTH_MAX`].
    pub depth_max: u32,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct LineageFound {
    /// The run in which it was looked up.
    pub run: RunId,
    /// The column.
    pub column: FieldRef,
    /// What it was made from.
    pub upstream: Vec<LineageEdge>,
    /// What was made from it.
    pub downstream: Vec<LineageEdge>,
}

/// Looks the lineage of a column up.
///
/// # Errors
/// [`Failure`] when it is refused, there is no such column, or the ledger cannot be read.
pub async fn lineage(ctx: &RequestCtx, hub: &Hub, request: LineageRequest) -> Result<LineageFound, Failure> {
    let known =
        hub.catalog().dataset(&request.dataset).and_then(|dataset| dataset.column(&request.column)).is_some();
    let job = job("lineage", format_args!("{}.{}", request.dataset, request.column), known);
    let head = RunHead { action: Action::Audit, purpose: None, job, statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    match look_up(&mut run, hub, &request).await {
        Ok(found) => {
            run.complete().await?;
            Ok(found)
        }
        Err(error) => Err(run.fail(error).await),
    }
}

async fn look_up(run: &mut ActiveRun, hub: &Hub, request: &LineageRequest) -> Result<LineageFound, Error> {
    run.permit(hub, Vec::new()).await?;
    let dataset = hub.catalog().dataset(&request.dataset).ok_or(Error::UnknownDataset)?;
    dataset.column(&request.column).ok_or(Error::UnknownColumn)?;
    let column = FieldRef::dataset(&request.dataset, &request.column);
    let depth_max = request.depth_max.min(DEPTH_MAX);
    let ledger = hub.ledger();
    let upstream = ledger.lineage(&column, Direction::Upstream, depth_max).await.map_err(Error::Ledger)?;
    let downstream =
        ledger.lineage(&column, Direction::Downstream, depth_max).await.map_err(Error::Ledger)?;
    Ok(LineageFound { run: run.id(), column, upstream, downstream })
}

#[cfg(test)]
mod tests;
