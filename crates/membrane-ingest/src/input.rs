//! What an ingest is given.

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use membrane_lake::{Appender, Lake};
use membrane_ledger::Ledger;
use membrane_model::Limits;
use membrane_vault::Vault;
use tokio::io::AsyncRead;

use crate::{ControlTotals, Format, Reading, References};

/// The parts of the hub that an ingest works with.
#[derive(Clone)]
pub struct IngestParts {
    /// Where the tables are.
    pub lake: Lake,
    /// Where wrapped keys are kept.
    pub ledger: Ledger,
    /// What seals and tokenises.
    pub vault: Vault,
    /// Bounds.
    pub limits: Limits,
    /// A folder for scratch files. They are sealed or keyed, and have no name once open.
    pub scratch: PathBuf,
    /// By which revision of the contract rows are brought in, where revisions are kept.
    pub revision: Option<RevisionNumber>,
    /// The keys of what columns refer to, where some do.
    pub references: Option<Arc<References>>,
}

/// By which revision of its contract rows are brought into a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevisionNumber {
    /// The revision that the rows are of that are there, which was compared with this one; none when nobody knows, or none are there.
    pub before: Option<i64>,
    /// This one's number.
    pub number: i64,
}

impl IngestParts {
    /// Lets the table's log say by which revision of the contract the rows to be committed are.
    pub(crate) fn of_revision(&self, mut table: Appender) -> Appender {
        if let Some(RevisionNumber { before, number }) = self.revision {
            table.by_contract(before, number);
        }
        table
    }
}

/// One delivery.
pub struct Input {
    /// Where its bytes come from.
    pub reader: InputSource,
    /// What they are.
    pub format: Format,
    /// What else is said of how they are to be read.
    pub reading: Reading,
    /// What the deliverer calls it. The same content under another name is another delivery; without
    /// a name, the content alone says whether it came before.
    pub source: Option<String>,
    /// Where it lies in a source that is read piece by piece.
    pub position: Option<Position>,
    /// The share of its rows that may be set aside, from 0 to 1; with more nothing is taken in.
    pub bad_share_max: Option<f64>,
    /// What its source says that it has.
    pub control: Option<ControlTotals>,
    /// When it came: what is late, or ahead of the clock, is so by this.
    pub came: DateTime<Utc>,
}

impl Input {
    /// Makes a delivery that is nothing but its bytes.
    #[must_use]
    pub fn new(reader: InputSource, format: Format, source: Option<String>, came: DateTime<Utc>) -> Self {
        Self {
            reader,
            format,
            reading: Reading::default(),
            source,
            position: None,
            bad_share_max: None,
            control: None,
            came,
        }
    }
}

/// Where a delivery lies in a source that is read piece by piece. It is committed with the rows, and only if nobody else went on
/// from the same place meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The name under which the table's log keeps it: `source/NAME`.
    pub id: String,
    /// The position that the piece begins after; none for the first one.
    pub before: Option<i64>,
    /// The position that it ends at.
    pub after: i64,
    /// Whether the piece is all there is, so that its rows take the place of those before.
    pub replaces: bool,
}

/// Where the bytes of a delivery come from.
pub enum InputSource {
    /// A regular file, read twice through one opening: for its fingerprint and for its rows.
    File(PathBuf),
    /// Anything that is read once: standard input, a pipe, an HTTP body.
    Stream(Pin<Box<dyn AsyncRead + Send>>),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.reader {
            InputSource::File(_) => "file",
            InputSource::Stream(_) => "stream",
        };
        f.debug_struct("Input").field("reader", &kind).field("format", &self.format).finish()
    }
}

/// Is told how far an ingest is.
pub trait Progress: Send + Sync {
    /// So many bytes of the input were read, so many records were written.
    fn rows(&self, bytes: u64, rows: u64);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn rows(&self, _bytes: u64, _rows: u64) {}
}
