//! Brings data in: decodes, checks the contract, sets bad rows aside, protects every column, commits
//! exactly once.
//!
//! ```text
//! file, stream -> decode -> check -> keys -> protect -> data files ------> 2 commit of the table
//!            \                                  \---> bad rows, sealed -> files --> 1 commit of the quarantine
//!             \-> fingerprint: there already?
//! ```
//!
//! The stages run at once over small channels, so that memory stays bounded whatever the input's size:
//! decode and check on one thread, the subjects' keys on a second, protect on a third, write on a fourth; a
//! file is fingerprinted beside them. Both commits carry the delivery's name, a keyed hash of its content: the
//! same delivery again adds nothing, and a process that is killed between them settles the rest when it is run
//! again.

mod check;
mod coarser;
mod commit;
mod connect;
mod decode;
mod detect;
mod error;
mod fingerprint;
#[cfg(test)]
mod fixture;
mod format;
mod hook;
mod input;
mod lineage;
mod pipeline;
mod propose;
mod protect;
mod quarantine;
mod reading;
mod reason;
mod replay;
mod report;
mod resolve;
mod source;
pub mod stream;
mod subjects;
pub mod topic;
mod totals;
mod value;
mod xml;

pub use check::References;
pub use connect::{ConnectError, DatabaseUrl, Piece, read_table};
pub use error::IngestError;
pub use format::Format;
pub use hook::{hook_messages, hook_text};
pub use input::{IngestParts, Input, InputSource, Position, Progress, RevisionNumber, Silent};
pub use pipeline::{ingest, position};
pub use propose::{
    Proposal, ProposeOptions, ProposedColumn, SAMPLE_ROWS, Sureness, dataset_name_of, propose,
};
pub use quarantine::{AsideCount, AsideFilter, AsideRow, count_aside, may_open_aside, show_aside};
pub use reading::{Encoding, Packing, Reading, UnknownEncoding};
pub use reason::ReasonCode;
pub use replay::{ReplayReport, replay};
pub use report::IngestReport;
pub use totals::ControlTotals;
