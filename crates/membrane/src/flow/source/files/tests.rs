//! What a look does about a file.

use std::collections::BTreeMap;

use super::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn known(state: &str, fault: Option<&str>, tries: u64) -> HashMap<String, SourceFile> {
    let file = SourceFile {
        file: "f".to_owned(),
        state: state.to_owned(),
        fault: fault.map(str::to_owned),
        tries,
        run: None,
        seen: at(0),
    };
    HashMap::from([("f".to_owned(), file)])
}

fn check(known: &HashMap<String, SourceFile>, asked: Asked, age: i64, expected: &Todo) {
    let files = FilesSource {
        folder: String::new(),
        pattern: "*".to_owned(),
        format: None,
        encoding: None,
        sheet: None,
        settle_seconds: 10,
        control_suffix: None,
        columns: BTreeMap::new(),
        storage: BTreeMap::new(),
        credentials: BTreeMap::new(),
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("f"), "x").unwrap();
    let inbox = Inbox::open(&folder.path().display().to_string(), &LakeOptions::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let listed = runtime.block_on(inbox.list(|_| true, 10)).unwrap();
    let now = listed[0].modified + TimeDelta::seconds(age);
    let found = what_to_do(&listed[0], ("f", "now"), known, (&files, asked), now);
    assert_eq!(found, *expected, "{known:?} {asked:?} {age}");
}

#[test]
fn a_file_is_taken_once_and_tried_so_often() {
    let none = HashMap::new();
    check(&none, Asked::OnTime, 9, &Todo::Wait);
    check(&none, Asked::OnTime, 10, &Todo::Take { tries: 1 });
    check(&known("now", None, 1), Asked::ByHand, 99, &Todo::Nothing);
    let failed = |tries| known("now", Some("input_malformed"), tries);
    check(&failed(4), Asked::OnTime, 99, &Todo::Take { tries: 5 });
    check(&failed(5), Asked::OnTime, 99, &Todo::Leave);
    check(&failed(5), Asked::ByHand, 99, &Todo::Take { tries: 6 });
    check(&known("before", Some("input_malformed"), 5), Asked::OnTime, 99, &Todo::Take { tries: 1 });
}

/// Whoever appends to a file that was taken in would have its rows twice.
#[test]
fn a_file_that_was_taken_in_and_changed_is_refused() {
    check(&known("before", None, 1), Asked::OnTime, 99, &Todo::Refuse);
    check(&known("now", Some("source_file_changed"), 5), Asked::OnTime, 99, &Todo::Leave);
    check(&known("now", Some("source_file_changed"), 5), Asked::ByHand, 99, &Todo::Refuse);
    check(&known("before", Some("source_file_changed"), 5), Asked::OnTime, 99, &Todo::Refuse);
}
