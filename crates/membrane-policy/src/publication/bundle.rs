//! The files that a version of the policies consists of: those of the catalog, and those of the policies.

use std::path::{Path, PathBuf};
use std::{fs, io};

use membrane_catalog::Fault;
use membrane_catalog::yaml::{FileError, read_text, too_many_files};
use membrane_ledger::Document;
use membrane_model::FileLimits;

use crate::PolicyError;
use crate::folder::{CARDS, CASES, CLAIMS, MATRIX, PRINCIPALS, SCHEMA, WAIVERS, bytes_max, whole};

/// The folder of the catalog's files in a bundle.
const CATALOG: &str = "catalog";
/// The folder of the policies' files in a bundle.
const POLICIES: &str = "policies";

/// Which files of a folder are read.
#[derive(Debug, Clone, Copy)]
enum Read {
    /// Those of these names.
    Named(&'static [&'static str]),
    /// Those that end in this.
    Ending(&'static str),
}

/// What is read, by place and folder: nothing else is kept, since what is kept is kept for ever.
const FILES: [(&str, &str, Read); 12] = [
    (CATALOG, "", Read::Named(&["classes.yaml", "purposes.yaml"])),
    (CATALOG, "contracts", Read::Ending("yaml")),
    (CATALOG, "releases", Read::Ending("yaml")),
    (CATALOG, "sources", Read::Ending("yaml")),
    (CATALOG, "tags", Read::Ending("yaml")),
    (CATALOG, "tags", Read::Ending("sql")),
    (CATALOG, "tags/fixtures", Read::Ending("csv")),
    (POLICIES, "", Read::Named(&[SCHEMA, PRINCIPALS, MATRIX, WAIVERS])),
    (POLICIES, "", Read::Ending("cedar")),
    (POLICIES, CARDS, Read::Ending("yaml")),
    (POLICIES, CLAIMS, Read::Ending("cedar")),
    (POLICIES, CASES, Read::Ending("yaml")),
];

/// The texts of a catalog and of policies, as they were at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    files: Vec<BundledFile>,
}

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BundledFile {
    /// Its place: `catalog/contracts/crm_members.yaml`.
    pub path: String,
    /// What it says.
    pub text: String,
}

impl BundledFile {
    /// Returns the name under which the ledger keeps it: SHA-256 of the text, as hexadecimal text.
    #[must_use]
    pub fn sha256(&self) -> String {
        Document::hash(&self.text)
    }
}

impl Bundle {
    /// Reads the files of a catalog and of policies.
    ///
    /// # Errors
    /// [`PolicyError::Read`] when one cannot be read, [`PolicyError::Faults`] when one is nothing that is read here.
    pub fn read(catalog: &Path, policies: &Path) -> Result<Self, PolicyError> {
        let mut files = Vec::new();
        for (place, folder, read) in FILES {
            let dir = if place == CATALOG { catalog } else { policies };
            if folder.is_empty() {
                collect(dir, place, read, &mut files)?;
            } else if dir.join(folder).is_dir() {
                collect(&dir.join(folder), &format!("{place}/{folder}"), read, &mut files)?;
            }
        }
        files.sort();
        Ok(Self { files })
    }

    /// Joins files that were stored.
    #[must_use]
    pub fn from_files(mut files: Vec<BundledFile>) -> Self {
        files.sort();
        Self { files }
    }

    /// Returns the files, in the order of their places.
    #[must_use]
    pub fn files(&self) -> &[BundledFile] {
        &self.files
    }

    /// Writes the files below a folder, and returns the folders of the catalog and of the policies.
    ///
    /// # Errors
    /// Those of the file system; [`io::ErrorKind::InvalidData`] when a place is not one that a bundle has.
    pub fn write(&self, dir: &Path) -> io::Result<(PathBuf, PathBuf)> {
        for file in &self.files {
            let plain = file.path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
            let inside = [CATALOG, POLICIES].iter().any(|place| file.path.starts_with(&format!("{place}/")));
            if !plain || !inside {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let path = dir.join(&file.path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(path, &file.text)?;
        }
        Ok((dir.join(CATALOG), dir.join(POLICIES)))
    }
}

fn collect(dir: &Path, place: &str, read: Read, files: &mut Vec<BundledFile>) -> Result<(), PolicyError> {
    let before = files.len();
    for path in entries(dir)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let wanted = match read {
            Read::Named(names) => names.contains(&name.as_str()),
            Read::Ending(extension) => path.extension().is_some_and(|found| found == extension),
        };
        if name.starts_with('.') || !wanted {
            continue;
        }
        if files.len() - before >= FileLimits::FIXED.files_max {
            return Err(PolicyError::Faults(vec![whole(dir, too_many_files())]));
        }
        let text = read_text(&path, bytes_max(&path)).map_err(|error| match error {
            FileError::Io(source) => PolicyError::Read { path: path.clone(), source },
            FileError::Unfit(why) => {
                let (line, column) = (why.mark.line, why.mark.column);
                let message = why.value;
                PolicyError::Faults(vec![Fault { file: path.clone(), line, column, message }])
            }
        })?;
        files.push(BundledFile { path: format!("{place}/{name}"), text });
    }
    Ok(())
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, PolicyError> {
    let failed = |source| PolicyError::Read { path: dir.to_owned(), source };
    let listed: io::Result<Vec<_>> = fs::read_dir(dir).map_err(failed)?.collect();
    Ok(listed.map_err(failed)?.into_iter().map(|entry| entry.path()).collect())
}
