//! The files of a policy folder, as they lie there.

use std::path::{Path, PathBuf};
use std::{fs, io};

use membrane_catalog::Fault;
use membrane_catalog::yaml::{FileError, Report, read_text, too_many_files};
use membrane_model::FileLimits;
use sha2::{Digest, Sha256};

use crate::PolicyError;
use crate::card::{Card, read_cards};
use crate::case::{Case, read_cases};
use crate::depth::{Kind, too_deep};

pub(crate) const SCHEMA: &str = "membrane.cedarschema";
pub(crate) const PRINCIPALS: &str = "principals.json";
const POLICY_EXTENSION: &str = "cedar";
/// The folder of cards, below that of policies.
pub(crate) const CARDS: &str = "cards";
const YAML_EXTENSION: &str = "yaml";
/// Who sees what, as it was reviewed.
pub const MATRIX: &str = "matrix.txt";
/// The folder of claims.
pub(crate) const CLAIMS: &str = "claims";
/// The folder of cases.
pub(crate) const CASES: &str = "cases";
/// Weak tokens that somebody has taken on.
pub(crate) const WAIVERS: &str = "waivers.yaml";

/// One file: where it lies, and its text.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Source {
    /// States a fault at a byte offset of this file.
    pub(crate) fn fault(&self, offset: usize, message: impl Into<String>) -> Fault {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        Fault { file: self.path.clone(), line, column, message: message.into() }
    }
}

/// The files of a policy folder.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) schema: Source,
    pub(crate) principals: Source,
    /// `*.cedar`, sorted by name.
    pub(crate) policies: Vec<Source>,
    /// `cards/*.yaml`, sorted by name, those without cards included.
    pub(crate) card_files: Vec<Source>,
    /// `claims/*.cedar`, sorted by name.
    pub(crate) claims: Vec<Source>,
    /// `cases/*.yaml`, sorted by name.
    pub(crate) cases: Vec<Source>,
    /// `matrix.txt`, if it is there.
    pub(crate) matrix: Option<Source>,
    /// `waivers.yaml`, where there is one.
    pub(crate) waivers: Option<Source>,
}

impl Folder {
    /// Reads the files. What no parser may be given, by its kind, size or depth, is a fault.
    pub(crate) fn read(dir: &Path) -> Result<Self, PolicyError> {
        let mut faults = Vec::new();
        let folder = Self {
            schema: read(dir.join(SCHEMA), &mut faults)?,
            principals: read(dir.join(PRINCIPALS), &mut faults)?,
            policies: files(dir, POLICY_EXTENSION, &mut faults)?,
            card_files: files_if_any(&dir.join(CARDS), YAML_EXTENSION, &mut faults)?,
            claims: files_if_any(&dir.join(CLAIMS), POLICY_EXTENSION, &mut faults)?,
            cases: files_if_any(&dir.join(CASES), YAML_EXTENSION, &mut faults)?,
            matrix: file_if_any(dir.join(MATRIX), &mut faults)?,
            waivers: file_if_any(dir.join(WAIVERS), &mut faults)?,
        };
        let written = folder.policies.iter().chain(&folder.claims).map(|source| (source, Kind::Policies));
        for (source, kind) in written.chain([(&folder.schema, Kind::Schema)]) {
            let deep = too_deep(&source.text, kind);
            faults.extend(deep.map(|(offset, message)| source.fault(offset, message)));
        }
        if faults.is_empty() { Ok(folder) } else { Err(PolicyError::Faults(faults)) }
    }

