//! What a file is, as a person says it.

use std::path::Path;

use clap::{Args, ValueEnum};
use membrane_ingest::{Encoding, Format, Reading};

use super::CliError;

/// What a file is. What is not said is told from its name and content.
#[derive(Debug, Clone, Args)]
pub(super) struct FormArgs {
    /// The form of the data; a file's name says it too. What is packed with gzip or zstd is unpacked.
    #[arg(long, value_enum)]
    format: Option<FormatArg>,
    /// The encoding of a text format, if it is not UTF-8: gb18030, gbk, big5, utf-16le, latin1 and others.
    #[arg(long, value_name = "ENCODING")]
    encoding: Option<Encoding>,
    /// The sheet of a workbook, if it shows several.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    Csv,
    Ndjson,
    Json,
    Parquet,
    Arrow,
    Avro,
    Excel,
}

impl From<FormatArg> for Format {
    fn from(arg: FormatArg) -> Self {
        match arg {
            FormatArg::Csv => Self::Csv,
            FormatArg::Ndjson => Self::Ndjson,
            FormatArg::Json => Self::Json,
            FormatArg::Parquet => Self::Parquet,
            FormatArg::Arrow => Self::ArrowIpc,
            FormatArg::Avro => Self::Avro,
            FormatArg::Excel => Self::Excel,
        }
    }
}

impl FormArgs {
    /// Returns the format, and how it is to be read; refuses what is said of a format that has nothing of it.
    pub(super) fn of(&self, file: Option<&Path>) -> Result<(Format, Reading), CliError> {
        let format = self.format.map(Format::from).or_else(|| Format::from_path(file?)).ok_or_else(|| {
            CliError::usage("say what the data is: --format csv, ndjson, json, parquet, arrow, avro or excel")
        })?;
        if self.encoding.is_some() && !format.is_text() {
            return Err(CliError::usage("--encoding is for csv, ndjson and json"));
        }
        if self.sheet.is_some() && format != Format::Excel {
            return Err(CliError::usage("--sheet is for excel"));
        }
        let reading = Reading { encoding: self.encoding, sheet: self.sheet.clone(), ..Reading::default() };
        Ok((format, reading))
    }
}
