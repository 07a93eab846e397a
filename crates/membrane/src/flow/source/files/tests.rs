//! What a look does about a file.

use super::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn known(state: &str, fault: Option<&str>, tries: u64) -> Option<SourceFile> {
    Some(SourceFile {
        file: "f".to_owned(),
        state: state.to_owned(),
        fault: fault.map(str::to_owned),
        tries,
        run: None,
        seen: at(0),
    })
}

/// What is done so many seconds after the file was written, which is when it was looked at last.
fn check(known: &Option<SourceFile>, asked: Asked, age: i64, expected: &Todo) {
    let rules = Rules { settle: TimeDelta::seconds(10), every: TimeDelta::seconds(60), asked };
    let is_same = known.as_ref().is_some_and(|known| known.state == "now");
    let found = what_to_do(at(0), known.as_ref(), is_same, rules, at(age));
    assert_eq!(found, *expected, "{known:?} {asked:?} {age}");
}

#[test]
fn a_file_is_taken_once_and_tried_so_often() {
    let none = None;
    check(&none, Asked::OnTime, 9, &Todo::Wait);
    check(&none, Asked::OnTime, 10, &Todo::Take { tries: 1 });
    check(&known("now", None, 1), Asked::ByHand, 99, &Todo::Nothing);
    let failed = |tries| known("now", Some("input_malformed"), tries);
    // Each time after longer; who asks by hand waits for nothing.
    check(&failed(1), Asked::OnTime, 119, &Todo::Later);
    check(&failed(1), Asked::OnTime, 120, &Todo::Take { tries: 2 });
    check(&failed(4), Asked::OnTime, 959, &Todo::Later);
    check(&failed(4), Asked::OnTime, 960, &Todo::Take { tries: 5 });
    check(&failed(4), Asked::ByHand, 99, &Todo::Take { tries: 5 });
    check(&failed(5), Asked::OnTime, 99, &Todo::Leave);
    check(&failed(5), Asked::ByHand, 99, &Todo::Take { tries: 6 });
    check(&known("before", Some("input_malformed"), 5), Asked::OnTime, 99, &Todo::Take { tries: 1 });
    // A file that waits for its control totals was not tried.
    check(&known("now", Some("control_missing"), 0), Asked::OnTime, 10, &Todo::Take { tries: 1 });
}

/// Whoever appends to a file that was taken in would have its rows twice.
#[test]
fn a_file_that_was_taken_in_and_changed_is_refused() {
    check(&known("before", None, 1), Asked::OnTime, 99, &Todo::Refuse);
    check(&known("now", Some("source_file_changed"), 5), Asked::OnTime, 99, &Todo::Leave);
    check(&known("now", Some("source_file_changed"), 5), Asked::ByHand, 99, &Todo::Refuse);
    check(&known("before", Some("source_file_changed"), 5), Asked::OnTime, 99, &Todo::Refuse);
}
