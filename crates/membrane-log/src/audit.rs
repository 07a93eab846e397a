//! Audits a log: reads what is stored and finds what is not as it was signed.
//!
//! The tree is read from the top. The partial tiles at its right edge have to give the signed root; a full
//! tile has to give the hash that its parent holds of it; an entry has to have the hash that its tile
//! holds. So each object is judged by what is known to be right, and one that was altered is named, not its
//! neighbours. Where a tile is bad its hashes are taken from what lies below, if that gives the hash that
//! is wanted, and the audit goes on.

mod bundles;
mod edge;
mod finding;
mod read_ahead;
mod stale;
mod walk;

pub use finding::Finding;

use crate::growth::edge_of;
use crate::log::CHECKPOINT;
use crate::tile::{Kind, TILE_WIDTH, levels_of};
use crate::witness::read_witnessed;
use crate::{EMPTY_ROOT, Hash, LogError, Objects, SignedCheckpoint, TreeHead, Trust};
use bundles::Bundles;
use read_ahead::ReadAhead;
use walk::Walk;

/// Findings that a report holds.
const FINDINGS_MAX: usize = 10_000;

/// What an audit has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The head that was signed; none when there is no checkpoint to trust.
    pub head: Option<TreeHead>,
    /// The head of the newest tree that as many witnesses have cosigned as are wanted, where some are known: the
    /// tree begins with it, if nothing is found.
    pub witnessed: Option<TreeHead>,
    /// Entries that were read and are as they were signed.
    pub entries_checked: u64,
    /// What is not as it was signed, in the order of finding.
    pub findings: Vec<Finding>,
    /// Whether there was more than a report holds.
    pub has_more: bool,
}

impl Report {
    /// Tells whether all is as it was signed.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn add(&mut self, finding: Finding) {
        if let (Some(Finding::Unchecked { end, .. }), Finding::Unchecked { first, end: new_end }) =
            (self.findings.last_mut(), &finding)
            && end == first
        {
            *end = *new_end;
        } else if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.has_more = true;
        }
    }
}

/// Checks all of a log: each bundle, each tile, also partial ones that are no longer needed, and that it begins
/// with the tree of a head that is known, if there is one. `on_entry` is given every entry that is as it was
/// signed, in order, with its index.
///
/// # Errors
///
/// [`LogError::Objects`] when the store fails. All else is a finding.
pub async fn verify_full(
    objects: &impl Objects,
    trust: &Trust,
    known: Option<TreeHead>,
    on_entry: impl FnMut(u64, &[u8]) + Send,
) -> Result<Report, LogError> {
    let mut report = Report::default();
    let Some(signed) = open_checkpoint(objects, trust, &mut report).await? else { return Ok(report) };
    let ahead = ReadAhead::new(objects);
    let mut walk = Walk::new(&ahead, signed.head(), report);
    if edge::authenticate(&mut walk).await? {
        for known in known.into_iter().chain(walk.report.witnessed) {
            check_prefix(&mut walk, known).await?;
        }
        check_entries(&mut walk, 0, on_entry).await?;
        stale::check_stale(&mut walk).await?;
    }
    Ok(walk.report)
}

/// Checks what has come to a log since a head that is known: that the log still begins with that tree, and
/// all entries and tiles behind it.
///
/// # Errors
///
/// [`LogError::Objects`] when the store fails. All else is a finding.
pub async fn verify_from(
    objects: &impl Objects,
    trust: &Trust,
    known: TreeHead,
    on_entry: impl FnMut(u64, &[u8]) + Send,
) -> Result<Report, LogError> {
    let mut report = Report::default();
    let Some(signed) = open_checkpoint(objects, trust, &mut report).await? else { return Ok(report) };
    let head = signed.head();
    if let Some(finding) = contradiction(head, known) {
        report.add(finding);
        return Ok(report);
    }
    let ahead = ReadAhead::new(objects);
    let mut walk = Walk::new(&ahead, head, report);
    if edge::authenticate(&mut walk).await? {
        for known in std::iter::once(known).chain(walk.report.witnessed) {
            check_prefix(&mut walk, known).await?;
        }
        check_entries(&mut walk, known.size, on_entry).await?;
    }
    Ok(walk.report)
}

