//! Segments: files in which pushes lie from when they are acknowledged until they are committed.
//!
//! ```text
//! head, JSON \n | for each push: mark | u32 length | first 8 bytes of SHA-256 of the record | record
//! ```
//!
//! A segment is written by one process and synced before anything in it is acknowledged. A process that is killed leaves a last record that
//! is not whole, and was not acknowledged; it is left out. Where a record is damaged that stands before others, the others are found by their marks. Once its rows are committed, what is left of a segment are the ids of its events
//! (`.seen`), for as long as they are to be known again.
//!
//! PRIVACY: rows are protected as in the table; ids and names are keyed hashes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use membrane_model::{DatasetName, PrincipalId, SourceName};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Record;

const VERSION: u32 = 2;
const SUM_LENGTH: usize = 8;
/// Bytes that stand before each record.
const MARK_LENGTH: usize = 16;
const SEGMENT: &str = "segment";
const SEEN: &str = "seen";

/// What a segment is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentHead {
    /// The version of this format.
    version: u32,
    /// The name under which the table's log has the stream.
    pub stream: String,
    /// Its number in the stream, from 1.
    pub number: i64,
    /// Where its rows go.
    pub dataset: DatasetName,
    /// Who sent them.
    pub principal: PrincipalId,
    /// The source through which they came; none of what was pushed as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceName>,
    /// When it was begun.
    pub began: DateTime<Utc>,
}

impl SegmentHead {
    /// Makes the head of a segment that begins now.
    #[must_use]
    pub fn new(
        (stream, number): (&str, i64),
        dataset: DatasetName,
        (principal, source): (PrincipalId, Option<SourceName>),
        began: DateTime<Utc>,
    ) -> Self {
        Self { version: VERSION, stream: stream.to_owned(), number, dataset, principal, source, began }
    }

    /// Returns what stands before each record. No sender knows it: rows that hold what looks like a record are not taken for one.
    fn mark(&self) -> [u8; MARK_LENGTH] {
        let mut mark = [0; MARK_LENGTH];
        let of = Sha256::new().chain_update(&self.stream).chain_update(self.number.to_be_bytes());
        for (to, from) in mark.iter_mut().zip(of.finalize()) {
            *to = from;
        }
        mark
    }
}

/// A segment that is being written.
#[derive(Debug)]
pub struct Segment {
    file: File,
    path: PathBuf,
    /// Stands before each record.
    mark: [u8; MARK_LENGTH],
    /// Bytes that are whole records.
    length: u64,
}

impl Segment {
    /// Begins a segment in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// The system's error; nothing of the segment is left then.
    pub fn create(folder: &Path, head: &SegmentHead) -> io::Result<Self> {
        make_durable_folder(folder)?;
        // A stream is named `stream/<id>`: the id names its files.
        let id = head.stream.rsplit('/').next().unwrap_or_default();
        let path = folder.join(format!("{id}-{:010}.{SEGMENT}", head.number));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let begun = (|| {
            let mut line = serde_json::to_vec(head)?;
            line.push(b'\n');
            file.write_all(&line)?;
            file.sync_all()?;
            File::open(folder)?.sync_all()?;
            Ok(line.len())
        })();
        match begun {
            Ok(length) => {
                let length = u64::try_from(length).unwrap_or_default();
                Ok(Self { file, path, mark: head.mark(), length })
            }
            Err(error) => {
                // Nothing of it was acknowledged.
                let _ = std::fs::remove_file(&path);
                Err(error)
            }
        }
    }

    /// Returns its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how long it is, in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Writes pushes and syncs them: only then they may be acknowledged.
    ///
    /// # Errors
    /// The system's error. The segment is as it was before; if it cannot be brought there, this says so, and it must not be written to any more.
    pub fn append<'a>(&mut self, records: impl IntoIterator<Item = &'a Record>) -> Result<(), AppendError> {
        let mut bytes = Vec::new();
        for record in records {
            let record = record.encode().ok_or_else(|| AppendError {
                source: io::Error::from(io::ErrorKind::InvalidData),
                is_usable: true,
            })?;
            frame(&mut bytes, self.mark, &record);
        }
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            use io::Seek as _;
            let restored = self.file.set_len(self.length).and_then(|()| {
                self.file.seek(io::SeekFrom::Start(self.length))?;
                self.file.sync_data()
            });
            return Err(AppendError { source, is_usable: restored.is_ok() });
        }
        self.length += u64::try_from(bytes.len()).unwrap_or_default();
        Ok(())
    }
}

/// Why pushes could not be written.
#[derive(Debug)]
pub struct AppendError {
    /// The system's error.
    pub source: io::Error,
    /// Whether the segment is as it was before.
    pub is_usable: bool,
}

fn sum(record: &[u8]) -> [u8; SUM_LENGTH] {
    let mut sum = [0; SUM_LENGTH];
    for (to, from) in sum.iter_mut().zip(Sha256::digest(record)) {
        *to = from;
    }
    sum
}

