//! One push as it lies in a segment.
//!
//! ```text
//! u32 length | about, JSON | u32 length | rows, Arrow IPC | u32 length | rows set aside, Arrow IPC | ids, 16 bytes each
//! ```

use std::collections::BTreeMap;
use std::io::Cursor;

use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Acknowledged, EventId};

/// What is kept of a push: its rows, protected, and by what its events are known again.
#[derive(Debug, Clone)]
pub struct Record {
    /// When it came.
    pub came: DateTime<Utc>,
    /// Rows for the table.
    pub rows: Vec<RecordBatch>,
    /// Rows for the quarantine.
    pub bad: Vec<RecordBatch>,
    /// The ids of its events, and of its rows that were set aside.
    pub ids: Vec<EventId>,
    /// The push's name, if it has one, and the hash of what it held.
    pub name: Option<(EventId, [u8; 32])>,
    /// What was counted.
    pub counts: RecordCounts,
}

/// What was counted of a push.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordCounts {
    /// What was answered.
    pub answer: Acknowledged,
    /// How often each reason to set a row aside occurred.
    pub reasons: BTreeMap<String, u64>,
    /// The latest event time, in microseconds since 1970.
    pub newest: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct About {
    came: DateTime<Utc>,
    name: Option<(String, String)>,
    counts: RecordCounts,
}

impl Record {
    /// Writes it down. `None`: it is more than 4 GiB, or its rows cannot be written.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let name = self.name.map(|(name, digest)| (hex::encode(name), hex::encode(digest)));
        let about = About { came: self.came, name, counts: self.counts.clone() };
        let mut out = Vec::new();
        part(&mut out, &serde_json::to_vec(&about).ok()?)?;
        part(&mut out, &ipc(&self.rows)?)?;
        part(&mut out, &ipc(&self.bad)?)?;
        out.extend(self.ids.iter().flatten());
        Some(out)
    }

    /// Reads what [`Record::encode`] wrote. `None`: it is something else.
    pub(super) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let about: About = serde_json::from_slice(take_part(&mut bytes)?).ok()?;
        let rows = batches(take_part(&mut bytes)?)?;
        let bad = batches(take_part(&mut bytes)?)?;
        let (ids, rest) = bytes.as_chunks::<16>();
        let name = match about.name {
            None => None,
            Some((name, digest)) => Some((fixed(&name)?, fixed(&digest)?)),
        };
        let record = Self { came: about.came, rows, bad, ids: ids.to_vec(), name, counts: about.counts };
        rest.is_empty().then_some(record)
    }

    /// Returns how many bytes of memory it takes, about.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let rows = self.rows.iter().chain(&self.bad).map(RecordBatch::get_array_memory_size);
        u64::try_from(rows.sum::<usize>() + self.ids.len() * size_of::<EventId>()).unwrap_or(u64::MAX)
    }

    /// Returns what is kept of it once its rows are committed.
    #[must_use]
    pub fn ids_only(&self) -> Self {
        Self {
            came: self.came,
            rows: Vec::new(),
            bad: Vec::new(),
            ids: self.ids.clone(),
            name: self.name,
            counts: self.counts.clone(),
        }
    }
}

fn fixed<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
}

fn part(out: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    out.extend(u32::try_from(bytes.len()).ok()?.to_be_bytes());
    out.extend(bytes);
    Some(())
}

fn take_part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (part, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some(part)
}

fn ipc(batches: &[RecordBatch]) -> Option<Vec<u8>> {
    let Some(first) = batches.first() else { return Some(Vec::new()) };
    let mut writer = StreamWriter::try_new(Vec::new(), &first.schema()).ok()?;
    for batch in batches {
        writer.write(batch).ok()?;
    }
    writer.into_inner().ok()
}

fn batches(bytes: &[u8]) -> Option<Vec<RecordBatch>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let reader = StreamReader::try_new(Cursor::new(bytes), None).ok()?;
    reader.collect::<Result<_, _>>().ok()
}
