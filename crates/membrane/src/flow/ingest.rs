//! INGEST: a file or a body becomes rows of a dataset, checked, protected and committed at once.

use membrane_ingest::{Format, IngestParts, IngestReport, Input, InputSource, Progress, Reading};
use membrane_ledger::DatasetVersion;
use membrane_model::{Action, DatasetName, RunId};

use super::run::{ActiveRun, RunHead, Work, job};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// What is brought in.
pub struct IngestRequest {
    /// Where to.
    pub dataset: DatasetName,
    /// The bytes.
    pub reader: InputSource,
    /// Their form.
    pub format: Format,
    /// What else is said of how they are to be read.
    pub reading: Reading,
    /// The name of the source; by it a repeated delivery is known. Without one, the content is fingerprinted.
    pub source: Option<String>,
}

/// What became of it.
#[derive(Debug)]
pub struct Ingested {
    /// The run.
    pub run: RunId,
    /// The counts.
    pub report: IngestReport,
}

/// Brings data in.
///
/// # Errors
/// [`Failure`] when it is refused, cannot be read or cannot be stored. Nothing half-written is visible then.
pub async fn ingest(
    ctx: &RequestCtx,
    hub: &Hub,
    request: IngestRequest,
    progress: &dyn Progress,
) -> Result<Ingested, Failure> {
    let head = RunHead {
        action: Action::Ingest,
        purpose: None,
        job: job("ingest", &request.dataset, hub.catalog().dataset(&request.dataset).is_some()),
        statement: None,
    };
    let name = request.dataset.clone();
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let report = match bring_in(&mut run, hub, request, progress).await {
        Ok(report) => report,
        Err(error) => return Err(run.fail(error).await),
    };
    let id = run.id();
    let outputs = report.version.map(|version| DatasetVersion { dataset: name.clone(), version });
    run.work = Work {
        rows_in: Some(report.rows_read),
        rows_out: Some(report.rows_accepted),
        rows_quarantined: Some(report.rows_quarantined),
        outputs: outputs.into_iter().collect(),
        edges: report.edges.clone(),
        ..Work::default()
    };
    run.complete().await?;
    tracing::info!(
        dataset.name = %name, run.id = %id, rows = report.rows_accepted, quarantined = report.rows_quarantined,
        already = report.already, truncated = report.truncated, unknown_columns = report.unknown_columns,
        "ingested {} rows into `{name}`", report.rows_accepted
    );
    Ok(Ingested { run: id, report })
}

async fn bring_in(
    run: &mut ActiveRun,
    hub: &Hub,
    request: IngestRequest,
    progress: &dyn Progress,
) -> Result<IngestReport, Error> {
    let permit = run.permit(hub, vec![request.dataset.clone()]).await?;
    let dataset = permit.dataset(&request.dataset).ok_or(Error::Internal("the permit lacks its dataset"))?;
    let dataset = dataset.dataset().clone();
    let parts = IngestParts {
        lake: hub.lake().clone(),
        ledger: hub.ledger().clone(),
        vault: hub.vault().clone(),
        limits: *hub.limits(),
        scratch: hub.scratch().to_path_buf(),
    };
    let IngestRequest { reader, format, reading, source, .. } = request;
    let input = Input { reader, format, reading, source };
    Box::pin(membrane_ingest::ingest(&parts, &permit, &dataset, input, progress)).await.map_err(Error::Ingest)
}
