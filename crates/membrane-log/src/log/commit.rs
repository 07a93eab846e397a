//! Commits, and what is committed and not published yet.
//!
//! A worked example. Ada's log has 100 entries, and a signed head of them is published. She commits twenty: `pending` says "from 100, these twenty, and the
//! head of 120". Before that is carried out she commits five more: `pending` says "from 100, these twenty-five, and the head of 125". Whoever opens
//! the log next, after a crash of hers as well, finds 100 entries published or 120, and carries out the rest.

use crate::growth::{Object, RightEdge};
use crate::log::recovery::{publish, write_objects};
use crate::log::{Appended, Log, ahead, conflict, sign_head};
use crate::pending::{PENDING, Pending};
use crate::{Edge, LogError, Objects, SignedCheckpoint, TreeHead, Trust};

/// What is committed and not known to be published.
#[derive(Debug, Clone)]
pub(super) struct Committed {
    /// The tree with it.
    edge: RightEdge,
    /// Its signed checkpoint.
    promised: SignedCheckpoint,
    /// The entries since what is published.
    entries: Vec<Vec<u8>>,
    /// What is to be written, where that is known: of one group on top of what is published.
    new: Option<Vec<Object>>,
}

/// What is to be written so that a commit is published. It can be done while more is committed.
#[derive(Debug)]
pub struct Carriage {
    trust: Trust,
    before: SignedCheckpoint,
    promised: SignedCheckpoint,
    edge: RightEdge,
    entries: usize,
    new: Vec<Object>,
}

/// A commit that is published.
#[derive(Debug)]
pub struct Carried {
    /// What is published: by another process that went on it may be more.
    checkpoint: SignedCheckpoint,
    first: u64,
    edge: RightEdge,
    entries: usize,
}

impl Carriage {
    /// Writes the bundles and tiles, then the checkpoint.
    ///
    /// # Errors
    ///
    /// [`LogError::Objects`]; [`LogError::Conflict`] and [`LogError::Fork`] when what is published is not the tree before it, and does not follow it. It
    /// is committed all the same: [`Log::reload`] carries it out.
    pub async fn carry_out(self, objects: &impl Objects) -> Result<Carried, LogError> {
        let Self { trust, before, promised, edge, entries, new } = self;
        let first = before.head().size;
        write_objects(objects, new).await?;
        let checkpoint = publish(objects, &trust, &before, promised).await?;
        Ok(Carried { checkpoint, first, edge, entries })
    }
}

impl Carried {
    /// Returns the sizes of the trees that were published before, and with it.
    #[must_use]
    pub fn sizes(&self) -> (u64, u64) {
        (self.first, self.checkpoint.head().size)
    }
}

impl<O: Objects> Log<O> {
    /// Commits a group of entries on top of what is committed: from here on the tree with them is the log, whatever happens. It is published by
    /// [`Log::carriage`], by the next [`Log::append`], and by whoever opens the log. Of no entries it does nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Log::append`] but [`LogError::Unpublished`]. After [`LogError::Objects`] the group may be in or not: [`Log::reload`] tells.
    pub async fn commit(&mut self, entries: Vec<Vec<u8>>) -> Result<Appended, LogError> {
        self.check_group(&entries)?;
        let first = self.tip().size();
        if entries.is_empty() {
            return Ok(Appended { first, head: self.committed() });
        }
        let (edge, new) = self.tip().grow(&entries)?;
        if self.state.ahead {
            ahead::check_entries(&self.objects, first, &entries, self.state.pending.as_deref()).await?;
        }
        let head = edge.edge().head();
        let checkpoint = sign_head(&self.identity, head)?;
        let promised = self.identity.trust().open_unwitnessed(&checkpoint)?;

        self.stale = true;
        let (entries, new) = match self.state.committed.take() {
            Some(before) => ([before.entries, entries].concat(), None),
            None => (entries, Some(new)),
        };
        let pending = Pending { old_size: self.state.edge.size(), checkpoint, entries };
        let bytes = pending.encode()?;
        let expected = self.state.pending.as_deref();
        self.objects.compare_and_put(PENDING, expected, bytes.clone()).await.map_err(conflict)?;
        self.stale = false;
        self.state.pending = Some(bytes);
        self.state.committed = Some(Committed { edge, promised, entries: pending.entries, new });
        Ok(Appended { first, head })
    }

    /// Returns the size and the root of what is committed, published or not.
    #[must_use]
    pub fn committed(&self) -> TreeHead {
        self.edge().head()
    }

    /// Returns how many entries are committed and not known to be published.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.state.committed.as_ref().map_or(0, |committed| committed.entries.len())
    }

    /// Returns the roots of the perfect subtrees of what is committed, to compare with those of a ledger.
    #[must_use]
    pub fn edge(&self) -> Edge {
        self.tip().edge()
    }

    pub(super) fn tip(&self) -> &RightEdge {
        self.state.committed.as_ref().map_or(&self.state.edge, |committed| &committed.edge)
    }

    /// Returns what is to be written to publish what is committed; none where all of it is published. [`Log::carried`] takes it down when it is
    /// done; one is done at a time.
    ///
    /// # Errors
    ///
    /// [`LogError::Stale`].
    pub fn carriage(&mut self) -> Result<Option<Carriage>, LogError> {
        if self.stale {
            return Err(LogError::Stale);
        }
        let Some(committed) = &mut self.state.committed else { return Ok(None) };
        let new = match committed.new.take() {
            Some(new) => new,
            None => self.state.edge.grow(&committed.entries)?.1,
        };
        Ok(Some(Carriage {
            trust: self.identity.trust().clone(),
            before: self.state.checkpoint.clone(),
            promised: committed.promised.clone(),
            edge: committed.edge.clone(),
            entries: committed.entries.len(),
            new,
        }))
    }

    /// Takes down that a commit is published. Of a log that was read again meanwhile it is known.
    pub fn carried(&mut self, carried: Carried) {
        let Carried { checkpoint, first, edge, entries } = carried;
        if self.stale || first != self.state.edge.size() {
            return;
        }
        // Where another process has carried this commit out and gone on, it is in all the same.
        self.stale = checkpoint.head() != edge.edge().head();
        let Some(committed) = &mut self.state.committed else { return };
        committed.entries.drain(..entries.min(committed.entries.len()));
        committed.new = None;
        if committed.entries.is_empty() {
            self.state.committed = None;
        }
        (self.state.edge, self.state.checkpoint) = (edge, checkpoint);
    }

    /// Publishes what is committed; returns [`Carried::sizes`], where something was.
    ///
    /// # Errors
    ///
    /// [`LogError::Unpublished`]: it is committed all the same; [`LogError::Stale`].
    pub async fn carry_out(&mut self) -> Result<Option<(u64, u64)>, LogError> {
        let Some(carriage) = self.carriage()? else { return Ok(None) };
        self.stale = true;
        let carried = carriage.carry_out(&self.objects).await;
        let carried = carried.map_err(|error| LogError::Unpublished(Box::new(error)))?;
        self.stale = false;
        let sizes = carried.sizes();
        self.carried(carried);
        Ok(Some(sizes))
    }
}

#[cfg(test)]
mod tests;
