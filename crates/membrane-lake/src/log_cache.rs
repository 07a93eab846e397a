//! Commits of tables' logs, kept in memory: a store that reads each from the bucket once.
//!
//! A commit is written once and never changed. The Delta library reads the commits since the last checkpoint anew for each table that it
//! loads, and again for each transaction that it looks for: some twenty times for one small delivery, each time all of them. What a listing
//! says of a commit, its size and its entity tag, is compared with what is kept, so that a table that was lost and made anew is read anew.
//!
//! PRIVACY: a log has no values of members but statistics of columns that are not protected; it is in memory, as what is read of it.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// Bytes that are kept, about.
const BYTES_MAX: usize = 64 << 20;
/// Bytes of one that is kept.
const ONE_MAX: usize = BYTES_MAX / 8;
/// Commits of which something is kept.
const COMMITS_MAX: usize = 100_000;
/// Digits of the name of a commit.
const DIGITS: usize = 20;

/// A store that keeps commits; everything else passes.
pub(crate) struct LogCache {
    inner: Arc<dyn ObjectStore>,
    kept: Arc<Kept>,
}

#[derive(Default)]
struct Kept(Mutex<Commits>);

#[derive(Default)]
struct Commits {
    by_path: HashMap<Path, Commit>,
    bytes: usize,
}

#[derive(Default)]
struct Commit {
    /// What the last listing said: its entity tag and its size.
    listed: Option<(String, u64)>,
    body: Option<(ObjectMeta, Bytes)>,
}

impl Kept {
    fn with<T>(&self, work: impl FnOnce(&mut Commits) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes what a listing says.
    fn note(&self, meta: &ObjectMeta) {
        let Some(tag) = meta.e_tag.clone().filter(|_| is_commit(&meta.location)) else { return };
        self.with(|commits| {
            if commits.by_path.len() >= COMMITS_MAX {
                *commits = Commits::default();
            }
            commits.by_path.entry(meta.location.clone()).or_default().listed = Some((tag, meta.size));
        });
    }

    /// Returns a commit if it is the one that was listed last.
    fn find(&self, path: &Path) -> Option<(ObjectMeta, Bytes)> {
        self.with(|commits| {
            let commit = commits.by_path.get(path)?;
            let (meta, bytes) = commit.body.as_ref()?;
            let (tag, size) = commit.listed.as_ref()?;
            (meta.e_tag.as_ref() == Some(tag) && meta.size == *size).then(|| (meta.clone(), bytes.clone()))
        })
    }

    fn keep(&self, meta: ObjectMeta, bytes: Bytes) {
        self.with(|commits| {
            if bytes.len() > ONE_MAX {
                return;
            }
            if commits.bytes + bytes.len() > BYTES_MAX {
                commits.by_path.values_mut().for_each(|commit| commit.body = None);
                commits.bytes = 0;
            }
            commits.bytes += bytes.len();
            let commit = commits.by_path.entry(meta.location.clone()).or_default();
            let before = commit.body.replace((meta, bytes));
            commits.bytes -= before.map_or(0, |(_, bytes)| bytes.len());
        });
    }

    fn forget(&self, path: &Path) {
        self.with(|commits| {
            let gone = commits.by_path.remove(path).and_then(|commit| commit.body);
            commits.bytes -= gone.map_or(0, |(_, bytes)| bytes.len());
        });
    }
}

impl LogCache {
    /// Wraps a store.
    pub(crate) fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner, kept: Arc::default() }
    }

    fn noted(
        &self,
        listed: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let kept = Arc::clone(&self.kept);
        listed.inspect_ok(move |meta| kept.note(meta)).boxed()
    }
}

/// Tells whether a path is that of a commit: `.../_delta_log/00000000000000000042.json`.
fn is_commit(path: &Path) -> bool {
    let text = path.as_ref();
    let name = path.filename().unwrap_or_default();
    let digits = name.strip_suffix(".json").unwrap_or_default();
    let folder = text.strip_suffix(name).unwrap_or_default();
    digits.len() == DIGITS
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && folder.ends_with("_delta_log/")
}

/// Tells whether all of an object is wanted, whatever it is.
const fn is_plain(options: &GetOptions) -> bool {
    options.range.is_none()
        && !options.head
        && options.version.is_none()
        && options.if_match.is_none()
        && options.if_none_match.is_none()
        && options.if_modified_since.is_none()
        && options.if_unmodified_since.is_none()
}

fn result(meta: ObjectMeta, bytes: Bytes) -> GetResult {
    let range = 0..meta.size;
    let payload = GetResultPayload::Stream(stream::once(async { Ok(bytes) }).boxed());
    GetResult { payload, meta, range, attributes: Attributes::default() }
}

impl fmt::Debug for LogCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogCache").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl fmt::Display for LogCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for LogCache {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        if is_commit(location) {
            self.kept.forget(location);
        }
        self.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if !is_commit(location) || !is_plain(&options) {
            return self.inner.get_opts(location, options).await;
        }
        if let Some((meta, bytes)) = self.kept.find(location) {
            return Ok(result(meta, bytes));
        }
        let found = self.inner.get_opts(location, options).await?;
        let meta = found.meta.clone();
        let bytes = found.bytes().await?;
        self.kept.keep(meta.clone(), bytes.clone());
        Ok(result(meta, bytes))
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let kept = Arc::clone(&self.kept);
        let locations = locations.inspect_ok(move |path| kept.forget(path)).boxed();
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.noted(self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.noted(self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let listed = self.inner.list_with_delimiter(prefix).await?;
        for meta in &listed.objects {
            self.kept.note(meta);
        }
        Ok(listed)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.kept.forget(to);
        self.inner.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests;
