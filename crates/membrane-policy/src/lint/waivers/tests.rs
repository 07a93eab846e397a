use super::*;
use crate::fixture::{MEMBERS, catalog};

/// Reads a file against the members, and compares `line: message` of each fault.
fn check(file: &str, waivers: usize, expected: &[(usize, &str)]) {
    let mut faults = Vec::new();
    let source = Source { path: "waivers.yaml".into(), text: file.to_owned() };
    let found = Waivers::load(Some(&source), &catalog(&MEMBERS), &mut faults);
    let told: Vec<(usize, &str)> = faults.iter().map(|fault| (fault.line, fault.message.as_str())).collect();
    assert_eq!(told, expected);
    assert_eq!(found.0.len(), waivers);
}

#[test]
fn a_waiver_is_read() {
    check("waivers:\n  - { column: members.consent, because: It is published., by: olga }\n", 1, &[]);
    check(
        "waivers:\n  - column: members.born_month\n    because: Known.\n    by: olga\n    until: 2026-12-31\n",
        1,
        &[],
    );
}

#[test]
fn no_file_is_no_waiver() {
    let mut faults = Vec::new();
    assert!(Waivers::load(None, &catalog(&MEMBERS), &mut faults).0.is_empty() && faults.is_empty());
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    check(
        "waivers:\n  - { column: consent, because: x, by: y, unti: z }\n  - { column: members.consent, by: y }\n  \
         - { column: members.consent, because: x, by: y, until: soon }\n",
        0,
        &[
            (2, "a waiver has an unknown key `unti`, did you mean `until`?"),
            (2, "`column` of a waiver is `DATASET.COLUMN`"),
            (3, "a waiver has no `because`"),
            (4, "`until` is a day, such as 2026-12-31"),
        ],
    );
    check("", 0, &[(1, "the file is empty")]);
}

#[test]
fn what_waives_nothing_is_told() {
    check(
        "waivers:\n  - { column: members.consnt, because: x, by: y }\n  - { column: members.phone, because: x, by: y }\n  \
         - { column: members.consent, because: x, by: y }\n  - { column: members.consent, because: z, by: y }\n",
        4,
        &[
            (2, "the waiver of `members.consnt` waives nothing: there is no such column"),
            (3, "the waiver of `members.phone` waives nothing: the column can have more than 10000 values"),
            (5, "the waiver of `members.consent` is there already"),
        ],
    );
}
