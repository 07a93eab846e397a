//! The flow of one ingest: three stages over small channels, then two commits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use membrane_catalog::Dataset;
use membrane_lake::{Appender, Target};
use membrane_model::Limits;
use membrane_policy::Permit;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::check::{Checked, Checker};
use crate::commit::{Visible, commit, was_committed};
use crate::protect::{Protected, Protector};
use crate::source::{Delivery, Fingerprint, Meter, Scratch, app_id};
use crate::subjects::Subjects;
use crate::{Format, IngestError, IngestParts, IngestReport, Input, InputSource, Progress, decode, lineage};

/// Batches that may wait between two stages.
const WAITING: usize = 2;

/// Brings one delivery into a dataset: all of it, or nothing. Rows that break the contract are set
/// aside. A delivery that was committed before adds nothing.
///
/// # Errors
/// [`IngestError`]; nothing of the delivery is visible in the table then.
pub async fn ingest(
    hub: &IngestParts,
    permit: &Permit,
    dataset: &Arc<Dataset>,
    input: Input,
    progress: &dyn Progress,
) -> Result<IngestReport, IngestError> {
    let table = hub.lake.append(permit, dataset, Target::Table).await?;
    let quarantine = hub.lake.append(permit, dataset, Target::Quarantine).await?;
    let edges = lineage::edges(dataset, &source_name(&input));
    let name = input.source.clone();

    let file = match &input.reader {
        InputSource::File(path) => {
            let path = path.clone();
            let fingerprint = joined(spawn_blocking({
                let path = path.clone();
                move || Fingerprint::of_file(&path)
            }))
            .await??;
            let id = app_id(&dataset.name, &fingerprint.digest(), name.as_deref());
            if let Some(before) = was_committed(&table, &id).await? {
                return Ok(report(before, Written::default(), BTreeMap::new(), 0, edges));
            }
            Some((path, fingerprint, id))
        }
        InputSource::Stream(_) => None,
    };

    let protector = protector(hub, permit, dataset, &table, &quarantine)?;
    let stages = Stages::start(hub, dataset, input, protector, table, quarantine)?;
    let meter = stages.meter.clone();
    let finished = stages.finish(progress).await?;

    let id = match file {
        Some((path, fingerprint, id)) => {
            if let Err(error) = fingerprint.require_unchanged(&path) {
                finished.abort().await;
                return Err(error);
            }
            id
        }
        None => app_id(&dataset.name, &meter.digest().unwrap_or_default(), name.as_deref()),
    };
    let Finished { table, quarantine, written, reasons } = finished;
    let visible = commit(table, quarantine, &id, written.bad > 0).await?;
    let written = if visible.already { Written::default() } else { written };
    let reasons = if visible.already { BTreeMap::new() } else { reasons };
    Ok(report(visible, written, reasons, meter.bytes(), edges))
}

fn report(
    visible: Visible,
    written: Written,
    reasons: BTreeMap<String, u64>,
    bytes_read: u64,
    edges: Vec<membrane_model::LineageEdge>,
) -> IngestReport {
    IngestReport {
        rows_read: written.good + written.bad,
        rows_accepted: written.good,
        rows_quarantined: written.bad,
        bytes_read,
        version: visible.version,
        quarantine_version: visible.quarantine_version,
        already: visible.already,
        reasons,
        edges,
    }
}

/// Names the source in the lineage: as the deliverer calls it, or by its file.
fn source_name(input: &Input) -> String {
    let file = match &input.reader {
        InputSource::File(path) => path.file_name().and_then(std::ffi::OsStr::to_str),
        InputSource::Stream(_) => None,
    };
    input.source.as_deref().or(file).unwrap_or("stream").to_owned()
}

fn protector(
    hub: &IngestParts,
    permit: &Permit,
    dataset: &Dataset,
    table: &Appender,
    quarantine: &Appender,
) -> Result<Protector, IngestError> {
    let subjects = dataset.subject.as_ref().map(|subject| {
        Subjects::new(hub.ledger.clone(), hub.vault.clone(), Handle::current(), dataset, subject)
    });
    let schemas = (Arc::clone(table.schema()), Arc::clone(quarantine.schema()));
    Protector::new(dataset, &hub.vault, subjects, schemas, permit.run_id().to_string())
}

/// Rows written so far.
#[derive(Debug, Clone, Copy, Default)]
struct Written {
    good: u64,
    bad: u64,
}

/// The three stages at work.
struct Stages {
    check: JoinHandle<Result<BTreeMap<String, u64>, IngestError>>,
    protect: JoinHandle<Result<(), IngestError>>,
    write: JoinHandle<(Appender, Appender, Result<Written, IngestError>)>,
    ticks: Receiver<Written>,
    meter: Meter,
    _stop: StopOnDrop,
}

/// What the stages leave: both tables written, nothing visible.
struct Finished {
    table: Appender,
    quarantine: Appender,
    written: Written,
    reasons: BTreeMap<String, u64>,
}

