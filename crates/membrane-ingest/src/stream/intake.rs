//! Makes of pushes what is kept of them: decoded, checked, without what came before, protected.

use std::collections::HashSet;
use std::io::{Cursor, Read as _};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, BooleanArray};
use arrow::compute::filter;
use arrow::datatypes::TimestampMicrosecondType;
use arrow::row::{RowConverter, SortField};
use chrono::{DateTime, Utc};
use membrane_catalog::Dataset;
use membrane_lake::{quarantine_schema, stored_schema};
use membrane_model::{ColumnName, Limits, PrincipalId};
use membrane_policy::Permit;
use membrane_vault::DeliveryHasher;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use super::{EventId, MessageForm, Messages, Record, RecordCounts, Window};
use crate::check::{Checked, Checker};
use crate::decode::{Decode, Delivered};
use crate::protect::Protector;
use crate::resolve::Resolver;
use crate::source::{Content, Delivery, Scratch, Source};
use crate::subjects::Subjects;
use crate::{Format, IngestError, IngestParts, Packing, Reading, decode, value};

/// Events that come together.
#[derive(Debug)]
pub struct Push {
    /// Them.
    pub body: PushBody,
    /// What the sender calls the push: the same name again adds nothing, and gets the same answer.
    pub name: Option<String>,
    /// When it came.
    pub came: DateTime<Utc>,
}

/// Bytes that a packed push may unpack to.
const UNPACKED_MAX: u64 = 32 << 20;
/// Bytes that what is kept of a push may take, whatever it was packed in.
const KEPT_MAX: u64 = 128 << 20;

/// What is in a push.
pub enum PushBody {
    /// Something that is of one format as a whole, or refused.
    Whole {
        /// The bytes.
        bytes: Vec<u8>,
        /// Their form.
        format: Format,
        /// What else is said of how they are to be read.
        reading: Reading,
    },
    /// Messages that stand each for itself: one that is no record is set aside.
    Messages {
        /// Them.
        messages: Messages,
        /// What they are.
        form: MessageForm,
    },
}

impl PushBody {
    /// Returns how many bytes there are.
    #[must_use]
    pub const fn length(&self) -> usize {
        match self {
            Self::Whole { bytes, .. } => bytes.len(),
            Self::Messages { messages, .. } => messages.bytes(),
        }
    }

    fn digest(&self) -> [u8; 32] {
        match self {
            Self::Whole { bytes, .. } => Sha256::digest(bytes).into(),
            Self::Messages { messages, .. } => {
                let mut hash = Sha256::new();
                for message in messages.iter() {
                    hash.update(u64::try_from(message.len()).unwrap_or(u64::MAX).to_le_bytes());
                    hash.update(message);
                }
                hash.finalize().into()
            }
        }
    }
}

// PRIVACY: the bytes are values in clear.
impl std::fmt::Debug for PushBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole { bytes, format, .. } => write!(f, "Whole({} bytes of {format})", bytes.len()),
            Self::Messages { messages, .. } => messages.fmt(f),
        }
    }
}

/// What became of a push.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Records in it.
    pub read: u64,
    /// Rows that are new and fit.
    pub accepted: u64,
    /// Rows that break the contract.
    pub quarantined: u64,
    /// Rows that came before.
    pub duplicates: u64,
    /// Accepted rows that came later after their event than the contract promises.
    pub late: u64,
}

/// Takes in the pushes of one principal for one dataset, in one run.
pub struct Intake {
    dataset: Arc<Dataset>,
    limits: Limits,
    scratch: Scratch,
    runtime: Handle,
    checker: Checker,
    resolver: Resolver,
    protector: Protector,
    key: Option<Key>,
    hasher: DeliveryHasher,
    principal: PrincipalId,
    event_time: Option<usize>,
    /// Records of pushes so far: rows that are set aside are numbered through.
    records: i64,
}

/// By what an event is known again.
struct Key {
    columns: Vec<usize>,
    names: Vec<ColumnName>,
    converter: RowConverter,
}

