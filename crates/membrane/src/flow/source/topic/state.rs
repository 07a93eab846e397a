//! What is known of a topic that is followed, and telling it: where it stands is in the ledger for `membrane source list`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use membrane_ingest::stream::RecordCounts;
use membrane_ingest::topic::{Topic, TopicError};
use membrane_ledger::{Behind, SourceLook};
use membrane_model::{RunId, SourceName};
use tokio::task::spawn_blocking;

use super::super::tell_look;
use crate::error::Error;
use crate::hub::Hub;
use crate::stream_state::StreamState;

/// What is known of a topic that is followed.
#[derive(Debug, Default)]
pub(crate) struct TopicState {
    counts: StreamState,
    skipped: AtomicU64,
    changing: Mutex<Changing>,
}

#[derive(Debug, Default)]
struct Changing {
    topic: Option<Arc<Topic>>,
    brokers: Option<TopicError>,
    /// Whether they failed since it was told last, and what the log has of it.
    has_failed: bool,
    logged: Option<&'static str>,
    commit: Option<&'static str>,
    run: Option<RunId>,
    /// Messages that nobody has taken in yet, as far as it is known.
    waiting: u64,
}

impl TopicState {
    pub(super) const fn counts(&self) -> &StreamState {
        &self.counts
    }

    pub(super) fn follows(&self, topic: Arc<Topic>) {
        self.with(|state| state.topic = Some(topic));
    }

    pub(super) fn follows_nothing(&self) {
        // Whoever asks it right now keeps it a little longer.
        drop(self.with(|state| state.topic.take()));
    }

    /// Counts messages that were taken in, and those that were passed by: they had no content.
    pub(super) fn took<'a>(
        &self,
        bytes: u64,
        skipped: usize,
        records: impl Iterator<Item = &'a RecordCounts>,
    ) {
        self.skipped.fetch_add(u64::try_from(skipped).unwrap_or_default(), Ordering::Relaxed);
        let mut bytes = bytes;
        for counts in records {
            self.counts.took(std::mem::take(&mut bytes), counts);
        }
    }

    /// Takes note of what brokers say; the log has it once, until they answer.
    pub(super) fn brokers_fail(&self, source: &SourceName, fault: &TopicError) {
        let code = fault.code();
        let is_new = self.with(|state| {
            state.brokers = TopicError::worst(state.brokers.take(), fault.clone());
            state.has_failed = true;
            state.logged.replace(code) != Some(code)
        });
        if is_new {
            tracing::warn!(source.name = %source, code, "source `{source}`: {fault}");
        }
    }

    /// Takes note that brokers gave messages.
    pub(super) fn brokers_answer(&self) {
        self.with(|state| (state.brokers, state.logged) = (None, None));
    }

    pub(super) fn commit_fails(&self, code: &'static str) {
        self.with(|state| state.commit = Some(code));
    }

    pub(super) fn committed(&self, run: Option<RunId>) {
        self.with(|state| {
            state.commit = None;
            state.run = run.or(state.run);
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Changing) -> T) -> T {
        work(&mut self.changing.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells the ledger where a topic stands; `failed` says why it is not followed just now. Of hubs that share a ledger, one tells at a time.
///
/// # Errors
/// [`Error::Ledger`].
pub(crate) async fn tell_of_topic(
    hub: &Hub,
    source: &SourceName,
    (state, holder): (&TopicState, &str),
    failed: Option<&'static str>,
) -> Result<(), Error> {
    let (topic, has_failed) =
        state.with(|state| (state.topic.clone(), std::mem::take(&mut state.has_failed)));
    let lag = match topic {
        Some(topic) => spawn_blocking(move || topic.lag()).await.ok(),
        None => None,
    };
    match lag {
        Some(Ok(lag)) => {
            // Brokers may tell of partitions and give no messages all the same.
            if !has_failed {
                state.brokers_answer();
            }
            state.with(|state| state.waiting = lag.unwrap_or(state.waiting));
        }
        Some(Err(error)) => state.brokers_fail(source, &error),
        None => {}
    }
    let (brokers, commit) = state.with(|state| (state.brokers.as_ref().map(TopicError::code), state.commit));
    let (waiting, run) = state.with(|state| (state.waiting, state.run));
    let fault = failed.or(commit).or(brokers).map(str::to_owned);
    let held_up = fault.is_some();
    let look = SourceLook { at: hub.clock().now(), waiting, behind: Behind::default(), fault, held_up, run };
    if tell_look(hub, source, holder, &look).await.map_err(Error::Ledger)? {
        // A run that was told of says nothing of what comes.
        state.with(|state| state.run = state.run.filter(|now| Some(*now) != run));
    }
    Ok(())
}
