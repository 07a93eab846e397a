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
//! Members are dealt out to as many shards as there are processors, each with members of its own ([`shards`]). They count
//! together what they hold; a group from the data counts in each shard that holds it.
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
//!   ([`super::execution`]); so it does not depend on members. A few batches on their way are held besides.
//! - Time. One row more is one row's time more, as joins do not multiply rows, and answers leave at ticks. Who makes
//!   a release take just as long as is allowed may still learn how much there is of many members together, as far
//!   as the machine is steady.
//! - Storage that fails, a panic: not by what is in a row, as far as we know.

mod chunks;
mod groups;
mod numbers;
mod parts;
mod pilot;
mod samples;
mod shards;
mod size;
mod table;
mod values;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use membrane_privacy::{KeyDomain, ReleaseSpec};
use membrane_vault::Sampler;

use self::values::Sums;
use super::cell;
use super::question::{Question, Scalar, TypeOf};
use super::refusal::refuse;
use super::rows::columns_read;
use super::scalar::arrow_type;
use crate::QueryError;

pub(super) use self::groups::Groups;
pub(super) use self::parts::Parts;
pub(super) use self::shards::Shards;
pub(super) use self::size::{Costs, INNER_KEY_BYTES_MAX, KEY_BYTES_MAX, Size, size_bound};

/// Raw sums per member and group, of some of the members.
struct Exact {
    keys: Vec<usize>,
    sums: Sums,
    converter: Option<RowConverter>,
    parts: Parts,
    sampling: Sampler,
}

impl Exact {
    /// Starts with no row. `sampling` ranks the groups of a member; `size` is what is left of the machine.
    fn new(
        question: &Question,
        spec: &ReleaseSpec,
        sampling: Sampler,
        costs: Costs,
        size: Size,
    ) -> Result<Self, QueryError> {
        let columns = columns_read(question);
        let place =
            |wanted: &Scalar| columns.iter().position(|column| *column == wanted).ok_or(QueryError::Failed);
        let keys = question.keys.iter().map(place);
        let sums = Sums::new(
            question,
            spec.aggregates.iter().map(|aggregate| aggregate.kind),
            spec.rows_max,
            place,
        )?;
        let groups_max = spec.groups_effective();
        let (groups, converter) = encoded(question, &spec.keys)?;
        Ok(Self {
            keys: keys.collect::<Result<_, QueryError>>()?,
            converter,
            parts: Parts::new(groups, sums.len(), groups_max, sampling.clone(), costs, size),
            sums,
            sampling,
        })
    }

    /// Takes in rows of these units: their [`columns_read`].
    fn absorb(&mut self, units: &[u128], read: &[ArrayRef]) -> Result<(), QueryError> {
        let keys = self.key_rows(read)?;
        let mut clipped = vec![false; units.len()];
        let columns = self.sums.contributions(read, &mut clipped)?;
        let sampling = &self.sampling;
        let kept = self.sums.slots().iter().map(|slot| slot.values(read, sampling, &mut clipped));
        let kept = kept.collect::<Result<Vec<_>, QueryError>>()?;
        let found = self.parts.find(units, keys.as_ref());
        let mut keys = keys.as_ref().map(Rows::iter);
        for (row, (unit, clipped)) in units.iter().zip(clipped).enumerate() {
            let key = keys.as_mut().and_then(Iterator::next).map_or([].as_slice(), |key| key.data());
            let Some(part) = self.parts.place_found((&found, row), *unit, key, clipped)? else { continue };
            let sums = self.parts.sums_mut(part)?;
            for (sum, column) in sums.iter_mut().zip(&columns) {
                *sum = sum.saturating_add(column.get(row).copied().unwrap_or(0));
            }
            for (slot, values) in self.sums.slots().iter().zip(&kept) {
                if let Some(value) = values.get(row).copied().flatten() {
                    slot.offer(sums, *unit, value, &self.sampling)?;
                }
            }
        }
        Ok(())
    }

    /// Returns the keys of all rows as bytes; nothing where there are no keys.
    fn key_rows(&self, read: &[ArrayRef]) -> Result<Option<Rows>, QueryError> {
        let Some(converter) = &self.converter else { return Ok(None) };
        let column = |place: &usize| read.get(*place).ok_or(QueryError::Failed);
        let arrays = self.keys.iter().map(|place| Ok(cell::shown(column(place)?)));
        let arrays = arrays.collect::<Result<Vec<ArrayRef>, QueryError>>()?;
        converter.convert_columns(&arrays).map(Some).map_err(|_| QueryError::Failed)
    }
}

/// Checks that every public key can be told from others: what fails must fail before the price, with and without rows.
pub(super) fn check_keys(question: &Question, domain: &KeyDomain) -> Result<(), QueryError> {
    encoded(question, domain).map(|_| ()).map_err(|_| {
        let rewrite = "write numbers as digits and days as YYYY-MM-DD, between the years 1 and 9999";
        refuse("a constant in a key that cannot be told apart from others", rewrite)
    })
}

/// Makes the groups that are known before, and what turns keys into bytes.
fn encoded(question: &Question, domain: &KeyDomain) -> Result<(Groups, Option<RowConverter>), QueryError> {
    let mut groups = Groups::new(domain);
    if question.keys.is_empty() {
        return Ok((groups, None));
    }
    let keys: Vec<TypeOf> = question.keys.iter().map(Scalar::logical).collect();
    let types: Vec<DataType> = keys.iter().copied().map(arrow_type).collect();
    let converter = key_converter(&types)?;
    groups.encode_list(&keys, &types, &converter)?;
    Ok((groups, Some(converter)))
}

/// Makes what turns keys of these types into bytes.
pub(super) fn key_converter(types: &[DataType]) -> Result<RowConverter, QueryError> {
    let fields = types.iter().cloned().map(SortField::new).collect();
    RowConverter::new(fields).map_err(|_| QueryError::Failed)
}

/// Returns the member of every row, where there is one.
pub(super) fn units(array: &dyn Array) -> Result<Box<dyn Iterator<Item = Option<u128>> + '_>, QueryError> {
    let unit = |bytes: Option<&[u8]>| {
        bytes.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()).map(u128::from_be_bytes)
    };
    Ok(match array.data_type() {
        DataType::Binary => Box::new(array.as_binary::<i32>().iter().map(unit)),
        DataType::LargeBinary => Box::new(array.as_binary::<i64>().iter().map(unit)),
        DataType::BinaryView => Box::new(array.as_binary_view().iter().map(unit)),
        DataType::FixedSizeBinary(_) => Box::new(array.as_fixed_size_binary().iter().map(unit)),
        _ => return Err(QueryError::Failed),
    })
}

#[cfg(test)]
mod tests;
