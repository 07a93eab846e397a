//! The newest checkpoint that enough witnesses have cosigned, as an object beside the newest one.
//!
//! Witnesses answer after the network's time, and a log that grows meanwhile has another checkpoint then: so
//! what they have cosigned is kept for itself. A reader who wants witnesses takes it, and checks that the tree
//! of the newest checkpoint begins with its tree.

use crate::log::CHECKPOINT;
use crate::{LogError, Objects, ObjectsError, SignedCheckpoint, Trust};

/// Where the newest checkpoint lies that enough witnesses have cosigned. It is no object of
/// c2sp.org/tlog-tiles, and of the same form as `checkpoint`.
pub const WITNESSED: &str = "witnessed";

/// How often it is tried while other processes replace it.
const TRIES: usize = 16;

/// Puts a checkpoint in the place of the one that witnesses have cosigned before, unless that is of a later
/// tree, or fewer have cosigned than are wanted. Tells whether it did.
///
/// # Errors
///
/// [`LogError::Objects`], [`LogError::Conflict`]; those of [`Trust::open_unwitnessed`].
pub async fn publish_witnessed(
    objects: &impl Objects,
    trust: &Trust,
    signed: &SignedCheckpoint,
) -> Result<bool, LogError> {
    let count = trust.count_witnesses(signed);
    if count == 0 || count < trust.witnesses_min() {
        return Ok(false);
    }
    for _ in 0..TRIES {
        let found = objects.get(WITNESSED).await?;
        if found.as_deref() == Some(signed.as_bytes()) {
            return Ok(false);
        }
        // What is no checkpoint, or not one of this log, is damage, and replaced.
        let before = found.as_deref().and_then(|bytes| trust.open_unwitnessed(bytes).ok());
        if before.is_some_and(|before| before.head().size > signed.head().size) {
            return Ok(false);
        }
        match objects.compare_and_put(WITNESSED, found.as_deref(), signed.as_bytes().to_vec()).await {
            Ok(()) => return Ok(true),
            Err(ObjectsError::Conflict { .. } | ObjectsError::Exists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(LogError::Conflict)
}

/// Reads the newest checkpoint that enough witnesses have cosigned: the newest one of all, if they have.
///
/// # Errors
///
/// Those of [`Trust::open`]; [`LogError::TooFewWitnesses`] when there is none.
pub(crate) async fn read_witnessed(
    objects: &impl Objects,
    trust: &Trust,
    newest: &SignedCheckpoint,
) -> Result<Option<SignedCheckpoint>, LogError> {
    let (have, need) = (trust.count_witnesses(newest), trust.witnesses_min());
    if have >= need.max(1) {
        return Ok(Some(newest.clone()));
    }
    match objects.get(WITNESSED).await? {
        Some(bytes) => trust.open(&bytes).map(Some),
        None if need == 0 => Ok(None),
        None => Err(LogError::TooFewWitnesses { have, need }),
    }
}

impl Trust {
    /// Reads the newest checkpoint of a log that as many witnesses have cosigned as are wanted; none where
    /// none is wanted and there is none.
    ///
    /// # Errors
    ///
    /// [`LogError::NoCheckpoint`], [`LogError::Objects`], and those of [`Trust::open`].
    pub async fn witnessed(&self, objects: &impl Objects) -> Result<Option<SignedCheckpoint>, LogError> {
        let bytes = objects.get(CHECKPOINT).await?.ok_or(LogError::NoCheckpoint)?;
        read_witnessed(objects, self, &self.open_unwitnessed(&bytes)?).await
    }
}

#[cfg(test)]
mod tests;
