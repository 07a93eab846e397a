//! Reads one data file of a table, as it is stored.

use std::ops::Range;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use deltalake::logstore::LogStoreRef;
use futures::future::BoxFuture;
use futures::{FutureExt as _, Stream, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use crate::LakeError;

/// Rows of a batch.
const BATCH_ROWS: usize = 8 << 10;

/// Opens a file by its path in the table. The columns are those that it has.
pub(crate) async fn open(
    log_store: &LogStoreRef,
    file: (&str, u64),
    doing: &'static str,
) -> Result<impl Stream<Item = Result<RecordBatch, LakeError>> + Send + use<>, LakeError> {
    open_columns(log_store, file, None, doing).await
}

/// Opens a file for one of its columns, or for all of them. A file without that column has batches without any.
pub(crate) async fn open_columns(
    log_store: &LogStoreRef,
    (path, size): (&str, u64),
    only: Option<&str>,
    doing: &'static str,
) -> Result<impl Stream<Item = Result<RecordBatch, LakeError>> + Send + use<>, LakeError> {
    let fault = move |source: ParquetError| LakeError::table(doing, source.into());
    let location = Path::parse(path)
        .map_err(|source| LakeError::storage(doing, object_store::Error::InvalidPath { source }))?;
    let reader = FileReader { store: log_store.object_store(None), location, size };
    let builder = ParquetRecordBatchStreamBuilder::new(reader).await.map_err(fault)?;
    let mask = only.map(|column| {
        let place = builder.schema().index_of(column).ok();
        ProjectionMask::roots(builder.parquet_schema(), place)
    });
    let builder = builder.with_projection(mask.unwrap_or_else(ProjectionMask::all));
    let stream = builder.with_batch_size(BATCH_ROWS).build().map_err(fault)?;
    Ok(stream.map_err(fault))
}

/// Reads a file of the table.
struct FileReader {
    store: Arc<dyn ObjectStore>,
    location: Path,
    size: u64,
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
