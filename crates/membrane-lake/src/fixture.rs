//! What the tests of this crate share: a dataset, batches of it, a folder, and a store that fails.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, BinaryArray, Decimal128Array, StringArray};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use bytes::Bytes;
use deltalake::logstore::{LogStoreRef, StorageConfig, logstore_with};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use membrane_catalog::{Column, ColumnPolicy, ColumnPrivacy, ColumnRules, Dataset, SubjectSource};
use membrane_model::{LogicalType, Protection, RunId};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use url::Url;

use crate::stored_schema;

/// Makes a column.
pub(crate) fn column(name: &str, logical_type: LogicalType, class: &str, protection: Protection) -> Column {
    Column {
        name: name.parse().unwrap(),
        description: String::new(),
        logical_type,
        class: class.parse().unwrap(),
        protection,
        identity: None,
        required: false,
        unique: false,
        rules: ColumnRules::default(),
        privacy: ColumnPrivacy::default(),
        standard: None,
        from: None,
        waiver: None,
        policy: ColumnPolicy::default(),
    }
}

/// Makes a dataset of members: number, phone, amount, region.
pub(crate) fn members() -> Arc<Dataset> {
    let mut number = column("member_no", LogicalType::String, "pii.identifier", Protection::SealedToken);
    number.required = true;
    number.identity = Some("member_no".parse().unwrap());
    let amount = LogicalType::Decimal { precision: 12, scale: 2 };
    Arc::new(Dataset {
        name: "members".parse().unwrap(),
        version: "1.0.0".to_owned(),
        description: String::new(),
        owner: None,
        columns: vec![
            number,
            column("phone", LogicalType::String, "pii.phone", Protection::Sealed),
            column("amount", amount, "transaction", Protection::Clear),
            column("region", LogicalType::String, "geo", Protection::Clear),
        ],
        subject: Some(SubjectSource {
            column: "member_no".parse().unwrap(),
            kind: "member_no".parse().unwrap(),
        }),
        primary_key: Vec::new(),
        event_time: None,
        on_truncated: membrane_catalog::OnTruncated::Stop,
        service: membrane_catalog::ServiceLevels::default(),
        retention: None,
        stewardship: membrane_catalog::Stewardship::default(),
        privacy: None,
    })
}

/// Makes a batch of stored members.
pub(crate) fn batch(rows: usize, region: &str) -> RecordBatch {
    let cells = |length: usize| -> ArrayRef {
        Arc::new(
            (0..rows)
                .map(|row| Some(vec![u8::try_from(row % 251).unwrap(); length]))
                .collect::<BinaryArray>(),
        )
    };
    let amounts = (0..rows).map(|row| i128::try_from(row).unwrap());
    let amounts = Decimal128Array::from_iter_values(amounts).with_precision_and_scale(12, 2).unwrap();
    let regions: StringArray = (0..rows).map(|_| Some(region)).collect();
    let columns: Vec<ArrayRef> =
        vec![cells(16), cells(16), cells(45), cells(40), Arc::new(amounts), Arc::new(regions)];
    RecordBatch::try_new(Arc::new(stored_schema(&members())), columns).unwrap()
}

/// Returns the log store of a table in a folder.
pub(crate) fn log_store(folder: &std::path::Path, store: Arc<dyn ObjectStore>) -> LogStoreRef {
    let url = Url::from_directory_path(folder).unwrap();
    logstore_with(store, &url, StorageConfig::default()).unwrap()
}

/// Returns a run id.
pub(crate) fn run() -> RunId {
    "0190d5a0-0000-7000-8000-000000000001".parse().unwrap()
}

/// Lists the data files under a folder.
pub(crate) fn data_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "parquet")).collect()
}

/// A table in a store that counts as a bucket: its errors may pass.
pub(crate) fn bucket(store: Arc<dyn ObjectStore>) -> LogStoreRef {
    crate::storage::register_s3();
    let url = Url::parse("s3://bucket/table/").unwrap();
    logstore_with(store, &url, StorageConfig::default()).unwrap()
}

