//! `f_leak(x)`: a function that remembers every value it is given, in each place of a statement that a value can reach.
//! It has seen no hidden row and no clear value of a masked column. (PostgreSQL tests its row security in this way.)
//!
//! Only these tests have the function: they plan without the plan check, which refuses functions that are not on its list,
//! and do all else as [`crate::engine`] does.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use datafusion::arrow::array::{ArrayRef, BinaryViewArray, BooleanArray, Int64Array, StringViewArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::catalog::TableProvider;
use datafusion::common::Result as DataFusionResult;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use futures::TryStreamExt as _;
use membrane_ledger::Ledger;
use membrane_model::{Limits, LogicalType, Protection, RevealLevel};
use membrane_vault::CellContext;
use tokio::time::Instant;

use crate::answer::run;
use crate::brake::Brake;
use crate::engine::braked_physical;
use crate::error::QueryError;
use crate::gate::Statement;
use crate::open::Opener;
use crate::rules::ScanRules;
use crate::sanitise::sanitise;
use crate::session::{trusted_session, user_session};
use crate::table::GovernedTable;
use crate::testing::{Asker, CANARY, half, ledger, member_rules, rule, vault};

const ROWS: i64 = 3_000;

/// What `f_leak` was given.
type Seen = Arc<Mutex<Vec<String>>>;

/// Gives back what it is given, and remembers it. Immutable, so that nothing keeps the optimiser from moving it.
#[derive(Debug)]
struct Leak {
    signature: Signature,
    seen: Seen,
}

impl PartialEq for Leak {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.seen, &other.seen)
    }
}

impl Eq for Leak {}

impl std::hash::Hash for Leak {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.seen).hash(state);
    }
}

impl ScalarUDFImpl for Leak {
    fn name(&self) -> &'static str {
        "f_leak"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> DataFusionResult<DataType> {
        arguments.first().cloned().ok_or_else(|| DataFusionError::Plan("no argument".to_owned()))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let given = arguments.args.into_iter().next().unwrap();
        let array = given.to_array(arguments.number_rows)?;
        let mut seen = self.seen.lock().unwrap();
        // Also what lies under a NULL, and what a slice leaves out of sight, would be a leak; `rebuild` tests that.
        for row in 0..array.len() {
            seen.push(array_value_to_string(&array, row)?);
        }
        drop(seen);
        Ok(ColumnarValue::Array(array))
    }
}

/// Rows of which one in `keep` is in region `S1`. The others, and what is under masks, are canaries: odd or negative
/// numbers, the region `S2`, texts that begin as [`CANARY`], numbers without stars.
fn stored(keep: i64) -> RecordBatch {
    let field = |name, data_type| Field::new(name, data_type, true);
    let schema = Arc::new(Schema::new(vec![
        field("id", DataType::Int64),
        field("region", DataType::Utf8View),
        field("spend", DataType::Int64),
        field("note", DataType::Utf8View),
        field("active", DataType::Boolean),
        field("phone", DataType::Utf8View),
        field("addr", DataType::Utf8View),
    ]));
    let shown = |id: i64| id % keep == 0;
    let text = |make: &dyn Fn(i64) -> String| -> ArrayRef {
        Arc::new((0..ROWS).map(|id| Some(make(id))).collect::<StringViewArray>())
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new((0..ROWS).map(|id| if shown(id) { id * 2 } else { id * 2 + 1 }).collect::<Int64Array>()),
        text(&|id| if shown(id) { "S1" } else { "S2" }.to_owned()),
        Arc::new((0..ROWS).map(|id| if shown(id) { id % 50 * 2 } else { -1 - id }).collect::<Int64Array>()),
        text(&|id| if shown(id) { format!("note {}", id % 9) } else { format!("{CANARY}-{id}") }),
        Arc::new((0..ROWS).map(|id| (id % 3 != 0).then_some(shown(id))).collect::<BooleanArray>()),
        text(&|id| format!("1380000{id:04}")),
        text(&|id| format!("street of {CANARY} {id}")),
    ];
    RecordBatch::try_new(schema, columns).unwrap()
}

/// Tells whether a value is one that must not have been seen.
fn is_canary(value: &str) -> bool {
    match value.parse::<i64>() {
        // A number of eleven digits is a phone without stars.
        Ok(number) => value.len() == 11 || number < 0 || number % 2 != 0,
        Err(_) => value.contains(CANARY) || value == "S2",
    }
}

/// A session with `f_leak` in it.
struct Spy {
    state: SessionState,
    limits: Limits,
    seen: Seen,
}

