//! As whom a log is published.

use crate::{LogError, LogSigner, Origin, Trust, VerifierKey};

/// The keys of a log's publisher.
///
/// To replace a key: add the new one beside the old one, so that checkpoints carry both signatures; give
/// auditors the new verifier key; take the old one out of the signers when they have it.
#[derive(Debug, Clone)]
pub struct Identity {
    signers: Vec<LogSigner>,
    trust: Trust,
}

impl Identity {
    /// Makes an identity. All of `signers` sign each checkpoint. `retired` are keys that sign no longer
    /// but may have signed the checkpoint that is stored.
    ///
    /// # Errors
    ///
    /// [`LogError::Keys`] when there is no signer, or the keys are not all of one log.
    pub fn new(signers: Vec<LogSigner>, retired: Vec<VerifierKey>) -> Result<Self, LogError> {
        if signers.is_empty() {
            return Err(LogError::Keys("no signer is given"));
        }
        let keys = signers.iter().map(|signer| signer.verifier().clone()).chain(retired).collect();
        Ok(Self { signers, trust: Trust::new(keys)? })
    }

    /// Returns the log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        self.trust.origin()
    }

    /// Returns the keys that sign, as auditors are given them.
    pub fn verifiers(&self) -> impl Iterator<Item = &VerifierKey> {
        self.signers.iter().map(LogSigner::verifier)
    }

    pub(crate) fn signers(&self) -> &[LogSigner] {
        &self.signers
    }

    pub(crate) const fn trust(&self) -> &Trust {
        &self.trust
    }
}
