//! What a partner tries at the release door, and analysts at tiny groups. Dry runs only where an answer would cost budget:
//! the attack is not to spend what belongs to the partner.

use membrane_model::PrincipalKind;
use serde_json::{Value, json};

use super::{Ask, Attack, By, Expect, Family};

pub(super) const FAMILY: Family = Family {
    number: 22,
    title: "releases",
    channel: "rows, keys, tiny groups, differences, parameters without noise",
    attacks,
};

fn release(title: &'static str, body: Value, expect: Expect) -> Attack {
    Attack::new(title, Ask::Release(body), expect).by(By::Kinds(&[PrincipalKind::Partner]))
}

fn attacks() -> Vec<Attack> {
    let mut attacks: Vec<Attack> = STATEMENTS
        .iter()
        .map(|(title, sql)| release(title, json!({ "sql": sql, "epsilon": 0.01 }), Expect::Refused(REFUSED)))
        .collect();
    attacks
        .extend(parameters().into_iter().map(|(title, body)| release(title, body, Expect::Refused(REFUSED))));
    attacks.extend(PROBES.iter().map(|(title, hidden, nothing)| {
        let nothing = Ask::Release(json!({ "sql": nothing, "dry_run": true }));
        release(title, json!({ "sql": hidden, "dry_run": true }), Expect::SameWords(Box::new(nothing)))
    }));
    attacks.extend(DRY.iter().map(|(title, sql)| {
        release(title, json!({ "sql": sql, "dry_run": true, "epsilon": 0.5 }), Expect::Status(&[200]))
    }));
    attacks
}

const REFUSED: &[&str] = &[
    "not_bounded",
    "unknown_column",
    "unknown_function",
    "not_allowed",
    "not_found",
    "unknown_table",
    "not_permitted",
    "unsupported",
    "release_parameters",
    "bad_request",
    "unknown_purpose",
    "invalid",
    "syntax",
    "too_complex",
    "over_budget",
    "over_price",
];