impl Spy {
    fn over(mut state: SessionState) -> Self {
        let seen = Seen::default();
        let leak = Leak { signature: Signature::any(1, Volatility::Immutable), seen: Arc::clone(&seen) };
        state.register_udf(Arc::new(ScalarUDF::from(leak))).unwrap();
        Self { state, limits: Limits::default(), seen }
    }

    /// Asks as a principal does, but for the plan check, and returns what `f_leak` was given.
    async fn watch(&self, sql: &str) -> Result<Vec<String>, QueryError> {
        self.seen.lock().unwrap().clear();
        let told = |error: DataFusionError| sanitise(&error, &self.limits);
        let statement = Statement::parse(sql, &self.limits)?;
        let plan = self.state.statement_to_plan(statement.for_planner()).await.map_err(told)?;
        let options = self.state.config_options();
        let analysed = self.state.analyzer().execute_and_check(plan, options, |_, _| {}).map_err(told)?;
        let brake = Brake::new(Instant::now() + Duration::from_secs(60));
        let physical = braked_physical(analysed, &self.state, &self.limits, &brake).await?;
        let answered: Result<Vec<RecordBatch>, QueryError> =
            run(&physical, &self.state.task_ctx(), self.limits, brake).try_collect().await;
        answered?;
        Ok(self.seen.lock().unwrap().clone())
    }
}

const COLUMNS: [&str; 7] = ["id", "region", "spend", "note", "active", "phone", "addr"];

/// Each place of a statement; `{c}` is a column.
const PLACES: [&str; 46] = [
    "select f_leak({c}) as x from member",
    "select f_leak({c}) as x from member limit 3",
    "select distinct f_leak({c}) as x from member",
    "select count(*) from member where f_leak({c}) is not null",
    "select count(*) from member where f_leak({c}) = {c}",
    "select count(*) from member where f_leak({c}) = {c} or region = 'S2'",
    "select count(*) from member where region = 'S2' or f_leak({c}) is null",
    "select count(*) from member where spend > 10 and f_leak({c}) = {c} and id < 1000",
    "select count(*) from member where id = 4 and f_leak({c}) = {c}",
    "select count(*) from member where spend = -8 and f_leak({c}) = {c}",
    "select count(*) from member where not (f_leak({c}) = {c})",
    "select count(*) from member where f_leak({c}) in (select f_leak({c}) from member where id < 100)",
    "select count(*) from member where f_leak({c}) between f_leak({c}) and {c}",
    "select count(*) from member where cast(f_leak({c}) as varchar) like '%canary%'",
    "select id from member order by f_leak({c}), id",
    "select id from member order by f_leak({c}) limit 5",
    "select f_leak({c}) as x, count(*) from member group by 1",
    "select count(*) from member group by f_leak({c}) having max(f_leak(spend)) >= 0",
    "select region, max(f_leak({c}) is null) from (select * from member) m group by region having count(f_leak({c})) > 0",
    "select count(f_leak({c})), min(f_leak({c}) = {c}) from (select * from member where true) m",
    "select count(*) filter (where f_leak({c}) = {c}) from member",
    "select count(distinct f_leak({c})) from member",
    "select case when f_leak({c}) = {c} then 1 else 0 end as x from member",
    "select case when spend = -8 then f_leak({c}) else {c} end as x from member",
    "select sum(case when region = 'S2' then 1 when f_leak({c}) is null then 2 end) from member",
    "select coalesce(f_leak({c}), {c}) as x from member",
    "select nullif(f_leak({c}), {c}) as x from member",
    "select row_number() over (partition by f_leak({c}) order by id) as r from member",
    "select rank() over (order by f_leak({c})) as r from member",
    "select lag(f_leak({c})) over (order by id) as r from member",
    "select count(*) from member a join member b on f_leak(a.{c}) = f_leak(b.{c}) and a.id = b.id",
    "select count(*) from member a join member b on a.id = b.id and f_leak(a.{c}) = b.{c}",
    "select count(*) from member a left join member b on a.id = b.id + 2 and f_leak(b.{c}) is not null",
    "select count(*) from member a full join member b on a.id = b.id and f_leak(a.{c}) is not null",
    "select count(*) from (select * from member where id < 40) a join (select * from member where id < 40) b on f_leak(a.{c}) <> b.{c}",
    "select count(*) from member m where exists (select 1 from member w where w.id = m.id and f_leak(w.{c}) = m.{c})",
    "select count(*) from member m where not exists (select 1 from member w where w.id = m.id and f_leak(w.{c}) is null)",
    "select count(*) from member m where id not in (select id from member where f_leak({c}) is null)",
    "select (select count(f_leak({c})) from member) as n",
    "select count(s.x) from (select distinct region from member) r, lateral (select f_leak({c}) as x from member l where l.region = r.region) s",
    "select count(*) from (select f_leak({c}) as x from member union all select {c} from member) u where x is not null",
    "select f_leak({c}) as x from member except select {c} from member",
    "select {c} as x from member intersect select f_leak({c}) from member",
    "with w as (select f_leak({c}) as x, id from member) select count(*) from w a join w b on a.id = b.id where a.x = b.x",
    "select f_leak({c}) as x, region, count(*) from member group by grouping sets ((f_leak({c})), (region), ())",
    "select count(*) from (select * from (select id, f_leak({c}) as x from member order by id limit 500) i where x is not null) o",
];

