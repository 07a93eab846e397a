//! Rows whose time is over go, others stay, and what is left of the first is found until it is gone.

use std::path::Path;
use std::sync::atomic::Ordering;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BinaryArray, Int64Array, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::TimestampMicrosecondType;
use chrono::TimeDelta;
use membrane_catalog::{Retention, RetentionRules};
use membrane_model::{LogicalType, Protection};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

use super::*;
use crate::appender::Appender;
use crate::data_file;
use crate::fixture::{Faulty, batch, column, data_files, log_store, members, run};
use crate::upkeep::{compact, vacuum};
use crate::{CompactRules, quarantine_schema, stored_schema};

const OLD: &str = "2024-05-06T07:08:09.123456Z";
const LAST_OLD: &str = "2025-02-28T23:59:59.999999Z";
const FIRST_NEW: &str = "2025-03-01T00:00:00Z";
const NEW: &str = "2026-02-03T04:05:06Z";
const CANARY: &str = "canary-of-a-row-that-is-past";
const STAYS: &str = "a-row-that-stays-where-it-is";

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// Rows are kept for a year, so that those of before 2025-03-01 are past.
fn now() -> DateTime<Utc> {
    at("2026-03-01T10:00:00Z")
}

fn kept(rule: Option<&str>) -> Arc<Dataset> {
    let mut dataset = Dataset::clone(&members());
    dataset.columns.push(column("at", LogicalType::Timestamp, "behaviour", Protection::Clear));
    dataset.event_time = Some("at".parse().unwrap());
    dataset.retention = rule.map(|rule| RetentionRules {
        keep: Retention::parse(rule).unwrap(),
        purposes: std::collections::BTreeMap::new(),
    });
    Arc::new(dataset)
}

/// Rows whose sealed cells are these texts, with their times.
fn rows(of: &[(&str, Option<&str>)]) -> RecordBatch {
    let mut columns: Vec<ArrayRef> = batch(of.len(), "region").columns().to_vec();
    columns[3] = Arc::new(of.iter().map(|(cell, _)| Some(cell.as_bytes())).collect::<BinaryArray>());
    let times: TimestampMicrosecondArray =
        of.iter().map(|(_, time)| time.map(|time| at(time).timestamp_micros())).collect();
    columns.push(Arc::new(times.with_timezone("UTC")));
    RecordBatch::try_new(Arc::new(stored_schema(&kept(None))), columns).unwrap()
}

fn local(folder: &Path) -> LogStoreRef {
    log_store(folder, Arc::new(LocalFileSystem::new()))
}

async fn append(folder: &Path, name: &str, of: &[(&str, Option<&str>)]) {
    let mut appender = Appender::open(local(folder), kept(None), Target::Table, run()).await.unwrap();
    appender.write(rows(of)).await.unwrap();
    assert!(!appender.commit(name, 1).await.unwrap().already);
}

async fn retain_in(folder: &Path, dry_run: bool) -> Retained {
    retain_on(local(folder), (&kept(Some("1 y")), Target::Table), dry_run).await
}

async fn retain_on(log_store: LogStoreRef, of: (&Arc<Dataset>, Target), dry_run: bool) -> Retained {
    let mut done = Retained::default();
    retain(log_store, of, run(), (now(), dry_run), &mut done).await.unwrap();
    done
}

async fn remains_in(folder: &Path) -> Remains {
    remains(local(folder), (&kept(Some("1 y")), Target::Table), now()).await.unwrap()
}

/// Every row of the newest version: its sealed cell and its time.
async fn there(folder: &Path) -> Vec<(String, Option<i64>)> {
    let log_store = local(folder);
    let table = load(&log_store).await.unwrap().unwrap();
    let mut found = Vec::new();
    for file in files_of(&table).unwrap() {
        let stream = data_file::open(&log_store, (&file.path, file.bytes), "read").await.unwrap();
        let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap();
        for one in batches {
            let cells = one.column_by_name("phone__sealed").unwrap().as_binary::<i32>().clone();
            let times = one.column_by_name("at").unwrap().as_primitive::<TimestampMicrosecondType>().clone();
            found.extend((0..one.num_rows()).map(|row| {
                let time = times.is_valid(row).then(|| times.value(row));
                (String::from_utf8(cells.value(row).to_vec()).unwrap(), time)
            }));
        }
    }
    found.sort();
    found
}

/// Counts the files below a folder that hold these bytes.
fn holding(folder: &Path, bytes: &str) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += holding(&path, bytes);
        } else {
            let found = std::fs::read(&path).unwrap();
            count += usize::from(found.windows(bytes.len()).any(|window| window == bytes.as_bytes()));
        }
    }
    count
}

/// One file that is past, one that is so in part, one that is not, and one whose times nobody knows.
async fn four_files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    append(folder.path(), "past", &[(CANARY, Some(OLD)), (CANARY, Some(LAST_OLD))]).await;
    append(folder.path(), "both", &[(CANARY, Some(LAST_OLD)), (STAYS, Some(FIRST_NEW)), (STAYS, None)]).await;
    append(folder.path(), "new", &[(STAYS, Some(NEW))]).await;
    append(folder.path(), "timeless", &[(STAYS, None)]).await;
    folder
}

