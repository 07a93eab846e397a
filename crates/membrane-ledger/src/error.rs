//! What can go wrong with the ledger.

use std::fmt;
use std::io;
use std::path::PathBuf;

use membrane_model::{PriceError, RunId};
use sqlx::migrate::MigrateError;

use crate::Account;
use crate::connect::newest_migration;

/// What can go wrong with the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The URL names no place where a ledger can be.
    #[error("not a ledger URL: {0}")]
    Url(&'static str),
    /// The file of an SQLite ledger, or its folder, cannot be made.
    #[error("create ledger file `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database failed or refused.
    #[error("ledger database: {0}")]
    Database(DatabaseError),
    /// The tables are not, and cannot be made, the ones that this version needs.
    #[error("ledger schema: {0}")]
    Schema(String),
    /// A newer version of the hub has changed the tables: what they hold this version cannot tell.
    #[error(
        "the ledger was brought up to date by a newer version of membrane (its schema has migration {version}): use that version, or \
         a ledger of this one"
    )]
    Newer {
        /// The migration that this version does not know.
        version: i64,
    },
    /// A number that the database cannot hold.
    #[error("`{0}` is larger than the ledger can hold")]
    TooLarge(&'static str),
    /// Something that was stored has not the form it was stored in.
    #[error("a stored `{0}` cannot be read")]
    Stored(&'static str),
    /// The run was closed, or given up as abandoned, or never was.
    #[error("the run is not open")]
    RunNotOpen,
    /// A release without a budget to charge.
    #[error("a release must be charged to at least one scope")]
    NoScope,
    /// A release that costs nothing.
    #[error("a release must have a price")]
    NoPrice,
    /// A question that another partner asked under the same name.
    #[error("the query key belongs to another partner")]
    QueryKeyTaken,
    /// A reservation that was committed or burned before.
    #[error("the reservation is no longer live")]
    NotReserved,
    /// A document of this number is there already: somebody else wrote at the same time.
    #[error("somebody else wrote at the same time")]
    DocumentTaken,
    /// A bucket id that has a key already, or more buckets than ids.
    #[error("the bucket id is taken")]
    BucketTaken,
    /// Privacy prices that do not add up to one the ledger can hold.
    #[error(transparent)]
    Price(#[from] PriceError),
    /// A run of before there were entries says more than one may have.
    #[error("run {run} of leaf {leaf} has {bytes} bytes, and an entry of the published log 65,535 at most")]
    EntryTooLong {
        /// The leaf's index.
        leaf: u64,
        /// The run.
        run: RunId,
        /// Bytes of its entry.
        bytes: usize,
    },
    /// The operating system gave no randomness.
    #[error("no randomness")]
    Random,
    /// The log is not what was written.
    #[error("the log was altered: {0}; docs/log.md says what to do")]
    Altered(LogFault),
}

/// How the log differs from what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogFault {
    /// There is no head.
    #[error("its head is gone")]
    NoHead,
    /// The head, the leaves and the closed runs are not equally many.
    #[error("its head counts {head} runs, but {leaves} leaves and {runs} closed runs are stored")]
    Count {
        /// Leaves that the head counts.
        head: u64,
        /// Leaves that are stored.
        leaves: u64,
        /// Closed runs that are stored.
        runs: u64,
    },
    /// A leaf is missing.
    #[error("leaf {leaf} is gone")]
    LeafGone {
        /// Its index.
        leaf: u64,
    },
    /// A leaf's run is missing.
    #[error("run {run} of leaf {leaf} is gone")]
    RunGone {
        /// The leaf's index.
        leaf: u64,
        /// The run.
        run: RunId,
    },
    /// A run does not say what it said when it was closed.
    #[error("run {run} of leaf {leaf} is not what was closed")]
    RunAltered {
        /// The leaf's index.
        leaf: u64,
        /// The run.
        run: RunId,
    },
    /// More than one run does not.
    #[error("run {run} of leaf {leaf} is not what was closed, nor are those of the leaves {others}")]
    RunsAltered {
        /// The first one's leaf.
        leaf: u64,
        /// The first one.
        run: RunId,
        /// The leaves of others, some of them where there are many.
        others: String,
    },
    /// A closed run is not in the log.
    #[error("closed run {run} has no leaf")]
    NoLeaf {
        /// The run.
        run: RunId,
    },
    /// Runs are found by other columns than they took.
    #[error(
        "run {run} is found by other columns than it took, or not by all of them: `membrane audit repair` makes the index of columns anew from the record"
    )]
    Columns {
        /// The run.
        run: RunId,
    },
    /// The leaves do not make the root.
    #[error("its leaves do not make its root")]
    Root,
    /// A budget is not the sum of what was charged to it.
    #[error("budget `{account}` is not the sum of its releases")]
    Spent {
        /// The account.
        account: Account,
    },
    /// Releases are charged to a budget that is gone.
    #[error("a budget is gone")]
    ScopeGone,
}

/// What the database said, without the values that it may have said it about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseError {
    text: String,
}

impl DatabaseError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for DatabaseError {}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        Self::new(match error {
            sqlx::Error::Database(fault) => describe(&*fault),
            sqlx::Error::Io(fault) => fault.to_string(),
            sqlx::Error::Tls(fault) => format!("TLS: {fault}"),
            sqlx::Error::PoolTimedOut => "no connection was free in time".to_owned(),
            // PRIVACY: a connection URL may hold a password, and the parser's text part of the URL.
            sqlx::Error::Configuration(_) => "the connection URL is not valid".to_owned(),
            // PRIVACY: the driver's text shows the value that it could not decode.
            sqlx::Error::ColumnDecode { index, .. } => format!("column {index} cannot be decoded"),
            sqlx::Error::RowNotFound => "a row is missing".to_owned(),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => "the connection was closed".to_owned(),
            _ => "the driver failed".to_owned(),
        })
    }
}

/// Returns the database's own words, unless they may show a value: PostgreSQL's classes 22 (data
/// exception) and 23 (integrity constraint violation) do.
fn describe(fault: &dyn sqlx::error::DatabaseError) -> String {
    let code = fault.code().unwrap_or_default();
    // PRIVACY: a message of these classes can quote what was stored.
    if code.len() == 5 && (code.starts_with("22") || code.starts_with("23")) {
        return format!("a row was refused (SQLSTATE {code})");
    }
    if fault.is_unique_violation() || fault.is_foreign_key_violation() || fault.is_check_violation() {
        return format!("a row was refused (code {code})");
    }
    format!("{} (code {code})", fault.message())
}

impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<MigrateError> for LedgerError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(fault) | MigrateError::ExecuteMigration(fault, _) => fault.into(),
            MigrateError::VersionMissing(version) if version > newest_migration() => Self::Newer { version },
            other => Self::Schema(other.to_string()),
        }
    }
}

impl LogFault {
    /// Tells of a run that was altered, and of the leaves of others.
    pub(crate) fn altered(leaf: u64, run: RunId, others: Vec<u64>) -> Self {
        if others.is_empty() {
            return Self::RunAltered { leaf, run };
        }
        let others: Vec<String> = others.iter().map(ToString::to_string).collect();
        Self::RunsAltered { leaf, run, others: others.join(", ") }
    }
}

impl From<LogFault> for LedgerError {
    fn from(fault: LogFault) -> Self {
        Self::Altered(fault)
    }
}

#[cfg(test)]
mod tests;
