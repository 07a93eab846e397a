//! Columns that a contract has got and the stored table has not: until rows come that are of it, they have no value.

use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use datafusion::common::{Result as DataFusionResult, ScalarValue};
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::projection::ProjectionExpr;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

/// Puts the columns behind those of a schema.
pub(super) fn with(schema: &SchemaRef, absent: &[Field]) -> SchemaRef {
    if absent.is_empty() {
        return Arc::clone(schema);
    }
    let fields: Vec<FieldRef> =
        schema.fields().iter().cloned().chain(absent.iter().cloned().map(Arc::new)).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// Puts the columns behind those of a scan, without a value in any row.
pub(super) fn add(
    scan: Arc<dyn ExecutionPlan>,
    absent: &[Field],
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    if absent.is_empty() {
        return Ok(scan);
    }
    let schema = scan.schema();
    let mut columns = Vec::with_capacity(schema.fields().len() + absent.len());
    for (index, field) in schema.fields().iter().enumerate() {
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), index));
        columns.push(ProjectionExpr::new(column, field.name()));
    }
    for field in absent {
        let nothing: Arc<dyn PhysicalExpr> =
            Arc::new(Literal::new(ScalarValue::try_new_null(field.data_type())?));
        columns.push(ProjectionExpr::new(nothing, field.name()));
    }
    Ok(Arc::new(ProjectionExec::try_new(columns, scan)?))
}
