//! Puts the checkpoint of a log right, for whoever has the entries and knows which tree was signed.

use crate::log::{CHECKPOINT, Identity, sign_head};
use crate::pending::{PENDING, Pending};
use crate::{LogError, Objects, TreeHead, Trust};

/// Returns the head of what was committed last; none where nothing was.
///
/// # Errors
///
/// [`LogError::MalformedText`], or what [`Trust::open`] says of its checkpoint, when it is damaged; [`LogError::Objects`].
pub async fn committed_head(objects: &impl Objects, trust: &Trust) -> Result<Option<TreeHead>, LogError> {
    let Some(pending) = objects.get(PENDING).await? else { return Ok(None) };
    let checkpoint = Pending::parse(&pending)?.checkpoint;
    Ok(Some(trust.open_unwitnessed(&checkpoint)?.head()))
}

/// Signs a head again that was signed before, and publishes it in the place of what lies there. All of its tree has to be there, and every tree that was
/// signed has to be one that it begins with.
///
/// # Errors
///
/// [`LogError::Objects`].
pub async fn restore_checkpoint(
    objects: &impl Objects,
    identity: &Identity,
    head: TreeHead,
) -> Result<(), LogError> {
    Ok(objects.put(CHECKPOINT, sign_head(identity, head)?).await?)
}

/// Takes a commit away that is damaged, once the checkpoint is right: who has the entries commits them again.
///
/// # Errors
///
/// [`LogError::Objects`].
pub async fn forget_commit(objects: &impl Objects) -> Result<(), LogError> {
    Ok(objects.delete(PENDING).await?)
}

#[cfg(test)]
mod tests;
