//! The durable record: runs, decisions, lineage, budgets, releases, wrapped keys and the Merkle log.
//!
//! One set of SQL runs on SQLite (one machine) and PostgreSQL (several). Whatever a method wrote is
//! durable before it returns, and a method that fails wrote nothing.
//!
//! INVARIANT: decisions are written through an [`OpenRun`] only; what a closed run says is a leaf of the
//! Merkle log; a budget is spent before the answer that it pays for is computed, and never given back.

mod account;
mod activity;
mod alert;
mod anomaly;
mod batch;
mod budget;
mod circumstances;
mod close;
mod commitment;
mod connect;
mod delivery;
mod document;
mod error;
mod held;
mod hold;
mod identity;
mod key;
mod keyring;
mod leaf;
mod ledger;
mod lineage;
mod load;
mod log;
mod merkle;
mod page;
mod place;
mod reads;
mod record;
mod refused;
mod release;
mod replay;
mod row;
mod run;
mod scope;
mod search;
mod source;
mod status;
mod step;
mod tag;
mod terms;
mod upkeep;
mod usage;
mod window;

pub use account::{Account, Caps};
pub use activity::{ActivityDay, ActivityHour, LOOKED_UP};
pub use alert::{Alert, AlertChanges};
pub use anomaly::{ACKNOWLEDGE, Anomaly, AnomalyFloors, AnomalyKind, Flag, UsualOf};
pub use budget::{LastRelease, Pace, Standing};
pub use circumstances::{Circumstances, Entrance, Evidence};
pub use commitment::opens;
pub use delivery::{Delivered, Delivery, SourceTotals};
pub use document::{Document, DocumentKind, DocumentRef, NewDocument};
pub use error::{DatabaseError, LedgerError, LogFault};
pub use identity::Identity;
pub use keyring::{KeyRing, KeyRingError};
pub use ledger::Ledger;
pub use lineage::{Direction, GroupedEdge, MadeBy};
pub use log::{LogEntry, LogHead};
pub use page::{DatasetUse, LeafRow, RunDetail, RunMark, RunWindow};
pub use reads::ColumnRead;
pub use record::{ReleaseRecord, RunFilter, RunRecord};
pub use refused::RefusedDelivery;
pub use release::{Reservation, ReserveRequest, Reserved, Shortage, StoredRelease};
pub use replay::ReplayPlan;
pub use run::{ClosedRun, ColumnDecision, DatasetVersion, Decision, NewRun, OpenRun, RunOutcome, RunState};
pub use scope::Scope;
pub use search::RunSearch;
pub use source::{Behind, SourceFile, SourceLook, SourceState};
pub use status::{ReleaseState, RunStatus};
pub use tag::{TagBuild, TagBuildKind, TagMark};
pub use terms::Terms;
pub use usage::{ColumnUse, FactorUse, GlassUse};
pub use window::{Month, Window};

#[cfg(test)]
mod tests;
