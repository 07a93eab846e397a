//! QUARANTINE: what was set aside is counted, shown to those who may see it, and taken in again after a fix.

use std::sync::Arc;

use membrane_catalog::Dataset;
use membrane_ingest::{
    AsideCount, AsideFilter, AsideRow, IngestParts, Progress, ReplayReport, count_aside, may_open_aside,
    replay, show_aside,
};
use membrane_ledger::{DatasetVersion, Delivery};
use membrane_model::{Action, DatasetName, Purpose, RunId};
use membrane_policy::Permit;

use super::contract::accept;
use super::ingest::{parts, references};
use super::run::{ActiveRun, RunHead, Work, finish, job};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// Rows that are shown at most.
pub const ASIDE_ROWS_MAX: usize = 10_000;

/// Rows that were set aside, as far as they are shown.
#[derive(Debug)]
pub struct AsideShown {
    /// The rows.
    pub rows: Vec<AsideRow>,
    /// Whether they were opened: whoever asks may see every column of every row in clear.
    pub opened: bool,
}

/// Counts what datasets set aside: of one dataset, or of all that the asker may bring rows into.
///
/// # Errors
/// [`Failure`] when it is refused or cannot be read.
pub async fn count_quarantine(
    ctx: &RequestCtx,
    hub: &Hub,
    dataset: &DatasetName,
) -> Result<(RunId, Vec<AsideCount>), Failure> {
    let mut run = open(ctx, hub, (Action::Ingest, None), ("quarantine of", dataset)).await?;
    let counted = async {
        let (permit, dataset) = permitted(&mut run, hub, dataset).await?;
        count_aside(&parts(hub), &permit, &dataset).await.map_err(Error::Ingest)
    };
    let counted = Box::pin(counted).await;
    finish(run, counted).await
}

/// Shows rows that a dataset set aside: reasons and positions to whoever brings rows in; the rows themselves to whoever may see every
/// column of every row in clear, for the purpose that is stated, and nothing to anybody else who states one.
///
/// # Errors
/// [`Failure`] when it is refused or cannot be read.
pub async fn show_quarantine(
    ctx: &RequestCtx,
    hub: &Hub,
    (dataset, purpose): (&DatasetName, Option<Purpose>),
    filter: AsideFilter,
) -> Result<(RunId, AsideShown), Failure> {
    let action = if purpose.is_some() { Action::Read } else { Action::Ingest };
    let filter = AsideFilter { rows_max: filter.rows_max.min(ASIDE_ROWS_MAX), ..filter };
    let mut run = open(ctx, hub, (action, purpose), ("show quarantine of", dataset)).await?;
    let shown = Box::pin(show(&mut run, hub, dataset, filter)).await;
    finish(run, shown).await
}

async fn show(
    run: &mut ActiveRun,
    hub: &Hub,
    name: &DatasetName,
    filter: AsideFilter,
) -> Result<AsideShown, Error> {
    let (permit, dataset) = permitted(run, hub, name).await?;
    let opened = permit.action() == Action::Read && permit.dataset(name).is_some_and(may_open_aside);
    let rows = show_aside(&parts(hub), &permit, &dataset, filter).await.map_err(Error::Ingest)?;
    let opened_rows = rows.iter().filter(|row| row.row.is_some()).count();
    run.work = Work { rows_out: u64::try_from(rows.len()).ok(), ..Work::default() };
    let cells = u64::try_from(opened_rows.saturating_mul(dataset.columns.len())).unwrap_or(u64::MAX);
    run.work.cells_opened.fetch_add(cells, std::sync::atomic::Ordering::Relaxed);
    Ok(AsideShown { rows, opened })
}

/// Takes rows in that were set aside and fit the contract by now: of one run, or of all.
///
/// # Errors
/// [`Failure`] when it is refused, another replay is at work, or something cannot be stored. No row is lost, and none is there twice.
pub async fn replay_quarantine(
    ctx: &RequestCtx,
    hub: &Hub,
    (name, of): (&DatasetName, Option<RunId>),
    progress: &dyn Progress,
) -> Result<(RunId, ReplayReport), Failure> {
    let mut run = open(ctx, hub, (Action::Ingest, None), ("replay quarantine of", name)).await?;
    let replayed = Box::pin(take_again(&mut run, ctx, hub, (name, of), progress)).await;
    finish(run, replayed).await
}

async fn take_again(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    (name, of): (&DatasetName, Option<RunId>),
    progress: &dyn Progress,
) -> Result<ReplayReport, Error> {
    let (permit, dataset) = permitted(run, hub, name).await?;
    let revision = accept(run, hub, &dataset).await?;
    let parts = IngestParts { revision: Some(revision), ..parts(hub) };
    let references = references(run, hub, &parts, &dataset).await?;
    let parts = IngestParts { references, ..parts };
    let report =
        replay(&parts, &permit, &dataset, (of, hub.clock()), progress).await.map_err(Error::Ingest)?;
    let outputs = report.version.map(|version| DatasetVersion { dataset: name.clone(), version });
    run.work = Work {
        rows_in: Some(report.rows_tried),
        rows_out: Some(report.rows_accepted),
        outputs: outputs.into_iter().collect(),
        edges: report.edges.clone(),
        inputs: std::mem::take(&mut run.work.inputs),
        ..Work::default()
    };
    if report.rows_accepted > 0 {
        let delivery = Delivery {
            run: run.id(),
            dataset: name.clone(),
            source: None,
            ended: ctx.now(),
            // What is refused again was counted when it was set aside.
            rows_in: report.rows_accepted,
            rows_accepted: report.rows_accepted,
            rows_quarantined: 0,
            reasons: std::collections::BTreeMap::new(),
            rows_late: 0,
            totals: Vec::new(),
        };
        hub.ledger().note_delivery(&delivery, 0).await.map_err(Error::Record)?;
    }
    Ok(report)
}

async fn open(
    ctx: &RequestCtx,
    hub: &Hub,
    (action, purpose): (Action, Option<Purpose>),
    (verb, dataset): (&str, &DatasetName),
) -> Result<ActiveRun, Failure> {
    let job = job(verb, dataset, hub.catalog().dataset(dataset).is_some());
    ActiveRun::open(ctx, hub, RunHead { action, purpose, job, statement: None }).await
}

async fn permitted(
    run: &mut ActiveRun,
    hub: &Hub,
    name: &DatasetName,
) -> Result<(Permit, Arc<Dataset>), Error> {
    let permit = run.permit(hub, vec![name.clone()]).await?;
    let dataset = permit.dataset(name).ok_or(Error::Internal("the permit lacks its dataset"))?;
    let dataset = Arc::clone(dataset.dataset());
    Ok((permit, dataset))
}
