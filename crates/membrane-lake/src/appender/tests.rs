//! Commits: exactly once, all or nothing, whatever fails.

use std::path::Path;
use std::sync::atomic::Ordering;

use deltalake::kernel::Action;
use membrane_model::{LogicalType, Protection};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::*;
use crate::fixture::{Faults, Faulty, batch, bucket, data_files, log_store, members, run};

async fn appender(folder: &Path) -> Appender {
    on(folder, Arc::new(LocalFileSystem::new())).await.unwrap()
}

async fn on(folder: &Path, store: Arc<dyn ObjectStore>) -> Result<Appender, LakeError> {
    Appender::open(log_store(folder, store), members(), Target::Table, run()).await
}

fn faulty() -> (Arc<dyn ObjectStore>, Arc<Faults>) {
    let store = Faulty::default();
    let faults = Arc::clone(&store.faults);
    (Arc::new(store), faults)
}

async fn loaded(folder: &Path) -> DeltaTable {
    load(&log_store(folder, Arc::new(LocalFileSystem::new()))).await.unwrap().unwrap()
}

async fn rows(folder: &Path) -> usize {
    let table = loaded(folder).await;
    table.snapshot().unwrap().log_data().iter().map(|file| file.num_records().unwrap()).sum()
}

#[tokio::test]
async fn a_commit_makes_rows_visible_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = appender(folder.path()).await;
    assert_eq!(first.committed("a").await.unwrap(), None);
    first.write(batch(1000, "SH")).await.unwrap();
    first.write(batch(500, "BJ")).await.unwrap();
    let committed = first.commit("a", 1).await.unwrap();
    assert_eq!((committed.version, committed.rows, committed.already), (TableVersion(1), 1500, false));
    assert_eq!((committed.files, data_files(folder.path()).len()), (1, 1));
    assert_eq!(rows(folder.path()).await, 1500);

    let mut again = appender(folder.path()).await;
    assert_eq!(again.committed("a").await.unwrap(), Some(1));
    assert_eq!(again.version().await.unwrap(), Some(TableVersion(1)));
    again.write(batch(1000, "SH")).await.unwrap();
    let committed = again.commit("a", 1).await.unwrap();
    assert_eq!((committed.version, committed.rows, committed.already), (TableVersion(1), 0, true));
    assert_eq!(data_files(folder.path()).len(), 1, "the repeated files are removed");
    assert_eq!(rows(folder.path()).await, 1500);

    let mut later = appender(folder.path()).await;
    later.write(batch(10, "SH")).await.unwrap();
    assert_eq!(later.commit("a", 2).await.unwrap().version, TableVersion(2));
    assert_eq!(rows(folder.path()).await, 1510);
}

#[tokio::test]
async fn an_empty_delivery_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let committed = appender(folder.path()).await.commit("empty", 1).await.unwrap();
    assert_eq!((committed.rows, committed.files, committed.already), (0, 0, false));
    assert!(appender(folder.path()).await.commit("empty", 1).await.unwrap().already);
}

#[tokio::test]
async fn statistics_are_kept_for_named_columns_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut appender = appender(folder.path()).await;
    appender.write(batch(3000, "SH")).await.unwrap();
    appender.commit("a", 1).await.unwrap();

    let log = std::fs::read_to_string(folder.path().join("_delta_log/00000000000000000001.json")).unwrap();
    let line = log.lines().find(|line| line.starts_with("{\"add\"")).unwrap();
    for protected in ["_subject", "member_no__token", "member_no__sealed", "phone__sealed"] {
        assert!(!line.contains(protected), "{line}");
    }
    for named in ["minValues", "maxValues", "amount", "region"] {
        assert!(line.contains(named), "{line}");
    }
    assert!(log.contains("membrane.run"), "{log}");

    let file = std::fs::File::open(&data_files(folder.path())[0]).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    for group in reader.metadata().row_groups() {
        for column in group.columns() {
            let name = column.column_path().string();
            let expected = ["amount", "region"].contains(&name.as_str());
            assert_eq!(column.statistics().is_some(), expected, "{name}");
            assert!(column.column_index_offset().is_none(), "{name}: pages have no statistics of their own");
        }
    }
}

