use super::*;

const COLUMNS: &str = r#"[{"name": "地区", "role": "key"}, {"name": "n", "role": "value"}, {"name": "n_hi95", "role": "high95"}]"#;

fn of(rows: &str) -> Result<String, String> {
    hash(&Json::parse(COLUMNS).expect("columns"), &Json::parse(rows).expect("rows"))
}

/// Computed by hand, in Python, from the words at the top of the file: what was signed once is checked for ever.
#[test]
fn the_hash_is_golden() {
    let rows = r#"[{"地区": "SH\n", "n": -12.50, "n_hi95": null}, {"地区": null, "n": 3, "n_hi95": true}]"#;
    assert_eq!(of(rows).as_deref(), Ok("aba9e8125a9fe3910351a0fc5652c04b0bedfe1742fbdb1a2e6a33b815052e16"));
    // In other words the same.
    let rows = r#"[{"n": -125e-1, "n_hi95": null, "地区": "SH\u000a"}, {"n_hi95":true,"地区":null,"n":3.0}]"#;
    assert_eq!(of(rows).as_deref(), Ok("aba9e8125a9fe3910351a0fc5652c04b0bedfe1742fbdb1a2e6a33b815052e16"));
    assert_eq!(of("[]").as_deref(), Ok("afaca56e820dedbe8923304cc471adca622167d2cdf34ed6ae528817dfe5bccc"));
}

#[test]
fn whatever_is_changed_changes_the_hash() {
    let row = |name: &str, n: &str| format!(r#"{{"地区": {name}, "n": {n}, "n_hi95": null}}"#);
    let (one, two) = (row("\"SH\"", "1"), row("\"BJ\"", "2"));
    let mut hashes = vec![
        of(&format!("[{one}, {two}]")),
        of(&format!("[{two}, {one}]")),
        of(&format!("[{one}]")),
        of(&format!("[{one}, {two}, {two}]")),
        of(&format!("[{one}, {}]", row("\"BJ\"", "2.0000000000000004"))),
        of(&format!("[{one}, {}]", row("\"BJ\"", "\"2\""))),
        of(&format!("[{one}, {}]", row("null", "2"))),
        of(&format!("[{one}, {}]", row("\"null\"", "2"))),
        of(&format!("[{one}, {}]", row("\"BJ\\n\"", "2"))),
    ];
    for other in [
        COLUMNS.replace("\"key\"", "\"value\""),
        COLUMNS.replace(", {\"name\": \"n_hi95\", \"role\": \"high95\"}", ""),
    ] {
        hashes.push(hash(&Json::parse(&other).expect("columns"), &Json::List(Vec::new())));
    }
    let mut distinct: Vec<String> = hashes.into_iter().map(|hash| hash.expect("a hash")).collect();
    let count = distinct.len();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), count);
}

#[test]
fn what_does_not_fit_together_is_named_by_its_place() {
    for (rows, fault) in [
        ("{}", "`rows` is no list"),
        ("[1]", "row 1 has other columns than those listed"),
        (r#"[{"地区": "SH", "n": 1}]"#, "row 1 has other columns than those listed"),
        (r#"[{"地区": "SH", "n": 1, "n_hi95": 2, "m": 3}]"#, "row 1 has other columns than those listed"),
        (r#"[{"地区": "SH", "N": 1, "n_hi95": 2}]"#, "row 1 has other columns than those listed"),
        (r#"[{"地区": [], "n": 1, "n_hi95": 2}]"#, "row 1 has a cell that is no single value"),
    ] {
        assert_eq!(of(rows).expect_err(rows), fault, "{rows}");
    }
    let columns = Json::parse(r#"[{"name": "n"}]"#).expect("columns");
    assert_eq!(
        hash(&columns, &Json::List(Vec::new())).expect_err("columns"),
        "a column has no name or no role"
    );
}
