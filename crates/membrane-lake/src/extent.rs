//! What a table's log says of all its rows together: how many there are, and between which values they lie.
//!
//! It is the same however the rows are spread over files: a sum, a least and a greatest value. So whoever may see all rows
//! of a table learns nothing else from it, not where one file ends because of what lies in a column that is hidden.

use std::collections::HashMap;

use arrow::compute::kernels::cast_utils::Parser as _;
use arrow::datatypes::{DataType, Date32Type, Schema};
use serde_json::Value;

/// The extent of a table that is its files and nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extent {
    /// How many rows there are.
    pub rows: u64,
    /// The least and the greatest value of columns of integers, decimals (without their point) and dates (in days).
    pub ranges: HashMap<String, (i128, i128)>,
}

impl Extent {
    /// Reads the statistics of each file. None: one of them does not say how many rows it has.
    pub(crate) fn of_files(schema: &Schema, files: impl Iterator<Item = Option<String>>) -> Option<Self> {
        let mut rows: u64 = 0;
        let mut ranges: HashMap<String, Option<(i128, i128)>> = HashMap::new();
        for file in files {
            let file: Value = serde_json::from_str(&file?).ok()?;
            let file_rows = file.get("numRecords")?.as_u64()?;
            rows = rows.checked_add(file_rows)?;
            for field in schema.fields() {
                let name = field.name().as_str();
                let of = |part: &str| file.get(part).and_then(|part| part.get(name));
                if file_rows == 0 || of("nullCount").and_then(Value::as_u64) == Some(file_rows) {
                    continue;
                }
                let bound = |part| of(part).and_then(|value| number(value, field.data_type()));
                let found = bound("minValues").zip(bound("maxValues"));
                ranges
                    .entry(name.to_owned())
                    // A file that does not say could hold anything.
                    .and_modify(|range| {
                        *range = range
                            .zip(found)
                            .map(|((low, high), (least, greatest))| (low.min(least), high.max(greatest)));
                    })
                    .or_insert(found);
            }
        }
        let known = ranges.into_iter().filter_map(|(name, range)| Some((name, range?)));
        Some(Self { rows, ranges: known.collect() })
    }
}

fn number(value: &Value, data_type: &DataType) -> Option<i128> {
    match data_type {
        DataType::Int64 => value.as_i64().map(i128::from),
        DataType::Date32 => Date32Type::parse(value.as_str()?).map(i128::from),
        DataType::Decimal128(_, scale) => {
            let scaled = (value.as_f64()? * 10_f64.powi(i32::from(*scale))).round();
            // Below 2^100 nothing is lost that the log's own text had not lost before.
            #[expect(clippy::cast_possible_truncation, reason = "its size was looked at")]
            (scaled.abs() < 2_f64.powi(100)).then_some(scaled as i128)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