/// Tells whether two heads alone show that the log does not begin with what is known.
fn contradiction(head: TreeHead, known: TreeHead) -> Option<Finding> {
    if head.size < known.size {
        Some(Finding::Truncated { size: head.size, known: known.size })
    } else if head.size == known.size && head.root != known.root {
        Some(Finding::Fork { size: head.size, known: known.size })
    } else {
        None
    }
}

/// Reads and checks the checkpoint, and the one that witnesses have cosigned. None, and a finding, when they are
/// not to be trusted.
async fn open_checkpoint(
    objects: &impl Objects,
    trust: &Trust,
    report: &mut Report,
) -> Result<Option<SignedCheckpoint>, LogError> {
    let Some(bytes) = objects.get(CHECKPOINT).await? else {
        report.add(Finding::Missing { path: CHECKPOINT.to_owned() });
        return Ok(None);
    };
    let opened = match trust.open_unwitnessed(&bytes) {
        Ok(signed) if trust.witnesses().is_empty() => Ok((signed, None)),
        Ok(signed) => {
            let witnessed = read_witnessed(objects, trust, &signed).await;
            witnessed.map(|witnessed| (signed, witnessed))
        }
        Err(error) => Err(error),
    };
    match opened {
        Ok((signed, witnessed)) => {
            report.head = Some(signed.head());
            report.witnessed = witnessed.map(|witnessed| witnessed.head());
            Ok(Some(signed))
        }
        Err(error @ LogError::Objects(_)) => Err(error),
        Err(error) => {
            report.add(Finding::of_checkpoint(error));
            Ok(None)
        }
    }
}

/// Checks that the tree begins with one that is known.
async fn check_prefix(walk: &mut Walk<'_, impl Objects>, known: TreeHead) -> Result<(), LogError> {
    if let Some(finding) = contradiction(walk.head, known) {
        walk.report.add(finding);
        return Ok(());
    }
    let mut levels: Vec<Vec<Hash>> = Vec::new();
    for level in levels_of(known.size) {
        let kind = Kind::Hashes(level);
        let width = usize::from(kind.partial_width(known.size));
        let mut hashes = Vec::new();
        if width > 0 {
            let Some(tile) = walk.tile(level, kind.full_tiles(known.size)).await? else {
                walk.report.add(Finding::Unproven { known: known.size });
                return Ok(());
            };
            hashes = tile;
            hashes.truncate(width);
        }
        levels.push(hashes);
    }
    let root = if known.size == 0 { EMPTY_ROOT } else { edge_of(known.size, &levels).root() };
    if root != known.root {
        walk.report.add(Finding::Fork { size: walk.head.size, known: known.size });
    }
    Ok(())
}

/// Checks the entries from an index on.
async fn check_entries(
    walk: &mut Walk<'_, ReadAhead<'_, impl Objects>>,
    first: u64,
    mut on_entry: impl FnMut(u64, &[u8]) + Send,
) -> Result<(), LogError> {
    let size = walk.head.size;
    let mut bundles = Bundles::default();
    let first_bundle = Kind::Entries.full_tiles(first);
    for index in first_bundle..size.div_ceil(u64::from(TILE_WIDTH)) {
        walk.objects.fetch(index, first_bundle, size).await?;
        let start = index * u64::from(TILE_WIDTH);
        let Some(tile) = walk.tile(0, index).await? else {
            let end = size.min(start + u64::from(TILE_WIDTH));
            walk.report.add(Finding::Unchecked { first: start, end });
            continue;
        };
        let objects = walk.objects;
        bundles.check(objects, (index, first), &tile, &mut walk.report, &mut on_entry).await?;
    }
    bundles.report_differences(&mut walk.report);
    Ok(())
}

#[cfg(test)]
mod tests;
