//! What can be wrong with a catalog.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A catalog that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The folder itself could not be read. A file in it that cannot be read is a [`Fault`].
    #[error("{}", Unreadable(.path, .source))]
    Read {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Everything that is wrong in all files, sorted by file and line. Shown one per line.
    #[error("{}", Lines(.0))]
    Faults(Vec<Fault>),
}

impl CatalogError {
    /// Returns the faults, or nothing when the folder could not be read at all.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Read { .. } => &[],
            Self::Faults(faults) => faults,
        }
    }
}

/// One thing that is wrong, and where. Shown as `path:line:column: message`.
///
/// PRIVACY: the message holds keys, names and counts, never a value of the file: someone may have put
/// a sample of real data into it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file, below the folder that was loaded.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and, where it helps, what to write instead.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)
    }
}

struct Lines<'a>(&'a [Fault]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

struct Unreadable<'a>(&'a Path, &'a io::Error);

impl fmt::Display for Unreadable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.display();
        if self.1.kind() == io::ErrorKind::NotFound {
            write!(
                f,
                "no catalog at `{path}`: expected a folder with `classes.yaml`, `purposes.yaml` and \
                 `contracts/DATASET.yaml`; name another folder with `--catalog DIR`"
            )
        } else {
            write!(f, "cannot read the catalog folder `{path}`")
        }
    }
}

#[cfg(test)]
mod tests;
