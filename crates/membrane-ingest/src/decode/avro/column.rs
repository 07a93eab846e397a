//! One column of an Avro file, built row by row.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Decimal128Builder, Float32Builder, Float64Builder, Int32Builder, Int64Builder,
    StringBuilder, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use super::cursor::Cursor;
use super::schema::{AvroSchema, Kind};

/// Bytes of the widest decimal.
const DECIMAL_BYTES: usize = 16;

/// A column that is being built, by what its values are in the file.
pub(super) enum Building {
    Null(usize),
    Boolean(BooleanBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Text(StringBuilder),
    Decimal(Decimal128Builder),
}

impl Building {
    /// Starts a column of a type that [`AvroSchema::arrow`] gave and the contract can take.
    pub(super) fn new(arrow: &DataType) -> Option<Self> {
        Some(match arrow {
            DataType::Null => Self::Null(0),
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int32 | DataType::Date32 => Self::Int(Int32Builder::new()),
            DataType::Int64 | DataType::Timestamp(..) => Self::Long(Int64Builder::new()),
            DataType::Float32 => Self::Float(Float32Builder::new()),
            DataType::Float64 => Self::Double(Float64Builder::new()),
            DataType::Utf8 => Self::Text(StringBuilder::new()),
            DataType::Decimal128(..) => Self::Decimal(Decimal128Builder::new()),
            _ => return None,
        })
    }

    /// Reads the next value, and returns how many bytes of text it added; none when it is not what the schema says.
    pub(super) fn read(&mut self, schema: &AvroSchema, kind: usize, from: &mut Cursor<'_>) -> Option<usize> {
        let kind = match schema.kind(kind)? {
            Kind::Union(branches) => schema.kind(*branches.get(from.index()?)?)?,
            kind => kind,
        };
        match (self, kind) {
            (Self::Null(rows), Kind::Null) => *rows += 1,
            (to, Kind::Null) => to.append_null(),
            (Self::Boolean(to), Kind::Boolean) => to.append_value(from.boolean()?),
            (Self::Int(to), Kind::Int) => to.append_value(from.int()?),
            (Self::Long(to), Kind::Long) => to.append_value(from.long()?),
            (Self::Float(to), Kind::Float) => to.append_value(f32::from_le_bytes(from.array()?)),
            (Self::Double(to), Kind::Double) => to.append_value(f64::from_le_bytes(from.array()?)),
            (Self::Text(to), Kind::String) => {
                let text = std::str::from_utf8(from.bytes()?).ok()?;
                to.append_value(text);
                return Some(text.len());
            }
            (Self::Text(to), Kind::Enum(symbols)) => {
                let symbol = symbols.get(from.index()?)?;
                to.append_value(symbol);
                return Some(symbol.len());
            }
            (Self::Decimal(to), Kind::Bytes) => to.append_value(integer(from.bytes()?)?),
            (Self::Decimal(to), Kind::Fixed(size)) => to.append_value(integer(from.take(*size)?)?),
            _ => return None,
        }
        Some(0)
    }

    fn append_null(&mut self) {
        match self {
            Self::Null(rows) => *rows += 1,
            Self::Boolean(to) => to.append_null(),
            Self::Int(to) => to.append_null(),
            Self::Long(to) => to.append_null(),
            Self::Float(to) => to.append_null(),
            Self::Double(to) => to.append_null(),
            Self::Text(to) => to.append_null(),
            Self::Decimal(to) => to.append_null(),
        }
    }

    /// Returns the column and starts anew.
    pub(super) fn finish(&mut self, arrow: &DataType) -> Result<ArrayRef, ArrowError> {
        let array: ArrayRef = match self {
            Self::Null(rows) => new_null_array(&DataType::Null, std::mem::take(rows)),
            Self::Boolean(from) => Arc::new(from.finish()),
            Self::Int(from) => Arc::new(from.finish()),
            Self::Long(from) => Arc::new(from.finish()),
            Self::Float(from) => Arc::new(from.finish()),
            Self::Double(from) => Arc::new(from.finish()),
            Self::Text(from) => Arc::new(from.finish()),
            Self::Decimal(from) => {
                let DataType::Decimal128(precision, scale) = arrow else {
                    return Err(ArrowError::SchemaError("no decimal".to_owned()));
                };
                Arc::new(from.finish().with_precision_and_scale(*precision, *scale)?)
            }
        };
        // Dates and timestamps are numbers until here.
        if array.data_type() == arrow { Ok(array) } else { cast(&array, arrow) }
    }
}

/// Reads an integer of any width, the highest byte first.
fn integer(bytes: &[u8]) -> Option<i128> {
    let is_negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let filling = if is_negative { 0xff } else { 0 };
    let extra = bytes.len().saturating_sub(DECIMAL_BYTES);
    let (above, below) = bytes.split_at_checked(extra)?;
    let mut wide = [filling; DECIMAL_BYTES];
    for (to, from) in wide.iter_mut().rev().zip(below.iter().rev()) {
        *to = *from;
    }
    let value = i128::from_be_bytes(wide);
    let fits = above.iter().all(|byte| *byte == filling) && (value < 0) == is_negative;
    fits.then_some(value)
}
