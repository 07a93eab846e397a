//! The exact side of a release: rows become raw values per member and group, then bounded totals.
//!
//! Everything here is per row or per member and in integers, so the result is the same for every order
//! and partition of the rows, bit for bit (tested). Nothing fails on a value: what cannot count counts as
//! zero. Memory is one entry for each member and group that occur together, taken from the pool
//! of the session.
//!
//! Example: Ann bought on three days in SH and once in BJ, `SELECT region, COUNT(*)`, two rows per group
//! and one group at most. Rows give (Ann, SH): 3 and (Ann, BJ): 1. Her groups are ranked by a keyed
//! hash of her and the group; say BJ is first. The total of BJ gets her 1, that of SH nothing.

mod table;
mod values;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::execution::memory_pool::MemoryReservation;
use membrane_privacy::{GroupKey, GroupTotals, KeyDomain, Mechanism, MemberPart};
use membrane_vault::Tokenizer;

use self::table::PartTable;
use self::values::{RawColumn, contributions};
use super::cell;
use super::question::{ColumnRef, Key, Question};
use super::rows::columns_read;
use crate::QueryError;

/// Raw values per member and group.
pub(super) struct Exact {
    keys: Vec<(Key, usize)>,
    raw: Vec<RawColumn>,
    converter: Option<RowConverter>,
    groups: HashMap<Box<[u8]>, u32>,
    group_bytes: usize,
    groups_max: usize,
    parts: PartTable,
    memory: MemoryReservation,
}

impl Exact {
    /// Starts with no row. `groups_max` bounds the distinct groups, `memory` what all of it may hold.
    pub(super) fn new(
        question: &Question,
        mechanism: &Mechanism,
        groups_max: usize,
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
        let keys = question.keys.iter().map(|key| Ok((key.clone(), place(key.column())?)));
        let kinds = mechanism.spec().aggregates.iter().map(|aggregate| aggregate.kind);
        let raw = question
            .aggregates
            .iter()
            .zip(kinds)
            .map(|(aggregate, kind)| RawColumn::new(aggregate, kind, place));
        let raw = raw.collect::<Result<Vec<RawColumn>, QueryError>>()?;
        Ok(Self {
            keys: keys.collect::<Result<_, QueryError>>()?,
            parts: PartTable::new(raw.len()),
            raw,
            converter: None,
            groups: HashMap::new(),
            group_bytes: 0,
            groups_max,
            memory,
        })
    }

    /// Takes in a batch of rows: the unit column, then [`columns_read`]. Rows without a member are out.
    pub(super) fn absorb(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let units = units(batch.columns().first().ok_or(QueryError::Failed)?.as_ref())?;
        let groups = self.groups_of(batch)?;
        let columns = self
            .raw
            .iter()
            .map(|raw| contributions(raw, batch))
            .collect::<Result<Vec<Vec<i64>>, QueryError>>()?;
        for (row, (unit, group)) in units.into_iter().zip(groups).enumerate() {
            let Some(unit) = unit else { continue };
            let values = self.parts.values_mut(unit, group)?;
            for (value, column) in values.iter_mut().zip(&columns) {
                *value = value.saturating_add(column.get(row).copied().unwrap_or(0));
            }
        }
        let held = self.parts.bytes() + self.groups.capacity() * 32 + self.group_bytes;
        self.memory.try_resize(held).map_err(|_| QueryError::Failed)
    }

    /// Returns the group of every row.
    fn groups_of(&mut self, batch: &RecordBatch) -> Result<Vec<u32>, QueryError> {
        if self.keys.is_empty() {
            self.group(&[])?;
            return Ok(vec![0; batch.num_rows()]);
        }
        let arrays = self
            .keys
            .iter()
            .map(|(key, place)| cell::key_array(key, batch.columns().get(*place).ok_or(QueryError::Failed)?));
        let arrays = arrays.collect::<Result<Vec<ArrayRef>, QueryError>>()?;
        let converter = match &mut self.converter {
            Some(converter) => converter,
            empty @ None => {
                let fields = arrays.iter().map(|array| SortField::new(array.data_type().clone())).collect();
                empty.insert(RowConverter::new(fields).map_err(|_| QueryError::Failed)?)
            }
        };
        let rows = converter.convert_columns(&arrays).map_err(|_| QueryError::Failed)?;
        rows.iter().map(|row| self.group(row.as_ref())).collect()
    }