/// What a [`Faulty`] store does wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Data files cannot be put: the disk is full.
    pub(crate) full: AtomicBool,
    /// The next commit is put, but its answer is lost.
    pub(crate) lose_answer: AtomicBool,
    /// The next commit times out, and comes all the same when something is listed for so manieth a time after; 0: none does.
    pub(crate) late: AtomicUsize,
    /// The commit that is on its way, and how often something is listed before it comes.
    pub(crate) on_its_way: Mutex<Option<(Path, PutPayload, usize)>>,
    /// How often what the log says of its last checkpoint can still be read while a commit is on its way.
    pub(crate) hints_left: AtomicUsize,
    /// How many objects were asked for.
    pub(crate) gets: AtomicUsize,
    /// `Create` overwrites.
    pub(crate) overwrite: AtomicBool,
    /// `Create` looks first and writes later: whoever comes in between wins as well.
    pub(crate) racy: AtomicBool,
    /// So many of the next objects are put, but their answers are lost.
    pub(crate) answers_lost: AtomicUsize,
    /// Paths that were put.
    pub(crate) puts: Mutex<Vec<String>>,
}

/// A local store with faults.
#[derive(Debug, Default)]
pub(crate) struct Faulty {
    pub(crate) inner: LocalFileSystem,
    pub(crate) faults: Arc<Faults>,
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

fn full() -> object_store::Error {
    object_store::Error::Generic {
        store: "Faulty",
        source: Box::new(io::Error::from(io::ErrorKind::StorageFull)),
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        mut opts: PutOptions,
    ) -> Result<PutResult> {
        self.faults.puts.lock().unwrap().push(location.to_string());
        let is_commit = location.extension() == Some("json");
        if !is_commit && self.faults.full.load(Ordering::SeqCst) {
            return Err(full());
        }
        if self.faults.overwrite.load(Ordering::SeqCst) {
            opts.mode = object_store::PutMode::Overwrite;
        }
        if self.faults.racy.load(Ordering::SeqCst) && opts.mode == object_store::PutMode::Create {
            if self.inner.get_opts(location, GetOptions::new().with_head(true)).await.is_ok() {
                return Err(object_store::Error::AlreadyExists {
                    path: location.to_string(),
                    source: "it is there".into(),
                });
            }
            tokio::task::yield_now().await;
            opts.mode = object_store::PutMode::Overwrite;
        }
        let late = if is_commit { self.faults.late.swap(0, Ordering::SeqCst) } else { 0 };
        if late > 0 {
            *self.faults.on_its_way.lock().unwrap() = Some((location.clone(), payload, late));
            return Err(object_store::Error::Generic {
                store: "Faulty",
                source: Box::new(io::Error::from(io::ErrorKind::TimedOut)),
            });
        }
        let result = self.inner.put_opts(location, payload, opts).await;
        let lost = &self.faults.answers_lost;
        if !is_commit
            && lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        {
            return Err(object_store::Error::Generic {
                store: "Faulty",
                source: "the answer is lost".into(),
            });
        }
        // Version 0 only makes the table.
        let is_first = location.filename() == Some("00000000000000000000.json");
        if is_commit && !is_first && self.faults.lose_answer.swap(false, Ordering::SeqCst) {
            return Err(object_store::Error::Generic {
                store: "Faulty",
                source: Box::new(io::Error::from(io::ErrorKind::TimedOut)),
            });
        }
        result
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        if self.faults.full.load(Ordering::SeqCst) {
            return Err(full());
        }
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.faults.gets.fetch_add(1, Ordering::SeqCst);
        if location.filename() == Some("_last_checkpoint")
            && self.faults.on_its_way.lock().unwrap().is_some()
            && self
                .faults
                .hints_left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                .is_err()
        {
            return Err(object_store::Error::Generic {
                store: "Faulty",
                source: "it does not answer".into(),
            });
        }
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let mut on_its_way = self.faults.on_its_way.lock().unwrap();
        if let Some((path, payload, left)) = on_its_way.as_mut() {
            *left -= 1;
            if *left == 0 {
                let file = self.inner.path_to_filesystem(path).unwrap();
                // As `Create` does.
                if let Ok(mut file) = std::fs::File::create_new(file) {
                    io::Write::write_all(&mut file, &Bytes::from(payload.clone())).unwrap();
                }
                *on_its_way = None;
            }
        }
        // In order, as a bucket does.
        let listed = self.inner.list(prefix);
        let sorted = async move {
            let mut listed: Vec<ObjectMeta> = listed.try_collect().await?;
            listed.sort_by(|one, other| one.location.cmp(&other.location));
            Ok::<_, object_store::Error>(futures::stream::iter(listed.into_iter().map(Ok)))
        };
        futures::stream::once(sorted).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
