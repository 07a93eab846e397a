//! Which version of the policies is served: the one that was published last, changed under a hub at work.
//!
//! A request takes the hub as it is when the request begins, and keeps it: every question in it is decided by one version. A
//! version that cannot be served leaves the one before in place.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior};

use crate::hub::Hub;
use crate::published::PublishedError;

/// How often it is asked whether something was published: an effect within a second.
const BEAT: Duration = Duration::from_millis(400);

/// The hub that is served, in its present version.
#[derive(Debug)]
pub struct Serving {
    current: RwLock<Arc<Hub>>,
    /// The number of the publication that was looked at last, whether it could be served or not.
    looked_at: Mutex<u64>,
}

/// Comes again and again, with the hub in its present version.
pub(crate) struct Beats {
    serving: Arc<Serving>,
    interval: Interval,
}

impl Beats {
    /// Begins at once, and comes again after so long; later where what is done in between takes longer.
    pub(crate) fn new(serving: Arc<Serving>, every: Duration) -> Self {
        let mut interval = tokio::time::interval(every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { serving, interval }
    }

    /// Waits for the next one; returns the hub and the time.
    pub(crate) async fn next(&mut self) -> (Arc<Hub>, DateTime<Utc>) {
        self.interval.tick().await;
        let hub = self.serving.hub();
        let now = hub.clock().now();
        (hub, now)
    }
}

impl Serving {
    /// Begins with an opened hub.
    #[must_use]
    pub fn new(hub: Arc<Hub>) -> Self {
        let looked_at = Mutex::new(hub.publication().unwrap_or(0));
        hub.streams().serve(&hub);
        Self { current: RwLock::new(hub), looked_at }
    }

    /// Returns the hub in its present version.
    #[must_use]
    pub fn hub(&self) -> Arc<Hub> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Serves what was published last, unless that is served already or cannot be. Tells whether something changed.
    ///
    /// # Errors
    /// [`PublishedError`]: what is served stays. One that is altered is told once; what may go by is tried again.
    pub async fn renew(&self) -> Result<bool, PublishedError> {
        let mut looked_at = self.looked_at.lock().await;
        let hub = self.hub();
        let Some(served) = hub.publication() else {
            // What lies in the folders is served until the end.
            return Ok(false);
        };
        let last = hub.last_publication().await?;
        if last < served {
            return Err(PublishedError::Gone { served, last });
        }
        if last == *looked_at {
            return Ok(false);
        }
        let renewed = hub.renewed().await;
        if let Ok(_) | Err(PublishedError::Signature { .. } | PublishedError::Record { .. }) = &renewed {
            *looked_at = last;
        }
        let renewed = Arc::new(renewed?);
        let version = renewed.policies().version().get(..12).unwrap_or_default().to_owned();
        tracing::info!(publication = last, policy.version = %version, "publication {last} is served now: {version}");
        renewed.streams().serve(&renewed);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(true)
    }

    /// Goes on looking whether something was published, for as long as this process serves.
    pub async fn watch(&self) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The same is told once.
        let mut told = String::new();
        loop {
            beat.tick().await;
            let failed = self.renew().await.err().map(|error| error.to_string()).unwrap_or_default();
            if failed != told && !failed.is_empty() {
                tracing::error!("what was published cannot be served, the version before is: {failed}");
            }
            told = failed;
        }
    }
}

#[cfg(test)]
mod tests;
