//! The only place where DataFusion sessions are built.
//!
//! There are two kinds, and they never mix:
//!
//! | | user session | trusted session |
//! | --- | --- | --- |
//! | plans | the statement of a principal | the inner scan of one governed table |
//! | tables | the governed tables of one permit | none |
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
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryPool};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::object_store::ObjectStore;
use membrane_model::{DatasetName, Limits};
use url::Url;

use crate::error::QueryError;
use crate::functions;

const CATALOG: &str = "membrane";
const SCHEMA: &str = "main";

/// Builds the session in which inner scans are planned and run. It never sees a statement of a principal.
pub(crate) fn trusted_session() -> Result<Arc<SessionState>, QueryError> {
    let runtime = RuntimeEnvBuilder::new()
        .with_disk_manager_builder(no_disk())
        .build_arc()
        .map_err(|_| QueryError::Failed)?;
    let config =
        SessionConfig::new().with_create_default_catalog_and_schema(false).with_information_schema(false);
    Ok(Arc::new(SessionStateBuilder::new().with_config(config).with_runtime_env(runtime).build()))
}

/// Builds the session for one statement over the given tables, and nothing else.
pub(crate) fn user_session(
    tables: Vec<(DatasetName, Arc<dyn TableProvider>)>,
    limits: &Limits,
) -> Result<SessionState, QueryError> {
    let schema = MemorySchemaProvider::new();
    for (name, table) in tables {
        schema.register_table(name.to_string(), table).map_err(|_| QueryError::Failed)?;
    }
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(SCHEMA, Arc::new(schema)).map_err(|_| QueryError::Failed)?;
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(CATALOG.to_owned(), Arc::new(catalog));

    let runtime = RuntimeEnvBuilder::new()
        .with_object_store_registry(Arc::new(NoStores))
        .with_memory_pool(memory_pool(limits))
        .with_disk_manager_builder(no_disk())
        .build_arc()
        .map_err(|_| QueryError::Failed)?;
    let mut state = SessionStateBuilder::new()
        .with_config(user_config())
        .with_runtime_env(runtime)
        .with_catalog_list(Arc::new(catalogs))
        .with_expr_planners(functions::expression_planners())
        .with_scalar_functions(functions::scalar_functions())
        .with_aggregate_functions(functions::aggregate_functions())
        .with_window_functions(functions::window_functions())
        .build();
    // `now()` is the same moment in the whole statement.
    state.mark_start_execution();
    Ok(state)
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
    config
}

fn memory_pool(limits: &Limits) -> Arc<dyn MemoryPool> {
    Arc::new(GreedyMemoryPool::new(limits.memory_bytes_max))
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
