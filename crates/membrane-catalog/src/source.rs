//! Sources: where the rows of a dataset come from, one file of the catalog each.
//!
//! A source says what is read and how often; what becomes of a row is for the contract of its dataset to say. No credential
//! stands in it, only where one is found.

mod topic;
mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use membrane_model::{ColumnName, DatasetName, PrincipalId, SourceName};

pub use topic::{Mechanism, Sasl, Start, TopicFormat, TopicSource, TopicTls};
pub use webhook::{HookField, Signature, TagEncoding, UnixUnit, WebhookSource, Weixin};

/// The words for the forms in which files come. What they stand for is for whoever decodes to say.
pub const SOURCE_FORMATS: [&str; 7] = ["csv", "ndjson", "json", "parquet", "arrow", "avro", "excel"];

/// The endings of names that say a form. Whoever decodes knows the same.
pub const SOURCE_ENDINGS: [&str; 14] = [
    "csv", "tsv", "ndjson", "jsonl", "json", "parquet", "pq", "arrow", "arrows", "ipc", "feather", "avro",
    "xlsx", "xlsm",
];
/// The endings of what is packed: that before it says the form.
pub const SOURCE_PACKINGS: [&str; 4] = ["gz", "gzip", "zst", "zstd"];

/// Where the rows of a dataset come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its name, which is that of its file.
    pub name: SourceName,
    /// What it is.
    pub description: String,
    /// Where its rows go.
    pub dataset: DatasetName,
    /// In whose name; the first service principal of the hub when not stated.
    pub principal: Option<PrincipalId>,
    /// What is read.
    pub reads: Reads,
    /// Seconds from one look to the next; only when somebody asks, where there is none.
    pub every_seconds: Option<u32>,
    /// The share of the rows of one delivery that may be set aside; a delivery with more adds nothing.
    pub bad_share_max: Option<f64>,
    /// What happens after a delivery that cannot be taken in.
    pub on_fault: OnFault,
    /// What becomes of a delivery that has not what the source says.
    pub on_difference: OnDifference,
}

/// What a source reads.
#[derive(Debug, Clone, PartialEq)]
pub enum Reads {
    /// Files of a folder.
    Files(FilesSource),
    /// A table of a database.
    Table(TableSource),
    /// A topic, which is followed and not looked at.
    Topic(TopicSource),
    /// Requests of a service, which come by themselves.
    Webhook(WebhookSource),
}

impl Reads {
    /// Returns the word that files of the catalog use.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Files(_) => "files",
            Self::Table(table) => table.database.as_str(),
            Self::Topic(_) => "kafka",
            Self::Webhook(_) => "webhook",
        }
    }
}

/// Files of a folder, each one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesSource {
    /// A path, `file:///...` or `s3://bucket/prefix`.
    pub folder: String,
    /// Which names are read, with `*` and `?`; below the folder, `/` between folders.
    pub pattern: String,
    /// Their form; the ending of a name says it when it is not stated.
    pub format: Option<&'static str>,
    /// The encoding of their text; UTF-8, or what a byte order mark tells, when it is not stated.
    pub encoding: Option<String>,
    /// Which sheet of workbooks; the one that can be seen when it is not stated.
    pub sheet: Option<String>,
    /// Seconds that a file must have lain untouched: somebody may still be writing it.
    pub settle_seconds: u32,
    /// The columns that files call otherwise than the contract does.
    pub columns: BTreeMap<ColumnName, String>,
    /// The ending of the file beside each file that has its control totals; a file waits for its own.
    pub control_suffix: Option<String>,
    /// Seconds after which a file whose control totals have not come is told of.
    pub control_wait_seconds: u32,
    /// Settings of the object storage that are no secret, as `object_store` spells them.
    pub storage: BTreeMap<String, String>,
    /// Settings of the object storage that are, and where each is found.
    pub credentials: BTreeMap<String, Secret>,
}

/// The databases that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// PostgreSQL.
    PostgreSql,
    /// MySQL and MariaDB.
    MySql,
}

impl Database {
    /// Returns the word that files of the catalog use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PostgreSql => "postgresql",
            Self::MySql => "mysql",
        }
    }
}

