//! Lets answers wait until their run is in a signed head, all that wait together.
//!
//! A worked example. Ada's run is leaf 7, Ben's 8, Cai's 9. Ada comes first, and commits what the ledger has: 7 and 8, as Ben's run is
//! closed by then. Ben waits for her, and finds a head of 9 runs: his is in it. Cai's run was closed while Ada committed. It is the first of
//! those that wait now, and commits for all who came meanwhile. So with any number of answers a second there is one commit at a
//! time, and nobody waits for more than two: the one that was under way when they came, and the next. Of publications, which take longer, the same is
//! true, and commits do not wait for them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use membrane_ledger::{ClosedRun, LogHead};
use tokio::sync::{MutexGuard, watch};

use super::{AuditLog, AuditLogError, Rest, TRIES};
use crate::config::Answers;

/// The entries of runs that were closed in this process and wait, by their leaves, each with the root of the ledger's log that it was the last of. So what is
/// committed for them need not be read again.
#[derive(Debug, Default)]
pub(super) struct Handed(Mutex<BTreeMap<u64, (Vec<u8>, String)>>);

impl Handed {
    /// Returns the entries that follow one another from a leaf on, as many as this at most, and the head with them.
    pub(super) fn from(&self, leaf: u64, most: usize) -> Option<(Vec<Vec<u8>>, LogHead)> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let following = (leaf..).zip(waiting.range(leaf..)).take(most);
        let (mut entries, mut head) = (Vec::new(), None);
        for (_, (leaf, (entry, root))) in following.take_while(|(expected, (leaf, _))| expected == *leaf) {
            entries.push(entry.clone());
            head = Some((*leaf, root));
        }
        head.map(|(leaf, root)| (entries, LogHead { size: leaf.saturating_add(1), root: root.clone() }))
    }

    /// Takes an entry in, for as long as what is returned is kept.
    fn take(&self, closed: &ClosedRun) -> Kept<'_> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(closed.leaf_index, (closed.entry.clone(), closed.tree_root.clone()));
        Kept { handed: self, leaf: closed.leaf_index }
    }
}

struct Kept<'a> {
    handed: &'a Handed,
    leaf: u64,
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        self.handed.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.leaf);
    }
}

impl AuditLog {
    /// Tells whether answers wait until a signed head has their run.
    pub(crate) fn answers_wait(&self) -> bool {
        self.answers != Answers::Recorded
    }

    /// Returns once a signed head has a run that was closed: one that is committed, or one that is published, as the settings say.
    ///
    /// # Errors
    /// [`AuditLogError`] when there can be none: what was to be answered is not.
    pub async fn settle(&self, closed: &ClosedRun, now: DateTime<Utc>) -> Result<(), AuditLogError> {
        let _kept = self.handed.take(closed);
        let when = (now, if self.standing.is_kept() { Rest::Later } else { Rest::Now });
        let leaf = closed.leaf_index;
        let size = match self.answers {
            Answers::Published => self.settle_published(leaf, when).await?,
            Answers::Committed | Answers::Recorded => self.settle_committed(leaf, when).await?,
        };
        match size {
            Some(ledger) => Err(AuditLogError::LedgerSetBack { log: leaf.saturating_add(1), ledger }),
            None => Ok(()),
        }
    }

    /// Returns once what is committed has a leaf; with the size of the ledger's log when that has not.
    async fn settle_committed(
        &self,
        leaf: u64,
        when: (DateTime<Utc>, Rest),
    ) -> Result<Option<u64>, AuditLogError> {
        let came = self.standing.attempts();
        let Some(mut open) = turn(self.standing.all_committed(), leaf, &self.open).await else {
            return Ok(None);
        };
        require_untried(open.failed.as_ref(), came)?;
        let mut size = 0;
        // Those before it may not be handed over yet; then what the ledger has of them is read, the next time.
        for _ in 0..TRIES {
            size = self.commit_into(&mut open, when).await?.size;
            self.hasten(&open);
            if size > leaf {
                return Ok(None);
            }
        }
        Ok(Some(size))
    }

    /// Returns once what is published has a leaf; with the size of the ledger's log when that has not.
    async fn settle_published(
        &self,
        leaf: u64,
        (now, rest): (DateTime<Utc>, Rest),
    ) -> Result<Option<u64>, AuditLogError> {
        let came = self.standing.attempts();
        let Some(mut carrying) = turn(self.standing.signed(), leaf, &self.carrying).await else {
            return Ok(None);
        };
        require_untried(carrying.failed.as_ref(), came)?;
        let mut head = self.publish_into(&mut carrying, (now, rest)).await?;
        for _ in 1..TRIES {
            if head.size > leaf {
                break;
            }
            head = self.publish_into(&mut carrying, (now, rest)).await?;
        }
        if rest == Rest::Now {
            self.finish(carrying, &head, now).await?;
        }
        Ok(Some(head.size).filter(|size| *size <= leaf))
    }
}

/// Waits until a tree has a leaf, or until it is this one's turn to see to it, whichever comes first; none when it has.
async fn turn<T>(
    mut size: watch::Receiver<u64>,
    leaf: u64,
    turns: &tokio::sync::Mutex<T>,
) -> Option<MutexGuard<'_, T>> {
    let grown = async { drop(size.wait_for(|size| *size > leaf).await) };
    let turn = tokio::select! {
        biased;
        () = grown => return None,
        turn = turns.lock() => turn,
    };
    // Between the two looks somebody may have done it.
    if *size.borrow() > leaf { None } else { Some(turn) }
}

/// Refuses what was tried in vain since a leaf was written, so for that one as well: a store that is down is not asked once for each that waits.
fn require_untried(failed: Option<&(u64, String)>, came: u64) -> Result<(), AuditLogError> {
    match failed.filter(|(attempt, _)| *attempt > came) {
        Some((_, why)) => Err(AuditLogError::Unsettled { why: why.clone() }),
        None => Ok(()),
    }
}
