//! Compaction and vacuum: the same rows, fewer files, and nothing lost whatever comes in between.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::DataType;
use chrono::TimeDelta;
use deltalake::DeltaTable;
use deltalake::logstore::LogStoreRef;
use futures::TryStreamExt as _;
use membrane_catalog::Dataset;
use membrane_model::{LogicalType, Protection};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::*;
use crate::appender::Appender;
use crate::fixture::{Faulty, batch, data_files, log_store, members, run};
use crate::lake::load;
use crate::{Snapshot, data_file};

const RULES: CompactRules = CompactRules { small_bytes: 16 << 20, files_min: 4, dry_run: false };

fn local(folder: &Path) -> LogStoreRef {
    log_store(folder, Arc::new(LocalFileSystem::new()))
}

/// Appends as a delivery of this name.
async fn append(folder: &Path, name: &str, rows: usize) {
    append_on(local(folder), name, rows).await;
}

async fn append_on(log_store: LogStoreRef, name: &str, rows: usize) {
    let mut appender = Appender::open(log_store, members(), Target::Table, run()).await.unwrap();
    appender.write(batch(rows, name)).await.unwrap();
    appender.mark("source/tills", i64::try_from(rows).unwrap());
    assert!(!appender.commit(name, 1).await.unwrap().already);
}

async fn table(folder: &Path) -> DeltaTable {
    load(&local(folder)).await.unwrap().unwrap()
}

async fn compact_in(folder: &Path, rules: CompactRules) -> Compacted {
    compact::compact(local(folder), &members(), Target::Table, (run(), rules)).await.unwrap()
}

/// Every row, in the order of the files' times, as text.
async fn rows(folder: &Path) -> Vec<String> {
    let table = table(folder).await;
    let log_store = local(folder);
    let mut files: Vec<_> = table
        .snapshot()
        .unwrap()
        .log_data()
        .iter()
        .map(|file| (file.modification_time(), file.path().to_string(), u64::try_from(file.size()).unwrap()))
        .collect();
    files.sort();
    let mut found = Vec::new();
    for (_, path, size) in files {
        let stream = data_file::open(&log_store, (&path, size), "read").await.unwrap();
        let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
        for one in batches {
            assert!(!one.schema().fields().iter().any(|field| field.data_type() == &DataType::Utf8View));
            let regions = one.column_by_name("region").unwrap().as_string::<i32>();
            let sealed = one.column_by_name("phone__sealed").unwrap().as_binary::<i32>();
            let amounts = one.column_by_name("amount").unwrap();
            let amounts = amounts.as_primitive::<arrow::datatypes::Decimal128Type>();
            found.extend(
                (0..one.num_rows()).map(|row| {
                    format!("{} {} {:?}", regions.value(row), amounts.value(row), sealed.value(row))
                }),
            );
        }
    }
    found
}

async fn positions(folder: &Path) -> Vec<Option<i64>> {
    let (table, log_store) = (table(folder).await, local(folder));
    let state = table.snapshot().unwrap();
    let mut found = Vec::new();
    for id in ["a0", "a1", "a2", "a3", "a4", "source/tills"] {
        found.push(state.transaction_version(log_store.as_ref(), id).await.unwrap());
    }
    found
}

async fn five_small_files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, rows) in [("a0", 70), ("a1", 60), ("a2", 80), ("a3", 65), ("a4", 75)] {
        append(folder.path(), name, rows).await;
    }
    folder
}

#[tokio::test]
async fn small_files_become_one_with_the_same_rows_in_the_same_order() {
    let folder = five_small_files().await;
    let (before, then) = (rows(folder.path()).await, positions(folder.path()).await);
    let would = compact_in(folder.path(), CompactRules { dry_run: true, ..RULES }).await;
    assert_eq!((would.files, would.from, would.into, would.version), (5, 5, 1, None));
    assert_eq!(table(folder.path()).await.version(), Some(5), "who looks changes nothing");

    let done = compact_in(folder.path(), RULES).await;
    assert_eq!((done.files, done.from, done.into, done.rows), (5, 5, 1, 350));
    assert_eq!(done.version, Some(TableVersion(6)));
    assert_eq!(rows(folder.path()).await, before);
    assert_eq!(positions(folder.path()).await, then, "what was taken in is known as before");
    assert_eq!(compact_in(folder.path(), RULES).await.from, 0, "there is nothing left to do");

    let log = std::fs::read_to_string(folder.path().join("_delta_log/00000000000000000006.json")).unwrap();
    assert!(
        log.contains("OPTIMIZE") && log.contains("membrane.run") && !log.contains("\"dataChange\":true"),
        "{log}"
    );
    for protected in ["_subject", "member_no__token", "member_no__sealed", "phone__sealed"] {
        assert!(!log.contains(protected), "{log}");
    }
    assert!(log.contains("minValues") && log.contains("amount"), "{log}");
}

