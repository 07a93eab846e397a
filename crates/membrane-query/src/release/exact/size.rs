//! How much memory the exact side of a release takes, counted so that one member counts for a bounded part of it.
//!
//! What is counted are bytes, by constants that are never less than what members, parts and groups really take:
//! tables that double when they are full count as if they had just doubled, and a group counts for its key, its
//! written key and its place in every table up to the draw. The whole is reserved before the first row is read;
//! whether a release ends because it is too large then depends on this count alone, and
//! [`membrane_privacy::Mechanism::draw_size_limit`] says with noise when that is.
//!
//! Where the groups come from the data they also count for a share of [`Limits::groups_max`], so that noise on
//! more groups than that is never drawn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::execution::memory_pool::MemoryReservation;
use membrane_model::Limits;
use membrane_privacy::{KeyDomain, SizeBound};

use super::table::{SCANNED, bytes_of, places_made};
use super::values::width;
use crate::QueryError;
use crate::release::made;
use crate::release::question::{Question, Table};

/// Rows whose key is longer than this, as bytes, are in no group: otherwise one member could hold any amount of memory.
pub(in crate::release) const KEY_BYTES_MAX: usize = 256;

/// A member: an entry of 5 bytes in a table that has just doubled (3.5 times as much), and one of 32 in a list.
const MEMBER_BYTES: u64 = 5 * 7 / 2 + 48;
/// What a place takes besides: the number of its block, of four places or more, in a list of those that were left.
const PLACE_BYTES: u64 = 4;
/// What a part takes besides where a member may have so many that they are found in a map: an entry of 17 bytes in a
/// table that has just doubled.
const MAPPED_BYTES: u64 = 17 * 7 / 2 + 1;
/// A group without its key: entries of tables and lists from the first row to the draw, and the blocks they lie in.
const GROUP_BYTES: u64 = 640;
/// What each cell of a key and each aggregate adds to a group.
const CELL_BYTES: u64 = 32;
/// How many times the bytes of a key are held, some of them as text, which can be three times as long.
const KEY_COPIES: u64 = 6;

/// The same for groups of each member, of which one member has more.
pub(in crate::release) const INNER_KEY_BYTES_MAX: usize = 64;
/// Such a group without its key: an entry of a table that has just doubled, and one in a list.
const INNER_GROUP_BYTES: u64 = 160;

/// What was counted so far, and how much may be. Clones count together.
#[derive(Clone)]
pub(in crate::release) struct Size {
    used: Arc<AtomicU64>,
    max: u64,
    _memory: Arc<MemoryReservation>,
}

impl Size {
    /// Takes all the memory that may be needed. `max` is the limit that was drawn.
    pub(in crate::release) fn start(
        bound: SizeBound,
        max: u64,
        memory: MemoryReservation,
    ) -> Result<Self, QueryError> {
        let whole = usize::try_from(bound.total_max).map_err(|_| QueryError::Failed)?;
        memory.try_resize(whole).map_err(|_| QueryError::Failed)?;
        Ok(Self { used: Arc::default(), max, _memory: Arc::new(memory) })
    }

    /// Counts what is about to be held, or ends the release.
    pub(in crate::release) fn grow(&self, size: u64) -> Result<(), QueryError> {
        // Most parts have their place already. Shards wait for each other where they count.
        if size == 0 {
            return Ok(());
        }
        let before = self.change(|used| used.saturating_add(size));
        if before.saturating_add(size) > self.max { Err(QueryError::Failed) } else { Ok(()) }
    }

    /// Counts what is not held any more.
    pub(in crate::release) fn shrink(&self, size: u64) {
        self.change(|used| used.saturating_sub(size));
    }

    /// Returns what is counted.
    pub(in crate::release) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Changes what is counted, and returns what it was.
    fn change(&self, to: impl Fn(u64) -> u64) -> u64 {
        let changed = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| Some(to(used)));
        changed.unwrap_or_else(|unchanged| unchanged)
    }
}

/// What members, parts and groups count for.
#[derive(Debug, Clone, Copy)]
pub(in crate::release) struct Costs {
    /// One member.
    pub(in crate::release) member: u64,
    /// Rows whose key is longer than this, as bytes, are in no group.
    pub(in crate::release) key_bytes_max: usize,
    groups_max: u32,
    /// One place of a block, an eighth more for what stays empty between blocks.
    place: u64,
    /// What a part takes besides.
    part: u64,
    group: u64,
    key_copies: u64,
    group_min: u64,
    total_max: u64,
}

