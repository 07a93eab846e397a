//! What can go wrong with the log.

use crate::ObjectsError;

/// What can go wrong with the log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The store of the log's objects failed.
    #[error("the store of the log's objects failed")]
    Objects(#[from] ObjectsError),
    /// Another process has committed to this log since it was read: read it again.
    #[error("another process has written to this log since it was read")]
    Conflict,
    /// An append failed or was dropped midway, so what is in memory may be behind what is stored.
    #[error("an earlier append to this log did not finish: read the log again")]
    Stale,
    /// A group was committed and is part of the log, but is not published yet. Reading the log again
    /// publishes it; it must not be appended again.
    #[error("the group is committed but not published yet")]
    Unpublished(#[source] Box<Self>),
    /// There is no checkpoint where the log should be.
    #[error("there is no checkpoint")]
    NoCheckpoint,
    /// A new log was asked for where objects of a log are.
    #[error("the place of the new log is not empty: it holds `{path}`")]
    NotEmpty {
        /// One of the objects.
        path: String,
    },

    /// A text cannot be an origin or the name of a key.
    #[error("not an origin or key name: {0}")]
    Origin(&'static str),
    /// A text is not a verifier key of a kind that is known here.
    #[error("not a verifier key: {0}")]
    Key(&'static str),
    /// The given keys cannot stand together for one log.
    #[error("the keys do not fit together: {0}")]
    Keys(&'static str),

    /// A checkpoint is not a well-formed signed note with a tree head in it.
    #[error("malformed checkpoint")]
    MalformedCheckpoint,
    /// A signature that bears the name and the id of a trusted key is not of that key.
    #[error("bad signature by `{key}`")]
    BadSignature {
        /// Name and id of the key.
        key: String,
    },
    /// No trusted key of the log has signed.
    #[error("no trusted key has signed the checkpoint")]
    Untrusted,
    /// The checkpoint is of another log.
    #[error("the checkpoint is of `{found}`, not of `{expected}`")]
    WrongOrigin {
        /// The log that was asked for.
        expected: String,
        /// The log that the checkpoint is of.
        found: String,
    },
    /// Fewer of the known witnesses have cosigned than the policy wants.
    #[error("{have} of the known witnesses have cosigned, {need} are needed")]
    TooFewWitnesses {
        /// Witnesses that have cosigned.
        have: usize,
        /// Witnesses that the policy wants.
        need: usize,
    },

    /// The tree is larger than this version counts.
    #[error("a tree of {size} entries is larger than this version counts")]
    TooLarge {
        /// Entries in the tree.
        size: u64,
    },
    /// An entry is longer than an entry bundle can hold.
    #[error("an entry of {bytes} bytes is longer than the 65535 that a bundle holds")]
    EntryTooLong {
        /// Bytes of the entry.
        bytes: usize,
    },
    /// More was appended at once than [`crate::Limits`] allow.
    #[error("a group of {entries} entries and {bytes} bytes is more than is appended at once")]
    GroupTooLarge {
        /// Entries in the group.
        entries: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// The tree has no entry, or no earlier size, of that number.
    #[error("`{index}` is not in a tree of {size} entries")]
    OutOfRange {
        /// What was asked for.
        index: u64,
        /// Entries in the tree.
        size: u64,
    },

    /// An object of the log is not there.
    #[error("`{path}` is missing")]
    Missing {
        /// Where it should be.
        path: String,
    },
    /// An object of the log is not what its place calls for.
    #[error("`{path}` is malformed: {reason}")]
    Malformed {
        /// Where it is.
        path: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// What was committed last follows a later tree than the checkpoint's.
    #[error(
        "the checkpoint of {size} entries was set back: what was committed last follows a tree of {committed}"
    )]
    SetBack {
        /// Entries in the checkpoint's tree.
        size: u64,
        /// Entries in the tree that was committed on.
        committed: u64,
    },
    /// The stored tree is not the one that the checkpoint was signed over.
    #[error("the stored tree of {size} entries does not have the root that was signed")]
    Fork {
        /// Entries in the tree.
        size: u64,
    },
    /// A tile does not hold the hashes that were signed.
    #[error("`{path}` was altered")]
    Altered {
        /// The tile.
        path: String,
    },
    /// The log holds fewer entries than it was known to: it was cut, or set back.
    #[error("the log has {size} entries, {known} were known")]
    Truncated {
        /// Entries in the log.
        size: u64,
        /// Entries that it had.
        known: u64,
    },
    /// Appending would contradict entries that an earlier state of this log has committed: the checkpoint
    /// was put back to an earlier one.
    #[error("entry `{index}` was committed before with other content: the checkpoint was set back")]
    Contradicted {
        /// The first entry that differs.
        index: u64,
    },

    /// A proof does not show what it should.
    #[error("the proof does not hold")]
    BadProof,
    /// A text is not a proof, a request or a response of the form that it should have.
    #[error("malformed {what}: {reason}")]
    MalformedText {
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
}