/// Asks everything, and returns what was seen that must not be, with the number of values that were seen.
async fn leaks(spy: &Spy, table: &str) -> (Vec<String>, usize) {
    let (mut found, mut seen) = (Vec::new(), 0);
    for place in PLACES {
        for column in COLUMNS {
            let sql = place.replace("{c}", column).replace("member", table);
            let values = spy.watch(&sql).await;
            // Some places take no truth values or no NULL type; what they were given before counts all the same.
            let values = values.unwrap_or_else(|_| spy.seen.lock().unwrap().clone());
            seen += values.len();
            if let Some(value) = values.iter().find(|value| is_canary(value)) {
                found.push(format!("{sql}: {value}"));
            }
        }
    }
    (found, seen)
}

async fn in_files(rows: &RecordBatch, folder: &Path) -> Arc<dyn TableProvider> {
    for file in 0..3 {
        let part = rows.slice(file * rows.num_rows() / 3, rows.num_rows() / 3);
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(300)).build();
        let out = std::fs::File::create(folder.join(format!("{file}.parquet"))).unwrap();
        let mut writer = ArrowWriter::try_new(out, rows.schema(), Some(properties)).unwrap();
        writer.write(&part).unwrap();
        writer.close().unwrap();
    }
    let url = ListingTableUrl::parse(folder.to_str().unwrap()).unwrap();
    let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
    let config = ListingTableConfig::new(url).with_listing_options(options).with_schema(rows.schema());
    Arc::new(ListingTable::try_new(config).unwrap())
}

/// One row in two, where AND computes its right side on rows that its left side hides, and one in a hundred, where it does
/// not.
#[tokio::test]
async fn f_leak_never_sees_a_hidden_row_or_a_clear_value() {
    for keep in [2, 100] {
        let rows = stored(keep);
        let folder = tempfile::tempdir().unwrap();
        let memory = MemTable::try_new(rows.schema(), vec![vec![rows.clone()]]).unwrap();
        for inner in [Arc::new(memory) as Arc<dyn TableProvider>, in_files(&rows, folder.path()).await] {
            let asker = Asker::new(member_rules(half()), Some(inner)).await;
            let (found, seen) = leaks(&Spy::over(asker.state.clone()), "member").await;
            assert_eq!(found, Vec::<String>::new(), "one in {keep}");
            assert!(seen > 1_000, "{seen} values were seen");
        }
    }
}

/// The same over sealed cells, which are opened inside the scan, after the row rule.
#[tokio::test]
async fn f_leak_never_sees_a_sealed_value() {
    let (ledger, _folder) = ledger().await;
    let inner = sealed(&ledger, 400).await;
    let clear = |name, logical| rule(name, logical, Protection::Clear, RevealLevel::Clear);
    let text = LogicalType::String;
    let rules = ScanRules {
        dataset: "member".parse().unwrap(),
        columns: vec![
            clear("id", LogicalType::Integer),
            clear("region", text),
            clear("spend", LogicalType::Integer),
            rule("phone", text, Protection::SealedToken, RevealLevel::Partial),
            rule("note", text, Protection::Sealed, RevealLevel::Partial),
            rule("addr", text, Protection::Sealed, RevealLevel::Null),
            rule("active", text, Protection::SealedToken, RevealLevel::Token),
        ],
        rows: half(),
        with_subject: false,
    };
    let opener = Arc::new(Opener::new(ledger, vault()));
    let table = GovernedTable::new(rules, Some(Arc::new(inner)), trusted_session().unwrap(), opener);
    let tables = vec![("member".parse().unwrap(), Arc::new(table) as Arc<dyn TableProvider>)];
    let spy = Spy::over(user_session(tables, &Limits::default()).unwrap());
    let (found, seen) = leaks(&spy, "member").await;
    assert_eq!(found, Vec::<String>::new());
    assert!(seen > 1_000, "{seen} values were seen");
    let shown = spy.watch("select f_leak(phone) as p from member where id = 8").await.unwrap();
    assert!(shown.contains(&"138******04".to_owned()), "cells were opened: {shown:?}");
}

