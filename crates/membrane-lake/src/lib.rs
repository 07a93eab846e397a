//! Delta tables on object storage, under a permit. The lake sees protected cells only.
//!
//! [`Lake`] opens a folder or a bucket. [`Appender`] streams batches into a table and makes them
//! visible with one commit that also carries the position of the source, so that a repeated delivery
//! adds nothing. [`Snapshot`] is one version of a table, to be read.
//!
//! [`Lake::compact`] and [`Lake::vacuum`] keep tables in order while others read and write. [`Lake::retain`] takes out rows that a contract
//! does not keep any longer, [`Lake::remains`] looks what there still is of them.
//!
//! [`Shelf`] keeps small objects of the hub's own, as those of the audit log.
//!
//! [`Inbox`] is the other side: a folder or a bucket in which deliveries lie before they are taken in.
//!
//! How a dataset lies in its table is said by its contract; see [`stored_schema`].

mod appender;
mod data_file;
mod durable;
mod error;
mod extent;
#[cfg(test)]
mod fixture;
mod footprint;
mod fresh;
mod inbox;
mod keys;
mod lake;
mod layout;
mod log_cache;
mod newest;
mod positions;
mod quarantine;
mod shelf;
mod snapshot;
mod storage;
mod upkeep;
mod uploads;

pub use appender::{Appender, Committed};
pub use error::LakeError;
pub use extent::Extent;
pub use footprint::Footprint;
pub use fresh::{Arrived, Current, Files, Mark, Portion};
pub use inbox::{Inbox, InboxBytes, InboxFile};
pub use keys::Keys;
pub use lake::{Lake, LakeOptions, Patience, Target};
pub use layout::{quarantine_schema, stored_schema};
pub use quarantine::Quarantine;
pub use shelf::Shelf;
pub use snapshot::Snapshot;
pub use upkeep::{CompactRules, Compacted, HeldFiles, Remains, Retained, Vacuumed};
