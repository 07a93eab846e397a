//! A proof that can be checked offline: a checkpoint and the way from an entry to its root
//! (c2sp.org/tlog-proof).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::lines::{Text, write_hashes};
use crate::proof::{check_inclusion, prove_inclusion};
use crate::{Hash, LogError, Objects, SignedCheckpoint, Trust};

/// The ending of the names of files that hold a proof.
pub const PROOF_FILE_ENDING: &str = ".tlog-proof";

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
const PROOF: Text = Text("tlog-proof");

/// A proof that an entry was logged, as it is stored and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    /// What the application wants to go along. Nothing vouches for it.
    pub extra: Option<Vec<u8>>,
    /// The index of the entry.
    pub index: u64,
    /// The hashes from the entry's sibling up to the root's child.
    pub inclusion: Vec<Hash>,
    /// The signed checkpoint, with cosignatures if there are any.
    pub checkpoint: Vec<u8>,
}

impl ProofFile {
    /// Makes the proof of an entry.
    ///
    /// # Errors
    ///
    /// Those of [`prove_inclusion`].
    pub async fn make(
        objects: &impl Objects,
        signed: &SignedCheckpoint,
        index: u64,
    ) -> Result<Self, LogError> {
        let inclusion = prove_inclusion(objects, signed.head(), index).await?;
        Ok(Self { extra: None, index, inclusion, checkpoint: signed.as_bytes().to_vec() })
    }

    /// Returns the bytes of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut text = format!("{FIRST_LINE}\n");
        if let Some(extra) = self.extra.as_ref().filter(|extra| !extra.is_empty()) {
            text.push_str(&format!("extra {}\n", BASE64_STANDARD.encode(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        write_hashes(&self.inclusion, &mut text);
        let mut file = text.into_bytes();
        file.extend_from_slice(&self.checkpoint);
        file
    }

    /// Reads the bytes of a file. Nothing is checked yet: that is [`ProofFile::verify`].
    ///
    /// # Errors
    ///
    /// [`LogError::MalformedText`].
    pub fn parse(file: &[u8]) -> Result<Self, LogError> {
        let text = str::from_utf8(file).map_err(|_| PROOF.malformed("not text"))?;
        let (first, rest) = PROOF.split_line(text)?;
        if first != FIRST_LINE {
            return Err(PROOF.malformed("not the first line of a proof"));
        }
        let (line, behind) = PROOF.split_line(rest)?;
        let (extra, rest) = match line.strip_prefix("extra ") {
            Some(extra) => (Some(parse_extra(extra)?), behind),
            None => (None, rest),
        };
        let (line, rest) = PROOF.split_line(rest)?;
        let index = line.strip_prefix("index ").ok_or(PROOF.malformed("no index"))?;
        let index = PROOF.number(index)?;
        let (inclusion, checkpoint) = PROOF.split_hashes(rest)?;
        Ok(Self { extra, index, inclusion, checkpoint: checkpoint.as_bytes().to_vec() })
    }

    /// Checks that the entry is in a tree that a trusted key has signed, and enough witnesses have seen.
    /// Returns the checkpoint.
    ///
    /// # Errors
    ///
    /// Those of [`Trust::open`] and [`check_inclusion`].
    pub fn verify(&self, trust: &Trust, entry: &[u8]) -> Result<SignedCheckpoint, LogError> {
        let signed = trust.open(&self.checkpoint)?;
        check_inclusion(&self.inclusion, signed.head(), self.index, Hash::of_entry(entry))?;
        Ok(signed)
    }
}

fn parse_extra(text: &str) -> Result<Vec<u8>, LogError> {
    let extra = BASE64_STANDARD.decode(text).map_err(|_| PROOF.malformed("extra data is not base64"))?;
    // Without data the line has to be left out.
    if extra.is_empty() { Err(PROOF.malformed("extra data is empty")) } else { Ok(extra) }
}

#[cfg(test)]
mod tests;
