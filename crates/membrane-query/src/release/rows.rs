//! The rows of a block: a plan made from the question alone, over governed tables and those made of them.
//!
//! The plan joins, filters and projects. It computes nothing that could fail on a row, and it aggregates nothing over
//! members: contributions are bounded first, in [`super::exact`].
//!
//! Rows of the source are streamed past all other tables: the latter are on the side of a join that is held in memory.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, JoinType};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use membrane_model::ColumnName;

use super::prune::columns;
use super::question::{
    Aggregate, Block, ColumnRef, Join, JoinKind, Question, Scalar, Table, UnionPart, made_column,
};
use super::scalar::{alias, arrow_type, express, named, unit_of};
use crate::QueryError;
use crate::rules::SUBJECT_COLUMN;

/// The tables of a question that can be read: datasets, and those that were made so far.
pub(super) struct Tables<'a> {
    pub(super) tables: &'a [Table],
    /// One for each, where it is there.
    pub(super) providers: Vec<Option<Arc<dyn TableProvider>>>,
}

/// Returns what keys and aggregates read, each once: the columns of the rows after the first.
pub(super) fn columns_read(question: &Question) -> Vec<&Scalar> {
    let aggregates = question.aggregates.iter().filter_map(Aggregate::argument);
    each_once(question.keys.iter().chain(aggregates))
}

/// Returns each expression once.
pub(super) fn each_once<'a>(scalars: impl Iterator<Item = &'a Scalar>) -> Vec<&'a Scalar> {
    let mut once: Vec<&Scalar> = Vec::new();
    for scalar in scalars {
        if !once.contains(&scalar) {
            once.push(scalar);
        }
    }
    once
}

/// Returns the columns that are needed of one table.
pub(super) fn columns_of(question: &Question, table: usize) -> Vec<ColumnName> {
    let read = columns(question).into_iter().filter(|column| column.table == table);
    let mut names: Vec<ColumnName> = read.map(|column| column.column.clone()).collect();
    names.sort();
    names.dedup();
    names
}

impl Tables<'_> {
    /// Plans the rows of a block: the unit, then the values of `columns` as `c0`, `c1`, ..
    pub(super) fn plan(&self, block: &Block, columns: &[&Scalar]) -> Result<LogicalPlan, QueryError> {
        let names = (0..columns.len()).map(made_column);
        self.plan_as(block, columns.iter().copied().zip(names))
    }

    /// Plans the rows of a block: the unit, then values by name.
    pub(super) fn plan_as<'a>(
        &self,
        block: &Block,
        columns: impl Iterator<Item = (&'a Scalar, String)>,
    ) -> Result<LogicalPlan, QueryError> {
        let types = |column: &ColumnRef| self.type_of(column);
        let mut builder = self.scan(block.source)?;
        for join in &block.joins {
            let rows = builder.build().map_err(|_| QueryError::Failed)?;
            builder = self.join(rows, join, block.source)?;
        }
        for condition in &block.conditions {
            builder = builder.filter(express(condition, &types)?).map_err(|_| QueryError::Failed)?;
        }
        let unit = Expr::Column(unit_of(block.source)).alias(SUBJECT_COLUMN);
        let mut expressions = vec![unit];
        for (scalar, name) in columns {
            expressions.push(express(scalar, &types)?.alias(name));
        }
        builder.project(expressions).and_then(LogicalPlanBuilder::build).map_err(|_| QueryError::Failed)
    }

    fn scan(&self, index: usize) -> Result<LogicalPlanBuilder, QueryError> {
        if let Some(Table::Union(parts)) = self.tables.get(index) {
            return self.union(index, parts);
        }
        let provider = self.provider(index)?;
        LogicalPlanBuilder::scan(alias(index), provider_as_source(Arc::clone(provider)), None)
            .map_err(|_| QueryError::Failed)
    }

    fn union(&self, index: usize, parts: &[UnionPart]) -> Result<LogicalPlanBuilder, QueryError> {
        let mut united: Option<LogicalPlanBuilder> = None;
        for part in parts {
            let columns: Vec<&Scalar> = part.columns.iter().collect();
            let plan = self.plan(&part.block, &columns)?;
            united = Some(match united {
                None => LogicalPlanBuilder::from(plan),
                Some(united) => united.union(plan).map_err(|_| QueryError::Failed)?,
            });
        }
        let united = united.ok_or(QueryError::Failed)?;
        united.alias(alias(index)).map_err(|_| QueryError::Failed)
    }

    fn join(&self, rows: LogicalPlan, join: &Join, source: usize) -> Result<LogicalPlanBuilder, QueryError> {
        let types = |column: &ColumnRef| self.type_of(column);
        let mut held = self.scan(join.table)?;
        for condition in &join.conditions {
            held = held.filter(express(condition, &types)?).map_err(|_| QueryError::Failed)?;
        }
        let (mut new, mut earlier): (Vec<Expr>, Vec<Expr>) = (Vec::new(), Vec::new());
        if join.member {
            new.push(Expr::Column(unit_of(join.table)));
            earlier.push(Expr::Column(unit_of(source)));
        }
        for (one, column) in &join.on {
            new.push(Expr::Column(named(column)));
            earlier.push(express(one, &types)?);
        }
        // Seen from the side that is held.
        let kind = match join.kind {
            JoinKind::Inner => JoinType::Inner,
            JoinKind::Left => JoinType::Right,
            JoinKind::Semi => JoinType::RightSemi,
            JoinKind::Anti => JoinType::RightAnti,
        };
        held.join_with_expr_keys(rows, kind, (new, earlier), None).map_err(|_| QueryError::Failed)
    }

    fn provider(&self, index: usize) -> Result<&Arc<dyn TableProvider>, QueryError> {
        self.providers.get(index).and_then(Option::as_ref).ok_or(QueryError::Failed)
    }

    fn type_of(&self, column: &ColumnRef) -> Result<DataType, QueryError> {
        match self.tables.get(column.table) {
            Some(Table::Union(_)) => Ok(arrow_type(column.logical)),
            _ => {
                let schema = self.provider(column.table)?.schema();
                let field = schema.field_with_name(column.column.as_str()).map_err(|_| QueryError::Failed)?;
                Ok(field.data_type().clone())
            }
        }
    }
}

/// Names a column of one table alone.
pub(super) fn bare(column: &ColumnName) -> Expr {
    Expr::Column(Column::from_name(column.as_str()))
}

#[cfg(test)]
mod tests;
