use serde::Deserialize;

use super::expectation;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read by its errors only")]
struct Body {
    sql: String,
    purpose: Option<String>,
    rows_max: Option<u32>,
}

fn check(body: &str, expected: Option<&str>) {
    let error = serde_json::from_str::<Body>(body).unwrap_err();
    assert_eq!(expectation(&error.to_string()).as_deref(), expected, "{body}");
}

#[test]
fn a_body_is_told_what_it_lacks_and_never_what_it_holds() {
    check(r#"{"purpose": "x"}"#, Some("it lacks `sql`, "));
    check(
        r#"{"sql": "x", "CANARY": 1}"#,
        Some("a name in it is none of those known, expected one of `sql`, `purpose`, `rows_max`, "),
    );
    check(
        r#"{"sql": "x", "a`, expected CANARY": 1}"#,
        Some("a name in it is none of those known, expected one of `sql`, `purpose`, `rows_max`, "),
    );
    check(r#"{"sql": 7}"#, Some("a value in it is of another type, expected a string, "));
    check(
        r#"{"sql": "x", "rows_max": "1, expected CANARY"}"#,
        Some("a value in it is of another type, expected u32, "),
    );
    check(r#"["CANARY, expected CANARY at line 1"]"#, None);
    check(r#"{"sql": "CANARY"#, None);
}