#[tokio::test]
async fn rows_go_whose_time_is_over_and_no_others() {
    let folder = four_files().await;
    let before = there(folder.path()).await;
    let would = retain_in(folder.path(), true).await;
    assert_eq!((would.rows, would.files, would.rewritten, would.version), (3, 2, 1, None));
    assert_eq!(there(folder.path()).await, before, "who looks changes nothing");
    assert_eq!(remains_in(folder.path()).await.rows, 3);

    let done = retain_in(folder.path(), false).await;
    assert_eq!((done.rows, done.files, done.rewritten, done.overtaken), (3, 2, 1, false));
    assert_eq!(
        done.version,
        Some(TableVersion(6)),
        "one commit for what goes, one for what is written again"
    );
    let stays: Vec<_> = before.into_iter().filter(|(cell, _)| cell == STAYS).collect();
    assert_eq!(there(folder.path()).await, stays);
    let nothing = Retained { stands: done.version, ..Retained::default() };
    assert_eq!(retain_in(folder.path(), false).await, nothing, "there is nothing left to do");

    let log = std::fs::read_to_string(folder.path().join("_delta_log/00000000000000000006.json")).unwrap();
    assert!(
        log.contains("DELETE") && log.contains("membrane.run") && !log.contains("\"dataChange\":false"),
        "{log}"
    );
    for protected in ["_subject", "member_no__token", "phone__sealed"] {
        assert!(!log.contains(protected), "{log}");
    }
    let snapshot = crate::Snapshot::open(local(folder.path()), &members().name, None).await.unwrap();
    assert_eq!(snapshot.content, snapshot.version, "these are other rows");
}

#[tokio::test]
async fn what_is_left_of_them_is_found_until_a_vacuum_took_it() {
    let folder = four_files().await;
    assert_eq!(holding(folder.path(), CANARY), 2);
    retain_in(folder.path(), false).await;
    let left = remains_in(folder.path()).await;
    assert_eq!((left.version, left.rows, left.timeless), (Some(TableVersion(6)), 0, 2));
    assert_eq!((left.held.files, holding(folder.path(), CANARY)), (2, 2), "earlier versions have them");
    let since = left.held.since.unwrap();
    // No vacuum takes them before they were not needed for long enough.
    vacuum::vacuum(local(folder.path()), (since - TimeDelta::seconds(5), false)).await.unwrap();
    assert_eq!(remains_in(folder.path()).await, left);
    vacuum::vacuum(local(folder.path()), (since + TimeDelta::seconds(5), false)).await.unwrap();
    let left = remains_in(folder.path()).await;
    assert_eq!((left.rows, left.held), (0, HeldFiles::default()));
    assert_eq!(holding(folder.path(), CANARY), 0);
    assert_eq!((holding(folder.path(), STAYS), data_files(folder.path()).len()), (3, 3));
}

/// A compaction leaves the rows in files that no version names any more, too.
#[tokio::test]
async fn files_that_were_put_together_before_are_found_too() {
    let folder = four_files().await;
    let rules = CompactRules { small_bytes: 16 << 20, files_min: 2, dry_run: false };
    let dataset = kept(None);
    compact::compact(local(folder.path()), &dataset, Target::Table, (run(), rules)).await.unwrap();
    retain_in(folder.path(), false).await;
    let left = remains_in(folder.path()).await;
    assert_eq!((left.rows, left.held.files), (0, 3), "two of before, and what they were put together to");
    assert_eq!(holding(folder.path(), CANARY), 3);
}

