//! Files of a catalog: which there are, and their text.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use membrane_model::FileLimits;

use super::{At, Mark, Report};

/// Why a file cannot be used.
#[derive(Debug)]
pub enum FileError {
    /// The file system says so.
    Io(io::Error),
    /// It is not what is read here.
    Unfit(At<String>),
}

/// Lists the YAML files in a folder, sorted; none when there is no such folder. `what` names them in faults.
pub(crate) fn optional_files(folder: &Path, what: &str, report: &mut Report) -> Vec<PathBuf> {
    let missing = std::fs::metadata(folder).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    if missing { Vec::new() } else { yaml_files(folder, what, report).unwrap_or_default() }
}

/// Lists the contracts in a folder, sorted. What looks like a contract but would not be read is a fault.
pub(crate) fn contract_files(folder: &Path, report: &mut Report) -> Vec<PathBuf> {
    let files = yaml_files(folder, "contracts, `DATASET.yaml`,", report);
    if files.as_ref().is_some_and(Vec::is_empty) {
        report.fault(Mark::START, "no contract here: write one `DATASET.yaml` for each dataset");
    }
    files.unwrap_or_default()
}

/// Lists the YAML files in a folder, sorted; nothing when that cannot be.
fn yaml_files(folder: &Path, what: &str, report: &mut Report) -> Option<Vec<PathBuf>> {
    let listed: io::Result<Vec<_>> = std::fs::read_dir(folder).and_then(Iterator::collect);
    let entries = match listed {
        Ok(entries) => entries,
        Err(error) => {
            let why = error.kind();
            report.fault(Mark::START, format!("the folder of {what} cannot be read: {why}"));
            return None;
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
            report.fault_of(&path, "a folder is not read here: files lie side by side");
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
            if files.len() > FileLimits::FIXED.files_max {
                report.fault(Mark::START, too_many_files());
                return None;
            }
        } else if extension.is_some_and(|extension| extension == "yml" || extension == "yaml") {
            report.fault_of(&path, "not read under this name: files end in `.yaml`");
        }
    }
    files.sort();
    Some(files)
}

/// Says that a folder has more files than are read.
#[must_use]
pub fn too_many_files() -> String {
    format!("more than {} files in one folder", FileLimits::FIXED.files_max)
}

/// Reads a file whole, or says why it cannot be used.
pub(crate) fn read_file(path: &Path, report: &mut Report) -> Option<String> {
    let (mark, message) = match read_text(path, FileLimits::FIXED.bytes_max) {
        Ok(text) => return Some(text),
        Err(FileError::Io(error)) => (Mark::START, format!("cannot be read: {}", error.kind())),
        Err(FileError::Unfit(why)) => (why.mark, why.value),
    };
    report.fault(mark, message);
    None
}

/// Reads a regular file of UTF-8, up to a size.
///
/// # Errors
/// [`FileError`], which says why it cannot be used.
pub fn read_text(path: &Path, bytes_max: u64) -> Result<String, FileError> {
    let unfit = |mark, message: String| FileError::Unfit(At { value: message, mark });
    // A pipe or a device would be read for ever.
    if !std::fs::metadata(path).map_err(FileError::Io)?.is_file() {
        return Err(unfit(Mark::START, "not a regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(FileError::Io)?;
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(FileError::Io)?;
    if bytes.len() as u64 > bytes_max {
        return Err(unfit(Mark::START, format!("larger than {} MiB", bytes_max >> 20)));
    }
    String::from_utf8(bytes).map_err(|error| unfit(mark_after(&error), "not UTF-8".to_owned()))
}

/// The place after the part of the file that is UTF-8.
fn mark_after(error: &std::string::FromUtf8Error) -> Mark {
    let valid = error.utf8_error().valid_up_to();
    let text = String::from_utf8_lossy(error.as_bytes().get(..valid).unwrap_or_default());
    let line = text.matches('\n').count() + 1;
    let column = text.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    Mark { line, column }
}
