//! The stored layout is a golden list: changing it breaks tables that exist.

use membrane_model::{Generalisation, Protection};

use super::*;
use crate::fixture::{column, members};

fn describe(schema: &Schema) -> Vec<String> {
    let field = |field: &Arc<Field>| {
        let optional = if field.is_nullable() { " optional" } else { "" };
        format!("{}: {}{optional}", field.name(), field.data_type())
    };
    schema.fields().iter().map(field).collect()
}

#[test]
fn every_type_and_protection_has_its_layout() {
    let mut dataset = Dataset::clone(&members());
    let clear = |name, logical| column(name, logical, "business", Protection::Clear);
    dataset.columns.extend([
        column("device", LogicalType::String, "pii.device", Protection::Token),
        clear("items", LogicalType::Integer),
        clear("score", LogicalType::Number),
        clear("consent", LogicalType::Boolean),
        clear("joined_on", LogicalType::Date),
        clear("seen_at", LogicalType::Timestamp),
        clear("huge", LogicalType::Decimal { precision: 38, scale: 2 }),
        column(
            "birth_date",
            LogicalType::Date,
            "pii.birth_date",
            Protection::Generalise(Generalisation::Year),
        ),
        column("fax", LogicalType::String, "pii.phone", Protection::Drop),
    ]);
    let golden = [
        "_subject: Binary",
        "member_no__token: Binary",
        "member_no__sealed: Binary",
        "phone__sealed: Binary optional",
        "amount: Decimal128(12, 2) optional",
        "region: Utf8 optional",
        "device__token: Binary optional",
        "items: Int64 optional",
        "score: Float64 optional",
        "consent: Boolean optional",
        "joined_on: Date32 optional",
        "seen_at: Timestamp(µs, \"UTC\") optional",
        "huge: Decimal128(38, 2) optional",
        "birth_date: Date32 optional",
    ];
    assert_eq!(describe(&stored_schema(&dataset)), golden);
    let statistics = statistics_columns(&dataset.stored_columns());
    let named = ["amount", "region", "items", "score", "consent", "joined_on", "seen_at"];
    assert_eq!(
        statistics, named,
        "protected columns have no statistics, coarser ones neither, nor an inexact one"
    );
    let delta = delta_fields(&stored_schema(&dataset)).unwrap();
    let types: Vec<String> = delta.iter().map(|field| field.data_type().to_string()).collect();
    assert_eq!(
        types.join(" "),
        "binary binary binary binary decimal(12,2) string binary long double boolean date timestamp \
         decimal(38,2) date"
    );
}

#[test]
fn quarantine_has_its_layout() {
    let golden = [
        "_run: Utf8",
        "position: Int64",
        "reasons: Utf8",
        "_subject: Binary optional",
        "row__sealed: Binary",
    ];
    assert_eq!(describe(&quarantine_schema()), golden);
    assert_eq!(statistics_columns(&quarantine_columns()), Vec::<String>::new());
}

#[test]
fn no_statistics_means_none() {
    assert_eq!(table_properties(&[]), [("delta.dataSkippingNumIndexedCols", Some("0".to_owned()))]);
    let named = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(table_properties(&named), [("delta.dataSkippingStatsColumns", Some("a,b".to_owned()))]);
}

#[test]
fn differences_are_told_by_name() {
    let schema = stored_schema(&members());
    let expected = delta_fields(&schema).unwrap();
    assert_eq!(fit(&expected, expected.iter()), Fit::Fits);

    let other = Schema::new(vec![
        Field::new("_subject", DataType::Binary, true),
        Field::new("amount", DataType::Int64, true),
        Field::new("city", DataType::Utf8, true),
    ]);
    let stored = delta_fields(&other).unwrap();
    let Fit::Differs(told) = fit(&expected, stored.iter()) else { panic!("they differ") };
    for part in [
        "column `_subject` is optional in the table and required in the contract",
        "the table has no column `member_no__token`, and rows must have a value in it",
        "column `amount` is long in the table and decimal(12,2) in the contract",
        "the contract stores no column `city`",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let reversed: Vec<StructField> = expected.iter().rev().cloned().collect();
    assert_eq!(fit(&expected, reversed.iter()), Fit::Fits, "columns are found by name");
}

#[test]
fn a_table_grows_by_what_rows_need_not_have() {
    let expected = delta_fields(&stored_schema(&members())).unwrap();
    let names = |fields: &[StructField]| fields.iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    // In the middle of the contract, at the end of the table.
    let without: Vec<StructField> =
        expected.iter().filter(|field| field.name() != "phone__sealed").cloned().collect();
    let Fit::Grows(grown) = fit(&expected, without.iter()) else { panic!("it grows") };
    assert_eq!(
        names(&grown),
        ["_subject", "member_no__token", "member_no__sealed", "amount", "region", "phone__sealed"]
    );
    // What every row had to have need not be there any more; the other way round no row is mended.
    let strict = |name: &str| -> Vec<StructField> {
        let field = |field: &StructField| {
            StructField::new(
                field.name().clone(),
                field.data_type().clone(),
                field.is_nullable() && field.name() != name,
            )
        };
        expected.iter().map(field).collect()
    };
    let Fit::Grows(grown) = fit(&expected, strict("region").iter()) else { panic!("it grows") };
    assert_eq!(grown, expected);
    assert!(matches!(fit(&strict("region"), expected.iter()), Fit::Differs(_)));
}

#[test]
fn absent_columns_are_those_that_rows_need_not_have() {
    let mut dataset = Dataset::clone(&members());
    let table = stored_schema(&dataset);
    dataset.columns.push(column("fax", LogicalType::String, "pii.phone", Protection::SealedToken));
    dataset.columns.push(column("shop", LogicalType::String, "geo", Protection::Clear));
    let mut needed = column("code", LogicalType::Integer, "geo", Protection::Clear);
    needed.required = true;
    dataset.columns.push(needed);
    let found = absent(&dataset, &table);
    let told: Vec<String> =
        found.iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect();
    assert_eq!(told, ["fax__token BinaryView", "fax__sealed BinaryView", "shop Utf8View"]);
    assert_eq!(absent(&members(), &table), []);
}

/// What neither repeats nor packs is not tried to pack, and pseudonyms get a dictionary only as far as few of them are.
#[test]
fn columns_are_written_as_what_they_are() {
    let columns = members().stored_columns();
    let properties = writer_properties(&columns, &statistics_columns(&columns));
    let kinds = |wanted: fn(StoredKind) -> bool| {
        let columns = columns.iter().filter(move |column| wanted(column.kind));
        columns.map(|column| path(&column.name)).collect::<Vec<_>>()
    };
    let sealed = kinds(|kind| kind == StoredKind::Sealed);
    let pseudonyms = kinds(|kind| matches!(kind, StoredKind::Token | StoredKind::Subject));
    let values = kinds(|kind| matches!(kind, StoredKind::Value(_)));
    assert!(sealed.len() > 1 && pseudonyms.len() > 1 && values.len() > 1);
    for column in &sealed {
        assert!(!properties.dictionary_enabled(column));
        assert_eq!(properties.compression(column), Compression::UNCOMPRESSED);
    }
    for column in &pseudonyms {
        assert!(properties.dictionary_enabled(column));
        assert_eq!(properties.column_dictionary_page_size_limit(column), PSEUDONYM_DICTIONARY_BYTES);
    }
    for column in &values {
        assert!(properties.dictionary_enabled(column));
        assert_eq!(properties.column_dictionary_page_size_limit(column), DICTIONARY_BYTES);
    }
}
