//! The checked catalog.

mod proposed;
mod source;
mod tags;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use membrane_model::{ClassName, DatasetName, LogicalType, Purpose, ReleaseName, SourceName, TagId};
use sha2::{Digest as _, Sha256};

use self::source::check_source;
use crate::read::{
    Contract, Mark, Report, contract_files, did_you_mean, optional_files, read_classes, read_contract,
    read_file, read_purposes, read_source, read_standing, reference_fault,
};
use crate::{CatalogError, Dataset, Fault, Sensitivity, Source, Standard, StandingRelease, Tag};

/// What the data is: every dataset, class, purpose, source, standing release and tag.
///
/// INVARIANT: all contracts are valid, by themselves and with each other. Standing releases and tags are valid as well; those that
/// are not are not among them.
#[derive(Debug, Clone)]
pub struct Catalog {
    datasets: BTreeMap<DatasetName, Arc<Dataset>>,
    classes: BTreeSet<ClassName>,
    /// How sensitive those classes are of which it is said.
    rated: BTreeMap<ClassName, Sensitivity>,
    purposes: Vec<PurposeEntry>,
    releases: BTreeMap<ReleaseName, Arc<StandingRelease>>,
    sources: BTreeMap<SourceName, Arc<Source>>,
    release_faults: Vec<Fault>,
    tags: BTreeMap<TagId, Arc<Tag>>,
    tag_faults: Vec<Fault>,
    notes: Vec<Fault>,
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
    /// Reads `classes.yaml`, `purposes.yaml`, `contracts/*.yaml` and, if there are any, `releases/*.yaml`, `sources/*.yaml` and
    /// `tags/*.yaml` with what lies beside these, below `dir`, and checks everything.
    ///
    /// # Errors
    /// [`CatalogError::Read`] when there is no such folder, [`CatalogError::Faults`] with all faults of
    /// all files when anything in it is wrong.
    pub fn load(dir: &Path) -> Result<Self, CatalogError> {
        let catalog = Self::load_to_serve(dir)?;
        let mut faults: Vec<_> = catalog.release_faults.iter().chain(&catalog.tag_faults).cloned().collect();
        faults.sort();
        if faults.is_empty() { Ok(catalog) } else { Err(CatalogError::Faults(faults)) }
    }

    /// Reads the same for a hub that serves: standing releases and tags in which something is wrong are left out, and their
    /// faults kept ([`Self::release_faults`], [`Self::tag_faults`]). What one partner is to be told each month must not stop the
    /// hub for all, nor must one label of members.
    ///
    /// # Errors
    /// As [`Self::load`], when anything is wrong but in a standing release or a tag.
    pub fn load_to_serve(dir: &Path) -> Result<Self, CatalogError> {
        std::fs::read_dir(dir).map_err(|source| CatalogError::Read { path: dir.to_owned(), source })?;
        let mut reader = Reader::default();
        let list = reader.file(&dir.join("classes.yaml"), read_classes);
        let (classes, rated) = list.map_or((None, BTreeMap::new()), |list| (Some(list.names), list.rated));
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
        let of_data = reader.faults.len();
        let releases = reader.releases(&dir.join("releases"), purposes.as_deref());
        let mut release_faults = reader.faults.split_off(of_data);
        let tags = reader.tags(&dir.join("tags"), &contracts, purposes.as_deref());
        let mut tag_faults = reader.faults.split_off(of_data);
        let sources = reader.sources(&dir.join("sources"), &contracts);
        check_together(&contracts, classes.as_ref(), purposes.as_deref(), &mut reader.faults);
        tags::check_kept(&contracts, &tags, &mut reader.faults);
        let content_hash = hex::encode(reader.hasher.finalize());
        let (mut faults, mut notes) = (reader.faults, reader.notes);
        notes.sort();
        for faults in [&mut faults, &mut release_faults, &mut tag_faults] {
            faults.sort();
            faults.dedup();
        }
        let datasets = contracts
            .into_iter()
            .filter_map(|(_, contract)| contract.dataset)
            .map(|dataset| (dataset.name.clone(), Arc::new(dataset)))
            .collect();
        match (classes, purposes) {
            (Some(classes), Some(purposes)) if faults.is_empty() => Ok(Self {
                datasets,
                classes,
                rated,
                purposes,
                releases,
                sources,
                release_faults,
                tags,
                tag_faults,
                notes,
                content_hash,
            }),
            _ => {
                faults.extend(release_faults);
                faults.extend(tag_faults);
                faults.sort();
                Err(CatalogError::Faults(faults))
            }
        }
    }

    /// Returns what is wrong with standing releases, which are left out; nothing unless it was read to be served.
    #[must_use]
    pub fn release_faults(&self) -> &[Fault] {
        &self.release_faults
    }

