//! What can go wrong with the published log.

use membrane_lake::LakeError;
use membrane_ledger::LedgerError;
use membrane_log::LogError;

/// What can go wrong with the published log.
#[derive(Debug, thiserror::Error)]
pub enum AuditLogError {
    /// A place or a name of `[audit]` is none.
    #[error("[audit] {key} cannot be used: {why}")]
    Setting {
        /// The key.
        key: &'static str,
        /// Why.
        why: String,
    },
    /// The ledger failed, or is not as it was written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The published log failed, or is not as it was signed.
    #[error("the published log cannot be used: {0}{hint}", hint = hint_of(.0))]
    Log(#[from] LogError),
    /// What was published is gone.
    #[error(
        "the log was published up to {size} runs, and its signed head is not where it was: `membrane audit repair` puts it back where only that is gone; else put the log back from a backup, or see [audit] url; a log that is gone is not begun anew"
    )]
    Gone {
        /// Runs that were published.
        size: u64,
    },
    /// The published log is an earlier one, and what was published later is not what the ledger has.
    #[error(
        "the log was published up to {published} runs, and holds {found}: it was set back, and the ledger is not of the runs that were published; put back the newest of both, or see [audit] url"
    )]
    SetBack {
        /// Runs that were published, as the ledger has it.
        published: u64,
        /// Runs that it holds.
        found: u64,
    },
    /// The ledger is an earlier one.
    #[error(
        "the published log holds {log} runs, and the ledger {ledger}: the ledger was set back, as by a backup that is older than the log; nothing is signed until it is put right"
    )]
    LedgerSetBack {
        /// Runs that the log holds.
        log: u64,
        /// Runs that the ledger holds.
        ledger: u64,
    },
    /// The store of the log cannot keep one.
    #[error("the published log cannot lie there: {0}; see [audit] url")]
    Store(#[source] LakeError),
    /// What was just recorded could not be published, as somebody else found who tried.
    #[error("what was recorded is not published: {why}")]
    Unsettled {
        /// What they found.
        why: String,
    },
    /// Ledger and log do not have the same runs.
    #[error(
        "ledger and published log are not of the same runs, up to {size}: one of them was altered; `membrane log verify` says whether the ledger is whole by itself, `membrane audit verify --log` whether the published log is"
    )]
    Disagree {
        /// Up to which run they were held against each other.
        size: u64,
    },
}

impl AuditLogError {
    /// Tells whether something is not as it was written or signed, rather than out of reach for now.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        match self {
            Self::Setting { .. } | Self::Store(_) | Self::Unsettled { .. } => false,
            Self::Ledger(error) => matches!(error, LedgerError::Altered(_) | LedgerError::Stored(_)),
            Self::Log(error) => matches!(
                error,
                LogError::NoCheckpoint
                    | LogError::MalformedCheckpoint
                    | LogError::BadSignature { .. }
                    | LogError::MalformedText { .. }
                    | LogError::Untrusted
                    | LogError::WrongOrigin { .. }
                    | LogError::Missing { .. }
                    | LogError::Malformed { .. }
                    | LogError::Altered { .. }
                    | LogError::Truncated { .. }
                    | LogError::Fork { .. }
                    | LogError::SetBack { .. }
                    | LogError::Contradicted { .. }
                    | LogError::BadProof
            ),
            Self::Gone { .. } | Self::SetBack { .. } | Self::LedgerSetBack { .. } | Self::Disagree { .. } => {
                true
            }
        }
    }
}

/// Says where to look when a log is not the one that is expected.
const fn hint_of(error: &LogError) -> &'static str {
    match error {
        LogError::Untrusted => "; see [audit] key, which is never a number of before",
        LogError::WrongOrigin { .. } => "; see [audit] url and origin",
        LogError::MalformedText { .. }
        | LogError::SetBack { .. }
        | LogError::MalformedCheckpoint
        | LogError::BadSignature { .. }
        | LogError::Missing { .. }
        | LogError::Malformed { .. }
        | LogError::Altered { .. }
        | LogError::Fork { .. } => {
            "; `membrane audit repair` puts it right where the ledger has the runs that were signed"
        }
        _ => "",
    }
}
