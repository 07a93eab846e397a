//! Puts objects of the published log back from the ledger.

use membrane_ledger::LogHead;
use membrane_log::{
    CHECKPOINT, EMPTY_ROOT, Edge, LogError, Mended, Survey, TreeHead, committed_head, restore_checkpoint,
};

use super::shelf::checkpoint;
use super::{AuditLog, AuditLogError, GROUP_ENTRIES_MAX, head_of};

/// What was put back.
#[derive(Debug, Clone)]
pub(crate) struct Repaired {
    /// The head to which all of it leads.
    pub(crate) head: LogHead,
    /// The objects.
    pub(crate) mended: Vec<Mended>,
}

/// What lies in the place of the checkpoint.
enum Found {
    Signed(TreeHead),
    Damaged,
    Nothing,
}

impl Found {
    const fn head(&self) -> Option<TreeHead> {
        match self {
            Self::Signed(head) => Some(*head),
            Self::Damaged | Self::Nothing => None,
        }
    }
}

impl AuditLog {
    /// Makes bundles and tiles of the published log again that are missing or altered, from the entries of the ledger, after making sure
    /// that these are the ones that were signed; then the checkpoint, where it is missing, damaged, or older than what was signed last, as the commit
    /// or the ledger's note says. Nothing else is touched.
    ///
    /// # Errors
    /// [`AuditLogError::Disagree`] or [`AuditLogError::LedgerSetBack`] when they are not; [`AuditLogError::Ledger`] when one is not as it
    /// was written; [`AuditLogError::Log`] when there is no signed head to go by, or another log lies there.
    pub(crate) async fn repair(&self) -> Result<Repaired, AuditLogError> {
        let _carrying = self.carrying.lock().await;
        let mut open = self.open.lock().await;
        let (found, head) = self.signed_last().await?;
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
        let mut mended = mending.finish(&objects).await?;
        if found.head() != Some(head) {
            restore_checkpoint(&objects, &self.identity, head).await?;
            mended.push(Mended { path: CHECKPOINT.to_owned(), was_missing: matches!(found, Found::Nothing) });
        }
        // What is known of it may be of what was damaged.
        open.log = None;
        Ok(Repaired { head: head_of(head), mended })
    }

    /// Reads what lies in the place of the checkpoint, and finds the head that was signed last: the ledger has its runs, and those of all others that are
    /// known.
    async fn signed_last(&self) -> Result<(Found, TreeHead), AuditLogError> {
        let objects = self.objects();
        let found = match checkpoint(&objects, &self.trust).await {
            Ok(Some(signed)) => Found::Signed(signed.head()),
            Ok(None) => Found::Nothing,
            Err(LogError::MalformedCheckpoint | LogError::BadSignature { .. }) => Found::Damaged,
            Err(error) => return Err(error.into()),
        };
        let committed = match committed_head(&objects, &self.trust).await {
            Err(error @ (LogError::Objects(_) | LogError::WrongOrigin { .. })) => return Err(error.into()),
            committed => committed.ok().flatten(),
        };
        let noted = self.ledger.last_published().await?.map(|(head, _)| head);
        let signed = found.head().into_iter().chain(committed).map(head_of).chain(noted);
        let mut signed: Vec<LogHead> = signed.collect();
        signed.sort_by_key(|head| head.size);
        signed.dedup();
        let last = signed.last().ok_or(LogError::NoCheckpoint)?.size;
        let ledger = self.ledger.log_head().await?.size;
        if ledger < last {
            return Err(AuditLogError::LedgerSetBack { log: last, ledger });
        }
        let mut head = TreeHead { size: 0, root: EMPTY_ROOT };
        for signed in signed {
            head = self.grown(Edge::default(), signed.size).await?;
            if head_of(head) != signed {
                return Err(AuditLogError::Disagree { size: signed.size });
            }
        }
        Ok((found, head))
    }

    /// Reads entries of the ledger from a leaf on: as many as are handled at once.
    async fn entries(&self, from: u64, before: u64) -> Result<Vec<Vec<u8>>, AuditLogError> {
        let until = before.min(from + GROUP_ENTRIES_MAX);
        let entries = self.ledger.log_entries(from, until).await?;
        Ok(entries.into_iter().map(|entry| entry.text).collect())
    }
}
