//! The checked catalog.

mod proposed;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use membrane_model::{ClassName, DatasetName, LogicalType, Purpose, ReleaseName};
use sha2::{Digest as _, Sha256};

use crate::read::{
    Contract, Mark, Report, contract_files, did_you_mean, read_classes, read_contract, read_file,
    read_purposes, read_standing, release_files,
};
use crate::{CatalogError, Dataset, Fault, StandingRelease};

/// What the data is: every dataset, class, purpose and standing release.
///
/// INVARIANT: all contracts are valid, by themselves and with each other.
#[derive(Debug, Clone)]
pub struct Catalog {
    datasets: BTreeMap<DatasetName, Arc<Dataset>>,
    classes: BTreeSet<ClassName>,
    purposes: Vec<PurposeEntry>,
    releases: BTreeMap<ReleaseName, Arc<StandingRelease>>,
    content_hash: String,
}

/// Why a principal may want data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurposeEntry {
    /// The name that requests and policies use.
    pub name: Purpose,
    /// What it means.
    pub description: String,
}

impl Catalog {
    /// Reads `classes.yaml`, `purposes.yaml`, `contracts/*.yaml` and, if there are any, `releases/*.yaml` below `dir`, and checks
    /// everything.
    ///
    /// # Errors
    /// [`CatalogError::Read`] when there is no such folder, [`CatalogError::Faults`] with all faults of
    /// all files when anything in it is wrong.
    pub fn load(dir: &Path) -> Result<Self, CatalogError> {
        std::fs::read_dir(dir).map_err(|source| CatalogError::Read { path: dir.to_owned(), source })?;
        let mut reader = Reader::default();
        let classes = reader.file(&dir.join("classes.yaml"), read_classes);
        let purposes = reader.file(&dir.join("purposes.yaml"), read_purposes);
        let folder = dir.join("contracts");
        let mut listing = Report::new(&folder);
        let files = contract_files(&folder, &mut listing);
        reader.faults.extend(listing.into_faults());
        let mut contracts = Vec::with_capacity(files.len());
        for file in &files {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let contract =
                reader.file(file, |text, report| read_contract(text, &stem, classes.as_ref(), report));
            contracts.extend(contract.map(|contract| (file, contract)));
        }
        let releases = reader.releases(&dir.join("releases"), purposes.as_deref());
        check_together(&contracts, classes.as_ref(), purposes.as_deref(), &mut reader.faults);
        let content_hash = hex::encode(reader.hasher.finalize());
        let mut faults = reader.faults;
        faults.sort();
        faults.dedup();
        let datasets = contracts
            .into_iter()
            .filter_map(|(_, contract)| contract.dataset)
            .map(|dataset| (dataset.name.clone(), Arc::new(dataset)))
            .collect();
        match (classes, purposes) {
            (Some(classes), Some(purposes)) if faults.is_empty() => {
                Ok(Self { datasets, classes, purposes, releases, content_hash })
            }
            _ => Err(CatalogError::Faults(faults)),
        }
    }

    /// Finds a dataset.
    #[must_use]
    pub fn dataset(&self, name: &DatasetName) -> Option<&Arc<Dataset>> {
        self.datasets.get(name)
    }

    /// Returns all datasets, sorted by name.
    pub fn datasets(&self) -> impl Iterator<Item = &Arc<Dataset>> {
        self.datasets.values()
    }

    /// Finds a standing release.
    #[must_use]
    pub fn release(&self, name: &ReleaseName) -> Option<&Arc<StandingRelease>> {
        self.releases.get(name)
    }

    /// Returns all standing releases, sorted by name.
    pub fn releases(&self) -> impl Iterator<Item = &Arc<StandingRelease>> {
        self.releases.values()
    }

    /// Returns all purposes, sorted by name.
    pub fn purposes(&self) -> impl Iterator<Item = &PurposeEntry> {
        self.purposes.iter()
    }

    /// Tells whether a purpose is listed.
    #[must_use]
    pub fn has_purpose(&self, purpose: &Purpose) -> bool {
        self.purposes.iter().any(|entry| entry.name == *purpose)
    }

    /// Returns all classes, sorted by name.
    pub fn classes(&self) -> impl Iterator<Item = &ClassName> {
        self.classes.iter()
    }

