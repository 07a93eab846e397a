//! Rebuilds arrays so that they hold the bytes of their own rows and no others.
//!
//! An Arrow array is a window on buffers that it may share: a filtered string view keeps the text of the
//! rows that were filtered out, a dictionary keeps every value of its batch, a null slot keeps the value that
//! was there before. All of it goes on the wire with the array. What leaves a scan that dropped rows is
//! therefore appended, row by row, into fresh buffers.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryViewBuilder, BooleanArray, BooleanBufferBuilder,
    PrimitiveArray, StringViewArray, StringViewBuilder, downcast_primitive,
};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use membrane_model::LogicalType;

use crate::fault::ScanFault;
use crate::rules::arrow_type;

/// Longest text that lies in the view itself (Arrow's format).
const INLINE_BYTES_MAX: u32 = 12;

/// Returns an array of stored values in the type in which it is shown, clean.
///
/// `rows_dropped` says whether the scan may have dropped rows. When it did not, every row of the stored
/// column is one that the principal may see.
pub(crate) fn clean(
    array: &ArrayRef,
    logical: LogicalType,
    rows_dropped: bool,
) -> Result<ArrayRef, ScanFault> {
    let target = arrow_type(logical);
    if !rows_dropped && *array.data_type() == target {
        // PRIVACY: no row rule and level clear: whatever lies in these buffers beside this batch's rows is
        // a value of the same column in another row, and the principal may ask for that row too. The filters
        // that went down to the inner scan are the principal's own. So nothing is rebuilt.
        return Ok(Arc::clone(array));
    }
    match logical {
        LogicalType::String => text(array),
        LogicalType::Integer => primitive::<Int64Type>(array),
        LogicalType::Number => primitive::<Float64Type>(array),
        LogicalType::Decimal { .. } if *array.data_type() == target => primitive::<Decimal128Type>(array),
        LogicalType::Boolean => boolean(array),
        LogicalType::Date => primitive::<Date32Type>(array),
        LogicalType::Timestamp if is_utc_micros(array.data_type()) => {
            let clean = primitive::<TimestampMicrosecondType>(array)?;
            let array = clean.as_primitive::<TimestampMicrosecondType>().clone();
            Ok(Arc::new(array.with_timezone("UTC")))
        }
        LogicalType::Decimal { .. } | LogicalType::Timestamp => Err(ScanFault::Shape),
    }
}

/// Returns the ids of subjects, clean, as they are shown to releases only.
pub(crate) fn subjects(array: &ArrayRef) -> Result<ArrayRef, ScanFault> {
    let mut builder = BinaryViewBuilder::with_capacity(array.len());
    match array.data_type() {
        DataType::BinaryView => array.as_binary_view().iter().for_each(|id| builder.append_option(id)),
        DataType::Binary => array.as_binary::<i32>().iter().for_each(|id| builder.append_option(id)),
        _ => return Err(ScanFault::Shape),
    }
    Ok(Arc::new(builder.finish()))
}

/// Returns an array of any plain type with zero in each slot under a null.
pub(crate) fn zero_under_nulls(array: &ArrayRef) -> Result<ArrayRef, ScanFault> {
    macro_rules! zeroed {
        ($type:ty) => {
            primitive::<$type>(array)
        };
    }
    downcast_primitive! {
        array.data_type() => (zeroed),
        DataType::Boolean => boolean(array),
        _ => Ok(Arc::clone(array)),
    }
}

/// Tells whether a type is that of instants, by whichever name UTC goes.
pub(crate) fn is_utc_micros(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if matches!(zone.as_ref(), "UTC" | "+00:00"))
}

fn primitive<T: ArrowPrimitiveType>(array: &ArrayRef) -> Result<ArrayRef, ScanFault> {
    let array = array.as_primitive_opt::<T>().ok_or(ScanFault::Shape)?;
    let data_type = array.data_type().clone();
    // Each slot is the value of a row of this array: fixed width leaves no room for others.
    let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) else {
        let values = PrimitiveArray::<T>::try_new(array.values().clone(), None)?;
        return Ok(Arc::new(values.with_data_type(data_type)));
    };
    // A slot under a null is written as zero.
    let mut values = array.values().to_vec();
    let mut done = 0;
    for (start, end) in nulls.valid_slices() {
        zero(&mut values, done, start);
        done = end;
    }
    let rows = values.len();
    zero(&mut values, done, rows);
    let clean = PrimitiveArray::<T>::try_new(values.into(), Some(own_bits(nulls)))?;
    Ok(Arc::new(clean.with_data_type(data_type)))
}

fn zero<V: Default + Clone>(values: &mut [V], start: usize, end: usize) {
    if let Some(gap) = values.get_mut(start..end) {
        gap.fill(V::default());
    }
}

fn boolean(array: &ArrayRef) -> Result<ArrayRef, ScanFault> {
    let array = array.as_boolean_opt().ok_or(ScanFault::Shape)?;
    let clean = match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => BooleanArray::new(own(array.values()), None),
        // A bit under a null is written as zero.
        Some(nulls) => BooleanArray::new(own(&(array.values() & nulls.inner())), Some(own_bits(nulls))),
    };
    Ok(Arc::new(clean))
}

/// Copies bits: a slice of them shares its first and last byte with its neighbours.
fn own(bits: &BooleanBuffer) -> BooleanBuffer {
    let mut builder = BooleanBufferBuilder::new(bits.len());
    builder.append_buffer(bits);
    builder.finish()
}

fn own_bits(nulls: &NullBuffer) -> NullBuffer {
    NullBuffer::new(own(nulls.inner()))
}

fn text(array: &ArrayRef) -> Result<ArrayRef, ScanFault> {
    match array.data_type() {
        DataType::Utf8View => view(array.as_string_view()),
        DataType::Utf8 => {
            let mut builder = StringViewBuilder::with_capacity(array.len());
            array.as_string::<i32>().iter().for_each(|text| builder.append_option(text));
            Ok(Arc::new(builder.finish()))
        }
        _ => Err(ScanFault::Shape),
    }
}

fn view(array: &StringViewArray) -> Result<ArrayRef, ScanFault> {
    if array.null_count() == 0 {
        // Every view is a row of this array; `gc` copies the long texts that they point to, and no others.
        return Ok(Arc::new(array.gc()));
    }
    // `gc` would keep the views under nulls, short texts and all.
    let long_bytes: u64 = array.lengths().filter(|length| *length > INLINE_BYTES_MAX).map(u64::from).sum();
    let block = u32::try_from(long_bytes.max(1)).unwrap_or(u32::MAX);
    let mut builder = StringViewBuilder::with_capacity(array.len()).with_fixed_block_size(block);
    array.iter().for_each(|text| builder.append_option(text));
    Ok(Arc::new(builder.finish()))
}

#[cfg(test)]
mod tests;
