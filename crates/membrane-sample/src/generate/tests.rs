use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{SampleError, SampleOptions, generate};

fn run(members: u64, seed: u64, dirty_rate: f64) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let options = SampleOptions { dirty_rate, ..SampleOptions::new(members, seed, folder.path()) };
    let report = generate(&options, &mut |_, _| {}).unwrap();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(names(folder.path()).len(), report.files.len() + 1, "a file that the report does not name");
    let mut files: BTreeMap<_, _> =
        report.files.iter().map(|file| (file.name.clone(), read(&file.name))).collect();
    files.insert("truth".to_owned(), read("ground-truth/identities.csv"));
    files
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (first, again, other) = (run(300, 1, 0.05), run(300, 1, 0.05), run(300, 2, 0.05));
    assert_eq!(first.len(), 10);
    for (name, bytes) in &first {
        assert!(bytes == &again[name], "{name} differs");
        assert!(bytes != &other[name], "{name} does not depend on the seed");
    }
}

#[test]
fn a_larger_sample_begins_with_the_same_people() {
    let (small, large) = (run(200, 3, 0.0), run(900, 3, 0.0));
    for name in ["crm_members.csv", "truth"] {
        assert!(large[name].starts_with(&small[name]), "{name}");
    }
    assert_eq!(small["dim_products.csv"], large["dim_products.csv"]);
}

#[test]
fn progress_ends_with_the_rows_of_each_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut heard: BTreeMap<String, u64> = BTreeMap::new();
    let report = generate(&SampleOptions::new(200, 1, folder.path()), &mut |file, rows| {
        heard.insert(file.to_owned(), rows);
    });
    for file in report.unwrap().files {
        assert_eq!(heard[&file.name], file.rows, "{}", file.name);
    }
}

#[test]
fn options_are_checked() {
    let check = |members, dirty_rate| {
        let options = SampleOptions { dirty_rate, ..SampleOptions::new(members, 1, "/nonexistent") };
        match generate(&options, &mut |_, _| {}) {
            Err(SampleError::Option { option, .. }) => option,
            other => panic!("accepted: {other:?}"),
        }
    };
    assert_eq!(check(0, 0.01), "members");
    assert_eq!(check(100_000_000, 0.01), "members");
    assert_eq!(check(1, 0.6), "dirty_rate");
    assert_eq!(check(1, f64::NAN), "dirty_rate");
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let fault = generate(&SampleOptions::new(5, 1, &file), &mut |_, _| {}).unwrap_err();
    assert!(matches!(fault, SampleError::Write { .. }), "{fault}");
}

#[test]
fn one_file_that_cannot_be_written_stops_the_others() {
    let folder = tempfile::tempdir().unwrap();
    // A folder stands where the file is to be.
    fs::create_dir_all(folder.path().join("web_events.ndjson").join("x")).unwrap();
    let fault = generate(&SampleOptions::new(200, 1, folder.path()), &mut |_, _| {}).unwrap_err();
    assert!(fault.to_string().contains("web_events.ndjson"), "{fault}");
    assert!(
        names(folder.path()).iter().all(|name| !name.ends_with(".partial")),
        "something half-written is left"
    );
}
