use membrane_ledger::LedgerError;

use super::*;

#[test]
fn what_fails_waits_longer_each_time() {
    let minutes = TimeDelta::minutes;
    assert_eq!(wait(minutes(1), 0), minutes(1));
    assert_eq!(wait(minutes(1), 3), minutes(8));
    assert_eq!(wait(minutes(1), 100), minutes(60));
    assert_eq!(wait_held_up(minutes(1), 2), minutes(4));
    assert_eq!(
        wait_held_up(minutes(1), 100),
        minutes(5),
        "a store that was away for a night is not waited for"
    );
    assert_eq!(wait_held_up(minutes(10), 3), minutes(10));
    assert_eq!(wait(TimeDelta::days(1), 5), TimeDelta::days(1), "never sooner than its own time");
}

fn of_file() -> LakeError {
    LakeError::InboxFile { doing: "read a delivery", why: "it is not there any more".to_owned() }
}

fn of_store() -> LakeError {
    LakeError::Inbox { doing: "read a delivery", why: "the storage does not answer".to_owned() }
}

fn broken_off(cause: LakeError) -> Error {
    let inner = io::Error::other(cause);
    Error::Ingest(IngestError::Read { source: io::Error::new(io::ErrorKind::UnexpectedEof, inner) })
}

#[test]
fn a_fault_is_the_files_or_the_sources() {
    let own = [
        Error::FileChanged,
        Error::FileEnding,
        Error::ControlMissing { seconds: 60 },
        Error::Inbox(of_file()),
        broken_off(of_file()),
        Error::Ingest(IngestError::Read { source: io::ErrorKind::PermissionDenied.into() }),
        Error::Ingest(IngestError::Changed),
        Error::Ingest(IngestError::CutOff),
        Error::Ingest(IngestError::TooManyBad { bad: 1, rows: 1 }),
        Error::Ingest(IngestError::TotalsDiffer { totals: vec!["rows".to_owned()] }),
        Error::Ingest(IngestError::ControlUnreadable { detail: "" }),
        Error::Ingest(IngestError::MissingColumns { columns: String::new() }),
    ];
    for error in own {
        assert!(!holds_up(&error), "{error:?}");
    }
    let of_all = [
        Error::Inbox(of_store()),
        broken_off(of_store()),
        Error::Ledger(LedgerError::TooLarge("x")),
        Error::Record(LedgerError::TooLarge("x")),
        Error::Ingest(IngestError::Ledger(LedgerError::TooLarge("x"))),
        Error::Ingest(IngestError::Lake(LakeError::Full { doing: "write" })),
        Error::Ingest(IngestError::Scratch { source: io::ErrorKind::StorageFull.into() }),
        Error::UnknownDataset,
    ];
    for error in of_all {
        assert!(holds_up(&error), "{error:?}");
    }
}
