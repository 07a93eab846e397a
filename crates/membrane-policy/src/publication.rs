//! Publishing: what has to be true of policies before a hub serves them, and the record that says that it was.
//!
//! ```text
//! catalog/ + policies/ --Bundle::read--> the texts of all their files, each named by its hash
//!     Policies::review: cases, golden matrix, claims proved, no policy errs  --Review--> objections, or none
//!     Record: number, the record before, version, files, verdicts, solver    --signed by the hub--> the ledger
//! ```
//!
//! A record names the one before it by its hash, so that records are a chain; it names every file by its hash, so that what is
//! served is what was reviewed. What signs and stores it is not for this crate to know.

mod bundle;
mod record;
mod review;
mod taken_away;

pub use bundle::{Bundle, BundledFile};
pub use record::{FileRecord, Record, RecordHead, VerdictRecord};
pub use review::Review;
pub use taken_away::Meant;

pub use crate::folder::MATRIX as MATRIX_FILE;
pub use crate::matrix::differences as matrix_differences;
