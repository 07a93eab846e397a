//! Receipts: what an answer to a release was, what it was of and what was paid for it, signed with a key of the hub, so
//! that whoever has both can show them to somebody who has the hub's public key and nothing else.
//!
//! ```text
//! receipt   { "body": TEXT, "key": HEX, "signature": HEX }       a member of the JSON answer
//! body      JSON text of this form; what is signed is its bytes    body.rs
//! .answer   all that the answer shows, as it shows it, but rows and budgets
//! .result_sha256   stands for columns and rows                     result.rs
//! check     signature -> form -> every member -> rows, offline      check.rs
//! ```
//!
//! docs/decisions/0018 says why, docs/partners.md how to check one without this program.
//!
//! PRIVACY: the body has the SQL as it was typed. It leaves with the answer, to whom typed it, and is kept nowhere. Neither
//! has it an instant between question and tick, which would tell how long rows took, nor the name of the question in the
//! ledger: that is a secret of the hub, and is what keeps the hash of the leaf from telling such an instant to who guesses.

mod body;
mod check;
mod json;
mod result;

use std::fmt;

pub(crate) use body::{Facts, sign};
pub use check::{Check, Report, check};

/// The form of the body. A change of any kind gives it another name.
pub const FORMAT: &str = "membrane-receipt/1";
/// How it is signed.
pub const ALGORITHM: &str = "Ed25519";

/// A receipt.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What is signed: JSON text.
    pub body: String,
    /// The public key of the hub's receipts, as hexadecimal text.
    pub key: String,
    /// The signature of the body's bytes, as hexadecimal text.
    pub signature: String,
}

// PRIVACY: the body has what somebody typed.
impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").field("key", &self.key).finish_non_exhaustive()
    }
}
