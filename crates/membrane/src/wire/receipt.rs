//! Receipts of releases.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::receipt::{ALGORITHM, FORMAT, Receipt};

/// A receipt: what the answer was of and what was paid for it, signed. `membrane release verify FILE --key HEX` checks it
/// offline; docs/partners.md says how to do that without this program.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptBody {
    /// What is signed, JSON text: who asked, why, what and when, what was paid, where the run stands in the record,
    /// `answer` with all that this answer shows but rows and budgets, and `result_sha256`, which stands for columns and rows.
    pub body: String,
    /// The public key that it is signed with, 64 hexadecimal digits: that of `GET /receipt-key`.
    pub key: String,
    /// The Ed25519 signature of the bytes of `body`, 128 hexadecimal digits.
    pub signature: String,
}

// PRIVACY: the body has what somebody typed.
impl std::fmt::Debug for ReceiptBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReceiptBody").field("key", &self.key).finish_non_exhaustive()
    }
}

impl From<&Receipt> for ReceiptBody {
    fn from(receipt: &Receipt) -> Self {
        let Receipt { body, key, signature } = receipt.clone();
        Self { body, key, signature }
    }
}

/// The key that a hub's receipts are signed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptKeyBody {
    /// The form of the receipts that it signs.
    #[schema(example = "membrane-receipt/1")]
    pub format: String,
    /// How it signs.
    #[schema(example = "Ed25519")]
    pub algorithm: String,
    /// The public key, 64 hexadecimal digits.
    pub key: String,
}

impl ReceiptKeyBody {
    /// Shows a public key.
    #[must_use]
    pub fn new(key: String) -> Self {
        Self { format: FORMAT.to_owned(), algorithm: ALGORITHM.to_owned(), key }
    }
}
