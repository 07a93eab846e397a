//! EXPLAIN in its safe form: the asker's own plan, above the scans.
//!
//! What is shown is the optimised logical plan: a function of the statement and of the columns that the asker may see. A
//! governed table stands in it as a scan of a name, with the asker's own conditions that go down. The row rule, masks,
//! keys, files, statistics and row counts are below that scan, and no part of the plan. Nothing is read.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringViewArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use futures::StreamExt as _;
use futures::stream;
use membrane_model::Limits;

use crate::answer::{Answer, AnswerColumn};
use crate::error::QueryError;
use crate::sanitise::sanitise;

/// The one column of the answer.
const COLUMN: &str = "plan";

/// Answers with the plan, a line for each of its nodes.
pub(crate) fn answer(
    analysed: &LogicalPlan,
    state: &SessionState,
    limits: &Limits,
) -> Result<Answer, QueryError> {
    let plan = state.optimize(analysed).map_err(|error| sanitise(&error, limits))?;
    let text = plan.display_indent().to_string();
    let lines: ArrayRef = Arc::new(text.lines().map(Some).collect::<StringViewArray>());
    let schema = Arc::new(Schema::new(vec![Field::new(COLUMN, DataType::Utf8View, false)]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![lines]).map_err(|_| QueryError::Failed)?;
    if batch.get_array_memory_size() as u64 > limits.bytes_max {
        return Err(QueryError::LimitBytes { bytes_max: limits.bytes_max });
    }
    Ok(Answer {
        schema,
        stream: stream::iter([Ok(batch)]).boxed(),
        inputs: Vec::new(),
        columns: vec![AnswerColumn { name: COLUMN.to_owned(), level: None }],
        edges: Vec::new(),
        plan: None,
        cells_opened: Arc::default(),
    })
}

#[cfg(test)]
mod tests;
