//! The exact side of a release: rows become raw sums per member and group, then bounded totals.
//!
//! Everything here is per row or per member and in integers, so the result is the same for every order
//! and partition of the rows, bit for bit (tested). Nothing fails on a value: what cannot count counts as
//! zero.
//!
//! Members are bounded while rows come in. A member holds `groups_max` groups at most: those that rank lowest by
//! a keyed hash of the member and the group. When one more comes, the one that ranks highest is let go, and its
//! sums with it; it cannot come back, as what is kept only ever ranks lower. Hence the sums of what is kept in
//! the end are whole, and memory is one entry for each member and kept group, whatever a member's rows are. Rows
//! whose key is not on a public list are in no group, nor are rows with a key that is longer than 256 bytes.
//!
//! Example: Ann bought on three days in SH and once in BJ, `SELECT region, COUNT(*)`, two rows per group
//! and one group at most. Her row of BJ comes first and is held; then SH comes. Her groups are ranked by a keyed
//! hash of her and the group; say SH ranks lower. BJ is let go, and SH ends with 3, of which 2 count.
//!
//! What can still fail for rows of members, and what it tells:
//!
//! - Too many members and groups for the memory: [`size`] counts them, and one member adds a bounded part. The
//!   count is compared with a limit that is drawn with noise and paid for; so the failure is a released value.
//! - The memory of the session: reserved in full before the first row, and joins hold only tables without subject
//!   ([`super::execution`]); so it does not depend on members. A batch on its way is held besides.
//! - Time. One row more is one row's time more, as joins do not multiply rows, and answers leave at ticks. Who makes
//!   a release take just as long as is allowed may still learn how much there is of many members together, as far
//!   as the machine is steady.
//! - Storage that fails, a panic: not by what is in a row, as far as we know.

mod chunks;
mod groups;
mod size;
mod table;
mod values;

use std::collections::BTreeMap;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use datafusion::execution::memory_pool::MemoryReservation;
use membrane_model::Limits;
use membrane_privacy::{ExactTotals, Mechanism, MemberPart, RawValue};
use membrane_vault::Tokenizer;

use self::groups::Groups;
use self::size::Costs;
use self::table::{Part, PartTable};
use self::values::Sums;
use super::cell;
use super::question::{ColumnRef, Key, Question};
use super::rows::columns_read;
use crate::QueryError;

pub(super) use self::size::{KEY_BYTES_MAX, size_bound};

/// Raw sums per member and group.
pub(super) struct Exact {
    keys: Vec<(Key, usize)>,
    sums: Sums,
    converter: Option<RowConverter>,
    groups: Groups,
    table: PartTable,
    groups_max: u32,
    sampling: Tokenizer,
    costs: Costs,
    size: u64,
    size_max: u64,
    _memory: MemoryReservation,
}

impl Exact {
    /// Starts with no row. All the memory that may be needed is taken now; `sampling` ranks the groups of a member.
    pub(super) fn new(
        question: &Question,
        mechanism: &Mechanism,
        sampling: Tokenizer,
        limits: &Limits,
        memory: MemoryReservation,
    ) -> Result<Self, QueryError> {
        let columns = columns_read(question);
        let place = |wanted: &ColumnRef| {
            // The unit column comes first.
            columns
                .iter()
                .position(|column| column == wanted)
                .map(|index| index + 1)
                .ok_or(QueryError::Failed)
        };
        let spec = mechanism.spec();
        let whole = usize::try_from(spec.size.total_max).map_err(|_| QueryError::Failed)?;
        memory.try_resize(whole).map_err(|_| QueryError::Failed)?;
        let keys = question.keys.iter().map(|key| Ok((key.clone(), place(key.column())?)));
        let sums = Sums::new(question, spec.aggregates.iter().map(|aggregate| aggregate.kind), place)?;
        Ok(Self {
            keys: keys.collect::<Result<_, QueryError>>()?,
            converter: None,
            groups: Groups::new(&spec.keys),
            table: PartTable::new(sums.len()),
            sums,
            groups_max: mechanism.bounds().groups_max,
            sampling,
            costs: Costs::new(question, limits),
            size: 0,
            size_max: mechanism.draw_size_limit()?,
            _memory: memory,
        })
    }

