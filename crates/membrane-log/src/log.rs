//! Publishes a log.
//!
//! A worked example. Ada's hub has a log of 255 entries and appends three. It
//!
//! 1. computes the tree of 258 entries and signs its checkpoint, in memory;
//! 2. replaces `pending` by the three entries and that checkpoint, if `pending` is still what it has read.
//!    This commits: from here on the tree of 258 entries is the log, whatever happens;
//! 3. writes the bundles `tile/entries/000` and `tile/entries/001.p/2`, then the tiles `tile/0/000`,
//!    `tile/0/001.p/2` and `tile/1/000.p/1`;
//! 4. replaces `checkpoint`. Readers see the new tree, and all of it is there.
//!
//! If it dies before step 2 nothing has happened. If it dies after, whoever opens the log next repeats
//! steps 3 and 4 from `pending`, with the same bytes. If Ben's hub appends at the same time, one of the two
//! finds another `pending` in step 2 and gets [`LogError::Conflict`], having written nothing.
//!
//! INVARIANT: a tile or bundle is written only from what was committed. So objects beyond the committed
//! checkpoint are never left by a crash; they tell that the checkpoint was set back, by a backup for
//! example. Then only the same entries are taken again: others would contradict what was signed
//! ([`LogError::Contradicted`]).

mod ahead;
mod commit;
mod identity;
mod prune;
mod recovery;
mod restore;

pub use commit::{Carriage, Carried};
pub use identity::Identity;
pub use prune::prune;
pub use restore::{committed_head, forget_commit, restore_checkpoint};

use signed_note::{Note, Signer};

use crate::hash::EMPTY_ROOT;
pub use crate::pending::PENDING;
use crate::{Checkpoint, LogError, Objects, ObjectsError, SignedCheckpoint, TreeHead, Trust};
use recovery::{State, load};

/// Where the signed head of a log lies.
pub const CHECKPOINT: &str = "checkpoint";

/// How much is appended at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries.
    pub group_entries_max: usize,
    /// Their bytes.
    pub group_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { group_entries_max: 16_384, group_bytes_max: 64 << 20 }
    }
}

/// A log that can be appended to.
#[derive(Debug)]
pub struct Log<O> {
    objects: O,
    identity: Identity,
    limits: Limits,
    state: State,
    /// Whether `state` may be behind what is stored.
    stale: bool,
}

/// What an append has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The index of the first entry of the group; the others follow.
    pub first: u64,
    /// The tree that the group is in.
    pub head: TreeHead,
}

impl<O: Objects> Log<O> {
    /// Starts a new log, of no entries, where nothing is.
    ///
    /// # Errors
    ///
    /// [`LogError::NotEmpty`]; [`LogError::Conflict`] when another process starts it at the same time.
    pub async fn create(objects: O, identity: Identity) -> Result<Self, LogError> {
        for path in [CHECKPOINT, PENDING] {
            if objects.get(path).await?.is_some() {
                return Err(LogError::NotEmpty { path: path.to_owned() });
            }
        }
        if let Some(path) = objects.list("tile").await?.into_iter().next() {
            return Err(LogError::NotEmpty { path });
        }
        let head = TreeHead { size: 0, root: EMPTY_ROOT };
        let bytes = sign_head(&identity, head)?;
        objects.compare_and_put(CHECKPOINT, None, bytes).await.map_err(conflict)?;
        Self::open(objects, identity).await
    }

    /// Opens a log, and carries out a commit that was not carried out.
    ///
    /// # Errors
    ///
    /// [`LogError::NoCheckpoint`]. What [`Trust::open_unwitnessed`] says of the stored checkpoint.
    /// [`LogError::Missing`], [`LogError::Malformed`] and [`LogError::Fork`] when the right edge of the
    /// stored tree is not what was signed; [`LogError::MalformedText`] when the commit is damaged.
    pub async fn open(objects: O, identity: Identity) -> Result<Self, LogError> {
        let state = load(&objects, identity.trust()).await?;
        Ok(Self { objects, identity, limits: Limits::default(), state, stale: false })
    }

    /// Opens a log, or starts it where nothing is.
    ///
    /// # Errors
    ///
    /// Those of [`Log::open`] and [`Log::create`]: a log without its checkpoint is not started anew.
    pub async fn open_or_create(objects: O, identity: Identity) -> Result<Self, LogError> {
        match objects.get(CHECKPOINT).await? {
            Some(_) => Self::open(objects, identity).await,
            None => Self::create(objects, identity).await,
        }
    }

