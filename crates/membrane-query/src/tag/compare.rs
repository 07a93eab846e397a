//! What a tag's statement says of members, held against what was said before: rows of what changed.

use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use membrane_catalog::{NullPolicy, Tag, TagType};
use membrane_model::IdentityKind;

use super::TagKeys;
use super::known::{NO_LABEL, NOTHING, Said, TagKnown, print};
use super::rows::{ROWS, Rows};
use super::values::{TagValues, fits};

/// Characters of a value, as contracts of tags have it.
const VALUE_CHARACTERS_MAX: usize = 200;

/// An answer or a table of tags that is not of the form which it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TagFault(pub &'static str);

/// What is said of members, held against what was said before.
pub struct TagComparison<'a> {
    known: &'a mut TagKnown,
    tags: Vec<Compared>,
    /// Since when it is said, in microseconds.
    since: i64,
    /// Of whom something was said, by their places.
    seen: Vec<bool>,
}

/// What changed of one tag.
pub struct Compared {
    tag: Arc<Tag>,
    rows: Rows,
    /// The place of its column in the answer.
    column: Option<usize>,
    /// Rows of what changed.
    pub changed: u64,
    /// How many of those who were asked about have which label, by its number: before and after.
    pub before: Vec<u64>,
    /// The same, after.
    pub after: Vec<u64>,
    /// What is wrong with what was said: a code.
    pub fault: Option<&'static str>,
}

impl<'a> TagComparison<'a> {
    /// Begins to compare an answer of these columns; rows of what changes are of the table's schema.
    #[must_use]
    pub fn new(
        (known, tags): (&'a mut TagKnown, &[Arc<Tag>]),
        entity: &IdentityKind,
        table: &SchemaRef,
        (answer, since): (&Schema, i64),
    ) -> Self {
        let compared = |tag: &Arc<Tag>| {
            let column = answer.index_of(tag.column.as_str()).ok();
            let fault = match column.map(|column| answer.field(column).data_type()) {
                None => Some("tag_column"),
                Some(data_type) if !fits(data_type, tag.value.kind) => Some("tag_type"),
                Some(_) => None,
            };
            Compared {
                tag: Arc::clone(tag),
                rows: Rows::new(table, entity, tag),
                column,
                changed: 0,
                before: Vec::new(),
                after: Vec::new(),
                fault,
            }
        };
        Self { known, tags: tags.iter().map(compared).collect(), since, seen: Vec::new() }
    }

    /// Takes in rows of the answer; `key` is the place of the column that has the members' keys.
    ///
    /// # Errors
    /// [`TagFault`] when it is not of the form that it must have.
    pub fn take(&mut self, batch: &RecordBatch, key: usize) -> Result<(), TagFault> {
        let keys = batch.columns().get(key).and_then(|keys| keys.as_binary_view_opt());
        let keys = keys.ok_or(TagFault("a tag's answer has no keys"))?;
        let mut places = Vec::with_capacity(keys.len());
        for key in keys {
            let place = key.map(|key| self.known.place(key)).transpose()?;
            places.push(place);
            let Some(at) = place.and_then(|place| usize::try_from(place).ok()) else { continue };
            if self.seen.len() <= at {
                self.seen.resize(at + 1, false);
            }
            let Some(seen) = self.seen.get_mut(at) else { continue };
            if std::mem::replace(seen, true) {
                for tag in &mut self.tags {
                    tag.fault = tag.fault.or(Some("tag_not_unique"));
                }
            }
        }
        for (of, tag) in self.tags.iter_mut().enumerate().filter(|(_, tag)| tag.fault.is_none()) {
            let Some(column) = tag.column.and_then(|column| batch.columns().get(column)) else { continue };
            let Some(values) = TagValues::of(column, tag.tag.value.kind)? else {
                tag.fault = Some("tag_type");
                continue;
            };
            for (row, place) in places.iter().enumerate() {
                let Some(place) = *place else { continue };
                let said = (values.text(row), values.number(row));
                tag.say(self.known, (of, place), said, self.since)?;
            }
        }
        Ok(())
    }

    /// Returns the next rows of what changed of a tag: when there are enough to be written, or all that there are.
    ///
    /// # Errors
    /// [`TagFault`] when they are not of the table's schema.
    pub fn rows(&mut self, of: usize, all: bool) -> Result<Option<RecordBatch>, TagFault> {
        let Some(tag) = self.tags.get_mut(of) else { return Ok(None) };
        if tag.fault.is_some() || tag.rows.len() == 0 || (tag.rows.len() < ROWS && !all) {
            return Ok(None);
        }
        tag.rows.take().map(Some)
    }

    /// Returns of whom nothing was said, of those who were asked about; of everyone who is known of when that is none.
    #[must_use]
    pub fn silent(&self, of_whom: Option<&TagKeys>) -> Vec<u32> {
        let was_seen =
            |place: &u32| usize::try_from(*place).is_ok_and(|place| self.seen.get(place) == Some(&true));
        let silent: Vec<u32> = match of_whom {
            Some(keys) => keys.iter().filter_map(|key| self.known.find(key)).collect(),
            None => (0..self.known.len()).filter_map(|place| u32::try_from(place).ok()).collect(),
        };
        silent.into_iter().filter(|place| !was_seen(place)).collect()
    }

    /// Takes in that nothing is said any more of some members, of one tag. What is kept is not kept of who is not among `consenting`.
    ///
    /// # Errors
    /// [`TagFault`] when it is not of the form that it must have.
    pub fn say_nothing(
        &mut self,
        of: usize,
        silent: &[u32],
        consenting: Option<&TagKeys>,
    ) -> Result<(), TagFault> {
        let Some(tag) = self.tags.get_mut(of).filter(|tag| tag.fault.is_none()) else { return Ok(()) };
        for place in silent.iter().copied() {
            let said = self.known.tags.get(of).map(|known| known.said(place).print);
            if said.is_some_and(|print| print != NOTHING) {
                let key = self.known.key(place);
                let keeps = tag.tag.nulls == NullPolicy::KeepLast
                    && consenting.is_none_or(|keys| key.is_some_and(|key| keys.contains(key)));
                tag.say_nothing(self.known, (of, place), (self.since, keeps))?;
            }
        }
        Ok(())
    }

    /// Returns what changed, by tag.
    #[must_use]
    pub fn finish(self) -> Vec<Compared> {
        self.tags
    }
}

impl Compared {
    /// Takes in what is said of a member.
    fn say(
        &mut self,
        known: &mut TagKnown,
        (of, place): (usize, u32),
        (value, number): (Option<&str>, Option<f64>),
        since: i64,
    ) -> Result<(), TagFault> {
        let domain = &self.tag.value;
        match value {
            Some(value) if domain.kind == TagType::Enum && !domain.values.iter().any(|one| one == value) => {
                self.fault = Some("tag_value_not_listed");
                return Ok(());
            }
            Some(value)
                if value.len() > VALUE_CHARACTERS_MAX
                    && value.chars().nth(VALUE_CHARACTERS_MAX).is_some() =>
            {
                self.fault = Some("tag_value_long");
                return Ok(());
            }
            None if !domain.nullable => {
                self.fault = Some("tag_null");
                return Ok(());
            }
            None => {
                let keeps = self.tag.nulls == NullPolicy::KeepLast;
                return self.say_nothing(known, (of, place), (since, keeps));
            }
            Some(_) => {}
        }
        let version = (domain.kind, self.tag.version);
        let Some(of_tag) = known.tags.get_mut(of) else { return Ok(()) };
        let (print, label) = of_tag.print_and_label(version, value);
        self.replace(known, (of, place), (value, number), Said { print, since, label })
    }

