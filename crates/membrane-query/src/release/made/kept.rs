//! Rows kept of each member: those that rank lowest by a keyed hash of the member and the row, or its key.
//!
//! Counters keep the earliest rows of each member instead.
//!
//! Rows that are alike rank alike, and which of them is kept makes no difference; so what is kept does not depend on
//! the order in which rows come.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BinaryViewArray, PrimitiveArray, RecordBatch,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema};
use datafusion::arrow::row::{RowConverter, Rows};
use futures::StreamExt as _;
use membrane_model::ColumnName;
use membrane_vault::Sampler;

use super::{KEPT_MEMBER_BYTES, ROW_BYTES_MAX, kept_bytes};
use crate::QueryError;
use crate::release::counter::place_of;
use crate::release::exact::{Size, key_converter, units};
use crate::release::execution::Machine;
use crate::release::question::{Block, ColumnRef, Kept, Scalar};
use crate::release::rows::Tables;
use crate::rules::SUBJECT_COLUMN;
use crate::sanitise::sanitise;

/// What tells the kept rows of a member apart: a rank, the bytes that are ranked, and a number where rows are alike.
type Place = (u64, Arc<[u8]>, u32);

/// The kept rows of one member, as bytes.
type Held = BTreeMap<Place, Arc<[u8]>>;

/// Which rows are kept.
struct Keeper<'a> {
    rows_max: usize,
    /// The positions of the key's columns, where there is one.
    key: Option<(Vec<usize>, RowConverter)>,
    /// The position of the column whose earliest rows are kept, where there is one.
    earliest: Option<usize>,
    rows: RowConverter,
    sampling: &'a Sampler,
    members: HashMap<u128, Held>,
    columns: usize,
}

/// Reads a table and keeps rows of it.
pub(super) async fn keep(
    kept: &Kept,
    tables: &Tables<'_>,
    machine: &Machine,
    sampling: &Sampler,
    size: &Size,
) -> Result<RecordBatch, QueryError> {
    let block = Block { source: kept.of, joins: Vec::new(), conditions: kept.conditions.clone() };
    let columns: Vec<Scalar> = kept.columns.iter().cloned().map(Scalar::Column).collect();
    let names = kept.columns.iter().map(|column| column.column.to_string());
    let plan = tables.plan_as(&block, columns.iter().zip(names))?;
    let mut stream = machine.stream(plan).await?;
    let schema = stream.schema();
    let types: Vec<DataType> =
        schema.fields().iter().skip(1).map(|field| field.data_type().clone()).collect();
    let mut keeper = Keeper {
        rows_max: usize::try_from(kept.rows_max).unwrap_or(usize::MAX),
        key: key_of(kept, &types)?,
        earliest: place_of(kept)?,
        rows: key_converter(&types)?,
        sampling,
        members: HashMap::new(),
        columns: kept.columns.len(),
    };
    // What fails for rows of these types fails without rows as well.
    keeper.absorb(&RecordBatch::new_empty(stream.schema()), size)?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| sanitise(&error, &machine.limits))?;
        keeper.absorb(&batch, size)?;
    }
    written(&keeper.members, &keeper.rows, kept.columns.as_slice(), &types)
}

fn key_of(kept: &Kept, types: &[DataType]) -> Result<Option<(Vec<usize>, RowConverter)>, QueryError> {
    if kept.key.is_empty() {
        return Ok(None);
    }
    let place = |name: &ColumnName| kept.columns.iter().position(|column| column.column == *name);
    let places: Option<Vec<usize>> = kept.key.iter().map(place).collect();
    let places = places.ok_or(QueryError::Failed)?;
    let types: Vec<DataType> = places.iter().filter_map(|place| types.get(*place).cloned()).collect();
    Ok(Some((places, key_converter(&types)?)))
}

