//! Lets answers wait until their run is published, all that wait together.
//!
//! A worked example. Ada's run is leaf 7, Ben's 8, Cai's 9. Ada comes first, and publishes what the ledger has: 7 and 8, as Ben's run is
//! closed by then. Ben waits for her, and finds a head of 9 runs: his is in it. Cai's run was closed while Ada published. It is the first of
//! those that wait now, and publishes for all who came meanwhile. So with any number of answers a second there is one publication at a
//! time, and nobody waits for more than two: the one that was under way when they came, and the next.

use chrono::{DateTime, Utc};

use super::{AuditLog, AuditLogError, Rest};
use crate::config::Answers;

impl AuditLog {
    /// Tells whether answers wait until they are published.
    pub(crate) fn answers_wait(&self) -> bool {
        self.answers == Answers::Published
    }

    /// Returns once a signed head on the store has a leaf.
    ///
    /// # Errors
    /// [`AuditLogError`] when it cannot be published: what was to be answered is not.
    pub async fn settle(&self, leaf: u64, now: DateTime<Utc>) -> Result<(), AuditLogError> {
        let came = self.standing.attempts();
        let mut signed = self.standing.signed();
        let settled = async { drop(signed.wait_for(|size| *size > leaf).await) };
        let mut open = tokio::select! {
            biased;
            () = settled => return Ok(()),
            open = self.open.lock() => open,
        };
        if *self.standing.signed().borrow() > leaf {
            return Ok(());
        }
        // Begun after this leaf was written, so it was for this one as well: a store that is down is not asked once for each that waits.
        if let Some((_, why)) = open.failed.as_ref().filter(|(attempt, _)| *attempt > came) {
            return Err(AuditLogError::Unsettled { why: why.clone() });
        }
        let rest = if self.standing.is_kept() { Rest::Later } else { Rest::Now };
        let head = self.publish_into(&mut open, (now, rest)).await?;
        let untidy = if rest == Rest::Now { open.untidy.take() } else { None };
        drop(open);
        self.tidy(untidy).await;
        if head.size > leaf {
            Ok(())
        } else {
            Err(AuditLogError::LedgerSetBack { log: leaf.saturating_add(1), ledger: head.size })
        }
    }
}
