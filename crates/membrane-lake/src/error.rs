//! What can go wrong in the lake.

use std::error::Error;
use std::io;

use deltalake::DeltaTableError;
use membrane_model::{DatasetName, TableVersion};

/// What can go wrong in the lake. No text carries a value: names, versions and places only.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The URL is not one that the lake can open.
    #[error("the data URL must be file:///FOLDER or s3://BUCKET/FOLDER, not `{scheme}:`")]
    Url {
        /// The scheme that was given.
        scheme: String,
    },
    /// A storage setting that the object store does not know, or that does not parse.
    #[error("storage setting `{key}` is not one that the object store knows")]
    Setting {
        /// The setting's name.
        key: String,
    },
    /// The object store lets two writers create the same object.
    #[error(
        "the object store at `{location}` lets two writers create the same object (it does not honour `If-None-Match: *`), so \
         that commits could overwrite each other: use a store, or a version of it, that honours conditional puts"
    )]
    NotAtomic {
        /// The URL without credentials.
        location: String,
    },
    /// The object store replaces an object that is not the one that was read.
    #[error(
        "the object store replaces an object although it is not the one that was read (it does not honour `If-Match`), so that \
         two processes could write over each other: use a store, or a version of it, that honours conditional puts"
    )]
    NotConditional,
    /// The permit does not cover what was asked.
    #[error("the permit does not cover this use of dataset `{dataset}`")]
    NotPermitted {
        /// The dataset.
        dataset: DatasetName,
    },
    /// The dataset has no table yet.
    #[error("dataset `{dataset}` has no data yet")]
    Empty {
        /// The dataset.
        dataset: DatasetName,
    },
    /// The table has no such version, or it was vacuumed.
    #[error("the table of dataset `{dataset}` has no version {version}")]
    NoVersion {
        /// The dataset.
        dataset: DatasetName,
        /// The version asked for.
        version: TableVersion,
    },
    /// The contract now asks for columns that the table does not have.
    #[error(
        "the table of dataset `{dataset}` no longer fits its contract: {difference}; put the contract back as it was, or \
         bring the data into a dataset of another name"
    )]
    SchemaChanged {
        /// The dataset.
        dataset: DatasetName,
        /// Which columns differ, by name and type.
        difference: String,
    },
    /// Another process brought rows in by another revision of the contract, meanwhile.
    #[error(
        "rows were brought into dataset `{dataset}` by another revision of its contract at the same time: try again"
    )]
    OtherContract {
        /// The dataset.
        dataset: DatasetName,
    },
    /// Batches of another shape than the table were offered.
    #[error("a batch for dataset `{dataset}` does not have the table's schema")]
    WrongBatch {
        /// The dataset.
        dataset: DatasetName,
    },
    /// Other writers won every attempt.
    #[error("could not commit to dataset `{dataset}`: other writers kept winning; try again")]
    Contended {
        /// The dataset.
        dataset: DatasetName,
    },
    /// Another writer went on from the same position.
    #[error(
        "another writer took in the same part of the source for dataset `{dataset}`; nothing was added twice"
    )]
    Overtaken {
        /// The dataset.
        dataset: DatasetName,
    },
    /// The commit may or may not have happened; the same delivery again settles it.
    #[error(
        "the outcome of the commit to dataset `{dataset}` is unknown; do the same again: that settles it, and adds nothing twice"
    )]
    Unknown {
        /// The dataset.
        dataset: DatasetName,
        /// Why it could not be settled.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// No space is left.
    #[error("no space left on the storage while trying to {doing}")]
    Full {
        /// What was being done.
        doing: &'static str,
    },
    /// A folder of deliveries, or a file in it, cannot be read. PRIVACY: the store's own text names the file.
    #[error("could not {doing}: {why}")]
    Inbox {
        /// What was being done.
        doing: &'static str,
        /// Why, in words.
        why: String,
    },
    /// One file of a folder of deliveries cannot be read, and others may well be.
    #[error("could not {doing}: {why}")]
    InboxFile {
        /// What was being done.
        doing: &'static str,
        /// Why, in words.
        why: String,
    },
    /// More files lie in a folder of deliveries than are looked at at once.
    #[error("more than {files_max} files lie there: name fewer by a pattern, or move away what was taken in")]
    TooManyFiles {
        /// The limit.
        files_max: usize,
    },
    /// The object store failed.
    #[error("could not {doing}")]
    Storage {
        /// What was being done.
        doing: &'static str,
        /// The object store's error.
        #[source]
        source: object_store::Error,
    },
    /// The Delta table failed.
    #[error("could not {doing}")]
    Table {
        /// What was being done.
        doing: &'static str,
        /// The Delta library's error.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// The query engine would not take the table.
    #[error("could not {doing}")]
    Provider {
        /// What was being done.
        doing: &'static str,
        /// The engine's error.
        #[source]
        source: Box<datafusion::error::DataFusionError>,
    },
}

impl LakeError {
    pub(crate) fn storage(doing: &'static str, source: object_store::Error) -> Self {
        if is_full(&source) { Self::Full { doing } } else { Self::Storage { doing, source } }
    }

    /// Says why a folder of deliveries cannot be read, without the store's own text.
    pub(crate) fn inbox(doing: &'static str, source: &object_store::Error) -> Self {
        use object_store::Error as Store;
        let why = match source {
            Store::NotFound { .. } => "it is not there".to_owned(),
            Store::PermissionDenied { .. } | Store::Unauthenticated { .. } => {
                "the credentials do not let the hub in".to_owned()
            }
            other => io_kind(other)
                .map_or_else(|| "the storage does not answer".to_owned(), |kind| kind.to_string()),
        };
        Self::Inbox { doing, why }
    }

    /// Says why one file of a bucket cannot be read: by itself, or as nothing in that bucket can be.
    pub(crate) fn inbox_file(doing: &'static str, source: &object_store::Error) -> Self {
        use object_store::Error as Store;
        let why = match source {
            Store::NotFound { .. } => "it is not there any more",
            Store::Precondition { .. } | Store::NotModified { .. } => "it changed since it was listed",
            // The folder was listed with these credentials a moment ago.
            Store::PermissionDenied { .. } => "the credentials do not let the hub read it",
            _ => return Self::inbox(doing, source),
        };
        Self::InboxFile { doing, why: why.to_owned() }
    }

    pub(crate) fn table(doing: &'static str, source: DeltaTableError) -> Self {
        if is_full(&source) { Self::Full { doing } } else { Self::Table { doing, source: Box::new(source) } }
    }
}

/// Says that an error of the system came from the local folder.
pub(crate) fn in_folder(source: io::Error) -> object_store::Error {
    object_store::Error::Generic { store: "folder", source: Box::new(source) }
}

/// Returns what the system says, where that is the cause.
fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        next = error.source();
    }
    None
}

/// Looks for "no space left" anywhere in a chain of causes.
fn is_full(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)) {
            return true;
        }
        // Parquet's external error and io's custom error do not always hand out what they wrap.
        if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref)
            && is_full(inner)
        {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests;
