//! Groups of the rows of each member, and what is computed of each, exactly.
//!
//! Sums are in fixed point of [`DECIMALS_MAX`] decimals at most, each value held within [`VALUE_MAX`] of its last
//! decimals, so that no order of rows leads to another sum: near a million rows of one member fit before a sum could come
//! to the end of its range.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BinaryViewArray, Date32Array, Decimal128Array, Int64Array,
    RecordBatch, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Float64Type, TimestampMicrosecondType};
use datafusion::arrow::row::{RowConverter, Rows};
use futures::StreamExt as _;
use membrane_privacy::KeyDomain;
use membrane_vault::Sampler;

use super::kept::batch_of;
use super::{costs, row_bytes};
use crate::QueryError;
use crate::release::cell;
use crate::release::exact::{Groups, Parts, Size, key_converter, units};
use crate::release::execution::Machine;
use crate::release::question::{Fold, PerMember, Scalar, TypeOf, made_column};
use crate::release::relation::{DECIMALS_MAX, MEAN_DECIMALS, fold_type};
use crate::release::rows::{Tables, each_once};
use crate::release::scalar::{arrow_type, divide, fixed, narrow, of_number, rescale};
use crate::sanitise::sanitise;

/// The most that one value counts in a sum, in units of its last decimal: ten millions where there are six.
const VALUE_MAX: i64 = 10_000_000_000_000;

/// One number that is kept for each member and group.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Tally {
    /// Rows.
    Rows,
    /// Rows in which the column at this place has a value.
    NonNull(usize),
    /// The sum of its values.
    Sum(usize),
    /// The least; what counts its values is at the second place.
    Least(usize, usize),
    /// The greatest.
    Greatest(usize, usize),
}

/// Which tallies a fold is made of: what counts its values, and the number itself.
struct Made<'a> {
    fold: &'a Fold,
    count: usize,
    value: Option<usize>,
}

/// Returns how many numbers are kept for each member and group.
pub(super) fn width(groups: &PerMember) -> usize {
    tallies(groups, &columns(groups)).map_or(0, |(tallies, _)| tallies.len())
}

fn columns(groups: &PerMember) -> Vec<&Scalar> {
    let arguments = groups.folds.iter().filter_map(Fold::argument);
    each_once(groups.keys.iter().chain(arguments))
}

fn tallies<'a>(
    groups: &'a PerMember,
    columns: &[&Scalar],
) -> Result<(Vec<Tally>, Vec<Made<'a>>), QueryError> {
    let mut tallies: Vec<Tally> = Vec::new();
    let mut position = |tally: Tally| {
        tallies.iter().position(|known| *known == tally).unwrap_or_else(|| {
            tallies.push(tally);
            tallies.len() - 1
        })
    };
    let mut made = Vec::with_capacity(groups.folds.len());
    for fold in &groups.folds {
        let place = match fold.argument() {
            None => None,
            // The unit column comes first.
            Some(argument) => {
                let place = columns.iter().position(|column| *column == argument);
                Some(place.ok_or(QueryError::Failed)? + 1)
            }
        };
        // What compares with what came before looks at the count before this row: it is tallied first.
        let (value, count) = match (fold, place) {
            (Fold::Rows, _) | (_, None) => (None, position(Tally::Rows)),
            (Fold::NonNull(_), Some(place)) => (None, position(Tally::NonNull(place))),
            (Fold::Sum(_) | Fold::Mean(_), Some(place)) => {
                let count = position(Tally::NonNull(place));
                (Some(position(Tally::Sum(place))), count)
            }
            (Fold::Least(_), Some(place)) => {
                let count = position(Tally::NonNull(place));
                (Some(position(Tally::Least(place, count))), count)
            }
            (Fold::Greatest(_), Some(place)) => {
                let count = position(Tally::NonNull(place));
                (Some(position(Tally::Greatest(place, count))), count)
            }
        };
        made.push(Made { fold, count, value });
    }
    Ok((tallies, made))
}

