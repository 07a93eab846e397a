//! What a table of tags says of members: kept as hashes, to see what changed.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use hashbrown::HashMap;
use membrane_catalog::{Tag, TagType};

use super::compare::TagFault;
use super::values::label;
use crate::mask::key::KEY_LENGTH;

/// No row says anything.
pub(super) const NOTHING: u64 = 0;
/// No label: there is no value.
pub(super) const NO_LABEL: u16 = u16::MAX;
/// Values whose hash and label are kept at hand, of one tag.
const AT_HAND_MAX: usize = 1024;

type Key = [u8; KEY_LENGTH];

/// What is known of members, of some tags.
#[derive(Default)]
pub struct TagKnown {
    places: HashMap<Key, u32>,
    keys: Vec<Key>,
    /// The place that was found last: rows of one tag are often in the order of those of another.
    last: usize,
    pub(super) tags: Vec<KnownTag>,
}

/// What is known of members, of one tag: by their places.
#[derive(Default)]
pub(super) struct KnownTag {
    said: Vec<Said>,
    labels: Labels,
    at_hand: HashMap<String, (u64, u16)>,
}

/// What the newest row says of a member.
#[derive(Clone, Copy)]
pub(super) struct Said {
    /// What stands for the value and the version, or [`NOTHING`].
    pub(super) print: u64,
    /// Since when, in microseconds.
    pub(super) since: i64,
    /// The value's label.
    pub(super) label: u16,
}

const UNSAID: Said = Said { print: NOTHING, since: i64::MIN, label: NO_LABEL };

/// Labels by number.
#[derive(Default)]
struct Labels {
    names: Vec<String>,
    numbers: HashMap<String, u16>,
}

impl Labels {
    fn number(&mut self, label: String) -> u16 {
        if let Some(number) = self.numbers.get(&label) {
            return *number;
        }
        // Of more labels than that, the rest are one.
        let number = u16::try_from(self.names.len()).unwrap_or(NO_LABEL - 1).min(NO_LABEL - 1);
        if usize::from(number) == self.names.len() {
            self.names.push(label.clone());
        }
        self.numbers.insert(label, number);
        number
    }
}

/// Returns what stands for a value under a version of a tag.
pub(super) fn print(version: u32, value: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (version, value).hash(&mut hasher);
    hasher.finish().max(1)
}

impl TagKnown {
    /// Knows nothing of members, of these many tags.
    #[must_use]
    pub fn of(tags: usize) -> Self {
        let mut known = Self::default();
        known.tags.resize_with(tags, KnownTag::default);
        known
    }

    /// Takes in rows of the table of tags: the member's key, the tag, the value, the version and since when. With `any_version`, as if the present version
    /// of each tag had said it: values alone are compared, whichever version gave them.
    ///
    /// # Errors
    /// [`TagFault`] when the columns are others.
    pub fn add(&mut self, batch: &RecordBatch, tags: &[Arc<Tag>], any_version: bool) -> Result<(), TagFault> {
        let shape = || TagFault("a table of tags has another shape");
        let [keys, names, values, versions, since] = batch.columns() else { return Err(shape()) };
        let text = |column| cast(column, &DataType::Utf8).map_err(|_| shape());
        let (names, values) = (text(names)?, text(values)?);
        let (names, values) = (names.as_string::<i32>(), values.as_string::<i32>());
        let keys = keys.as_binary_view_opt().ok_or_else(shape)?;
        let versions = versions.as_primitive_opt::<Int64Type>().ok_or_else(shape)?;
        let since = since.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(shape)?;
        // Rows of one tag come together.
        let mut last = 0;
        for row in 0..batch.num_rows() {
            if names.is_null(row) || keys.is_null(row) {
                continue;
            }
            let name = names.value(row);
            let is_it = |of: &usize| tags.get(*of).is_some_and(|tag| tag.id.as_str() == name);
            let Some(of) = Some(last).filter(is_it).or_else(|| (0..tags.len()).find(is_it)) else { continue };
            last = of;
            let Some(tag) = tags.get(of) else { continue };
            let place = self.place(keys.value(row))?;
            let value = values.is_valid(row).then(|| values.value(row));
            let version = if any_version {
                tag.version
            } else {
                u32::try_from(versions.value(row)).unwrap_or_default()
            };
            let Some(of_tag) = self.tags.get_mut(of) else { continue };
            let (print, label) = if version == tag.version {
                of_tag.print_and_label((tag.value.kind, version), value)
            } else {
                (print(version, value), value.map_or(NO_LABEL, |value| of_tag.label(tag.value.kind, value)))
            };
            let said = Said { print, since: since.value(row), label };
            if of_tag.said(place).since <= said.since {
                of_tag.set(place, said);
            }
        }
        Ok(())
    }

