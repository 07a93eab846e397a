//! Values of a member and group that are kept: for quantiles, and for counting distinct ones.
//!
//! Of more values than may be kept those stay that rank lowest by a keyed hash of the member and the value. Equal values
//! rank alike, so what is kept does not depend on the order in which they come. A slot lies behind the sums of a part:
//!
//! ```text
//! kept, whether one was left out, rank 1, value 1, rank 2, value 2, ..
//! ```
//!
//! A rank of 0 is not known yet: it is computed once there are more values than may be kept.

use datafusion::arrow::array::{Array as _, ArrayRef};
use membrane_privacy::{AggregateKind, RowBounds};
use membrane_vault::Sampler;

use super::values::clamped;
use crate::QueryError;
use crate::release::cell;
use crate::release::exact::key_converter;

/// Numbers before the first value.
const HEAD: usize = 2;

/// Returns how many numbers a slot has for so many values.
pub(super) fn words(values: u32) -> usize {
    usize::try_from(values).unwrap_or(usize::MAX).saturating_mul(2).saturating_add(HEAD)
}

/// Where the values of one aggregate are kept.
#[derive(Debug)]
pub(super) struct Slot {
    place: usize,
    kind: AggregateKind,
    most: usize,
    start: usize,
}

impl Slot {
    /// Keeps `most` values of the column at this place.
    pub(super) fn new(place: usize, kind: AggregateKind, most: u32) -> Result<Self, QueryError> {
        let most = usize::try_from(most).map_err(|_| QueryError::Failed)?;
        Ok(Self { place, kind, most, start: 0 })
    }

    /// Says where the slot begins, and returns where it ends.
    pub(super) const fn begin_at(&mut self, start: usize) -> usize {
        self.start = start;
        self.end()
    }

    /// Returns where the slot ends.
    pub(super) const fn end(&self) -> usize {
        self.start.saturating_add(HEAD).saturating_add(self.most.saturating_mul(2))
    }

    /// Returns the value of each row of a batch, as what is kept of it. NULL has none.
    pub(super) fn values(
        &self,
        read: &[ArrayRef],
        sampling: &Sampler,
        clipped: &mut [bool],
    ) -> Result<Vec<Option<i64>>, QueryError> {
        let array = read.get(self.place).ok_or(QueryError::Failed)?;
        match self.kind.row_bounds() {
            Some(RowBounds { lower, upper, scale }) => {
                let values = clamped(array.as_ref(), (lower, upper), scale, clipped)?;
                let kept = values.into_iter().enumerate();
                Ok(kept.map(|(row, value)| array.is_valid(row).then_some(value)).collect())
            }
            None => hashes(array, sampling),
        }
    }

    /// Takes a value in.
    pub(super) fn offer(
        &self,
        part: &mut [i64],
        unit: u128,
        value: i64,
        sampling: &Sampler,
    ) -> Result<(), QueryError> {
        let slot = part.get_mut(self.start..self.end()).ok_or(QueryError::Failed)?;
        let (head, entries) = slot.split_at_mut(HEAD);
        let [kept, left_out] = head else { return Err(QueryError::Failed) };
        let held = usize::try_from(*kept).unwrap_or(0).saturating_mul(2);
        let is_distinct = matches!(self.kind, AggregateKind::Distinct { .. });
        if is_distinct && entries.get(..held).is_some_and(|held| values_of(held).any(|one| one == value)) {
            return Ok(());
        }
        if let Some([rank, free]) = entries.get_mut(held..held + 2) {
            (*rank, *free) = (0, value);
            *kept += 1;
            return Ok(());
        }
        *left_out = 1;
        let rank_of = |value: i64| rank_word(sampling, unit, value);
        let mut highest: Option<&mut [i64]> = None;
        for entry in entries.chunks_exact_mut(2) {
            if let [rank, value] = entry
                && *rank == 0
            {
                *rank = rank_of(*value);
            }
            if highest.as_ref().is_none_or(|most| most.first() < entry.first()) {
                highest = Some(entry);
            }
        }
        let new = rank_of(value);
        if let Some([rank, old]) = highest
            && new < *rank
        {
            (*rank, *old) = (new, value);
        }
        Ok(())
    }

    /// Returns the values that are kept, in their own order.
    pub(super) fn kept(&self, part: &[i64]) -> Vec<i64> {
        let slot = part.get(self.start..self.end()).unwrap_or_default();
        let held = slot.first().and_then(|kept| usize::try_from(*kept).ok()).unwrap_or(0);
        let entries = slot.get(HEAD..HEAD.saturating_add(held.saturating_mul(2))).unwrap_or_default();
        let mut values: Vec<i64> = values_of(entries).collect();
        values.sort_unstable();
        values
    }

    /// Returns how many distinct values there were, or one more than are kept where there were more.
    pub(super) fn distinct(&self, part: &[i64]) -> Option<i64> {
        if !matches!(self.kind, AggregateKind::Distinct { .. }) {
            return None;
        }
        let at = |offset: usize| part.get(self.start.saturating_add(offset)).copied().unwrap_or(0);
        Some(at(0).saturating_add(at(1)))
    }
}

fn values_of(entries: &[i64]) -> impl Iterator<Item = i64> + '_ {
    entries.iter().skip(1).step_by(2).copied()
}

/// Ranks a value of a member, above zero.
fn rank_word(sampling: &Sampler, unit: u128, value: i64) -> i64 {
    let rank = sampling.rank(unit, &value.to_be_bytes());
    i64::try_from(rank >> 1).unwrap_or(i64::MAX).max(1)
}

/// Returns a keyed hash of each value. Equal values have equal hashes; that two others have is as good as impossible, and
/// would only count them once.
fn hashes(array: &ArrayRef, sampling: &Sampler) -> Result<Vec<Option<i64>>, QueryError> {
    let shown = cell::shown(array);
    let converter = key_converter(&[shown.data_type().clone()])?;
    let rows = converter.convert_columns(&[shown]).map_err(|_| QueryError::Failed)?;
    let hash = |bytes: &[u8]| i64::from_ne_bytes(sampling.rank(0, bytes).to_ne_bytes());
    Ok(rows.iter().enumerate().map(|(row, bytes)| array.is_valid(row).then(|| hash(bytes.data()))).collect())
}
