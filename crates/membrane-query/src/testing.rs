//! What the tests of this crate share: a small governed table and a way to ask it.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use datafusion::arrow::array::{ArrayRef, BooleanArray, Int64Array, StringViewArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::execution::SessionState;
use datafusion::physical_plan::ExecutionPlan;
use futures::TryStreamExt as _;
use membrane_catalog::{Column, ColumnPolicy, ColumnPrivacy, ColumnRules};
use membrane_ledger::Ledger;
use membrane_model::{
    DatasetName, Generalisation, Limits, LogicalType, PartialMask, Protection, RevealLevel, Shown, TokenForm,
};
use membrane_policy::{CompareOperator, RowExpr, RowRule, RowValue};
use membrane_vault::{RootKey, Vault};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::answer::run;
use crate::brake::Brake;
use crate::engine::Planned;
use crate::error::QueryError;
use crate::gate::Statement;
use crate::open::Opener;
use crate::rules::{Asked, ColumnRule, ScanRules, Way};
use crate::session::{trusted_session, user_session};
use crate::table::GovernedTable;

/// Rows of [`members`]; every second one is in region `S1`.
pub(crate) const ROWS: i64 = 1_000;
/// The spend of one hidden row.
pub(crate) const HIDDEN_SPEND: i64 = 777;
/// Begins the note of every hidden row; long enough to lie outside of a view.
pub(crate) const CANARY: &str = "canary-of-a-hidden-row";

pub(crate) fn vault() -> Vault {
    Vault::new(&RootKey::from_hex(&"07".repeat(32)).unwrap())
}

/// A ledger of its own, in a folder that must live as long.
pub(crate) async fn ledger() -> (Ledger, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let ledger =
        Ledger::connect(&format!("sqlite://{}", folder.path().join("ledger.db").display())).await.unwrap();
    (ledger, folder)
}

pub(crate) fn contract_column(name: &str, logical_type: LogicalType, protection: Protection) -> Column {
    Column {
        name: name.parse().unwrap(),
        description: String::new(),
        logical_type,
        class: "pii.test".parse().unwrap(),
        protection,
        identity: None,
        required: false,
        unique: false,
        rules: ColumnRules::default(),
        privacy: ColumnPrivacy::default(),
        standard: None,
        from: None,
        waiver: None,
        policy: ColumnPolicy::default(),
    }
}

/// How the tests show a column at a level.
pub(crate) const fn shown(level: RevealLevel) -> Shown {
    match level {
        RevealLevel::Clear => Shown::Clear,
        RevealLevel::Partial => Shown::Partial(PartialMask::Window { prefix: 3, suffix: 4 }),
        RevealLevel::Generalised => Shown::Generalised(Generalisation::Year),
        RevealLevel::Token => Shown::Token(TokenForm::Opaque),
        RevealLevel::Null => Shown::Null,
    }
}

/// Decides how a column is shown, for a purpose and a day of the tests.
pub(crate) fn way(column: &Column, shown: Shown) -> Result<Way, &'static str> {
    let on = NaiveDate::from_ymd_opt(2026, 6, 15).unwrap();
    Way::decide(column, shown, &Asked { vault: &vault(), scope: "purpose:test".to_owned(), on })
}

pub(crate) fn rule(
    name: &str,
    logical: LogicalType,
    protection: Protection,
    level: RevealLevel,
) -> ColumnRule {
    let way = way(&contract_column(name, logical, protection), shown(level)).unwrap();
    ColumnRule::new(name.parse().unwrap(), Vec::new(), way).unwrap()
}

/// `id`, `region`, `spend`, `note`, `active` in clear, `phone` partial, `addr` NULL.
pub(crate) fn member_rules(rows: RowRule) -> ScanRules {
    let clear = |name, logical| rule(name, logical, Protection::Clear, RevealLevel::Clear);
    ScanRules {
        dataset: "member".parse().unwrap(),
        columns: vec![
            clear("id", LogicalType::Integer),
            clear("region", LogicalType::String),
            clear("spend", LogicalType::Integer),
            clear("note", LogicalType::String),
            clear("active", LogicalType::Boolean),
            rule("phone", LogicalType::String, Protection::Clear, RevealLevel::Partial),
            rule("addr", LogicalType::String, Protection::Clear, RevealLevel::Null),
        ],
        rows,
        with_subject: false,
    }
}

/// The rule that keeps every second row.
pub(crate) fn half() -> RowRule {
    RowRule::When(RowExpr::Compare {
        column: "region".parse().unwrap(),
        operator: CompareOperator::Eq,
        value: RowValue::String("S1".to_owned()),
    })
}

/// The stored table: one batch, so that hidden and shown rows lie in the same buffers. The row with spend
/// [`HIDDEN_SPEND`] is hidden by [`half`].
pub(crate) fn members() -> MemTable {
    let batch = member_batch();
    MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap()
}