impl Intake {
    /// Prepares for pushes. `parts` has the keys of what columns refer to.
    ///
    /// # Errors
    /// [`IngestError`] when the contract cannot be worked with.
    pub fn new(
        parts: &IngestParts,
        permit: &Permit,
        dataset: &Arc<Dataset>,
        principal: &PrincipalId,
        now: DateTime<Utc>,
    ) -> Result<Self, IngestError> {
        let subjects = dataset.subject.as_ref().map(|subject| {
            Subjects::new(parts.ledger.clone(), parts.vault.clone(), Handle::current(), dataset, subject)
        });
        let schemas = (Arc::new(stored_schema(dataset)), Arc::new(quarantine_schema()));
        let key = Key::of(dataset)?;
        let mut checker =
            Checker::new(Arc::clone(dataset), parts.scratch.clone(), (now, None), parts.references.clone())?;
        if let Some(key) = &key {
            checker.leave_unique_to_others(&key.columns);
        }
        Ok(Self {
            limits: parts.limits,
            scratch: Scratch {
                folder: parts.scratch.clone(),
                key: parts.vault.quarantine_key(&dataset.name),
                dataset: dataset.name.clone(),
            },
            runtime: Handle::current(),
            checker,
            resolver: Resolver::new(dataset, subjects),
            protector: Protector::new(dataset, &parts.vault, schemas, permit.run_id().to_string())?,
            key,
            hasher: parts.vault.delivery_hasher(),
            principal: principal.clone(),
            event_time: dataset
                .event_time
                .as_ref()
                .and_then(|name| dataset.columns.iter().position(|column| column.name == *name)),
            records: 0,
            dataset: Arc::clone(dataset),
        })
    }

    /// Takes a push in: what is to be kept of it, or what was answered to the same push before. Its events are in the window then; whoever does
    /// not keep the record forgets them again. This may block.
    ///
    /// # Errors
    /// [`IngestError`] when it cannot be read as what it is said to be, or has the name of another one. Nothing of it is to be kept then.
    pub fn take(&mut self, push: Push, window: &mut Window) -> Result<Taken, IngestError> {
        let Push { body, name, came } = push;
        let name = match name {
            None => None,
            Some(name) => {
                let (name, digest) = self.name(&name, &body);
                match window.answer(&name) {
                    Some((before, answer)) if *before == digest => return Ok(Taken::Before(*answer)),
                    Some(_) => return Err(IngestError::NameTaken),
                    None => Some((name, digest)),
                }
            }
        };
        let (bytes, format, reading) = match body {
            PushBody::Whole { bytes, format, reading } => (bytes, format, reading),
            PushBody::Messages { messages, form } => {
                return self.take_named(&messages, &form, (came, name), window).map(Taken::New);
            }
        };
        let (bytes, reading) = self.unpacked(bytes, reading)?;
        let bytes = if format == Format::Json { on_one_line(bytes) } else { bytes };
        let mut decoder = self.open(bytes, format, &reading)?;
        let mut kept = self.begin(came, name);
        let mut own = HashSet::new();
        while let Some(delivered) = decoder.next()? {
            self.absorb(delivered, &mut kept, &mut own, window)?;
            if kept.memory() > KEPT_MAX {
                return Err(IngestError::TooLarge { bytes_max: KEPT_MAX, advice: "send less at a time" });
            }
        }
        self.end(&mut kept, window);
        Ok(Taken::New(kept))
    }

    pub(super) fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// Begins the record of a push.
    pub(super) fn begin(&mut self, came: DateTime<Utc>, name: Option<(EventId, [u8; 32])>) -> Record {
        self.checker.begin(came);
        let counts = RecordCounts::default();
        Record { came, rows: Vec::new(), bad: Vec::new(), ids: Vec::new(), name, counts }
    }

    /// Checks a batch of it, and keeps what did not come before.
    pub(super) fn absorb(
        &mut self,
        mut delivered: Delivered,
        kept: &mut Record,
        own: &mut HashSet<EventId>,
        window: &Window,
    ) -> Result<(), IngestError> {
        for position in &mut delivered.positions {
            *position = position.saturating_add(self.records);
        }
        for malformed in &mut delivered.malformed {
            malformed.position = malformed.position.saturating_add(self.records);
        }
        let checked = self.checker.check(delivered)?;
        self.keep(checked, kept, own, window)
    }

