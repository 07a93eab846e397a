//! Publishes the log while this process serves, and keeps the index of what columns runs took.

use std::sync::Arc;
use std::time::Duration;

use crate::error::explain;
use crate::serving::{Beats, Serving};

/// How often it is looked, where nothing is to be published by itself.
const IDLE: Duration = Duration::from_secs(60);

/// Publishes what is new, again and again. What goes wrong is told once, until it goes well.
pub(crate) async fn keep_published(serving: Arc<Serving>) {
    let seconds = serving.hub().publish_seconds();
    let every = if seconds == 0 { IDLE } else { Duration::from_secs(u64::from(seconds)) };
    let mut beats = Beats::new(serving, every);
    let mut told = String::new();
    let mut is_indexed = true;
    loop {
        let (hub, now) = beats.next().await;
        // Whoever looks for runs by a column would do it, and wait.
        let indexed = hub.ledger().index_columns().await;
        if let (Err(error), true) = (&indexed, is_indexed) {
            tracing::warn!(%error, "what columns runs took is not taken down for now: {error}");
        }
        is_indexed = indexed.is_ok();
        if hub.publish_seconds() == 0 {
            continue;
        }
        match hub.audit_log().publish(now).await {
            Ok(_) => told.clear(),
            Err(error) => {
                let text = explain(&error);
                if text != told {
                    if error.is_fault() {
                        tracing::error!("the log is not published: {text}");
                    } else {
                        tracing::warn!("the log is not published for now: {text}");
                    }
                    told = text;
                }
            }
        }
    }
}
