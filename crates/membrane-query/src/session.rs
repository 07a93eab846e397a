//! The only place where DataFusion sessions are built.
//!
//! There are two kinds, and they never mix (a release runs in one of the first kind without tables, [`release_session`]):
//!
//! | | user session | trusted session |
//! | --- | --- | --- |
//! | plans | the statement of a principal | the inner scan of one governed table |
//! | tables | the governed tables of one permit, and lists of what it permits; or those of the record | none |
//! | object stores | a registry that holds none and takes none | the stores of the lake |
//! | functions | the allow-list of [`crate::functions`] | none |
//! | lives | one query | as long as the engine |
//!
//! Example: Ana may read `crm_members`. Her statement is planned in a user session that holds one table of
//! that name, a `GovernedTable`. When it is scanned, the provider ignores her session and plans the Delta scan
//! in the trusted one; all that it takes from hers is the memory pool, so that her limit counts. A statement
//! that reached for a file would find a session without any store in it.

use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::common::Result as DataFusionResult;
use datafusion::common::config::Dialect;
use datafusion::error::DataFusionError;
use datafusion::execution::config::SessionConfig;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{MemoryPool, UnboundedMemoryPool};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::object_store::ObjectStore;
use datafusion::optimizer::OptimizerRule;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::optimizer::push_down_filter::PushDownFilter;
use membrane_model::{DatasetName, Limits};
use url::Url;

use crate::error::QueryError;
use crate::functions;
use crate::functions::member_token::{Lookups, MemberToken};
use crate::information::{self, InformationTable};
use crate::memory;
use crate::system::{self, RecordTable};

/// The one catalog, and in it the schema of the governed tables.
pub(crate) const CATALOG: &str = "membrane";
pub(crate) const SCHEMA: &str = "main";

/// Builds the session in which inner scans are planned and run. It never sees a statement of a principal.
pub(crate) fn trusted_session() -> Result<Arc<SessionState>, QueryError> {
    let runtime = RuntimeEnvBuilder::new()
        .with_disk_manager_builder(no_disk())
        .build_arc()
        .map_err(|_| QueryError::Failed)?;
    Ok(Arc::new(new_state().with_config(trusted_config()).with_runtime_env(runtime).build()))
}

/// Builds the session for one statement over the given tables, and nothing else, with memory of its own.
pub(crate) fn user_session(
    tables: Vec<(DatasetName, Arc<dyn TableProvider>)>,
    limits: &Limits,
) -> Result<SessionState, QueryError> {
    let contents = Contents { tables, ..Contents::default() };
    user_session_in(&memory::engine_pool(limits), contents, limits)
}

/// Builds the session in which the plans of one release run. Its plans are made of tables and not of a statement.
///
/// PRIVACY: no rule changes a join. DataFusion's own put joins in another order, with rows about members on the side that is held,
/// and lose what must be equal where that names two tables. And no operator can be refused memory: a release counts beforehand
/// what they hold, so that whether there is enough does not depend on members.
pub(crate) fn release_session(limits: &Limits) -> Result<SessionState, QueryError> {
    let state = user_session(Vec::new(), limits)?;
    let runtime = RuntimeEnvBuilder::from_runtime_env(state.runtime_env())
        .with_memory_pool(Arc::new(UnboundedMemoryPool::default()))
        .build_arc()
        .map_err(|_| QueryError::Failed)?;
    let mut config = state.config().clone();
    let optimizer = &mut config.options_mut().optimizer;
    optimizer.join_reordering = false;
    optimizer.repartition_joins = false;
    optimizer.enable_round_robin_repartition = false;
    #[expect(clippy::disallowed_methods, reason = "this is the file in which sessions are built")]
    let state = SessionStateBuilder::new_from_existing(state);
    let rules: Vec<Arc<dyn OptimizerRule + Send + Sync>> =
        vec![Arc::new(PushDownFilter::new()), Arc::new(OptimizeProjections::new())];
    Ok(state.with_config(config).with_runtime_env(runtime).with_optimizer_rules(rules).build())
}

