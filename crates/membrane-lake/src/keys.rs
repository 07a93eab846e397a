//! One column of a dataset about things, for whoever brings in rows that refer to it.

use std::fmt;
use std::sync::Arc;

use arrow::array::ArrayRef;
use deltalake::logstore::LogStoreRef;
use futures::{Stream, TryStreamExt as _};
use membrane_catalog::Dataset;
use membrane_model::{ColumnName, DatasetName, Protection, TableVersion};

use crate::lake::load;
use crate::{LakeError, data_file, layout};

const DOING: &str = "read the keys of a dataset";

/// The values of one column of one version of a table.
pub struct Keys {
    /// The version.
    pub version: TableVersion,
    dataset: DatasetName,
    column: ColumnName,
    log_store: LogStoreRef,
    files: Vec<(String, u64)>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("dataset", &self.dataset.as_str()).finish_non_exhaustive()
    }
}

impl Keys {
    /// Tells whether a column may be looked at like this.
    ///
    /// PRIVACY: whoever brings in orders may know which stores there are. Who is a member, and what else stands in a row, is
    /// for policies on reading to say.
    pub(crate) fn may_be_read(dataset: &Dataset, column: &ColumnName) -> bool {
        let column = dataset.column(column);
        !dataset.is_private() && column.is_some_and(|column| column.protection == Protection::Clear)
    }

    /// Opens the newest version; nothing when there is no table.
    pub(crate) async fn open(
        log_store: LogStoreRef,
        dataset: &DatasetName,
        column: &ColumnName,
    ) -> Result<Option<Self>, LakeError> {
        let Some(table) = load(&log_store).await? else { return Ok(None) };
        let state = table.snapshot().map_err(|source| LakeError::table("read the table's log", source))?;
        if !layout::is_plain(state) {
            return Err(LakeError::SchemaChanged {
                dataset: dataset.clone(),
                difference: "another program wrote it in a form in which its keys cannot be looked up"
                    .to_owned(),
            });
        }
        let data = state.log_data();
        let files = data.iter();
        let files =
            files.map(|file| (file.path().to_string(), u64::try_from(file.size()).unwrap_or_default()));
        let files = files.collect();
        let version = TableVersion(table.version().unwrap_or_default());
        Ok(Some(Self { version, dataset: dataset.clone(), column: column.clone(), log_store, files }))
    }

    /// Reads the values, file by file. A file from before the column was there has none.
    pub fn arrays(self) -> impl Stream<Item = Result<ArrayRef, LakeError>> + Send + 'static {
        let Self { column, log_store, files, .. } = self;
        let open = move |(path, size): (String, u64)| {
            let (log_store, column) = (Arc::clone(&log_store), column.clone());
            async move {
                let of = (path.as_str(), size);
                let rows = data_file::open_columns(&log_store, of, Some(column.as_str()), DOING).await?;
                Ok(rows.try_filter_map(|batch| async move { Ok(batch.columns().first().cloned()) }))
            }
        };
        futures::stream::iter(files.into_iter().map(Ok::<_, LakeError>)).and_then(open).try_flatten()
    }
}
