//! Remembers which data files a writer made, so that none stays behind when its commit fails, and how
//! many are still on their way, so that a slow store cannot fill the memory.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
    UploadPart,
};
use tokio::sync::watch;

use crate::durable::Durable;

/// Files that may be uploading at once besides the one being written.
const OPEN_MAX: usize = 3;

/// What one writer has put into the store.
#[derive(Debug)]
pub(crate) struct Uploads {
    paths: Mutex<Vec<Path>>,
    open: watch::Sender<usize>,
    /// Why a file could not be synced: an operating system tells it once.
    unsynced: Mutex<Option<io::Error>>,
}

impl Uploads {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { paths: Mutex::default(), open: watch::Sender::new(0), unsynced: Mutex::default() })
    }

    /// Waits until few enough files are on their way.
    pub(crate) async fn settle(&self) {
        // The sender lives as long as `self`: waiting cannot fail.
        let _ = self.open.subscribe().wait_for(|open| *open <= OPEN_MAX).await;
    }

    /// Returns an error when a file could not be synced. It is told once.
    pub(crate) fn require_synced(&self) -> io::Result<()> {
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    async fn sync(&self, durable: &Durable, path: &Path) {
        if let Err(error) = durable.sync_file(path.to_string()).await {
            *self.unsynced.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    }

    /// Removes every file that was put. What cannot be removed is invisible and left to vacuum.
    pub(crate) async fn remove_all(&self, store: &dyn ObjectStore) {
        let paths = std::mem::take(&mut *self.paths.lock().unwrap_or_else(PoisonError::into_inner));
        for path in paths {
            match store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => tracing::warn!(%error, "could not remove an uncommitted data file"),
            }
        }
    }

    fn begin(self: &Arc<Self>, path: &Path) -> OpenUpload {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
        self.open.send_modify(|open| *open += 1);
        OpenUpload(Arc::clone(self))
    }
}

/// Counts one file on its way until it is dropped.
#[derive(Debug)]
struct OpenUpload(Arc<Uploads>);

impl Drop for OpenUpload {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open = open.saturating_sub(1));
    }
}

/// The table's store with [`Uploads`] watching what is put into it. A file that is whole is synced while the next one
/// is being written.
#[derive(Debug)]
pub(crate) struct WatchedStore {
    inner: Arc<dyn ObjectStore>,
    uploads: Arc<Uploads>,
    durable: Durable,
}

impl WatchedStore {
    pub(crate) const fn new(inner: Arc<dyn ObjectStore>, uploads: Arc<Uploads>, durable: Durable) -> Self {
        Self { inner, uploads, durable }
    }
}

impl fmt::Display for WatchedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for WatchedStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let _open = self.uploads.begin(location);
        let put = self.inner.put_opts(location, payload, opts).await?;
        self.uploads.sync(&self.durable, location).await;
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let open = self.uploads.begin(location);
        let inner = self.inner.put_multipart_opts(location, opts).await?;
        let (path, durable) = (location.clone(), self.durable.clone());
        Ok(Box::new(WatchedUpload { inner, path, durable, open: Some(open) }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct WatchedUpload {
    inner: Box<dyn MultipartUpload>,
    path: Path,
    durable: Durable,
    open: Option<OpenUpload>,
}

#[async_trait]
impl MultipartUpload for WatchedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.inner.complete().await;
        if let (Ok(_), Some(open)) = (&result, &self.open) {
            open.0.sync(&self.durable, &self.path).await;
        }
        self.open = None;
        result
    }

    async fn abort(&mut self) -> Result<()> {
        self.open = None;
        self.inner.abort().await
    }
}
