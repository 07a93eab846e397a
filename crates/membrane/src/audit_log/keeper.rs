//! Publishes the log while this process serves, has it cosigned, and keeps the index of what columns runs took.

use std::sync::Arc;
use std::time::Duration;

use crate::serving::{Beats, Serving};

/// How often it is looked, where nothing is to be published by itself.
const IDLE: Duration = Duration::from_secs(60);

/// Publishes what is new, again and again. What goes wrong is told once, until it goes well.
pub(crate) async fn keep_published(serving: Arc<Serving>) {
    let log = Arc::clone(serving.hub().audit_log_shared());
    tokio::join!(look_again(serving), log.keep_carrying());
}

async fn look_again(serving: Arc<Serving>) {
    let seconds = serving.hub().publish_seconds();
    let every = if seconds == 0 { IDLE } else { Duration::from_secs(u64::from(seconds)) };
    if seconds > 0 {
        serving.hub().audit_log().keep();
    }
    let mut beats = Beats::new(serving, every);
    let mut is_indexed = true;
    loop {
        let (hub, now) = beats.next().await;
        // Whoever looks for runs by a column would do it, and wait.
        let indexed = hub.ledger().index_columns().await;
        if let (Err(error), true) = (&indexed, is_indexed) {
            tracing::warn!(%error, "what columns runs took is not taken down for now: {error}");
        }
        is_indexed = indexed.is_ok();
        let log = hub.audit_log();
        // Where answers alone publish, somebody has to find out that it goes well again.
        if hub.publish_seconds() == 0 && !log.how().is_failing {
            continue;
        }
        // It notes and tells how it went.
        drop(log.publish(now).await);
        if let Ok(head) = hub.ledger().log_head().await {
            log.standing.waits(head.size);
        }
    }
}

/// Has the log cosigned by witnesses, again and again, in the way of nobody.
pub(crate) async fn keep_witnessed(serving: Arc<Serving>) {
    let hub = serving.hub();
    let every = hub.audit_log().witnesses.every();
    if hub.audit_log().witnesses.are_none() {
        return;
    }
    drop(hub);
    let mut beats = Beats::new(serving, every);
    loop {
        let (hub, _) = beats.next().await;
        hub.audit_log().ask_witnesses().await;
    }
}
