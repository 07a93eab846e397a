use super::fault_of;
use crate::wire::{NewBudgetStepBody, ReleaseBody};

const LOST: &str = "the body is not the object that this endpoint takes";

fn check(body: &str, expected: &str) {
    check_of::<ReleaseBody>(body, expected);
}

fn check_of<T: serde::de::DeserializeOwned + std::fmt::Debug>(body: &str, expected: &str) {
    let error = serde_json::from_str::<T>(body).expect_err(body);
    let told = fault_of(body.as_bytes(), &error);
    assert!(!told.contains("CANARY"), "{told}");
    let (told, place) = told.split_once(" (line ").expect("a place");
    assert!(place.ends_with(" of the body); see /openapi.json"), "{place}");
    assert_eq!(told, expected, "{body}");
}

#[test]
fn a_body_is_told_what_it_lacks_and_never_what_it_holds() {
    const KNOWN: &str = "a name in the body is none of those known, expected one of `sql`, `purpose`, `epsilon`, `rho`, \
                         `delta`, `noise`, `groups_max`, `rows_max`, `bounds`, `targets`, `within`, \
                         `choose_bounds`, `reuse`, \
                         `sandbox`, `dry_run`";
    check(r#"{"purpose": "x"}"#, "the body lacks `sql`");
    check(r#"{"sql": "x", "sql": "CANARY"}"#, "the body has `sql` twice");
    check(r#"{"sql": "x", "CANARY": 1}"#, KNOWN);
    check(r#"{"sql": "x", "a`, expected CANARY": 1}"#, KNOWN);
    check(r#"{"sql": "CANARY"#, LOST);
}

#[test]
fn each_field_says_what_it_takes() {
    let field = |field: &str, value: &str, expected: &str| {
        check(&format!(r#"{{"sql": "\"}},: {{", "{field}": {value}, "dry_run": true}}"#), expected);
        check(&format!("{{\n  \"dry_run\": true,\n  \"sql\": \"x\",\n  \"{field}\":\n {value} }}"), expected);
    };
    for name in ["epsilon", "rho", "delta"] {
        let expected = format!("`{name}` must be a number");
        for value in ["\"CANARY, expected CANARY\"", "true", "{}", "[\"CANARY\"]"] {
            field(name, value, &expected);
        }
        field(name, "1e999", &format!("`{name}` must be a smaller number"));
    }
    for name in ["groups_max", "rows_max"] {
        let expected = format!("`{name}` must be a whole number from 0 to 4294967295");
        for value in ["\"CANARY\"", "-1", "1.5", "4294967296"] {
            field(name, value, &expected);
        }
    }
    for value in ["\"CANARY\"", "5", "{}", "[\"CANARY\"]", "\"Gaussian\""] {
        let expected =
            "`noise` is not a kind of noise: expected `auto`, `gaussian`, `laplace` or `least_error`";
        field("noise", value, expected);
    }
    field("bounds", "5", "`bounds` must be an object");
    for value in ["5", "\"CANARY\"", "[1]"] {
        let expected = "what is in `bounds` must be a list of two numbers";
        field("bounds", &format!("{{\"amount\": {value}}}"), expected);
    }
    field("bounds", "{\"amount\": [0, \"CANARY\"]}", "what is in `bounds` must be a number");
    field("bounds", "{\"amount\": [0, 1, 2]}", "a list in `bounds` is too long");
    field(
        "bounds",
        "{\"CANARY\": [0, 1]}",
        "what is in `bounds` is not a column name: expected lower-case letters, digits and single `_`, a letter first, 63 \
         at most",
    );
    field("targets", "{\"lines\": \"CANARY\"}", "what is in `targets` must be a number");
    field(
        "purpose",
        "\"CANARY 1\"",
        "`purpose` is not a purpose: expected lower-case letters, digits and `_`, a letter first, 63 at most",
    );
}

#[test]
fn each_field_of_a_budget_step_says_what_it_takes() {
    let field = |field: &str, value: &str, expected: &str| {
        let mut known = vec![
            ("partner", "\"partner:acme\""),
            ("step", "\"cap\""),
            ("of", "\"month\""),
            ("rho", "0.1"),
            ("reason", "\"review\""),
            ("ticket", "\"OPS-1\""),
        ];
        known.retain(|(name, _)| *name != field);
        known.insert(known.len() / 2, (field, value));
        let known: Vec<String> = known.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        check_of::<NewBudgetStepBody>(&format!("{{{}}}", known.join(", ")), expected);
    };
    for value in ["\"CANARY\"", "\"Close\""] {
        field("step", value, "`step` must be one of `open`, `cap`, `refill`, `close`, `reopen`");
    }
    field("of", "\"CANARY\"", "`of` must be one of `month`, `lifetime`, `release`");
    let reasons = "`reason` must be one of `agreement`, `campaign`, `correction`, `incident`, `request`, `review`, \
                   `departure`";
    field("reason", "\"CANARY 13800138001\"", reasons);
    field("rho", "\"CANARY\"", "`rho` must be a number");
    field("delta", "[\"CANARY\"]", "`delta` must be a number");
    field("ticket", "\"CANARY 1\"", LOST);
    let known = "a name in the body is none of those known, expected one of `partner`, `step`, `of`, `dataset`, `rho`, \
                 `delta`, `reason`, `ticket`";
    field("CANARY", "1", known);
    check_of::<NewBudgetStepBody>("{\"partner\": \"partner:acme\"}", "the body lacks `step`");
}
