//! Puts objects of the published log back from the ledger.

use membrane_ledger::LogHead;
use membrane_log::{LogError, Mended, Survey};

use super::{AuditLog, AuditLogError, GROUP_ENTRIES_MAX, head_of};

/// What was put back.
#[derive(Debug, Clone)]
pub(crate) struct Repaired {
    /// The head to which all of it leads.
    pub(crate) head: LogHead,
    /// The objects.
    pub(crate) mended: Vec<Mended>,
}

impl AuditLog {
    /// Makes bundles and tiles of the published log again that are missing or altered, from the entries of the ledger, after making sure
    /// that these are the ones that were signed. Nothing else is touched.
    ///
    /// # Errors
    /// [`AuditLogError::Disagree`] or [`AuditLogError::LedgerSetBack`] when they are not; [`AuditLogError::Ledger`] when one is not as it
    /// was written; [`AuditLogError::Log`] when there is no signed head to go by.
    pub(crate) async fn repair(&self) -> Result<Repaired, AuditLogError> {
        let _carrying = self.carrying.lock().await;
        let mut open = self.open.lock().await;
        let signed = super::shelf::checkpoint(&self.objects(), &self.trust).await?;
        let head = signed.ok_or(LogError::NoCheckpoint)?.head();
        let ledger = self.ledger.log_head().await?;
        if ledger.size < head.size {
            return Err(AuditLogError::LedgerSetBack { log: head.size, ledger: ledger.size });
        }
        let mut survey = Survey::default();
        while survey.size() < head.size {
            survey.add(&self.entries(survey.size(), head.size).await?);
        }
        let mut mending = survey.agree(head).ok_or(AuditLogError::Disagree { size: head.size })?;
        let (objects, mut from) = (self.objects(), 0);
        while from < head.size {
            let until = head.size.min(from + GROUP_ENTRIES_MAX);
            mending.mend(&objects, &self.entries(from, until).await?).await?;
            from = until;
        }
        let mended = mending.finish(&objects).await?;
        // What is known of it may be of what was damaged.
        open.log = None;
        Ok(Repaired { head: head_of(head), mended })
    }

    /// Reads entries of the ledger from a leaf on: as many as are handled at once.
    async fn entries(&self, from: u64, before: u64) -> Result<Vec<Vec<u8>>, AuditLogError> {
        let until = before.min(from + GROUP_ENTRIES_MAX);
        let entries = self.ledger.log_entries(from, until).await?;
        Ok(entries.into_iter().map(|entry| entry.text).collect())
    }
}
