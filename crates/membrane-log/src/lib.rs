//! A transparency log: entries that are published so that none can be altered, moved or removed unseen.
//!
//! The formats are those of C2SP, so that anyone's tools read them: tiles and entry bundles
//! (c2sp.org/tlog-tiles), checkpoints (c2sp.org/tlog-checkpoint, signed-note), cosignatures of witnesses
//! (tlog-cosignature, tlog-witness), proofs (tlog-proof). The tree is that of RFC 6962.
//!
//! [`Log`] publishes, [`prove_inclusion`] and [`ProofFile`] prove, [`verify_full`] and [`verify_from`]
//! audit, [`Mending`] repairs. All of them reach the log through [`Objects`].

mod error;

mod edge;
mod hash;

mod checkpoint;
pub mod cosignature;
mod key;
mod trust;

pub mod bundle;
pub mod memory;
mod objects;
pub mod tile;

mod growth;
mod log;
mod pending;

mod join;
mod lines;
mod proof;
mod reader;
pub mod witness;

mod audit;
mod repair;

#[cfg(test)]
mod interop;
#[cfg(test)]
mod testing;

pub use audit::{Finding, Report, verify_from, verify_full};
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use edge::{Edge, TreeHead};
pub use error::LogError;
pub use hash::{EMPTY_ROOT, Hash};
pub use key::{KeyKind, LogSigner, Origin, VerifierKey};
pub use log::{
    Appended, CHECKPOINT, Carriage, Carried, Identity, Limits, Log, PENDING, committed_head, forget_commit,
    prune, restore_checkpoint,
};
pub use objects::{Objects, ObjectsError};
pub use proof::{
    PROOF_FILE_ENDING, ProofFile, check_consistency, check_inclusion, check_known, edge_at, entry_at,
    prove_consistency, prove_inclusion,
};
pub use repair::{Mended, Mending, Survey};
pub use trust::Trust;