#[tokio::test]
async fn a_contract_without_a_rule_lets_rows_stay() {
    let folder = four_files().await;
    let (dataset, log_store) = (kept(None), local(folder.path()));
    let none = retain_on(log_store, (&dataset, Target::Table), false).await;
    assert_eq!(none, Retained::default());
    assert_eq!(there(folder.path()).await.len(), 7);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(retain_in(empty.path(), false).await, Retained::default());
    assert_eq!(remains_in(empty.path()).await, Remains::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_appended_meanwhile_stays_and_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_path_buf();
    let both = [(CANARY, Some(OLD)), (STAYS, Some(NEW))];
    append(&path, "first", &both).await;
    let writing = tokio::spawn({
        let path = path.clone();
        async move {
            for number in 0..24 {
                append(&path, &format!("w{number}"), &both).await;
            }
        }
    });
    let mut gone = 0;
    while !writing.is_finished() {
        gone += retain_in(&path, false).await.rows;
    }
    writing.await.unwrap();
    gone += retain_in(&path, false).await.rows;
    assert_eq!(gone, 25, "each is counted once");
    assert_eq!(there(&path).await.len(), 25);
    for number in 0..24 {
        let appender = Appender::open(local(&path), kept(None), Target::Table, run()).await.unwrap();
        assert_eq!(
            appender.committed(&format!("w{number}")).await.unwrap(),
            Some(1),
            "a delivery adds nothing again"
        );
        appender.abort().await;
    }
}

/// What went before something fails is told: the disk has no room for what would be written again.
#[tokio::test]
async fn what_went_is_known_though_the_rest_failed() {
    let folder = four_files().await;
    let store = Faulty::default();
    store.faults.full.store(true, Ordering::SeqCst);
    let full: Arc<dyn ObjectStore> = Arc::new(store);
    let (dataset, mut done) = (kept(Some("1 y")), Retained::default());
    let of = (&dataset, Target::Table);
    let failed = retain(log_store(folder.path(), full), of, run(), (now(), false), &mut done).await;
    assert!(failed.is_err(), "{done:?}");
    assert_eq!((done.rows, done.files, done.rewritten, done.overtaken), (2, 1, 0, false));
    assert_eq!((done.version, done.stands), (Some(TableVersion(5)), Some(TableVersion(5))));
    assert_eq!(remains_in(folder.path()).await.rows, 1, "the one of the other file is there");
    assert_eq!(retain_in(folder.path(), false).await.rows, 1);
}

/// The commit that only takes files out brings none by which it could be known.
#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_known_as_done() {
    let folder = tempfile::tempdir().unwrap();
    append(folder.path(), "past", &[(CANARY, Some(OLD))]).await;
    append(folder.path(), "new", &[(STAYS, Some(NEW))]).await;
    let store = Faulty::default();
    store.faults.lose_answer.store(true, Ordering::SeqCst);
    let lost: Arc<dyn ObjectStore> = Arc::new(store);
    let dataset = kept(Some("1 y"));
    let done = retain_on(log_store(folder.path(), lost), (&dataset, Target::Table), false).await;
    assert_eq!((done.rows, done.version), (1, Some(TableVersion(3))));
    assert_eq!(there(folder.path()).await.len(), 1);
}

/// What was set aside is as old as the run that did it.
#[tokio::test]
async fn what_was_set_aside_goes_by_when_that_was() {
    let folder = tempfile::tempdir().unwrap();
    let runs = [RunId::new(at(OLD)), RunId::new(at(NEW))];
    for (number, (run, cell)) in runs.into_iter().zip([CANARY, STAYS]).enumerate() {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![run.to_string()])),
            Arc::new(Int64Array::from(vec![1])),
            Arc::new(StringArray::from(vec!["missing:phone"])),
            Arc::new(BinaryArray::from_opt_vec(vec![None])),
            Arc::new(BinaryArray::from_vec(vec![cell.as_bytes()])),
        ];
        let batch = RecordBatch::try_new(Arc::new(quarantine_schema()), columns).unwrap();
        let mut appender =
            Appender::open(local(folder.path()), kept(None), Target::Quarantine, run).await.unwrap();
        appender.write(batch).await.unwrap();
        appender.commit(&format!("{number}"), 1).await.unwrap();
    }
    let of = kept(Some("1 y"));
    let aside = (&of, Target::Quarantine);
    let done = retain_on(local(folder.path()), aside, false).await;
    assert_eq!((done.rows, done.rewritten), (1, 0));
    let left = remains(local(folder.path()), aside, now()).await.unwrap();
    assert_eq!((left.rows, left.timeless, left.held.files), (0, 0, 1));
}

#[test]
fn files_are_written_again_up_to_the_size_of_one() {
    let file = |number: u8, bytes: u64| File { modified: 0, path: number.to_string(), bytes };
    let ages = |past| Ages { rows: 10, past, timeless: 0 };
    let found = vec![
        (file(0, FILE_BYTES), ages(10)),
        (file(1, FILE_BYTES), ages(1)),
        (file(2, 10), ages(2)),
        (file(3, 10), ages(3)),
        (file(4, FILE_BYTES), ages(10)),
    ];
    let groups: Vec<(bool, u64, usize)> =
        groups(found).iter().map(|group| (group.is_whole, group.past, group.files.len())).collect();
    assert_eq!(groups, [(true, 20, 2), (false, 1, 1), (false, 5, 2)]);
}

#[test]
fn files_of_which_nothing_stays_are_taken_out_some_at_once() {
    let file = |number: usize| File { modified: 0, path: number.to_string(), bytes: 1 };
    let ages = |past| Ages { rows: 10, past, timeless: 0 };
    let mut found: Vec<(File, Ages)> =
        (0..2 * WHOLE_FILES_MAX + 1).map(|number| (file(number), ages(10))).collect();
    found.push((file(usize::MAX), ages(1)));
    let groups: Vec<(bool, usize)> =
        groups(found).iter().map(|group| (group.is_whole, group.files.len())).collect();
    assert_eq!(groups, [(true, WHOLE_FILES_MAX), (true, WHOLE_FILES_MAX), (true, 1), (false, 1)]);
}
