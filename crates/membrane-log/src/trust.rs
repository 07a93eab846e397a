//! Whom a reader of a log trusts: keys of the log, and witnesses.

use signed_note::{Note, NoteError, Signature, Signer, VerificationError, Verifier, Verifiers};

use crate::cosignature::{Cosignature, split_cosignature};
use crate::{Checkpoint, KeyKind, LogError, Origin, SignedCheckpoint, VerifierKey};

/// Characters of another log's origin that an error repeats.
const ORIGIN_SHOWN_MAX: usize = 100;

/// The keys that are trusted to sign checkpoints of one log, and the witnesses that should have seen them.
///
/// While a key is replaced, both the old and the new one are trusted; one signature is enough.
#[derive(Debug, Clone)]
pub struct Trust {
    origin: Origin,
    keys: Vec<VerifierKey>,
    witnesses: Vec<VerifierKey>,
    witnesses_min: usize,
}

impl Trust {
    /// Trusts keys of a log. Their name is its origin.
    ///
    /// # Errors
    ///
    /// [`LogError::Keys`] when there is none, they differ in name, or one is the key of a witness.
    pub fn new(keys: Vec<VerifierKey>) -> Result<Self, LogError> {
        let first = keys.first().ok_or(LogError::Keys("none is given"))?;
        let origin = first.name().clone();
        let mut known: Vec<VerifierKey> = Vec::new();
        for key in keys {
            if *key.name() != origin {
                return Err(LogError::Keys("they are of different logs"));
            }
            admit(key, KeyKind::Log, &mut known)?;
        }
        Ok(Self { origin, keys: known, witnesses: Vec::new(), witnesses_min: 0 })
    }

    /// Trusts verifier keys that are given as text.
    ///
    /// # Errors
    ///
    /// Those of [`Trust::new`], and [`LogError::Key`], [`LogError::Origin`].
    pub fn from_vkeys(vkeys: &[impl AsRef<str>]) -> Result<Self, LogError> {
        let keys: Result<_, _> = vkeys.iter().map(|vkey| vkey.as_ref().parse()).collect();
        Self::new(keys?)
    }

    /// Wants cosignatures of at least so many of these witnesses.
    ///
    /// # Errors
    ///
    /// [`LogError::Keys`] when more are wanted than known, one is a log's key, or two are the same key
    /// under different names, which would count one witness twice.
    pub fn with_witnesses(
        mut self,
        witnesses: Vec<VerifierKey>,
        witnesses_min: usize,
    ) -> Result<Self, LogError> {
        let mut known: Vec<VerifierKey> = Vec::new();
        for witness in witnesses {
            let double = known.iter().any(|other| other.same_key(&witness) && other.name() != witness.name());
            if double {
                return Err(LogError::Keys("two witnesses have the same key"));
            }
            admit(witness, KeyKind::Witness, &mut known)?;
        }
        if witnesses_min > known.len() {
            return Err(LogError::Keys("more witnesses are wanted than known"));
        }
        self.witnesses = known;
        self.witnesses_min = witnesses_min;
        Ok(self)
    }

    /// Returns the log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the witnesses that are known.
    #[must_use]
    pub fn witnesses(&self) -> &[VerifierKey] {
        &self.witnesses
    }

    /// Returns of how many of them a cosignature is wanted.
    #[must_use]
    pub const fn witnesses_min(&self) -> usize {
        self.witnesses_min
    }

    /// Checks a signed checkpoint: a trusted key of the log has signed, no signature of a known key is
    /// bad, and enough witnesses have cosigned.
    ///
    /// # Errors
    ///
    /// [`LogError::MalformedCheckpoint`], [`LogError::TooLarge`], [`LogError::WrongOrigin`],
    /// [`LogError::BadSignature`], [`LogError::Untrusted`], [`LogError::TooFewWitnesses`].
    pub fn open(&self, note: &[u8]) -> Result<SignedCheckpoint, LogError> {
        let signed = self.open_unwitnessed(note)?;
        let (have, need) = (self.count_witnesses(&signed), self.witnesses_min);
        if have < need { Err(LogError::TooFewWitnesses { have, need }) } else { Ok(signed) }
    }

