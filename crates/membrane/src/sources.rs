//! Looks at sources when it is time, for as long as this process serves.
//!
//! Each source goes its own way: one that is slow, or fails, keeps no other waiting, but for the number that are worked on at
//! once. One that is held up is looked at again after twice its time, then after four times, up to five minutes; one that took something in
//! before it was held up begins with twice its time again. A file that cannot be taken in holds up nothing. Hubs that share a ledger hold a source in turn.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::Source;
use membrane_ingest::Silent;
use membrane_model::{Channel, SourceName};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::error::{Error, Failure, fix};
use crate::flow::{self, Asked};
use crate::hub::Hub;
use crate::serving::{Beats, Serving};

/// How often it is looked which sources are due.
const BEAT: Duration = Duration::from_secs(1);
/// Sources that are worked on at once: each keeps about a processor and a half busy.
const AT_ONCE: usize = 2;
/// Codes that are no failure of the source: somebody paused it, or another hub is at work on it.
const QUIET: [&str; 2] = ["source_paused", "source_held"];

/// Where one source stands, for this process.
struct Known {
    /// When it is due.
    due: DateTime<Utc>,
    failures: u32,
    /// The look that is under way: it tells whether nothing held up the source.
    at_work: Option<JoinHandle<Ended>>,
}

/// Looks at sources when it is time.
pub(crate) struct SourceKeeper {
    known: HashMap<SourceName, Known>,
    places: Arc<Semaphore>,
}

impl Default for SourceKeeper {
    fn default() -> Self {
        Self { known: HashMap::new(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl SourceKeeper {
    /// Goes on for as long as this process serves.
    pub(crate) async fn run(mut self, serving: Arc<Serving>) {
        let mut beats = Beats::new(serving, BEAT);
        loop {
            let (hub, now) = beats.next().await;
            self.look(&hub, now).await;
        }
    }

    /// Begins with the sources that are due, and hears of those that are done.
    pub(crate) async fn look(&mut self, hub: &Arc<Hub>, now: DateTime<Utc>) {
        let sources: Vec<_> = hub.catalog().sources().cloned().collect();
        self.known.retain(|name, known| {
            known.at_work.is_some() || sources.iter().any(|source| source.name == *name)
        });
        for source in sources {
            let Some(every) = source.every_seconds else { continue };
            let every = TimeDelta::seconds(i64::from(every));
            let known = self.known.entry(source.name.clone()).or_insert(Known {
                due: now,
                failures: 0,
                at_work: None,
            });
            if let Some(at_work) = known.at_work.take_if(|at_work| at_work.is_finished()) {
                known.failures = match at_work.await.unwrap_or(Ended::HeldUp) {
                    Ended::Well => 0,
                    Ended::HeldUpLater => 1,
                    Ended::HeldUp => known.failures.saturating_add(1),
                };
                known.due = now + flow::wait_held_up(every, known.failures);
            }
            if known.at_work.is_none() && known.due <= now {
                known.at_work = Some(begin(hub, &source, Arc::clone(&self.places)));
            }
        }
    }
}

/// How a look ended.
#[derive(Debug, Clone, Copy)]
enum Ended {
    /// It was not held up.
    Well,
    /// It was held up once it had taken something in.
    HeldUpLater,
    /// It was held up at once.
    HeldUp,
}

/// Looks at a source, on a task that goes on when this is dropped: a run that was begun is closed.
fn begin(hub: &Arc<Hub>, source: &Source, places: Arc<Semaphore>) -> JoinHandle<Ended> {
    let (own, name) = (Arc::clone(hub), source.name.clone());
    hub.tasks().spawn(Box::pin(async move {
        let Ok(_place) = places.acquire_owned().await else { return Ended::Well };
        let looked =
            Box::pin(flow::look_at_source(&own, &name, Channel::Schedule, Asked::OnTime, &Silent)).await;
        match looked {
            Ok(looked) => {
                for failed in &looked.failed {
                    tell(&name, &failed.failure);
                }
                match (looked.held_up, looked.taken.is_empty()) {
                    (false, _) => Ended::Well,
                    (true, false) => Ended::HeldUpLater,
                    (true, true) => Ended::HeldUp,
                }
            }
            Err(failure) => {
                let code = failure.error.code();
                let is_quiet = QUIET.contains(&code) || matches!(failure.error, Error::UnknownSource { .. });
                if !is_quiet {
                    tell(&name, &failure);
                }
                if is_quiet { Ended::Well } else { Ended::HeldUp }
            }
        }
    }))
}

/// Says once what was not taken in, why, and what to do. PRIVACY: not in which file; the run says what was known of it.
fn tell(name: &SourceName, failure: &Failure) {
    let code = failure.error.code();
    let run = failure.run.map(|run| run.to_string()).unwrap_or_default();
    let advice = fix(code);
    tracing::warn!(
        source.name = %name, code, run.id = %run, "source `{name}`: a delivery was not taken in: {code}: {advice}"
    );
}
