//! Who builds a tag: one process at a time, until it gives it back or is gone for half a minute.
//!
//! A hold saves work. What keeps two from writing the same tag is the position in the table's log ([`super::writing`]).

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_model::{RunId, TagId};
use tokio::task::JoinHandle;

use crate::error::Error;
use crate::hub::Hub;

/// For how long a tag is held; held anew while it goes on.
const HOLD: TimeDelta = TimeDelta::seconds(30);
const HOLD_AGAIN: Duration = Duration::from_secs(10);

/// Tags that this process builds.
pub(super) struct TagHold {
    tags: Vec<TagId>,
    holder: String,
    again: JoinHandle<()>,
}

impl TagHold {
    /// Takes all of some tags, or none.
    pub(super) async fn take(hub: &Hub, tags: &[TagId], now: DateTime<Utc>) -> Result<Self, Error> {
        let holder = RunId::new(now).to_string();
        let (ledger, clock) = (hub.ledger().clone(), Arc::clone(hub.clock()));
        let (kept, keeper) = (tags.to_vec(), holder.clone());
        let again = tokio::spawn(async move {
            loop {
                tokio::time::sleep(HOLD_AGAIN).await;
                let now = clock.now();
                for tag in &kept {
                    if let Err(error) = ledger.hold_tag(tag, &keeper, now, now + HOLD).await {
                        tracing::warn!(tag.id = %tag, %error, "the tag `{tag}` could not be held for longer");
                    }
                }
            }
        });
        let mut taken = Self { tags: Vec::with_capacity(tags.len()), holder, again };
        for tag in tags {
            let held = hub.ledger().hold_tag(tag, &taken.holder, now, now + HOLD).await;
            match held.map_err(Error::Ledger) {
                Ok(true) => taken.tags.push(tag.clone()),
                Ok(false) => {
                    taken.give_back(hub).await;
                    return Err(Error::TagHeld { tag: tag.clone() });
                }
                Err(error) => {
                    taken.give_back(hub).await;
                    return Err(error);
                }
            }
        }
        Ok(taken)
    }

    pub(super) async fn give_back(mut self, hub: &Hub) {
        self.again.abort();
        // What is on its way must not take it once more.
        let _ = (&mut self.again).await;
        for tag in &self.tags {
            if let Err(error) = hub.ledger().release_tag(tag, &self.holder).await {
                tracing::warn!(tag.id = %tag, %error, "the tag `{tag}` is held for some minutes yet");
            }
        }
    }
}

impl Drop for TagHold {
    fn drop(&mut self) {
        self.again.abort();
    }
}