    fn group(&mut self, key: &[u8]) -> Result<u32, QueryError> {
        if let Some(group) = self.groups.get(key) {
            return Ok(*group);
        }
        if self.groups.len() >= self.groups_max {
            return Err(QueryError::Failed);
        }
        let group = u32::try_from(self.groups.len()).map_err(|_| QueryError::Failed)?;
        self.groups.insert(key.into(), group);
        self.group_bytes += key.len();
        Ok(group)
    }

    /// Bounds every member and returns the totals per group. `sampling` ranks the groups of a member.
    pub(super) fn finish(
        self,
        mechanism: &Mechanism,
        sampling: &Tokenizer,
    ) -> Result<BTreeMap<GroupKey, GroupTotals>, QueryError> {
        let names = self.group_names()?;
        let shown = shown(&names, &mechanism.spec().keys);
        let mut totals = mechanism.totals(names.len());
        let bound = usize::try_from(mechanism.bounds().groups_max).unwrap_or(usize::MAX);
        let mut parts: Vec<MemberPart<'_>> = Vec::new();
        for member in self.parts.members() {
            parts.clear();
            for (group, raw) in self.parts.of(member) {
                if shown.get(group).copied().unwrap_or(false) {
                    parts.push(MemberPart { rank: 0, group, raw });
                }
            }
            if parts.len() > bound {
                for part in &mut parts {
                    let name = names.get(part.group).ok_or(QueryError::Failed)?;
                    part.rank = rank(sampling, self.parts.unit(member), name);
                }
            }
            totals.add_member(&mut parts).map_err(|_| QueryError::Failed)?;
        }
        let mut exact = BTreeMap::new();
        for ((name, shown), total) in names.into_iter().zip(shown).zip(totals.finish()) {
            if shown && exact.insert(name, total).is_some() {
                return Err(QueryError::Failed);
            }
        }
        Ok(exact)
    }

    /// Returns the rendered key of every group, in the order of the groups.
    fn group_names(&self) -> Result<Vec<GroupKey>, QueryError> {
        let mut keys: Vec<(&[u8], u32)> =
            self.groups.iter().map(|(key, group)| (key.as_ref(), *group)).collect();
        keys.sort_unstable_by_key(|(_, group)| *group);
        let Some(converter) = &self.converter else { return Ok(vec![GroupKey::new(); keys.len()]) };
        let parser = converter.parser();
        let arrays = converter
            .convert_rows(keys.iter().map(|(key, _)| parser.parse(key)))
            .map_err(|_| QueryError::Failed)?;
        let texts = arrays
            .iter()
            .map(|array| cell::texts(array.as_ref()))
            .collect::<Result<Vec<Vec<Option<String>>>, QueryError>>()?;
        let mut texts: Vec<_> = texts.into_iter().map(Vec::into_iter).collect();
        Ok(keys.iter().map(|_| texts.iter_mut().map(|column| column.next().flatten()).collect()).collect())
    }
}

/// Ranks a group of a member. Depends on the two alone, so that no member moves another.
fn rank(sampling: &Tokenizer, unit: u128, key: &GroupKey) -> u64 {
    let mut text = unit.to_be_bytes().to_vec();
    for cell in key {
        match cell {
            Some(cell) => {
                text.push(1);
                text.extend_from_slice(&u64::try_from(cell.len()).unwrap_or(u64::MAX).to_be_bytes());
                text.extend_from_slice(cell.as_bytes());
            }
            None => text.push(0),
        }
    }
    let token = u128::from_be_bytes(sampling.token(&text));
    u64::try_from(token >> 64).unwrap_or(u64::MAX)
}

/// Tells for every group whether it can be shown at all: groups outside a public list use up none of a
/// member's groups.
fn shown(names: &[GroupKey], domain: &KeyDomain) -> Vec<bool> {
    match domain {
        KeyDomain::Public(keys) => {
            let keys: BTreeSet<&GroupKey> = keys.iter().collect();
            names.iter().map(|name| keys.contains(name)).collect()
        }
        KeyDomain::Unknown | KeyDomain::None => vec![true; names.len()],
    }
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