const STATEMENTS: &[(&str, &str)] = &[
    ("rows", "SELECT order_id, amount FROM pos_order_lines"),
    ("all rows", "SELECT * FROM pos_order_lines"),
    ("rows, limited", "SELECT order_id FROM pos_order_lines LIMIT 1"),
    ("the greatest order", "SELECT MAX(order_id) AS m FROM pos_order_lines"),
    ("the least order", "SELECT region, MIN(order_id) AS m FROM pos_order_lines GROUP BY region"),
    ("any value", "SELECT any_value(order_id) AS m FROM pos_order_lines"),
    ("the median without bounds", "SELECT median(line_no) AS m FROM pos_order_lines"),
    ("the spread without bounds", "SELECT stddev(line_no) AS m FROM pos_order_lines"),
    (
        "a key that is a token, by levels",
        "SELECT member_no, COUNT(*) AS n FROM pos_order_lines GROUP BY ROLLUP (member_no)",
    ),
    (
        "order numbers by levels",
        "SELECT region, order_id, COUNT(*) AS n FROM pos_order_lines GROUP BY ROLLUP (region, order_id)",
    ),
    ("a key that is a token", "SELECT member_no, COUNT(*) AS n FROM pos_order_lines GROUP BY member_no"),
    ("a key that is a card", "SELECT pay_account, COUNT(*) AS n FROM pos_order_lines GROUP BY pay_account"),
    ("a condition on a token", "SELECT COUNT(*) AS n FROM pos_order_lines WHERE member_no = 'M00000001'"),
    ("a condition on a card", "SELECT COUNT(*) AS n FROM pos_order_lines WHERE pay_account IS NOT NULL"),
    ("the members", "SELECT COUNT(*) AS n FROM crm_members"),
    (
        "the members, joined",
        "SELECT COUNT(*) AS n FROM pos_order_lines l JOIN crm_members m ON l.member_no = m.member_no",
    ),
    ("events", "SELECT COUNT(*) AS n FROM app_events"),
    ("a window", "SELECT category, SUM(amount) OVER (PARTITION BY category) AS s FROM pos_order_lines"),
    ("a subquery", "SELECT COUNT(*) AS n FROM (SELECT * FROM pos_order_lines LIMIT 1) x"),
    (
        "one member by EXISTS",
        "SELECT COUNT(*) AS n FROM pos_order_lines l WHERE EXISTS (SELECT 1 FROM pos_orders o WHERE o.order_id = l.order_id)",
    ),
    (
        "one row by IN",
        "SELECT COUNT(*) AS n FROM pos_order_lines WHERE order_id IN (SELECT order_id FROM pos_orders LIMIT 1)",
    ),
    ("an error on a row", "SELECT AVG(1 / (quantity - 1)) AS n FROM pos_order_lines"),
    ("an error in a condition", "SELECT COUNT(*) AS n FROM pos_order_lines WHERE sqrt(quantity - 2) > 0"),
    ("a cast of a row", "SELECT COUNT(*) AS n FROM pos_order_lines WHERE CAST(order_id AS INT) > 0"),
    (
        "an amount without bounds",
        "SELECT SUM(amount * amount * amount * amount * amount * amount) AS n FROM pos_order_lines",
    ),
    (
        "HAVING",
        "SELECT category, COUNT(*) AS n FROM pos_order_lines GROUP BY category HAVING MAX(order_id) > 'O'",
    ),
    (
        "a join that multiplies",
        "SELECT COUNT(*) AS n FROM pos_order_lines a JOIN pos_order_lines b ON a.region = b.region",
    ),
    ("a join that is cross", "SELECT COUNT(*) AS n FROM pos_order_lines, dim_products"),
    (
        "two sets",
        "SELECT COUNT(*) AS n FROM pos_order_lines UNION ALL SELECT COUNT(*) AS n FROM pos_order_lines",
    ),
    (
        "grouping sets",
        "SELECT category, region, COUNT(*) AS n FROM pos_order_lines GROUP BY GROUPING SETS ((category), (region))",
    ),
    ("a filter", "SELECT MAX(order_id) FILTER (WHERE quantity > 1) AS n FROM pos_order_lines"),
    ("a list", "SELECT array_agg(order_id) AS a FROM pos_order_lines"),
    ("EXPLAIN", "EXPLAIN SELECT COUNT(*) AS n FROM pos_order_lines"),
    ("a change", "DELETE FROM pos_order_lines"),
    ("a catalog", "SELECT COUNT(*) AS n FROM information_schema.tables"),
    ("random", "SELECT COUNT(*) AS n FROM pos_order_lines WHERE random() < 0.5"),
    ("keys alone", "SELECT category FROM pos_order_lines GROUP BY category"),
    ("a token in its clear form", "SELECT COUNT(*) AS n FROM pos_order_lines GROUP BY member_no__token"),
];

