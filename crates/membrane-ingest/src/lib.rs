//! Brings data in: decodes, checks the contract, sets bad rows aside, protects every column, commits
//! exactly once.
//!
//! ```text
//! file, stream -> decode -> check -> protect -> data files ------> 2 commit of the table
//!                              \---> bad rows, sealed -> files --> 1 commit of the quarantine
//! ```
//!
//! Three stages run at once over small channels, so that memory stays bounded whatever the input's
//! size: decode and check on one thread, protect on a second, write on a third. Both commits carry
//! the fingerprint of what was delivered: the same delivery again adds nothing, and a process that is
//! killed between them settles the rest when it is run again.

mod check;
mod commit;
mod decode;
mod error;
#[cfg(test)]
mod fixture;
mod format;
mod identity;
mod input;
mod lineage;
mod pipeline;
mod protect;
mod reason;
mod report;
mod source;
mod subjects;
mod value;

pub use error::IngestError;
pub use format::Format;
pub use identity::normalise;
pub use input::{IngestParts, Input, InputSource, Progress, Silent};
pub use pipeline::ingest;
pub use reason::ReasonCode;
pub use report::IngestReport;
