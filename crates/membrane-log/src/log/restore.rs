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
/// signed has to be one that it begins with. A commit that is damaged is taken away: what it had to publish is in the entries.
///
/// # Errors
///
/// [`LogError::Objects`].
pub async fn restore_checkpoint(
    objects: &impl Objects,
    identity: &Identity,
    head: TreeHead,
) -> Result<(), LogError> {
    match committed_head(objects, identity.trust()).await {
        Ok(_) => {}
        Err(LogError::Objects(error)) => return Err(error.into()),
        Err(_) => objects.delete(PENDING).await?,
    }
    Ok(objects.put(CHECKPOINT, sign_head(identity, head)?).await?)
}

#[cfg(test)]
mod tests;