#[tokio::test]
async fn a_compacted_file_is_as_an_appended_one() {
    let folder = five_small_files().await;
    compact_in(folder.path(), RULES).await;
    let shape = |path: &Path| -> BTreeMap<String, String> {
        let reader = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
        let group = reader.metadata().row_group(0);
        let columns = group.columns().iter().map(|column| {
            let said = (column.compression(), column.column_type(), column.statistics().is_some());
            (
                column.column_path().string(),
                format!("{said:?} {:?}", column.column_descr().logical_type_ref()),
            )
        });
        columns.collect()
    };
    let table = table(folder.path()).await;
    let there =
        table.snapshot().unwrap().log_data().iter().map(|file| file.path().to_string()).next().unwrap();
    let new = folder.path().join(there);
    let old = data_files(folder.path()).into_iter().find(|path| *path != new).unwrap();
    assert_eq!(shape(&new), shape(&old));
}

/// What was answered from rows is named by their version, so it must not change where rows do not.
#[tokio::test]
async fn a_version_says_whose_rows_it_has() {
    let folder = five_small_files().await;
    let content = async || {
        let snapshot = Snapshot::open(local(folder.path()), &members().name, None).await.unwrap();
        (snapshot.version.0, snapshot.content.0, snapshot.extent)
    };
    let (version, first, extent) = content().await;
    assert_eq!((version, first), (5, 5));
    compact_in(folder.path(), RULES).await;
    assert_eq!(content().await, (6, 5, extent));
    for name in ["b0", "b1", "b2", "b3"] {
        append(folder.path(), name, 70).await;
    }
    let (version, now, extent) = content().await;
    assert_eq!((version, now), (10, 10), "new rows are another version");
    compact_in(folder.path(), RULES).await;
    compact_in(folder.path(), CompactRules { files_min: 2, ..RULES }).await;
    let (version, now, kept) = content().await;
    assert!(version > 10 && now == 10 && kept == extent, "{version} {now}");
    // A checkpoint has it too.
    deltalake::checkpoints::create_checkpoint(&table(folder.path()).await, None).await.unwrap();
    std::fs::remove_file(folder.path().join(format!("_delta_log/{version:020}.json"))).unwrap();
    assert_eq!(content().await.1, 10);
}

