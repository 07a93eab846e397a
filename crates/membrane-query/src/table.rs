//! The governed table: what a principal's session holds in place of the stored table.

mod absent;
mod fresh;
mod inner;
mod known;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result as DataFusionResult, Statistics};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use membrane_lake::Extent;
use membrane_model::{ColumnName, RunId};
use membrane_policy::RowRule;

use crate::fault::{Place, ScanFault};
use crate::open::Opener;
use crate::program::{Conditions, Program};
use crate::pushdown;
use crate::row_filter;
use crate::rules::{ColumnRule, ScanRules};
use crate::scan::{GovernedScanExec, ScanParts};

/// Units for each partition of a scan that hides no row: enough that none ends long before the others.
const UNITS_EACH: usize = 8;

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
    place: Place,
    plain_files: bool,
    extent: Option<Arc<Extent>>,
    /// Stored columns of the contract that the table does not have yet.
    absent: Vec<Field>,
    /// Rows that are not in the table yet.
    fresh: Vec<RecordBatch>,
    /// The files that are read, where not all are.
    only: Option<Arc<BTreeSet<String>>>,
    /// Whether its rows are about members.
    private: bool,
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
        let place = Place { dataset: rules.dataset.clone(), run: None };
        Self {
            rules: Arc::new(rules),
            inner,
            trusted,
            opener,
            shown,
            place,
            plain_files: false,
            extent: None,
            absent: Vec::new(),
            fresh: Vec::new(),
            only: None,
            private: true,
        }
    }

    /// Says whether its rows are about members.
    pub(crate) const fn about_members(mut self, private: bool) -> Self {
        self.private = private;
        self
    }

    /// Tells whether its rows are about members.
    pub(crate) const fn is_private(&self) -> bool {
        self.private
    }

    /// Reads some files of the stored table and no others: what came in lately.
    pub(crate) fn of_files(mut self, files: BTreeSet<String>) -> Self {
        self.only = Some(Arc::new(files));
        self
    }

    /// Returns the column that shows whose a row is by its key.
    pub(crate) fn key_column(&self) -> Option<&ColumnName> {
        self.rules.key_column()
    }

    /// Says whether the stored table is its Parquet files and nothing else, so that they can be read directly.
    pub(crate) const fn of_plain_files(mut self, plain_files: bool) -> Self {
        self.plain_files = plain_files;
        self
    }

    /// Says how much is stored, where that is known.
    pub(crate) fn of_extent(mut self, extent: Option<Arc<Extent>>) -> Self {
        self.extent = extent;
        self
    }

    /// Says which stored columns of the contract the table does not have yet: no row has a value in them.
    pub(crate) fn of_absent(mut self, absent: Vec<Field>) -> Self {
        self.absent = absent;
        self
    }

    /// Puts rows behind those of the table that are acknowledged and not in it yet.
    pub(crate) fn with_fresh(mut self, fresh: Vec<RecordBatch>) -> Self {
        self.inner = self.inner.or_else(|| fresh::table_of(&fresh));
        self.fresh = fresh;
        self
    }

    /// Says in which run the table is read, for the log.
    pub(crate) fn in_run(mut self, run: RunId) -> Self {
        self.place.run = Some(run);
        self
    }

    /// Finds a shown column.
    pub(crate) fn column(&self, name: &str) -> Option<&ColumnRule> {
        self.rules.column(name)
    }

    /// Returns which rows the principal may see.
    pub(crate) fn row_rule(&self) -> &RowRule {
        &self.rules.rows
    }

    /// Returns the dataset's name.
    pub(crate) fn dataset(&self) -> &membrane_model::DatasetName {
        &self.rules.dataset
    }

    async fn plan(
        &self,
        outputs: usize,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<GovernedScanExec> {
        let place = &self.place;
        let shown = match projection {
            Some(indices) => Arc::new(self.shown.project(indices)?),
            None => Arc::clone(&self.shown),
        };
        let mut parts = ScanParts {
            trusted: Arc::clone(&self.trusted),
            opener: Arc::clone(&self.opener),
            place: place.clone(),
            limit,
            outputs,
            known: Arc::new(match self.rules.rows {
                RowRule::All => Statistics::new_unknown(&shown),
                RowRule::When(_) | RowRule::None => known::supposed(&shown, filters),
            }),
        };
        let inner = match (&self.rules.rows, &self.inner) {
            // Nothing is stored, or no row may be seen: both look the same.
            (RowRule::None, _) | (_, None) => {
                let empty: Arc<dyn ExecutionPlan> = Arc::new(EmptyExec::new(Arc::new(Schema::empty())));
                return Ok(GovernedScanExec::new(empty, Program::nothing(&shown), parts));
            }
            (_, Some(inner)) => inner,
        };
        let whole = absent::with(&inner.schema(), &self.absent);
        let conditions = self.conditions(&whole, filters).map_err(|fault| place.fault(fault))?;
        let (scan, absent) = self.inner_scan(inner.as_ref(), &shown, &conditions).await?;
        let scan =
            if self.plain_files { inner::plain(scan).map_err(|error| place.inner(&error))? } else { scan };
        let scan = match &self.only {
            Some(files) => inner::only(scan, files).map_err(|error| place.inner(&error))?,
            None => scan,
        };
        let (present, stored) = (scan.schema(), absent::with(&scan.schema(), &absent));
        let program = Program::compile(&self.rules, &shown, &conditions, &stored, &self.trusted)
            .map_err(|fault| place.fault(fault))?;
        if let (RowRule::All, Some(extent)) = (&self.rules.rows, &self.extent) {
            // Advice for a planner, and no more: what cannot be estimated is not known.
            let known =
                known::of_all_rows(extent, &self.rules, &shown, &conditions.filters, &stored, &self.trusted);
            if let Ok(known) = known {
                parts.known = Arc::new(known);
            }
        }
        // Where rows are hidden, units are read ahead of whoever takes them, and are to be small.
        let units_max = if program.hides_rows() { usize::MAX } else { outputs.saturating_mul(UNITS_EACH) };
        // What is bound to columns that are not there cannot help to read less.
        let predicate = program.predicate().filter(|_| absent.is_empty());
        let scan = inner::optimise(scan, predicate, units_max, &self.trusted)
            .map_err(|error| place.inner(&error))?;
        if scan.schema() != present {
            return Err(place.fault(ScanFault::Shape));
        }
        let scan = absent::add(scan, &absent).map_err(|error| place.inner(&error))?;
        let scan = fresh::behind(scan, &self.fresh).map_err(|error| place.inner(&error))?;
        Ok(GovernedScanExec::new(scan, program, parts))
    }

    /// Returns which rows are given: the row rule, and the statement's own conditions. That the latter are leakproof is
    /// checked again here, whoever calls: nobody evaluates them above the scan, so none of them may be left out.
    fn conditions(&self, stored: &Schema, filters: &[Expr]) -> Result<Conditions, ScanFault> {
        let rule = match &self.rules.rows {
            RowRule::When(condition) => row_filter::conjuncts(condition, stored)?,
            RowRule::All => Vec::new(),
            RowRule::None => return Err(ScanFault::Rule),
        };
        let filters = filters
            .iter()
            .map(|filter| match pushdown::is_leakproof(filter, &self.rules) {
                true => pushdown::stored(filter).map_err(|_| ScanFault::Shape),
                false => Err(ScanFault::Shape),
            })
            .collect::<Result<_, _>>()?;
        Ok(Conditions { rule, filters })
    }

    /// Scans the stored table in the trusted session; the caller's stays outside. Returns beside it the needed columns that the table
    /// does not have yet.
    async fn inner_scan(
        &self,
        inner: &dyn TableProvider,
        shown: &SchemaRef,
        conditions: &Conditions,
    ) -> DataFusionResult<(Arc<dyn ExecutionPlan>, Vec<Field>)> {
        let (stored, place) = (inner.schema(), &self.place);
        let mut needed =
            Program::stored_columns(&self.rules, shown, conditions).map_err(|fault| place.fault(fault))?;
        let absent: Vec<Field> =
            self.absent.iter().filter(|field| needed.remove(field.name())).cloned().collect();
        let indices: Vec<usize> = needed
            .iter()
            .map(|name| stored.index_of(name).map_err(|_| place.fault(ScanFault::Contract)))
            .collect::<Result<_, _>>()?;
        // The table may skip whole files by what it knows of them.
        let is_here = |part: &&Expr| {
            !part.column_refs().iter().any(|column| absent.iter().any(|field| *field.name() == column.name))
        };
        let wanted: Vec<&Expr> = conditions.rule.iter().chain(&conditions.filters).filter(is_here).collect();
        let supported = inner.supports_filters_pushdown(&wanted).map_err(|error| place.inner(&error))?;
        let below: Vec<Expr> = wanted
            .into_iter()
            .zip(supported)
            .filter(|(_, support)| *support != TableProviderFilterPushDown::Unsupported)
            .map(|(filter, _)| filter.clone())
            .collect();
        let scan = inner.scan(self.trusted.as_ref(), Some(&indices), &below, None).await;
        scan.map(|scan| (scan, absent)).map_err(|error| place.inner(&error))
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
                    TableProviderFilterPushDown::Exact
                } else {
                    TableProviderFilterPushDown::Unsupported
                }
            })
            .collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        // All that is taken from the caller's session.
        let outputs = state.config().target_partitions();
        Ok(Arc::new(self.plan(outputs, projection, filters, limit).await?))
    }
}

#[cfg(test)]
mod tests;