    /// Takes in a batch of rows: the unit column, then [`columns_read`]. Rows without a member are out.
    pub(super) fn absorb(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let units = units(batch.columns().first().ok_or(QueryError::Failed)?.as_ref())?;
        let keys = self.key_rows(batch)?;
        let mut clipped = vec![false; batch.num_rows()];
        let columns = self.sums.contributions(batch, &mut clipped)?;
        let mut keys = keys.as_ref().map(Rows::iter);
        for (row, (unit, clipped)) in units.into_iter().zip(clipped).enumerate() {
            let key = keys.as_mut().and_then(Iterator::next).map_or([].as_slice(), |key| key.data());
            let Some(unit) = unit else { continue };
            let Some(part) = self.part(unit, key, clipped)? else { continue };
            for (sum, column) in self.table.sums_mut(part)?.iter_mut().zip(&columns) {
                *sum = sum.saturating_add(column.get(row).copied().unwrap_or(0));
            }
        }
        Ok(())
    }

    /// Returns the keys of all rows as bytes; nothing where there are no keys.
    fn key_rows(&mut self, batch: &RecordBatch) -> Result<Option<Rows>, QueryError> {
        if self.keys.is_empty() {
            return Ok(None);
        }
        let arrays = self
            .keys
            .iter()
            .map(|(key, place)| cell::key_array(key, batch.columns().get(*place).ok_or(QueryError::Failed)?));
        let arrays = arrays.collect::<Result<Vec<ArrayRef>, QueryError>>()?;
        let converter = match &mut self.converter {
            Some(converter) => converter,
            empty @ None => {
                let types: Vec<DataType> = arrays.iter().map(|array| array.data_type().clone()).collect();
                let fields = types.iter().cloned().map(SortField::new).collect();
                let converter = RowConverter::new(fields).map_err(|_| QueryError::Failed)?;
                let keys: Vec<Key> = self.keys.iter().map(|(key, _)| key.clone()).collect();
                self.groups.encode_list(&keys, &types, &converter)?;
                empty.insert(converter)
            }
        };
        converter.convert_columns(&arrays).map(Some).map_err(|_| QueryError::Failed)
    }

    /// Finds the part to which a row of a member adds, or makes it; none when the row is in no group that counts.
    fn part(&mut self, unit: u128, key: &[u8], clipped: bool) -> Result<Option<u32>, QueryError> {
        let group = self.groups.find(key);
        if group.is_none() && (self.groups.are_listed() || key.len() > KEY_BYTES_MAX) {
            return Ok(None);
        }
        let member = match self.table.find_member(unit) {
            Some(member) => member,
            None => {
                self.grow(self.costs.member)?;
                self.table.add_member(unit)?
            }
        };
        if clipped {
            self.table.member_mut(member)?.clipped = true;
        }
        if let Some(part) = group.and_then(|group| self.table.find_part(member, group)) {
            return Ok(Some(part));
        }
        if self.table.member(member)?.parts >= self.groups_max {
            return self.instead(unit, member, key);
        }
        let group = self.hold(key)?;
        self.grow(self.costs.part)?;
        self.table.add_part(member, group).map(Some)
    }

