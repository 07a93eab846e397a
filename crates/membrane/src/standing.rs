//! Makes the editions of standing releases when they are due, for as long as this process serves.
//!
//! Each release is looked at every half minute: its last edition that is due, if it was not made yet. Editions that were due
//! while no hub was at work are not made up for but the last: their data is in later ones, or they can be asked for; those that
//! count on are, as each goes on from the one before. Hubs that
//! share a ledger both try; one reserves, the other finds it in flight, and later the answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::Edition;
use membrane_model::ReleaseName;

use crate::flow;
use crate::hub::Hub;
use crate::serving::{Beats, Serving};

/// How often it is looked.
const BEAT: Duration = Duration::from_secs(30);
/// An edition that failed is tried again after so long, then after twice that, and so on.
const PATIENCE: TimeDelta = TimeDelta::minutes(2);
/// The code of an edition whose partner has a closed budget, and after how long it is tried again.
const CLOSED: &str = "budget_closed";
const CLOSED_PATIENCE: TimeDelta = TimeDelta::hours(1);
/// After so many failures it is left alone until the next start.
const TRIES_MAX: u32 = 5;

/// What was tried of the last edition of a release.
struct Tried {
    edition: Edition,
    failures: u32,
    again: DateTime<Utc>,
    made: bool,
}

/// Makes editions when they are due.
#[derive(Default)]
pub(crate) struct Scheduler {
    tried: HashMap<ReleaseName, Tried>,
}

impl Scheduler {
    /// Goes on for as long as this process serves.
    pub(crate) async fn run(mut self, serving: Arc<Serving>) {
        let mut beats = Beats::new(serving, BEAT);
        loop {
            let (hub, now) = beats.next().await;
            self.look(&hub, now).await;
        }
    }

    /// Makes what is due at a moment, one after the other, and returns how many editions were made.
    pub(crate) async fn look(&mut self, hub: &Arc<Hub>, now: DateTime<Utc>) -> usize {
        let mut made = 0;
        let releases: Vec<_> = hub.catalog().releases().cloned().collect();
        for standing in releases {
            let Some(edition) = flow::last_due(&standing, now) else { continue };
            let waits = self.tried.get(&standing.name).is_some_and(|tried| {
                tried.edition == edition && (tried.made || tried.failures >= TRIES_MAX || tried.again > now)
            });
            if waits {
                continue;
            }
            match make(hub, &standing, edition).await {
                Ok(new) => {
                    made += usize::from(new);
                    let tried = Tried { edition, failures: 0, again: now, made: true };
                    self.tried.insert(standing.name.clone(), tried);
                }
                Err(code) => {
                    let name = &standing.name;
                    tracing::warn!(release = %name, %edition, code, "edition `{edition}` of `{name}` was not made: {code}");
                    if code == CLOSED {
                        // Somebody will say when it is open again: that is no failure.
                        let again = now + CLOSED_PATIENCE;
                        let tried = Tried { edition, failures: 0, again, made: false };
                        self.tried.insert(name.clone(), tried);
                        continue;
                    }
                    let before = self.tried.get(name).filter(|tried| tried.edition == edition);
                    let failures = before.map_or(0, |tried| tried.failures) + 1;
                    let again = now + PATIENCE * 2_i32.saturating_pow(failures.min(8) - 1);
                    self.tried.insert(name.clone(), Tried { edition, failures, again, made: false });
                }
            }
        }
        made
    }
}

/// Makes an edition, on a task that goes on when this is dropped: what was paid for is stored. Tells whether it is new.
async fn make(
    hub: &Arc<Hub>,
    standing: &membrane_catalog::StandingRelease,
    edition: Edition,
) -> Result<bool, &'static str> {
    if flow::is_made(hub, standing, &edition).await.map_err(|error| error.code())? {
        return Ok(false);
    }
    let (own, name) = (Arc::clone(hub), standing.name.clone());
    let ctx = flow::ctx_of(hub, standing);
    let work = async move {
        let made = flow::run_edition(&ctx, &own, &name, Some(edition)).await;
        made.map(|(_, released)| released.replay_of.is_none()).map_err(|failure| failure.error.code())
    };
    let made = hub.tasks().spawn(Box::pin(work)).await.map_err(|_| "internal")?;
    if matches!(made, Ok(true)) {
        let name = &standing.name;
        tracing::info!(release = %name, %edition, "edition `{edition}` of `{name}` is made");
    }
    made
}
