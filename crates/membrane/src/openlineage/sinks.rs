//! The sinks of a process: each has a queue and a task of its own, so that one that is down stops no run and no other sink.
//!
//! ```text
//! run opens, run closes -> try_send -> [queue of one sink] -> its task: record from the ledger -> event -> file, POST
//!                              |full: counted                              |failed for good: counted
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use membrane_catalog::Catalog;
use membrane_ledger::Ledger;
use membrane_model::RunId;
use serde_json::Value;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;

use super::endpoint::{Endpoint, Missed, pause};
use super::event::{Maker, Names};
use super::file::EventFile;
use crate::config::OpenLineageSection;

/// Events that are appended to a file at once.
const BATCH: usize = 64;

/// What became of a run.
#[derive(Debug, Clone)]
struct Happened {
    run: RunId,
    is_closed: bool,
    /// What datasets are at that time.
    catalog: Arc<Catalog>,
}

/// What a sink has done since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SinkTold {
    /// Events that it took.
    pub(crate) sent: u64,
    /// Events that it did not get.
    pub(crate) dropped: u64,
    /// Events that wait.
    pub(crate) waiting: u64,
    /// Whether the last one failed.
    pub(crate) is_failing: bool,
}

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    dropped: AtomicU64,
    is_failing: AtomicBool,
    /// How many wait, or are being sent.
    waiting: watch::Sender<u64>,
}

impl Counts {
    fn took(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    fn dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes whether the sink works, and says so when that changes.
    fn works(&self, name: &'static str, works: bool) {
        if self.is_failing.swap(!works, Ordering::Relaxed) == works {
            if works {
                tracing::info!(sink = name, "the lineage sink `{name}` takes events again");
            } else {
                tracing::warn!(
                    sink = name,
                    "the lineage sink `{name}` does not take events; `membrane lineage export` has what it misses"
                );
            }
            // Whoever waits for what is on its way waits no more.
            self.waiting.send_modify(|_| {});
        }
    }

    fn done(&self) {
        self.waiting.send_modify(|waiting| *waiting = waiting.saturating_sub(1));
    }
}

#[derive(Debug)]
struct Sink {
    name: &'static str,
    queue: Sender<Happened>,
    counts: Arc<Counts>,
}

/// Every sink that is configured.
#[derive(Debug)]
pub(crate) struct Sinks {
    names: Names,
    sinks: Vec<Sink>,
    patience: Duration,
}

impl Sinks {
    /// Starts the sinks that are configured.
    pub(crate) fn start(section: &OpenLineageSection, storage: Option<String>, ledger: &Ledger) -> Self {
        let names = Names { namespace: section.namespace.clone(), storage };
        let mut sinks = Vec::new();
        let mut add = |name, out: Out| {
            let (queue, waiting) = mpsc::channel(section.queue_max);
            let counts = Arc::new(Counts::default());
            let work =
                Work { name, out, names: names.clone(), ledger: ledger.clone(), counts: counts.clone() };
            drop(tokio::spawn(work.run(waiting)));
            sinks.push(Sink { name, queue, counts });
        };
        if !section.file.is_empty() {
            add("file", Out::File(EventFile::new(&section.file)));
        }
        if !section.url.is_empty() {
            match Endpoint::new(section) {
                Some(endpoint) => add("url", Out::Endpoint(endpoint, section.retries_max)),
                None => tracing::warn!("[openlineage] url cannot be used: there is no TLS on this machine"),
            }
        }
        Self { names, sinks, patience: Duration::from_millis(section.timeout_ms) }
    }

    /// Returns what things are called in events.
    pub(crate) const fn names(&self) -> &Names {
        &self.names
    }

    /// Says that a run was opened.
    pub(crate) fn opened(&self, run: RunId, catalog: &Arc<Catalog>) {
        self.tell(run, false, catalog);
    }

    /// Says that a run was closed.
    pub(crate) fn closed(&self, run: RunId, catalog: &Arc<Catalog>) {
        self.tell(run, true, catalog);
    }