    /// Puts a group in the place of the one that ranks highest, of a member who holds as many as may be; unless that is
    /// the new one.
    fn instead(&mut self, unit: u128, member: u32, key: &[u8]) -> Result<Option<u32>, QueryError> {
        let Self { table, groups, sampling, .. } = self;
        table.member_mut(member)?.clipped = true;
        // Two groups of one rank, should there ever be any, are told apart by their keys.
        let above = |one: &Part, other: &Part| {
            (one.rank, groups.key(one.group)) > (other.rank, groups.key(other.group))
        };
        let worst = table.worst(member, |unit, group| rank(sampling, unit, groups.key(group)), above)?;
        let Part { group: let_go, rank: highest, .. } = *table.part(worst)?;
        let rank = rank(sampling, unit, key);
        if (rank, key) >= (highest, groups.key(let_go)) {
            return Ok(None);
        }
        let group = self.hold(key)?;
        self.table.replace(member, worst, group, rank)?;
        if let Some(key_bytes) = self.groups.let_go(let_go) {
            self.size = self.size.saturating_sub(self.costs.group(key_bytes));
        }
        Ok(Some(worst))
    }

    fn hold(&mut self, key: &[u8]) -> Result<u32, QueryError> {
        let (group, made) = self.groups.hold(key)?;
        if made {
            self.grow(self.costs.group(key.len()))?;
        }
        Ok(group)
    }

    /// Counts what is about to be held, or ends the release.
    fn grow(&mut self, size: u64) -> Result<(), QueryError> {
        self.size = self.size.saturating_add(size);
        if self.size > self.size_max { Err(QueryError::Failed) } else { Ok(()) }
    }

    /// Bounds the rows of every member and returns the totals per group.
    pub(super) fn finish(self, mechanism: &Mechanism) -> Result<ExactTotals, QueryError> {
        let names = self.groups.names(self.converter.as_ref())?;
        let mut totals = mechanism.totals(names.len());
        let width = mechanism.spec().aggregates.len().max(1);
        let mut raw: Vec<RawValue> = Vec::new();
        for number in 0..self.table.members() {
            let member = self.table.member(u32::try_from(number).map_err(|_| QueryError::Failed)?)?;
            raw.clear();
            for (_, sums) in self.table.parts_of(member) {
                raw.extend(self.sums.raw_values(sums));
            }
            let parts = self.table.parts_of(member).zip(raw.chunks(width)).map(|((part, _), raw)| {
                let group = usize::try_from(part.group).unwrap_or(usize::MAX);
                MemberPart { rank: part.rank, group, raw, samples: &[] }
            });
            let mut parts: Vec<MemberPart<'_>> = parts.collect();
            totals.add_member(&mut parts, member.clipped).map_err(|_| QueryError::Failed)?;
        }
        let (members, members_clipped) = totals.members();
        let mut groups = BTreeMap::new();
        for (name, total) in names.into_iter().zip(totals.finish()) {
            let Some(name) = name.filter(|_| total.members > 0) else { continue };
            // No two keys are written alike.
            if groups.insert(name, total).is_some() {
                return Err(QueryError::Failed);
            }
        }
        Ok(ExactTotals { groups, members, members_clipped })
    }
}

/// Ranks a group of a member. Depends on the two alone, so that no member moves another.
fn rank(sampling: &Tokenizer, unit: u128, key: &[u8]) -> u64 {
    let mut text = unit.to_be_bytes().to_vec();
    text.extend_from_slice(key);
    let token = u128::from_be_bytes(sampling.token(&text));
    u64::try_from(token >> 64).unwrap_or(u64::MAX)
}

/// Returns the member of every row, where there is one.
fn units(array: &dyn Array) -> Result<Vec<Option<u128>>, QueryError> {
    let unit = |bytes: Option<&[u8]>| {
        bytes.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()).map(u128::from_be_bytes)
    };
    Ok(match array.data_type() {
        DataType::Binary => array.as_binary::<i32>().iter().map(unit).collect(),
        DataType::LargeBinary => array.as_binary::<i64>().iter().map(unit).collect(),
        DataType::BinaryView => array.as_binary_view().iter().map(unit).collect(),
        DataType::FixedSizeBinary(_) => array.as_fixed_size_binary().iter().map(unit).collect(),
        _ => return Err(QueryError::Failed),
    })
}

#[cfg(test)]
mod tests;