#[tokio::test]
async fn a_quarantine_table_has_no_statistics_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let log_store = log_store(folder.path(), Arc::new(LocalFileSystem::new()));
    let mut appender = Appender::open(log_store, members(), Target::Quarantine, run()).await.unwrap();
    let batch = RecordBatch::try_new(
        Arc::clone(appender.schema()),
        vec![
            Arc::new(arrow::array::StringArray::from(vec!["run"])),
            Arc::new(arrow::array::Int64Array::from(vec![7])),
            Arc::new(arrow::array::StringArray::from(vec!["wrong_type:amount"])),
            Arc::new(arrow::array::BinaryArray::from_opt_vec(vec![None])),
            Arc::new(arrow::array::BinaryArray::from_vec(vec![b"sealed"])),
        ],
    );
    appender.write(batch.unwrap()).await.unwrap();
    appender.commit("a", 1).await.unwrap();
    let log = std::fs::read_to_string(folder.path().join("_delta_log/00000000000000000001.json")).unwrap();
    assert!(log.contains(r#"\"minValues\":{},\"maxValues\":{}"#), "{log}");
    let reader =
        SerializedFileReader::new(std::fs::File::open(&data_files(folder.path())[0]).unwrap()).unwrap();
    let groups = reader.metadata().row_groups();
    assert!(groups.iter().flat_map(|group| group.columns()).all(|column| column.statistics().is_none()));
}

#[tokio::test]
async fn of_two_writers_with_one_id_one_adds() {
    let folder = tempfile::tempdir().unwrap();
    let (mut one, mut other) = (appender(folder.path()).await, appender(folder.path()).await);
    one.write(batch(100, "SH")).await.unwrap();
    other.write(batch(100, "SH")).await.unwrap();
    let (one, other) = tokio::join!(one.commit("a", 1), other.commit("a", 1));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.already, other.already);
    assert_eq!(rows(folder.path()).await, 100);
    assert_eq!(data_files(folder.path()).len(), 1, "the loser's file is removed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_with_other_ids_all_add() {
    let folder = tempfile::tempdir().unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let mut appender = appender(folder.path()).await;
        tasks.spawn(async move {
            appender.write(batch(100, "SH")).await.unwrap();
            appender.commit(&format!("writer {writer}"), 1).await.unwrap()
        });
    }
    let committed = tasks.join_all().await;
    assert!(committed.iter().all(|committed| !committed.already));
    assert_eq!(rows(folder.path()).await, 800);
}

