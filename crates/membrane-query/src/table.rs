//! The governed table: what a principal's session holds in place of the stored table.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as DataFusionResult;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use membrane_policy::RowRule;

use crate::fault::{ScanFault, inner_fault};
use crate::open::Opener;
use crate::program::Program;
use crate::pushdown;
use crate::row_filter;
use crate::rules::{ColumnRule, ScanRules};
use crate::scan::GovernedScanExec;

/// A table that shows one dataset as one permit allows it.
///
/// INVARIANT: the stored table is reached through [`TableProvider::scan`] only, and what that returns is a
/// leaf: no optimiser rule, no EXPLAIN and no codec sees the stored table, the row rule or a mask. Everything
/// else that a provider may tell (statistics, constraints, a view's text, a logical plan to inline) it does
/// not tell; the trait's defaults say nothing.
pub(crate) struct GovernedTable {
    rules: Arc<ScanRules>,
    inner: Option<Arc<dyn TableProvider>>,
    trusted: Arc<SessionState>,
    opener: Arc<Opener>,
    shown: SchemaRef,
}

impl GovernedTable {
    /// Puts a dataset's rules in front of its stored table, or of none when nothing was ever stored.
    pub(crate) fn new(
        rules: ScanRules,
        inner: Option<Arc<dyn TableProvider>>,
        trusted: Arc<SessionState>,
        opener: Arc<Opener>,
    ) -> Self {
        let shown = rules.shown_schema();
        Self { rules: Arc::new(rules), inner, trusted, opener, shown }
    }

    /// Finds a shown column.
    pub(crate) fn column(&self, name: &str) -> Option<&ColumnRule> {
        self.rules.column(name)
    }

    /// Returns the dataset's name.
    pub(crate) fn dataset(&self) -> &membrane_model::DatasetName {
        &self.rules.dataset
    }

    async fn plan(
        &self,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
    ) -> DataFusionResult<GovernedScanExec> {
        let shown = match projection {
            Some(indices) => Arc::new(self.shown.project(indices)?),
            None => Arc::clone(&self.shown),
        };
        let stored = self.inner.as_ref().map_or_else(|| Arc::new(Schema::empty()), |inner| inner.schema());
        let rule = match (&self.rules.rows, &self.inner) {
            (RowRule::None, _) | (_, None) => return self.nothing(shown),
            (RowRule::All, Some(_)) => Vec::new(),
            (RowRule::When(condition), Some(_)) => row_filter::conjuncts(condition, &stored)?,
        };
        let Some(inner) = &self.inner else { return self.nothing(shown) };

        let needed = Program::stored_columns(&self.rules, &shown, &rule)?;
        let indices = needed
            .iter()
            .map(|name| stored.index_of(name).map_err(|_| ScanFault::Shape))
            .collect::<Result<Vec<_>, _>>()?;
        let below = self.filters_below(inner.as_ref(), &rule, filters)?;
        // The caller's session stays outside: the inner scan is planned in the trusted one.
        let plan = inner
            .scan(self.trusted.as_ref(), Some(&indices), &below, None)
            .await
            .map_err(|error| inner_fault(&error))?;
        let plan = self.optimise(plan).map_err(|error| inner_fault(&error))?;
        let program = Program::compile(&self.rules, &shown, &rule, plan.schema().as_ref(), &self.trusted)?;
        Ok(GovernedScanExec::new(plan, program, shown, Arc::clone(&self.trusted), Arc::clone(&self.opener)))
    }

    /// A scan of no rows: nothing is stored, or no row may be seen. Both look the same.
    fn nothing(&self, shown: SchemaRef) -> DataFusionResult<GovernedScanExec> {
        let empty: Arc<dyn ExecutionPlan> = Arc::new(EmptyExec::new(Arc::new(Schema::empty())));
        let program = Program::nothing(&shown);
        Ok(GovernedScanExec::new(empty, program, shown, Arc::clone(&self.trusted), Arc::clone(&self.opener)))
    }

    /// Returns the filters that the inner scan may use to read less: the row rule's, and the statement's where
    /// they are leakproof. The latter are checked again here, whoever calls.
    fn filters_below(
        &self,
        inner: &dyn TableProvider,
        rule: &[Expr],
        filters: &[Expr],
    ) -> DataFusionResult<Vec<Expr>> {
        let mut wanted = rule.to_vec();
        for filter in filters.iter().filter(|filter| pushdown::is_leakproof(filter, &self.rules)) {
            wanted.push(pushdown::stored(filter)?);
        }
        let supported = inner
            .supports_filters_pushdown(&wanted.iter().collect::<Vec<_>>())
            .map_err(|error| inner_fault(&error))?;
        Ok(wanted
            .into_iter()
            .zip(supported)
            .filter(|(_, support)| *support != TableProviderFilterPushDown::Unsupported)
            .map(|(filter, _)| filter)
            .collect())
    }

    /// Spreads the inner scan over the processors and gives it what the outer optimiser, to which it is
    /// invisible, would have given.
    fn optimise(&self, plan: Arc<dyn ExecutionPlan>) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let options = self.trusted.config_options();
        let mut plan = plan.repartitioned(options.execution.target_partitions, options)?.unwrap_or(plan);
        for rule in self.trusted.physical_optimizers() {
            plan = rule.optimize(plan, options)?;
        }
        Ok(plan)
    }
}

// PRIVACY: rules hold keys, and constants of the policy.
impl fmt::Debug for GovernedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GovernedTable")
    }
}

#[async_trait]
impl TableProvider for GovernedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.shown)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(|filter| {
                if pushdown::is_leakproof(filter, &self.rules) {
                    TableProviderFilterPushDown::Inexact
                } else {
                    TableProviderFilterPushDown::Unsupported
                }
            })
            .collect())
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        Ok(Arc::new(self.plan(projection, filters).await?))
    }
}

#[cfg(test)]
mod tests;
