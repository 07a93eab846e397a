//! The stages of an ingest: each on a thread that may block, with small channels between them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use membrane_catalog::Dataset;
use membrane_lake::Appender;
use membrane_model::Limits;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::check::{Checked, Checker, Counts};
use crate::decode::Found;
use crate::protect::{Protected, Protector};
use crate::resolve::{Resolved, Resolver};
use crate::source::{Delivery, Meter};
use crate::{Format, IngestError, Progress, Reading, decode};

/// Batches that may wait between two stages.
const WAITING: usize = 4;

/// Rows written so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Written {
    pub(super) good: u64,
    pub(super) bad: u64,
}

/// What the stages work with.
pub(super) struct Work {
    pub(super) delivery: Delivery,
    pub(super) meter: Meter,
    pub(super) format: Format,
    pub(super) reading: Reading,
    pub(super) dataset: Arc<Dataset>,
    pub(super) limits: Limits,
    pub(super) checker: Checker,
    pub(super) resolver: Resolver,
    pub(super) protector: Protector,
    pub(super) table: Appender,
    pub(super) quarantine: Appender,
    /// Where the positions of rows that are set aside are noted, when somebody wants to know.
    pub(super) aside: Option<Aside>,
}

/// Positions of rows that were set aside.
pub(crate) type Aside = Arc<Mutex<Vec<i64>>>;

/// What the first stage tells at its end: what was counted, and what the decoder found.
type Seen = (Counts, Found);

/// The stages at work.
pub(super) struct Stages {
    check: JoinHandle<Result<Seen, IngestError>>,
    resolve: JoinHandle<Result<(), IngestError>>,
    protect: JoinHandle<Result<(), IngestError>>,
    write: JoinHandle<(Appender, Appender, Result<Written, IngestError>)>,
    ticks: Receiver<Written>,
    meter: Meter,
}

/// What the stages leave: both tables written, nothing visible.
pub(super) struct Finished {
    pub(super) table: Appender,
    pub(super) quarantine: Appender,
    pub(super) written: Written,
    pub(super) counts: Counts,
    pub(super) found: Found,
}

impl Finished {
    pub(super) async fn abort(self) {
        self.table.abort().await;
        self.quarantine.abort().await;
    }
}

impl Stages {
    /// Starts the stages. They stop at the next batch once `stop` is set.
    pub(super) fn start(work: Work, stop: &Stop) -> Self {
        let Work {
            delivery,
            meter,
            format,
            reading,
            dataset,
            limits,
            checker,
            resolver,
            protector,
            table,
            quarantine,
            aside,
        } = work;
        let runtime = Handle::current();
        let stopped = stop.flag();
        let (to_resolve, from_check) = channel(WAITING);
        let (to_protect, from_resolve) = channel(WAITING);
        let (to_write, from_protect) = channel(WAITING);
        let (tick, ticks) = channel(WAITING);
        Self {
            check: spawn_blocking(move || {
                let decoder = decode::open(delivery, format, &*dataset.delivered(), &limits, &reading)?;
                check(decoder, checker, &stopped, &to_resolve)
            }),
            resolve: spawn_blocking(move || resolve(resolver, from_check, &to_protect)),
            protect: spawn_blocking(move || protect(&protector, from_resolve, &to_write)),
            write: spawn_blocking(move || {
                write(&runtime, (table, quarantine), from_protect, &tick, aside.as_ref())
            }),
            ticks,
            meter,
        }
    }

    /// Waits for all stages; on an error, removes what was written and returns the first cause.
    pub(super) async fn finish(mut self, progress: &dyn Progress) -> Result<Finished, IngestError> {
        while let Some(written) = self.ticks.recv().await {
            progress.rows(self.meter.bytes(), written.good + written.bad);
        }
        let check = joined(self.check).await.and_then(|result| result);
        let resolve = joined(self.resolve).await.and_then(|result| result);
        let protect = joined(self.protect).await.and_then(|result| result);
        let (table, quarantine, write) = joined(self.write).await?;
        let outcome = match (check, resolve, protect, write) {
            (Ok(checked), Ok(()), Ok(()), Ok(written)) => Ok((checked, written)),
            (check, resolve, protect, write) => {
                let errors = [check.err(), resolve.err(), protect.err(), write.err()];
                // A stage that stops makes its neighbours stop: theirs is not the cause.
                let mut errors = errors.into_iter().flatten();
                let cause = errors.find(|error| !matches!(error, IngestError::Stopped));
                Err(cause.unwrap_or(IngestError::Stopped))
            }
        };
        match outcome {
            Ok(((counts, found), written)) => Ok(Finished { table, quarantine, written, counts, found }),
            Err(error) => {
                table.abort().await;
                quarantine.abort().await;
                Err(error)
            }
        }
    }
}

/// Tells everybody at work on a delivery to stop, at the latest when the caller is gone.
#[derive(Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(super) fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.now();
    }
}

fn check(
    mut decoder: Box<dyn decode::Decode>,
    mut checker: Checker,
    stopped: &AtomicBool,
    to: &Sender<Checked>,
) -> Result<Seen, IngestError> {
    if let Some(records) = decoder.records() {
        checker.reserve(records);
    }
    while let Some(delivered) = decoder.next()? {
        if stopped.load(Ordering::Relaxed) {
            return Err(IngestError::Stopped);
        }
        let checked = checker.check(delivered)?;
        to.blocking_send(checked).map_err(|_| IngestError::Stopped)?;
    }
    Ok((checker.finish()?, decoder.found()))
}

fn resolve(
    mut resolver: Resolver,
    mut from: Receiver<Checked>,
    to: &Sender<Resolved>,
) -> Result<(), IngestError> {
    while let Some(checked) = from.blocking_recv() {
        let resolved = resolver.resolve(checked)?;
        to.blocking_send(resolved).map_err(|_| IngestError::Stopped)?;
    }
    Ok(())
}

fn protect(
    protector: &Protector,
    mut from: Receiver<Resolved>,
    to: &Sender<Protected>,
) -> Result<(), IngestError> {
    while let Some(resolved) = from.blocking_recv() {
        let protected = protector.protect(&resolved)?;
        to.blocking_send(protected).map_err(|_| IngestError::Stopped)?;
    }
    Ok(())
}

fn write(
    runtime: &Handle,
    (mut table, mut quarantine): (Appender, Appender),
    mut from: Receiver<Protected>,
    tick: &Sender<Written>,
    aside: Option<&Aside>,
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
                if let (Some(aside), Some(positions)) = (aside, bad.column_by_name("position")) {
                    let positions = positions.as_primitive::<Int64Type>().values();
                    aside.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(positions);
                }
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
pub(super) async fn joined<T>(stage: JoinHandle<T>) -> Result<T, IngestError> {
    stage.await.map_err(|_| IngestError::Broken)
}