    /// Lists files that would not be read: what looks like a policy must not be none.
    pub(crate) fn unread(&self) -> Vec<Fault> {
        let Some(dir) = self.schema.path.parent() else { return Vec::new() };
        let of = [
            ("", POLICY_EXTENSION),
            (CARDS, YAML_EXTENSION),
            (CLAIMS, POLICY_EXTENSION),
            (CASES, YAML_EXTENSION),
        ];
        let mut faults = Vec::new();
        for (folder, extension) in of {
            let Ok(entries) = fs::read_dir(dir.join(folder)) else { continue };
            for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let known = match folder {
                    "" => {
                        [SCHEMA, PRINCIPALS, MATRIX, CARDS, CLAIMS, CASES, WAIVERS].contains(&name.as_str())
                    }
                    _ => false,
                };
                let read = path.extension().is_some_and(|found| found == extension) && path.is_file();
                if known || read || name.starts_with('.') || name.starts_with("README") {
                    continue;
                }
                let message = format!("not read: here are files that end in `.{extension}`");
                faults.push(Fault { file: path, line: 1, column: 1, message });
            }
        }
        faults
    }

    /// Reads the cards, each with the file that it is in. What cannot be read is a fault.
    pub(crate) fn cards(&self, faults: &mut Vec<Fault>) -> Vec<(&Source, Card)> {
        let mut cards = Vec::new();
        for source in &self.card_files {
            let mut report = Report::new(&source.path);
            let read = read_cards(&source.path, &source.text, &mut report);
            cards.extend(read.into_iter().map(|card| (source, card)));
            faults.extend(report.into_faults());
        }
        cards
    }

    /// Reads the cases. What cannot be read is a fault.
    pub(crate) fn read_cases(&self, faults: &mut Vec<Fault>) -> Vec<Case> {
        let mut cases = Vec::new();
        for source in &self.cases {
            let mut report = Report::new(&source.path);
            cases.extend(read_cases(&source.path, &source.text, &mut report));
            faults.extend(report.into_faults());
        }
        cases
    }

    /// Returns the hash that names these files together with the catalog they are checked against.
    /// Each part is preceded by its length, so that no two folders run into one another.
    pub(crate) fn version(&self, catalog_hash: &str) -> String {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(bytes);
        };
        part(catalog_hash.as_bytes());
        let files =
            [&self.schema, &self.principals].into_iter().chain(&self.policies).chain(&self.card_files);
        for source in files {
            // The name, not the folder: a copy elsewhere is the same version.
            part(source.path.file_name().unwrap_or_default().to_string_lossy().as_bytes());
            part(source.text.as_bytes());
        }
        hex::encode(hash.finalize())
    }
}

/// Reads the files of a folder that need not be there.
fn files_if_any(dir: &Path, extension: &str, faults: &mut Vec<Fault>) -> Result<Vec<Source>, PolicyError> {
    match files(dir, extension, faults) {
        Err(PolicyError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        found => found,
    }
}

/// Reads a file that need not be there.
fn file_if_any(path: PathBuf, faults: &mut Vec<Fault>) -> Result<Option<Source>, PolicyError> {
    match read(path, faults) {
        Err(PolicyError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// Reads the files of a folder that have an extension, sorted by name.
fn files(dir: &Path, extension: &str, faults: &mut Vec<Fault>) -> Result<Vec<Source>, PolicyError> {
    let failed = |source| PolicyError::Read { path: dir.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
        if paths.len() > FileLimits::FIXED.files_max {
            faults.push(whole(dir, too_many_files()));
            return Ok(Vec::new());
        }
    }
    paths.sort();
    paths.into_iter().map(|path| read(path, faults)).collect()
}

/// Reads a file. One that is no text of a size that is read is a fault, and empty.
fn read(path: PathBuf, faults: &mut Vec<Fault>) -> Result<Source, PolicyError> {
    let text = match read_text(&path, bytes_max(&path)) {
        Ok(text) => text,
        Err(FileError::Io(source)) => return Err(PolicyError::Read { path, source }),
        Err(FileError::Unfit(why)) => {
            let (line, column) = (why.mark.line, why.mark.column);
            faults.push(Fault { file: path.clone(), line, column, message: why.value });
            String::new()
        }
    };
    Ok(Source { path, text })
}

/// Returns the bytes that a file may have.
pub(crate) fn bytes_max(path: &Path) -> u64 {
    let listing = [PRINCIPALS, MATRIX].iter().any(|name| path.ends_with(name));
    if listing { FileLimits::FIXED.listing_bytes_max } else { FileLimits::FIXED.bytes_max }
}

/// States a fault of a file or a folder as a whole.
pub(crate) fn whole(path: &Path, message: String) -> Fault {
    Fault { file: path.to_owned(), line: 1, column: 1, message }
}