#[tokio::test]
async fn files_of_about_one_size_are_put_together_and_few_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    append(folder.path(), "large", 40_000).await;
    for name in ["a0", "a1", "a2"] {
        append(folder.path(), name, 50).await;
    }
    assert_eq!(compact_in(folder.path(), RULES).await.from, 0, "three are few");
    append(folder.path(), "a3", 50).await;
    let done = compact_in(folder.path(), RULES).await;
    assert_eq!((done.files, done.from, done.rows), (5, 4, 200), "the large one is not written again");
    let done = compact_in(folder.path(), CompactRules { small_bytes: 10, ..RULES }).await;
    assert_eq!(done.from, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_go_on_meanwhile_and_nothing_is_lost_or_doubled() {
    let folder = five_small_files().await;
    let path = folder.path().to_path_buf();
    let writing = tokio::spawn({
        let path = path.clone();
        async move {
            for number in 0..24 {
                append(&path, &format!("w{number}"), 20 + number).await;
            }
        }
    });
    let mut versions = 0;
    while !writing.is_finished() {
        versions += u64::from(compact_in(&path, RULES).await.version.is_some());
    }
    writing.await.unwrap();
    versions += u64::from(compact_in(&path, RULES).await.version.is_some());
    assert!(versions > 0);
    let mut found = rows(&path).await;
    assert_eq!(found.len(), 350 + (0..24).map(|number| 20 + number).sum::<usize>());
    found.sort();
    let all = found.len();
    found.dedup();
    assert_eq!(found.len(), all, "no row is there twice");
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_known_as_done() {
    let folder = five_small_files().await;
    let store = Faulty::default();
    store.faults.lose_answer.store(true, Ordering::SeqCst);
    let lost: Arc<dyn ObjectStore> = Arc::new(store);
    let act = (run(), RULES);
    let done =
        compact::compact(log_store(folder.path(), lost), &members(), Target::Table, act).await.unwrap();
    assert_eq!((done.from, done.version), (5, Some(TableVersion(6))));
    assert_eq!(rows(folder.path()).await.len(), 350);
}

/// A delivery is committed, its answer is lost, and before anybody looks another has put its file together with others.
#[tokio::test]
async fn an_append_is_known_though_its_file_was_put_together_since() {
    let folder = five_small_files().await;
    let table_before = table(folder.path()).await;
    let path = table_before.snapshot().unwrap().log_data().iter().next().unwrap().path().to_string();
    let add = deltalake::kernel::Add { path, ..deltalake::kernel::Add::default() };
    compact_in(folder.path(), RULES).await;
    let known = crate::appender::outcome(&local(folder.path()), std::slice::from_ref(&add)).await.unwrap();
    assert_eq!(known, crate::appender::Outcome::Committed(6));
    let other = deltalake::kernel::Add { path: "part-of-nobody.parquet".to_owned(), ..add };
    let known = crate::appender::outcome(&local(folder.path()), &[other]).await.unwrap();
    assert_eq!(known, crate::appender::Outcome::Absent);
}

async fn vacuum_in(folder: &Path, before: DateTime<Utc>, dry_run: bool) -> Vacuumed {
    vacuum::vacuum(local(folder), (before, dry_run)).await.unwrap()
}

fn modified(path: &Path) -> DateTime<Utc> {
    std::fs::metadata(path).unwrap().modified().unwrap().into()
}

#[tokio::test]
async fn a_vacuum_takes_what_nobody_needs_and_no_more() {
    let folder = five_small_files().await;
    let left = folder.path().join("part-killed.zstd.parquet");
    std::fs::write(&left, "the rest of a writer that was killed").unwrap();
    let beginning = folder.path().join("part-killed.zstd.parquet#1");
    std::fs::write(&beginning, "its beginning").unwrap();
    let started = modified(&folder.path().join("_delta_log/00000000000000000001.json"));
    compact_in(folder.path(), RULES).await;
    let before = rows(folder.path()).await;

    // Whoever began before the files were taken out may still read them.
    let kept = vacuum_in(folder.path(), started, false).await;
    assert_eq!((kept, data_files(folder.path()).len()), (Vacuumed::default(), 7));
    let table_then = {
        let mut table = table(folder.path()).await;
        table.load_version(5).await.unwrap();
        table.snapshot().unwrap().log_data().num_files()
    };
    assert_eq!(table_then, 5);

    let later = modified(&beginning) + TimeDelta::hours(1);
    let would = vacuum_in(folder.path(), later, true).await;
    assert_eq!((would.files, data_files(folder.path()).len()), (7, 7), "who looks removes nothing");
    assert_eq!(vacuum_in(folder.path(), later, false).await, would);
    assert_eq!(data_files(folder.path()).len(), 1);
    assert!(!beginning.exists());
    assert_eq!(rows(folder.path()).await, before);
    assert_eq!(vacuum_in(folder.path(), later, false).await, Vacuumed::default());
}

#[tokio::test]
async fn a_vacuum_of_what_never_was_committed_takes_the_files_alone() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(vacuum_in(folder.path(), DateTime::<Utc>::MAX_UTC, false).await, Vacuumed::default());
    std::fs::write(folder.path().join("part-killed.parquet"), "x").unwrap();
    assert_eq!(vacuum_in(folder.path(), DateTime::<Utc>::MAX_UTC, false).await.files, 1);
    assert_eq!(data_files(folder.path()).len(), 0);
}

#[tokio::test]
async fn a_long_log_gets_a_checkpoint_that_keeps_positions_and_tells_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..34 {
        append(folder.path(), &format!("a{number}"), 5).await;
    }
    let then = positions(folder.path()).await;
    let log = |ending: &str| {
        let names = std::fs::read_dir(folder.path().join("_delta_log")).unwrap();
        names.filter(|name| name.as_ref().unwrap().file_name().to_string_lossy().contains(ending)).count()
    };
    assert_eq!(log(".checkpoint.parquet"), 0);
    vacuum_in(folder.path(), DateTime::<Utc>::MIN_UTC, false).await;
    assert_eq!(log(".checkpoint.parquet"), 1);
    for entry in std::fs::read_dir(folder.path().join("_delta_log")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json")
            && !path.ends_with("00000000000000000034.json")
        {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert_eq!(positions(folder.path()).await, then, "the checkpoint alone has them");
    assert_eq!(rows(folder.path()).await.len(), 34 * 5);
}

/// A contract that got a column no row has yet, and a table in which only the younger files have it.
#[tokio::test]
async fn files_from_before_a_column_was_added_are_put_together_too() {
    let folder = five_small_files().await;
    let before = rows(folder.path()).await;
    let mut grown = Dataset::clone(&members());
    let note = crate::fixture::column("note", LogicalType::String, "business", Protection::Clear);
    grown.columns.push(note);
    let grown = Arc::new(grown);
    let compact =
        async || compact::compact(local(folder.path()), &grown, Target::Table, (run(), RULES)).await.unwrap();
    let done = compact().await;
    assert_eq!((done.from, done.into, done.rows), (5, 1, 350));
    assert_eq!(rows(folder.path()).await, before);
    let has_note = async || table(folder.path()).await.snapshot().unwrap().schema().field("note").is_some();
    assert!(!has_note().await, "a column comes with rows");

    for name in ["b0", "b1", "b2", "b3"] {
        let mut appender =
            Appender::open(local(folder.path()), Arc::clone(&grown), Target::Table, run()).await.unwrap();
        let old = batch(10, name);
        let mut columns = old.columns().to_vec();
        columns.push(Arc::new(arrow::array::StringArray::from(vec![name; 10])));
        let new = RecordBatch::try_new(Arc::clone(appender.schema()), columns).unwrap();
        appender.write(new).await.unwrap();
        appender.commit(name, 1).await.unwrap();
    }
    assert!(has_note().await);
    let rules = CompactRules { files_min: 2, ..RULES };
    let done = compact::compact(local(folder.path()), &grown, Target::Table, (run(), rules)).await.unwrap();
    assert!(done.from >= 4 && done.rows >= 40, "{done:?}");
    assert_eq!(rows(folder.path()).await.len(), 390);
}
