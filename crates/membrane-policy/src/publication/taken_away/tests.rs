use super::*;
use crate::publication::BundledFile;

fn bundle(files: &[(&str, &str)]) -> Bundle {
    let file =
        |(path, text): &(&str, &str)| BundledFile { path: (*path).to_owned(), text: (*text).to_owned() };
    Bundle::from_files(files.iter().map(file).collect())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_taken_away_is_told_unless_it_is_meant() {
    let before = [
        ("policies/claims/a.cedar", "one"),
        ("policies/claims/b.cedar", "two"),
        ("policies/floor.cedar", "three"),
    ];
    let record = Record::of_files(&bundle(&before), 4);
    let check = |files: &[(&str, &str)], cases, meant: &Meant, expected: &[&str]| {
        let found = record.taken_away(&bundle(files), cases, meant);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(found.iter().zip(expected).all(|(found, expected)| found.contains(expected)), "{found:?}");
    };
    let nothing = Meant::default();
    check(&before, 4, &nothing, &[]);
    check(&before, 5, &nothing, &[]);
    // Another policy is for the proof to judge.
    check(&[before[0], before[1], ("policies/floor.cedar", "other")], 4, &nothing, &[]);
    let less = [("policies/claims/a.cedar", "other"), before[2]];
    check(&less, 3, &nothing, &["`--changed-claim a`", "`--without-claim b`", "`--fewer-cases`"]);
    // Each is meant by its own name and in its own way.
    let other = Meant { without_claims: names(&["a"]), changed_claims: names(&["b"]), fewer_cases: false };
    check(&less, 4, &other, &["`--changed-claim a`", "`--without-claim b`"]);
    let meant = Meant { without_claims: names(&["b"]), changed_claims: names(&["a"]), fewer_cases: true };
    check(&less, 0, &meant, &[]);
}
