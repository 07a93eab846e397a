//! Looks for what stands out of what principals do, for as long as this process serves.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_ledger::{AnomalyKind, LedgerError};

use crate::error::Error;
use crate::flow;
use crate::hub::Hub;
use crate::serving::{Beats, Serving};

/// How often it is looked.
const BEAT: Duration = Duration::from_secs(60);
/// How long it is left alone after it could not be written down: a refusal is a run as well.
const PAUSE: TimeDelta = TimeDelta::hours(1);
const COUNTER: &str = "membrane_anomalies_total";

/// What this process knows of the last look.
#[derive(Debug, Default)]
struct Looked {
    /// How many runs were closed then: as long as none is, nothing new stands out.
    closed: Option<u64>,
    /// Until when it is left alone.
    pause: Option<DateTime<Utc>>,
    /// The code that was told, which is told once.
    told: &'static str,
}

/// Goes on for as long as this process serves.
pub(crate) async fn watch_anomalies(serving: Arc<Serving>) {
    metrics::describe_counter!(COUNTER, "Flags of what stood out of what principals did, by kind.");
    let mut beats = Beats::new(serving, BEAT);
    let mut looked = Looked::default();
    loop {
        let (hub, now) = beats.next().await;
        if looked.pause.is_some_and(|until| now < until) {
            continue;
        }
        let failed = look(&hub, &mut looked).await.err().unwrap_or_default();
        looked.pause = (!failed.is_empty()).then(|| now + PAUSE);
        if failed != looked.told && !failed.is_empty() {
            tracing::error!(
                code = failed,
                "what stands out of what principals do is not looked for: {failed}"
            );
        }
        looked.told = failed;
    }
}

async fn look(hub: &Arc<Hub>, looked: &mut Looked) -> Result<(), &'static str> {
    let code = |error: LedgerError| Error::Ledger(error).code();
    let closed = hub.ledger().log_head().await.map_err(code)?.size;
    if looked.closed == Some(closed) {
        return Ok(());
    }
    let own = Arc::clone(hub);
    // On a task that goes on when this is dropped: a run that was begun is closed.
    let work = hub.tasks().spawn(Box::pin(async move { flow::flag_anomalies(&own).await }));
    work.await.map_err(|_| "internal")??;
    // What was flagged anywhere, from the first day on: a count that no restart sets back.
    let counted = hub.ledger().count_anomalies().await.map_err(code)?;
    for kind in AnomalyKind::ALL {
        // PRIVACY: without whose they are; /metrics is served without a bearer.
        metrics::counter!(COUNTER, "kind" => kind.as_str())
            .absolute(counted.get(&kind).copied().unwrap_or(0));
    }
    looked.closed = Some(closed);
    Ok(())
}