#[tokio::test]
async fn nothing_is_left_of_what_was_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut aborted = appender(folder.path()).await;
    aborted.write(batch(20_000, "SH")).await.unwrap();
    aborted.abort().await;
    assert!(data_files(folder.path()).is_empty());

    let mut dropped = appender(folder.path()).await;
    dropped.write(batch(20_000, "SH")).await.unwrap();
    drop(dropped);
    tokio::task::yield_now().await;
    assert!(data_files(folder.path()).is_empty());
    assert!(!folder.path().join("_delta_log").exists(), "no table without a commit");
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_visible() {
    let folder = tempfile::tempdir().unwrap();
    let (store, faults) = faulty();
    let mut before = on(folder.path(), Arc::clone(&store)).await.unwrap();
    before.write(batch(10, "SH")).await.unwrap();
    before.commit("before", 1).await.unwrap();

    faults.full.store(true, Ordering::SeqCst);
    let mut appender = on(folder.path(), store).await.unwrap();
    appender.write(batch(100, "SH")).await.unwrap();
    let error = appender.commit("a", 1).await.unwrap_err();
    assert!(matches!(error, LakeError::Full { .. }), "{error:?}");
    assert_eq!(error.to_string(), "no space left on the storage while trying to finish a data file");
    assert_eq!(rows(folder.path()).await, 10, "what was committed stays");
    assert_eq!(data_files(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let (store, faults) = faulty();
    let mut appender = on(folder.path(), store).await.unwrap();
    appender.write(batch(100, "SH")).await.unwrap();
    faults.lose_answer.store(true, Ordering::SeqCst);
    let committed = appender.commit("a", 1).await.unwrap();
    assert!(!faults.lose_answer.load(Ordering::SeqCst), "the answer was lost");
    assert_eq!((committed.version, committed.rows, committed.already), (TableVersion(1), 100, false));
    assert_eq!(rows(folder.path()).await, 100);
    assert_eq!(data_files(folder.path()).len(), 1, "the files are the table's now");
}

/// A table of ten rows in a bucket that can fail, and an appender of a hundred more.
struct OnBucket {
    folder: tempfile::TempDir,
    faults: Arc<Faults>,
    log_store: LogStoreRef,
    appender: Appender,
}

async fn after_ten_rows() -> OnBucket {
    let folder = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let inner = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
    let log_store = bucket(Arc::new(Faulty { inner, faults: Arc::clone(&faults) }));
    let open = || Appender::open(Arc::clone(&log_store), members(), Target::Table, run());
    let mut first = open().await.unwrap();
    first.write(batch(10, "SH")).await.unwrap();
    first.commit("a", 1).await.unwrap();
    let mut appender = open().await.unwrap();
    appender.write(batch(100, "SH")).await.unwrap();
    OnBucket { folder, faults, log_store, appender }
}

/// A commit that timed out may come later, whenever that is: before it is looked for, after that, or after the next try. Its files stay.
#[tokio::test]
async fn a_commit_that_comes_late_is_found_and_keeps_its_files() {
    for late in 1..12 {
        let OnBucket { folder, faults, log_store, mut appender } = after_ten_rows().await;
        appender.expect("b", None);
        faults.late.store(late, Ordering::SeqCst);
        faults.hints_left.store(usize::MAX, Ordering::SeqCst);
        let committed = appender.commit("b", 1).await.unwrap();
        assert_eq!((committed.rows, committed.already), (100, false), "late {late}");
        let table = load(&log_store).await.unwrap().unwrap();
        let state = table.snapshot().unwrap();
        let rows: usize = state.log_data().iter().map(|file| file.num_records().unwrap()).sum();
        assert_eq!(rows, 110, "late {late}");
        for file in state.log_data() {
            assert!(folder.path().join("table").join(file.path().as_ref()).exists(), "late {late}");
        }
    }
}

/// Nobody can tell what became of a commit that timed out while the log cannot be read: it may come yet, and its files stay.
#[tokio::test]
async fn the_files_of_a_commit_stay_when_the_log_cannot_be_read_after_it() {
    for hints in 0..4 {
        let OnBucket { folder, faults, appender, .. } = after_ten_rows().await;
        faults.late.store(1_000, Ordering::SeqCst);
        faults.hints_left.store(hints, Ordering::SeqCst);
        let error = appender.commit("b", 1).await.unwrap_err();
        let is_unknown = matches!(error, LakeError::Unknown { .. });
        let left = data_files(&folder.path().join("table")).len();
        assert_eq!((is_unknown, left), (true, 2), "after {hints} hints: {error}");
    }
}

#[tokio::test]
async fn a_changed_contract_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = appender(folder.path()).await;
    first.write(batch(10, "SH")).await.unwrap();
    first.commit("a", 1).await.unwrap();

    let mut changed = Dataset::clone(&members());
    changed.columns[2].logical_type = LogicalType::Integer;
    let log_store = log_store(folder.path(), Arc::new(LocalFileSystem::new()));
    let error = Appender::open(log_store, Arc::new(changed), Target::Table, run()).await.unwrap_err();
    let told = error.to_string();
    assert!(
        told.contains("column `amount` is decimal(12,2) in the table and long in the contract"),
        "{told}"
    );
}

#[tokio::test]
async fn a_batch_of_another_shape_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut appender = appender(folder.path()).await;
    let narrow = batch(10, "SH").project(&[0, 1]).unwrap();
    let error = appender.write(narrow).await.unwrap_err();
    assert!(matches!(error, LakeError::WrongBatch { .. }), "{error:?}");
}

#[tokio::test]
async fn large_deliveries_are_cut_into_row_groups() {
    let folder = tempfile::tempdir().unwrap();
    let mut appender = appender(folder.path()).await;
    for _ in 0..20 {
        appender.write(batch(16_384, "SH")).await.unwrap();
    }
    let committed = appender.commit("a", 1).await.unwrap();
    assert_eq!(committed.rows, 20 * 16_384);
    let reader =
        SerializedFileReader::new(std::fs::File::open(&data_files(folder.path())[0]).unwrap()).unwrap();
    assert!(reader.metadata().num_row_groups() >= 2, "row groups are small enough to skip");
}