impl Finished {
    async fn abort(self) {
        self.table.abort().await;
        self.quarantine.abort().await;
    }
}

impl Stages {
    fn start(
        hub: &IngestParts,
        dataset: &Arc<Dataset>,
        input: Input,
        protector: Protector,
        table: Appender,
        quarantine: Appender,
    ) -> Result<Self, IngestError> {
        let scratch = Scratch {
            folder: hub.scratch.clone(),
            key: hub.vault.quarantine_key(&dataset.name),
            dataset: dataset.name.clone(),
        };
        let runtime = Handle::current();
        let (delivery, meter) = Delivery::open(input.reader, scratch, runtime.clone())?;
        let checker = Checker::new(Arc::clone(dataset), hub.scratch.clone())?;
        let stop = StopOnDrop::default();
        let stopped = Arc::clone(&stop.0);
        let (to_protect, from_check) = channel(WAITING);
        let (to_write, from_protect) = channel(WAITING);
        let (tick, ticks) = channel(WAITING);
        let (dataset, limits, format) = (Arc::clone(dataset), hub.limits, input.format);
        Ok(Self {
            check: spawn_blocking(move || {
                decode_and_check(delivery, format, &dataset, &limits, checker, &stopped, &to_protect)
            }),
            protect: spawn_blocking(move || protect(protector, from_check, &to_write)),
            write: spawn_blocking(move || write(&runtime, table, quarantine, from_protect, &tick)),
            ticks,
            meter,
            _stop: stop,
        })
    }

    /// Waits for all stages; on an error, removes what was written and returns the first cause.
    async fn finish(mut self, progress: &dyn Progress) -> Result<Finished, IngestError> {
        while let Some(written) = self.ticks.recv().await {
            progress.rows(self.meter.bytes(), written.good + written.bad);
        }
        let check = joined(self.check).await.and_then(|result| result);
        let protect = joined(self.protect).await.and_then(|result| result);
        let (table, quarantine, write) = joined(self.write).await?;
        let outcome = match (check, protect, write) {
            (Ok(reasons), Ok(()), Ok(written)) => Ok((reasons, written)),
            (check, protect, write) => {
                let errors = [check.err(), protect.err(), write.err()];
                // A stage that stops makes its neighbours stop: theirs is not the cause.
                let mut errors = errors.into_iter().flatten();
                let cause = errors.find(|error| !matches!(error, IngestError::Stopped));
                Err(cause.unwrap_or(IngestError::Stopped))
            }
        };
        match outcome {
            Ok((reasons, written)) => Ok(Finished { table, quarantine, written, reasons }),
            Err(error) => {
                table.abort().await;
                quarantine.abort().await;
                Err(error)
            }
        }
    }
}

/// Tells the first stage to stop when the caller is gone; the others follow.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn decode_and_check(
    delivery: Delivery,
    format: Format,
    dataset: &Dataset,
    limits: &Limits,
    mut checker: Checker,
    stopped: &AtomicBool,
    to: &Sender<Checked>,
) -> Result<BTreeMap<String, u64>, IngestError> {
    let mut decoder = decode::open(delivery, format, dataset, limits)?;
    while let Some(delivered) = decoder.next()? {
        if stopped.load(Ordering::Relaxed) {
            return Err(IngestError::Stopped);
        }
        let checked = checker.check(delivered)?;
        to.blocking_send(checked).map_err(|_| IngestError::Stopped)?;
    }
    Ok(checker.reasons())
}

fn protect(
    mut protector: Protector,
    mut from: Receiver<Checked>,
    to: &Sender<Protected>,
) -> Result<(), IngestError> {
    while let Some(checked) = from.blocking_recv() {
        let protected = protector.protect(&checked)?;
        to.blocking_send(protected).map_err(|_| IngestError::Stopped)?;
    }
    Ok(())
}

fn write(
    runtime: &Handle,
    mut table: Appender,
    mut quarantine: Appender,
    mut from: Receiver<Protected>,
    tick: &Sender<Written>,
) -> (Appender, Appender, Result<Written, IngestError>) {
    let mut written = Written::default();
    while let Some(protected) = from.blocking_recv() {
        let result = runtime.block_on(async {
            if let Some(rows) = protected.rows {
                written.good += u64::try_from(rows.num_rows()).unwrap_or_default();
                table.write(rows).await?;
            }
            if let Some(bad) = protected.bad {
                written.bad += u64::try_from(bad.num_rows()).unwrap_or_default();
                quarantine.write(bad).await?;
            }
            Ok::<_, IngestError>(())
        });
        if let Err(error) = result {
            return (table, quarantine, Err(error));
        }
        // Nobody may be looking.
        let _ = tick.try_send(written);
    }
    (table, quarantine, Ok(written))
}

/// Waits for a stage; one that panicked is an error like others.
async fn joined<T>(stage: JoinHandle<T>) -> Result<T, IngestError> {
    stage.await.map_err(|_| IngestError::Broken)
}

#[cfg(test)]
mod tests;
