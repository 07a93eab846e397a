//! Puts objects of the published log back from the ledger.

use membrane_ledger::LogHead;
use membrane_log::{
    CHECKPOINT, EMPTY_ROOT, Edge, LogError, Mended, PENDING, Survey, TreeHead, committed_head, forget_commit,
    restore_checkpoint,
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

/// What is known of the heads that were signed.
struct SignedLast {
    found: Found,
    /// Whether the commit is damaged.
    is_torn: bool,
    /// The last of them.
    head: TreeHead,
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
        let SignedLast { found, is_torn, head } = self.signed_last().await?;
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
        if is_torn {
            forget_commit(&objects).await?;
            mended.push(Mended { path: PENDING.to_owned(), was_missing: false });
        }
        // What is known of it may be of what was damaged.
        open.log = None;
        Ok(Repaired { head: head_of(head), mended })
    }

    /// Reads what lies in the place of the checkpoint, and finds the head that was signed last: the ledger has its runs, and those of all others that are
    /// known. One signature at least has to be there still: the ledger alone could be any.
    async fn signed_last(&self) -> Result<SignedLast, AuditLogError> {
        let objects = self.objects();
        let found = match checkpoint(&objects, &self.trust).await {
            Ok(Some(signed)) => Found::Signed(signed.head()),
            Ok(None) => Found::Nothing,
            Err(LogError::MalformedCheckpoint | LogError::BadSignature { .. }) => Found::Damaged,
            Err(error) => return Err(error.into()),
        };
        let (committed, is_torn) = match committed_head(&objects, &self.trust).await {
            Ok(committed) => (committed, false),
            Err(error @ (LogError::Objects(_) | LogError::Untrusted | LogError::WrongOrigin { .. })) => {
                return Err(error.into());
            }
            Err(_) => (None, true),
        };
        let noted = self.ledger.last_published().await?.map(|(head, _)| head);
        let mut signed: Vec<LogHead> = found.head().into_iter().chain(committed).map(head_of).collect();
        if signed.is_empty() {
            let gone = |noted: LogHead| AuditLogError::Gone { size: noted.size };
            return Err(noted.map_or(LogError::NoCheckpoint.into(), gone));
        }
        signed.extend(noted);
        signed.sort_by_key(|head| head.size);
        signed.dedup();
        let last = signed.last().map_or(0, |head| head.size);
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
        Ok(SignedLast { found, is_torn, head })
    }

    /// Reads entries of the ledger from a leaf on: as many as are handled at once.
    async fn entries(&self, from: u64, before: u64) -> Result<Vec<Vec<u8>>, AuditLogError> {
        let until = before.min(from + GROUP_ENTRIES_MAX);
        let entries = self.ledger.log_entries(from, until).await?;
        Ok(entries.into_iter().map(|entry| entry.text).collect())
    }
}
