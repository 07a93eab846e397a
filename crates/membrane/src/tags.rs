//! Builds the tags of the catalog when it is time, and lets those that follow events follow them, for as long as this process serves.
//!
//! Hubs that share a ledger take turns: a tag is built by whoever holds it there.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::Refresh;
use membrane_model::{Channel, PrincipalId, TagId};
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::flow::{self, TagRequest, TagStream};
use crate::hub::Hub;
use crate::serving::{Beats, Serving};

/// How often it is looked which tags are due.
const BEAT: Duration = Duration::from_secs(1);
/// How long a tag waits whose build failed, unless its time is shorter.
const AGAIN: TimeDelta = TimeDelta::minutes(10);

/// Builds tags when it is time.
#[derive(Debug, Default)]
pub(crate) struct TagKeeper {
    /// When each tag is due, as far as this process knows.
    due: HashMap<TagId, DateTime<Utc>>,
}

impl TagKeeper {
    /// Goes on for as long as this process serves.
    pub(crate) async fn run(mut self, serving: Arc<Serving>) {
        let mut beats = Beats::new(serving, BEAT);
        loop {
            let (hub, now) = beats.next().await;
            if let Some(service) = service_of(&hub) {
                self.look(&hub, service, now).await;
            }
        }
    }

    /// Builds what is due. Returns how many tags.
    pub(crate) async fn look(&mut self, hub: &Arc<Hub>, service: PrincipalId, now: DateTime<Utc>) -> usize {
        let every: HashMap<TagId, TimeDelta> = hub
            .catalog()
            .tags()
            .filter(|tag| tag.is_built_at(now))
            .filter_map(|tag| match tag.refresh {
                Refresh::Batch { every_seconds } => {
                    Some((tag.id.clone(), TimeDelta::seconds(i64::from(every_seconds))))
                }
                _ => None,
            })
            .collect();
        self.due.retain(|tag, _| every.contains_key(tag));
        if every.keys().any(|tag| !self.due.contains_key(tag)) {
            let Ok(builds) = hub.ledger().last_tag_builds().await else { return 0 };
            for (tag, every) in &every {
                let last = builds.iter().rev().find(|build| build.tag == *tag);
                let due = last.map_or(now, |build| {
                    build.started + if build.fault.is_some() { AGAIN.min(*every) } else { *every }
                });
                self.due.entry(tag.clone()).or_insert(due);
            }
        }
        let due: Vec<TagId> =
            self.due.iter().filter(|(_, due)| **due <= now).map(|(tag, _)| tag.clone()).collect();
        if due.is_empty() {
            return 0;
        }
        for tag in &due {
            let again = every.get(tag).copied().unwrap_or(AGAIN);
            self.due.insert(tag.clone(), now + again);
        }
        let (own, tags) = (Arc::clone(hub), due.clone());
        // On a task that goes on when this is dropped: a run that was begun is closed.
        let work = hub.tasks().spawn(Box::pin(async move {
            let ctx = own.ctx(service, Channel::Schedule);
            flow::build_tags(&ctx, &own, TagRequest { tags, ..TagRequest::default() }).await
        }));
        match work.await {
            Ok(Ok(built)) => {
                for one in &built {
                    if let Some(fault) = &one.build.fault {
                        let tag = &one.build.tag;
                        tracing::warn!(tag.id = %tag, code = %fault, "tag `{tag}` was not built: {fault}; what it said before stays");
                        let again = every.get(tag).map_or(AGAIN, |every| AGAIN.min(*every));
                        self.due.insert(tag.clone(), now + again);
                    }
                }
                built.len()
            }
            Ok(Err(failure)) if matches!(failure.error, Error::TagHeld { .. }) => {
                self.try_again(&due, now);
                0
            }
            Ok(Err(failure)) => {
                let code = failure.error.code();
                tracing::warn!(code, "tags that were due were not built: {code}");
                self.try_again(&due, now);
                0
            }
            Err(_) => 0,
        }
    }

    fn try_again(&mut self, tags: &[TagId], now: DateTime<Utc>) {
        for tag in tags {
            self.due.insert(tag.clone(), now + TimeDelta::minutes(1));
        }
    }
}

/// Lets tags follow events until it is told to stop.
pub(crate) async fn follow(serving: Arc<Serving>, stop: CancellationToken) {
    let beat = Duration::from_millis(serving.hub().tags().beat_ms);
    let mut beats = Beats::new(serving, beat);
    let mut stream = TagStream::default();
    loop {
        let beat = tokio::select! {
            beat = beats.next() => Some(beat),
            () = stop.cancelled() => None,
        };
        match beat {
            Some((hub, now)) => match service_of(&hub) {
                Some(service) => Box::pin(stream.beat(&hub, &service, now)).await,
                None => stream.end().await,
            },
            None => return stream.end().await,
        }
    }
}

/// Returns in whose name tags are built: a service that policies know.
fn service_of(hub: &Hub) -> Option<PrincipalId> {
    hub.tags().service().filter(|service| hub.policies().knows(service))
}
