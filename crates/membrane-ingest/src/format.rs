//! The formats in which data is delivered.

use std::fmt;
use std::path::Path;

use crate::Packing;

/// The formats in which data is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Comma-separated values (RFC 4180) with a header line.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// An array of JSON objects; objects on lines of their own are taken too.
    Json,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, stream or file.
    ArrowIpc,
    /// Apache Avro, object container file.
    Avro,
    /// A sheet of an Excel workbook (Office Open XML).
    Excel,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] =
        [Self::Csv, Self::Ndjson, Self::Json, Self::Parquet, Self::ArrowIpc, Self::Avro, Self::Excel];

    /// Tells the format from a file's ending, if it says one. `.gz` and `.zst` are looked through.
    #[must_use]
    pub fn from_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let (stem, ending) = name.rsplit_once('.')?;
        let ending = match Packing::from_ending(ending) {
            Some(_) => stem.rsplit_once('.')?.1,
            None => ending,
        };
        Some(match ending {
            "csv" | "tsv" => Self::Csv,
            "ndjson" | "jsonl" => Self::Ndjson,
            "json" => Self::Json,
            "parquet" | "pq" => Self::Parquet,
            "arrow" | "arrows" | "ipc" | "feather" => Self::ArrowIpc,
            "avro" => Self::Avro,
            "xlsx" | "xlsm" => Self::Excel,
            _ => return None,
        })
    }

    /// Tells the format from an HTTP content type, if it is one of ours.
    #[must_use]
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let media = content_type.split(';').next()?.trim().to_ascii_lowercase();
        Some(match media.as_str() {
            "text/csv" | "application/csv" => Self::Csv,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Self::Ndjson,
            "application/json" => Self::Json,
            "application/vnd.apache.parquet" | "application/x-parquet" => Self::Parquet,
            "application/vnd.apache.arrow.stream" | "application/vnd.apache.arrow.file" => Self::ArrowIpc,
            "application/vnd.apache.avro" | "application/avro" | "avro/binary" => Self::Avro,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Self::Excel,
            _ => return None,
        })
    }

    /// Finds a format by the word that [`Self::as_word`] gives.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_word() == word)
    }

    /// Tells whether it is text, which has an encoding.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Ndjson | Self::Json)
    }

    /// Returns the word used in names: of the lineage, and of the command line.
    #[must_use]
    pub const fn as_word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Parquet => "parquet",
            Self::ArrowIpc => "arrow",
            Self::Avro => "avro",
            Self::Excel => "excel",
        }
    }

    /// Returns the word used in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Ndjson => "NDJSON",
            Self::Json => "JSON",
            Self::Parquet => "Parquet",
            Self::ArrowIpc => "Arrow IPC",
            Self::Avro => "Avro",
            Self::Excel => "an Excel workbook",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
