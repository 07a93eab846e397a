//! Reads the state of a log, and carries out what was committed.

use crate::growth::{Object, RightEdge};
use crate::join::{WAVE, join_all};
use crate::log::commit::Committed;
use crate::log::{CHECKPOINT, ahead};
use crate::pending::{PENDING, Pending};
use crate::proof::check_known;
use crate::{LogError, Objects, ObjectsError, SignedCheckpoint, Trust};

/// How often a log is read that other processes write to meanwhile.
const TRIES: usize = 16;

/// What a publisher knows of its log.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) edge: RightEdge,
    /// What is published.
    pub(super) checkpoint: SignedCheckpoint,
    /// The last commit, as it is stored.
    pub(super) pending: Option<Vec<u8>>,
    /// What of it is not published, as far as is known.
    pub(super) committed: Option<Committed>,
    /// Whether there are bundles beyond the tree.
    pub(super) ahead: bool,
}

/// Reads the state of a log.
pub(super) async fn load(objects: &impl Objects, trust: &Trust) -> Result<State, LogError> {
    for _ in 0..TRIES {
        let checkpoint = read_checkpoint(objects, trust).await?;
        let pending = objects.get(PENDING).await?;
        let edge = RightEdge::read(objects, checkpoint.head()).await?;
        let carried = carry_out(objects, trust, checkpoint, &edge, pending.as_deref()).await?;
        if let Some((checkpoint, edge)) = carried {
            let ahead = ahead::is_ahead(objects, edge.size()).await?;
            return Ok(State { edge, checkpoint, pending, committed: None, ahead });
        }
    }
    Err(LogError::Conflict)
}

/// Carries out a commit, if it is not carried out. Returns what is published then; none when another process
/// has published another tree meanwhile.
async fn carry_out(
    objects: &impl Objects,
    trust: &Trust,
    checkpoint: SignedCheckpoint,
    edge: &RightEdge,
    pending: Option<&[u8]>,
) -> Result<Option<(SignedCheckpoint, RightEdge)>, LogError> {
    let Some(pending) = pending else { return Ok(Some((checkpoint, edge.clone()))) };
    let pending = Pending::parse(pending)?;
    let promised = trust.open_unwitnessed(&pending.checkpoint)?;
    if promised.head() == checkpoint.head() {
        return Ok(Some((checkpoint, edge.clone())));
    }
    if promised.head().size < checkpoint.head().size {
        // An older one than the tree that is published, as in a copy that was made object by object: it was carried out, or is of another log.
        check_known(objects, checkpoint.head(), promised.head()).await?;
        return Ok(Some((checkpoint, edge.clone())));
    }
    // Some of it may have been published already, while more was committed.
    let done = edge.size().checked_sub(pending.old_size).and_then(|done| usize::try_from(done).ok());
    let rest = done.and_then(|done| pending.entries.get(done..)).filter(|rest| !rest.is_empty());
    let Some(rest) = rest else {
        let now = read_checkpoint(objects, trust).await?;
        let size = checkpoint.head().size;
        // No process publishes a tree that is not the one before the commit, or the committed one.
        if now != checkpoint {
            return Ok(None);
        }
        let committed = pending.old_size;
        return Err(if committed > size {
            LogError::SetBack { size, committed }
        } else {
            LogError::Fork { size }
        });
    };
    let (grown, new) = edge.grow(rest)?;
    let head = promised.head();
    if grown.edge().head() != head {
        return Err(LogError::Fork { size: head.size });
    }
    write_objects(objects, new).await?;
    let published = publish(objects, trust, &checkpoint, promised).await?;
    if published.head() != head {
        return Ok(None);
    }
    Ok(Some((published, grown)))
}

/// Writes the bundles and tiles of a commit, bundles first, some at a time. What lies there with other bytes
/// is damage, as only commits are written: the bytes that the signed root follows from take its place.
pub(super) async fn write_objects(objects: &impl Objects, new: Vec<Object>) -> Result<(), LogError> {
    for wave in new.chunks(WAVE) {
        for written in join_all(wave.iter().map(|object| write_object(objects, object))).await {
            written?;
        }
    }
    Ok(())
}

async fn write_object(objects: &impl Objects, object: &Object) -> Result<(), ObjectsError> {
    let path = object.tile.path();
    match objects.put_new(&path, object.bytes.clone()).await {
        Err(ObjectsError::Exists { .. }) => objects.put(&path, object.bytes.clone()).await,
        written => written,
    }
}

/// Replaces the published checkpoint, unless it is of a later tree by now. Returns what is published.
pub(super) async fn publish(
    objects: &impl Objects,
    trust: &Trust,
    before: &SignedCheckpoint,
    promised: SignedCheckpoint,
) -> Result<SignedCheckpoint, LogError> {
    let mut expected = before.as_bytes().to_vec();
    let head = promised.head();
    for _ in 0..TRIES {
        match objects.compare_and_put(CHECKPOINT, Some(&expected), promised.as_bytes().to_vec()).await {
            Ok(()) => return Ok(promised),
            Err(ObjectsError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        // Another process has carried this commit out, or has added cosignatures to the tree before.
        let now = read_checkpoint(objects, trust).await?;
        if now.head().size == head.size && now.head() != head {
            return Err(LogError::Fork { size: head.size });
        }
        if now.head().size >= head.size {
            return Ok(now);
        }
        expected = now.as_bytes().to_vec();
    }
    Err(LogError::Conflict)
}

async fn read_checkpoint(objects: &impl Objects, trust: &Trust) -> Result<SignedCheckpoint, LogError> {
    let bytes = objects.get(CHECKPOINT).await?.ok_or(LogError::NoCheckpoint)?;
    trust.open_unwitnessed(&bytes)
}

#[cfg(test)]
mod tests;