impl Costs {
    /// Finds the costs for the groups of a question.
    pub(in crate::release) fn new(
        question: &Question,
        groups_max: u32,
        rows_max: u32,
        limits: &Limits,
    ) -> Self {
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let memory = count(limits.memory_bytes_max);
        // The rest is for tables without subject and for batches on their way.
        let alone =
            question.tables.iter().all(|table| !matches!(table, Table::Dataset { private: false, .. }));
        let total_max = if alone { memory / 4 * 3 } else { memory / 2 };
        let cells = question.keys.len().saturating_add(question.aggregates.len());
        let group_min = total_max.checked_div(count(limits.groups_max)).unwrap_or(u64::MAX);
        Self { group_min, total_max, ..Self::of(groups_max, width(question, rows_max), cells) }
    }

    fn of(groups_max: u32, width: usize, cells: usize) -> Self {
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let mapped = if groups_max > SCANNED { MAPPED_BYTES } else { 0 };
        let (place, apart) = bytes_of(width);
        Self {
            member: MEMBER_BYTES,
            groups_max,
            place: count(place).saturating_mul(9) / 8 + 1 + PLACE_BYTES,
            part: count(apart).saturating_add(mapped),
            key_bytes_max: KEY_BYTES_MAX,
            group: GROUP_BYTES.saturating_add(count(cells).saturating_mul(CELL_BYTES)),
            key_copies: KEY_COPIES,
            group_min: 0,
            total_max: 0,
        }
    }

    /// Finds the costs for groups of each member, with `width` sums in each part: they are not released, and what is made
    /// of them is counted apart.
    pub(in crate::release) fn of_inner(groups_max: u32, width: usize) -> Self {
        let of = Self::of(groups_max, width, 0);
        let inner = Self { key_bytes_max: INNER_KEY_BYTES_MAX, group: INNER_GROUP_BYTES, ..of };
        Self { key_copies: 2, ..inner }
    }

    /// Returns the costs where members are dealt out to shards, each of which may hold a group.
    pub(super) fn in_shards(self, shards: usize) -> Self {
        let shards = u64::try_from(shards).unwrap_or(u64::MAX).max(1);
        Self { group_min: self.group_min.div_ceil(shards), ..self }
    }

    /// Returns what one more part counts for, with the places that are made for it.
    pub(in crate::release) fn part(&self, places: u32) -> u64 {
        self.part.saturating_add(self.place.saturating_mul(u64::from(places)))
    }

    /// Returns what a group counts for whose key came from the data.
    pub(in crate::release) fn group(&self, key_bytes: usize) -> u64 {
        let key = u64::try_from(key_bytes).unwrap_or(u64::MAX).saturating_mul(self.key_copies);
        self.group.saturating_add(key).max(self.group_min)
    }

    /// Returns what one member can count for, with so many groups from the data.
    pub(in crate::release) fn member_max(&self, groups: u32) -> u64 {
        let groups_bytes = u64::from(groups).saturating_mul(self.group(self.key_bytes_max));
        self.listed_max(groups).saturating_add(groups_bytes)
    }

    /// Returns what one member can count for, with so many groups that were known before.
    fn listed_max(&self, groups: u32) -> u64 {
        let places = places_made(groups, self.groups_max).saturating_mul(self.place);
        let parts = u64::from(groups).saturating_mul(self.part);
        self.member.saturating_add(places).saturating_add(parts)
    }
}

/// Returns how much one member can count for, and how much there is.
pub(in crate::release) fn size_bound(
    question: &Question,
    keys: &KeyDomain,
    groups_max: u32,
    rows_max: u32,
    limits: &Limits,
) -> SizeBound {
    let costs = Costs::new(question, groups_max, rows_max, limits);
    let member = match keys {
        KeyDomain::None => costs.listed_max(1),
        KeyDomain::Public(keys) => {
            costs.listed_max(groups_max.min(u32::try_from(keys.len()).unwrap_or(u32::MAX)))
        }
        KeyDomain::Unknown => costs.member_max(groups_max),
    };
    let made = question.tables.iter().map(made::member_bytes_max);
    let member_max = made.fold(member, u64::saturating_add);
    SizeBound { member_max, total_max: costs.total_max }
}