    /// Returns the place of a member, who gets one.
    pub(super) fn place(&mut self, key: &[u8]) -> Result<u32, TagFault> {
        let key: &Key = key.try_into().map_err(|_| TagFault("a member's key has another length"))?;
        let many = |_| TagFault("members are too many");
        let next = self.last + 1;
        if self.keys.get(next) == Some(key) {
            self.last = next;
            return u32::try_from(next).map_err(many);
        }
        if let Some(place) = self.places.get(key) {
            self.last = usize::try_from(*place).map_err(many)?;
            return Ok(*place);
        }
        self.last = self.keys.len();
        let place = u32::try_from(self.last).map_err(many)?;
        self.keys.push(*key);
        self.places.insert(*key, place);
        Ok(place)
    }

    /// Returns the place of a member, if there is one.
    pub(super) fn find(&self, key: &[u8]) -> Option<u32> {
        self.places.get(<&Key>::try_from(key).ok()?).copied()
    }

    /// Returns of how many tags it is known.
    #[must_use]
    pub const fn tags(&self) -> usize {
        self.tags.len()
    }

    /// Returns how many members are known of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Tells whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns the key of a place.
    pub(super) fn key(&self, place: u32) -> Option<&Key> {
        self.keys.get(usize::try_from(place).ok()?)
    }

    /// Returns the keys of those who have a value of some tag.
    pub fn with_a_value(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.iter().enumerate().filter_map(|(place, key)| {
            let place = u32::try_from(place).ok()?;
            self.tags.iter().any(|tag| tag.said(place).label != NO_LABEL).then_some(key.as_slice())
        })
    }

    /// Counts the members that have each label of a tag, by its name.
    #[must_use]
    pub fn shares(&self, tag: usize) -> Vec<(&str, u64)> {
        let Some(tag) = self.tags.get(tag) else { return Vec::new() };
        let mut counts = vec![0_u64; tag.labels.names.len()];
        for said in &tag.said {
            if let Some(count) = counts.get_mut(usize::from(said.label)) {
                *count += 1;
            }
        }
        self.named(tag, &counts)
    }

    /// Names counts of the labels of a tag; those that nobody has are left out.
    #[must_use]
    pub fn named_shares(&self, tag: usize, counts: &[u64]) -> Vec<(&str, u64)> {
        self.tags.get(tag).map(|tag| self.named(tag, counts)).unwrap_or_default()
    }

    #[expect(clippy::unused_self, reason = "names live as long as what is known")]
    fn named<'a>(&'a self, tag: &'a KnownTag, counts: &[u64]) -> Vec<(&'a str, u64)> {
        let named = tag.labels.names.iter().map(String::as_str).zip(counts.iter().copied());
        named.filter(|(_, count)| *count > 0).collect()
    }
}

impl KnownTag {
    /// Returns what is said of a member.
    pub(super) fn said(&self, place: u32) -> Said {
        let said = usize::try_from(place).ok().and_then(|place| self.said.get(place));
        said.copied().unwrap_or(UNSAID)
    }

    /// Says something else of a member.
    pub(super) fn set(&mut self, place: u32, said: Said) {
        let Ok(place) = usize::try_from(place) else { return };
        if self.said.len() <= place {
            self.said.resize(place + 1, UNSAID);
        }
        if let Some(one) = self.said.get_mut(place) {
            *one = said;
        }
    }

    /// Returns what stands for a value under the present version of the tag, and its label.
    pub(super) fn print_and_label(
        &mut self,
        (kind, version): (TagType, u32),
        value: Option<&str>,
    ) -> (u64, u16) {
        let Some(value) = value else { return (print(version, None), NO_LABEL) };
        if let Some(at_hand) = self.at_hand.get(value) {
            return *at_hand;
        }
        let found = (print(version, Some(value)), self.label(kind, value));
        if self.at_hand.len() < AT_HAND_MAX {
            self.at_hand.insert(value.to_owned(), found);
        }
        found
    }

    fn label(&mut self, kind: TagType, value: &str) -> u16 {
        self.labels.number(label(kind, value))
    }
}
