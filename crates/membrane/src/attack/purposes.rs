//! Purposes that are none, or not one's own: whatever cannot be decided is refused.

use serde_json::{Value, json};

use super::{Ask, Attack, By, Expect, Family};

pub(super) const FAMILY: Family = Family {
    number: 20,
    title: "a purpose that is none, or another's",
    channel: "a decision that fails open",
    attacks,
};

const SQL: &str = "SELECT count(*) AS n FROM crm_members";
const REFUSED: &[&str] = &["unknown_purpose", "bad_request", "not_found", "not_permitted"];

fn attacks() -> Vec<Attack> {
    let odd: Vec<(&'static str, Option<Value>)> = vec![
        ("none", None),
        ("NULL", Some(Value::Null)),
        ("empty", Some(json!(""))),
        ("unknown", Some(json!("curiosity"))),
        ("in capitals", Some(json!("MARKETING_ANALYSIS"))),
        ("with a blank", Some(json!("marketing_analysis "))),
        ("with a zero byte", Some(json!("marketing_analysis\u{0}"))),
        ("with a quote", Some(json!("marketing_analysis' || '"))),
        ("in wide letters", Some(json!("ｍarketing_analysis"))),
        ("a list", Some(json!(["marketing_analysis"]))),
        ("an object", Some(json!({ "purpose": "marketing_analysis" }))),
        ("a number", Some(json!(1))),
        ("true", Some(json!(true))),
        ("a wild card", Some(json!("*"))),
        ("very long", Some(json!("m".repeat(5000)))),
        ("two in one", Some(json!("marketing_analysis,customer_service"))),
        ("the operators'", Some(json!("operations"))),
        ("compliance's", Some(json!("compliance_review"))),
        ("the partners'", Some(json!("partner_reporting"))),
    ];
    let of = |(title, purpose)| {
        Attack::new(title, Ask::SqlFor(SQL.into(), purpose), Expect::Refused(REFUSED)).by(By::Anyone)
    };
    odd.into_iter().map(of).collect()
}