impl Keeper<'_> {
    fn absorb(&mut self, batch: &RecordBatch, size: &Size) -> Result<(), QueryError> {
        let (unit, columns) = batch.columns().split_first().ok_or(QueryError::Failed)?;
        let units = units(unit.as_ref())?;
        let rows = bytes_of(&self.rows, columns)?;
        let keys = match &self.key {
            None => None,
            Some((places, converter)) => {
                let columns =
                    places.iter().map(|place| columns.get(*place).cloned().ok_or(QueryError::Failed));
                bytes_of(converter, &columns.collect::<Result<Vec<_>, QueryError>>()?)?
            }
        };
        let moments = match self.earliest {
            None => None,
            Some(place) => Some(moments(columns.get(place).ok_or(QueryError::Failed)?)?),
        };
        for (index, unit) in units.enumerate() {
            let Some(unit) = unit else { continue };
            let row = rows.as_ref().map(|rows| rows.row(index));
            let row: &[u8] = row.as_ref().map_or(&[], |row| row.data());
            if row.len() <= ROW_BYTES_MAX {
                let key = keys.as_ref().map(|keys| keys.row(index));
                let moment = moments.as_ref().map(|moments| order_of(moments, index));
                self.offer((unit, moment), row, key.as_ref().map(|key| key.data()), size)?;
            }
        }
        Ok(())
    }

    /// Keeps a row, if it is to be kept, and lets another one go, if it must.
    fn offer(
        &mut self,
        (unit, moment): (u128, Option<u64>),
        row: &[u8],
        key: Option<&[u8]>,
        size: &Size,
    ) -> Result<(), QueryError> {
        let columns = self.columns;
        let bytes = |row: usize| kept_bytes(row, columns);
        let held = match self.members.entry(unit) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                size.grow(KEPT_MEMBER_BYTES)?;
                new.insert(Held::new())
            }
        };
        let whole: Arc<[u8]> = Arc::from(row);
        let ranked: Arc<[u8]> = key.map_or_else(|| Arc::clone(&whole), Arc::from);
        let hash = self.sampling.rank(unit, &ranked);
        let (rank, ranked) = match moment {
            None => (hash, ranked),
            // Of rows of one moment those come first that rank lowest.
            Some(moment) => (moment, Arc::from([hash.to_be_bytes().as_slice(), &ranked].concat())),
        };
        let first = (rank, Arc::clone(&ranked), 0);
        let number = match key {
            // Of rows with one key the one that sorts first stands for all.
            Some(_) => {
                if let Some(known) = held.get_mut(&first) {
                    if row < known.as_ref() {
                        size.shrink(bytes(known.len()));
                        size.grow(bytes(row.len()))?;
                        *known = whole;
                    }
                    return Ok(());
                }
                0
            }
            // Rows that are alike are numbered: as many of them are kept as there are, while there is room.
            None => {
                let last = (rank, Arc::clone(&ranked), u32::MAX);
                u32::try_from(held.range(first..=last).count()).unwrap_or(u32::MAX)
            }
        };
        let place = (rank, ranked, number);
        let is_full = held.len() >= self.rows_max;
        if is_full && held.last_key_value().is_none_or(|(last, _)| place >= *last) {
            return Ok(());
        }
        // One goes before the other comes: a member never counts for more rows than it may hold.
        if is_full && let Some((_, let_go)) = held.pop_last() {
            size.shrink(bytes(let_go.len()));
        }
        size.grow(bytes(row.len()))?;
        held.insert(place, whole);
        Ok(())
    }
}

/// Returns the moments of rows as numbers that grow with them.
fn moments(column: &ArrayRef) -> Result<PrimitiveArray<Int64Type>, QueryError> {
    let numbers = cast(column, &DataType::Int64).map_err(|_| QueryError::Failed)?;
    numbers.as_primitive_opt::<Int64Type>().cloned().ok_or(QueryError::Failed)
}

/// Returns a moment as it sorts; a row without one comes last.
fn order_of(moments: &PrimitiveArray<Int64Type>, index: usize) -> u64 {
    if moments.is_valid(index) { moments.value(index).cast_unsigned() ^ (1 << 63) } else { u64::MAX }
}

fn bytes_of(converter: &RowConverter, columns: &[ArrayRef]) -> Result<Option<Rows>, QueryError> {
    if columns.is_empty() {
        return Ok(None);
    }
    converter.convert_columns(columns).map(Some).map_err(|_| QueryError::Failed)
}

/// Writes what was kept as one batch, in the order of members and ranks.
fn written(
    members: &HashMap<u128, Held>,
    converter: &RowConverter,
    columns: &[ColumnRef],
    types: &[DataType],
) -> Result<RecordBatch, QueryError> {
    let mut order: Vec<(&u128, &Held)> = members.iter().collect();
    order.sort_unstable_by_key(|(unit, _)| **unit);
    let rows = || order.iter().flat_map(|(unit, rows)| rows.values().map(move |row| (**unit, row)));
    let units: BinaryViewArray = rows().map(|(unit, _)| Some(unit.to_be_bytes())).collect();
    let parser = converter.parser();
    let values = if columns.is_empty() {
        Vec::new()
    } else {
        let parsed = rows().map(|(_, row)| parser.parse(row));
        converter.convert_rows(parsed).map_err(|_| QueryError::Failed)?
    };
    let named =
        columns.iter().zip(types).map(|(column, data_type)| (column.column.to_string(), data_type.clone()));
    batch_of(units, named, values)
}

/// Puts a table together: the unit, then columns by name.
pub(super) fn batch_of(
    units: BinaryViewArray,
    named: impl Iterator<Item = (String, DataType)>,
    values: Vec<ArrayRef>,
) -> Result<RecordBatch, QueryError> {
    let mut fields = vec![Field::new(SUBJECT_COLUMN, DataType::BinaryView, false)];
    fields.extend(named.map(|(name, data_type)| Field::new(name, data_type, true)));
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(units)];
    arrays.extend(values);
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(|_| QueryError::Failed)
}