#[tokio::test]
async fn text_is_plain_for_other_readers() {
    let folder = tempfile::tempdir().unwrap();
    let mut appender = appender(folder.path()).await;
    appender.write(batch(10, "SH")).await.unwrap();
    appender.commit("a", 1).await.unwrap();
    let file = std::fs::File::open(&data_files(folder.path())[0]).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(
        reader.schema().field_with_name("region").unwrap().data_type(),
        &arrow::datatypes::DataType::Utf8
    );
    let table = loaded(folder.path()).await;
    let version = table.version().unwrap();
    let bytes = table.log_store().read_commit_entry(version).await.unwrap().unwrap();
    let actions = deltalake::logstore::get_actions(version, &bytes).unwrap();
    assert!(actions.iter().any(|action| matches!(action, Action::Txn(txn) if txn.app_id == "a")));
}

#[tokio::test]
async fn marks_are_kept_beside_the_delivery() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = appender(folder.path()).await;
    first.write(batch(10, "SH")).await.unwrap();
    first.mark("a/contract", 42);
    first.commit("a", 1).await.unwrap();
    let again = appender(folder.path()).await;
    assert_eq!(again.committed("a/contract").await.unwrap(), Some(42));
    assert_eq!(again.committed("b/contract").await.unwrap(), None);
}

#[tokio::test]
async fn whoever_expects_another_position_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (before, after, fits) in
        [(None, 10, true), (None, 20, false), (Some(10), 20, true), (Some(10), 30, false)]
    {
        let mut appender = appender(folder.path()).await;
        appender.write(batch(10, "SH")).await.unwrap();
        appender.expect("source/a", before);
        appender.mark("source/a", after);
        let committed = appender.commit(&format!("delivery-{after}"), 1).await;
        assert_eq!(committed.is_ok(), fits, "{before:?} to {after}: {committed:?}");
        assert!(fits || matches!(committed, Err(LakeError::Overtaken { .. })));
    }
    assert_eq!(data_files(folder.path()).len(), 2, "what was not committed is gone");
}

/// Many read a source from one position on: one of them wins each step.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_go_on_from_one_position_one_does() {
    let folder = tempfile::tempdir().unwrap();
    for step in 0..3 {
        let before = (step > 0).then_some(step);
        let writers = (0..4).map(|_| async {
            let mut appender = appender(folder.path()).await;
            appender.write(batch(10, "SH")).await.unwrap();
            appender.expect("source/a", before);
            appender.mark("source/a", step + 1);
            appender.commit(&format!("delivery-{step}"), 1).await.map(|committed| !committed.already)
        });
        let outcomes = futures::future::join_all(writers).await;
        let won = outcomes.iter().filter(|outcome| matches!(outcome, Ok(true))).count();
        assert_eq!(won, 1, "{outcomes:?}");
    }
    assert_eq!(data_files(folder.path()).len(), 3);
}

#[tokio::test]
async fn a_snapshot_takes_the_place_of_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    for (position, rows) in [(1, 10), (2, 30)] {
        let mut appender = appender(folder.path()).await;
        appender.write(batch(rows, "SH")).await.unwrap();
        appender.replace();
        appender.commit("snapshot", position).await.unwrap();
    }
    let table = loaded(folder.path()).await;
    let rows: usize = table.snapshot().unwrap().log_data().iter().filter_map(|file| file.num_records()).sum();
    assert_eq!((rows, table.version()), (30, Some(2)));
    let mut before = loaded(folder.path()).await;
    before.load_version(1).await.unwrap();
    let rows: usize =
        before.snapshot().unwrap().log_data().iter().filter_map(|file| file.num_records()).sum();
    assert_eq!(rows, 10, "earlier versions keep theirs");
}

/// What came meanwhile stays; what is not there any more is not replaced a second time.
#[tokio::test]
async fn some_files_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let paths = |table: &DeltaTable| -> Vec<String> {
        table.snapshot().unwrap().log_data().iter().map(|file| file.path().to_string()).collect()
    };
    for (id, count) in [("a", 10), ("b", 20)] {
        let mut appender = appender(folder.path()).await;
        appender.write(batch(count, "SH")).await.unwrap();
        appender.commit(id, 1).await.unwrap();
    }
    let before = paths(&loaded(folder.path()).await);
    let mut later = appender(folder.path()).await;
    later.write(batch(5, "SH")).await.unwrap();
    later.commit("c", 1).await.unwrap();
    for (position, fits) in [(1, true), (2, false)] {
        let mut appender = appender(folder.path()).await;
        appender.write(batch(3, "SH")).await.unwrap();
        appender.replace_files(before.clone());
        let committed = appender.commit("rest", position).await;
        assert_eq!(committed.is_ok(), fits, "{committed:?}");
    }
    assert_eq!(rows(folder.path()).await, 8);
}

