//! The lineage of the whole hub as one graph in memory: what the ledger has of all runs, what contracts say of columns that hang
//! together, and what standing releases will read.
//!
//! ```text
//! csv delivery.phone --sealed--> crm_members.phone --partial--> query 3f2a.. by analyst:ana
//!                                      |            \--noise--> release 77c0.. by partner:acme
//!                                      \--noise--> standing release `monthly` of partner:acme (planned)
//! ```
//!
//! Runs that did the same are one node (docs/decisions/0043): the graph grows with the statements that there are, not with how often
//! they were asked.

mod graph;
mod known;
mod reach;
mod walk;

pub use graph::{Evidence, Graph, Node, Way};
pub(crate) use known::{Known, StandingKnown};
pub use reach::Reach;
pub use walk::{Direction, Found, Limits, Reached};

#[cfg(test)]
mod tests;
