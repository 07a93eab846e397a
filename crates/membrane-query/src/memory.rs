//! Memory pools of two levels: what one query may hold, and what all queries of an engine may hold together.
//!
//! ```text
//! operators of query 1 -> pool of query 1 (memory_bytes_max) -+
//! operators of query 2 -> pool of query 2 (memory_bytes_max) -+-> pool of the engine (four times as much)
//! ```
//!
//! Without the second level each request brings its own gigabyte along, and a few dozen of them end the process.

use std::fmt;
use std::sync::Arc;

use datafusion::common::Result as DataFusionResult;
use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use membrane_model::Limits;

/// How many queries may use all that one query may, at once.
pub(crate) const FULL_QUERIES: usize = 4;

/// Makes the pool that all queries of an engine share.
pub(crate) fn engine_pool(limits: &Limits) -> Arc<dyn MemoryPool> {
    Arc::new(GreedyMemoryPool::new(limits.memory_bytes_max.saturating_mul(FULL_QUERIES)))
}

/// Makes the pool of one query, inside the engine's.
pub(crate) fn query_pool(engine: &Arc<dyn MemoryPool>, limits: &Limits) -> Arc<dyn MemoryPool> {
    Arc::new(QueryPool { own: GreedyMemoryPool::new(limits.memory_bytes_max), engine: Arc::clone(engine) })
}

/// INVARIANT: what is taken from `own` is taken from `engine` too, and both are given back together.
#[derive(Debug)]
struct QueryPool {
    own: GreedyMemoryPool,
    engine: Arc<dyn MemoryPool>,
}

impl fmt::Display for QueryPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl MemoryPool for QueryPool {
    fn name(&self) -> &'static str {
        "query"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.engine.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.engine.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.own.grow(reservation, additional);
        self.engine.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.own.shrink(reservation, shrink);
        self.engine.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> DataFusionResult<()> {
        self.own.try_grow(reservation, additional)?;
        self.engine
            .try_grow(reservation, additional)
            .inspect_err(|_| self.own.shrink(reservation, additional))
    }

    fn reserved(&self) -> usize {
        self.own.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.own.memory_limit()
    }
}

#[cfg(test)]
mod tests;
