//! What was generated.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::DirtyKind;

/// What was generated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SampleReport {
    /// The files to ingest, by name.
    pub files: Vec<FileReport>,
    /// `ground-truth/identities.csv`: which identifiers are one person. Never to be ingested.
    pub ground_truth: FileReport,
}

impl SampleReport {
    /// Returns the rows of all files to ingest, dirty ones too.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Returns the bytes of all files to ingest.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Finds a file by its dataset.
    #[must_use]
    pub fn file(&self, dataset: &str) -> Option<&FileReport> {
        self.files.iter().find(|file| file.dataset == dataset)
    }
}

/// One generated file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The dataset that it is for: the file's stem.
    pub dataset: String,
    /// The file's name.
    pub name: String,
    /// Its rows, dirty ones too, a header not.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// How many rows were given a fault, by kind.
    pub dirty: BTreeMap<DirtyKind, u64>,
}

impl FileReport {
    /// Returns the rows with a fault.
    #[must_use]
    pub fn rows_dirty(&self) -> u64 {
        self.dirty.values().sum()
    }

    /// Returns the rows that break the contract: the dirty ones, except those that only come late.
    #[must_use]
    pub fn rows_broken(&self) -> u64 {
        self.dirty.iter().filter(|(kind, _)| kind.breaks_contract()).map(|(_, rows)| rows).sum()
    }
}
