//! One version of a table, to be read by the trusted side of a governed scan.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use arrow::datatypes::{Field, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::execution::config::SessionConfig;
use datafusion::execution::{SessionState, SessionStateBuilder};
use deltalake::logstore::LogStoreRef;
use deltalake::{DeltaTable, DeltaTableError};
use membrane_model::{DatasetName, TableVersion};

use crate::lake::load;
use crate::layout;
use crate::positions::positions;
use crate::upkeep::content_version;
use crate::{Extent, LakeError};

/// One version of a table. Its cells are as they are stored: tokens and ciphertext for what is
/// protected.
#[derive(Clone)]
pub struct Snapshot {
    /// The version that the provider reads, now and later.
    pub version: TableVersion,
    /// The version that brought in or took out the last of its rows: later ones only put files together.
    pub content: TableVersion,
    /// The id that the table was given when it was made: a table that was lost and made anew has another, though its
    /// versions are counted from 0 again.
    pub table_id: String,
    /// The table as the query engine sees it.
    pub provider: Arc<dyn TableProvider>,
    /// Whether the table is its Parquet files and nothing else: no column is stored under another name or in a path, and
    /// no row of a file is marked as deleted. Delta's protocol says so: such a table can be read by version 1 of it.
    pub plain_files: bool,
    /// How much there is in it. None: it is more than its files, or they do not say.
    pub extent: Option<Arc<Extent>>,
    /// The provider's schema. Text and binary columns may be read as views.
    pub schema: SchemaRef,
    /// Columns of the contract that this version does not have yet: in each of its rows they have no value.
    pub absent: Vec<Field>,
    positions: Arc<Positions>,
}

/// What a version's log has under the names of streams: read when it is asked for, and kept with the version.
struct Positions {
    table: DeltaTable,
    log_store: LogStoreRef,
    known: Mutex<HashMap<Arc<str>, Option<i64>>>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Snapshot {
    pub(crate) async fn open(
        log_store: LogStoreRef,
        dataset: &DatasetName,
        version: Option<TableVersion>,
    ) -> Result<Self, LakeError> {
        let empty = || LakeError::Empty { dataset: dataset.clone() };
        let mut table = load(&log_store).await?.ok_or_else(empty)?;
        if let Some(version) = version.filter(|version| Some(version.0) != table.version()) {
            table.load_version(version.0).await.map_err(|source| match source {
                DeltaTableError::InvalidVersion(_) | DeltaTableError::KernelError(_) => {
                    LakeError::NoVersion { dataset: dataset.clone(), version }
                }
                other => LakeError::table("read the table's log", other),
            })?;
        }
        let version = TableVersion(table.version().ok_or_else(empty)?);
        let state = table.snapshot().map_err(|source| LakeError::table("read the table's log", source))?;
        let content = content_version(&log_store, &table).await?;
        let table_id = state.metadata().id().to_owned();
        let plain_files = layout::is_plain(state);
        let stats: Option<Vec<Option<String>>> =
            plain_files.then(|| state.log_data().iter().map(|file| file.stats()).collect());
        let positions = Arc::new(Positions { table: table.clone(), log_store, known: Mutex::default() });
        let provider = table.table_provider().with_session(reading_session()).await.map_err(|source| {
            LakeError::Provider { doing: "open the table for reading", source: Box::new(source) }
        })?;
        let schema = provider.schema();
        let extent = stats.and_then(|stats| Extent::of_files(&schema, stats.into_iter())).map(Arc::new);
        Ok(Self {
            version,
            content,
            table_id,
            provider,
            plain_files,
            extent,
            schema,
            absent: Vec::new(),
            positions,
        })
    }

    /// Returns how many files it has, and their bytes.
    pub(crate) fn files(&self) -> Result<(u64, u64), LakeError> {
        let failed = |source| LakeError::table("read the table's log", source);
        let state = self.positions.table.snapshot().map_err(failed)?;
        let log = state.log_data();
        let sizes = log.iter().map(|file| u64::try_from(file.size()).unwrap_or(0));
        Ok(sizes.fold((0, 0), |(files, bytes), size| (files + 1, bytes + size)))
    }

    /// Returns the paths of its files.
    pub(crate) fn paths(&self) -> Result<BTreeSet<String>, LakeError> {
        let failed = |source| LakeError::table("read the table's log", source);
        let state = self.positions.table.snapshot().map_err(failed)?;
        Ok(state.log_data().iter().map(|file| file.path().into_owned()).collect())
    }

    /// Returns the positions that this version's log has under some names, of those that have one.
    pub(crate) async fn positions(
        &self,
        names: &BTreeSet<Arc<str>>,
    ) -> Result<HashMap<Arc<str>, i64>, LakeError> {
        let Positions { table, log_store, known } = self.positions.as_ref();
        let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown: Vec<&Arc<str>> = {
            let known = lock();
            names.iter().filter(|name| !known.contains_key(*name)).collect()
        };
        if !unknown.is_empty() {
            let ids = unknown.iter().map(|name| name.as_ref());
            let found = positions(log_store, table, ids).await?;
            let told = unknown.into_iter().map(|name| (Arc::clone(name), found.get(name.as_ref()).copied()));
            lock().extend(told);
        }
        let known = lock();
        Ok(names.iter().filter_map(|name| Some((Arc::clone(name), (*known.get(name)?)?))).collect())
    }
}

/// Returns the session whose settings a provider takes over: text and binary are read as views, and conditions are used
/// to skip files, row groups and pages, not to filter rows. The provider's own default has Parquet's reader evaluate
/// them on each row, and the governed scan, which does not trust it, evaluates them once more.
fn reading_session() -> Arc<SessionState> {
    static SESSION: LazyLock<Arc<SessionState>> = LazyLock::new(|| {
        let mut config = SessionConfig::new();
        let parquet = &mut config.options_mut().execution.parquet;
        parquet.pushdown_filters = false;
        parquet.schema_force_view_types = true;
        #[expect(clippy::disallowed_methods, reason = "settings alone: no table is in it, and no statement")]
        let builder = SessionStateBuilder::new();
        Arc::new(builder.with_config(config).build())
    });
    Arc::clone(&SESSION)
}

#[cfg(test)]
mod tests;
