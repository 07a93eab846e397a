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

use membrane_model::Limits;
use membrane_privacy::{KeyDomain, SizeBound};

use super::values::width;
use crate::release::question::Question;

/// Rows whose key is longer than this, as bytes, are in no group: otherwise one member could hold any amount of memory.
pub(in crate::release) const KEY_BYTES_MAX: usize = 256;

/// A member: an entry of 33 bytes in a table that has just doubled (3.5 times as much), and one in a list.
const MEMBER_BYTES: u64 = 33 * 7 / 2 + 48;
/// A part without its sums: an entry of 17 bytes in such a table, and one in a list.
const PART_BYTES: u64 = 17 * 7 / 2 + 24;
/// A group without its key: entries of tables and lists from the first row to the draw, and the blocks they lie in.
const GROUP_BYTES: u64 = 640;
/// What each cell of a key and each aggregate adds to a group.
const CELL_BYTES: u64 = 32;
/// How many times the bytes of a key are held, some of them as text, which can be three times as long.
const KEY_COPIES: u64 = 6;

/// What members, parts and groups count for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Costs {
    /// One member.
    pub(super) member: u64,
    /// One part of a member.
    pub(super) part: u64,
    group: u64,
    group_min: u64,
    total_max: u64,
}

impl Costs {
    /// Finds the costs for a question.
    pub(super) fn new(question: &Question, limits: &Limits) -> Self {
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let memory = count(limits.memory_bytes_max);
        // The rest is for tables without subject and for batches on their way.
        let total_max = if question.joins.is_empty() { memory / 4 * 3 } else { memory / 2 };
        let cells = count(question.keys.len().saturating_add(question.aggregates.len()));
        Self {
            member: MEMBER_BYTES,
            part: PART_BYTES.saturating_add(count(width(question)).saturating_mul(8)),
            group: GROUP_BYTES.saturating_add(cells.saturating_mul(CELL_BYTES)),
            group_min: total_max.checked_div(count(limits.groups_max)).unwrap_or(u64::MAX),
            total_max,
        }
    }

    /// Returns what a group counts for whose key came from the data.
    pub(super) fn group(&self, key_bytes: usize) -> u64 {
        let key = u64::try_from(key_bytes).unwrap_or(u64::MAX).saturating_mul(KEY_COPIES);
        self.group.saturating_add(key).max(self.group_min)
    }
}

/// Returns how much one member can count for, and how much there is.
pub(in crate::release) fn size_bound(
    question: &Question,
    keys: &KeyDomain,
    groups_max: u32,
    limits: &Limits,
) -> SizeBound {
    let costs = Costs::new(question, limits);
    let (groups, group) = match keys {
        KeyDomain::None => (1, 0),
        KeyDomain::Public(keys) => {
            (u64::from(groups_max).min(u64::try_from(keys.len()).unwrap_or(u64::MAX)), 0)
        }
        KeyDomain::Unknown => (u64::from(groups_max), costs.group(KEY_BYTES_MAX)),
    };
    let parts = groups.saturating_mul(costs.part.saturating_add(group));
    SizeBound { member_max: costs.member.saturating_add(parts), total_max: costs.total_max }
}
