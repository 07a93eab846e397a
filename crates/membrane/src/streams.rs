//! The streams of this process: a lane for each dataset that events are pushed to, and room for what waits to be committed.
//!
//! A lane takes the pushes of its dataset one group after another ([`crate::flow`] says what it does with them). How much may wait
//! is bounded over all lanes: a push that has no room is refused before its body is read.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use membrane_model::DatasetName;
use tokio::sync::mpsc::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::config::StreamsSection;
use crate::flow::StreamJob;
use crate::stream_state::StreamState;

/// Bytes that a push takes while it waits, for each byte of it: its rows in memory, protected, beside what it was.
const BYTES_EACH: u64 = 3;
/// What a unit of room is.
const UNIT: u64 = 1 << 10;

/// The streams of this process.
pub(crate) struct Streams {
    section: StreamsSection,
    folder: PathBuf,
    room: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Held for as long as this process uses the folder.
    lock: Option<File>,
    is_closed: bool,
    lanes: HashMap<DatasetName, Lane>,
}

/// The way to a lane at work.
pub(crate) struct Lane {
    pub(crate) jobs: Sender<StreamJob>,
    pub(crate) told: Arc<StreamState>,
    pub(crate) work: JoinHandle<()>,
}

/// Room that a push takes until it is committed.
#[derive(Debug)]
pub(crate) struct Room(
    #[expect(dead_code, reason = "held, and given back when it is dropped")] OwnedSemaphorePermit,
);

impl Streams {
    pub(crate) fn new(section: StreamsSection, folder: PathBuf) -> Self {
        let units = usize::try_from(section.buffer_bytes / UNIT).unwrap_or(Semaphore::MAX_PERMITS);
        let room = Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS)));
        Self { section, folder, room, state: Mutex::default() }
    }

    /// Takes the folder for this process.
    ///
    /// # Errors
    /// The system's error; `ResourceBusy` when another process has it.
    pub(crate) fn open(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let lock = File::create(self.folder.join(".lock"))?;
        lock.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => io::Error::from(io::ErrorKind::ResourceBusy),
            std::fs::TryLockError::Error(error) => error,
        })?;
        self.with(|state| state.lock = Some(lock));
        Ok(())
    }

    /// Returns how events are kept.
    pub(crate) const fn section(&self) -> &StreamsSection {
        &self.section
    }

    /// Returns the folder of a dataset.
    pub(crate) fn folder_of(&self, dataset: &DatasetName) -> PathBuf {
        self.folder.join(dataset.as_str())
    }

    /// Returns the folder of all.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes room for a push of so many bytes; none when too much waits.
    pub(crate) fn room_for(&self, bytes: u64) -> Option<Room> {
        let units = u32::try_from(bytes.saturating_mul(BYTES_EACH) / UNIT + 1).unwrap_or(u32::MAX);
        Arc::clone(&self.room).try_acquire_many_owned(units).ok().map(Room)
    }

    /// Makes room for what was found, of which so many bytes lie there: as much as there is.
    pub(crate) fn room_for_found(&self, bytes: u64) -> Option<Room> {
        let free = u64::try_from(self.room.available_permits()).unwrap_or(u64::MAX);
        self.room_for(bytes.min(free.saturating_sub(1) * UNIT / BYTES_EACH))
    }

    /// Returns the lane of a dataset, which is begun if there is none; none when this process takes in no events.
    pub(crate) fn lane(
        &self,
        dataset: &DatasetName,
        begin: impl FnOnce() -> Lane,
    ) -> Option<Sender<StreamJob>> {
        self.with(|state| {
            if state.is_closed || state.lock.is_none() {
                return None;
            }
            let lane = state.lanes.entry(dataset.clone()).or_insert_with(begin);
            Some(lane.jobs.clone())
        })
    }

    /// Returns what is known of each stream.
    pub(crate) fn told(&self) -> Vec<(DatasetName, Arc<StreamState>)> {
        let mut told: Vec<_> = self.with(|state| {
            state.lanes.iter().map(|(dataset, lane)| (dataset.clone(), Arc::clone(&lane.told))).collect()
        });
        told.sort_by(|one, other| one.0.cmp(&other.0));
        told
    }

    /// Ends all lanes: what is acknowledged is committed, for so long; what is not then lies there until the next start.
    pub(crate) async fn close(&self, longest: Duration) {
        let lanes: Vec<Lane> = self.with(|state| {
            state.is_closed = true;
            state.lanes.drain().map(|(_, lane)| lane).collect()
        });
        let deadline = Instant::now() + longest;
        let mut left = 0_usize;
        for Lane { jobs, work, .. } in lanes {
            drop(jobs);
            let abort = work.abort_handle();
            if timeout_at(deadline, work).await.is_err() {
                abort.abort();
                left += 1;
            }
        }
        if left > 0 {
            tracing::warn!(
                datasets = left,
                "events of {left} datasets are not committed yet: they lie in [streams] folder, and are at the next start"
            );
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").field("folder", &self.folder).finish_non_exhaustive()
    }
}
