//! Statements that would take all memory, all time, or all of the connection. They end with a limit, or are refused before.

use super::{Attack, Expect, Family, all};

pub(super) const FAMILY: Family = Family {
    number: 27,
    title: "bombs",
    channel: "the hub itself, and through its limits what is hidden",
    attacks,
};

const LIMITS: &[&str] =
    &["limit_memory", "limit_rows", "limit_bytes", "limit_seconds", "too_complex", "unsupported"];

fn attacks() -> Vec<Attack> {
    let mut attacks = all(CHEAP, &Expect::Refused(LIMITS));
    let heavy = |attack: Attack| Attack { heavy: true, ..attack };
    attacks.extend(all(HEAVY, &Expect::Refused(LIMITS)).into_iter().map(heavy));
    attacks
}

/// Refused before they run.
const CHEAP: &[(&str, &str)] = &[
    (
        "a text that grows",
        "WITH a AS (SELECT 'xxxxxxxxxxxxxxxx' AS t), b AS (SELECT concat(t, t, t, t, t, t, t, t) AS t FROM a), c AS (SELECT concat(t, t, t, t, t, t, t, t) AS t FROM b), d AS (SELECT concat(t, t, t, t, t, t, t, t) AS t FROM c), e AS (SELECT concat(t, t, t, t, t, t, t, t) AS t FROM d), f AS (SELECT concat(t, t, t, t, t, t, t, t) AS t FROM e), g AS (SELECT concat(t, t, t, t, t, t, t, t) AS t FROM f), h AS (SELECT concat(t, t, t, t, t, t, t, t) AS t FROM g), i AS (SELECT concat(t, t, t, t, t, t, t, t) AS t FROM h) SELECT length(t) AS n FROM i",
    ),
    (
        "a replacement that grows",
        "SELECT length(replace(replace(replace(replace(replace(replace(replace(replace(city, '', 'xxxxxxxxxxxxxxxx'), 'x', 'xxxxxxxxxxxxxxxx'), 'x', 'xxxxxxxxxxxxxxxx'), 'x', 'xxxxxxxxxxxxxxxx'), 'x', 'xxxxxxxxxxxxxxxx'), 'x', 'xxxxxxxxxxxxxxxx'), 'x', 'xxxxxxxxxxxxxxxx'), 'x', 'xxxxxxxxxxxxxxxx')) AS n FROM crm_members",
    ),
    (
        "a pattern that grows",
        "SELECT city ~ '((((a{100}){100}){100}){100})' AS b FROM crm_members WHERE city ~ name",
    ),
    (
        "centroids without end",
        "SELECT approx_percentile_cont(amount, 0.5, 1000000000) AS n FROM pos_order_lines",
    ),
];

/// Ended while they run.
const HEAVY: &[(&str, &str)] = &[
    (
        "a sort of a product",
        "SELECT a.order_id, b.order_id AS o, c.order_id AS p FROM pos_order_lines a, pos_order_lines b, pos_order_lines c ORDER BY c.amount, b.amount, a.amount",
    ),
    (
        "groups of a product",
        "SELECT a.order_id, b.order_id AS o, c.order_id AS p, count(*) AS n FROM pos_order_lines a, pos_order_lines b, pos_order_lines c GROUP BY 1, 2, 3",
    ),
    (
        "rows of a product",
        "SELECT a.order_id, b.order_id AS o, c.order_id AS p FROM pos_order_lines a, pos_order_lines b, pos_order_lines c",
    ),
    (
        "a window over a product",
        "SELECT sum(a.quantity) OVER (ORDER BY b.order_id, c.order_id) AS n FROM pos_order_lines a, pos_order_lines b, pos_order_lines c",
    ),
    (
        "distinct values of a product",
        "SELECT count(DISTINCT a.order_id || b.order_id || c.order_id) AS n FROM pos_order_lines a, pos_order_lines b, pos_order_lines c",
    ),
    (
        "a join on one key",
        "SELECT count(DISTINCT a.order_id || b.order_id || c.order_id) AS n FROM pos_order_lines a JOIN pos_order_lines b ON a.quantity * 0 = b.quantity * 0 JOIN pos_order_lines c ON b.quantity * 0 = c.quantity * 0",
    ),
    (
        "a count of a product",
        "SELECT count(*) AS n FROM pos_order_lines a, pos_order_lines b, pos_order_lines c, pos_order_lines d WHERE a.amount + b.amount + c.amount + d.amount = 0.01",
    ),
];
