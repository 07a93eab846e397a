//! How publishing stands in this process: what operators are shown, and what answers that wait look at.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Notify, watch};

use super::AuditLogError;
use crate::error::explain;

/// How far the clocks of machines that share a log may be apart.
const LATE: TimeDelta = TimeDelta::minutes(5);

const PUBLISHED: &str = "membrane_log_published_runs";
const UNPUBLISHED: &str = "membrane_log_unpublished_runs";
const FAILURES: &str = "membrane_log_failures_total";
pub(super) const WITNESSED: &str = "membrane_log_witnessed_runs";
pub(super) const FORKS: &str = "membrane_log_witness_forks_total";

/// How publishing stands, for who asks whether the hub can work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct How {
    /// Whether the last publication of this process failed.
    pub(crate) is_failing: bool,
    /// Whether answers wait for it, so that none leaves while it fails.
    pub(crate) answers_wait: bool,
}

/// What this process knows of its publications.
#[derive(Debug)]
pub(super) struct Standing {
    /// The size of what is signed and committed on the store.
    committed: watch::Sender<u64>,
    /// The size of what is signed, and published on the store.
    signed: watch::Sender<u64>,
    /// Wakes who publishes what is committed.
    due: Notify,
    /// Commits that were begun, and publications that failed.
    attempts: AtomicU64,
    is_failing: AtomicBool,
    /// Whether the keeper is at work, who does the rest after answers.
    is_kept: AtomicBool,
    /// What was told to the log last, unless it went well since.
    told: Mutex<String>,
    /// Whether the clock was found to go behind what is noted.
    is_late: AtomicBool,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            committed: watch::Sender::new(0),
            signed: watch::Sender::new(0),
            due: Notify::new(),
            attempts: AtomicU64::new(0),
            is_failing: AtomicBool::new(false),
            is_kept: AtomicBool::new(false),
            told: Mutex::default(),
            is_late: AtomicBool::new(false),
        }
    }
}

impl Standing {
    /// Says that the keeper is at work, and shows what it counts from the start.
    pub(super) fn keep(&self) {
        metrics::describe_gauge!(PUBLISHED, "Runs that the signed head of the published log covers.");
        metrics::describe_gauge!(UNPUBLISHED, "Closed runs that it does not cover yet.");
        metrics::describe_counter!(FAILURES, "Times that the log could not be published.");
        metrics::describe_gauge!(
            WITNESSED,
            "Runs that the head covers which as many witnesses cosigned as are wanted."
        );
        metrics::describe_counter!(FORKS, "Times that a witness refused the log as one that has forked.");
        metrics::counter!(FAILURES).increment(0);
        self.is_kept.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_kept(&self) -> bool {
        self.is_kept.load(Ordering::Relaxed)
    }

    pub(super) fn how(&self) -> How {
        How { is_failing: self.is_failing.load(Ordering::Relaxed), answers_wait: false }
    }

    /// Returns how many commits were begun so far, and how many publications failed.
    pub(super) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::SeqCst)
    }

    /// Counts a commit that begins, or a publication that failed; returns its number.
    pub(super) fn begin(&self) -> u64 {
        self.attempts.fetch_add(1, Ordering::SeqCst).saturating_add(1)
    }

    pub(super) fn signed(&self) -> watch::Receiver<u64> {
        self.signed.subscribe()
    }

    pub(super) fn all_committed(&self) -> watch::Receiver<u64> {
        self.committed.subscribe()
    }

    /// Wakes who publishes what is committed.
    pub(super) fn is_due(&self) {
        self.due.notify_one();
    }

    /// Returns once something is to be published without waiting for the keeper.
    pub(super) async fn due(&self) {
        self.due.notified().await;
    }

    /// Notes that a signed head is committed on the store.
    pub(super) fn committed(&self, size: u64) {
        grow(&self.committed, size);
    }

    /// Notes that a head is published.
    pub(super) fn published(&self, size: u64) {
        grow(&self.committed, size);
        grow(&self.signed, size);
        self.is_failing.store(false, Ordering::Relaxed);
        metrics::gauge!(PUBLISHED).set(shown(size));
        let told = std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner));
        if !told.is_empty() {
            tracing::info!("the log is published again");
        }
    }

    /// Notes that a publication failed, and tells the log why, once; returns that.
    pub(super) fn failed(&self, error: &AuditLogError) -> String {
        let text = explain(error);
        self.is_failing.store(true, Ordering::Relaxed);
        metrics::counter!(FAILURES).increment(1);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // Elsewhere whoever published tells it.
        if self.is_kept() && *told != text {
            if error.is_fault() {
                tracing::error!("the log is not published: {text}");
            } else {
                tracing::warn!("the log is not published for now: {text}");
            }
            told.clone_from(&text);
        }
        text
    }

    /// Holds the clock against when the log was published last: one that was set back gives runs times at which others were. Their order in the
    /// log stays as it is, so nothing is refused for it; it is told once, until the clock is right again.
    pub(super) fn holds_clock(&self, published: DateTime<Utc>, now: DateTime<Utc>) {
        let is_late = now + LATE < published;
        if is_late && !self.is_late.swap(true, Ordering::Relaxed) {
            tracing::error!(
                %published, %now,
                "the clock says {now}, and the log was published at {published}: it was set back, and runs are recorded with times that have been; \
                 set it right"
            );
        } else if !is_late {
            self.is_late.store(false, Ordering::Relaxed);
        }
    }

    /// Tells whether the clock was set back, as far as was found.
    #[cfg(test)]
    pub(super) fn is_late(&self) -> bool {
        self.is_late.load(Ordering::Relaxed)
    }

    /// Shows how many closed runs wait.
    pub(super) fn waits(&self, ledger: u64) {
        metrics::gauge!(UNPUBLISHED).set(shown(ledger.saturating_sub(*self.signed.borrow())));
    }
}

fn grow(known: &watch::Sender<u64>, size: u64) {
    known.send_if_modified(|known| {
        let grew = *known < size;
        *known = size.max(*known);
        grew
    });
}

#[expect(clippy::cast_precision_loss, reason = "a count that is shown")]
pub(super) const fn shown(count: u64) -> f64 {
    count as f64
}