/// A table of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSource {
    /// Which database.
    pub database: Database,
    /// Where its URL is found: it has a password in it.
    pub url: Secret,
    /// The table, with its schema or not.
    pub table: Vec<String>,
    /// The columns of the table that are not named as in the contract.
    pub columns: BTreeMap<ColumnName, String>,
    /// What is read of it.
    pub takes: Takes,
    /// The columns of the contract that the database adds up, beside counting rows; nothing is counted where there is none.
    pub control_sums: Option<BTreeSet<ColumnName>>,
}

/// What is read of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    /// All of it, in place of what the dataset had.
    Snapshot,
    /// The rows after the last ones, by a column that only grows.
    Incremental(Cursor),
}

/// A column by which new rows are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Its name in the table: a whole number or an instant.
    pub column: String,
    /// Rows that are younger than so many seconds wait, where it is an instant: transactions end in another order than they begin.
    pub settle_seconds: u32,
}

/// Where something is found that must not stand in a file of the catalog.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// In a variable of the environment.
    Env(String),
    /// In a file, without the white space at its end.
    File(PathBuf),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
        }
    }
}

/// What happens after a delivery that cannot be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFault {
    /// The source goes on with the next one, and tries this one again later.
    #[default]
    GoOn,
    /// The source waits until somebody lets it go on.
    Stop,
}

impl OnFault {
    /// Returns the word that files of the catalog use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GoOn => "go_on",
            Self::Stop => "stop",
        }
    }
}

/// What becomes of a delivery that has not what its source says that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDifference {
    /// Nothing of it is taken in.
    #[default]
    Stop,
    /// It is taken in, and the difference is told.
    Take,
}

impl OnDifference {
    /// Every rule.
    pub const ALL: [Self; 2] = [Self::Stop, Self::Take];

    /// Returns the word that files of the catalog use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Take => "take",
        }
    }
}

impl FilesSource {
    /// Tells whether a file below the folder is read, by its path from there.
    #[must_use]
    pub fn takes(&self, path: &str) -> bool {
        let hidden = path.split('/').any(|part| part.starts_with('.') || part.starts_with('_'));
        !hidden && !self.is_control(path) && matches(self.pattern.as_bytes(), path.as_bytes())
    }

    /// Tells whether a file has the control totals of another one.
    #[must_use]
    pub fn is_control(&self, path: &str) -> bool {
        self.control_suffix.as_ref().is_some_and(|suffix| path.ends_with(suffix.as_str()))
    }
}

/// Matches a path against a pattern: `?` is one byte and `*` any number, neither of them a `/`; `**` is any number of folders.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    // Positions from which to go on when what follows the last `*` or `**` does not fit: in the pattern, and in the path.
    let mut within: Option<(&[u8], &[u8])> = None;
    let mut across: Option<(&[u8], &[u8])> = None;
    let (mut pattern, mut path) = (pattern, path);
    loop {
        let next = match (pattern, path) {
            ([], []) => return true,
            ([b'*', b'*', b'/', rest @ ..], _) => {
                across = Some((rest, path));
                within = None;
                Some((rest, path))
            }
            ([b'*', rest @ ..], _) => {
                within = Some((rest, path));
                Some((rest, path))
            }
            ([b'?', rest @ ..], [letter, after @ ..]) if *letter != b'/' => Some((rest, after)),
            ([wanted, rest @ ..], [letter, after @ ..]) if wanted == letter => Some((rest, after)),
            _ => None,
        };
        if let Some(next) = next {
            (pattern, path) = next;
            continue;
        }
        if let Some((rest, [letter, after @ ..])) = within
            && *letter != b'/'
        {
            within = Some((rest, after));
            (pattern, path) = (rest, after);
            continue;
        }
        let Some((rest, from)) = across else { return false };
        let Some(folder) = from.iter().position(|letter| *letter == b'/') else { return false };
        let after = from.get(folder + 1..).unwrap_or_default();
        (across, within) = (Some((rest, after)), None);
        (pattern, path) = (rest, after);
    }
}

#[cfg(test)]
mod tests;
