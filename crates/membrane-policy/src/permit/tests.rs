//! What a permit is not: these tests read the source.

use std::fs;
use std::path::{Path, PathBuf};

const SOURCE: &str = include_str!("../permit.rs");
const PROTECTED: [&str; 3] = ["Permit", "DatasetPermit", "ColumnPermit"];

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn fields_are_private_and_nothing_is_derived_but_debug() {
    for name in PROTECTED {
        let (before, after) = SOURCE.split_once(&format!("\npub struct {name} {{\n")).unwrap();
        assert_eq!(before.lines().next_back(), Some("#[derive(Debug)]"), "{name}");
        let fields = after.split_once("\n}\n").unwrap().0;
        assert!(fields.lines().all(|line| !line.trim_start().starts_with("pub")), "{name}");
    }
}

#[test]
fn one_place_makes_permits_and_it_records_first() {
    let mut makers = Vec::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        for name in PROTECTED {
            for way in [format!("Clone for {name}"), format!("for {name} {{"), format!("-> {name} ")] {
                assert!(!text.contains(&way), "`{way}` in {}", path.display());
            }
        }
        if text.contains("Permit::seal(") {
            makers.push((path, text));
        }
    }
    let [(path, text)] = makers.as_slice() else { panic!("{} makers", makers.len()) };
    assert!(path.ends_with("authorizer.rs"));
    assert_eq!(text.matches("Permit::seal(").count(), 1);
    let recorded = text.find("record(run, &decisions).await?").unwrap();
    assert!(recorded < text.find("Permit::seal(").unwrap());
}
