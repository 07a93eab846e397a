//! Publishes what is committed, while more is committed.

use std::time::Duration;

use chrono::{DateTime, Utc};
use membrane_ledger::LogHead;
use membrane_log::tile::TILE_WIDTH;
use membrane_log::{Log, LogError, prune};
use tokio::sync::MutexGuard;

use super::{AuditLog, AuditLogError, Opened, Rest, TRIES, head_of, passing};

/// Committed entries that are published without waiting for the keeper: each commit writes all of them again.
const DUE_ENTRIES: usize = 64;
/// How long that is not tried again after it failed.
const PAUSE: Duration = Duration::from_secs(1);

/// What whoever publishes hands on to the next.
#[derive(Debug, Default)]
pub(super) struct Carrying {
    /// From which size up to which one narrow tiles are still to be removed that full ones have followed.
    untidy: Option<(u64, u64)>,
    /// The publication that failed last, and why, unless one went well since.
    pub(super) failed: Option<(u64, String)>,
}

impl AuditLog {
    /// Commits what the ledger has and the log has not, and publishes it, again where other processes came in between; notes how it went.
    pub(super) async fn publish_into(
        &self,
        carrying: &mut Carrying,
        when: (DateTime<Utc>, Rest),
    ) -> Result<LogHead, AuditLogError> {
        let mut last = LogError::Conflict;
        for _ in 0..TRIES {
            let mut open = self.open.lock().await;
            let committed = self.commit_into(&mut open, when).await;
            carrying.failed.clone_from(&open.failed);
            drop(open);
            let committed = committed?;
            match self.carry_into(carrying).await {
                Ok(head) if head.size >= committed.size => return Ok(head),
                // The log was opened anew, and what is known of it may not have what was committed.
                Ok(_) => {}
                Err(error) => last = passing(error).map_err(|error| self.fail(carrying, error))?,
            }
        }
        Err(self.fail(carrying, last.into()))
    }

    /// Notes that a publication failed, for those that wait.
    fn fail(&self, carrying: &mut Carrying, error: AuditLogError) -> AuditLogError {
        let why = self.standing.failed(&error);
        carrying.failed = Some((self.standing.begin(), why));
        error
    }

    /// Publishes what is committed. Returns the head that is published.
    async fn carry_into(&self, carrying: &mut Carrying) -> Result<LogHead, AuditLogError> {
        let mut open = self.open.lock().await;
        // A log in which something failed is opened anew.
        let carriage = match open.log.as_mut().ok_or(LogError::Stale).and_then(Log::carriage) {
            Ok(carriage) => carriage,
            Err(error) => {
                open.log = None;
                return Err(error.into());
            }
        };
        if let Some(carriage) = carriage {
            drop(open);
            let carried = carriage.carry_out(&self.objects()).await;
            open = self.open.lock().await;
            match carried {
                Ok(carried) => {
                    carrying.add(carried.sizes());
                    if let Some(log) = &mut open.log {
                        log.carried(carried);
                    }
                }
                Err(error) => {
                    open.log = None;
                    return Err(error.into());
                }
            }
        }
        std::mem::take(&mut open.carried).into_iter().for_each(|sizes| carrying.add(sizes));
        let head = self.sign_again(&mut open).await?;
        carrying.failed = None;
        self.standing.published(head.size);
        Ok(head)
    }

    /// Does what need not be done before a head counts as published.
    pub(super) async fn finish(
        &self,
        mut carrying: MutexGuard<'_, Carrying>,
        head: &LogHead,
        now: DateTime<Utc>,
    ) -> Result<(), AuditLogError> {
        let untidy = carrying.untidy.take();
        drop(carrying);
        let noted = self.ledger.last_published().await?;
        if noted.is_none_or(|(noted, _)| noted != *head) {
            self.ledger.note_published(head, now).await?;
        }
        self.tidy(untidy).await;
        Ok(())
    }

    /// Signs what is published with a key that was added; returns the head that is published.
    async fn sign_again(&self, open: &mut Opened) -> Result<LogHead, AuditLogError> {
        // Taken out first: a log in which something failed is opened anew.
        let mut log = open.log.take().ok_or(LogError::Stale)?;
        let signed = log.checkpoint().signed_by().to_vec();
        if self.keys().iter().any(|key| !signed.contains(key)) {
            log.sign_again().await?;
        }
        let head = head_of(log.head());
        open.log = Some(log);
        Ok(head)
    }

    /// Publishes what is committed whenever so much is that it should not wait for the keeper's second.
    pub async fn keep_carrying(&self) {
        loop {
            self.standing.due().await;
            let mut carrying = self.carrying.lock().await;
            if let Err(error) = self.carry_into(&mut carrying).await {
                // Where another process came in between, the keeper looks again without a word.
                if let Err(error) = passing(error) {
                    self.fail(&mut carrying, error);
                }
                drop(carrying);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Has what is committed published soon, where it is much.
    pub(super) fn hasten(&self, open: &Opened) {
        if open.log.as_ref().is_some_and(|log| log.backlog() >= DUE_ENTRIES) {
            self.standing.is_due();
        }
    }

    /// Removes narrow tiles that full ones have followed. Nobody waits for that: a log with them is as good.
    async fn tidy(&self, untidy: Option<(u64, u64)>) {
        let Some((since, size)) = untidy else { return };
        if let Err(error) = prune(&self.objects(), since, size).await {
            // They do no harm: a store may keep what was written once.
            tracing::warn!(%error, "parts of the published log that are not needed any more stay there: {error}");
        }
    }
}

impl Carrying {
    /// Takes down that a log grew, so that tiles may have become full.
    fn add(&mut self, (first, size): (u64, u64)) {
        let tiles = |size: u64| size / u64::from(TILE_WIDTH);
        if tiles(size) > tiles(first) {
            let (since, up_to) = self.untidy.unwrap_or((first, size));
            self.untidy = Some((since.min(first), up_to.max(size)));
        }
    }
}
