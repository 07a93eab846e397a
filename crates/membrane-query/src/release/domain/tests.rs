use membrane_policy::CompareOperator;

use super::*;
use crate::release::fixture::{ask, scope_with, shown_domain};

/// The keys as text: cells joined by `/`, NULL as `-`.
async fn check(sql: &str, rule: RowRule, expected: &str) {
    let question = ask(sql).await.expect("a question");
    let found = shown_domain(key_domain(&question, &scope_with(rule), &[]));
    assert_eq!(found, expected, "{sql}");
}

#[tokio::test]
async fn keys_are_public_where_anyone_can_list_them() {
    for (sql, expected) in [
        ("SELECT COUNT(*) FROM lines", "none"),
        ("SELECT COUNT(*) FROM lines GROUP BY region", "BJ GD SH"),
        ("SELECT COUNT(*) FROM lines GROUP BY channel", "delivery store -"),
        ("SELECT COUNT(*) FROM lines GROUP BY gift", "false true -"),
        ("SELECT COUNT(*) FROM lines GROUP BY store_id", "unknown"),
        ("SELECT COUNT(*) FROM lines GROUP BY region, month", "unknown"),
        ("SELECT COUNT(*) FROM lines GROUP BY date_trunc('month', ordered_at)", "unknown"),
        ("SELECT COUNT(*) FROM lines GROUP BY date_part('quarter', ordered_at)", "1 2 3 4"),
        ("SELECT COUNT(*) FROM lines GROUP BY date_part('quarter', ordered_on)", "1 2 3 4 -"),
        ("SELECT COUNT(*) FROM lines GROUP BY date_part('year', ordered_at)", "unknown"),
        (
            "SELECT COUNT(*) FROM lines JOIN products USING (product_id) GROUP BY region, kind",
            "BJ/fresh BJ/dry GD/fresh GD/dry SH/fresh SH/dry",
        ),
    ] {
        check(sql, RowRule::All, expected).await;
    }
}

#[tokio::test]
async fn conditions_on_a_key_alone_shorten_its_list() {
    for (sql, expected) in [
        ("SELECT COUNT(*) FROM lines WHERE region = 'SH' GROUP BY region", "SH"),
        ("SELECT COUNT(*) FROM lines WHERE region <> 'SH' AND amount > 5 GROUP BY region", "BJ GD"),
        ("SELECT COUNT(*) FROM lines WHERE region = 'SH' OR amount > 5 GROUP BY region", "BJ GD SH"),
        ("SELECT COUNT(*) FROM lines WHERE region LIKE 'S%' GROUP BY region", "BJ GD SH"),
        ("SELECT COUNT(*) FROM lines WHERE channel IS NOT NULL GROUP BY channel", "delivery store"),
        ("SELECT COUNT(*) FROM lines WHERE NOT gift GROUP BY gift", "false"),
        ("SELECT COUNT(*) FROM lines WHERE region = 'XX' GROUP BY region", "not_bounded"),
    ] {
        check(sql, RowRule::All, expected).await;
    }
}

/// A partner that may see one region is not shown noise about the others.
#[tokio::test]
async fn the_row_rule_shortens_the_list_too() {
    let only = |text: &str| RowExpr::Compare {
        column: "region".parse().expect("a column name"),
        operator: CompareOperator::Eq,
        value: RowValue::String(text.into()),
    };
    let sql = "SELECT COUNT(*) FROM lines GROUP BY region";
    check(sql, RowRule::When(only("GD")), "GD").await;
    let either = RowExpr::Or(vec![only("GD"), only("SH")]);
    let gift = RowExpr::IsTrue("gift".parse().expect("a column name"));
    check(sql, RowRule::When(RowExpr::And(vec![either, gift])), "GD SH").await;
}
