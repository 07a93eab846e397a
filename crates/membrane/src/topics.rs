//! Follows the topics of the catalog, for as long as this process serves.
//!
//! Each goes its own way. One that cannot be followed is tried again after a second, then two, up to a minute; one that is paused, changed or
//! gone is let go of. Hubs that share a ledger share a topic's partitions: that is between them and the brokers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::{Reads, Source};
use membrane_model::{RunId, SourceName};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::flow::{TopicState, follow_topic, tell_of_topic};
use crate::hub::Hub;
use crate::serving::{Beats, Serving};

/// How often it is looked which topics are to be followed.
const BEAT: Duration = Duration::from_secs(1);
/// How often it is told where a topic stands.
const TELL: Duration = Duration::from_secs(5);
/// The longest time until one that cannot be followed is tried again.
const WAIT_MAX: TimeDelta = TimeDelta::minutes(1);

/// Where one topic stands, for this process.
struct Known {
    source: Arc<Source>,
    due: DateTime<Utc>,
    failures: u32,
    state: Arc<TopicState>,
    stop: CancellationToken,
    at_work: Option<JoinHandle<Result<(), Error>>>,
}

/// Follows topics.
pub(crate) struct TopicKeeper {
    known: HashMap<SourceName, Known>,
    stop: CancellationToken,
}

impl TopicKeeper {
    /// Follows topics until `stop` is cancelled.
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self { known: HashMap::new(), stop }
    }

    /// Goes on for as long as this process serves.
    pub(crate) async fn run(mut self, serving: Arc<Serving>) {
        let mut beats = Beats::new(Arc::clone(&serving), BEAT);
        while !self.stop.is_cancelled() {
            let (hub, now) = beats.next().await;
            self.look(&serving, &hub, now).await;
        }
    }

    async fn look(&mut self, serving: &Arc<Serving>, hub: &Arc<Hub>, now: DateTime<Utc>) {
        let wanted: Vec<Arc<Source>> = hub
            .catalog()
            .sources()
            .filter(|source| matches!(source.reads, Reads::Topic(_)))
            .cloned()
            .collect();
        for (name, known) in &mut self.known {
            let is_wanted = wanted.iter().any(|source| source.name == *name && **source == *known.source);
            if !is_wanted || is_paused(hub, name).await {
                known.stop.cancel();
            }
            if let Some(at_work) = known.at_work.take_if(|at_work| at_work.is_finished()) {
                let ended = at_work.await.unwrap_or(Err(Error::Internal("a topic's consumer stopped")));
                known.ended(hub, name, ended, now).await;
            }
        }
        self.known.retain(|_, known| known.at_work.is_some() || !known.stop.is_cancelled());
        for source in wanted {
            if !self.known.contains_key(&source.name) && !is_paused(hub, &source.name).await {
                let known = Known {
                    source: Arc::clone(&source),
                    due: now,
                    failures: 0,
                    state: Arc::default(),
                    stop: self.stop.child_token(),
                    at_work: None,
                };
                self.known.insert(source.name.clone(), known);
            }
        }
        for known in self.known.values_mut() {
            if known.at_work.is_none() && known.due <= now && !known.stop.is_cancelled() {
                known.begin(serving, hub);
            }
        }
    }
}

impl Known {
    /// Begins to follow, on a task that goes on when this is dropped: a run that was begun is closed.
    fn begin(&mut self, serving: &Arc<Serving>, hub: &Arc<Hub>) {
        let (serving, source, stop) = (Arc::clone(serving), Arc::clone(&self.source), self.stop.clone());
        let state = Arc::clone(&self.state);
        self.at_work = Some(hub.tasks().spawn(Box::pin(async move {
            let Reads::Topic(topic) = &source.reads else { return Ok(()) };
            let follow =
                follow_topic(Arc::clone(&serving), (Arc::clone(&source), topic), stop, Arc::clone(&state));
            tokio::select! {
                ended = follow => ended,
                () = tell(&serving, &source.name, &state) => Ok(()),
            }
        })));
    }

    async fn ended(&mut self, hub: &Hub, name: &SourceName, ended: Result<(), Error>, now: DateTime<Utc>) {
        let Err(error) = ended else {
            self.failures = 0;
            return;
        };
        self.failures = self.failures.saturating_add(1);
        self.due = now + wait(self.failures);
        let code = error.code();
        tracing::warn!(source.name = %name, code, "source `{name}` cannot be followed, and is tried again: {error}");
        let holder = RunId::new(now).to_string();
        if let Err(error) = tell_of_topic(hub, name, (&self.state, &holder), Some(code)).await {
            tracing::warn!(source.name = %name, "where source `{name}` stands could not be written down: {error}");
        }
    }
}

/// Tells where a topic stands, again and again.
async fn tell(serving: &Arc<Serving>, source: &SourceName, state: &TopicState) {
    let mut beats = Beats::new(Arc::clone(serving), TELL);
    let mut holder = None;
    loop {
        let (hub, now) = beats.next().await;
        let holder = holder.get_or_insert_with(|| RunId::new(now).to_string());
        if let Err(error) = tell_of_topic(&hub, source, (state, holder), None).await {
            tracing::warn!(source.name = %source, "where source `{source}` stands could not be written down: {error}");
        }
    }
}

/// Tells whether somebody paused a source; what the ledger does not tell is not taken for a pause.
async fn is_paused(hub: &Hub, name: &SourceName) -> bool {
    match hub.ledger().source_state(name).await {
        Ok(state) => state.is_some_and(|state| state.paused.is_some()),
        Err(_) => false,
    }
}

/// Returns how long one waits that failed so often.
fn wait(failures: u32) -> TimeDelta {
    let seconds = 2_i64.saturating_pow(failures.saturating_sub(1).min(12));
    TimeDelta::seconds(seconds).min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_fails_waits_longer_each_time() {
        let waits: Vec<i64> = [1, 2, 3, 7, 100].map(|failures| wait(failures).num_seconds()).into();
        assert_eq!(waits, [1, 2, 4, 60, 60]);
    }
}
