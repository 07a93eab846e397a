//! What can go wrong with a query, said with a code and a position, never with a value.

use std::fmt;

use membrane_model::DatasetName;

/// A place in the SQL text, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a statement was not answered.
///
/// PRIVACY: the texts are constants, limits, positions and names that passed `is_plain_name`. The
/// error that DataFusion raised is dropped, not kept as a source: its text may quote a cell or a
/// literal, and sooner or later someone prints a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The text is not SQL.
    #[error("the statement is not valid SQL{}", at(position.as_ref()))]
    Syntax {
        /// Where the parser stopped.
        position: Option<Position>,
    },
    /// The statement is SQL, but not one that may be asked.
    #[error(
        "only SELECT, WITH, VALUES, EXPLAIN of one of them, SHOW TABLES, SHOW COLUMNS FROM x and DESCRIBE x are allowed, \
         one statement at a time: {reason}"
    )]
    NotAllowed {
        /// What was found.
        reason: &'static str,
    },
    /// The statement is longer, deeper or wider than the limits.
    #[error("the statement is too complex: {reason}")]
    TooComplex {
        /// Which limit.
        reason: &'static str,
    },
    /// No dataset of that name, or none that the principal may know of: the same words for both.
    #[error("dataset{} not found{}", quoted(name.as_deref()), at(position.as_ref()))]
    UnknownTable {
        /// The name, where it looks like one.
        name: Option<String>,
        /// Where it stands.
        position: Option<Position>,
    },
    /// No column of that name, or none that the principal may know of: the same words for both.
    #[error("column{} not found{}", quoted(name.as_deref()), at(position.as_ref()))]
    UnknownColumn {
        /// The name, where it looks like one.
        name: Option<String>,
        /// Where it stands.
        position: Option<Position>,
    },
    /// Two columns of that name are in reach.
    #[error("column{} is ambiguous{}", quoted(name.as_deref()), at(position.as_ref()))]
    AmbiguousColumn {
        /// The name, where it looks like one.
        name: Option<String>,
        /// Where it stands.
        position: Option<Position>,
    },
    /// A function that does not exist, is not allowed, or does not take these arguments.
    #[error("function{} not found, not allowed, or not with these arguments{}", quoted(name.as_deref()), at(position.as_ref()))]
    UnknownFunction {
        /// The name, where it looks like one.
        name: Option<String>,
        /// Where it stands.
        position: Option<Position>,
    },
    /// Valid SQL that this engine does not run.
    #[error("not supported: {what}{}", at(position.as_ref()))]
    Unsupported {
        /// What was found.
        what: &'static str,
        /// Where it stands.
        position: Option<Position>,
    },
    /// The statement contradicts itself: types, groups, numbers of columns.
    #[error("the statement does not fit together: {what}{}", at(position.as_ref()))]
    Invalid {
        /// What does not fit.
        what: &'static str,
        /// Where it stands.
        position: Option<Position>,
    },
    /// An expression failed on a row that the principal may see.
    #[error("an expression could not be computed: {what}")]
    Evaluation {
        /// What kind of failure.
        what: &'static str,
    },
    /// The answer has more rows than one answer may have.
    #[error("the answer has more than {rows_max} rows; aggregate, filter or add LIMIT")]
    LimitRows {
        /// The limit.
        rows_max: u64,
    },
    /// The answer has more bytes than one answer may have.
    #[error("the answer has more than {bytes_max} bytes; select fewer columns or rows")]
    LimitBytes {
        /// The limit.
        bytes_max: u64,
    },
    /// The query ran longer than one query may.
    #[error("the query took more than {seconds_max} seconds")]
    LimitSeconds {
        /// The limit.
        seconds_max: u64,
    },
    /// The query needed more working memory than one query may have.
    #[error("the query needs more than {bytes_max} bytes of working memory")]
    LimitMemory {
        /// The limit.
        bytes_max: usize,
    },
    /// A release has a part by which one member's contribution cannot be bounded.
    #[error("a release cannot have {what}{}: {rewrite}", quoted(name.as_deref()))]
    NotBounded {
        /// Which part.
        what: &'static str,
        /// Its name, where it has one that looks like one.
        name: Option<String>,
        /// What to write instead.
        rewrite: &'static str,
    },
    /// The numbers of a release make no sense: epsilon, delta, bounds.
    #[error(transparent)]
    Privacy(#[from] membrane_privacy::PrivacyError),
    /// One member could take more of the hub's memory than noise hides at the price of a release.
    #[error(
        "one member could take too much of the hub's memory (`[limits] memory_bytes_max`) at this price: {}",
        smaller(*groups_max)
    )]
    MemberTooLarge {
        /// In how many groups one member may count; none where even one is too many.
        groups_max: Option<u32>,
    },
    /// The permit is for another action.
    #[error("the permit does not cover this action")]
    NotPermitted,
    /// What policy asks for cannot be done to this dataset.
    #[error("the policy of dataset `{dataset}` cannot be applied: {reason}")]
    PolicyMismatch {
        /// The dataset.
        dataset: DatasetName,
        /// Why.
        reason: &'static str,
    },
    /// Stored data could not be read.
    #[error("a dataset could not be read")]
    ScanFailed,
    /// The stored table lacks a column of its contract, which was changed since.
    #[error(
        "the stored table of a dataset no longer fits its contract: whoever keeps the catalog has to mend that"
    )]
    SchemaChanged,
    /// A sealed cell did not open: damaged, moved or sealed under another key.
    #[error("a protected cell could not be opened")]
    CellUnreadable,
    /// The keys of a batch could not be fetched.
    #[error("the keys of protected cells could not be fetched")]
    KeysUnavailable,
    /// The ledger did not answer, or has something that this version cannot read.
    #[error("the record could not be read")]
    RecordUnread,
    /// Anything else.
    #[error("the query failed")]
    Failed,
}