fn frame(out: &mut Vec<u8>, mark: [u8; MARK_LENGTH], record: &[u8]) {
    out.extend(mark);
    out.extend(u32::try_from(record.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(sum(record));
    out.extend(record);
}

/// A segment that was found.
#[derive(Debug)]
pub struct FoundSegment {
    /// Its path.
    pub path: PathBuf,
    /// What it is.
    pub head: SegmentHead,
    /// The pushes in it.
    pub records: Vec<Record>,
    /// Bytes in it.
    pub length: u64,
    /// Bytes at its end that are no whole record: what was being written when the process was killed.
    pub torn: u64,
    /// Whether its rows are committed, and only ids are left.
    pub is_seen: bool,
    /// Whether records are damaged that stand before whole ones: a disk lost what was written, or it was altered. They are left out.
    pub is_damaged: bool,
}

/// Lists what lies in the folder of a dataset: segments, and what is left of those that were committed, in the order of their names.
///
/// # Errors
/// The system's error.
pub fn segments_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == SEGMENT || ending == SEEN));
    paths.sort();
    Ok(paths)
}

/// Reads a segment. None: not even its head is whole, so that nothing in it was acknowledged.
///
/// # Errors
/// The system's error; `InvalidData` where the head is damaged, or the format is another one.
pub fn read_segment(path: &Path) -> io::Result<Option<FoundSegment>> {
    let bytes = std::fs::read(path)?;
    let damaged = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    let (line, rest) = bytes.split_at(end);
    let head: SegmentHead =
        serde_json::from_slice(line).map_err(|_| damaged("the head of the segment is damaged"))?;
    if head.version != VERSION {
        return Err(damaged("the segment is of another version"));
    }
    let mark = head.mark();
    let mut rest = rest.get(1..).unwrap_or_default();
    let (mut records, mut is_damaged) = (Vec::new(), false);
    loop {
        while let Some((record, after)) = next(rest, mark) {
            records.push(record);
            rest = after;
        }
        // What was being written when the process was killed is at the end, and nothing whole is behind it.
        let behind = rest.get(1..).unwrap_or_default();
        let whole = memchr::memmem::find_iter(behind, &mark).find(|at| {
            let from = behind.get(*at..);
            from.and_then(|from| next(from, mark)).is_some()
        });
        let Some(at) = whole else { break };
        is_damaged = true;
        rest = behind.get(at..).unwrap_or_default();
    }
    Ok(Some(FoundSegment {
        path: path.to_path_buf(),
        head,
        records,
        length: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        torn: u64::try_from(rest.len()).unwrap_or_default(),
        is_seen: path.extension().is_some_and(|ending| ending == SEEN),
        is_damaged,
    }))
}

fn next(bytes: &[u8], mark: [u8; MARK_LENGTH]) -> Option<(Record, &[u8])> {
    let (length, rest) = bytes.strip_prefix(&mark)?.split_first_chunk::<4>()?;
    let (found, rest) = rest.split_first_chunk::<SUM_LENGTH>()?;
    let (record, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    if sum(record) != *found {
        return None;
    }
    Some((Record::decode(record)?, rest))
}

/// Puts the ids of a segment whose rows are committed in its place.
///
/// # Errors
/// The system's error; the segment lies there still, or is found again and known to be committed.
pub fn retire_segment<'a>(
    path: &Path,
    head: &SegmentHead,
    records: impl IntoIterator<Item = &'a Record>,
) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(head)?;
    bytes.push(b'\n');
    let mut is_any = false;
    for record in records {
        if record.ids.is_empty() && record.name.is_none() {
            continue;
        }
        if let Some(record) = record.ids_only().encode() {
            frame(&mut bytes, head.mark(), &record);
            is_any = true;
        }
    }
    if !is_any {
        return std::fs::remove_file(path);
    }
    match write_seen(path, &bytes) {
        // Its ids are there before its rows are gone.
        Ok(()) => std::fs::remove_file(path),
        // There is no room for them until there are gone: its rows are committed, and room is what everything else waits for.
        Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            std::fs::remove_file(path)?;
            write_seen(path, &bytes)
        }
        Err(error) => Err(error),
    }
}

fn write_seen(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (seen, new) = (path.with_extension(SEEN), path.with_extension("new"));
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_data()
    });
    if let Err(error) = written {
        // What there is of it takes room.
        let _ = std::fs::remove_file(&new);
        return Err(error);
    }
    std::fs::rename(&new, &seen)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Keeps a segment of which something is damaged beside itself, for whoever looks into it: `.damaged`.
///
/// # Errors
/// The system's error.
pub fn keep_damaged(path: &Path) -> io::Result<()> {
    match std::fs::hard_link(path, path.with_extension("damaged")) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

/// Makes a folder whose entry outlives a loss of power.
fn make_durable_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    // Each above it may be new as well.
    for above in folder.ancestors().skip(1).take(2) {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        File::open(above)?.sync_all()?;
    }
    Ok(())
}

/// Removes what is left of segments that were committed before a moment: their events are not to be known again any more.
///
/// # Errors
/// The system's error.
pub fn purge_seen(folder: &Path, before: DateTime<Utc>) -> io::Result<()> {
    for path in segments_in(folder)? {
        let is_old = path.extension().is_some_and(|ending| ending == SEEN)
            && DateTime::<Utc>::from(std::fs::metadata(&path)?.modified()?) < before;
        if is_old {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