    /// Returns the version of the catalog: SHA-256 over names and bytes of all its files, in hex. It
    /// does not depend on where the folder lies.
    #[must_use]
    pub fn content_hash(&self) -> &str {
        &self.content_hash
    }
}

/// Reads files, hashes them and gathers their faults.
#[derive(Debug, Default)]
struct Reader {
    hasher: Sha256,
    faults: Vec<Fault>,
}

impl Reader {
    /// Reads the standing releases in a folder, which need not be there.
    fn releases(
        &mut self,
        folder: &Path,
        purposes: Option<&[PurposeEntry]>,
    ) -> BTreeMap<ReleaseName, Arc<StandingRelease>> {
        let mut listing = Report::new(folder);
        let files = release_files(folder, &mut listing);
        self.faults.extend(listing.into_faults());
        let mut releases = BTreeMap::new();
        for file in files {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let read = |text: &str, report: &mut Report| {
                let release = read_standing(text, &stem, report)?;
                let unknown = release.purpose.as_ref().zip(purposes);
                if let Some(message) = unknown.and_then(|(purpose, known)| unknown_purpose(purpose, known)) {
                    report.fault(Mark::START, message);
                }
                Some(release)
            };
            if let Some(release) = self.file(&file, read) {
                releases.insert(release.name.clone(), Arc::new(release));
            }
        }
        releases
    }

    fn file<T>(&mut self, path: &Path, read: impl FnOnce(&str, &mut Report) -> Option<T>) -> Option<T> {
        let mut report = Report::new(path);
        let found = read_file(path, &mut report).and_then(|text| {
            for part in [path.file_name().unwrap_or_default().to_string_lossy().as_bytes(), text.as_bytes()] {
                // Lengths in front: no two sets of files can give the same bytes.
                self.hasher.update((part.len() as u64).to_be_bytes());
                self.hasher.update(part);
            }
            read(&text, &mut report)
        });
        self.faults.extend(report.into_faults());
        found
    }
}

/// Checks what no contract can know alone.
fn check_together(
    contracts: &[(&PathBuf, Contract)],
    classes: Option<&BTreeSet<ClassName>>,
    purposes: Option<&[PurposeEntry]>,
    faults: &mut Vec<Fault>,
) {
    let mut names: HashMap<&str, &Path> = HashMap::new();
    let mut ids: HashMap<&str, &Path> = HashMap::new();
    let mut kinds: HashMap<&str, (LogicalType, &Path)> = HashMap::new();
    for (file, contract) in contracts {
        let mut fault = |mark: Mark, message: String| {
            faults.push(Fault { file: (*file).clone(), line: mark.line, column: mark.column, message });
        };
        if let Some(name) = &contract.name
            && let Some(other) = names.insert(name.value.as_str(), file)
        {
            fault(
                name.mark,
                format!("dataset `{}` has a contract already, {}", name.value, file_name(other)),
            );
        }
        if let Some(id) = &contract.id
            && let Some(other) = ids.insert(&id.value, file)
        {
            fault(id.mark, format!("the contract {} has the same `id`", file_name(other)));
        }
        for identity in &contract.identities {
            let kind = identity.kind.as_str();
            if classes.is_some_and(|classes| classes.iter().any(|class| class.as_str() == kind)) {
                let message =
                    format!("identity kind `{kind}` is the name of a class: their tokens would mix");
                fault(identity.mark, message);
            }
            let (logical_type, other) = kinds.entry(kind).or_insert((identity.logical_type, file));
            if *logical_type != identity.logical_type {
                let message = format!(
                    "identity kind `{kind}` is {} here and {logical_type} {}: give it one type",
                    identity.logical_type,
                    file_name(other)
                );
                fault(identity.mark, message);
            }
        }
        for purpose in &contract.consents {
            if let Some(message) = purposes.and_then(|known| unknown_purpose(&purpose.value, known)) {
                fault(purpose.mark, message);
            }
        }
    }
}

fn unknown_purpose(purpose: &Purpose, known: &[PurposeEntry]) -> Option<String> {
    if known.iter().any(|entry| entry.name == *purpose) {
        return None;
    }
    let hint = did_you_mean(purpose.as_str(), known.iter().map(|entry| entry.name.as_str()));
    Some(format!("purpose `{purpose}` is not in `purposes.yaml`{hint}"))
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| format!("in `{}`", name.to_string_lossy()))
}

#[cfg(test)]
mod tests;