/// Parameters by which noise would be small or the price nothing.
fn parameters() -> Vec<(&'static str, Value)> {
    const SQL: &str = "SELECT COUNT(*) AS n FROM pos_order_lines";
    const KEYS: &str = "SELECT category, COUNT(*) AS n FROM pos_order_lines GROUP BY category";
    const SUM: &str = "SELECT SUM(amount) AS s FROM pos_order_lines";
    vec![
        ("epsilon of nothing", json!({ "sql": SQL, "epsilon": 0 })),
        ("epsilon below nothing", json!({ "sql": SQL, "epsilon": -1 })),
        ("epsilon beyond all", json!({ "sql": SQL, "epsilon": 1e9 })),
        ("epsilon too small to be charged", json!({ "sql": SQL, "epsilon": 1e-300 })),
        ("epsilon as a text", json!({ "sql": SQL, "epsilon": "1" })),
        ("epsilon that is infinite", json!({ "sql": SQL, "epsilon": f64::MAX })),
        ("delta of one", json!({ "sql": SQL, "epsilon": 0.1, "delta": 1 })),
        ("delta below nothing", json!({ "sql": SQL, "epsilon": 0.1, "delta": -0.1 })),
        ("no groups", json!({ "sql": KEYS, "epsilon": 0.1, "groups_max": 0 })),
        ("no rows", json!({ "sql": SQL, "epsilon": 0.1, "rows_max": 0 })),
        ("groups below nothing", json!({ "sql": KEYS, "epsilon": 0.1, "groups_max": -1 })),
        ("bounds upside down", json!({ "sql": SUM, "epsilon": 0.1, "bounds": { "amount": [10, 0] } })),
        (
            "bounds of a column that is none",
            json!({ "sql": SUM, "epsilon": 0.1, "bounds": { "phone": [0, 1] } }),
        ),
        ("bounds of NULL", json!({ "sql": SUM, "epsilon": 0.1, "bounds": { "amount": [null, 1] } })),
        ("bounds beyond all", json!({ "sql": SUM, "epsilon": 0.1, "bounds": { "amount": [-1e300, 1e300] } })),
        ("a field that is none", json!({ "sql": SQL, "epsilon": 0.1, "noise": false })),
        ("another's purpose", json!({ "sql": SQL, "epsilon": 0.1, "purpose": "marketing_analysis" })),
        ("a purpose that is none", json!({ "sql": SQL, "epsilon": 0.1, "purpose": "curiosity" })),
        ("no statement", json!({ "epsilon": 0.1 })),
    ]
}

/// Datasets that are there for others, against names of as many letters that are not there.
const PROBES: &[(&str, &str, &str)] = &[
    ("a hidden dataset", "SELECT COUNT(*) AS n FROM crm_members", "SELECT COUNT(*) AS n FROM crm_nobodys"),
    (
        "a hidden dataset of events",
        "SELECT COUNT(*) AS n FROM web_events",
        "SELECT COUNT(*) AS n FROM web_nobody",
    ),
    (
        "a hidden dataset, joined",
        "SELECT COUNT(*) AS n FROM pos_order_lines l JOIN crm_members m ON l.member_no = m.member_no",
        "SELECT COUNT(*) AS n FROM pos_order_lines l JOIN crm_nobodys m ON l.member_no = m.member_no",
    ),
    (
        "a hidden column",
        "SELECT COUNT(pay_account) AS n FROM pos_order_lines",
        "SELECT COUNT(pay_accounx) AS n FROM pos_order_lines",
    ),
];

/// What touches no row, whatever it asks.
const DRY: &[(&str, &str)] = &[
    (
        "a price, group by group",
        "SELECT category, COUNT(*) AS n, SUM(amount) AS s FROM pos_order_lines GROUP BY category",
    ),
    (
        "a price of the greatest",
        "SELECT MAX(amount) AS m, MEDIAN(amount) AS n, STDDEV(amount) AS d FROM pos_order_lines",
    ),
    (
        "a price of an error on a row",
        "SELECT COUNT(*) AS n FROM pos_order_lines WHERE 1 / (quantity - 1) > 0 AND amount / (quantity - quantity) IS NULL",
    ),
    (
        "a price of members one by one",
        "SELECT n, COUNT(*) AS m FROM (SELECT member_no, COUNT(*) AS n FROM pos_orders GROUP BY member_no) t GROUP BY n",
    ),
    ("a price of one order", "SELECT COUNT(*) AS n FROM pos_order_lines WHERE order_id = 'OCANARY0000001'"),
    (
        "a price of a tiny group",
        "SELECT COUNT(*) AS n FROM pos_order_lines WHERE region = 'SH' AND store_id = 'S987' AND quantity = 99",
    ),
    (
        "a price of keys that data says",
        "SELECT store_id, COUNT(*) AS n FROM pos_order_lines GROUP BY store_id",
    ),
    (
        "a price of members",
        "SELECT region, COUNT(DISTINCT member_no) AS n FROM pos_order_lines GROUP BY region",
    ),
];
