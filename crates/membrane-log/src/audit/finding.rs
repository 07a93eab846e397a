//! What an audit can find.

use crate::LogError;

/// Something that is not as it was signed, or as it was known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The checkpoint is no signed note with a tree head in it.
    #[error("the checkpoint is malformed")]
    MalformedCheckpoint,
    /// The checkpoint is of another log.
    #[error("the checkpoint is of `{found}`, not of `{expected}`")]
    WrongOrigin {
        /// The log that was asked for.
        expected: String,
        /// The log that the checkpoint is of.
        found: String,
    },
    /// A signature that bears the name and the id of a trusted key is not of that key.
    #[error("the checkpoint has a bad signature by `{key}`")]
    BadSignature {
        /// Name and id of the key.
        key: String,
    },
    /// Only keys that are not trusted have signed the checkpoint.
    #[error("no trusted key has signed the checkpoint")]
    WrongKey,
    /// Fewer witnesses than wanted have cosigned.
    #[error("{have} of the known witnesses have cosigned, {need} are needed")]
    TooFewWitnesses {
        /// Witnesses that have cosigned.
        have: usize,
        /// Witnesses that are wanted.
        need: usize,
    },
    /// The log is smaller than it was known to be: it was cut, or set back.
    #[error("the log has {size} entries, {known} were known")]
    Truncated {
        /// Entries in the log.
        size: u64,
        /// Entries that it had.
        known: u64,
    },
    /// The log does not begin with the tree that is known: it was rewritten.
    #[error("the log of {size} entries does not begin with the {known} that were known")]
    Fork {
        /// Entries in the log.
        size: u64,
        /// Entries that it had.
        known: u64,
    },
    /// Too much is missing to tell whether the log begins with the tree that is known.
    #[error("whether the log begins with the {known} entries that were known cannot be told")]
    Unproven {
        /// Entries that it had.
        known: u64,
    },
    /// The stored tree is another one than was signed; nothing below can be judged.
    #[error("the stored tree of {size} entries does not have the root that was signed")]
    WrongRoot {
        /// Entries in the tree.
        size: u64,
    },
    /// An object is not there.
    #[error("`{path}` is missing")]
    Missing {
        /// The object.
        path: String,
    },
    /// An object is not what its place calls for.
    #[error("`{path}` is malformed: {reason}")]
    Malformed {
        /// The object.
        path: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A bundle has more or fewer entries than its width.
    #[error("`{path}` holds {found} entries, not {expected}")]
    WrongWidth {
        /// The bundle.
        path: String,
        /// Entries that it should hold.
        expected: usize,
        /// Entries that it holds.
        found: usize,
    },
    /// A tile or a partial bundle holds something else than was signed.
    #[error("`{path}` was altered")]
    AlteredTile {
        /// The tile.
        path: String,
    },
    /// An entry is not the one that was signed.
    #[error("entry `{index}` was altered")]
    AlteredEntry {
        /// The entry.
        index: u64,
    },
    /// An entry lies where another should.
    #[error("entry `{index}` was moved to `{found_at}`")]
    Reordered {
        /// Where the entry should be.
        index: u64,
        /// Where it is.
        found_at: u64,
    },
    /// An entry is in none of the places that are wrong, in a bundle that is too short.
    #[error("entry `{index}` is gone")]
    Gap {
        /// The entry.
        index: u64,
    },
    /// Entries cannot be judged, as the tiles above them are bad or missing beyond repair.
    #[error("the entries from `{first}` to before `{end}` cannot be judged")]
    Unchecked {
        /// The first of them.
        first: u64,
        /// The one behind the last.
        end: u64,
    },
}

impl Finding {
    /// Returns what the error of a checkpoint is a finding of.
    pub(super) fn of_checkpoint(error: LogError) -> Self {
        match error {
            LogError::WrongOrigin { expected, found } => Self::WrongOrigin { expected, found },
            LogError::BadSignature { key } => Self::BadSignature { key },
            LogError::Untrusted => Self::WrongKey,
            LogError::TooFewWitnesses { have, need } => Self::TooFewWitnesses { have, need },
            _ => Self::MalformedCheckpoint,
        }
    }

    /// Returns what the error of reading an object is a finding of.
    pub(super) fn of_object(error: LogError) -> Result<Self, LogError> {
        match error {
            LogError::Missing { path } => Ok(Self::Missing { path }),
            LogError::Malformed { path, reason } => Ok(Self::Malformed { path, reason }),
            error => Err(error),
        }
    }
}
