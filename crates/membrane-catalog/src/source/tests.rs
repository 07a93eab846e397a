//! Which files a pattern means.

use super::*;

fn source(pattern: &str) -> FilesSource {
    FilesSource {
        folder: "/inbox".to_owned(),
        pattern: pattern.to_owned(),
        format: None,
        encoding: None,
        sheet: None,
        settle_seconds: 0,
        control_suffix: None,
        control_wait_seconds: 3_600,
        columns: BTreeMap::new(),
        storage: BTreeMap::new(),
        credentials: BTreeMap::new(),
    }
}

fn check(pattern: &str, taken: &[&str], left: &[&str]) {
    let source = source(pattern);
    for path in taken {
        assert!(source.takes(path), "`{pattern}` takes `{path}`");
    }
    for path in left {
        assert!(!source.takes(path), "`{pattern}` leaves `{path}`");
    }
}

#[test]
fn patterns_mean_names_and_folders() {
    check("*.csv", &["a.csv", "orders-1.csv"], &["a.csv.part", "x/a.csv", "a.ndjson", ".a.csv", "_a.csv"]);
    check("orders-*-??.csv", &["orders-2026-01.csv"], &["orders-2026-1.csv", "orders-01.csv"]);
    check("**/*.csv", &["a.csv", "x/a.csv", "x/y/a.csv"], &["x/a.json", "x/.y/a.csv", "x/_tmp/a.csv"]);
    check("*/till-*.csv", &["north/till-1.csv"], &["till-1.csv", "north/a/till-1.csv"]);
    check("2026/**/day.csv", &["2026/day.csv", "2026/11/29/day.csv"], &["2025/11/day.csv"]);
    check("*a*b*.csv", &["xaxb.csv", "aab-.csv"], &["ba.csv", "xa/xb.csv"]);
    check("**/*", &["a", "b/c"], &[".git/config"]);
    check("a.csv", &["a.csv"], &["b.csv", "a.csvx"]);
}

/// A pattern with many stars is not tried in every way.
#[test]
fn a_hard_pattern_is_quick() {
    let source = source(&"*a".repeat(30));
    assert!(!source.takes(&format!("{}b", "a".repeat(4000))));
}

proptest::proptest! {
    #[test]
    fn no_pattern_panics(pattern in "[a*?/.]{0,12}", path in "[a/.]{0,12}") {
        let _ = source(&pattern).takes(&path);
    }

    #[test]
    fn a_star_takes_every_plain_name(name in "[a-z0-9]{1,20}") {
        proptest::prop_assert!(source("*").takes(&name));
        proptest::prop_assert!(source("**/*").takes(&name));
    }
}
