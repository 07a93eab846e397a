//! The record as OpenLineage has it: two events for each run, and where they are sent.
//!
//! Events are made from what the ledger has of a run, by one maker, whether they are sent when it opens and closes or exported years
//! later: what a sink has missed is not lost (docs/lineage.md, docs/decisions/0043).

mod columns;
mod endpoint;
mod event;
mod facet;
mod file;
mod sinks;
mod strength;

pub(crate) use event::Maker;
pub(crate) use sinks::{SinkTold, Sinks};

#[cfg(test)]
mod tests;