    /// Checks a signed checkpoint as [`Trust::open`] does, whoever has cosigned: before witnesses were
    /// asked.
    ///
    /// # Errors
    ///
    /// Those of [`Trust::open`] without the last.
    pub fn open_unwitnessed(&self, note: &[u8]) -> Result<SignedCheckpoint, LogError> {
        let parsed = Note::from_bytes(note).map_err(|_| LogError::MalformedCheckpoint)?;
        let checkpoint = Checkpoint::parse(parsed.text())?;
        if checkpoint.origin != self.origin.as_str() {
            let found = checkpoint.origin.chars().take(ORIGIN_SHOWN_MAX).collect();
            return Err(LogError::WrongOrigin { expected: self.origin.to_string(), found });
        }
        let (verified, _) = parsed.verify(self).map_err(note_error)?;
        let signed_by: Vec<String> = self
            .keys
            .iter()
            .filter(|key| verified.iter().any(|line| key.signs(line)))
            .map(ToString::to_string)
            .collect();
        if signed_by.is_empty() {
            return Err(LogError::Untrusted);
        }
        let cosignatures = verified.iter().filter_map(|line| self.cosignature(line)).collect();
        Ok(SignedCheckpoint { checkpoint, signed_by, cosignatures, bytes: note.to_vec() })
    }

    /// Adds the signature lines that a witness has answered to a checkpoint. Lines of unknown keys are
    /// left out, as c2sp.org/tlog-witness demands; a newer cosignature takes the place of an older one.
    ///
    /// # Errors
    ///
    /// [`LogError::MalformedText`] for what is no signature line, [`LogError::BadSignature`].
    pub fn add_cosignatures(
        &self,
        signed: &SignedCheckpoint,
        lines: &str,
    ) -> Result<SignedCheckpoint, LogError> {
        let mut note = Note::from_bytes(&signed.bytes).map_err(|_| LogError::MalformedCheckpoint)?;
        for line in lines.lines() {
            let line = Signature::from_bytes(line.as_bytes())
                .map_err(|_| LogError::MalformedText { what: "signature line", reason: "not one" })?;
            let Some(witness) = self.witnesses.iter().find(|witness| witness.signs(&line)) else { continue };
            if !Verifier::verify(witness, note.text(), line.signature()) {
                return Err(LogError::BadSignature { key: key_name(line.name(), line.id()) });
            }
            note.add_sigs(&[&Made(line)]).map_err(note_error)?;
        }
        self.open_unwitnessed(&note.to_bytes())
    }

    fn cosignature(&self, line: &Signature) -> Option<Cosignature> {
        let witness = self.witnesses.iter().find(|witness| witness.signs(line))?;
        let (timestamp_s, _) = split_cosignature(line.signature())?;
        Some(Cosignature { witness: witness.name().clone(), key_id: witness.id(), timestamp_s })
    }

    /// Counts the witnesses that have cosigned: by name, as one may have an old and a new key.
    pub(crate) fn count_witnesses(&self, signed: &SignedCheckpoint) -> usize {
        let mut names: Vec<&Origin> = Vec::new();
        for cosignature in &signed.cosignatures {
            if !names.contains(&&cosignature.witness) {
                names.push(&cosignature.witness);
            }
        }
        names.len()
    }
}

impl Verifiers for Trust {
    fn verifier(&self, name: &str, id: u32) -> Result<&dyn Verifier, VerificationError> {
        let known = self.keys.iter().chain(&self.witnesses);
        let found = known.into_iter().find(|key| key.name().as_str() == name && key.id() == id);
        let unknown = || VerificationError::UnknownKey { name: name.to_owned(), id };
        found.map(|key| key as &dyn Verifier).ok_or_else(unknown)
    }
}

/// A signature that is there already, in the place of one who could make it.
struct Made(Signature);

impl Signer for Made {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn key_id(&self) -> u32 {
        self.0.id()
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, ed25519_dalek::SignatureError> {
        Ok(self.0.signature().to_vec())
    }
}

/// Takes a key up among others, unless it is there already.
fn admit(key: VerifierKey, kind: KeyKind, known: &mut Vec<VerifierKey>) -> Result<(), LogError> {
    if key.kind() != kind {
        return Err(LogError::Keys("one is of the wrong kind"));
    }
    match known.iter().find(|other| other.name() == key.name() && other.id() == key.id()) {
        Some(other) if !other.same_key(&key) => Err(LogError::Keys("two have the same id")),
        Some(_) => Ok(()),
        None => {
            known.push(key);
            Ok(())
        }
    }
}

fn note_error(error: NoteError) -> LogError {
    match error {
        NoteError::InvalidSignature { name, id } => LogError::BadSignature { key: key_name(&name, id) },
        NoteError::UnverifiedNote => LogError::Untrusted,
        _ => LogError::MalformedCheckpoint,
    }
}

fn key_name(name: &str, id: u32) -> String {
    format!("{name}+{id:08x}")
}

#[cfg(test)]
mod tests;
