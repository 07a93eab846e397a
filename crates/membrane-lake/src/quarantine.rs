//! The rows that a dataset set aside, as they are stored: reasons in clear, rows sealed.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use deltalake::logstore::LogStoreRef;
use futures::future::BoxFuture;
use futures::{FutureExt as _, Stream, TryStreamExt as _};
use membrane_model::{DatasetName, TableVersion};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use crate::lake::load;
use crate::{LakeError, layout};

/// Rows of a batch.
const BATCH_ROWS: usize = 8 << 10;

/// One version of what a dataset set aside.
#[derive(Clone)]
pub struct Quarantine {
    /// The version.
    pub version: TableVersion,
    dataset: DatasetName,
    log_store: LogStoreRef,
    /// Paths and sizes, sorted by path: rows have one order.
    files: Arc<Vec<(String, u64)>>,
}

impl fmt::Debug for Quarantine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quarantine").field("dataset", &self.dataset.as_str()).finish_non_exhaustive()
    }
}

impl Quarantine {
    /// Opens the newest version; nothing when nothing was ever set aside.
    pub(crate) async fn open(
        log_store: LogStoreRef,
        dataset: &DatasetName,
    ) -> Result<Option<Self>, LakeError> {
        let doing = "read the quarantine's log";
        let Some(table) = load(&log_store).await? else { return Ok(None) };
        let state = table.snapshot().map_err(|source| LakeError::table(doing, source))?;
        let mut files: Vec<(String, u64)> = state
            .log_data()
            .iter()
            .map(|file| (file.path().to_string(), u64::try_from(file.size()).unwrap_or_default()))
            .collect();
        files.sort_unstable();
        let version = TableVersion(table.version().unwrap_or_default());
        Ok(Some(Self { version, dataset: dataset.clone(), log_store, files: Arc::new(files) }))
    }

    /// Returns the files that it has, by their paths in the table.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(path, _)| path.as_str())
    }

    /// Returns this with some of its files alone; nothing when one of them is gone.
    #[must_use]
    pub fn only(&self, paths: &[String]) -> Option<Self> {
        let files: Vec<(String, u64)> =
            self.files.iter().filter(|(path, _)| paths.contains(path)).cloned().collect();
        (files.len() == paths.len()).then(|| Self { files: Arc::new(files), ..self.clone() })
    }

    /// Reads all of it, file by file in the order of their paths: its rows have one order.
    pub fn rows(&self) -> impl Stream<Item = Result<RecordBatch, LakeError>> + Send + 'static {
        let (log_store, dataset) = (Arc::clone(&self.log_store), self.dataset.clone());
        let files = futures::stream::iter(self.files.as_ref().clone().into_iter().map(Ok::<_, LakeError>));
        let open = move |(path, size)| open_file((Arc::clone(&log_store), dataset.clone()), path, size);
        files.and_then(open).try_flatten()
    }
}

async fn open_file(
    (log_store, dataset): (LogStoreRef, DatasetName),
    path: String,
    size: u64,
) -> Result<impl Stream<Item = Result<RecordBatch, LakeError>> + Send, LakeError> {
    let fault = |source: ParquetError| LakeError::table("read what was set aside", source.into());
    let location = Path::parse(&path).map_err(|source| {
        LakeError::storage("name a file of the quarantine", object_store::Error::InvalidPath { source })
    })?;
    let reader = FileReader::new(log_store.object_store(None), location, size);
    let builder = ParquetRecordBatchStreamBuilder::new(reader).await.map_err(fault)?;
    let wanted = layout::quarantine_schema();
    if builder.schema().fields().len() != wanted.fields().len() {
        return Err(LakeError::SchemaChanged {
            dataset,
            difference: "a file of the quarantine has other columns".to_owned(),
        });
    }
    let stream = builder.with_batch_size(BATCH_ROWS).build().map_err(fault)?;
    Ok(stream.map_err(fault))
}

/// Reads a file of the table.
pub(crate) struct FileReader {
    store: Arc<dyn ObjectStore>,
    location: Path,
    size: u64,
}

impl FileReader {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, location: Path, size: u64) -> Self {
        Self { store, location, size }
    }
}

impl AsyncFileReader for FileReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move {
            let bytes = self.store.get_range(&self.location, range).await;
            bytes.map_err(|source| ParquetError::External(Box::new(source)))
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        async move {
            let size = self.size;
            ParquetMetaDataReader::new().load_and_finish(self, size).await.map(Arc::new)
        }
        .boxed()
    }
}
