//! The subjects that were looked up before, found by a keyed fingerprint of their identifier.
//!
//! ```text
//! fingerprint -> table of places, 4 bytes each, which fits the processor's cache -> entry: all that a row needs, in one place
//! ```
//!
//! A delivery goes through its members in no order, so that a look-up costs the lines of memory that it waits for: two
//! of an entry here, and none for the identifier, which is not kept. Two identifiers of one fingerprint would be taken for
//! one member: among a billion that has a chance below 10^-19.

use hashbrown::HashTable;
use membrane_model::SubjectId;
use membrane_vault::{DataKey, TOKEN_LENGTH};

use crate::fingerprint::Fingerprint;

/// Entries that are set up together.
const CHUNK: usize = 4096;

/// One subject, by one spelling of its identifier.
// PRIVACY: no Debug, and no Clone: it holds a key.
pub(super) struct Entry {
    /// In bytes, which need no room to be aligned.
    fingerprint: [u8; 16],
    pub(super) id: SubjectId,
    pub(super) token: [u8; TOKEN_LENGTH],
    pub(super) key: Option<DataKey>,
}

/// Where an entry lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(u32);

/// The subjects that were looked up before.
pub(super) struct Known {
    fingerprint: Fingerprint,
    places: HashTable<Place>,
    entries: Entries,
}

/// INVARIANT: a chunk never grows beyond the room that it got, so that no copy of a key stays behind in memory that was
/// given back.
#[derive(Default)]
struct Entries(Vec<Vec<Entry>>);

impl Known {
    pub(super) fn new() -> Self {
        Self { fingerprint: Fingerprint::new(), places: HashTable::new(), entries: Entries::default() }
    }

    /// Returns by what an identifier is known here.
    pub(super) fn fingerprint(&self, identifier: &str) -> u128 {
        self.fingerprint.of(identifier.as_bytes())
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Forgets everybody; their keys are wiped.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.entries.0.clear();
    }

    pub(super) fn find(&self, fingerprint: u128) -> Option<Place> {
        let bytes = fingerprint.to_ne_bytes();
        let is_same = |place: &Place| self.entries.at(*place).is_some_and(|entry| entry.fingerprint == bytes);
        self.places.find(hash(bytes), is_same).copied()
    }

    /// Adds a subject who is not there; none when there are more than can be counted.
    pub(super) fn add(
        &mut self,
        fingerprint: u128,
        id: SubjectId,
        token: [u8; TOKEN_LENGTH],
    ) -> Option<Place> {
        let fingerprint = fingerprint.to_ne_bytes();
        let place = self.entries.push(Entry { fingerprint, id, token, key: None })?;
        let entries = &self.entries;
        let rehash = |place: &Place| entries.at(*place).map_or(0, |entry| hash(entry.fingerprint));
        self.places.insert_unique(hash(fingerprint), place, rehash);
        Some(place)
    }

    pub(super) fn at(&self, place: Place) -> Option<&Entry> {
        self.entries.at(place)
    }

    pub(super) fn at_mut(&mut self, place: Place) -> Option<&mut Entry> {
        let (chunk, within) = place.parts()?;
        self.entries.0.get_mut(chunk)?.get_mut(within)
    }
}

impl Entries {
    fn at(&self, place: Place) -> Option<&Entry> {
        let (chunk, within) = place.parts()?;
        self.0.get(chunk)?.get(within)
    }

    fn push(&mut self, entry: Entry) -> Option<Place> {
        if self.0.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.0.push(Vec::with_capacity(CHUNK));
        }
        let before = (self.0.len() - 1) * CHUNK;
        let chunk = self.0.last_mut()?;
        let place = Place(u32::try_from(before + chunk.len()).ok()?);
        chunk.push(entry);
        Some(place)
    }
}

impl Place {
    fn parts(self) -> Option<(usize, usize)> {
        let at = usize::try_from(self.0).ok()?;
        Some((at / CHUNK, at % CHUNK))
    }
}

/// A fingerprint is a hash already: half of it is enough to find its place.
fn hash(fingerprint: [u8; 16]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = fingerprint;
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests;
