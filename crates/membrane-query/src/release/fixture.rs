//! Contracts and rows for the tests of releases. All of it is made up.

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use membrane_catalog::{
    Column, ColumnPolicy, ColumnPrivacy, ColumnRules, Dataset, DatasetPrivacy, SubjectSource,
};
use membrane_model::{Delta, Epsilon, IdentityKind, Limits, LogicalType, Protection};
use membrane_policy::RowRule;
use membrane_privacy::{ExactTotals, GroupKey, KeyDomain, Mechanism};
use membrane_vault::{RootKey, Sampler, Vault};
use tokio::time::Instant;

use super::bounds::{Calibrated, ReleaseOptions, calibrate};
use super::domain::key_domain;
use super::plan;
use super::question::{Question, Table};
use super::scope::{Scope, ScopeTable};
use crate::QueryError;
use crate::brake::Brake;
use crate::gate::Statement;

pub(super) const DECIMAL: LogicalType = LogicalType::Decimal { precision: 12, scale: 2 };

fn column(name: &str, logical_type: LogicalType) -> Column {
    Column {
        name: name.parse().expect("a column name"),
        description: String::new(),
        logical_type,
        class: "transaction".parse().expect("a class"),
        protection: Protection::Clear,
        identity: None,
        required: true,
        unique: false,
        rules: ColumnRules::default(),
        privacy: ColumnPrivacy::default(),
        standard: None,
        from: None,
        waiver: None,
        policy: ColumnPolicy::default(),
    }
}

fn public(name: &str, values: &[&str]) -> Column {
    let mut column = column(name, LogicalType::String);
    column.rules.enumeration = Some(values.iter().map(|value| (*value).to_owned()).collect());
    column.privacy.public_keys = true;
    column
}

fn bounded(name: &str, logical_type: LogicalType, bounds: (f64, f64)) -> Column {
    let mut column = column(name, logical_type);
    column.privacy.bounds = Some(bounds);
    column
}

fn unique(mut column: Column) -> Column {
    column.unique = true;
    column
}

fn nullable(mut column: Column) -> Column {
    column.required = false;
    column
}

/// Order lines: about members.
pub(crate) fn lines() -> Dataset {
    let mut member = column("member_no", LogicalType::String);
    member.protection = Protection::Token;
    member.identity = Some("member_no".parse().expect("an identity kind"));
    let mut account = column("pay_account", LogicalType::String);
    account.protection = Protection::Sealed;
    Dataset {
        name: "lines".parse().expect("a dataset name"),
        version: "1.0.0".to_owned(),
        description: String::new(),
        owner: None,
        columns: vec![
            member,
            account,
            public("region", &["BJ", "GD", "SH"]),
            nullable(public("channel", &["delivery", "store"])),
            column("store_id", LogicalType::String),
            column("product_id", LogicalType::String),
            nullable(column("month", LogicalType::String)),
            bounded("quantity", LogicalType::Integer, (0.0, 10.0)),
            nullable(bounded("amount", DECIMAL, (0.0, 500.0))),
            nullable(bounded("weight", LogicalType::Number, (-1.0, 20.0))),
            column("discount", DECIMAL),
            nullable(column("gift", LogicalType::Boolean)),
            column("ordered_at", LogicalType::Timestamp),
            nullable(column("ordered_on", LogicalType::Date)),
        ],
        subject: Some(SubjectSource {
            column: "member_no".parse().expect("a column name"),
            kind: "member_no".parse().expect("an identity kind"),
        }),
        primary_key: Vec::new(),
        event_time: None,
        on_truncated: membrane_catalog::OnTruncated::Stop,
        service: membrane_catalog::ServiceLevels::default(),
        retention: None,
        stewardship: membrane_catalog::Stewardship::default(),
        privacy: Some(DatasetPrivacy { groups_max: 2, rows_max: 3 }),
    }
}

/// Products: about nobody.
pub(crate) fn products() -> Dataset {
    Dataset {
        name: "products".parse().expect("a dataset name"),
        columns: vec![
            unique(column("product_id", LogicalType::String)),
            nullable(column("brand", LogicalType::String)),
            public("kind", &["fresh", "dry"]),
            bounded("price", DECIMAL, (0.0, 100.0)),
        ],
        subject: None,
        privacy: None,
        ..lines()
    }
}

/// Stock: about nobody, one row for each product and store.
fn stock() -> Dataset {
    Dataset {
        name: "stock".parse().expect("a dataset name"),
        columns: vec![
            column("product_id", LogicalType::String),
            column("store_id", LogicalType::String),
            column("pieces", LogicalType::Integer),
        ],
        subject: None,
        privacy: None,
        primary_key: ["product_id", "store_id"].map(|name| name.parse().expect("a column name")).to_vec(),
        ..lines()
    }
}

/// Weather: about nobody, and without a key.
fn weather() -> Dataset {
    Dataset {
        name: "weather".parse().expect("a dataset name"),
        columns: vec![column("store_id", LogicalType::String), column("sky", LogicalType::String)],
        subject: None,
        privacy: None,
        ..lines()
    }
}

