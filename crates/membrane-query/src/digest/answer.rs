//! The digest of an answer.

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, FixedSizeListArray, GenericListArray, MapArray,
    OffsetSizeTrait, PrimitiveArray, StructArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Fields, SchemaRef, TimeUnit, ToByteSlice};
use arrow::downcast_primitive_array;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use sha2::{Digest as _, Sha256};

/// What an answer's digest begins with.
const LABEL: &[u8] = b"membrane-answer/1\0";

/// The digest of an answer, as far as it came.
///
/// Each column has a SHA-256 of its own, over its cells in order: a byte 1 for NULL, or a byte 0 and the cell. A number, a moment or a truth is written as
/// its bytes in Arrow, the least one first; a text or bytes as their length in eight bytes, the least one first, and themselves; a list as its length and its
/// cells; a struct as its fields, one after the other. The digest is SHA-256 over a label, the number of columns and of rows in eight bytes each, and of
/// each column its name and its type (as texts are written) and its SHA-256. A type has one name, however its values lie in memory.
#[derive(Debug, Clone)]
pub struct AnswerDigest {
    schema: SchemaRef,
    columns: Vec<Sha256>,
    rows: u64,
    /// Cells as they are hashed, kept to be used again.
    cells: Vec<u8>,
}

impl AnswerDigest {
    /// Begins the digest of an answer of these columns.
    #[must_use]
    pub fn new(schema: SchemaRef) -> Self {
        let columns = vec![Sha256::new(); schema.fields().len()];
        Self { schema, columns, rows: 0, cells: Vec::new() }
    }

    /// Takes rows in.
    ///
    /// # Errors
    /// [`ArrowError`] when a column has a type that cannot be hashed: one of unions or of runs.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        for (column, hash) in batch.columns().iter().zip(&mut self.columns) {
            self.cells.clear();
            write_cells(column, &mut self.cells)?;
            hash.update(&self.cells);
        }
        self.rows = self.rows.saturating_add(u64::try_from(batch.num_rows()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Returns the digest, as hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        let mut all = Sha256::new_with_prefix(LABEL);
        all.update(length(self.columns.len()));
        all.update(self.rows.to_le_bytes());
        for (field, column) in self.schema.fields().iter().zip(self.columns) {
            for word in [field.name(), &type_of(field.data_type())] {
                all.update(length(word.len()));
                all.update(word);
            }
            all.update(column.finalize());
        }
        hex::encode(all.finalize())
    }
}

fn length(count: usize) -> [u8; 8] {
    u64::try_from(count).unwrap_or(u64::MAX).to_le_bytes()
}

/// Names a type; names of fields stand with their lengths, so that none can be taken for a type.
fn type_of(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "bytes".to_owned()
        }
        DataType::Dictionary(_, values) => type_of(values),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("list({})", type_of(item.data_type()))
        }
        DataType::Map(entries, _) => format!("list({})", type_of(entries.data_type())),
        DataType::Struct(fields) => fields_of(fields),
        DataType::Timestamp(unit, zone) => {
            let zone = zone.as_deref().unwrap_or_default();
            format!("timestamp({},{}:{zone})", unit_of(*unit), zone.len())
        }
        DataType::Time32(unit) | DataType::Time64(unit) => format!("time({})", unit_of(*unit)),
        DataType::Duration(unit) => format!("duration({})", unit_of(*unit)),
        DataType::Interval(unit) => format!("interval({unit:?})"),
        DataType::Decimal32(_, scale) => format!("decimal32({scale})"),
        DataType::Decimal64(_, scale) => format!("decimal64({scale})"),
        DataType::Decimal128(_, scale) => format!("decimal128({scale})"),
        DataType::Decimal256(_, scale) => format!("decimal256({scale})"),
        // Truths, whole numbers, floats, days and NULL: one word each.
        plain => format!("{plain:?}").to_lowercase(),
    }
}

