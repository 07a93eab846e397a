use std::fmt;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringViewArray};
use datafusion::arrow::datatypes::Field;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{col, lit};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlanProperties as _, PlanProperties, ReplaceChildrenOptions,
    SendableRecordBatchStream,
};

use super::*;
use crate::predicate::Predicate;
use crate::session::trusted_session;

/// Stands for the Delta library's scan: it gives some of the columns of the files under it.
#[derive(Debug)]
struct Wrapper {
    name: &'static str,
    files: Vec<Arc<dyn ExecutionPlan>>,
    properties: Arc<PlanProperties>,
}

fn wrapper(
    name: &'static str,
    files: &Arc<dyn ExecutionPlan>,
    fields: &[(&str, DataType)],
) -> Arc<dyn ExecutionPlan> {
    let fields: Vec<Field> =
        fields.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true)).collect();
    let properties = PlanProperties::new(
        EquivalenceProperties::new(Arc::new(Schema::new(fields))),
        files.output_partitioning().clone(),
        files.properties().emission_type,
        files.properties().boundedness,
    );
    Arc::new(Wrapper { name, files: vec![Arc::clone(files)], properties: Arc::new(properties) })
}

impl DisplayAs for Wrapper {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl ExecutionPlan for Wrapper {
    fn name(&self) -> &'static str {
        self.name
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }
    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.files.iter().collect()
    }
    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }
    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }
    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }
    fn execute(&self, _: usize, _: Arc<TaskContext>) -> DataFusionResult<SendableRecordBatchStream> {
        Err(DataFusionError::Internal("a stand-in".to_owned()))
    }
}

/// Files with the columns `id`, `text` and the one that says the file.
async fn files() -> Arc<dyn ExecutionPlan> {
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new((0..10).collect::<Int64Array>())),
        ("text", Arc::new((0..10).map(|n| Some(format!("text {n}"))).collect::<StringViewArray>())),
        ("file", Arc::new((0..10).map(|_| Some("0")).collect::<StringViewArray>())),
    ];
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap();
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap();
    table.scan(trusted_session().unwrap().as_ref(), None, &[], None).await.unwrap()
}

#[tokio::test]
async fn files_are_read_directly_where_nothing_is_to_be_done() {
    let files = files().await;
    for columns in [
        vec![("id", DataType::Int64), ("text", DataType::Utf8View)],
        vec![("text", DataType::Utf8View), ("id", DataType::Int64)],
        vec![("text", DataType::Utf8View)],
    ] {
        let scan = wrapper(DELTA_SCAN, &files, &columns);
        let found = plain(Arc::clone(&scan)).unwrap();
        assert!(found.is::<DataSourceExec>(), "{columns:?}");
        assert!(same_shape(&found.schema(), &scan.schema()));
        let context: TaskContext = trusted_session().unwrap().as_ref().into();
        let rows = datafusion::physical_plan::collect(found, Arc::new(context)).await.unwrap();
        assert_eq!(rows[0].schema().fields().len(), columns.len());
        assert_eq!(rows[0].column_by_name("text").unwrap().len(), 10);
    }
}

#[tokio::test]
async fn what_is_not_as_expected_stays_as_it_is() {
    let files = files().await;
    for (name, columns) in [
        // Another type, a column that no file has, another node.
        (DELTA_SCAN, vec![("id", DataType::Int32)]),
        (DELTA_SCAN, vec![("id", DataType::Int64), ("region", DataType::Utf8View)]),
        ("OtherExec", vec![("id", DataType::Int64)]),
    ] {
        let scan = wrapper(name, &files, &columns);
        assert!(Arc::ptr_eq(&plain(Arc::clone(&scan)).unwrap(), &scan), "{name} {columns:?}");
    }
    let twice = wrapper(
        DELTA_SCAN,
        &wrapper("OtherExec", &files, &[("id", DataType::Int64)]),
        &[("id", DataType::Int64)],
    );
    assert!(Arc::ptr_eq(&plain(Arc::clone(&twice)).unwrap(), &twice));
    assert!(plain(Arc::clone(&files)).unwrap().is::<DataSourceExec>());
}

/// The condition is told and taken away again: who evaluates it is the governed scan.
#[tokio::test]
async fn no_filter_is_left_inside() {
    let (files, trusted) = (files().await, trusted_session().unwrap());
    let conditions = [col("id").gt(lit(3_i64))];
    let predicate = Predicate::bind(&conditions, &files.schema(), &trusted).unwrap().unwrap();
    let scan = optimise(Arc::clone(&files), Some(predicate.whole()), 16, &trusted).unwrap();
    assert!(!scan.exists(|node| Ok(node.is::<FilterExec>())).unwrap());
    assert_eq!(scan.schema(), files.schema());
    let context: TaskContext = trusted.as_ref().into();
    let rows = datafusion::physical_plan::collect(scan, Arc::new(context)).await.unwrap();
    assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 10);
}
