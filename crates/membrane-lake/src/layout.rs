//! How a dataset lies in its table: the Arrow schema, the Delta schema and how files are written.
//!
//! | stored kind | Arrow | Delta |
//! | --- | --- | --- |
//! | value, string | `Utf8` | `string` |
//! | value, integer | `Int64` | `long` |
//! | value, number | `Float64` | `double` |
//! | value, decimal(p,s) | `Decimal128(p,s)` | `decimal(p,s)` |
//! | value, boolean | `Boolean` | `boolean` |
//! | value, date | `Date32` | `date` |
//! | value, timestamp | `Timestamp(us, UTC)` | `timestamp` |
//! | token, sealed, subject | `Binary` | `binary` |

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use deltalake::kernel::{DataType as DeltaType, PrimitiveType, StructField};
use deltalake::table::state::DeltaTableState;
use membrane_catalog::{Dataset, StoredColumn, StoredKind};
use membrane_model::LogicalType;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

/// Rows in a row group: small enough to skip, large enough to encode well.
const ROW_GROUP_ROWS: usize = 128 << 10;
/// Bytes that a row group may hold in memory before it is written, for tables with wide rows.
const ROW_GROUP_BYTES: usize = 32 << 20;
/// Bytes of the dictionary of a column of text; one of which more values differ has none.
const DICTIONARY_BYTES: usize = 256 << 10;
/// The same of a column of pseudonyms. They tell nothing but who is the same: where a few say so again and again, in a
/// delivery that is grouped, this is room for 3,000 of them; where they come in no order, a dictionary is work for nothing.
const PSEUDONYM_DICTIONARY_BYTES: usize = 64 << 10;
/// Decimal digits up to which the Delta library's statistics, which pass through `f64`, stay exact.
const EXACT_DIGITS_MAX: u8 = 15;

/// The table property that names the columns with statistics.
pub(crate) const STATISTICS: &str = "delta.dataSkippingStatsColumns";
/// The table property that says that there are none.
pub(crate) const NO_STATISTICS: &str = "delta.dataSkippingNumIndexedCols";

/// Returns the Arrow schema of a dataset's stored table.
#[must_use]
pub fn stored_schema(dataset: &Dataset) -> Schema {
    arrow_schema(&dataset.stored_columns())
}

/// Returns the Arrow schema of every quarantine table.
///
/// `_run` and `position` say which delivery and which record; `reasons` holds codes and column names
/// only; `row__sealed` holds the record, under the subject's key when `_subject` says whose it is and
/// under the vault's quarantine key when not.
#[must_use]
pub fn quarantine_schema() -> Schema {
    arrow_schema(&quarantine_columns())
}

pub(crate) fn arrow_schema(columns: &[StoredColumn]) -> Schema {
    let field = |column: &StoredColumn| Field::new(&column.name, arrow_type(column.kind), column.nullable);
    Schema::new(columns.iter().map(field).collect::<Vec<_>>())
}

fn arrow_type(kind: StoredKind) -> DataType {
    match kind {
        StoredKind::Token | StoredKind::Sealed | StoredKind::Subject => DataType::Binary,
        StoredKind::Value(logical) => match logical {
            LogicalType::String => DataType::Utf8,
            LogicalType::Integer => DataType::Int64,
            LogicalType::Number => DataType::Float64,
            LogicalType::Decimal { precision, scale } => DataType::Decimal128(precision, scale),
            LogicalType::Boolean => DataType::Boolean,
            LogicalType::Date => DataType::Date32,
            LogicalType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
        },
    }
}

/// Returns the Delta schema that belongs to an Arrow schema of this module, or the name of the column
/// that has none.
pub(crate) fn delta_fields(schema: &Schema) -> Result<Vec<StructField>, String> {
    let field = |field: &Arc<Field>| {
        let delta = delta_type(field.data_type()).ok_or_else(|| field.name().clone())?;
        Ok(StructField::new(field.name().clone(), delta, field.is_nullable()))
    };
    schema.fields().iter().map(field).collect()
}

fn delta_type(arrow: &DataType) -> Option<DeltaType> {
    Some(match arrow {
        DataType::Utf8 => DeltaType::STRING,
        DataType::Int64 => DeltaType::LONG,
        DataType::Float64 => DeltaType::DOUBLE,
        DataType::Boolean => DeltaType::BOOLEAN,
        DataType::Date32 => DeltaType::DATE,
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => DeltaType::TIMESTAMP,
        DataType::Binary => DeltaType::BINARY,
        DataType::Decimal128(precision, scale) => {
            let scale = u8::try_from(*scale).ok()?;
            DeltaType::Primitive(PrimitiveType::decimal(*precision, scale).ok()?)
        }
        _ => return None,
    })
}

/// How a table's schema stands to that of a contract.
#[derive(Debug, PartialEq)]
pub(crate) enum Fit {
    /// Rows of the contract can be added as it is.
    Fits,
    /// They can once it has these columns: the table's own, in their order, and those that are new behind them.
    Grows(Vec<StructField>),
    /// They never can; says why, with names and types only.
    Differs(String),
}