    /// Ends it: its events are in the window then.
    pub(super) fn end(&mut self, kept: &mut Record, window: &mut Window) {
        let counts = self.checker.counts();
        kept.counts.answer.late = counts.late;
        kept.counts.reasons = counts.reasons;
        self.records =
            self.records.saturating_add(i64::try_from(kept.counts.answer.read).unwrap_or(i64::MAX));
        let answer = kept.counts.answer;
        let name = kept.name.map(|(name, digest)| (name, digest, answer));
        window.note(kept.came, kept.ids.iter().copied(), name);
    }

    /// Unpacks what came packed, as far as a push may be long.
    fn unpacked(&self, bytes: Vec<u8>, reading: Reading) -> Result<(Vec<u8>, Reading), IngestError> {
        if reading.packing.is_none() && Packing::from_start(&bytes).is_none() {
            return Ok((bytes, reading));
        }
        let too_large = |advice| IngestError::TooLarge { bytes_max: UNPACKED_MAX, advice };
        let on_truncated = reading.on_truncated.unwrap_or(self.dataset.on_truncated);
        let content = Content::open(self.delivery(bytes), reading.packing, on_truncated)?;
        let mut out = Vec::new();
        content.take(UNPACKED_MAX + 1).read_to_end(&mut out).map_err(IngestError::read)?;
        if u64::try_from(out.len()).is_ok_and(|length| length > UNPACKED_MAX) {
            return Err(too_large("send less at a time"));
        }
        if Packing::from_start(&out).is_some() {
            return Err(too_large("pack it once"));
        }
        Ok((out, Reading { packing: None, ..reading }))
    }

    fn delivery(&self, bytes: Vec<u8>) -> Delivery {
        let source = Source::Stream(Box::pin(Cursor::new(bytes)));
        Delivery::new(source, self.scratch.clone(), self.runtime.clone()).0
    }

    /// Opens what came to be decoded.
    pub(super) fn open(
        &self,
        bytes: Vec<u8>,
        format: Format,
        reading: &Reading,
    ) -> Result<Box<dyn Decode>, IngestError> {
        decode::open(self.delivery(bytes), format, &*self.dataset.delivered(), &self.limits, reading)
    }

    /// Keeps the rows of a batch that did not come before.
    fn keep(
        &mut self,
        mut checked: Checked,
        kept: &mut Record,
        own: &mut HashSet<EventId>,
        window: &Window,
    ) -> Result<(), IngestError> {
        let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        let answer = &mut kept.counts.answer;
        answer.read += count(checked.rows + checked.bad.len());
        let mut is_new = |id: EventId| !window.has(&id) && own.insert(id);
        if let Some(key) = &self.key {
            let ids = key.ids(&checked.columns, checked.rows, &self.hasher, self.dataset.name.as_str())?;
            let new: Vec<bool> = ids.iter().map(|id| id.is_none_or(&mut is_new)).collect();
            let left = new.iter().filter(|new| **new).count();
            answer.duplicates += count(checked.rows - left);
            kept.ids.extend(ids.iter().zip(&new).filter_map(|(id, new)| id.filter(|_| *new)));
            if left < checked.rows {
                let new = BooleanArray::from(new);
                for column in &mut checked.columns {
                    *column = filter(column, &new)
                        .map_err(|source| IngestError::arrow("leave out what came before", source))?;
                }
                checked.rows = left;
            }
        }
        let bad = checked.bad.len();
        let name = self.dataset.name.as_str().as_bytes();
        let hasher = &self.hasher;
        checked.bad.retain(|row| {
            // Without a key nobody can tell whether it came before: what else it lacks may be what made it another one.
            if !self.key.as_ref().is_some_and(|key| key.stands_in(&row.reasons)) {
                return true;
            }
            let id = hasher.short(&[name, b"bad", row.reasons.as_bytes(), &row.row]);
            let new = is_new(id);
            if new {
                kept.ids.push(id);
            }
            new
        });
        answer.duplicates += count(bad - checked.bad.len());
        answer.accepted += count(checked.rows);
        answer.quarantined += count(checked.bad.len());
        let newest = self.event_time.and_then(|at| checked.columns.get(at));
        let newest = newest.and_then(|column| newest_until(column, kept.came));
        kept.counts.newest = kept.counts.newest.max(newest);
        let protected = self.protector.protect(&self.resolver.resolve(checked)?)?;
        kept.rows.extend(protected.rows);
        kept.bad.extend(protected.bad);
        Ok(())
    }

