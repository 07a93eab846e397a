use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{PrepareReport, prepare};
use crate::{SampleError, household_identity};

fn integers(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn floats(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

fn instants(values: &[i64]) -> ArrayRef {
    Arc::new(TimestampNanosecondArray::from_iter_values(values.iter().map(|second| second * 1_000_000_000)))
}

fn put(folder: &Path, stem: &str, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = File::create(folder.join(format!("{stem}.parquet"))).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn get(folder: &Path, stem: &str) -> RecordBatch {
    let file = File::open(folder.join(format!("{stem}.parquet"))).unwrap();
    ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().next().unwrap().unwrap()
}

/// Writes a package of three transactions of two households; product 12 is not listed.
fn package(folder: &Path, sales: [f64; 3]) {
    put(
        folder,
        "transactions",
        vec![
            ("household_id", integers(&[900, 1, 900])),
            ("store_id", integers(&[3, 3, 4])),
            ("basket_id", integers(&[100, 101, 102])),
            ("product_id", integers(&[10, 11, 12])),
            ("quantity", integers(&[1, 2, 0])),
            ("sales_value", floats(&sales)),
            ("retail_disc", floats(&[0.0, 0.1, 0.29])),
            ("coupon_disc", floats(&[0.0; 3])),
            ("coupon_match_disc", floats(&[0.0; 3])),
            ("week", integers(&[1, 2, 53])),
            ("transaction_timestamp", instants(&[1_483_271_606, 1_483_272_000, 1_514_764_880])),
        ],
    );
    let names = texts(&[Some("DELI"), None]);
    put(
        folder,
        "products",
        vec![
            ("product_id", integers(&[10, 11])),
            ("manufacturer_id", integers(&[1, 2])),
            ("department", texts(&[Some("DELI"), Some("MEAT")])),
            ("brand", Arc::clone(&names)),
            ("product_category", Arc::clone(&names)),
            ("product_type", Arc::clone(&names)),
            ("package_size", Arc::clone(&names)),
        ],
    );
    let mut demographics = vec![("household_id", integers(&[900]))];
    for column in super::households::DEMOGRAPHICS {
        demographics.push((column, texts(&[(column != "home_ownership").then_some("x")])));
    }
    put(folder, "demographics", demographics);
    put(folder, "campaigns", vec![("campaign_id", integers(&[1, 2])), ("household_id", integers(&[1, 900]))]);
    put(
        folder,
        "campaign_descriptions",
        vec![
            ("campaign_id", integers(&[1])),
            ("campaign_type", texts(&[Some("Type B")])),
            ("start_date", instants(&[1_488_499_200])),
            ("end_date", instants(&[1_491_696_000])),
        ],
    );
    let ids = || integers(&[5, 5]);
    put(folder, "coupons", vec![("coupon_upc", ids()), ("product_id", ids()), ("campaign_id", ids())]);
    put(
        folder,
        "coupon_redemptions",
        vec![
            ("household_id", integers(&[1])),
            ("coupon_upc", integers(&[5])),
            ("campaign_id", integers(&[1])),
            ("redemption_date", instants(&[1_488_499_200])),
        ],
    );
}

fn check(sales: [f64; 3]) -> (tempfile::TempDir, Result<PrepareReport, SampleError>) {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), sales);
    let report = prepare(folder.path(), &folder.path().join("out"), 1);
    (folder, report)
}

#[test]
fn totals_are_exact() {
    let (folder, report) = check([0.1, 0.2, 1.15]);
    let report = report.unwrap();
    assert_eq!(report.sales_total_cents, 145);
    let rows: Vec<(&str, u64)> = report.files.iter().map(|file| (file.dataset.as_str(), file.rows)).collect();
    let expected = [
        ("campaign_descriptions", 1),
        ("campaigns", 2),
        ("coupon_redemptions", 1),
        ("coupons", 2),
        ("households", 2),
        ("products", 2),
        ("transactions", 3),
    ];
    assert_eq!(rows, expected);
    let out = get(&folder.path().join("out"), "transactions");
    let sales = out.column_by_name("sales_value").unwrap();
    assert_eq!(sales.data_type(), &DataType::Decimal128(12, 2));
    assert_eq!(sales.as_primitive::<Decimal128Type>().values().to_vec(), [10, 20, 115]);
    let zone = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    assert_eq!(out.column_by_name("transaction_timestamp").unwrap().data_type(), &zone);
}

#[test]
fn departments_come_from_the_products() {
    let (folder, report) = check([1.0; 3]);
    assert!(report.is_ok());
    let out = get(&folder.path().join("out"), "transactions");
    let departments = out.column_by_name("department").unwrap().as_string::<i32>();
    assert_eq!(departments.iter().flatten().collect::<Vec<_>>(), ["DELI", "MEAT", "UNLISTED"]);
}

#[test]
fn each_household_gets_its_identifiers() {
    let (folder, report) = check([1.0; 3]);
    assert!(report.is_ok());
    let out = get(&folder.path().join("out"), "households");
    let texts = |column: &str| out.column_by_name(column).unwrap().as_string::<i32>().clone();
    assert_eq!(texts("phone").value(1), household_identity(1, 900).phone);
    assert_eq!(texts("email").value(0), household_identity(1, 1).email);
    let age = texts("age");
    assert!(age.is_null(0) && age.value(1) == "x", "demographics are known of one household");
    assert!(texts("home_ownership").is_null(1));
}

#[test]
fn days_are_days() {
    let (folder, report) = check([1.0; 3]);
    assert!(report.is_ok());
    let out = get(&folder.path().join("out"), "campaign_descriptions");
    let start = out.column_by_name("start_date").unwrap().as_primitive::<Date32Type>();
    assert_eq!(start.value_as_date(0).unwrap().to_string(), "2017-03-03");
}

#[test]
fn an_amount_between_cents_is_refused_without_being_told() {
    let (folder, report) = check([1.0, 0.123, 1.0]);
    let fault = report.unwrap_err();
    assert_eq!(
        fault.to_string(),
        "column `sales_value` of `transactions.parquet` has an amount that is not in whole cents"
    );
    assert!(!folder.path().join("out/transactions.parquet").exists());
}

#[test]
fn a_package_of_another_form_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), [1.0; 3]);
    put(folder.path(), "coupons", vec![("coupon_upc", texts(&[Some("5")])), ("product_id", integers(&[1]))]);
    let fault = prepare(folder.path(), &folder.path().join("out"), 1).unwrap_err();
    assert_eq!(fault.to_string(), "`coupons.parquet` has no column `coupon_upc` of type integer");
    std::fs::remove_file(folder.path().join("products.parquet")).unwrap();
    let fault = prepare(folder.path(), &folder.path().join("out"), 1).unwrap_err();
    assert!(matches!(fault, SampleError::Read { .. }), "{fault}");
}
