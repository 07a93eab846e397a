//! Checkpoints: the head of the tree in a signed note (c2sp.org/tlog-checkpoint, c2sp.org/signed-note).

use signed_note::{Note, Signer};

use crate::cosignature::Cosignature;
use crate::tile::SIZE_MAX;
use crate::{LogError, LogSigner, TreeHead};

/// The text of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log that the checkpoint is of.
    pub origin: String,
    /// The size and the root of the tree.
    pub head: TreeHead,
    /// Further lines. Nothing here writes or understands any, but they are part of what was signed.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// Reads the text of a checkpoint, without signatures.
    ///
    /// # Errors
    ///
    /// [`LogError::MalformedCheckpoint`], [`LogError::TooLarge`].
    pub fn parse(text: &[u8]) -> Result<Self, LogError> {
        let parsed = tlog_tiles::Checkpoint::from_bytes(text).map_err(|_| LogError::MalformedCheckpoint)?;
        if parsed.size() > SIZE_MAX {
            return Err(LogError::TooLarge { size: parsed.size() });
        }
        Ok(Self {
            origin: parsed.origin().to_owned(),
            head: TreeHead { size: parsed.size(), root: (*parsed.hash()).into() },
            extensions: parsed.extension().lines().map(str::to_owned).collect(),
        })
    }

    /// Returns the text.
    ///
    /// # Errors
    ///
    /// [`LogError::MalformedCheckpoint`] when the origin or an extension line is not a line of text.
    pub fn to_text(&self) -> Result<String, LogError> {
        let lines = std::iter::once(&self.origin).chain(&self.extensions);
        if lines.clone().any(|line| line.is_empty() || line.chars().any(char::is_control)) {
            return Err(LogError::MalformedCheckpoint);
        }
        let TreeHead { size, root } = self.head;
        let mut text = format!("{}\n{size}\n{root}\n", self.origin);
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        Ok(text)
    }

    /// Returns the signed note: the text and a signature of each signer.
    ///
    /// # Errors
    ///
    /// [`LogError::MalformedCheckpoint`] when the text cannot be written.
    pub fn sign(&self, signers: &[LogSigner]) -> Result<Vec<u8>, LogError> {
        let mut note =
            Note::new(self.to_text()?.as_bytes(), &[]).map_err(|_| LogError::MalformedCheckpoint)?;
        let signers: Vec<&dyn Signer> = signers.iter().map(|signer| signer as &dyn Signer).collect();
        note.add_sigs(&signers).map_err(|_| LogError::MalformedCheckpoint)?;
        Ok(note.to_bytes())
    }
}

/// A checkpoint whose signatures were checked. [`crate::Trust`] makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) signed_by: Vec<String>,
    pub(crate) cosignatures: Vec<Cosignature>,
    pub(crate) bytes: Vec<u8>,
}

impl SignedCheckpoint {
    /// Returns the size and the root of the tree.
    #[must_use]
    pub const fn head(&self) -> TreeHead {
        self.checkpoint.head
    }

    /// Returns what was signed.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Returns the trusted keys of the log that have signed, as verifier keys. At least one.
    #[must_use]
    pub fn signed_by(&self) -> &[String] {
        &self.signed_by
    }

    /// Returns the cosignatures of known witnesses.
    #[must_use]
    pub fn cosignatures(&self) -> &[Cosignature] {
        &self.cosignatures
    }

    /// Returns the signed note, signatures of unknown keys included.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests;
