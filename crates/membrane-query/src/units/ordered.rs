//! Units that are read several at a time and given out one after the other.
//!
//! ```text
//! unit 0 ==rows that may be seen, masked==>  channel 0 -+
//! unit 1 ==================================>  channel 1 -+-> all of 0, then all of 1, ..
//! unit 2 ==================================>  channel 2 -+
//! ```
//!
//! A reader runs ahead by [`AHEAD`] batches, for which memory is taken. Where there is none, nothing is read ahead: a
//! scan never fails for want of memory.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result as DataFusionResult;
use datafusion::common::runtime::SpawnedTask;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use tokio::sync::{mpsc, watch};

use super::{Reading, Unit, limited};
use crate::bytes::bytes_of;
use crate::fault::ScanFault;

/// Batches by which the reader of a unit runs ahead of whoever takes them: those of one row group.
const AHEAD: usize = 16;

/// A batch on its way, with the memory that was taken for it.
type Held = (RecordBatch, MemoryReservation);

/// A unit that is being read by a task of its own.
struct Running {
    batches: mpsc::Receiver<Held>,
    task: SpawnedTask<DataFusionResult<()>>,
}

/// The rows of all units, in their order.
pub(super) struct Ordered {
    reading: Arc<Reading>,
    /// Those that were started and not finished, in order.
    running: VecDeque<Running>,
    /// The next to be started.
    next: usize,
    /// The one whose turn it is.
    turn: watch::Sender<usize>,
    memory: MemoryReservation,
    left: Option<usize>,
}

impl Ordered {
    pub(super) fn new(reading: Reading) -> Self {
        let memory = MemoryConsumer::new("governed scan").register(reading.context.memory_pool());
        let left = reading.limit;
        Self {
            reading: Arc::new(reading),
            running: VecDeque::new(),
            next: 0,
            turn: watch::Sender::new(0),
            memory,
            left,
        }
    }

    /// Returns the next batch. It may be given up while it waits, and asked again.
    pub(super) async fn next(&mut self) -> DataFusionResult<Option<RecordBatch>> {
        while self.left != Some(0) {
            self.start();
            let Some(unit) = self.running.front_mut() else { return Ok(None) };
            if let Some((batch, _)) = unit.batches.recv().await {
                return Ok(Some(limited(batch, &mut self.left)));
            }
            // A panic's text may quote a value; only that there was one goes on.
            let outcome = (&mut unit.task).await.map_err(|_| self.reading.place.fault(ScanFault::Read));
            self.running.pop_front();
            if let Err(error) = outcome.and_then(|outcome| outcome) {
                // Nobody is to wait for its turn any more.
                self.running.clear();
                self.next = self.reading.units();
                return Err(error);
            }
            self.turn.send_modify(|turn| *turn += 1);
        }
        self.running.clear();
        Ok(None)
    }

    fn start(&mut self) {
        let done = *self.turn.borrow();
        // Where some rows are enough, the first unit may do: more are read at once the longer they do not.
        let width = match self.left {
            Some(_) => self.reading.width.min(1 << done.min(10)),
            None => self.reading.width,
        };
        while self.running.len() < width.max(1) && self.next < self.reading.units() {
            let (sender, batches) = mpsc::channel(AHEAD);
            let reader = Reader {
                reading: Arc::clone(&self.reading),
                unit: self.next,
                turn: self.turn.subscribe(),
                memory: self.memory.new_empty(),
                sender,
                left: self.left,
            };
            self.running.push_back(Running { batches, task: SpawnedTask::spawn(reader.run()) });
            self.next += 1;
        }
    }
}

/// Reads one unit into its channel.
struct Reader {
    reading: Arc<Reading>,
    unit: usize,
    turn: watch::Receiver<usize>,
    memory: MemoryReservation,
    sender: mpsc::Sender<Held>,
    left: Option<usize>,
}

impl Reader {
    async fn run(mut self) -> DataFusionResult<()> {
        let mut unit = Unit::open(&self.reading, self.unit, self.left)?;
        while let Some(shown) = unit.next().await? {
            let bytes = usize::try_from(bytes_of(&shown)).unwrap_or(usize::MAX);
            let held = self.memory.new_empty();
            if held.try_grow(bytes).is_err() {
                self.wait().await;
                // If there is still none: this batch is the only one on its way.
                held.try_grow(bytes).ok();
            }
            // That nobody takes them any more is no error: the rows are not wanted.
            if self.sender.send((shown, held)).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Waits until nothing is read ahead: it is this unit's turn, and all that it has sent was taken.
    async fn wait(&mut self) {
        let unit = self.unit;
        if self.turn.wait_for(|turn| *turn >= unit).await.is_ok() {
            drop(self.sender.reserve_many(AHEAD).await);
        }
    }
}
