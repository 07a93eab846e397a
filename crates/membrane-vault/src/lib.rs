//! Keys, sealing and tokens: the one place where a direct identifier meets a key.
//!
//! ```text
//! root key ──┬─ HKDF ─> subject ids, tokens, bearers, sampling, query keys, signatures  (one key per use and scope)
//!            └─ HKDF ─> wrapping key ─> bucket key (one per 4,096 subjects) ─> data key (one per subject)
//! ```
//!
//! A subject's values are sealed under the subject's own data key, so that destroying that key destroys
//! the values wherever copies of them lie. Bucket keys and data keys are stored only wrapped.
//!
//! INVARIANT: no type here prints a key, a token or a value, and whatever holds a key is zeroed when it is
//! dropped: the keys themselves, and the states of ciphers and keyed hashes, which are as good as keys. For
//! the states, the libraries' feature `zeroize` does it; a test asserts that it is on.

mod bucket;
mod cell;
mod context;
mod derive;
mod error;
mod format;
mod message;
mod provider;
mod random;
mod root;
mod sampler;
mod seal;
mod signer;
mod token;
mod vault;

pub use bucket::{BucketId, BucketKey, SUBJECTS_PER_BUCKET, WrappedKey};
pub use cell::{CellCipher, DataKey};
pub use context::{CellContext, ColumnContext};
pub use error::VaultError;
pub use format::{FORMAT_DIGITS_MAX, FORMAT_DIGITS_MIN, FormatCipher};
pub use message::{SharedSecret, WeixinSecret};
pub use provider::{FileKey, KeyProvider, TextKey};
pub use random::salt;
pub use root::RootKey;
pub use sampler::Sampler;
pub use seal::SEALED_OVERHEAD;
pub use signer::{Signer, verify_signature};
pub use token::{DeliveryHasher, QueryKeyHasher, SubjectHasher, TOKEN_LENGTH, Tokenizer};
pub use vault::Vault;
