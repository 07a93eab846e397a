//! Holds in the ledger: one process at a time is at the files of a dataset, and none where a replay counts rows of them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_ingest::IngestError;
use membrane_model::{DatasetName, RunId};
use tokio::task::JoinHandle;

use crate::error::Error;
use crate::hub::Hub;

/// For how long the upkeep is held; held anew while it goes on.
const HOLD: TimeDelta = TimeDelta::minutes(3);
const HOLD_AGAIN: Duration = Duration::from_secs(60);
/// For how long replays are kept out of a quarantine: longer than it takes, as for a replay.
const HOLD_REPLAY: TimeDelta = TimeDelta::minutes(30);
const HOLD_REPLAY_AGAIN: Duration = Duration::from_secs(600);

/// The upkeep of a dataset that this process does.
pub(in crate::flow) struct Hold {
    dataset: DatasetName,
    holder: String,
    again: JoinHandle<()>,
}

impl Hold {
    pub(in crate::flow) async fn take(
        hub: &Hub,
        dataset: &DatasetName,
        (run, now): (RunId, DateTime<Utc>),
    ) -> Result<Self, Error> {
        let holder = run.to_string();
        let held =
            hub.ledger().hold_upkeep(dataset, &holder, now, now + HOLD).await.map_err(Error::Ledger)?;
        if !held {
            return Err(Error::MaintenanceHeld { dataset: dataset.clone() });
        }
        let (ledger, clock) = (hub.ledger().clone(), Arc::clone(hub.clock()));
        let (kept, keeper) = (dataset.clone(), holder.clone());
        let again = tokio::spawn(async move {
            loop {
                tokio::time::sleep(HOLD_AGAIN).await;
                let now = clock.now();
                // Were another hub at it as well, the commits of both would still be of whole files: see the lake.
                if let Err(error) = ledger.hold_upkeep(&kept, &keeper, now, now + HOLD).await {
                    tracing::warn!(dataset.name = %kept, %error, "the upkeep of `{kept}` could not be held for longer");
                }
            }
        });
        Ok(Self { dataset: dataset.clone(), holder, again })
    }

    /// Gives it back; with a moment, the files were brought in order then.
    pub(in crate::flow) async fn give_back(
        self,
        hub: &Hub,
        done: Option<DateTime<Utc>>,
    ) -> Result<(), Error> {
        self.again.abort();
        hub.ledger().release_upkeep(&self.dataset, &self.holder, done).await.map_err(Error::Ledger)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.again.abort();
    }
}

/// Keeps replays out of a quarantine: they count the rows of the files that they saw.
pub(in crate::flow) struct ReplayHold<'a> {
    hub: &'a Hub,
    dataset: &'a DatasetName,
    holder: String,
}

impl<'a> ReplayHold<'a> {
    /// Keeps replays out; nothing where one is at work, or was left half done.
    pub(in crate::flow) async fn take(
        hub: &'a Hub,
        dataset: &'a DatasetName,
        run: RunId,
    ) -> Result<Option<Self>, Error> {
        let hold = Self { hub, dataset, holder: run.to_string() };
        if !hold.hold().await? {
            return Ok(None);
        }
        if hub.ledger().replay_plan(dataset).await.map_err(Error::Ledger)?.is_none() {
            return Ok(Some(hold));
        }
        hold.give_back().await?;
        Ok(None)
    }

    /// Does something for as long as it is sure that they are out, and gives up when it is not any more.
    pub(in crate::flow) async fn during<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut work = Box::pin(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(HOLD_REPLAY_AGAIN) => {
                    // Whoever lost it must not commit: what was begun is given up, and its files go with the next vacuum.
                    if !self.hold().await? {
                        return Err(Error::Ingest(IngestError::ReplayHeld));
                    }
                }
            }
        }
    }

    async fn hold(&self) -> Result<bool, Error> {
        let now = self.hub.clock().now();
        let held = self.hub.ledger().hold_replay(self.dataset, &self.holder, now, now + HOLD_REPLAY).await;
        held.map_err(Error::Ledger)
    }

    pub(in crate::flow) async fn give_back(self) -> Result<(), Error> {
        self.hub.ledger().release_replay(self.dataset, &self.holder).await.map_err(Error::Ledger)
    }
}
