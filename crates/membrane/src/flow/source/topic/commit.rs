//! Commits the portions of a topic in their order, each until it is, or until somebody else went on from where it begins.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use membrane_ingest::IngestError;
use membrane_ingest::stream::Record;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::super::super::stream::Sealed;
use super::TopicState;
use crate::error::Error;
use crate::hub::Hub;

/// Times between two tries.
const PAUSE: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(15);
/// Somebody else took in what follows.
const OVERTAKEN: &str = "source_overtaken";

/// What became of a portion.
pub(super) enum Done {
    /// It is in the table: by partition, the offset behind it.
    Committed(BTreeMap<i32, i64>),
    /// Others went on: this one and all behind it are dropped.
    Overtaken,
}

struct Job {
    hub: Arc<Hub>,
    sealed: Sealed,
    after: BTreeMap<i32, i64>,
}

/// Commits portions on a task of its own: messages are taken in meanwhile.
pub(super) struct Committer {
    jobs: UnboundedSender<Job>,
    done: UnboundedReceiver<Done>,
    give_up: CancellationToken,
    /// Returns what it dropped.
    work: JoinHandle<Vec<Record>>,
}

impl Committer {
    pub(super) fn start(state: &Arc<TopicState>) -> Self {
        let (jobs, to_commit) = unbounded_channel();
        let (tell, done) = unbounded_channel();
        let give_up = CancellationToken::new();
        let work = tokio::spawn(commit(to_commit, tell, give_up.clone(), Arc::clone(state)));
        Self { jobs, done, give_up, work }
    }

    /// Hands a portion on.
    pub(super) fn send(&self, hub: Arc<Hub>, sealed: Sealed, after: BTreeMap<i32, i64>) {
        // It goes on for as long as it can be told something.
        let _ = self.jobs.send(Job { hub, sealed, after });
    }

    /// Returns what became of the next portion, if that is known.
    pub(super) fn heard(&mut self) -> Option<Done> {
        self.done.try_recv().ok()
    }

    /// Waits until all is committed, for so long, and then until what is under way is known. Returns how far partitions are that nobody heard
    /// of yet, and what was dropped.
    pub(super) async fn finish(self, longest: Duration) -> (Vec<BTreeMap<i32, i64>>, Vec<Record>) {
        let Self { jobs, mut done, give_up, mut work } = self;
        drop(jobs);
        let dropped = match timeout(longest, &mut work).await {
            Ok(dropped) => dropped,
            Err(_) => {
                give_up.cancel();
                work.await
            }
        };
        let mut told = Vec::new();
        while let Ok(done) = done.try_recv() {
            if let Done::Committed(after) = done {
                told.push(after);
            }
        }
        (told, dropped.unwrap_or_default())
    }
}

async fn commit(
    mut jobs: UnboundedReceiver<Job>,
    tell: UnboundedSender<Done>,
    give_up: CancellationToken,
    state: Arc<TopicState>,
) -> Vec<Record> {
    let (mut dropped, mut is_overtaken) = (Vec::new(), false);
    while let Some(Job { hub, mut sealed, after }) = jobs.recv().await {
        let mut pause = PAUSE;
        let is_committed = loop {
            if is_overtaken || give_up.is_cancelled() {
                break false;
            }
            let run = sealed.right.as_ref().map(|right| right.run.id());
            let served = hub.streams().served(&hub);
            match Box::pin(sealed.commit(&served, state.counts())).await {
                Ok(()) => {
                    state.committed(run);
                    break true;
                }
                Err(failure) if failure.error.code() == OVERTAKEN => {
                    is_overtaken = true;
                    let _ = tell.send(Done::Overtaken);
                }
                Err(failure) => {
                    let (code, dataset) = (failure.error.code(), sealed.dataset());
                    state.commit_fails(code);
                    tracing::warn!(
                        dataset.name = %dataset, code,
                        "messages for `{dataset}` are not committed yet, and are tried again: {code}"
                    );
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = give_up.cancelled() => {}
                    }
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        };
        if is_committed {
            let _ = tell.send(Done::Committed(after));
        } else {
            dropped.extend(drop_portion(&hub, sealed).await);
        }
    }
    dropped
}

/// Drops a portion: whoever has its partitions next reads its messages again.
async fn drop_portion(hub: &Hub, sealed: Sealed) -> Vec<Record> {
    let (right, records) = sealed.drop_rows(hub);
    if let Some(right) = right {
        drop(right.run.fail(Error::Ingest(IngestError::Stopped)).await);
    }
    records
}
