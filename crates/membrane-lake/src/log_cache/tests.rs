//! A commit is read once, and again when a listing says that it is another.

use std::sync::atomic::{AtomicUsize, Ordering};

use object_store::ObjectStoreExt as _;
use object_store::memory::InMemory;

use super::*;

/// Counts what is asked of the store below.
#[derive(Debug, Default)]
struct Counting {
    inner: InMemory,
    gets: AtomicUsize,
}

impl fmt::Display for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for Counting {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
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
        self.gets.fetch_add(1, Ordering::SeqCst);
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

fn commit(number: u32) -> Path {
    Path::from(format!("members/tables/t/_delta_log/{number:020}.json"))
}

async fn read(store: &LogCache, path: &Path) -> Bytes {
    store.get(path).await.unwrap().bytes().await.unwrap()
}

async fn list(store: &LogCache) {
    assert!(store.list(Some(&Path::from("members"))).try_collect::<Vec<_>>().await.is_ok());
}

#[test]
fn commits_are_known_by_their_names() {
    assert!(is_commit(&commit(42)));
    for other in [
        "t/_delta_log/_last_checkpoint",
        "t/_delta_log/00000000000000000010.checkpoint.parquet",
        "t/_delta_log/0000000000000000001x.json",
        "t/log/00000000000000000010.json",
        "t/_delta_log/10.json",
        "00000000000000000010.json",
    ] {
        assert!(!is_commit(&Path::from(other)), "{other}");
    }
}

#[tokio::test]
async fn a_commit_that_was_listed_is_read_once() {
    let below = Arc::new(Counting::default());
    let store = LogCache::new(Arc::clone(&below) as Arc<dyn ObjectStore>);
    let gets = || below.gets.load(Ordering::SeqCst);
    store.put(&commit(1), "one".into()).await.unwrap();
    list(&store).await;
    for _ in 0..3 {
        assert_eq!(read(&store, &commit(1)).await, "one");
    }
    assert_eq!(gets(), 1);
    // Others change it: unseen until it is listed, as nobody reads a log without listing it.
    below.put(&commit(1), "another".into()).await.unwrap();
    list(&store).await;
    assert_eq!(read(&store, &commit(1)).await, "another");
    assert_eq!(gets(), 2);
    store.delete(&commit(1)).await.unwrap();
    assert!(store.get(&commit(1)).await.is_err(), "what was removed is gone");
    assert!(store.get(&commit(2)).await.is_err(), "what is not there is asked for");
}

#[tokio::test]
async fn what_nobody_listed_and_what_is_no_commit_is_asked_for() {
    let below = Arc::new(Counting::default());
    let store = LogCache::new(Arc::clone(&below) as Arc<dyn ObjectStore>);
    let hint = Path::from("members/tables/t/_delta_log/_last_checkpoint");
    for path in [commit(1), hint.clone()] {
        store.put(&path, "one".into()).await.unwrap();
        assert_eq!((read(&store, &path).await, read(&store, &path).await), ("one".into(), "one".into()));
    }
    assert_eq!(below.gets.load(Ordering::SeqCst), 4);
    list(&store).await;
    assert_eq!(store.get_range(&commit(1), 1..2).await.unwrap(), "n");
    assert_eq!(store.head(&commit(1)).await.unwrap().size, 3);
}

#[test]
fn what_is_kept_is_bounded() {
    let kept = Kept::default();
    let meta = |number: u32| ObjectMeta {
        location: commit(number),
        last_modified: chrono::DateTime::UNIX_EPOCH,
        size: 40 << 20,
        e_tag: Some("tag".to_owned()),
        version: None,
    };
    for number in [1, 1, 2] {
        kept.note(&meta(number));
        kept.keep(meta(number), Bytes::from(vec![0; 40 << 20]));
        kept.note(&meta(number));
    }
    assert_eq!(kept.with(|commits| (commits.by_path.len(), commits.bytes)), (1, 40 << 20));
    assert!(kept.find(&commit(1)).is_none() && kept.find(&commit(2)).is_some());
}
