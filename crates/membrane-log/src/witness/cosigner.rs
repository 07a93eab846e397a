//! A witness: it cosigns a checkpoint of a tree only where that begins with the tree that it has cosigned
//! before. What it has cosigned is in memory, so it is for tests, and for who keeps that elsewhere.

use ed25519_dalek::{Signer as _, SigningKey};
use signed_note::{Note, Signature};

use super::{AddCheckpoint, AddCheckpointAnswer};
use crate::cosignature::cosigned_message;
use crate::hash::EMPTY_ROOT;
use crate::{KeyKind, LogError, Origin, TreeHead, Trust, VerifierKey, check_consistency};

/// A witness of one log.
pub struct Cosigner {
    key: SigningKey,
    verifier: VerifierKey,
    trust: Trust,
    latest: TreeHead,
}

/// PRIVACY: shows the verifier key only.
impl std::fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cosigner").field(&self.verifier.to_string()).finish()
    }
}

impl Cosigner {
    /// Makes a witness of a name from the 32 secret bytes of an Ed25519 key, for the log that is trusted.
    #[must_use]
    pub fn new(name: &Origin, seed: &[u8; 32], trust: Trust) -> Self {
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name.clone(), KeyKind::Witness, key.verifying_key());
        Self { key, verifier, trust, latest: TreeHead { size: 0, root: EMPTY_ROOT } }
    }

    /// Returns the key that its cosignatures are checked with.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Returns the head of the tree that it has cosigned last.
    #[must_use]
    pub const fn latest(&self) -> TreeHead {
        self.latest
    }

    /// Answers a request, at a time in seconds since 1970.
    pub fn add_checkpoint(&mut self, body: &[u8], timestamp_s: u64) -> AddCheckpointAnswer {
        let Ok(request) = AddCheckpoint::parse(body) else { return AddCheckpointAnswer::BadRequest };
        let signed = match self.trust.open_unwitnessed(&request.checkpoint) {
            Ok(signed) => signed,
            Err(LogError::WrongOrigin { .. }) => return AddCheckpointAnswer::UnknownOrigin,
            Err(LogError::Untrusted | LogError::BadSignature { .. }) => {
                return AddCheckpointAnswer::Forbidden;
            }
            Err(_) => return AddCheckpointAnswer::BadRequest,
        };
        let head = signed.head();
        if request.old_size > head.size {
            return AddCheckpointAnswer::BadRequest;
        }
        let conflicts = request.old_size == head.size && head != self.latest;
        if request.old_size != self.latest.size || conflicts {
            return AddCheckpointAnswer::OldSize { size: self.latest.size };
        }
        if check_consistency(&request.proof, self.latest, head).is_err() {
            return AddCheckpointAnswer::Inconsistent;
        }
        match self.cosign(&request.checkpoint, timestamp_s) {
            Ok(lines) => {
                self.latest = head;
                AddCheckpointAnswer::Cosigned { lines }
            }
            Err(_) => AddCheckpointAnswer::Other { status: 500 },
        }
    }

    fn cosign(&self, note: &[u8], timestamp_s: u64) -> Result<String, LogError> {
        let malformed = || LogError::MalformedCheckpoint;
        let note = Note::from_bytes(note).map_err(|_| malformed())?;
        let signature = self.key.sign(&cosigned_message(timestamp_s, note.text()));
        let mut bytes = timestamp_s.to_be_bytes().to_vec();
        bytes.extend_from_slice(&signature.to_bytes());
        let line = Signature::new(self.verifier.name().to_string(), self.verifier.id(), bytes);
        let line = line.map_err(|_| malformed())?.to_bytes();
        let line = String::from_utf8(line).map_err(|_| malformed())?;
        Ok(if line.ends_with('\n') { line } else { format!("{line}\n") })
    }
}

#[cfg(test)]
mod tests;
