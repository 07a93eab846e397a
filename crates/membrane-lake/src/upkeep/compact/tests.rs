//! A compaction that others come in between of, and which files are chosen.

use object_store::local::LocalFileSystem;

use super::*;
use crate::appender::Appender;
use crate::fixture::{batch, data_files, log_store, members, run};

async fn append(log_store: &LogStoreRef, name: &str, replaces: bool) {
    let mut appender = Appender::open(Arc::clone(log_store), members(), Target::Table, run()).await.unwrap();
    appender.write(batch(30, name)).await.unwrap();
    if replaces {
        appender.replace();
    }
    appender.commit(name, 1).await.unwrap();
}

#[tokio::test]
async fn a_group_of_which_a_file_was_taken_out_is_given_up_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log_store = log_store(folder.path(), Arc::new(LocalFileSystem::new()));
    for name in ["a", "b", "c"] {
        append(&log_store, name, false).await;
    }
    let table = load(&log_store).await.unwrap().unwrap();
    let group = files_of(&table).unwrap();
    append(&log_store, "snapshot", true).await;
    let dataset = members();
    let act =
        Rewrite::open((Arc::clone(&log_store), &table), (&dataset, Target::Table), (run(), Effect::Kept));
    let act = act.unwrap();
    assert!(act.put_in_place(&group, Some(&|batch| Ok(batch))).await.unwrap().is_none());
    let table = load(&log_store).await.unwrap().unwrap();
    assert_eq!((table.version(), data_files(folder.path()).len()), (Some(4), 4));
}

#[test]
fn groups_are_of_one_size_and_fit_into_a_file() {
    let file = |modified: i64, bytes: u64| File { modified, path: format!("{modified}"), bytes };
    let rules = CompactRules { small_bytes: 32 << 20, files_min: 3, dry_run: false };
    let chosen = |sizes: &[u64]| -> Vec<Vec<i64>> {
        let files = (0..).zip(sizes).map(|(number, size)| file(number, *size)).collect();
        let groups = groups(files, rules);
        groups.iter().map(|group| group.iter().map(|file| file.modified).collect()).collect()
    };
    assert_eq!(chosen(&[1000, 1000]), Vec::<Vec<i64>>::new());
    assert_eq!(chosen(&[1000, 1000, 1000]), [[0, 1, 2]]);
    assert_eq!(chosen(&[1000, 64 << 20, 1000, 20 << 20, 1000]), [[0, 2, 4]]);
    let large = 30 << 20;
    assert_eq!(chosen(&[large; 5]), [[0, 1], [2, 3]], "what is left over waits for others");
}