/// Rows with a key for each, half of them in region `S1`; what is sealed is a canary in all of them.
async fn sealed(ledger: &Ledger, rows: i64) -> MemTable {
    let vault = vault();
    let bucket = ledger.reserve_bucket().await.unwrap();
    let (bucket_key, wrapped) = vault.new_bucket(bucket).unwrap();
    ledger.store_bucket(bucket, &wrapped).await.unwrap();
    let (dataset, kind) = ("member".parse().unwrap(), "member_no".parse().unwrap());
    let mut keys = Vec::new();
    let mut cells: [Vec<Option<Vec<u8>>>; 7] = Default::default();
    for id in 0..rows {
        let subject = vault.subject_id(&kind, format!("M{id}").as_bytes());
        let (key, wrapped) = bucket_key.new_data_key(&subject).unwrap();
        keys.push((subject, bucket, wrapped));
        let seal = |column: &str, value: &str| {
            let mut sealed = Vec::new();
            let column = column.parse().unwrap();
            let context = CellContext { dataset: &dataset, column: &column, subject: &subject };
            key.seal(&context, value.as_bytes(), &mut sealed).unwrap();
            Some(sealed)
        };
        let token = |value: &str| Some(vault.tokenizer("pii.test").token(value.as_bytes()).to_vec());
        let (phone, canary) = (format!("1380000{id:04}"), format!("{CANARY} {id}"));
        let made = [
            Some(subject.as_bytes().to_vec()),
            token(&phone),
            seal("phone", &phone),
            seal("note", &canary),
            seal("addr", &canary),
            token(&canary),
            seal("active", &canary),
        ];
        for (column, cell) in cells.iter_mut().zip(made) {
            column.push(cell);
        }
    }
    ledger.store_data_keys(&keys).await.unwrap();
    let number =
        |make: &dyn Fn(i64) -> i64| -> ArrayRef { Arc::new((0..rows).map(make).collect::<Int64Array>()) };
    let regions: StringViewArray = (0..rows).map(|id| Some(if id % 2 == 0 { "S1" } else { "S2" })).collect();
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("id", number(&|id| if id % 2 == 0 { id * 2 } else { id * 2 + 1 })),
        ("region", Arc::new(regions)),
        ("spend", number(&|id| if id % 2 == 0 { id % 50 * 2 } else { -1 - id })),
    ];
    let names = [
        "_subject",
        "phone__token",
        "phone__sealed",
        "note__sealed",
        "addr__sealed",
        "active__token",
        "active__sealed",
    ];
    for (name, cells) in names.into_iter().zip(cells) {
        columns.push((name, Arc::new(cells.into_iter().collect::<BinaryViewArray>())));
    }
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap();
    MemTable::try_new(schema, vec![vec![batch]]).unwrap()
}

/// Every place is one that a value reaches: most columns are seen in it.
#[tokio::test]
async fn f_leak_is_called_in_every_place() {
    let asker = Asker::new(member_rules(half()), Some(Arc::new(memory(2)))).await;
    let spy = Spy::over(asker.state.clone());
    for place in PLACES {
        let mut called = 0;
        for column in COLUMNS {
            let values = spy.watch(&place.replace("{c}", column)).await.unwrap_or_default();
            called += usize::from(!values.is_empty());
        }
        assert!(called >= 4 || place.contains("= -8"), "{place}: {called}");
    }
}

/// The same corpus catches a filter that is no barrier: without the governed scan the values are seen.
#[tokio::test]
async fn f_leak_sees_through_a_plain_filter() {
    let state =
        user_session(vec![("base".parse().unwrap(), Arc::new(memory(2)))], &Limits::default()).unwrap();
    let spy = Spy::over(state);
    let (found, _) = leaks(&spy, "(select * from base where region = 'S1')").await;
    assert!(!found.is_empty(), "a filter held");
}

fn memory(keep: i64) -> MemTable {
    let rows = stored(keep);
    MemTable::try_new(rows.schema(), vec![vec![rows]]).unwrap()
}