impl QueryError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "syntax",
            Self::NotAllowed { .. } => "not_allowed",
            Self::TooComplex { .. } => "too_complex",
            Self::UnknownTable { .. } => "unknown_table",
            Self::UnknownColumn { .. } => "unknown_column",
            Self::AmbiguousColumn { .. } => "ambiguous_column",
            Self::UnknownFunction { .. } => "unknown_function",
            Self::Unsupported { .. } => "unsupported",
            Self::Invalid { .. } => "invalid",
            Self::Evaluation { .. } => "evaluation",
            Self::LimitRows { .. } => "limit_rows",
            Self::LimitBytes { .. } => "limit_bytes",
            Self::LimitSeconds { .. } => "limit_seconds",
            Self::LimitMemory { .. } => "limit_memory",
            Self::NotBounded { .. } => "not_bounded",
            Self::Privacy(_) | Self::MemberTooLarge { .. } => "release_parameters",
            Self::NotPermitted => "not_permitted",
            Self::PolicyMismatch { .. } => "policy_mismatch",
            Self::ScanFailed => "scan_failed",
            Self::SchemaChanged => "schema_changed",
            Self::CellUnreadable => "cell_unreadable",
            Self::KeysUnavailable => "keys_unavailable",
            Self::RecordUnread => "ledger_failed",
            Self::Failed => "failed",
        }
    }
}

fn smaller(groups_max: Option<u32>) -> String {
    match groups_max {
        Some(most) => format!("state groups_max of {most} or less, or a higher price"),
        None => "state a higher price, or join less and group less of each member in subqueries".to_owned(),
    }
}

fn at(position: Option<&Position>) -> String {
    position.map(|place| format!(" ({place})")).unwrap_or_default()
}

fn quoted(name: Option<&str>) -> String {
    name.map(|name| format!(" `{name}`")).unwrap_or_default()
}