/// What there is in the session of one statement.
#[derive(Default)]
pub(crate) struct Contents {
    /// The governed tables.
    pub(crate) tables: Vec<(DatasetName, Arc<dyn TableProvider>)>,
    /// The tables of `information_schema`, when it is asked.
    pub(crate) information: Vec<(&'static str, InformationTable)>,
    /// The tables of the record, for whoever may look at it.
    pub(crate) system: Vec<(&'static str, RecordTable)>,
    /// The columns in which exact values may be looked up.
    pub(crate) lookups: Lookups,
}

/// Builds the session for one statement over the given tables, and nothing else, with memory out of an engine's.
pub(crate) fn user_session_in(
    engine: &Arc<dyn MemoryPool>,
    contents: Contents,
    limits: &Limits,
) -> Result<SessionState, QueryError> {
    let Contents { tables, information, system, lookups } = contents;
    let mut scalar_functions = functions::scalar_functions();
    if !lookups.is_empty() {
        scalar_functions.push(Arc::new(MemberToken::new(lookups).into()));
    }
    let schema = MemorySchemaProvider::new();
    for (name, table) in tables {
        schema.register_table(name.to_string(), table).map_err(|_| QueryError::Failed)?;
    }
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(SCHEMA, Arc::new(schema)).map_err(|_| QueryError::Failed)?;
    add_schema(&catalog, information::NAME, information)?;
    add_schema(&catalog, system::NAME, system)?;
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(CATALOG.to_owned(), Arc::new(catalog));

    let runtime = RuntimeEnvBuilder::new()
        .with_object_store_registry(Arc::new(NoStores))
        .with_memory_pool(memory::query_pool(engine, limits))
        .with_disk_manager_builder(no_disk())
        .build_arc()
        .map_err(|_| QueryError::Failed)?;
    let mut state = new_state()
        .with_config(user_config())
        .with_runtime_env(runtime)
        .with_catalog_list(Arc::new(catalogs))
        .with_expr_planners(functions::expression_planners())
        .with_scalar_functions(scalar_functions)
        .with_aggregate_functions(functions::aggregate_functions())
        .with_window_functions(functions::window_functions())
        .build();
    // `now()` is the same moment in the whole statement.
    state.mark_start_execution();
    Ok(state)
}

/// Adds a schema, unless nothing is in it.
fn add_schema(
    catalog: &MemoryCatalogProvider,
    name: &str,
    tables: Vec<(&'static str, impl TableProvider + 'static)>,
) -> Result<(), QueryError> {
    if tables.is_empty() {
        return Ok(());
    }
    let schema = MemorySchemaProvider::new();
    for (name, table) in tables {
        schema.register_table(name.to_owned(), Arc::new(table)).map_err(|_| QueryError::Failed)?;
    }
    catalog.register_schema(name, Arc::new(schema)).map(|_| ()).map_err(|_| QueryError::Failed)
}

/// Returns the context in which an inner scan runs: the trusted session's, with the caller's memory pool.
pub(crate) fn inner_context(
    trusted: &SessionState,
    pool: &Arc<dyn MemoryPool>,
) -> DataFusionResult<Arc<TaskContext>> {
    let runtime: Arc<RuntimeEnv> = RuntimeEnvBuilder::from_runtime_env(trusted.runtime_env())
        .with_memory_pool(Arc::clone(pool))
        .build_arc()?;
    let context: TaskContext = trusted.into();
    Ok(Arc::new(context.with_runtime(runtime)))
}

fn user_config() -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_information_schema(false);
    let options = config.options_mut();
    options.sql_parser.dialect = Dialect::PostgreSQL;
    // Errors carry a position instead of a text.
    options.sql_parser.collect_spans = true;
    options.execution.enable_recursive_ctes = false;
    // These make room for LIMIT groups at once and ask no pool: `LIMIT 1000000000000` would end the process.
    options.optimizer.enable_topk_aggregation = false;
    options.optimizer.enable_window_topn = false;
    config
}

fn trusted_config() -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(false)
        // The governed scan reads the partitions of the inner one in their order, several at a time (`crate::units`);
        // no optimiser rule is to deal out rows or put partitions together.
        .with_target_partitions(1);
    let options = config.options_mut();
    // The row rule is evaluated once, by the governed scan, and not by a Parquet reader; the reader is told it all the
    // same, to skip row groups and pages.
    options.execution.parquet.pushdown_filters = false;
    // Partitions keep the files they were given: which rows come when is not to depend on which was read faster.
    options.execution.enable_file_stream_work_stealing = false;
    // Files are split by their rows, however small they are, before the optimiser sees them and not by it.
    options.optimizer.repartition_file_min_size = 0;
    options.optimizer.repartition_file_scans = false;
    config
}

#[expect(clippy::disallowed_methods, reason = "this is the file in which sessions are built")]
fn new_state() -> SessionStateBuilder {
    SessionStateBuilder::new()
}

// PRIVACY: a spill file would hold what the query holds, in clear, on a disk that outlives it.
fn no_disk() -> DiskManagerBuilder {
    DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled)
}

/// A registry without object stores: what a statement reaches for is not there.
#[derive(Debug)]
struct NoStores;

impl ObjectStoreRegistry for NoStores {
    fn register_store(&self, _url: &Url, _store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, _url: &Url) -> DataFusionResult<Arc<dyn ObjectStore>> {
        Err(DataFusionError::Plan("no object stores in this session".to_owned()))
    }
}
