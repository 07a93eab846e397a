//! Why an ingest fails as a whole. A bad row is not an error: it goes to quarantine.

use std::io;

use arrow::error::ArrowError;
use membrane_lake::LakeError;
use membrane_ledger::{KeyRingError, LedgerError};
use membrane_model::{ColumnName, DatasetName};
use membrane_vault::VaultError;

use crate::source::UnpackFault;
use crate::{Format, Packing};

/// Why an ingest fails as a whole. Nothing was committed then. No text carries a value.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The input cannot be opened or read, or a stream was cut off.
    #[error("could not read the input: {}", reason(.source))]
    Read {
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The input is a pipe, a folder or a device where a file is wanted.
    #[error("the input is not a regular file; give what is in it as a stream")]
    NotAFile,
    /// The input changed while it was read.
    #[error("the input file changed while it was being read; run the same ingest again")]
    Changed,
    /// The input is not what it was said to be.
    #[error("the input is not {format}: {detail}")]
    NotTheFormat {
        /// The format that was expected.
        format: Format,
        /// What is wrong, without values.
        detail: String,
    },
    /// The input is not packed as it was said to be, or what it is packed in is damaged.
    #[error("the input is not {packing}: {detail}")]
    NotThePacking {
        /// What it was to be packed in.
        packing: Packing,
        /// What is wrong, without values.
        detail: &'static str,
    },
    /// The input unpacks to far more than it is.
    #[error("the input unpacks to more than 250 times its size; deliver it as it is, or packed less densely")]
    TooDense,
    /// The input ends before its end.
    #[error(
        "the input is cut off: it ends before its own end, and nothing of it was taken in; deliver all of it, or \
         say that what is there is to be saved"
    )]
    CutOff,
    /// The workbook has several sheets, or none of the name that was given.
    #[error("the workbook has {sheets} sheets that can be seen, and {detail}")]
    Sheet {
        /// How many sheets it shows.
        sheets: usize,
        /// What is wrong, without names.
        detail: &'static str,
    },
    /// The text is not UTF-8.
    #[error(
        "the input is not UTF-8 text; it looks like {looks_like}: say which encoding it has, or convert it to UTF-8"
    )]
    Encoding {
        /// The encoding that it looks like.
        looks_like: &'static str,
    },
    /// The first line of a CSV is one of values.
    #[error(
        "the first line is no header: {values} of its {columns} fields look like values; put names of columns in front"
    )]
    NoHeader {
        /// Fields that look like values.
        values: usize,
        /// Fields.
        columns: usize,
    },
    /// The header or schema names none of the contract's columns.
    #[error("the input names none of the contract's columns: {expected}")]
    NoColumns {
        /// The contract's columns.
        expected: String,
    },
    /// The header or schema lacks required columns.
    #[error("the input lacks required columns: {columns}")]
    MissingColumns {
        /// Their names.
        columns: String,
    },
    /// The header names a column twice.
    #[error("the input names column `{column}` twice")]
    DoubleColumn {
        /// The column.
        column: String,
    },
    /// A column has a type from which the contract's cannot be made.
    #[error("column `{column}` is of type {found} in the input, which cannot become {wanted}")]
    ColumnType {
        /// The column.
        column: String,
        /// The type in the input.
        found: String,
        /// The contract's type.
        wanted: String,
    },
    /// One piece of the input is larger than the hub will hold in memory.
    #[error("one piece of the input is larger than {bytes_max} bytes: {advice}")]
    TooLarge {
        /// The limit.
        bytes_max: u64,
        /// What to do.
        advice: &'static str,
    },
    /// More rows broke the contract than may.
    #[error(
        "{bad} of {rows} rows break the contract, more than the source's `bad_share_max` lets pass: nothing was taken in"
    )]
    TooManyBad {
        /// Rows that would have been set aside.
        bad: u64,
        /// Rows in all.
        rows: u64,
    },
    /// What a source says of a delivery cannot be read.
    #[error("the control totals cannot be read: {detail}")]
    ControlUnreadable {
        /// What is wrong, or how they are written.
        detail: &'static str,
    },
    /// A column cannot be added up.
    #[error("the control totals do not fit: column `{column}`: {detail}")]
    ControlColumn {
        /// The column.
        column: ColumnName,
        /// Why not.
        detail: &'static str,
    },
    /// A delivery is not what its source says.
    #[error(
        "the delivery has not what its sender says: {} differ; nothing was taken in, look for what was lost or came twice",
        .totals.join(", ")
    )]
    TotalsDiffer {
        /// What differs: `rows`, and names of columns.
        totals: Vec<String>,
    },
    /// A push has the name of another one.
    #[error(
        "a push of this name came before, with other events in it: give each push a name of its own, and send the same again only as it was"
    )]
    NameTaken,
    /// Events could not be written to the segment in which they are kept until they are committed.
    #[error("could not keep the events on this machine ([streams] folder): {}", reason(.source))]
    Segment {
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Another replay of the same quarantine is at work, or was killed a short while ago.
    #[error(
        "another replay of this quarantine is at work, or was killed within the last minute; or its files are being put in order; \
         try again soon"
    )]
    ReplayHeld,
    /// The lake refused or failed.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A key could not be made or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Arrays could not be built.
    #[error("could not {doing}")]
    Arrow {
        /// What was being done.
        doing: &'static str,
        /// The cause.
        #[source]
        source: ArrowError,
    },
    /// Scratch space for sealed intermediate data failed.
    #[error("could not use scratch space: {}", reason(.source))]
    Scratch {
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// A dataset to which a column refers has no row.
    #[error(
        "column `{column}` refers to `{dataset}`, and there is no row in that: bring it in first, or let the contract say \
         `membrane.onOrphan: count`"
    )]
    NoDimension {
        /// The column.
        column: ColumnName,
        /// The dataset.
        dataset: DatasetName,
    },
    /// A stage of the ingest failed in a way that it should not.
    #[error("a stage of the ingest broke down; this is a fault of the hub")]
    Broken,
    /// The ingest was given up before its end.
    #[error("the ingest was stopped before its end")]
    Stopped,
}