/// Shops: about nobody, with columns whose values anybody may know.
fn shops() -> Dataset {
    let known = |mut column: Column| {
        column.privacy.public_keys = true;
        column
    };
    Dataset {
        name: "shops".parse().expect("a dataset name"),
        columns: vec![
            known(unique(column("store_id", LogicalType::String))),
            known(column("city", LogicalType::String)),
            public("size", &["small", "large"]),
            column("owner", LogicalType::String),
        ],
        subject: None,
        privacy: None,
        ..lines()
    }
}

/// Visits: about members too.
fn visits() -> Dataset {
    Dataset { name: "visits".parse().expect("a dataset name"), privacy: None, ..lines() }
}

/// Followers: about members who are told apart in another way.
fn followers() -> Dataset {
    let kind: IdentityKind = "openid".parse().expect("an identity kind");
    let mut dataset = Dataset { name: "followers".parse().expect("a dataset name"), ..lines() };
    dataset.subject = dataset.subject.map(|subject| SubjectSource { kind, ..subject });
    dataset
}

/// A scope over all of them, with a row rule on the first.
pub(super) fn scope_with(rule: RowRule) -> Scope {
    let table = |dataset: Dataset, rule: &RowRule| {
        let hidden = ["member_no", "pay_account"];
        ScopeTable::new(&Arc::new(dataset), rule, |column| !hidden.contains(&column.as_str()))
    };
    let others = [products(), stock(), weather(), shops(), visits(), followers()]
        .map(|dataset| table(dataset, &RowRule::All));
    Scope::new([table(lines(), &rule)].into_iter().chain(others).collect())
}

pub(super) fn scope() -> Scope {
    scope_with(RowRule::All)
}

pub(super) fn options(epsilon: f64) -> ReleaseOptions {
    ReleaseOptions::new(Epsilon::new(epsilon).expect("an epsilon"), Delta::new(1e-6).expect("a delta"))
}

/// Plans a statement as far as its question.
pub(super) async fn ask(sql: &str) -> Result<Question, QueryError> {
    let limits = Limits::default();
    plan::question(&Statement::parse(sql, &limits)?, &scope(), &limits).await
}

/// The keys of a domain as text: cells joined by `/`, NULL as `-`.
pub(super) fn shown_domain(found: Result<KeyDomain, QueryError>) -> String {
    let cell = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "-".to_owned());
    let key = |key: &GroupKey| key.iter().map(cell).collect::<Vec<_>>().join("/");
    match found {
        Ok(KeyDomain::None) => "none".to_owned(),
        Ok(KeyDomain::Unknown) => "unknown".to_owned(),
        Ok(KeyDomain::Public(keys)) => keys.iter().map(key).collect::<Vec<_>>().join(" "),
        Err(error) => error.code().to_owned(),
    }
}

/// Calibrates a question.
pub(super) fn mechanism(question: &Question, options: &ReleaseOptions) -> Result<Mechanism, QueryError> {
    mechanism_within(question, options, &Limits::default())
}

/// Calibrates a question on a machine of this size.
pub(super) fn mechanism_within(
    question: &Question,
    options: &ReleaseOptions,
    limits: &Limits,
) -> Result<Mechanism, QueryError> {
    let scope = scope();
    let keys = key_domain(question, &scope, &[])?;
    match calibrate(question, &scope, keys, options, limits)? {
        Calibrated::Release(mechanism) => Ok(mechanism),
        Calibrated::Pilot(_) => Err(crate::release::refusal::refuse("bounds that nobody states", "a pilot")),
    }
}

/// Computes the exact totals of a statement over tables, one for each use of a dataset in the order in which it names them.
pub(super) async fn totals_within(
    sql: &str,
    options: &ReleaseOptions,
    tables: &[Arc<dyn TableProvider>],
    limits: &Limits,
) -> Result<ExactTotals, QueryError> {
    let mut tables = tables.iter().map(Arc::clone);
    totals_over(sql, options, &mut |_| tables.next(), limits).await
}

/// Computes the exact totals of a statement over tables by name.
pub(super) async fn totals_over(
    sql: &str,
    options: &ReleaseOptions,
    table: &mut dyn FnMut(&str) -> Option<Arc<dyn TableProvider>>,
    limits: &Limits,
) -> Result<ExactTotals, QueryError> {
    let question = ask(sql).await?;
    let mechanism = mechanism_within(&question, options, limits)?;
    let brake = Brake::new(Instant::now() + Duration::from_secs(60));
    let providers = question.tables.iter().map(|one| match one {
        Table::Dataset { name, .. } => table(name.as_str()),
        _ => None,
    });
    let providers: Vec<_> = providers.collect();
    let exact = plan::exact(&question, &mechanism, &providers, sampling(), limits, &brake).await?;
    exact.finish(&mechanism)
}

