//! A catalog with everything wrong, and the list that a person gets.

use super::*;

#[test]
fn every_fault_of_every_file_is_listed_at_once() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bad");
    let expected = std::fs::read_to_string(dir.join("faults.txt")).unwrap();
    let found = faults(&dir).join("\n") + "\n";
    assert_eq!(found, expected, "write this to fixtures/bad/faults.txt when it is right:\n{found}");
}

/// PRIVACY: the bad catalog has a telephone number as a key, in a pattern and in an enumeration.
#[test]
fn no_fault_repeats_a_value() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bad");
    let found = faults(&dir).join("\n");
    for value in ["13800138000", "hashed", "DataContrat"] {
        assert!(!found.contains(value), "{value}");
    }
}