    /// Sets other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Reads the log again, after [`LogError::Conflict`], [`LogError::Stale`] or a failure of the store.
    /// The size then tells whether what was being appended is in.
    ///
    /// # Errors
    ///
    /// Those of [`Log::open`].
    pub async fn reload(&mut self) -> Result<(), LogError> {
        self.stale = true;
        self.state = load(&self.objects, self.identity.trust()).await?;
        self.stale = false;
        Ok(())
    }

    /// Returns the size and the root of what is published.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.state.checkpoint.head()
    }

    /// Returns the signed checkpoint as it is published.
    #[must_use]
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.state.checkpoint
    }

    /// Returns where the log lies.
    #[must_use]
    pub const fn objects(&self) -> &O {
        &self.objects
    }

    /// Commits a group of entries, and publishes the tree with them and with all that was committed before. Of no entries it does nothing.
    ///
    /// # Errors
    ///
    /// Before anything is written: [`LogError::Stale`], [`LogError::EntryTooLong`],
    /// [`LogError::GroupTooLarge`], [`LogError::TooLarge`], [`LogError::Contradicted`],
    /// [`LogError::Conflict`]. After [`LogError::Objects`] the group may be in or not: [`Log::reload`] tells.
    /// With [`LogError::Unpublished`] it is in.
    pub async fn append(&mut self, entries: Vec<Vec<u8>>) -> Result<Appended, LogError> {
        if entries.is_empty() {
            return self.commit(entries).await;
        }
        let appended = self.commit(entries).await?;
        self.carry_out().await?;
        Ok(appended)
    }

    /// Signs the published checkpoint again, with the keys of today and without new entries: when a key
    /// was added. Cosignatures stay.
    ///
    /// # Errors
    ///
    /// [`LogError::Stale`], [`LogError::Conflict`], [`LogError::Objects`].
    pub async fn sign_again(&mut self) -> Result<&SignedCheckpoint, LogError> {
        let signed = self.signed_again()?;
        self.replace_checkpoint(signed).await
    }

    // Signers are not shared between threads, so that none is held while something is waited for.
    fn signed_again(&self) -> Result<SignedCheckpoint, LogError> {
        let note = Note::from_bytes(self.state.checkpoint.as_bytes());
        let mut note = note.map_err(|_| LogError::MalformedCheckpoint)?;
        let signers = self.identity.signers();
        let signers: Vec<&dyn Signer> = signers.iter().map(|signer| signer as &dyn Signer).collect();
        note.add_sigs(&signers).map_err(|_| LogError::MalformedCheckpoint)?;
        self.identity.trust().open_unwitnessed(&note.to_bytes())
    }

    /// Adds the lines that a witness has answered to the published checkpoint. `trust` is what readers
    /// are given; it knows the witnesses.
    ///
    /// # Errors
    ///
    /// Those of [`Trust::add_cosignatures`]; [`LogError::Stale`]; [`LogError::Conflict`] when another tree
    /// has been published since.
    pub async fn publish_cosignatures(
        &mut self,
        trust: &Trust,
        lines: &str,
    ) -> Result<&SignedCheckpoint, LogError> {
        let signed = trust.add_cosignatures(&self.state.checkpoint, lines)?;
        self.replace_checkpoint(signed).await
    }

    async fn replace_checkpoint(&mut self, signed: SignedCheckpoint) -> Result<&SignedCheckpoint, LogError> {
        if self.stale {
            return Err(LogError::Stale);
        }
        let expected = self.state.checkpoint.as_bytes();
        self.stale = true;
        let put = self.objects.compare_and_put(CHECKPOINT, Some(expected), signed.as_bytes().to_vec());
        put.await.map_err(conflict)?;
        self.stale = false;
        self.state.checkpoint = signed;
        Ok(&self.state.checkpoint)
    }

    fn check_group(&self, entries: &[Vec<u8>]) -> Result<(), LogError> {
        if self.stale {
            return Err(LogError::Stale);
        }
        let bytes = entries.iter().map(Vec::len).sum();
        let Limits { group_entries_max, group_bytes_max } = self.limits;
        if entries.len() > group_entries_max || bytes > group_bytes_max {
            return Err(LogError::GroupTooLarge { entries: entries.len(), bytes });
        }
        Ok(())
    }
}

fn sign_head(identity: &Identity, head: TreeHead) -> Result<Vec<u8>, LogError> {
    let origin = identity.origin().to_string();
    Checkpoint { origin, head, extensions: Vec::new() }.sign(identity.signers())
}

/// Gives the error of a guarded put its meaning here.
fn conflict(error: ObjectsError) -> LogError {
    match error {
        ObjectsError::Conflict { .. } => LogError::Conflict,
        error => error.into(),
    }
}

#[cfg(test)]
mod tests;
