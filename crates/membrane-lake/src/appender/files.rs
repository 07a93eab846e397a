//! The data files of an appender: how they are written, and removed again.

use std::num::NonZeroU64;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use deltalake::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake::logstore::LogStoreRef;
use deltalake::operations::get_num_idx_cols_and_stats_columns;
use membrane_catalog::StoredColumn;

use crate::durable::Durable;
use crate::layout;
use crate::uploads::{Uploads, WatchedStore};

/// Bytes at which a data file is closed. Erasing one subject rewrites whole files.
pub(crate) const FILE_BYTES: u64 = 64 << 20;
/// Rows after which the size of a file is looked at.
const SLICE_ROWS: usize = 8 << 10;

/// Gives up what a writer has written.
pub(crate) async fn discard(writer: Option<DeltaWriter>, uploads: &Uploads, log_store: &LogStoreRef) {
    if let Some(writer) = writer
        && let Err(error) = writer.abort().await
    {
        tracing::warn!(%error, "could not abort an unfinished data file");
    }
    uploads.remove_all(log_store.object_store(None).as_ref()).await;
}

/// Makes the writer of a table's data files.
pub(crate) fn writer(
    log_store: &LogStoreRef,
    columns: &[StoredColumn],
    schema: &SchemaRef,
    uploads: &Arc<Uploads>,
    durable: &Durable,
) -> DeltaWriter {
    let statistics = layout::statistics_columns(columns);
    let table_properties = layout::table_properties(&statistics)
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    let (indexed, named) = get_num_idx_cols_and_stats_columns(None, table_properties);
    let config = WriterConfig::new(
        Arc::clone(schema),
        Vec::new(),
        Some(layout::writer_properties(columns, &statistics)),
        NonZeroU64::new(FILE_BYTES),
        Some(SLICE_ROWS),
        indexed,
        named,
    );
    let store = WatchedStore::new(log_store.object_store(None), Arc::clone(uploads), durable.clone());
    DeltaWriter::new(Arc::new(store), config)
}