/// Its rows.
pub(crate) fn member_batch() -> RecordBatch {
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("region", DataType::Utf8View, true),
        Field::new("spend", DataType::Int64, true),
        Field::new("note", DataType::Utf8View, true),
        Field::new("active", DataType::Boolean, true),
        Field::new("phone", DataType::Utf8View, true),
        Field::new("addr", DataType::Utf8View, true),
    ]));
    let shown = |id: i64| id % 2 == 0;
    let text = |make: &dyn Fn(i64) -> String| -> ArrayRef {
        Arc::new((0..ROWS).map(|id| Some(make(id))).collect::<StringViewArray>())
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new((0..ROWS).collect::<Int64Array>()),
        text(&|id| if shown(id) { "S1" } else { "S2" }.to_owned()),
        Arc::new((0..ROWS).collect::<Int64Array>()),
        text(&|id| if shown(id) { format!("a shown note number {id}") } else { format!("{CANARY}-{id}") }),
        Arc::new((0..ROWS).map(|id| (id % 3 != 0).then_some(id % 2 == 0)).collect::<BooleanArray>()),
        text(&|id| format!("1380000{id:04}")),
        text(&|id| format!("street of {CANARY} {id}")),
    ];
    RecordBatch::try_new(schema, columns).unwrap()
}

/// A session that holds one governed table over any inner provider.
pub(crate) struct Asker {
    pub(crate) state: SessionState,
    pub(crate) limits: Limits,
    _folder: Option<TempDir>,
}

impl Asker {
    pub(crate) async fn new(rules: ScanRules, inner: Option<Arc<dyn TableProvider>>) -> Self {
        Self::with_limits(rules, inner, Limits::default()).await
    }

    pub(crate) async fn with_limits(
        rules: ScanRules,
        inner: Option<Arc<dyn TableProvider>>,
        limits: Limits,
    ) -> Self {
        Self::with_fresh(rules, inner, Vec::new(), limits).await
    }

    /// Holds rows behind those of the table, too.
    pub(crate) async fn with_fresh(
        rules: ScanRules,
        inner: Option<Arc<dyn TableProvider>>,
        fresh: Vec<RecordBatch>,
        limits: Limits,
    ) -> Self {
        let (ledger, folder) = ledger().await;
        let opener = Arc::new(Opener::new(ledger, vault()));
        let name: DatasetName = rules.dataset.clone();
        let table = GovernedTable::new(rules, inner, trusted_session().unwrap(), opener).with_fresh(fresh);
        let state = user_session(vec![(name, Arc::new(table))], &limits).unwrap();
        Self { state, limits, _folder: Some(folder) }
    }

    /// Asks in a session that the test has made.
    pub(crate) const fn over(state: SessionState, limits: Limits) -> Self {
        Self { state, limits, _folder: None }
    }

    pub(crate) async fn members() -> Self {
        Self::new(member_rules(half()), Some(Arc::new(members()))).await
    }

    /// Asks as a principal does: gate, plan, checks, limits.
    pub(crate) async fn ask(&self, sql: &str) -> Result<Vec<RecordBatch>, QueryError> {
        let statement = Statement::parse(sql, &self.limits)?;
        let planned = Planned::new(&self.state, &statement, &self.limits).await?;
        let brake = Brake::new(Instant::now() + Duration::from_secs(self.limits.seconds_max));
        let physical = planned.physical(&self.state, &self.limits, &brake).await?;
        run(&physical, &self.state.task_ctx(), self.limits, brake).try_collect().await
    }

    /// Plans as a principal's statement is planned.
    pub(crate) async fn plan(&self, sql: &str) -> Arc<dyn ExecutionPlan> {
        let statement = Statement::parse(sql, &self.limits).unwrap();
        let planned = Planned::new(&self.state, &statement, &self.limits).await.unwrap();
        let brake = Brake::new(Instant::now() + Duration::from_secs(60));
        planned.physical(&self.state, &self.limits, &brake).await.unwrap()
    }

    /// Asks for one number.
    pub(crate) async fn number(&self, sql: &str) -> Result<i64, QueryError> {
        let batches = self.ask(sql).await?;
        let array = batches.iter().find(|batch| batch.num_rows() > 0).unwrap().column(0).clone();
        let array = cast(&array, &DataType::Int64).unwrap();
        Ok(array.as_any().downcast_ref::<Int64Array>().unwrap().value(0))
    }
}

/// The rows of an answer.
pub(crate) fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// The bytes that an Arrow client would be sent.
pub(crate) fn wire(batches: &[RecordBatch]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for batch in batches {
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(batch).unwrap();
        bytes.extend(writer.into_inner().unwrap());
    }
    bytes
}

/// Counts a text in bytes.
pub(crate) fn count(bytes: &[u8], needle: &str) -> usize {
    bytes.windows(needle.len()).filter(|window| *window == needle.as_bytes()).count()
}
