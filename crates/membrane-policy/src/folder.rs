//! The files of a policy folder, as they lie there.

use std::fs;
use std::path::{Path, PathBuf};

use membrane_catalog::Fault;
use sha2::{Digest, Sha256};

use crate::PolicyError;

const SCHEMA: &str = "membrane.cedarschema";
const PRINCIPALS: &str = "principals.json";
const POLICY_EXTENSION: &str = "cedar";

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
}

impl Folder {
    pub(crate) fn read(dir: &Path) -> Result<Self, PolicyError> {
        let failed = |source| PolicyError::Read { path: dir.to_owned(), source };
        let mut names = Vec::new();
        for entry in fs::read_dir(dir).map_err(failed)? {
            let name = PathBuf::from(entry.map_err(failed)?.file_name());
            if name.extension().is_some_and(|extension| extension == POLICY_EXTENSION) {
                names.push(name);
            }
        }
        names.sort();
        Ok(Self {
            schema: read(dir.join(SCHEMA))?,
            principals: read(dir.join(PRINCIPALS))?,
            policies: names.iter().map(|name| read(dir.join(name))).collect::<Result<_, _>>()?,
        })
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
        for source in [&self.schema, &self.principals].into_iter().chain(&self.policies) {
            // The name, not the folder: a copy elsewhere is the same version.
            part(source.path.file_name().unwrap_or_default().to_string_lossy().as_bytes());
            part(source.text.as_bytes());
        }
        hex::encode(hash.finalize())
    }
}

fn read(path: PathBuf) -> Result<Source, PolicyError> {
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Source { path, text }),
        Err(source) => Err(PolicyError::Read { path, source }),
    }
}