/// Reads the rows of a block and groups them.
pub(super) async fn group(
    groups: &PerMember,
    tables: &Tables<'_>,
    machine: &Machine,
    sampling: &Sampler,
    size: Size,
) -> Result<RecordBatch, QueryError> {
    let columns = columns(groups);
    let plan = tables.plan(&groups.block, &columns)?;
    let mut stream = machine.stream(plan).await?;
    let types: Vec<DataType> = groups.keys.iter().map(|key| arrow_type(key.logical())).collect();
    let converter = key_converter(&types)?;
    let (tallies, made) = tallies(groups, &columns)?;
    let domain = if groups.keys.is_empty() { KeyDomain::None } else { KeyDomain::Unknown };
    let before = size.used();
    let (costs, groups_max) = (costs(groups), groups.groups_max);
    let mut parts =
        Parts::new(Groups::new(&domain), tallies.len(), groups_max, sampling.clone(), costs, size);
    // What fails for rows of these types fails without rows as well.
    let nothing = RecordBatch::new_empty(stream.schema());
    absorb(&nothing, groups.keys.len(), &converter, &tallies, &mut parts)?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| sanitise(&error, &machine.limits))?;
        absorb(&batch, groups.keys.len(), &converter, &tallies, &mut parts)?;
    }
    written(groups, &made, &types, &converter, &parts, before)
}

fn absorb(
    batch: &RecordBatch,
    keys: usize,
    converter: &RowConverter,
    tallies: &[Tally],
    parts: &mut Parts,
) -> Result<(), QueryError> {
    let units = units(batch.columns().first().ok_or(QueryError::Failed)?.as_ref())?;
    let key_rows = if keys == 0 {
        None
    } else {
        let columns: Vec<ArrayRef> = batch.columns().iter().skip(1).take(keys).map(cell::shown).collect();
        Some(converter.convert_columns(&columns).map_err(|_| QueryError::Failed)?)
    };
    let values = tallies.iter().map(|tally| values(*tally, batch)).collect::<Result<Vec<_>, QueryError>>()?;
    let mut key_rows = key_rows.as_ref().map(Rows::iter);
    for (row, unit) in units.enumerate() {
        let key = key_rows.as_mut().and_then(Iterator::next).map_or([].as_slice(), |key| key.data());
        let Some(unit) = unit else { continue };
        let Some(part) = parts.place(unit, key, false)? else { continue };
        let sums = parts.sums_mut(part)?;
        // Last first: a count comes before what asks for it, and is asked for as it was before this row.
        for (index, (tally, values)) in tallies.iter().zip(&values).enumerate().rev() {
            let Some(value) = values.get(row).copied().flatten() else { continue };
            let first = match tally {
                Tally::Least(_, count) | Tally::Greatest(_, count) => sums.get(*count).copied() == Some(0),
                Tally::Rows | Tally::NonNull(_) | Tally::Sum(_) => false,
            };
            let Some(sum) = sums.get_mut(index) else { return Err(QueryError::Failed) };
            *sum = match tally {
                Tally::Rows | Tally::NonNull(_) | Tally::Sum(_) => sum.saturating_add(value),
                Tally::Least(..) | Tally::Greatest(..) if first => value,
                Tally::Least(..) => value.min(*sum),
                Tally::Greatest(..) => value.max(*sum),
            };
        }
    }
    Ok(())
}

/// Returns what each row of a batch counts for.
fn values(tally: Tally, batch: &RecordBatch) -> Result<Vec<Option<i64>>, QueryError> {
    let rows = batch.num_rows();
    let column = |place: usize| batch.columns().get(place).ok_or(QueryError::Failed);
    Ok(match tally {
        Tally::Rows => vec![Some(1); rows],
        Tally::NonNull(place) => {
            let array = column(place)?;
            (0..rows).map(|row| array.is_valid(row).then_some(1)).collect()
        }
        Tally::Sum(place) => {
            let held = |value: i64| value.clamp(-VALUE_MAX, VALUE_MAX);
            units_of(column(place)?)?.into_iter().map(|value| value.map(held)).collect()
        }
        Tally::Least(place, _) | Tally::Greatest(place, _) => units_of(column(place)?)?,
    })
}

