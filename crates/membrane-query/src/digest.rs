//! What stands for a plan and for an answer in the record: digests, so that the record has neither.
//!
//! The digest of a **plan** is over its shape: operators, tables, columns of tables, functions and types. Literals, and names that somebody gave to a
//! column, are not in it: who knows the digest cannot try values against it.
//!
//! The digest of an **answer** is over its columns, row by row, whatever the batches were in which they came ([`AnswerDigest`]). It is not published
//! as it is, but committed to under a salt: an answer may be one number, which anyone could try.

use std::collections::BTreeSet;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{DataType, SchemaRef, ToByteSlice};
use arrow::downcast_primitive_array;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::Result as DataFusionResult;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};
use sha2::{Digest as _, Sha256};

/// What an answer's digest begins with.
const ANSWER_LABEL: &[u8] = b"membrane-answer/1\0";
/// What a plan's digest begins with.
const PLAN_LABEL: &[u8] = b"membrane-plan/1\0";

/// Returns the digest of a plan, as hexadecimal digits.
pub(crate) fn plan_digest(plan: &LogicalPlan) -> DataFusionResult<String> {
    let mut known = BTreeSet::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            known.extend(scan.source.schema().fields().iter().map(|field| field.name().clone()));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    let mut shape = Shape { known, hash: Sha256::new_with_prefix(PLAN_LABEL) };
    shape.plan(plan)?;
    Ok(hex::encode(shape.hash.finalize()))
}

/// The shape of a plan, as far as it was walked.
struct Shape {
    /// The columns of its tables: the only names of columns that say nothing of a value.
    known: BTreeSet<String>,
    hash: Sha256,
}

impl Shape {
    fn word(&mut self, word: &str) {
        self.hash.update(word);
        self.hash.update([0]);
    }

    fn plan(&mut self, plan: &LogicalPlan) -> DataFusionResult<()> {
        self.word("(");
        match plan {
            LogicalPlan::TableScan(scan) => {
                let name = scan.table_name.to_string();
                self.word("scan");
                self.word(&name);
            }
            LogicalPlan::Join(join) => self.word(&format!("{} join", join.join_type)),
            LogicalPlan::Projection(_) => self.word("projection"),
            LogicalPlan::Filter(_) => self.word("filter"),
            LogicalPlan::Window(_) => self.word("window"),
            LogicalPlan::Aggregate(_) => self.word("aggregate"),
            LogicalPlan::Sort(_) => self.word("sort"),
            LogicalPlan::Limit(_) => self.word("limit"),
            LogicalPlan::Union(_) => self.word("union"),
            LogicalPlan::Distinct(_) => self.word("distinct"),
            LogicalPlan::Unnest(_) => self.word("unnest"),
            LogicalPlan::Values(_) => self.word("values"),
            LogicalPlan::SubqueryAlias(_) => self.word("alias"),
            LogicalPlan::Subquery(_) => self.word("subquery"),
            LogicalPlan::EmptyRelation(_) => self.word("empty"),
            _ => self.word("other"),
        }
        for expression in plan.expressions() {
            self.expression(&expression)?;
        }
        for input in plan.inputs() {
            self.plan(input)?;
        }
        self.word(")");
        Ok(())
    }

