//! The keys that sign a log and those that are trusted to (c2sp.org/signed-note).
//!
//! The verifier is not the one of `signed_note`: that one knows only keys of type 0x01, takes ids in
//! capitals, which the format has not, and checks leniently. Here keys of small order are refused and
//! signatures are checked strictly, so that all verifiers agree about them.

mod origin;

pub use origin::Origin;

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::LogError;
use crate::cosignature::check_cosignature;

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Checkpoints of its own log: Ed25519, type 0x01.
    Log,
    /// Checkpoints of others that it has seen, with the time: type 0x04 (c2sp.org/tlog-cosignature).
    Witness,
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Witness => 0x04,
        }
    }
}

/// A key that signatures are checked with. Its text is a verifier key: `name+id+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: Origin,
    id: u32,
    kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    pub(crate) fn new(name: Origin, kind: KeyKind, key: VerifyingKey) -> Self {
        let id = signed_note::key_id(name.as_str(), &typed_key(kind, &key));
        Self { name, id, kind, key }
    }

    /// Returns the name: that of the log, or of the witness.
    #[must_use]
    pub const fn name(&self) -> &Origin {
        &self.name
    }

    /// Returns the id, which with the name tells which key has signed.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Returns what the key signs.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Tells whether two keys are one, whatever their names.
    pub(crate) fn same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// Tells whether a signature line bears the name and the id of this key.
    pub(crate) fn signs(&self, line: &signed_note::Signature) -> bool {
        self.name.as_str() == line.name() && self.id == line.id()
    }

    /// Tells whether 64 bytes are the signature of a message.
    pub(crate) fn verify_strictly(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        self.key.verify_strict(message, &signature).is_ok()
    }
}

impl signed_note::Verifier for VerifierKey {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        match self.kind {
            KeyKind::Log => self.verify_strictly(text, signature),
            KeyKind::Witness => check_cosignature(self, text, signature),
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64_STANDARD.encode(typed_key(self.kind, &self.key));
        write!(f, "{}+{:08x}+{key}", self.name, self.id)
    }
}

impl FromStr for VerifierKey {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(LogError::Key("not `name+id+key`"));
        };
        let name = Origin::new(name)?;
        let bytes = BASE64_STANDARD.decode(key).map_err(|_| LogError::Key("not base64"))?;
        let (kind, key) = bytes.split_first().ok_or(LogError::Key("empty"))?;
        let kind = [KeyKind::Log, KeyKind::Witness]
            .into_iter()
            .find(|known| known.byte() == *kind)
            .ok_or(LogError::Key("of a type that is not known here"))?;
        let key = key
            .try_into()
            .ok()
            .and_then(|key| VerifyingKey::from_bytes(key).ok())
            .filter(|key| !key.is_weak())
            .ok_or(LogError::Key("not an Ed25519 key"))?;
        let parsed = Self::new(name, kind, key);
        if parsed.to_string() == text {
            Ok(parsed)
        } else {
            Err(LogError::Key("the id is not that of the key"))
        }
    }
}

/// A key that signs the checkpoints of a log. It is wiped when dropped.
#[derive(Clone)]
pub struct LogSigner {
    key: SigningKey,
    verifier: VerifierKey,
}

impl LogSigner {
    /// Makes the signer of a log from the 32 secret bytes of an Ed25519 key.
    #[must_use]
    pub fn from_seed(origin: &Origin, seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(origin.clone(), KeyKind::Log, key.verifying_key());
        Self { key, verifier }
    }

    /// Returns the key that its signatures are checked with. Its text is what auditors are given.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }
}

impl signed_note::Signer for LogSigner {
    fn name(&self) -> &str {
        self.verifier.name.as_str()
    }

    fn key_id(&self) -> u32 {
        self.verifier.id
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, ed25519_dalek::SignatureError> {
        Ok(self.key.try_sign(text)?.to_vec())
    }
}

/// PRIVACY: shows the verifier key only.
impl fmt::Debug for LogSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogSigner").field(&self.verifier.to_string()).finish()
    }
}

/// Returns the type byte and the key, as ids and verifier keys have them.
fn typed_key(kind: KeyKind, key: &VerifyingKey) -> Vec<u8> {
    std::iter::once(kind.byte()).chain(key.to_bytes()).collect()
}

#[cfg(test)]
mod tests;
