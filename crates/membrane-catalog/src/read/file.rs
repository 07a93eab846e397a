//! Files of a catalog: which there are, and their text.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::{Mark, Report};

/// No contract that a person maintains is larger.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Lists the contracts in a folder, sorted. What looks like a contract but would not be read is a fault.
pub(crate) fn contract_files(folder: &Path, report: &mut Report) -> Vec<PathBuf> {
    let listed: io::Result<Vec<_>> = std::fs::read_dir(folder).and_then(Iterator::collect);
    let entries = match listed {
        Ok(entries) => entries,
        Err(error) => {
            let why = error.kind();
            report.fault(
                Mark::START,
                format!("the folder of contracts, `DATASET.yaml`, cannot be read: {why}"),
            );
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for path in entries.into_iter().map(|entry| entry.path()) {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        if hidden {
            continue;
        }
        if path.is_dir() {
            report.fault_of(&path, "a folder is not read here: contracts lie side by side in `contracts/`");
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        } else if extension.is_some_and(|extension| extension == "yml" || extension == "yaml") {
            report.fault_of(&path, "not read under this name: contracts end in `.yaml`");
        }
    }
    files.sort();
    if files.is_empty() {
        report.fault(Mark::START, "no contract here: write one `DATASET.yaml` for each dataset");
    }
    files
}

/// Reads a file whole, or says why it cannot be used.
pub(crate) fn read_file(path: &Path, report: &mut Report) -> Option<String> {
    let bytes = match read_bytes(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let why = error.kind();
            report.fault(Mark::START, format!("cannot be read: {why}"));
            return None;
        }
    };
    if bytes.len() as u64 > FILE_BYTES_MAX {
        report.fault(Mark::START, "larger than 1 MiB");
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            report.fault(mark_after(&error), "not UTF-8");
            None
        }
    }
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe or a device would be read for ever.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The place after the part of the file that is UTF-8.
fn mark_after(error: &std::string::FromUtf8Error) -> Mark {
    let valid = error.utf8_error().valid_up_to();
    let text = String::from_utf8_lossy(error.as_bytes().get(..valid).unwrap_or_default());
    let line = text.matches('\n').count() + 1;
    let column = text.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    Mark { line, column }
}