pub(super) fn sampling() -> Sampler {
    let root = RootKey::from_hex(&"07".repeat(32)).expect("a root key");
    Vault::new(&root).sampler()
}

/// One order line. Everything that is not given takes a plain value.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) member: Option<u8>,
    /// Tells members of one `member` apart, where more than 255 are needed.
    pub(super) number: u16,
    pub(super) region: &'static str,
    pub(super) store: u8,
    pub(super) month: Option<&'static str>,
    pub(super) quantity: i64,
    pub(super) amount: Option<i128>,
    pub(super) weight: Option<f64>,
    pub(super) gift: Option<bool>,
    pub(super) at: i64,
    pub(super) product: u8,
}

impl Default for Row {
    fn default() -> Self {
        Self {
            member: Some(1),
            number: 0,
            region: "SH",
            store: 1,
            month: Some("2026-03"),
            quantity: 1,
            amount: Some(100),
            weight: Some(1.0),
            gift: Some(false),
            at: 1_772_323_200_000_000,
            product: 1,
        }
    }
}

/// Makes a batch of order lines as a governed table for releases would show it.
pub(super) fn batch(rows: &[Row]) -> RecordBatch {
    let unit = |row: &Row| {
        let member = row.member?;
        let mut unit = [member; 16];
        let [high, low] = row.number.to_be_bytes();
        (unit[14], unit[15]) = (member ^ high, member ^ low);
        Some(unit)
    };
    let units: Vec<Option<[u8; 16]>> = rows.iter().map(unit).collect();
    let text = |cell: &dyn Fn(&Row) -> Option<String>| -> ArrayRef {
        Arc::new(StringViewArray::from_iter(rows.iter().map(cell)))
    };
    let decimal = |cell: &dyn Fn(&Row) -> Option<i128>| -> ArrayRef {
        let array = Decimal128Array::from_iter(rows.iter().map(cell));
        Arc::new(array.with_precision_and_scale(12, 2).expect("a decimal type"))
    };
    let at = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.at));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("region", text(&|row| Some(row.region.to_owned()))),
        ("channel", text(&|row| row.gift.map(|_| "store".to_owned()))),
        ("store_id", text(&|row| Some(format!("s{}", row.store)))),
        ("product_id", text(&|row| Some(format!("p{}", row.product)))),
        ("month", text(&|row| row.month.map(str::to_owned))),
        ("quantity", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.quantity)))),
        ("amount", decimal(&|row| row.amount)),
        ("weight", Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.weight)))),
        ("discount", decimal(&|row| row.amount.map(|amount| amount % 7))),
        ("gift", Arc::new(BooleanArray::from_iter(rows.iter().map(|row| row.gift)))),
        ("ordered_at", Arc::new(at.with_timezone("UTC"))),
        (
            "ordered_on",
            Arc::new(Date32Array::from_iter(
                rows.iter().map(|row| row.month.map(|_| 20_000 + i32::from(row.store))),
            )),
        ),
        (
            "_subject",
            Arc::new(BinaryArray::from_iter(
                units.iter().map(|unit| unit.as_ref().map(<[u8; 16]>::as_slice)),
            )),
        ),
    ];
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns
        .into_iter()
        .map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array))
        .unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("a batch")
}

/// Makes a table of partitions of order lines.
pub(super) fn lines_table(partitions: &[Vec<Row>]) -> Arc<dyn TableProvider> {
    let partitions: Vec<Vec<RecordBatch>> = partitions.iter().map(|rows| vec![batch(rows)]).collect();
    Arc::new(MemTable::try_new(batch(&[]).schema(), partitions).expect("a table"))
}

/// Makes the table of shops: number, city, size.
pub(super) fn shops_table(shops: &[(u8, &str, &str)]) -> Arc<dyn TableProvider> {
    let text = |cell: &dyn Fn(&(u8, &str, &str)) -> String| -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values(shops.iter().map(cell)))
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("store_id", text(&|(number, ..)| format!("s{number}"))),
        ("city", text(&|(_, city, _)| (*city).to_owned())),
        ("size", text(&|(.., size)| (*size).to_owned())),
        ("owner", text(&|(number, ..)| format!("o{number}"))),
    ];
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).expect("a table"))
}

/// Makes the table of products: number, brand.
pub(super) fn products_table(products: &[(u8, Option<&'static str>)]) -> Arc<dyn TableProvider> {
    let id = |(number, _): &(u8, Option<&str>)| Some(format!("p{number}"));
    let count = products.len();
    let price = Decimal128Array::from_iter_values(std::iter::repeat_n(1000, count));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("product_id", Arc::new(StringViewArray::from_iter(products.iter().map(id)))),
        ("brand", Arc::new(StringViewArray::from_iter(products.iter().map(|(_, brand)| *brand)))),
        ("kind", Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n("dry", count)))),
        ("price", Arc::new(price.with_precision_and_scale(12, 2).expect("a decimal type"))),
    ];
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).expect("a table"))
}
