//! What is known of a stream: for metrics, and for whoever operates the hub. Counts, times and codes only.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use membrane_ingest::stream::RecordCounts;

/// What is known of the stream of one dataset, since the process began.
#[derive(Debug, Default)]
pub(crate) struct StreamState {
    pushes: AtomicU64,
    read: AtomicU64,
    accepted: AtomicU64,
    quarantined: AtomicU64,
    duplicates: AtomicU64,
    late: AtomicU64,
    bytes: AtomicU64,
    /// Accepted rows that are not committed yet.
    waiting: AtomicI64,
    portions: AtomicU64,
    /// The latest event time, in microseconds since 1970; 0: none.
    newest: AtomicI64,
    changing: Mutex<Changing>,
}

#[derive(Debug, Clone, Default)]
struct Changing {
    committed: Option<DateTime<Utc>>,
    fault: Option<(DateTime<Utc>, &'static str)>,
}

/// The same, at one moment.
#[derive(Debug, Clone, Default)]
pub struct StreamTold {
    /// Pushes that were taken in.
    pub pushes: u64,
    /// Records in them.
    pub read: u64,
    /// Rows that were new and fit.
    pub accepted: u64,
    /// Rows that were set aside.
    pub quarantined: u64,
    /// Rows that came before.
    pub duplicates: u64,
    /// Accepted rows that came late.
    pub late: u64,
    /// Bytes of pushes.
    pub bytes: u64,
    /// Accepted rows that are not committed yet.
    pub waiting: u64,
    /// Commits.
    pub portions: u64,
    /// The latest event time.
    pub newest: Option<DateTime<Utc>>,
    /// The time before which everything should have come.
    pub watermark: Option<DateTime<Utc>>,
    /// When it was last committed.
    pub committed: Option<DateTime<Utc>>,
    /// Why the last commit failed, if nothing was committed since.
    pub(crate) fault: Option<(DateTime<Utc>, &'static str)>,
}

impl StreamState {
    /// Counts a push that was taken in.
    pub(crate) fn took(&self, bytes: u64, counts: &RecordCounts) {
        let answer = &counts.answer;
        let add = |to: &AtomicU64, count: u64| {
            to.fetch_add(count, Ordering::Relaxed);
        };
        add(&self.pushes, 1);
        add(&self.read, answer.read);
        add(&self.accepted, answer.accepted);
        add(&self.quarantined, answer.quarantined);
        add(&self.duplicates, answer.duplicates);
        add(&self.late, answer.late);
        add(&self.bytes, bytes);
        self.waits(answer.accepted);
        if let Some(newest) = counts.newest {
            self.newest.fetch_max(newest, Ordering::Relaxed);
        }
    }

    /// Counts rows that wait for their commit.
    pub(crate) fn waits(&self, rows: u64) {
        self.waiting.fetch_add(i64::try_from(rows).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Counts a portion that is committed.
    pub(crate) fn committed(&self, rows: u64, at: DateTime<Utc>) {
        self.waiting.fetch_sub(i64::try_from(rows).unwrap_or(i64::MAX), Ordering::Relaxed);
        self.portions.fetch_add(1, Ordering::Relaxed);
        *self.lock() = Changing { committed: Some(at), fault: None };
    }

    /// Notes why a commit failed.
    pub(crate) fn failed(&self, code: &'static str, at: DateTime<Utc>) {
        self.lock().fault = Some((at, code));
    }

    /// Returns what is known now.
    #[must_use]
    pub(crate) fn told(&self) -> StreamTold {
        let Changing { committed, fault } = self.lock().clone();
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let newest = self.newest.load(Ordering::Relaxed);
        StreamTold {
            pushes: of(&self.pushes),
            read: of(&self.read),
            accepted: of(&self.accepted),
            quarantined: of(&self.quarantined),
            duplicates: of(&self.duplicates),
            late: of(&self.late),
            bytes: of(&self.bytes),
            waiting: u64::try_from(self.waiting.load(Ordering::Relaxed)).unwrap_or_default(),
            portions: of(&self.portions),
            newest: DateTime::from_timestamp_micros(newest).filter(|_| newest != 0),
            watermark: None,
            committed,
            fault,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Changing> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