    /// Puts it into the queues; a full one loses it, and nobody waits.
    fn tell(&self, run: RunId, is_closed: bool, catalog: &Arc<Catalog>) {
        for sink in &self.sinks {
            sink.counts.waiting.send_modify(|waiting| *waiting += 1);
            if sink.queue.try_send(Happened { run, is_closed, catalog: Arc::clone(catalog) }).is_err() {
                sink.counts.done();
                sink.counts.dropped();
            }
        }
    }

    /// Tells what each sink has done, by name.
    pub(crate) fn told(&self) -> Vec<(&'static str, SinkTold)> {
        let told = |sink: &Sink| {
            let told = SinkTold {
                sent: sink.counts.sent.load(Ordering::Relaxed),
                dropped: sink.counts.dropped.load(Ordering::Relaxed),
                waiting: *sink.counts.waiting.borrow(),
                is_failing: sink.counts.is_failing.load(Ordering::Relaxed),
            };
            (sink.name, told)
        };
        self.sinks.iter().map(told).collect()
    }

    /// Waits for events that are on their way: not for a sink that is down, and not for long.
    pub(crate) async fn settle(&self) {
        for sink in &self.sinks {
            let counts = &sink.counts;
            let mut waiting = counts.waiting.subscribe();
            let settled =
                waiting.wait_for(|waiting| *waiting == 0 || counts.is_failing.load(Ordering::Relaxed));
            let _ = tokio::time::timeout(self.patience, settled).await;
        }
    }
}

/// Where a sink puts events.
enum Out {
    File(EventFile),
    Endpoint(Endpoint, u32),
}

/// The task of a sink.
struct Work {
    name: &'static str,
    out: Out,
    names: Names,
    ledger: Ledger,
    counts: Arc<Counts>,
}

impl Work {
    async fn run(self, mut waiting: Receiver<Happened>) {
        let mut batch = Vec::with_capacity(BATCH);
        while waiting.recv_many(&mut batch, BATCH).await > 0 {
            match &self.out {
                Out::File(file) => self.append(file, &mut batch).await,
                Out::Endpoint(endpoint, retries_max) => {
                    for one in batch.drain(..) {
                        self.send(endpoint, *retries_max, &one).await;
                        self.counts.done();
                    }
                }
            }
        }
    }

    /// Makes the event from what the ledger has of the run by now.
    async fn event(&self, one: &Happened) -> Option<Value> {
        let found = match self.ledger.run(&one.run).await {
            Ok(found) => found?,
            Err(error) => {
                tracing::warn!(run.id = %one.run, %error, "the ledger could not be read for an event of run `{}`", one.run);
                return None;
            }
        };
        let maker = Maker { names: &self.names, catalog: &one.catalog };
        if one.is_closed { maker.end(&found) } else { Some(maker.start(&found)) }
    }

    async fn append(&self, file: &EventFile, batch: &mut Vec<Happened>) {
        let mut lines = String::new();
        let mut made = 0_u32;
        for one in batch.iter() {
            match self.event(one).await {
                Some(event) => {
                    lines.push_str(&event.to_string());
                    lines.push('\n');
                    made += 1;
                }
                None => self.counts.dropped(),
            }
        }
        let written = file.append(lines).await;
        for _ in 0..made {
            match &written {
                Ok(()) => self.counts.took(),
                Err(_) => self.counts.dropped(),
            }
        }
        self.counts.works(self.name, written.is_ok());
        for _ in batch.drain(..) {
            self.counts.done();
        }
    }

    /// Sends one event, again where that may help. While nobody answers it is tried on and on, and others wait behind it.
    async fn send(&self, endpoint: &Endpoint, retries_max: u32, one: &Happened) {
        let Some(event) = self.event(one).await else { return self.counts.dropped() };
        let event = event.to_string();
        let (mut tries, mut answered) = (0, 0);
        loop {
            let missed = match endpoint.post(event.clone()).await {
                Ok(()) => {
                    self.counts.works(self.name, true);
                    return self.counts.took();
                }
                Err(missed) => missed,
            };
            answered += u32::from(missed != Missed::Unreachable);
            if missed == Missed::ForEver || answered > retries_max {
                tracing::warn!(run.id = %one.run, "an event of run `{}` was refused by the lineage service", one.run);
                return self.counts.dropped();
            }
            self.counts.works(self.name, false);
            tokio::time::sleep(pause(tries)).await;
            tries = tries.saturating_add(1);
        }
    }
}
