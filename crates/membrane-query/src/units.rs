//! Reads the partitions of an inner scan in their order, several at a time.
//!
//! ```text
//! inner partitions    0 ==rows that may be seen, masked==>  channel 0 -+
//!                     1 ==================================>  channel 1 -+-> one stream: all of 0, then all of 1, ..
//!                     2 ==================================>  channel 2 -+
//! ```
//!
//! PRIVACY: where one partition ends and the next begins follows from the sizes of files, hidden rows and columns
//! included. If partitions were given out side by side, the order in which rows arrive would tell where that is. So
//! they are read side by side and given out one after the other: what stands above a governed scan sees the rows that
//! may be seen in the order in which they are stored, and nothing else.
//!
//! A partition is small (about one row group, see [`crate::table`]), and a reader runs ahead by [`AHEAD`] batches, for
//! which memory is taken. Where there is none, nothing is read ahead; a scan never fails for want of memory.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result as DataFusionResult;
use datafusion::common::runtime::SpawnedTask;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::sync::{mpsc, watch};

use crate::bytes::bytes_of;
use crate::cut::Cutter;
use crate::fault::{Place, ScanFault};
use crate::open::Opener;
use crate::program::Program;

/// Batches by which the reader of a partition runs ahead of whoever takes them: those of one row group.
const AHEAD: usize = 16;

/// A scan to be read.
pub(crate) struct Reading {
    pub(crate) inner: Arc<dyn ExecutionPlan>,
    pub(crate) context: Arc<TaskContext>,
    pub(crate) program: Arc<Program>,
    pub(crate) opener: Arc<Opener>,
    pub(crate) place: Place,
    /// Rows that are wanted, if not all.
    pub(crate) limit: Option<usize>,
    /// Partitions that are read at once.
    pub(crate) width: usize,
}

/// Reads a scan.
pub(crate) fn read(reading: Reading) -> BoxStream<'static, DataFusionResult<RecordBatch>> {
    let start = Some(Ordered::new(reading));
    futures::stream::unfold(start, |ordered| async move {
        let mut ordered = ordered?;
        match ordered.next().await {
            Ok(Some(batch)) => Some((Ok(batch), Some(ordered))),
            Ok(None) => None,
            // Readers that are still at work are stopped with `ordered`.
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}

/// A batch on its way, with the memory that was taken for it.
type Held = (RecordBatch, MemoryReservation);

/// A partition that is being read.
struct Unit {
    batches: mpsc::Receiver<Held>,
    task: SpawnedTask<DataFusionResult<()>>,
}

struct Ordered {
    reading: Arc<Reading>,
    /// Those that were started and not finished, in order.
    running: VecDeque<Unit>,
    /// The next to be started.
    next: usize,
    /// The one whose turn it is.
    turn: watch::Sender<usize>,
    memory: MemoryReservation,
    left: Option<usize>,
}

impl Ordered {
    fn new(reading: Reading) -> Self {
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

    async fn next(&mut self) -> DataFusionResult<Option<RecordBatch>> {
        while self.left != Some(0) {
            self.start();
            let Some(unit) = self.running.front_mut() else { return Ok(None) };
            if let Some((batch, _)) = unit.batches.recv().await {
                return Ok(Some(limited(batch, &mut self.left)));
            }
            if let Some(unit) = self.running.pop_front() {
                // A panic's text may quote a value; only that there was one goes on.
                unit.task.await.map_err(|_| self.reading.place.fault(ScanFault::Read))??;
            }
            self.turn.send_modify(|turn| *turn += 1);
        }
        Ok(None)
    }

    fn start(&mut self) {
        let units = self.reading.inner.output_partitioning().partition_count();
        let done = *self.turn.borrow();
        // Where some rows are enough, the first partition may do: more are read at once the longer they do not.
        let width = match self.left {
            Some(_) => self.reading.width.min(1 << done.min(10)),
            None => self.reading.width,
        };
        while self.running.len() < width.max(1) && self.next < units {
            let (sender, batches) = mpsc::channel(AHEAD);
            let reader = Reader {
                reading: Arc::clone(&self.reading),
                unit: self.next,
                turn: self.turn.subscribe(),
                memory: self.memory.new_empty(),
                sender,
                left: self.left,
            };
            self.running.push_back(Unit { batches, task: SpawnedTask::spawn(reader.run()) });
            self.next += 1;
        }
    }
}

/// Reads one partition into its channel.
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
        let reading = Arc::clone(&self.reading);
        let (place, program) = (&reading.place, &reading.program);
        let context = Arc::clone(&reading.context);
        let mut inner = reading.inner.execute(self.unit, context).map_err(|error| place.inner(&error))?;
        // Keys are fetched once a batch: so the rows that may be seen are put together before cells are opened.
        let mut full = program.opens_cells().then(|| Cutter::new(Arc::clone(program.kept())));
        let faulty = |error: ArrowError| place.fault(error.into());
        while self.left != Some(0)
            && let Some(batch) = inner.next().await
        {
            let batch = batch.map_err(|error| place.inner(&error))?;
            let kept = program.keep(&batch).map_err(|fault| place.fault(fault))?;
            drop(batch);
            let kept = limited(kept, &mut self.left);
            let Some(cutter) = &mut full else {
                self.send(kept).await?;
                continue;
            };
            let mut ready = cutter.push(kept).map_err(faulty)?;
            while let Some(batch) = ready {
                self.send(batch).await?;
                ready = cutter.next();
            }
        }
        if let Some(cutter) = &mut full
            && let Some(batch) = cutter.finish().map_err(faulty)?
        {
            self.send(batch).await?;
        }
        Ok(())
    }

    /// Masks rows and sends them. That nobody takes them any more is no error: the task is about to be stopped.
    async fn send(&mut self, kept: RecordBatch) -> DataFusionResult<()> {
        if kept.num_rows() == 0 || self.sender.is_closed() {
            return Ok(());
        }
        let reading = &self.reading;
        let shown = reading.program.show(kept, &reading.opener).await;
        let shown = shown.map_err(|fault| reading.place.fault(fault))?;
        let bytes = usize::try_from(bytes_of(&shown)).unwrap_or(usize::MAX);
        let held = self.memory.new_empty();
        if held.try_grow(bytes).is_err() {
            self.wait().await;
            // If there is still none: this batch is the only one on its way.
            held.try_grow(bytes).ok();
        }
        // The receiver is gone when the rows are not wanted any more.
        self.sender.send((shown, held)).await.ok();
        Ok(())
    }

    /// Waits until nothing is read ahead: it is this partition's turn, and all that it has sent was taken.
    async fn wait(&mut self) {
        let unit = self.unit;
        if self.turn.wait_for(|turn| *turn >= unit).await.is_ok() {
            drop(self.sender.reserve_many(AHEAD).await);
        }
    }
}

/// Cuts off the rows that are more than wanted.
fn limited(batch: RecordBatch, left: &mut Option<usize>) -> RecordBatch {
    let Some(left) = left else { return batch };
    let rows = batch.num_rows().min(*left);
    *left -= rows;
    if rows == batch.num_rows() { batch } else { batch.slice(0, rows) }
}

#[cfg(test)]
mod tests;
