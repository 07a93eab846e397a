//! The vault: everything that follows from one root key.

use std::fmt;
use std::sync::Arc;

use membrane_model::{DatasetName, IdentityKind, SubjectId};
use zeroize::Zeroizing;

use crate::derive::{KeyUse, KeyedHash, derive, keyed_hash};
use crate::format::FormatCipher;
use crate::sampler::Sampler;
use crate::seal::{self, Cipher};
use crate::token::{DeliveryHasher, QueryKeyHasher, SubjectHasher, Tokenizer};
use crate::{BucketId, BucketKey, DataKey, RootKey, Signer, VaultError, WrappedKey};

/// Everything that follows from one root key. Clones share the keys.
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

struct Keys {
    root: KeyedHash,
    bucket_wrap: Cipher,
}

impl Vault {
    /// Derives what is needed from a root key. The root key itself is not kept.
    #[must_use]
    pub fn new(root: &RootKey) -> Self {
        let root = keyed_hash(root.as_bytes());
        let bucket_wrap = seal::cipher(&derive(&root, KeyUse::BucketWrap, &[]));
        Self(Arc::new(Keys { root, bucket_wrap }))
    }

    /// Returns the id of the subject whom channels know by `value`, an identifier of this kind. For more
    /// than a few values take [`Vault::subject_hasher`].
    #[must_use]
    pub fn subject_id(&self, kind: &IdentityKind, value: &[u8]) -> SubjectId {
        self.subject_hasher(kind).subject_id(value)
    }

    /// Returns the hasher that makes subject ids from identifiers of this kind.
    #[must_use]
    pub fn subject_hasher(&self, kind: &IdentityKind) -> SubjectHasher {
        SubjectHasher::new(self.tokenizer_for(KeyUse::Subject, kind.as_str()))
    }

    /// Returns the tokenizer of stored tokens: one domain per identity kind or class, the same in every
    /// dataset, so that datasets can be joined on tokens.
    #[must_use]
    pub fn tokenizer(&self, domain: &str) -> Tokenizer {
        self.tokenizer_for(KeyUse::Token, domain)
    }

    /// Returns the tokenizer that turns stored tokens into those shown to one purpose or partner. Tokens
    /// of two scopes never match each other, nor the stored ones.
    #[must_use]
    pub fn shown_tokenizer(&self, scope: &str) -> Tokenizer {
        self.tokenizer_for(KeyUse::ShownToken, scope)
    }

    /// Returns the cipher that turns digits into others of the same format, for one purpose or partner.
    ///
    /// # Errors
    /// [`VaultError::Format`], which a key of this length never gives.
    pub fn shown_format(&self, scope: &str) -> Result<FormatCipher, VaultError> {
        FormatCipher::new(&derive(&self.0.root, KeyUse::ShownFormat, scope.as_bytes()))
    }

    /// Makes the key of a new bucket, and its wrapped form.
    ///
    /// # Errors
    /// [`VaultError::Random`] when the operating system gave no randomness.
    pub fn new_bucket(&self, id: BucketId) -> Result<(BucketKey, WrappedKey), VaultError> {
        BucketKey::generate(id, &self.0.bucket_wrap)
    }

    /// Opens the wrapped key of a bucket.
    ///
    /// # Errors
    /// [`VaultError::Open`] when the root key is another one, the key was wrapped for another bucket, or
    /// a byte was changed.
    pub fn open_bucket(&self, id: BucketId, wrapped: &WrappedKey) -> Result<BucketKey, VaultError> {
        BucketKey::open(id, &self.0.bucket_wrap, wrapped)
    }

    /// Returns the key for rows of a dataset whose subject cannot be told. It is not the key of any
    /// subject: erasing a subject does not reach such rows, so quarantine has to be emptied.
    #[must_use]
    pub fn quarantine_key(&self, dataset: &DatasetName) -> DataKey {
        DataKey::new(derive(&self.0.root, KeyUse::Quarantine, dataset.as_str().as_bytes()))
    }

    /// Returns the key that signs bearers.
    #[must_use]
    pub fn bearer_key(&self) -> Zeroizing<[u8; 32]> {
        derive(&self.0.root, KeyUse::Bearer, &[])
    }

    /// Returns the signer of what is published and granted in a hub: two hubs of one root key have two.
    #[must_use]
    pub fn signer(&self, hub: &str) -> Signer {
        Signer::new(&derive(&self.0.root, KeyUse::Signing, hub.as_bytes()))
    }

    /// Returns the signer of the receipts that a hub gives away. It is not the one of what the hub itself goes by: a text
    /// that a caller had a hand in is never signed with that.
    #[must_use]
    pub fn receipt_signer(&self, hub: &str) -> Signer {
        Signer::new(&derive(&self.0.root, KeyUse::Receipt, hub.as_bytes()))
    }

    /// Returns a key that signs a hub's log (Ed25519, RFC 8032): the first one has the number 1, and each that follows it the next.
    #[must_use]
    pub fn log_key(&self, hub: &str, number: u32) -> Zeroizing<[u8; 32]> {
        let scope = [number.to_be_bytes().as_slice(), hub.as_bytes()].concat();
        derive(&self.0.root, KeyUse::Log, &scope)
    }

    /// Returns the keyed hash that chooses which groups and rows of a member are kept when contributions
    /// are bounded. Nobody without the key can arrange values so that a chosen row is kept.
    #[must_use]
    pub fn sampler(&self) -> Sampler {
        Sampler::new(&derive(&self.0.root, KeyUse::Sampling, &[]))
    }

    /// Returns the hasher that names releases.
    #[must_use]
    pub fn query_key_hasher(&self) -> QueryKeyHasher {
        QueryKeyHasher::new(&derive(&self.0.root, KeyUse::QueryKey, &[]))
    }

    /// Returns the hasher that names deliveries.
    #[must_use]
    pub fn delivery_hasher(&self) -> DeliveryHasher {
        DeliveryHasher::new(&derive(&self.0.root, KeyUse::Delivery, &[]))
    }

    /// Returns 32 hexadecimal digits by which two places can tell that they use one root key. They say nothing else
    /// about it.
    #[must_use]
    pub fn key_check(&self) -> String {
        let mut digits = hex::encode(derive(&self.0.root, KeyUse::Check, &[]).as_slice());
        digits.truncate(32);
        digits
    }

    fn tokenizer_for(&self, key_use: KeyUse, scope: &str) -> Tokenizer {
        Tokenizer::new(&derive(&self.0.root, key_use, scope.as_bytes()))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

#[cfg(test)]
mod tests;
