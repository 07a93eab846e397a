//! Checks entries against the hashes that were signed of them.

use std::collections::{HashMap, HashSet};

use super::{Finding, Report};
use crate::bundle::decode_bundle;
use crate::tile::{Kind, TILE_WIDTH, Tile, get_tile};
use crate::{Hash, LogError, Objects};

/// Entries that differ, of which is remembered what was found, to tell moved ones from altered ones.
const DIFFERENCES_MAX: usize = 100_000;

/// The differences that were found in bundles.
#[derive(Debug, Default)]
pub(super) struct Bundles {
    /// Entries that are not in their place, with their hash.
    wanted: Vec<(u64, Hash)>,
    /// What is in such places instead.
    found: HashMap<Hash, u64>,
    /// Bundles that hold too few entries.
    short: HashSet<u64>,
}

impl Bundles {
    /// Checks a bundle against the hashes of its tile. Entries before `first` are not counted and not handed on.
    pub(super) async fn check(
        &mut self,
        objects: &impl Objects,
        (index, first): (u64, u64),
        hashes: &[Hash],
        report: &mut Report,
        mut on_entry: impl FnMut(u64, &[u8]),
    ) -> Result<(), LogError> {
        let width = u16::try_from(hashes.len()).unwrap_or(TILE_WIDTH);
        let (path, bytes, stored_width) =
            match get_tile(objects, Tile { kind: Kind::Entries, index, width }).await {
                Ok(bundle) => bundle,
                Err(error) => {
                    report.add(Finding::of_object(error)?);
                    return Ok(());
                }
            };
        let Some(entries) = decode_bundle(&bytes) else {
            report.add(Finding::Malformed { path, reason: "not entries with their lengths" });
            return Ok(());
        };
        let expected = usize::from(stored_width);
        if entries.len() != expected {
            report.add(Finding::WrongWidth { path, expected, found: entries.len() });
        }
        if entries.len() < expected {
            self.short.insert(index);
        }
        let mut entries = entries.into_iter();
        for (at, wanted) in (index * u64::from(TILE_WIDTH)..).zip(hashes) {
            let entry = entries.next();
            let found = entry.map(Hash::of_entry);
            match entry {
                Some(entry) if found == Some(*wanted) => {
                    if at >= first {
                        report.entries_checked += 1;
                        on_entry(at, entry);
                    }
                }
                _ => self.add_difference(at, *wanted, found, report),
            }
        }
        Ok(())
    }

    fn add_difference(&mut self, index: u64, wanted: Hash, found: Option<Hash>, report: &mut Report) {
        if self.wanted.len() >= DIFFERENCES_MAX {
            report.has_more = true;
            return;
        }
        self.wanted.push((index, wanted));
        if let Some(found) = found {
            self.found.insert(found, index);
        }
    }

    /// Reports the differences, when all are known: an entry that lies in the place of another was moved.
    pub(super) fn report_differences(self, report: &mut Report) {
        for (index, wanted) in self.wanted {
            let short = self.short.contains(&(index / u64::from(TILE_WIDTH)));
            match self.found.get(&wanted) {
                // In a short bundle the entries behind the gap have moved up.
                Some(_) if short => {}
                Some(found_at) => report.add(Finding::Reordered { index, found_at: *found_at }),
                None if short => report.add(Finding::Gap { index }),
                None => report.add(Finding::AlteredEntry { index }),
            }
        }
    }
}