    fn name(&self, name: &str, body: &PushBody) -> (EventId, [u8; 32]) {
        let principal = self.principal.to_string();
        let parts = [self.dataset.name.as_str().as_bytes(), b"push", principal.as_bytes(), name.as_bytes()];
        let name = self.hasher.short(&parts);
        // PRIVACY: a body may be guessed: what stands for it is keyed, too.
        let digest = self.hasher.whole(&[b"body", &body.digest()]);
        (name, digest)
    }
}

/// Puts a single object on one line, as the decoder wants it: in JSON a line break stands between tokens only.
fn on_one_line(mut bytes: Vec<u8>) -> Vec<u8> {
    let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if is_object && serde_json::from_slice::<IgnoredAny>(&bytes).is_ok() {
        for byte in &mut bytes {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
    bytes
}

/// What a push is.
#[derive(Debug)]
pub enum Taken {
    /// A new one.
    New(Record),
    /// One that came before.
    Before(Acknowledged),
}

/// Returns the latest event time of a column that is not after a moment: a sender whose clock is ahead says nothing of how far all are.
fn newest_until(column: &ArrayRef, now: DateTime<Utc>) -> Option<i64> {
    let (times, now) = (column.as_primitive_opt::<TimestampMicrosecondType>()?, now.timestamp_micros());
    times.iter().flatten().filter(|time| *time <= now).max()
}

impl Key {
    /// Finds the key of a dataset: its primary key, or else the first column that is unique.
    fn of(dataset: &Dataset) -> Result<Option<Self>, IngestError> {
        let at = |name: &ColumnName| dataset.columns.iter().position(|column| column.name == *name);
        let mut columns: Vec<usize> = dataset.primary_key.iter().filter_map(at).collect();
        if columns.is_empty() {
            columns.extend(dataset.columns.iter().position(|column| column.unique));
        }
        if columns.is_empty() {
            return Ok(None);
        }
        let types = columns.iter().filter_map(|at| dataset.columns.get(*at));
        let fields = types.map(|column| SortField::new(value::arrow_type(column.logical_type))).collect();
        let converter = RowConverter::new(fields)
            .map_err(|source| IngestError::arrow("prepare the events' key", source))?;
        let names =
            columns.iter().filter_map(|at| dataset.columns.get(*at)).map(|column| column.name.clone());
        let names = names.collect();
        Ok(Some(Self { columns, names, converter }))
    }

    /// Tells whether a row that is set aside has a value in each column of the key: by the reasons, `missing:event_id,wrong_type:amount`.
    fn stands_in(&self, reasons: &str) -> bool {
        // Of what could not be read nobody knows whether it has one.
        if reasons.starts_with("malformed") {
            return false;
        }
        let lacks = |reason: &str| match reason.split_once(':') {
            Some(("missing" | "wrong_type", column)) => self.names.iter().any(|name| name.as_str() == column),
            _ => false,
        };
        !reasons.split(',').any(lacks)
    }

    /// Returns the id of each row; none of one whose key lacks a value.
    fn ids(
        &self,
        columns: &[ArrayRef],
        rows: usize,
        hasher: &DeliveryHasher,
        dataset: &str,
    ) -> Result<Vec<Option<EventId>>, IngestError> {
        let parts: Vec<ArrayRef> = self.columns.iter().filter_map(|at| columns.get(*at)).cloned().collect();
        let keys = self
            .converter
            .convert_columns(&parts)
            .map_err(|source| IngestError::arrow("read the events' key", source))?;
        let id = |row: usize| {
            let whole = parts.iter().all(|part| part.is_valid(row));
            whole.then(|| hasher.short(&[dataset.as_bytes(), b"event", keys.row(row).as_ref()]))
        };
        Ok((0..rows).map(id).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::on_one_line;

    #[test]
    fn an_object_over_several_lines_is_one_event() {
        let line = on_one_line(b"{\n \"a\": \"x\\n\"\r\n}".to_vec());
        assert_eq!(line, b"{  \"a\": \"x\\n\"  }");
    }

    #[test]
    fn objects_on_lines_of_their_own_stay() {
        for text in [&b"{\"a\":1}\n{\"a\":2}"[..], b"[\n{\"a\":1}\n]", b"{\"a\":\n"] {
            assert_eq!(on_one_line(text.to_vec()), text);
        }
    }
}
