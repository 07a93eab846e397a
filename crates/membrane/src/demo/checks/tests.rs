use serde_json::{Value, json};

use super::{code_is, near, row_count};

fn exact() -> Value {
    json!({ "rows": [{ "key": "a", "x": 1000.0 }, { "key": "b", "x": 10.0 }], "row_count": 2 })
}

fn noisy(a: f64, half: f64) -> Value {
    let row = |key: &str, x: f64| json!({ "key": key, "x": x, "x_lo95": x - half, "x_hi95": x + half });
    json!({ "rows": [row("a", a), row("b", 10.0)], "row_count": 2 })
}

#[test]
fn a_value_near_the_truth_passes_and_one_far_off_fails() {
    assert_eq!(near(&noisy(1010.0, 5.0), &exact(), "key", "x"), Ok(1.0));
    assert!(near(&noisy(870.0, 5.0), &exact(), "key", "x").is_ok(), "bounds on contributions may lower it");
    assert!(near(&noisy(829.0, 5.0), &exact(), "key", "x").is_err());
    assert!(near(&noisy(1171.0, 5.0), &exact(), "key", "x").is_err());
    assert!(
        near(&json!({ "rows": [], "row_count": 0 }), &exact(), "key", "x").is_err(),
        "nothing was compared"
    );
    assert!(near(&json!({ "error": { "code": "busy" } }), &exact(), "key", "x").is_err());
}

#[test]
fn an_answer_that_was_cut_off_fails() {
    assert_eq!(row_count(&exact()), Ok(2));
    assert!(row_count(&json!({ "rows": [{}] })).is_err());
    assert!(row_count(&json!({ "rows": [{}], "row_count": 2 })).is_err());
}

#[test]
fn another_code_and_an_answer_fail() {
    let refused = json!({ "error": { "code": "over_budget" } });
    assert!(code_is(&refused, "over_budget").is_ok());
    assert!(code_is(&refused, "not_permitted").is_err());
    assert!(code_is(&exact(), "over_budget").is_err());
}
