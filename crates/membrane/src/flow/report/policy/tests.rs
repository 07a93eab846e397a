use membrane_policy::publication::FileRecord;

use super::changed;

fn files(all: &[(&str, &str)]) -> Vec<FileRecord> {
    let file =
        |(path, sha256): &(&str, &str)| FileRecord { path: (*path).to_owned(), sha256: (*sha256).to_owned() };
    all.iter().map(file).collect()
}

#[test]
fn what_is_new_other_or_gone_is_told() {
    let before = files(&[("a", "1"), ("b", "2"), ("c", "3")]);
    let after = files(&[("a", "1"), ("b", "4"), ("d", "3")]);
    assert_eq!(changed(&before, &after), ["~ b", "+ d", "- c"]);
    assert!(changed(&after, &after).is_empty());
    assert_eq!(changed(&[], &before).len(), 3);
}