    /// Returns what somebody should know of contracts in which nothing is wrong.
    #[must_use]
    pub fn notes(&self) -> &[Fault] {
        &self.notes
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

    /// Finds a source.
    #[must_use]
    pub fn source(&self, name: &SourceName) -> Option<&Arc<Source>> {
        self.sources.get(name)
    }

    /// Returns all sources, sorted by name.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.sources.values()
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

    /// Returns how sensitive a class is: as `classes.yaml` says of it or of the next class above it. What nobody rated says something
    /// about a person.
    #[must_use]
    pub fn sensitivity(&self, class: &ClassName) -> Sensitivity {
        class.ancestry().find_map(|class| self.rated.get(&class).copied()).unwrap_or(Sensitivity::Personal)
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
    notes: Vec<Fault>,
}

impl Reader {
    /// Reads the standing releases in a folder, which need not be there.
    fn releases(
        &mut self,
        folder: &Path,
        purposes: Option<&[PurposeEntry]>,
    ) -> BTreeMap<ReleaseName, Arc<StandingRelease>> {
        let mut listing = Report::new(folder);
        let files = optional_files(folder, "releases, `NAME.yaml`,", &mut listing);
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
            let known = self.faults.len();
            let release = self.file(&file, read).filter(|_| self.faults.len() == known);
            if let Some(release) = release {
                releases.insert(release.name.clone(), Arc::new(release));
            }
        }
        releases
    }

    /// Reads the sources in a folder, which need not be there.
    fn sources(
        &mut self,
        folder: &Path,
        contracts: &[(&PathBuf, Contract)],
    ) -> BTreeMap<SourceName, Arc<Source>> {
        let mut listing = Report::new(folder);
        let files = optional_files(folder, "sources, `NAME.yaml`,", &mut listing);
        self.faults.extend(listing.into_faults());
        let mut sources = BTreeMap::new();
        for file in files {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let read = |text: &str, report: &mut Report| {
                let source = read_source(text, &stem, report)?;
                check_source(&source, contracts, report);
                Some(source)
            };
            if let Some(source) = self.file(&file, read) {
                sources.insert(source.name.clone(), Arc::new(source));
            }
        }
        sources
    }

    fn file<T>(&mut self, path: &Path, read: impl FnOnce(&str, &mut Report) -> Option<T>) -> Option<T> {
        self.file_named(path, &path.file_name().unwrap_or_default().to_string_lossy(), read)
    }

    /// Reads a file that has another name in the version of the catalog.
    fn file_named<T>(
        &mut self,
        path: &Path,
        name: &str,
        read: impl FnOnce(&str, &mut Report) -> Option<T>,
    ) -> Option<T> {
        let mut report = Report::new(path);
        let found = read_file(path, &mut report).and_then(|text| {
            for part in [name.as_bytes(), text.as_bytes()] {
                // Lengths in front: no two sets of files can give the same bytes.
                self.hasher.update((part.len() as u64).to_be_bytes());
                self.hasher.update(part);
            }
            read(&text, &mut report)
        });
        self.notes.extend(report.take_notes());
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
    let mut kinds: HashMap<&str, (LogicalType, Option<Standard>, &Path)> = HashMap::new();
    check_references(contracts, faults);
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
            let (logical_type, standard, other) =
                kinds.entry(kind).or_insert((identity.logical_type, identity.standard, file));
            if let (Some(one), Some(two)) = (*standard, identity.standard)
                && !one.is_like(two)
            {
                let message = format!(
                    "identity kind `{kind}` has the standard {two} here and {one} {}: give it one",
                    file_name(other)
                );
                fault(identity.mark, message);
            }
            *standard = standard.or(identity.standard);
            if *logical_type != identity.logical_type {
                let message = format!(
                    "identity kind `{kind}` is {} here and {logical_type} {}: give it one type",
                    identity.logical_type,
                    file_name(other)
                );
                fault(identity.mark, message);
            }
        }
        for purpose in &contract.purposes {
            if let Some(message) = purposes.and_then(|known| unknown_purpose(&purpose.value, known)) {
                fault(purpose.mark, message);
            }
        }
    }
}

/// Checks what columns refer to.
fn check_references(contracts: &[(&PathBuf, Contract)], faults: &mut Vec<Fault>) {
    for (file, contract) in contracts {
        for referring in &contract.references {
            let named = |other: &&(&PathBuf, Contract)| {
                other.1.name.as_ref().is_some_and(|name| name.value == referring.reference.dataset)
            };
            let target = contracts.iter().find(named).map(|(_, other)| other.dataset.as_ref());
            // A contract in which something is wrong is told of by itself.
            if target.is_some_and(|target| target.is_none()) {
                continue;
            }
            let known = contracts.iter().filter_map(|(_, other)| Some(other.name.as_ref()?.value.as_str()));
            let own = contract.name.as_ref().map(|name| &name.value);
            if let Some(message) = reference_fault(referring, own, target.flatten(), known) {
                let Mark { line, column } = referring.mark;
                faults.push(Fault { file: (*file).clone(), line, column, message });
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
