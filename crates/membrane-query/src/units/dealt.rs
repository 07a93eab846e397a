//! The rows of all units in their order, cut into batches of one size and dealt out in turn: for scans that hide rows.
//!
//! Batch `i` goes to output `i mod n`. Whichever output is asked first reads on, keeps what is its own and lays the rest
//! out for the others, as DataFusion's own round-robin does, but from one hand to the next: which rows an output gives
//! does not depend on who was asked when.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result as DataFusionResult;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::sync::Mutex as AsyncMutex;

use super::Reading;
use super::ordered::Ordered;
use crate::bytes::bytes_of;
use crate::cut::Cutter;

/// One run of a scan, shared by its outputs.
pub(crate) struct Deal {
    deck: AsyncMutex<Deck>,
    hands: Vec<Mutex<Hand>>,
    memory: MemoryReservation,
}

/// What was not dealt yet.
struct Deck {
    ordered: Ordered,
    /// None when rows have no columns: they are counted and nothing else.
    cutter: Option<Cutter>,
    ended: bool,
    /// What went wrong: it is told to every output.
    failed: Option<Arc<DataFusionError>>,
    dealt: usize,
}

/// What lies ready for one output.
#[derive(Default)]
struct Hand {
    batches: VecDeque<(RecordBatch, MemoryReservation)>,
    /// Nobody takes from it any more.
    closed: bool,
}

/// Batches that may lie ready for an output when there is no memory for them.
const UNHELD_MAX: usize = 4;

impl Deal {
    /// Begins to read a scan for some outputs.
    pub(crate) fn new(reading: Reading, outputs: usize) -> Arc<Self> {
        let memory = MemoryConsumer::new("governed scan").register(reading.context.memory_pool());
        let shown = reading.program.shown();
        let cutter = (!shown.fields().is_empty()).then(|| Cutter::new(Arc::clone(shown)));
        let deck = Deck { ordered: Ordered::new(reading), cutter, ended: false, failed: None, dealt: 0 };
        let hands = (0..outputs.max(1)).map(|_| Mutex::default()).collect();
        Arc::new(Self { deck: AsyncMutex::new(deck), hands, memory })
    }

    /// Returns an output.
    pub(crate) fn output(
        self: &Arc<Self>,
        output: usize,
    ) -> BoxStream<'static, DataFusionResult<RecordBatch>> {
        let start = Some(Seat { deal: Arc::clone(self), output });
        futures::stream::unfold(start, |seat| async move {
            let seat = seat?;
            match seat.deal.next(seat.output).await {
                Ok(Some(batch)) => Some((Ok(batch), Some(seat))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }

    async fn next(&self, output: usize) -> DataFusionResult<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.take(output) {
                return Ok(Some(batch));
            }
            // Whoever waits here finds what was dealt to it meanwhile.
            let mut deck = self.deck.lock().await;
            if let Some(batch) = self.take(output) {
                return Ok(Some(batch));
            }
            let Some(batch) = deck.next_or_fail().await? else { return Ok(None) };
            let owner = deck.dealt % self.hands.len().max(1);
            deck.dealt = deck.dealt.wrapping_add(1);
            if owner == output {
                return Ok(Some(batch));
            }
            self.give(owner, batch)?;
        }
    }

    fn take(&self, output: usize) -> Option<RecordBatch> {
        let mut hand = self.hands.get(output)?.lock().unwrap_or_else(PoisonError::into_inner);
        hand.batches.pop_front().map(|(batch, _)| batch)
    }

    fn give(&self, owner: usize, batch: RecordBatch) -> DataFusionResult<()> {
        let Some(hand) = self.hands.get(owner) else { return Ok(()) };
        let mut hand = hand.lock().unwrap_or_else(PoisonError::into_inner);
        if hand.closed {
            return Ok(());
        }
        let held = self.memory.new_empty();
        let bytes = usize::try_from(bytes_of(&batch)).unwrap_or(usize::MAX);
        match held.try_grow(bytes) {
            Err(error) if hand.batches.len() >= UNHELD_MAX => return Err(error),
            _ => hand.batches.push_back((batch, held)),
        }
        Ok(())
    }

    fn close(&self, output: usize) {
        if let Some(hand) = self.hands.get(output) {
            let mut hand = hand.lock().unwrap_or_else(PoisonError::into_inner);
            hand.closed = true;
            hand.batches.clear();
        }
    }
}

impl Deck {
    async fn next_or_fail(&mut self) -> DataFusionResult<Option<RecordBatch>> {
        if let Some(error) = &self.failed {
            return Err(DataFusionError::Shared(Arc::clone(error)));
        }
        self.next().await.map_err(|error| {
            let error = Arc::new(error);
            self.failed = Some(Arc::clone(&error));
            DataFusionError::Shared(error)
        })
    }

    async fn next(&mut self) -> DataFusionResult<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.cutter.as_mut().and_then(Cutter::next_full) {
                return Ok(Some(batch));
            }
            if self.ended {
                return Ok(None);
            }
            match (self.ordered.next().await?, &mut self.cutter) {
                (Some(batch), None) => return Ok(Some(batch)),
                (Some(batch), Some(cutter)) => {
                    if let Some(batch) = cutter.push(batch)? {
                        return Ok(Some(batch));
                    }
                }
                (None, cutter) => {
                    self.ended = true;
                    if let Some(cutter) = cutter {
                        return Ok(cutter.finish()?);
                    }
                }
            }
        }
    }
}

/// The place of one output. When it is left, what lies there goes, and nothing more is laid there.
struct Seat {
    deal: Arc<Deal>,
    output: usize,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.deal.close(self.output);
    }
}
