//! A set of fingerprints in bounded memory: the newest in a hash table, older ones in sorted files.
//!
//! ```text
//! contains: hash table -> Bloom filter over all files -> one or two blocks of each file
//! spill:    a full table becomes a file; four files of one level are merged into one of the next
//! ```
//!
//! Files have no name once open, and hold keyed fingerprints only.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use super::run::Run;

/// Entries of the hash table when there is one constraint: 7/8 of 2^23, about 140 MiB.
const ENTRIES_MAX: usize = (1 << 23) / 8 * 7;
/// Bits of the Bloom filter: 64 MiB, set up only when the table first overflows.
const FILTER_BITS: usize = 1 << 29;
const PROBES: u32 = 4;
/// Files of one level that are merged.
const MERGED: usize = 4;

/// A set of fingerprints.
pub(super) struct Seen {
    fresh: HashSet<u128, BuildHasherDefault<Fingerprints>>,
    entries_max: usize,
    runs: Vec<Run>,
    filter: Vec<u64>,
    scratch: PathBuf,
}

impl Seen {
    /// Makes an empty set that takes its share of the memory.
    pub(super) fn new(scratch: &Path, share: usize) -> Self {
        Self::with_entries(scratch, ENTRIES_MAX / share.next_power_of_two())
    }

    pub(super) fn with_entries(scratch: &Path, entries_max: usize) -> Self {
        let scratch = scratch.to_owned();
        Self { fresh: HashSet::default(), entries_max, runs: Vec::new(), filter: Vec::new(), scratch }
    }

    /// Forgets all of it.
    pub(super) fn clear(&mut self) {
        self.fresh.clear();
        self.runs.clear();
        self.filter.clear();
    }

    /// Makes room for so many fingerprints to come, as far as they are kept in memory: growing step by step
    /// would move all of them each time.
    pub(super) fn reserve(&mut self, count: usize) {
        self.fresh.reserve(count.min(self.entries_max).saturating_sub(self.fresh.len()));
    }

    /// Tells whether a fingerprint was inserted.
    pub(super) fn contains(&self, key: u128) -> io::Result<bool> {
        if self.fresh.contains(&key) {
            return Ok(true);
        }
        if self.filter.is_empty() || !self.filter_has(key) {
            return Ok(false);
        }
        for run in &self.runs {
            if run.contains(key)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Inserts a fingerprint and tells whether it is new.
    pub(super) fn insert(&mut self, key: u128) -> io::Result<bool> {
        if !self.runs.is_empty() && self.contains(key)? {
            return Ok(false);
        }
        if self.fresh.len() >= self.entries_max {
            self.spill()?;
        }
        Ok(self.fresh.insert(key))
    }

    fn spill(&mut self) -> io::Result<()> {
        if self.filter.is_empty() {
            self.filter = vec![0; FILTER_BITS / 64];
        }
        let mut keys: Vec<u128> = self.fresh.drain().collect();
        keys.sort_unstable();
        for key in &keys {
            for (word, bit) in probes(*key) {
                if let Some(word) = self.filter.get_mut(word) {
                    *word |= bit;
                }
            }
        }
        self.runs.push(Run::write(&self.scratch, &keys)?);
        drop(keys);
        loop {
            let newest = self.runs.last().map_or(0, Run::level);
            let start = self.runs.len().saturating_sub(MERGED);
            let same = self.runs.iter().skip(start).all(|run| run.level() == newest);
            if self.runs.len() < MERGED || !same {
                return Ok(());
            }
            let merged = Run::merge(&self.scratch, &self.runs.split_off(start))?;
            self.runs.push(merged);
        }
    }

    fn filter_has(&self, key: u128) -> bool {
        probes(key).all(|(word, bit)| self.filter.get(word).is_some_and(|word| word & bit != 0))
    }
}

/// Returns the words and bits of the filter that stand for a key.
fn probes(key: u128) -> impl Iterator<Item = (usize, u64)> {
    (0..PROBES).map(move |probe| {
        let place = usize::try_from((key >> (probe * 29)) & (FILTER_BITS as u128 - 1)).unwrap_or_default();
        (place / 64, 1 << (place % 64))
    })
}

/// A fingerprint is a hash already.
#[derive(Default)]
struct Fingerprints(u64);

impl Hasher for Fingerprints {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        // The low half; the filter and the files use the high one too.
        self.0 = u64::try_from(key & u128::from(u64::MAX)).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests;
