//! The streams of this process: a lane for each dataset that events are pushed to, and room for what waits to be committed.
//!
//! A lane takes the pushes of its dataset one group after another ([`crate::flow`] says what it does with them). How much may wait
//! is bounded over all lanes: of a push that has no room nothing is kept.

use std::collections::HashMap;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use membrane_catalog::{Dataset, Revision};
use membrane_ingest::RevisionNumber;
use membrane_model::DatasetName;
use tokio::sync::mpsc::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::config::StreamsSection;
use crate::flow::StreamJob;
use crate::hub::Hub;
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
    /// None before anything is served.
    served: Weak<Hub>,
    /// Contracts that the tables were asked about, for as long as commits go well: a store that is away is not asked then.
    accepted: HashMap<DatasetName, (Revision, RevisionNumber)>,
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
pub(crate) struct Room(OwnedSemaphorePermit);

impl Room {
    /// Gives back what is more than so many bytes of pushes take.
    pub(crate) fn shrink(&mut self, bytes: u64) {
        let more = self.0.num_permits().saturating_sub(units(bytes.saturating_mul(BYTES_EACH)));
        drop(self.0.split(more));
    }
}

/// Returns how many units of room so many bytes of memory take.
fn units(bytes: u64) -> usize {
    usize::try_from(bytes / UNIT + 1).unwrap_or(usize::MAX)
}

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
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        if let Some(above) = self.folder.parent().filter(|above| !above.as_os_str().is_empty()) {
            File::open(above)?.sync_all()?;
        }
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
        let units = u32::try_from(units(bytes.saturating_mul(BYTES_EACH))).unwrap_or(u32::MAX);
        Arc::clone(&self.room).try_acquire_many_owned(units).ok().map(Room)
    }

    /// Makes the room of a push as large as the memory that is kept of it, if it is smaller. Tells whether there was so much.
    pub(crate) fn grow(&self, room: &mut Room, memory: u64) -> bool {
        let more = units(memory).saturating_sub(room.0.num_permits());
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        if more == 0 {
            return true;
        }
        let Ok(more) = Arc::clone(&self.room).try_acquire_many_owned(more) else { return false };
        room.0.merge(more);
        true
    }

    /// Returns the number of a contract by which rows are brought in, if the table was asked before.
    pub(crate) fn accepted(&self, dataset: &Dataset) -> Option<RevisionNumber> {
        let known = self.with(|state| state.accepted.get(&dataset.name).cloned());
        known.filter(|(revision, _)| *revision == dataset.revision()).map(|(_, number)| number)
    }

    /// Remembers it, or forgets it.
    pub(crate) fn accept(&self, dataset: &Dataset, number: Option<RevisionNumber>) {
        self.with(|state| match number {
            Some(number) => drop(state.accepted.insert(dataset.name.clone(), (dataset.revision(), number))),
            None => drop(state.accepted.remove(&dataset.name)),
        });
    }

    /// Says which hub serves from now on: what is committed later is so by its catalog and policies.
    pub(crate) fn serve(&self, hub: &Arc<Hub>) {
        self.with(|state| state.served = Arc::downgrade(hub));
    }

    /// Returns the hub that serves now, or else the one given.
    pub(crate) fn served(&self, or: &Arc<Hub>) -> Arc<Hub> {
        self.with(|state| state.served.upgrade()).unwrap_or_else(|| Arc::clone(or))
    }

    /// Makes room for what was found, of which so many bytes lie there: as much as there is. Its rows stand in memory as they lie there.
    pub(crate) fn room_for_found(&self, bytes: u64) -> Option<Room> {
        let wanted = units(bytes).min(self.room.available_permits());
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
        Arc::clone(&self.room).try_acquire_many_owned(wanted).ok().map(Room)
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
            // One that stopped is begun anew: its segments are taken up at the next start.
            state.lanes.retain(|name, lane| name != dataset || !lane.work.is_finished());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn streams(buffer_bytes: u64) -> Streams {
        let section = StreamsSection { buffer_bytes, ..StreamsSection::default() };
        Streams::new(section, PathBuf::from("/nowhere"))
    }

    #[test]
    fn room_is_given_back_and_bounded() {
        let streams = streams(1 << 20);
        assert!(streams.room_for(1 << 20).is_none(), "three times as much as there is");
        let mut room = streams.room_for(300 << 10).expect("room");
        assert!(streams.room_for(300 << 10).is_none());
        // Little came of what could have come.
        room.shrink(1 << 10);
        let other = streams.room_for(300 << 10).expect("room");
        room.shrink(300 << 10);
        assert!(!streams.grow(&mut room, 200 << 10), "it is not there");
        drop(other);
        assert!(streams.grow(&mut room, 200 << 10));
        assert!(streams.grow(&mut room, 1), "it has more than that");
        assert!(streams.room_for(300 << 10).is_none());
        drop(room);
        assert!(streams.room_for(300 << 10).is_some());
    }

    #[test]
    fn what_was_found_takes_what_there_is() {
        let streams = streams(1 << 20);
        let found = streams.room_for_found(8 << 20).expect("room");
        assert!(streams.room_for(1).is_none());
        drop(found);
        assert!(streams.room_for(1).is_some());
    }
}
