//! What a table of tags says of members: kept as hashes, to see what changed.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use arrow::array::{Array as _, AsArray as _};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use futures::StreamExt as _;
use membrane_policy::Permit;
use membrane_query::{Statement, TagMembers, TagQuestion};

use super::SECONDS_MAX;
use super::group::Group;
use super::values::label;
use crate::error::Error;
use crate::hub::Hub;

/// No row says anything.
pub(super) const NOTHING: u64 = 0;
/// No label: there is no value.
pub(super) const NO_LABEL: u16 = u16::MAX;

/// What is known of members, of the tags of a group.
#[derive(Default)]
pub(super) struct Known {
    places: HashMap<Box<[u8]>, u32>,
    keys: Vec<Box<[u8]>>,
    pub(super) tags: Vec<KnownTag>,
}

/// What is known of members, of one tag: by their places.
#[derive(Default)]
pub(super) struct KnownTag {
    said: Vec<Said>,
    pub(super) labels: Labels,
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
pub(super) struct Labels {
    names: Vec<String>,
    numbers: HashMap<String, u16>,
}

impl Labels {
    pub(super) fn number(&mut self, label: String) -> u16 {
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

    pub(super) fn name(&self, number: u16) -> Option<&str> {
        self.names.get(usize::from(number)).map(String::as_str)
    }
}

/// Returns what stands for a value under a version of a tag.
pub(super) fn print(version: u32, value: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (version, value).hash(&mut hasher);
    hasher.finish().max(1)
}

impl Known {
    /// Reads what is known of members; with `any_version`, as if this version of each tag had said it.
    pub(super) async fn read(
        hub: &Hub,
        permit: &Permit,
        group: &Group,
        (members, any_version): (TagMembers<'_>, bool),
    ) -> Result<Self, Error> {
        let mut known = Self::default();
        known.tags.resize_with(group.tags.len(), KnownTag::default);
        let ids: Vec<String> = group.tags.iter().map(|tag| format!("'{}'", tag.id)).collect();
        let sql = format!(
            "SELECT {}, tag, value, version, since FROM {} WHERE tag IN ({})",
            group.entity,
            group.table,
            ids.join(", ")
        );
        let statement = Statement::parse(&sql, &hub.engine().limits()).map_err(Error::Query)?;
        let question = TagQuestion {
            statement: &statement,
            entity: &group.entity,
            members,
            tags: (&group.table, &group.own()),
            seconds_max: SECONDS_MAX,
        };
        let mut stream = hub.engine().tag(permit, question).await.map_err(Error::Query)?.answer.stream;
        let shape = || Error::Internal("a table of tags has another shape");
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(Error::Query)?;
            let [keys, tags, values, versions, since] = batch.columns() else { return Err(shape()) };
            let text = |column| cast(column, &DataType::Utf8).map_err(|_| shape());
            let (tags, values) = (text(tags)?, text(values)?);
            let (tags, values) = (tags.as_string::<i32>(), values.as_string::<i32>());
            let keys = keys.as_binary_view_opt().ok_or_else(shape)?;
            let versions = versions.as_primitive_opt::<Int64Type>().ok_or_else(shape)?;
            let since = since.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(shape)?;
            for row in 0..batch.num_rows() {
                let of = group
                    .tags
                    .iter()
                    .position(|tag| tags.is_valid(row) && tag.id.as_str() == tags.value(row));
                let Some((of, tag)) = of.and_then(|of| Some((of, group.tags.get(of)?))) else { continue };
                if keys.is_null(row) {
                    continue;
                }
                let place = known.place(keys.value(row));
                let value = values.is_valid(row).then(|| values.value(row));
                let version = u32::try_from(versions.value(row)).unwrap_or_default();
                // Values alone are compared, whichever version gave them.
                let version = if any_version { tag.version } else { version };
                let Some(of_tag) = known.tags.get_mut(of) else { continue };
                let number =
                    value.map_or(NO_LABEL, |value| of_tag.labels.number(label(tag.value.kind, value)));
                let said = Said { print: print(version, value), since: since.value(row), label: number };
                if of_tag.said(place).since <= said.since {
                    of_tag.set(place, said);
                }
            }
        }
        Ok(known)
    }

    /// Returns the place of a member, who gets one.
    pub(super) fn place(&mut self, key: &[u8]) -> u32 {
        if let Some(place) = self.places.get(key) {
            return *place;
        }
        let place = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        self.keys.push(key.into());
        self.places.insert(key.into(), place);
        place
    }

    /// Returns the place of a member, if there is one.
    pub(super) fn find(&self, key: &[u8]) -> Option<u32> {
        self.places.get(key).copied()
    }

    /// Returns how many members have a place.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns the key of a place.
    pub(super) fn key(&self, place: u32) -> Option<&[u8]> {
        self.keys.get(usize::try_from(place).ok()?).map(AsRef::as_ref)
    }

    /// Returns the places of those who have a value of some tag.
    pub(super) fn with_a_value(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.iter().enumerate().filter_map(|(place, key)| {
            let place = u32::try_from(place).ok()?;
            self.tags.iter().any(|tag| tag.said(place).label != NO_LABEL).then_some(key.as_ref())
        })
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
}
