//! What a statement says of members that was not said before: written to files as it comes, and made visible at the end.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use futures::StreamExt as _;
use membrane_catalog::{NullPolicy, Tag, TagType};
use membrane_lake::Appender;
use membrane_ledger::TagBuildKind;
use membrane_model::TableVersion;
use membrane_query::{QueryError, TagAnswer, TagKeys};

use super::group::Group;
use super::judge::Judged;
use super::known::{Known, KnownTag, NO_LABEL, NOTHING, Said, print};
use super::rows::{ROWS, Rows};
use super::values::{Values, fits, label};
use super::writing::{Writing, position_of};
use crate::error::Error;
use crate::hub::Hub;

/// Characters of a value, as contracts of tags have it.
const VALUE_CHARACTERS_MAX: usize = 200;

/// What changed, of each tag of a group.
pub(super) struct Changes {
    pub(super) kind: TagBuildKind,
    pub(super) tags: Vec<TagChanges>,
}

/// What changed of one tag.
pub(super) struct TagChanges {
    appender: Option<Appender>,
    rows: Rows,
    /// The place of its column in the answer.
    column: Option<usize>,
    /// Rows that are written down.
    pub(super) changed: u64,
    /// How many of those who were asked about have which label, by its number: before and after.
    pub(super) before: Vec<u64>,
    pub(super) after: Vec<u64>,
    /// What is wrong with what was said: a code.
    pub(super) fault: Option<&'static str>,
}

impl Changes {
    /// Takes the answer in, and writes what changed to files. Nobody sees them yet.
    pub(super) async fn gather(
        hub: &Hub,
        writing: &Writing,
        (group, known): (&Group, &mut Known),
        (answer, of_whom, consenting): (TagAnswer, Option<&TagKeys>, Option<&TagKeys>),
        kind: TagBuildKind,
    ) -> Result<Self, Error> {
        let TagAnswer { answer, key, .. } = answer;
        let mut tags = Vec::with_capacity(group.tags.len());
        for tag in &group.tags {
            let appender = writing.appender(hub).await?;
            let rows = Rows::new(appender.schema(), &group.entity, tag);
            let column = answer.schema.index_of(tag.column.as_str()).ok();
            let data_type = column.map(|column| answer.schema.field(column).data_type());
            let fault = match data_type {
                None => Some("tag_column"),
                Some(data_type) if !fits(data_type, tag.value.kind) => Some("tag_type"),
                Some(_) => None,
            };
            let (before, after) = (Vec::new(), Vec::new());
            tags.push(TagChanges {
                appender: Some(appender),
                rows,
                column,
                changed: 0,
                before,
                after,
                fault,
            });
        }
        let mut changes = Self { kind, tags };
        let gathered = changes.take_in(group, known, (answer.stream, of_whom, consenting), key).await;
        match gathered {
            Ok(()) => Ok(changes),
            Err(error) => {
                changes.abort().await;
                Err(error)
            }
        }
    }

    async fn take_in(
        &mut self,
        group: &Group,
        known: &mut Known,
        (mut stream, of_whom, consenting): (
            impl futures::Stream<Item = Result<RecordBatch, QueryError>> + Unpin,
            Option<&TagKeys>,
            Option<&TagKeys>,
        ),
        key: usize,
    ) -> Result<(), Error> {
        let mut seen: Vec<bool> = Vec::new();
        let since = group.as_of.timestamp_micros();
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(Error::Query)?;
            let keys = batch.columns().get(key).and_then(|keys| keys.as_binary_view_opt());
            let keys = keys.ok_or(Error::Internal("a tag's answer has no keys"))?;
            let mut places = Vec::with_capacity(keys.len());
            for key in keys {
                let place = key.map(|key| known.place(key));
                places.push(place);
                let Some(at) = place.and_then(|place| usize::try_from(place).ok()) else { continue };
                if seen.len() <= at {
                    seen.resize(at + 1, false);
                }
                if seen.get(at) == Some(&true) {
                    self.fault_all("tag_not_unique");
                }
                if let Some(seen) = seen.get_mut(at) {
                    *seen = true;
                }
            }
            for (of, tag) in group.tags.iter().enumerate() {
                let Some(changes) = self.tags.get_mut(of).filter(|changes| changes.fault.is_none()) else {
                    continue;
                };
                let Some(column) = changes.column.and_then(|column| batch.columns().get(column)) else {
                    continue;
                };
                let Some(values) = Values::of(column, tag.value.kind)? else {
                    changes.fault = Some("tag_type");
                    continue;
                };
                for (row, place) in places.iter().enumerate() {
                    let Some(place) = *place else { continue };
                    changes.say(tag, known, (of, place), (values.text(row), values.number(row)), since)?;
                }
                changes.flush(false).await?;
            }
        }
        // Of whom nothing is said any more, among those who were asked about.
        let silent: Vec<u32> = match of_whom {
            Some(keys) => keys.iter().filter_map(|key| known.find(key)).collect(),
            None => (0..known.len()).filter_map(|place| u32::try_from(place).ok()).collect(),
        };
        let was_seen =
            |place: &u32| usize::try_from(*place).is_ok_and(|place| seen.get(place) == Some(&true));
        let silent: Vec<u32> = silent.into_iter().filter(|place| !was_seen(place)).collect();
        for (of, tag) in group.tags.iter().enumerate() {
            let Some(changes) = self.tags.get_mut(of).filter(|changes| changes.fault.is_none()) else {
                continue;
            };
            for place in silent.iter().copied() {
                let said = known.tags.get(of).map(|known| known.said(place).print);
                if said.is_some_and(|print| print != NOTHING) {
                    // What is kept is not kept of who does not consent any more.
                    let keeps = tag.nulls == NullPolicy::KeepLast
                        && consenting
                            .is_none_or(|keys| known.key(place).is_some_and(|key| keys.contains(key)));
                    changes.say_nothing(tag, known, (of, place), (since, keeps))?;
                }
                if changes.rows.len() >= ROWS {
                    changes.flush(true).await?;
                }
            }
            changes.flush(true).await?;
        }
        Ok(())
    }

    fn fault_all(&mut self, fault: &'static str) {
        for tag in &mut self.tags {
            tag.fault = tag.fault.or(Some(fault));
        }
    }

    /// Makes the changes visible of those tags that were found good. Returns the versions of the table, and of which tags nothing could be
    /// committed, with a code.
    pub(super) async fn commit(
        mut self,
        writing: &mut Writing,
        group: &Group,
        judged: &[Judged],
    ) -> (Vec<TableVersion>, Vec<(usize, &'static str)>) {
        let (mut versions, mut failed) = (Vec::new(), Vec::new());
        for (of, ((tag, changes), judged)) in group.tags.iter().zip(&mut self.tags).zip(judged).enumerate() {
            let Some(appender) = changes.appender.take() else { continue };
            if judged.fault.is_some() || changes.changed == 0 {
                appender.abort().await;
                continue;
            }
            match commit_one(appender, writing, tag).await {
                Ok(version) => versions.push(version),
                Err(error) => failed.push((of, error.code())),
            }
        }
        (versions, failed)
    }

    /// Gives up: what was written is removed.
    pub(super) async fn abort(&mut self) {
        for tag in &mut self.tags {
            if let Some(appender) = tag.appender.take() {
                appender.abort().await;
            }
        }
    }
}

