//! Which files lie in the folder of tags.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use membrane_model::FileLimits;

use crate::read::{Mark, Report, too_many_files};

/// The folder of the rows of tests.
const FIXTURES: &str = "fixtures";

/// The files in a folder of tags.
#[derive(Debug, Default)]
pub(super) struct TagFolder {
    /// The tags, sorted.
    pub(super) tags: Vec<PathBuf>,
    /// The statements and the rows of tests, by the names that tags give them.
    ///
    /// INVARIANT: a tag names one of these or nothing, so that none reads a file that lies elsewhere.
    pub(super) beside: BTreeMap<String, PathBuf>,
}

impl TagFolder {
    /// Lists the files of a folder; none when there is no such folder. What looks like one that is read, and is not, is a fault.
    pub(super) fn list(dir: &Path, report: &mut Report) -> Self {
        let mut found = Self::default();
        for path in entries(dir, report) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let extension = extension(&path);
            if path.is_dir() {
                if name != FIXTURES {
                    report.fault_of(&path, format!("a folder is not read here: only `{FIXTURES}` is"));
                }
            } else if extension == "yaml" {
                found.tags.push(path);
            } else if extension == "sql" {
                found.beside.insert(name, path);
            } else if extension == "csv" {
                report.fault_of(&path, format!("rows of tests lie in `{FIXTURES}`"));
            } else if is_like(&extension) {
                report.fault_of(&path, "not read under this name: tags end in `.yaml`, statements in `.sql`");
            }
        }
        for path in entries(&dir.join(FIXTURES), report) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let extension = extension(&path);
            if path.is_dir() {
                report.fault_of(&path, "a folder is not read here: files lie side by side");
            } else if extension == "csv" {
                found.beside.insert(format!("{FIXTURES}/{name}"), path);
            } else if extension.eq_ignore_ascii_case("csv") || extension == "sql" || is_like(&extension) {
                report.fault_of(&path, "not read here: rows of tests end in `.csv`");
            }
        }
        if found.tags.len().max(found.beside.len()) > FileLimits::FIXED.files_max {
            report.fault(Mark::START, too_many_files());
            return Self::default();
        }
        found.tags.sort();
        found
    }
}

/// Lists what is in a folder and is not hidden; nothing when there is no such folder.
fn entries(dir: &Path, report: &mut Report) -> Vec<PathBuf> {
    let listed: io::Result<Vec<_>> = std::fs::read_dir(dir).and_then(Iterator::collect);
    let entries = match listed {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            report.fault_of(dir, format!("the folder of tags cannot be read: {}", error.kind()));
            return Vec::new();
        }
    };
    let paths = entries.into_iter().filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    let mut paths: Vec<_> = paths.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().into_owned()
}

fn is_like(extension: &str) -> bool {
    ["yml", "yaml", "sql"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}