/// Returns values as whole numbers of the last decimal that counts, day or microsecond.
fn units_of(array: &ArrayRef) -> Result<Vec<Option<i64>>, QueryError> {
    let decimals = match array.data_type() {
        DataType::Float64 => {
            let exact = |value| of_number(value, DECIMALS_MAX).map(narrow);
            let values = array.as_primitive::<Float64Type>().iter();
            return Ok(values.map(|value| value.and_then(exact)).collect());
        }
        DataType::Timestamp(..) => {
            return Ok(array.as_primitive::<TimestampMicrosecondType>().iter().collect());
        }
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    };
    let counted = |value| narrow(rescale(value, decimals, decimals.min(DECIMALS_MAX)));
    let values = fixed(array).ok_or(QueryError::Failed)?;
    Ok(values.map(|value| value.map(counted)).collect())
}

/// Writes the groups as one batch, and counts them in place of what they were made from.
fn written(
    groups: &PerMember,
    made: &[Made<'_>],
    types: &[DataType],
    converter: &RowConverter,
    parts: &Parts,
    before: u64,
) -> Result<RecordBatch, QueryError> {
    let mut bytes = 0_u64;
    for member in parts.members() {
        for (part, sums) in parts.parts_of(member?) {
            bytes = bytes.saturating_add(row_bytes(parts.key(part.group).len() + sums.len() * 8));
        }
    }
    parts.count(bytes)?;
    let mut rows: Vec<(u128, u32, Vec<i64>)> = Vec::new();
    for member in parts.members() {
        let member = member?;
        rows.extend(parts.parts_of(member).map(|(part, sums)| (member.unit, part.group, sums.to_vec())));
    }
    rows.sort_unstable_by(|one, other| (one.0, parts.key(one.1)).cmp(&(other.0, parts.key(other.1))));
    let units: BinaryViewArray = rows.iter().map(|(unit, ..)| Some(unit.to_be_bytes())).collect();
    let mut values = if types.is_empty() {
        Vec::new()
    } else {
        let parser = converter.parser();
        let keys = rows.iter().map(|(_, group, _)| parser.parse(parts.key(*group)));
        converter.convert_rows(keys).map_err(|_| QueryError::Failed)?
    };
    let mut named: Vec<(String, DataType)> = Vec::with_capacity(types.len() + made.len());
    for data_type in types {
        named.push((made_column(named.len()), data_type.clone()));
    }
    for one in made {
        let logical = fold_type(one.fold).0;
        let cells = rows.iter().map(|(_, _, sums)| value(one, sums));
        values.push(array_of(cells, logical)?);
        named.push((made_column(named.len()), arrow_type(logical)));
    }
    let table = batch_of(units, named.into_iter(), values)?;
    parts.count_back_to(before.saturating_add(bytes));
    debug_assert_eq!(table.num_columns(), 1 + groups.keys.len() + groups.folds.len());
    Ok(table)
}

/// Returns what a fold comes to.
fn value(made: &Made<'_>, sums: &[i64]) -> Option<i128> {
    let at = |index: usize| sums.get(index).copied().map(i128::from);
    let count = at(made.count)?;
    match (made.fold, made.value) {
        (Fold::Rows | Fold::NonNull(_), _) | (_, None) => Some(count),
        _ if count == 0 => None,
        (Fold::Mean(_), Some(sum)) => divide(rescale(at(sum)?, 0, MEAN_DECIMALS), count),
        (_, Some(index)) => at(index),
    }
}

fn array_of(values: impl Iterator<Item = Option<i128>>, logical: TypeOf) -> Result<ArrayRef, QueryError> {
    let narrow = |value: Option<i128>| value.and_then(|value| i64::try_from(value).ok());
    Ok(match logical {
        TypeOf::Integer => Arc::new(values.map(narrow).collect::<Int64Array>()),
        TypeOf::Decimal(precision, scale) => {
            let array: Decimal128Array = values.collect();
            Arc::new(array.with_precision_and_scale(precision, scale).map_err(|_| QueryError::Failed)?)
        }
        TypeOf::Date => {
            let day = |value: Option<i128>| value.and_then(|value| i32::try_from(value).ok());
            Arc::new(values.map(day).collect::<Date32Array>())
        }
        TypeOf::Timestamp => {
            Arc::new(values.map(narrow).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        _ => return Err(QueryError::Failed),
    })
}
