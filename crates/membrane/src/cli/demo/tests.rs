use super::tidied;
use crate::cli::CliError;

/// What is answered when the folder was made, or not, and what is left of it.
fn check(is_made: bool, performed: Result<(), CliError>, expected: Option<&str>) {
    let parent = tempfile::tempdir().expect("folder");
    let folder = parent.path().join("demo-check");
    if is_made {
        std::fs::create_dir_all(folder.join("hub")).expect("folder");
    }
    let answer = tidied(performed, &folder);
    assert!(!folder.exists());
    match (answer, expected) {
        (Ok(()), None) => {}
        (Err(error), Some(words)) => assert!(format!("{error:?}").contains(words), "{error:?}"),
        (answer, expected) => panic!("{answer:?} instead of {expected:?}"),
    }
}

#[test]
fn a_check_that_fails_before_it_has_a_folder_says_why() {
    check(false, Err(CliError::usage("the configuration has 1 fault(s)")), Some("1 fault(s)"));
    check(true, Err(CliError::failed("2 of 9 checks failed")), Some("2 of 9"));
    check(false, Ok(()), None);
    check(true, Ok(()), None);
}

#[test]
fn a_folder_that_cannot_be_removed_hides_no_other_error() {
    let file = tempfile::NamedTempFile::new().expect("file");
    let first = tidied(Err(CliError::failed("first")), file.path()).expect_err("failed");
    assert!(format!("{first:?}").contains("first"), "{first:?}");
    let second = tidied(Ok(()), file.path()).expect_err("no folder");
    assert!(format!("{second:?}").contains("cannot remove"), "{second:?}");
}