impl From<KeyRingError> for IngestError {
    fn from(error: KeyRingError) -> Self {
        match error {
            KeyRingError::Ledger(error) => Self::Ledger(error),
            KeyRingError::Bucket | KeyRingError::Key => Self::Vault(VaultError::Open),
        }
    }
}

impl IngestError {
    /// Returns a stable code for scripts and the HTTP API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } | Self::NotAFile => "input_unreadable",
            Self::Changed => "input_changed",
            Self::NotTheFormat { .. } | Self::NotThePacking { .. } | Self::Sheet { .. } => "input_malformed",
            Self::CutOff => "input_cut_off",
            Self::Encoding { .. } => "input_encoding",
            Self::NoColumns { .. }
            | Self::NoHeader { .. }
            | Self::MissingColumns { .. }
            | Self::DoubleColumn { .. } => "input_columns",
            Self::ColumnType { .. } => "input_types",
            Self::TooLarge { .. } | Self::TooDense => "input_too_large",
            Self::TooManyBad { .. } => "too_many_bad_rows",
            Self::ControlUnreadable { .. } | Self::ControlColumn { .. } => "control_unfit",
            Self::TotalsDiffer { .. } => "totals_differ",
            Self::NameTaken => "name_taken",
            Self::Segment { source } if matches!(source.kind(), io::ErrorKind::StorageFull) => "storage_full",
            Self::Segment { .. } => "stream_failed",
            Self::ReplayHeld => "replay_held",
            Self::NoDimension { .. } => "no_dimension",
            Self::Lake(LakeError::Overtaken { .. }) => "source_overtaken",
            Self::Lake(LakeError::OtherContract { .. }) => "in_the_way",
            Self::Lake(LakeError::NotPermitted { .. }) => "not_permitted",
            Self::Lake(LakeError::SchemaChanged { .. }) => "schema_changed",
            Self::Lake(LakeError::Full { .. }) => "storage_full",
            Self::Lake(LakeError::NotAtomic { .. }) => "storage_unsafe",
            Self::Lake(_) => "storage_failed",
            Self::Scratch { .. } => "scratch_failed",
            Self::Ledger(_) => "ledger_failed",
            Self::Vault(_) => "vault_failed",
            Self::Arrow { .. } | Self::Broken | Self::Stopped => "failed",
        }
    }

    /// Tells why reading failed: of what is packed, unpacking may have.
    pub(crate) fn read(source: io::Error) -> Self {
        match source.get_ref().and_then(|cause| cause.downcast_ref::<UnpackFault>()) {
            Some(UnpackFault::CutOff) => Self::CutOff,
            Some(UnpackFault::TooDense) => Self::TooDense,
            Some(UnpackFault::Damaged(packing)) => {
                Self::NotThePacking { packing: *packing, detail: "it is damaged" }
            }
            None => Self::Read { source },
        }
    }

    pub(crate) const fn arrow(doing: &'static str, source: ArrowError) -> Self {
        Self::Arrow { doing, source }
    }
}

/// The kind of a system error: its text may come from a client or repeat a path.
fn reason(error: &io::Error) -> String {
    error.kind().to_string()
}
