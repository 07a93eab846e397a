//! INGEST: a file or a body becomes rows of a dataset, checked, protected and committed at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use membrane_catalog::{Dataset, Source, TableSource};
use membrane_ingest::{
    ControlTotals, DatabaseUrl, Format, IngestParts, IngestReport, Input, InputSource, Piece, Progress,
    Reading, References, position, read_table,
};
use membrane_ledger::{DatasetVersion, Delivery};
use membrane_model::{Action, DatasetName, RunId, SourceName};
use membrane_policy::Permit;

use super::contract::accept;
use super::refused::note_refused;
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
    /// What its source says that it has.
    pub control: Option<ControlTotals>,
}

/// What became of it.
#[derive(Debug)]
pub struct Ingested {
    /// The run.
    pub run: RunId,
    /// The counts.
    pub report: IngestReport,
    /// Where it ends, in a source that is read piece by piece.
    pub position: Option<i64>,
}

/// What a run takes in.
pub(super) enum Taking<'a> {
    /// A delivery that lies there.
    Delivery(Input),
    /// What a table has that was not taken in yet.
    Table {
        source: &'a Source,
        table: &'a TableSource,
        url: DatabaseUrl,
        /// A piece that fits, if nobody went on meanwhile.
        piece: Option<Piece>,
    },
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
    let IngestRequest { dataset, reader, format, reading, source, control } = request;
    let input = Input { reading, control, ..Input::new(reader, format, source, ctx.now()) };
    let job = job("ingest", &dataset, hub.catalog().dataset(&dataset).is_some());
    let taken = take_in(ctx, hub, (job, None), &dataset, Taking::Delivery(input), progress).await;
    if let Err(failure) = &taken
        && let Err(error) = note_refused(ctx, hub, &dataset, (None, None), failure).await
    {
        return Err(Failure { error, run: failure.run });
    }
    taken?.ok_or_else(|| Failure::without_run(Error::Internal("a delivery was not looked at")))
}