/// Compares a table's schema with that of a contract. A column that is new grows at the end if rows need not have a value in it: those
/// that are there have none. A column in which rows had to have a value may become one in which they need not. The order of columns
/// is the table's: data files, and whoever reads them, find columns by name.
pub(crate) fn fit<'a>(expected: &[StructField], stored: impl Iterator<Item = &'a StructField>) -> Fit {
    let stored: Vec<&StructField> = stored.collect();
    let mut differences = Vec::new();
    let mut grown: Vec<StructField> = stored.iter().map(|field| (*field).clone()).collect();
    let mut grows = false;
    for field in expected {
        let name = field.name();
        match grown.iter_mut().find(|other| other.name() == name) {
            None if field.is_nullable() => {
                grown.push(field.clone());
                grows = true;
            }
            None => differences
                .push(format!("the table has no column `{name}`, and rows must have a value in it")),
            Some(other) if other.data_type() != field.data_type() => differences.push(format!(
                "column `{name}` is {} in the table and {} in the contract",
                other.data_type(),
                field.data_type()
            )),
            Some(other) if other.is_nullable() && !field.is_nullable() => differences
                .push(format!("column `{name}` is optional in the table and required in the contract")),
            Some(other) if other.is_nullable() != field.is_nullable() => {
                *other = field.clone();
                grows = true;
            }
            Some(_) => {}
        }
    }
    for other in &stored {
        if !expected.iter().any(|field| field.name() == other.name()) {
            differences.push(format!("the contract stores no column `{}`", other.name()));
        }
    }
    match (differences.is_empty(), grows) {
        (false, _) => Fit::Differs(differences.join("; ")),
        (true, true) => Fit::Grows(grown),
        (true, false) => Fit::Fits,
    }
}

/// Tells whether a table is its files and nothing else: no rows of theirs are marked as deleted, no columns have other names, and
/// none stands in the paths. That is what every reader of Delta knows, and what this crate writes.
pub(crate) fn is_plain(state: &DeltaTableState) -> bool {
    state.protocol().min_reader_version() == 1 && state.metadata().partition_columns().is_empty()
}

/// Returns the stored columns of a contract that a table does not have yet, as a scan of the table would have them: text and binary as
/// views. None is among them in which rows must have a value.
pub(crate) fn absent(dataset: &Dataset, table: &Schema) -> Vec<Field> {
    let missing = dataset.stored_columns().into_iter();
    let missing = missing.filter(|column| column.nullable && table.index_of(&column.name).is_err());
    missing
        .map(|column| {
            let as_read = match arrow_type(column.kind) {
                DataType::Utf8 => DataType::Utf8View,
                DataType::Binary => DataType::BinaryView,
                other => other,
            };
            Field::new(column.name, as_read, true)
        })
        .collect()
}

/// Returns the columns whose least and greatest values may be written down.
pub(crate) fn statistics_columns(columns: &[StoredColumn]) -> Vec<String> {
    columns.iter().filter(|column| has_statistics(column)).map(|column| column.name.clone()).collect()
}

fn has_statistics(column: &StoredColumn) -> bool {
    let exact = !matches!(
        column.kind,
        StoredKind::Value(LogicalType::Decimal { precision, .. }) if precision > EXACT_DIGITS_MAX
    );
    column.statistics && exact
}

/// Returns the table properties that keep other writers from collecting more statistics.
pub(crate) fn table_properties(statistics: &[String]) -> Vec<(&'static str, Option<String>)> {
    if statistics.is_empty() {
        // An empty list of names is not portable; no column of the first none is.
        vec![(NO_STATISTICS, Some("0".to_owned()))]
    } else {
        vec![(STATISTICS, Some(statistics.join(",")))]
    }
}

/// Returns how data files are written.
///
/// PRIVACY: statistics are off unless named: footers would else keep the least and greatest cell.
pub(crate) fn writer_properties(columns: &[StoredColumn], statistics: &[String]) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_created_by("membrane".to_owned())
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_statistics_enabled(EnabledStatistics::None);
    for name in statistics {
        // Of each column of a row group; those of pages would cost time and be read by hardly anybody.
        builder = builder.set_column_statistics_enabled(path(name), EnabledStatistics::Chunk);
    }
    for column in columns {
        if matches!(column.kind, StoredKind::Token | StoredKind::Subject) {
            builder =
                builder.set_column_dictionary_page_size_limit(path(&column.name), PSEUDONYM_DICTIONARY_BYTES);
        }
    }
    for column in columns.iter().filter(|column| column.kind == StoredKind::Sealed) {
        // Ciphertext neither repeats nor compresses: trying costs time and saves nothing.
        builder = builder
            .set_column_dictionary_enabled(path(&column.name), false)
            .set_column_compression(path(&column.name), Compression::UNCOMPRESSED);
    }
    builder.build()
}

/// A column name is one path part, whatever letters it has.
fn path(name: &str) -> ColumnPath {
    ColumnPath::new(vec![name.to_owned()])
}

/// Returns the stored columns of a quarantine table.
pub(crate) fn quarantine_columns() -> Vec<StoredColumn> {
    let column = |name: &str, kind, nullable| StoredColumn {
        name: name.to_owned(),
        of: None,
        kind,
        nullable,
        statistics: false,
    };
    vec![
        column("_run", StoredKind::Value(LogicalType::String), false),
        column("position", StoredKind::Value(LogicalType::Integer), false),
        column("reasons", StoredKind::Value(LogicalType::String), false),
        column("_subject", StoredKind::Subject, true),
        column("row__sealed", StoredKind::Sealed, false),
    ]
}

#[cfg(test)]
mod tests;
