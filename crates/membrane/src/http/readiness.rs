//! Whether the hub's parts answer, looked at so seldom that asking often costs nothing: who asks needs no bearer.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::audit_log::How;
use crate::hub::Hub;

/// How long a look counts.
const LASTS: Duration = Duration::from_secs(2);

/// How long a part may take to answer.
const LONGEST: Duration = Duration::from_secs(5);

/// Which parts answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Parts {
    pub(super) ledger: bool,
    pub(super) lake: bool,
    /// Whether what is recorded is published, or was when it was tried last.
    pub(super) log: bool,
    /// Whether answers wait for that.
    pub(super) answers_wait: bool,
    /// What in the record is not as this hub signed it: questions that depend on it are refused.
    pub(super) altered: Option<&'static str>,
}

impl Parts {
    /// Names what keeps the hub from working; none: it can work.
    pub(super) const fn fault(self) -> Option<&'static str> {
        match self {
            Self { ledger: false, .. } => Some("ledger_unreachable"),
            Self { altered: Some(what), .. } => Some(what),
            Self { lake: false, .. } => Some("lake_unreachable"),
            Self { log: false, answers_wait: true, .. } => Some("log_unavailable"),
            _ => None,
        }
    }
}

/// The latest look, shared by all who ask.
#[derive(Debug, Clone)]
pub(crate) struct Readiness {
    latest: Arc<Mutex<Option<(Instant, Parts)>>>,
    lasts: Duration,
}

impl Default for Readiness {
    fn default() -> Self {
        Self::lasting(LASTS)
    }
}

impl Readiness {
    fn lasting(lasts: Duration) -> Self {
        Self { latest: Arc::default(), lasts }
    }

    /// Tells which parts of a hub answer, or did a moment ago.
    pub(super) async fn of(&self, hub: &Arc<Hub>) -> Parts {
        let hub = Arc::clone(hub);
        self.unless_fresh(async move {
            let (ledger, lake) = tokio::join!(in_time(hub.ledger_answers()), in_time(hub.lake_answers()));
            let altered = tokio::time::timeout(LONGEST, hub.altered()).await.ok().flatten();
            let How { is_failing, answers_wait } = hub.audit_log().how();
            Parts { ledger, lake, log: !is_failing, answers_wait, altered }
        })
        .await
    }

    /// Looks, unless the latest look still counts. Who asks while someone looks waits for that look.
    async fn unless_fresh(&self, look: impl Future<Output = Parts> + Send + 'static) -> Parts {
        let mut latest = self.latest.clone().lock_owned().await;
        if let Some((when, parts)) = *latest
            && when.elapsed() < self.lasts
        {
            return parts;
        }
        // On a task of its own: who asks and goes away at once does not make the next one look again.
        let looking = tokio::spawn(async move {
            let parts = look.await;
            *latest = Some((Instant::now(), parts));
            parts
        });
        looking.await.unwrap_or_default()
    }
}

/// A part that does not answer in time does not answer.
async fn in_time(answers: impl Future<Output = bool>) -> bool {
    tokio::time::timeout(LONGEST, answers).await.unwrap_or(false)
}

#[cfg(test)]
mod tests;