fn fields_of(fields: &Fields) -> String {
    let one = |name: &str, data_type| format!("{}:{name}:{}", name.len(), type_of(data_type));
    let all: Vec<String> = fields.iter().map(|field| one(field.name(), field.data_type())).collect();
    format!("struct({})", all.join(","))
}

const fn unit_of(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

fn write_cells(column: &ArrayRef, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    let array: &dyn Array = column.as_ref();
    downcast_primitive_array!(
        array => write_numbers(array, out),
        DataType::Boolean => {
            for cell in array.as_boolean() {
                match cell {
                    Some(cell) => out.extend([0, u8::from(cell)]),
                    None => out.push(1),
                }
            }
        }
        DataType::Null => out.resize(out.len() + array.len(), 1),
        DataType::Utf8 => array.as_string::<i32>().iter().for_each(|cell| write_bytes(cell.map(str::as_bytes), out)),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().for_each(|cell| write_bytes(cell.map(str::as_bytes), out)),
        DataType::Utf8View => array.as_string_view().iter().for_each(|cell| write_bytes(cell.map(str::as_bytes), out)),
        DataType::Binary => array.as_binary::<i32>().iter().for_each(|cell| write_bytes(cell, out)),
        DataType::LargeBinary => array.as_binary::<i64>().iter().for_each(|cell| write_bytes(cell, out)),
        DataType::BinaryView => array.as_binary_view().iter().for_each(|cell| write_bytes(cell, out)),
        DataType::FixedSizeBinary(_) => {
            array.as_fixed_size_binary().iter().for_each(|cell| write_bytes(cell, out));
        }
        DataType::Dictionary(_, values) => write_cells(&cast(column, values)?, out)?,
        DataType::List(_) => write_lists(array.as_list::<i32>(), out)?,
        DataType::LargeList(_) => write_lists(array.as_list::<i64>(), out)?,
        DataType::FixedSizeList(_, _) => write_fixed_lists(array.as_fixed_size_list(), out)?,
        DataType::Map(_, _) => write_maps(array.as_map(), out)?,
        DataType::Struct(_) => write_structs(array.as_struct(), out)?,
        _ => return Err(ArrowError::NotYetImplemented("a type that cannot be hashed".to_owned())),
    );
    Ok(())
}

fn write_numbers<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, out: &mut Vec<u8>) {
    for cell in array {
        match cell {
            Some(cell) => {
                out.push(0);
                out.extend_from_slice(cell.to_byte_slice());
            }
            None => out.push(1),
        }
    }
}

fn write_bytes(cell: Option<&[u8]>, out: &mut Vec<u8>) {
    match cell {
        Some(cell) => {
            out.push(0);
            out.extend_from_slice(&length(cell.len()));
            out.extend_from_slice(cell);
        }
        None => out.push(1),
    }
}

fn write_list(cells: Option<ArrayRef>, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    let Some(cells) = cells else {
        out.push(1);
        return Ok(());
    };
    out.push(0);
    out.extend_from_slice(&length(cells.len()));
    write_cells(&cells, out)
}

fn write_lists<O: OffsetSizeTrait>(lists: &GenericListArray<O>, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    lists.iter().try_for_each(|cells| write_list(cells, out))
}

fn write_fixed_lists(lists: &FixedSizeListArray, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    lists.iter().try_for_each(|cells| write_list(cells, out))
}

fn write_maps(maps: &MapArray, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    maps.iter().try_for_each(|entries| {
        write_list(entries.map(|entries| -> ArrayRef { std::sync::Arc::new(entries) }), out)
    })
}

/// Row by row: in which batches rows came must not matter.
fn write_structs(structs: &StructArray, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    for row in 0..structs.len() {
        out.push(u8::from(structs.is_null(row)));
        if structs.is_valid(row) {
            structs.columns().iter().try_for_each(|field| write_cells(&field.slice(row, 1), out))?;
        }
    }
    Ok(())
}