/// Commits the rows of a tag, if nobody else did since the table was looked at.
async fn commit_one(mut appender: Appender, writing: &mut Writing, tag: &Tag) -> Result<TableVersion, Error> {
    let id = position_of(&tag.id);
    let before = writing.positions.get(&tag.id).copied().flatten();
    let after = before.unwrap_or(0).saturating_add(1);
    appender.expect(&id, before);
    let committed = appender.commit(&id, after).await.map_err(|error| Error::Ingest(error.into()))?;
    if committed.already {
        return Err(Error::TagHeld { tag: tag.id.clone() });
    }
    writing.positions.insert(tag.id.clone(), Some(after));
    Ok(committed.version)
}

impl TagChanges {
    /// Takes in what is said of a member.
    fn say(
        &mut self,
        tag: &Tag,
        known: &mut Known,
        (of, place): (usize, u32),
        (value, number): (Option<&str>, Option<f64>),
        since: i64,
    ) -> Result<(), Error> {
        match value {
            Some(value)
                if tag.value.kind == TagType::Enum && !tag.value.values.iter().any(|one| one == value) =>
            {
                self.fault = Some("tag_value_not_listed");
                return Ok(());
            }
            Some(value) if value.chars().nth(VALUE_CHARACTERS_MAX).is_some() => {
                self.fault = Some("tag_value_long");
                return Ok(());
            }
            None if !tag.value.nullable => {
                self.fault = Some("tag_null");
                return Ok(());
            }
            None => {
                let keeps = tag.nulls == NullPolicy::KeepLast;
                return self.say_nothing(tag, known, (of, place), (since, keeps));
            }
            Some(_) => {}
        }
        let key: Box<[u8]> = known.key(place).unwrap_or_default().into();
        let Some(known) = known.tags.get_mut(of) else { return Ok(()) };
        let label = value.map_or(NO_LABEL, |value| known.labels.number(label(tag.value.kind, value)));
        let print = print(tag.version, value);
        self.replace(known, (&key, place), (value, number), Said { print, since, label })
    }

    /// Takes in that nothing is said of a member of whom something was.
    fn say_nothing(
        &mut self,
        tag: &Tag,
        known: &mut Known,
        (of, place): (usize, u32),
        (since, keeps): (i64, bool),
    ) -> Result<(), Error> {
        let key: Box<[u8]> = known.key(place).unwrap_or_default().into();
        let Some(known) = known.tags.get_mut(of) else { return Ok(()) };
        let before = known.said(place);
        if before.print == NOTHING || before.label == NO_LABEL || keeps {
            count(&mut self.before, before.label);
            count(&mut self.after, before.label);
            return Ok(());
        }
        self.replace(
            known,
            (&key, place),
            (None, None),
            Said { print: print(tag.version, None), since, label: NO_LABEL },
        )
    }

    fn replace(
        &mut self,
        known: &mut KnownTag,
        (key, place): (&[u8], u32),
        (value, number): (Option<&str>, Option<f64>),
        now: Said,
    ) -> Result<(), Error> {
        let before = known.said(place);
        count(&mut self.before, before.label);
        count(&mut self.after, now.label);
        if before.print == now.print {
            return Ok(());
        }
        // Newest is what counts: a later row is later.
        let since = now.since.max(before.since.saturating_add(1));
        known.set(place, Said { since, ..now });
        self.changed += 1;
        self.rows.push(key, (value, number), since)
    }

    async fn flush(&mut self, all: bool) -> Result<(), Error> {
        if self.rows.len() == 0 || (self.rows.len() < ROWS && !all) {
            return Ok(());
        }
        let batch = self.rows.take()?;
        let appender = self.appender.as_mut().ok_or(Error::Internal("a tag is written no more"))?;
        appender.write(batch).await.map_err(|error| Error::Ingest(error.into()))
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
