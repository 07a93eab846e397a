//! The tags of a catalog: read together, because they use one another.

mod files;
mod together;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use membrane_model::TagId;

use self::files::TagFolder;
use self::together::{faults_of_users, faults_together};
use super::{Catalog, PurposeEntry, Reader};
use crate::read::{Beside, Contract, Report, TagDraft, check_beside, read_tag};
use crate::{Fault, Tag};

impl Catalog {
    /// Finds a tag.
    #[must_use]
    pub fn tag(&self, id: &TagId) -> Option<&Arc<Tag>> {
        self.tags.get(id)
    }

    /// Returns all tags, sorted by id.
    pub fn tags(&self) -> impl Iterator<Item = &Arc<Tag>> {
        self.tags.values()
    }

    /// Returns all tags in the order in which they can be built: each after those that it uses, and by id otherwise.
    #[must_use]
    pub fn tags_in_order(&self) -> Vec<&Arc<Tag>> {
        let mut ordered: Vec<&Arc<Tag>> = Vec::with_capacity(self.tags.len());
        let mut placed: BTreeSet<&TagId> = BTreeSet::new();
        while placed.len() < self.tags.len() {
            let before = placed.len();
            for (id, tag) in &self.tags {
                if !placed.contains(id) && tag.uses.iter().all(|used| placed.contains(used)) {
                    placed.insert(id);
                    ordered.push(tag);
                }
            }
            // INVARIANT: no tag leads back to itself, so that each round places one.
            if placed.len() == before {
                break;
            }
        }
        ordered
    }

    /// Returns what is wrong with tags, which are left out; nothing unless it was read to be served.
    #[must_use]
    pub fn tag_faults(&self) -> &[Fault] {
        &self.tag_faults
    }
}

/// A tag that was read: its id as the name of its file says it, and what is in it.
#[derive(Debug)]
struct Read {
    id: TagId,
    file: PathBuf,
    draft: TagDraft,
}

/// No rule takes out rows of tags: which value a member has follows from all of them.
pub(super) fn check_kept(
    contracts: &[(&PathBuf, Contract)],
    tags: &BTreeMap<TagId, Arc<Tag>>,
    faults: &mut Vec<Fault>,
) {
    for (file, contract) in contracts {
        let name = contract.name.as_ref().map(|name| &name.value);
        let Some(mark) = contract.retention.filter(|_| tags.values().any(|tag| Some(&tag.table) == name))
        else {
            continue;
        };
        let message = "`membrane.retention`: the dataset holds tags, which the hub writes itself".to_owned();
        faults.push(Fault { file: (*file).clone(), line: mark.line, column: mark.column, message });
    }
}

impl Reader {
    /// Reads the tags in a folder, which need not be there, with the statements and the cases beside them. Those in which
    /// something is wrong are left out, and those that use them.
    pub(super) fn tags(
        &mut self,
        dir: &Path,
        contracts: &[(&PathBuf, Contract)],
        purposes: Option<&[PurposeEntry]>,
    ) -> BTreeMap<TagId, Arc<Tag>> {
        let first = self.faults.len();
        let mut listing = Report::new(dir);
        let folder = TagFolder::list(dir, &mut listing);
        self.faults.extend(listing.into_faults());
        let mut files = BTreeMap::new();
        for (name, path) in &folder.beside {
            let text = self.file_named(path, name, |text, _| Some(text.to_owned()));
            files.insert(name.clone(), text);
        }
        let mut ids = BTreeSet::new();
        let mut read = Vec::new();
        // Of a file that cannot be read nobody knows what it uses.
        let mut all_read = true;
        for file in folder.tags {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let draft = self.file_named(&file, &format!("tags/{stem}"), |text, report| {
                let draft = read_tag(text, &stem, &files, report)?;
                check_beside(&draft, Beside { contracts, purposes }, report);
                Some(draft)
            });
            let id = stem.parse::<TagId>().ok();
            ids.extend(id.clone());
            match id.zip(draft) {
                Some((id, draft)) => read.push(Read { id, file, draft }),
                None => all_read = false,
            }
        }
        if all_read {
            let unused =
                |(name, _): &(&String, &PathBuf)| read.iter().all(|one| !one.draft.files.contains(*name));
            for (name, path) in folder.beside.iter().filter(unused) {
                let what = if name.ends_with(".sql") {
                    "no tag has this statement"
                } else {
                    "no test of a tag names this file"
                };
                self.faults.push(whole(path, what));
            }
        }
        self.faults.extend(faults_together(&read, &ids));
        let faulty: BTreeSet<&Path> =
            self.faults.iter().skip(first).map(|fault| fault.file.as_path()).collect();
        let is_faulty = |one: &Read| {
            let beside = one.draft.files.iter().filter_map(|name| folder.beside.get(name));
            let named = beside.map(PathBuf::as_path).chain([one.file.as_path()]);
            one.draft.tag.is_none() || named.into_iter().any(|file| faulty.contains(file))
        };
        let mut good: BTreeMap<&TagId, &Read> =
            read.iter().filter(|one| !is_faulty(one)).map(|one| (&one.id, one)).collect();
        let of_users = faults_of_users(&mut good, &ids);
        let tags = good.into_values().filter_map(|one| one.draft.tag.clone());
        let tags = tags.map(|tag| (tag.id.clone(), Arc::new(tag))).collect();
        self.faults.extend(of_users);
        tags
    }
}

fn whole(file: &Path, message: &str) -> Fault {
    Fault { file: file.to_owned(), line: 1, column: 1, message: message.to_owned() }
}

#[cfg(test)]
mod tests;