/// Takes in a delivery, or what a table has that is new; nothing when it has nothing.
pub(super) async fn take_in(
    ctx: &RequestCtx,
    hub: &Hub,
    (job, source): (String, Option<&SourceName>),
    name: &DatasetName,
    taking: Taking<'_>,
    progress: &dyn Progress,
) -> Result<Option<Ingested>, Failure> {
    let head = RunHead { action: Action::Ingest, purpose: None, job, statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let id = run.id();
    let (report, position) = match bring_in(&mut run, (ctx, hub), name, taking, progress).await {
        Ok(Some(brought)) => brought,
        Ok(None) => {
            run.complete().await?;
            return Ok(None);
        }
        Err(error) => return Err(run.fail(error).await),
    };
    if let Err(error) = hub.ledger().note_delivered(name, ctx.now()).await {
        return Err(run.fail(Error::Record(error)).await);
    }
    if !report.already
        && let Err(error) = note(ctx, hub, (id, name, source), &report).await
    {
        return Err(run.fail(error).await);
    }
    let outputs = report.version.map(|version| DatasetVersion { dataset: name.clone(), version });
    run.work = Work {
        rows_in: Some(report.rows_read),
        rows_out: Some(report.rows_accepted),
        rows_quarantined: Some(report.rows_quarantined),
        outputs: outputs.into_iter().collect(),
        edges: report.edges.clone(),
        inputs: std::mem::take(&mut run.work.inputs),
        ..Work::default()
    };
    run.complete().await?;
    tracing::info!(
        dataset.name = %name, run.id = %id, rows = report.rows_accepted, quarantined = report.rows_quarantined,
        already = report.already, truncated = report.truncated, unknown_columns = report.unknown_columns,
        "ingested {} rows into `{name}`", report.rows_accepted
    );
    Ok(Some(Ingested { run: id, report, position }))
}

/// Writes down what became of a delivery: the history of quality.
async fn note(
    ctx: &RequestCtx,
    hub: &Hub,
    (run, dataset, source): (RunId, &DatasetName, Option<&SourceName>),
    report: &IngestReport,
) -> Result<(), Error> {
    let delivery = Delivery {
        run,
        dataset: dataset.clone(),
        source: source.cloned(),
        ended: ctx.now(),
        rows_in: report.rows_read,
        rows_accepted: report.rows_accepted,
        rows_quarantined: report.rows_quarantined,
        reasons: report.reasons.clone(),
        rows_late: report.rows_late,
        totals: report.reconciled.clone(),
    };
    hub.ledger().note_delivery(&delivery, report.bytes_read).await.map_err(Error::Record)
}

async fn bring_in(
    run: &mut ActiveRun,
    (ctx, hub): (&RequestCtx, &Hub),
    name: &DatasetName,
    taking: Taking<'_>,
    progress: &dyn Progress,
) -> Result<Option<(IngestReport, Option<i64>)>, Error> {
    let permit = run.permit(hub, vec![name.clone()]).await?;
    // Only to who may deliver at all.
    if hub.is_of_tags(name) {
        return Err(Error::TagTable { dataset: name.clone() });
    }
    let dataset = permit.dataset(name).ok_or(Error::Internal("the permit lacks its dataset"))?;
    let dataset = dataset.dataset().clone();
    let revision = accept(run, hub, &dataset).await?;
    let parts = IngestParts { revision: Some(revision), ..parts(hub) };
    let references = references(run, hub, &parts, &dataset).await?;
    let parts = IngestParts { references, ..parts };
    let input = match taking {
        Taking::Delivery(input) => input,
        Taking::Table { source, table, url, piece } => {
            let piece = newest(&parts, (&permit, &dataset), (source, table), &url, piece).await?;
            let Some(piece) = piece else { return Ok(None) };
            piece_input(source, piece, ctx.now())
        }
    };
    let after = input.position.as_ref().map(|position| position.after);
    let report = membrane_ingest::ingest(&parts, &permit, &dataset, input, progress);
    let report = Box::pin(report).await.map_err(Error::Ingest)?;
    Ok(Some((report, after)))
}

/// Reads the keys of what columns of a dataset refer to, by a permit to ingest those other datasets; nothing when none refers.
pub(super) async fn references(
    run: &mut ActiveRun,
    hub: &Hub,
    parts: &IngestParts,
    dataset: &Dataset,
) -> Result<Option<Arc<References>>, Error> {
    let columns = dataset.columns.iter();
    let named: BTreeSet<&DatasetName> =
        columns.filter_map(|column| Some(&column.rules.reference.as_ref()?.dataset)).collect();
    if named.is_empty() {
        return Ok(None);
    }
    let permit = run.permit(hub, named.into_iter().cloned().collect()).await?;
    let references = References::read(parts, &permit, dataset).await.map_err(Error::Ingest)?;
    let read = references.versions().iter();
    run.work.inputs = read
        .map(|(dataset, version)| DatasetVersion { dataset: dataset.clone(), version: *version })
        .collect();
    Ok(Some(references))
}

/// Returns the parts of the hub that rows are brought in with.
pub(super) fn parts(hub: &Hub) -> IngestParts {
    IngestParts {
        lake: hub.lake().clone(),
        ledger: hub.ledger().clone(),
        vault: hub.vault().clone(),
        limits: *hub.limits(),
        scratch: hub.scratch().to_path_buf(),
        revision: None,
        references: None,
    }
}

/// Returns the piece that begins where the table's log says that the last one ended.
async fn newest(
    parts: &IngestParts,
    (permit, dataset): (&Permit, &Arc<Dataset>),
    (source, table): (&Source, &TableSource),
    url: &DatabaseUrl,
    piece: Option<Piece>,
) -> Result<Option<Piece>, Error> {
    let id = format!("source/{}", source.name);
    let last = position(parts, permit, dataset, &id).await.map_err(Error::Ingest)?;
    match piece {
        Some(piece) if piece.position.before == last => Ok(Some(piece)),
        _ => read_table(&source.name, table, url, dataset, last).await.map_err(Error::Connect),
    }
}

/// Makes a delivery of a piece. Its name has the place in it: another piece may hold the same rows.
fn piece_input(source: &Source, piece: Piece, came: DateTime<Utc>) -> Input {
    let called = format!("{}/{}", piece.position.id, piece.position.after);
    Input {
        position: Some(piece.position),
        bad_share_max: source.bad_share_max,
        control: piece.totals.map(|totals| ControlTotals { on_difference: source.on_difference, ..totals }),
        ..Input::new(piece.reader, Format::Csv, Some(called), came)
    }
}