    fn expression(&mut self, expression: &Expr) -> DataFusionResult<()> {
        self.word("[");
        match expression {
            Expr::Column(column) if self.known.contains(column.name()) => {
                let name = column.name().to_owned();
                self.word("column");
                self.word(&name);
            }
            Expr::Literal(value, _) => self.word(&format!("literal {}", value.data_type())),
            Expr::BinaryExpr(binary) => self.word(&format!("operator {}", binary.op)),
            Expr::ScalarFunction(call) => self.word(&format!("function {}", call.name())),
            Expr::AggregateFunction(call) => {
                let distinct = if call.params.distinct { " distinct" } else { "" };
                self.word(&format!("aggregate {}{distinct}", call.func.name()));
            }
            Expr::WindowFunction(call) => self.word(&format!("window {}", call.fun.name())),
            Expr::ScalarSubquery(query) => {
                self.word("scalar subquery");
                self.plan(&query.subquery)?;
            }
            Expr::Exists(exists) => {
                self.word(if exists.negated { "not exists" } else { "exists" });
                self.plan(&exists.subquery.subquery)?;
            }
            Expr::InSubquery(within) => {
                self.word(if within.negated { "not in" } else { "in" });
                self.plan(&within.subquery.subquery)?;
            }
            Expr::InList(within) => self.word(if within.negated { "not in list" } else { "in list" }),
            Expr::Between(between) => self.word(if between.negated { "not between" } else { "between" }),
            Expr::Like(like) => self.word(if like.negated { "not like" } else { "like" }),
            other => self.word(other.variant_name()),
        }
        expression.apply_children(|child| {
            self.expression(child)?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        self.word("]");
        Ok(())
    }
}

/// The digest of an answer, as far as it came.
///
/// Each column has a SHA-256 of its own, over its cells in order: a byte 1 for NULL, or a byte 0 and the cell. A number, a moment or a truth is written as
/// its bytes in Arrow, the least one first; a text or bytes as their length in eight bytes, the least one first, and themselves; of anything else the text that
/// Arrow shows stands for it. The digest is SHA-256 over a label, the number of columns and of rows in eight bytes each, and of each column its name (as a
/// text is written) and its SHA-256.
#[derive(Debug, Clone)]
pub struct AnswerDigest {
    schema: SchemaRef,
    columns: Vec<Sha256>,
    rows: u64,
    /// Cells as they are hashed, kept to be used again.
    cells: Vec<u8>,
}

impl AnswerDigest {
    /// Begins the digest of an answer of these columns.
    #[must_use]
    pub fn new(schema: SchemaRef) -> Self {
        let columns = vec![Sha256::new(); schema.fields().len()];
        Self { schema, columns, rows: 0, cells: Vec::new() }
    }

    /// Takes rows in.
    ///
    /// # Errors
    /// [`ArrowError`] when a cell has a type that cannot be shown.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        for (column, hash) in batch.columns().iter().zip(&mut self.columns) {
            self.cells.clear();
            write_cells(column, &mut self.cells)?;
            hash.update(&self.cells);
        }
        self.rows = self.rows.saturating_add(u64::try_from(batch.num_rows()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Returns the digest, as hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        let mut all = Sha256::new_with_prefix(ANSWER_LABEL);
        all.update(length(self.columns.len()));
        all.update(self.rows.to_le_bytes());
        for (field, column) in self.schema.fields().iter().zip(self.columns) {
            all.update(length(field.name().len()));
            all.update(field.name());
            all.update(column.finalize());
        }
        hex::encode(all.finalize())
    }
}

fn length(bytes: usize) -> [u8; 8] {
    u64::try_from(bytes).unwrap_or(u64::MAX).to_le_bytes()
}

fn write_cells(column: &ArrayRef, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    let array: &dyn Array = column.as_ref();
    downcast_primitive_array!(
        array => write_numbers(array, out),
        DataType::Boolean => {
            for cell in array.as_boolean() {
                match cell {
                    Some(cell) => out.extend([0, u8::from(cell)]),
                    None => out.push(1),
                }
            }
        }
        DataType::Utf8 => array.as_string::<i32>().iter().for_each(|cell| write_bytes(cell.map(str::as_bytes), out)),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().for_each(|cell| write_bytes(cell.map(str::as_bytes), out)),
        DataType::Utf8View => array.as_string_view().iter().for_each(|cell| write_bytes(cell.map(str::as_bytes), out)),
        DataType::Binary => array.as_binary::<i32>().iter().for_each(|cell| write_bytes(cell, out)),
        DataType::LargeBinary => array.as_binary::<i64>().iter().for_each(|cell| write_bytes(cell, out)),
        DataType::BinaryView => array.as_binary_view().iter().for_each(|cell| write_bytes(cell, out)),
        _ => {
            let options = FormatOptions::new();
            let shown = ArrayFormatter::try_new(array, &options)?;
            for row in 0..array.len() {
                let text = array.is_valid(row).then(|| shown.value(row).try_to_string()).transpose()?;
                write_bytes(text.as_deref().map(str::as_bytes), out);
            }
        }
    );
    Ok(())
}

fn write_numbers<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, out: &mut Vec<u8>) {
    for cell in array {
        match cell {
            Some(cell) => {
                out.push(0);
                out.extend_from_slice(cell.to_byte_slice());
            }
            None => out.push(1),
        }
    }
}

fn write_bytes(cell: Option<&[u8]>, out: &mut Vec<u8>) {
    match cell {
        Some(cell) => {
            out.push(0);
            out.extend_from_slice(&length(cell.len()));
            out.extend_from_slice(cell);
        }
        None => out.push(1),
    }
}

#[cfg(test)]
mod tests;