/// A local folder whose files cannot be synced: here because they lie elsewhere.
#[tokio::test]
async fn what_cannot_be_synced_is_not_committed() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
    let mut appender = on(folder.path(), Arc::clone(&store)).await.unwrap();
    appender.write(batch(10, "SH")).await.unwrap();
    let error = appender.commit("a", 1).await.unwrap_err();
    assert_eq!(error.to_string(), "could not sync the data files");
    assert!(load(&log_store(folder.path(), store)).await.unwrap().is_none(), "nothing was committed");
}

#[tokio::test]
async fn a_commit_that_cannot_be_synced_has_an_unknown_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
    // Without rows there is no data file: only the log could be synced.
    let error = on(folder.path(), store).await.unwrap().commit("a", 1).await.unwrap_err();
    assert!(matches!(error, LakeError::Unknown { .. }), "{error:?}");
}

/// Opens an appender of members who have another column, and one batch for it.
async fn grown(folder: &Path) -> (Appender, RecordBatch) {
    let mut dataset = Dataset::clone(&members());
    let shop = crate::fixture::column("shop", LogicalType::Integer, "geo", Protection::Clear);
    dataset.columns.insert(1, shop);
    let dataset = Arc::new(dataset);
    let schema = Arc::new(crate::stored_schema(&dataset));
    let before = batch(10, "SH");
    let shops: arrow::array::ArrayRef = Arc::new(arrow::array::Int64Array::from_iter_values(0..10));
    let cells = |field: &Arc<arrow::datatypes::Field>| {
        before.column_by_name(field.name()).cloned().unwrap_or_else(|| Arc::clone(&shops))
    };
    let rows = RecordBatch::try_new(Arc::clone(&schema), schema.fields().iter().map(cells).collect());
    let store = Arc::new(LocalFileSystem::new());
    let appender = Appender::open(log_store(folder, store), dataset, Target::Table, run()).await.unwrap();
    (appender, rows.unwrap())
}

/// The column, and what may be written down of it, come with the first rows that have it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_gets_a_column_with_the_first_rows_that_have_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = appender(folder.path()).await;
    first.write(batch(10, "SH")).await.unwrap();
    first.commit("a", 1).await.unwrap();
    // Two that find it without the column, and one that knows nothing of it.
    let (mut one, rows_with) = grown(folder.path()).await;
    let (mut two, _) = grown(folder.path()).await;
    let mut old = appender(folder.path()).await;
    one.write(rows_with.clone()).await.unwrap();
    two.write(rows_with).await.unwrap();
    old.write(batch(10, "BJ")).await.unwrap();
    let (one, two) = tokio::join!(one.commit("b", 1), two.commit("c", 1));
    assert!(!one.unwrap().already && !two.unwrap().already);
    let error = old.commit("d", 1).await.unwrap_err();
    assert!(error.to_string().contains("the contract stores no column `shop`"), "{error}");
    assert_eq!(rows(folder.path()).await, 30);
    let table = loaded(folder.path()).await;
    let state = table.snapshot().unwrap();
    let schema = state.schema();
    let names: Vec<&str> = schema.fields().map(|field| field.name().as_str()).collect();
    assert_eq!(names.last(), Some(&"shop"));
    let named = state.metadata().configuration().get("delta.dataSkippingStatsColumns").unwrap();
    assert_eq!(named, "shop,amount,region");
    assert_eq!(state.protocol().min_reader_version(), 1, "anybody reads it");
}

#[tokio::test]
async fn rows_are_of_one_revision_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    for (before, revision, fits) in [
        (None, 7, true),
        // Of the same revision, though it was not there yet when it was compared.
        (None, 7, true),
        (None, 8, false),
        (Some(7), 8, true),
        (Some(7), 9, false),
    ] {
        let mut appender = appender(folder.path()).await;
        appender.write(batch(10, "SH")).await.unwrap();
        appender.by_contract(before, revision);
        let committed = appender.commit(&format!("{before:?} {revision} {fits}"), 1).await;
        assert!(fits || matches!(committed, Err(LakeError::OtherContract { .. })), "{committed:?}");
        assert_eq!(committed.is_ok(), fits, "{before:?} to {revision}");
    }
    let table = loaded(folder.path()).await;
    let store = log_store(folder.path(), Arc::new(LocalFileSystem::new()));
    assert_eq!(crate::lake::contract_of(&table, &store).await.unwrap(), Some(8));
}