    /// Takes in that nothing is said of a member of whom something was.
    fn say_nothing(
        &mut self,
        known: &mut TagKnown,
        (of, place): (usize, u32),
        (since, keeps): (i64, bool),
    ) -> Result<(), TagFault> {
        let Some(of_tag) = known.tags.get(of) else { return Ok(()) };
        let before = of_tag.said(place);
        if before.print == NOTHING || before.label == NO_LABEL || keeps {
            count(&mut self.before, before.label);
            count(&mut self.after, before.label);
            return Ok(());
        }
        let now = Said { print: print(self.tag.version, None), since, label: NO_LABEL };
        self.replace(known, (of, place), (None, None), now)
    }

    fn replace(
        &mut self,
        known: &mut TagKnown,
        (of, place): (usize, u32),
        (value, number): (Option<&str>, Option<f64>),
        now: Said,
    ) -> Result<(), TagFault> {
        let key = *known.key(place).ok_or(TagFault("a member has no key"))?;
        let Some(of_tag) = known.tags.get_mut(of) else { return Ok(()) };
        let before = of_tag.said(place);
        count(&mut self.before, before.label);
        count(&mut self.after, now.label);
        if before.print == now.print {
            return Ok(());
        }
        // Newest is what counts: a later row is later.
        let since = now.since.max(before.since.saturating_add(1));
        of_tag.set(place, Said { since, ..now });
        self.changed += 1;
        self.rows.push(&key, (value, number), since)
    }
}

fn count(counts: &mut Vec<u64>, label: u16) {
    if label == NO_LABEL {
        return;
    }
    let label = usize::from(label);
    if counts.len() <= label {
        counts.resize(label + 1, 0);
    }
    if let Some(count) = counts.get_mut(label) {
        *count += 1;
    }
}
