//! Streams are listed: what came, what waits, what failed.

use std::sync::Arc;

use chrono::TimeDelta;
use membrane_model::{Action, DatasetName, RunId};

use super::super::run::{ActiveRun, RunHead, finish};
use super::super::source::{SourceTold, sources_told};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;
use crate::stream_state::{StreamState, StreamTold};

/// Lists the streams of this process, by dataset.
///
/// # Errors
/// [`Failure`] when it is refused.
pub async fn list_streams(
    ctx: &RequestCtx,
    hub: &Hub,
) -> Result<(RunId, Vec<(DatasetName, StreamTold)>), Failure> {
    let head = RunHead { action: Action::Audit, purpose: None, job: "streams".to_owned(), statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let listed = list(&mut run, hub).await;
    finish(run, listed).await
}

/// The streams of a process by dataset, and where each source stands.
pub type Measured = (Vec<(DatasetName, StreamTold)>, Vec<SourceTold>);

/// Tells what metrics have of streams and sources.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn measure(ctx: &RequestCtx, hub: &Hub) -> Result<Measured, Failure> {
    let head = RunHead { action: Action::Audit, purpose: None, job: "metrics".to_owned(), statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let measured = match list(&mut run, hub).await {
        Ok(streams) => sources_told(hub).await.map(|sources| (streams, sources)),
        Err(error) => Err(error),
    };
    finish(run, measured).await.map(|(_, measured)| measured)
}

async fn list(run: &mut ActiveRun, hub: &Hub) -> Result<Vec<(DatasetName, StreamTold)>, Error> {
    run.permit(hub, Vec::new()).await?;
    let told = |(dataset, state): (DatasetName, Arc<StreamState>)| {
        let mut told = state.told();
        let latency = hub.catalog().dataset(&dataset).and_then(|dataset| dataset.service.latency);
        let latency = latency.and_then(|latency| TimeDelta::from_std(latency).ok()).unwrap_or_default();
        told.watermark = told.newest.and_then(|newest| newest.checked_sub_signed(latency));
        (dataset, told)
    };
    Ok(hub.streams().told().into_iter().map(told).collect())
}
