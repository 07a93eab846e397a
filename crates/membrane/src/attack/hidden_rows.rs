//! Expressions that fail on a row that the attacker may not see: in each place of a statement, by each kind of failure.
//!
//! The honest statement has the constant 1 where the attack has its expression, which is 1 on each row that may be seen.

use std::borrow::Cow;

use super::{Ask, Attack, Expect, Family};

pub(super) const FAMILY: Family = Family {
    number: 4,
    title: "an expression that fails on a hidden row",
    channel: "whether there is an error, and what it says",
    attacks: in_places,
};

pub(super) const IN_SUBQUERIES: Family = Family {
    number: 6,
    title: "the same in subqueries, joins and set operations",
    channel: "whether there is an error, and what it says",
    attacks: in_subqueries,
};

/// Ways to fail where `{if}` holds, and to be 1 elsewhere.
const FAILURES: &[(&str, &str)] = &[
    ("a division by zero", "1 / (CASE WHEN {if} THEN 0 ELSE 1 END)"),
    ("a remainder by zero", "1 + (5 % (CASE WHEN {if} THEN 0 ELSE 5 END))"),
    ("a cast of a hidden value", "CAST(CASE WHEN {if} THEN {text} ELSE '1' END AS INT)"),
    ("a number too large", "CAST(CAST(CASE WHEN {if} THEN 99999 ELSE 1 END AS SMALLINT) AS BIGINT)"),
    (
        "a date that is none",
        "CAST(date_part('year', to_timestamp(CASE WHEN {if} THEN {text} ELSE '1970-01-01' END)) AS BIGINT) - 1969",
    ),
    ("a factorial too large", "factorial(CASE WHEN {if} THEN 1000 ELSE 1 END)"),
    ("a character that is none", "ascii(chr(CASE WHEN {if} THEN -1 ELSE 1 END))"),
];

/// Places of one SELECT.
const PLACES: &[(&str, &str)] = &[
    ("in SELECT", "SELECT sum({boom}) AS n FROM {table}"),
    ("in SELECT, row by row", "SELECT {key} AS k, {boom} AS b FROM {table} ORDER BY {key} LIMIT 20"),
    ("in WHERE", "SELECT count(*) AS n FROM {table} WHERE {boom} = 1"),
    ("in WHERE, behind the rule", "SELECT count(*) AS n FROM {table} WHERE {boom} = 1 AND NOT ({if})"),
    ("in WHERE, or true", "SELECT count(*) AS n FROM {table} WHERE {boom} = 1 OR {key} IS NOT NULL"),
    ("in GROUP BY", "SELECT {boom} AS k, count(*) AS n FROM {table} GROUP BY 1"),
    (
        "in HAVING",
        "SELECT {key} AS k FROM {table} GROUP BY {key} HAVING sum({boom}) > 0 ORDER BY {key} LIMIT 20",
    ),
    ("in ORDER BY", "SELECT {key} AS k FROM {table} ORDER BY {boom}, {key} LIMIT 20"),
    ("in CASE", "SELECT sum(CASE WHEN {boom} = 1 THEN 1 ELSE 0 END) AS n FROM {table}"),
    ("in a filter", "SELECT count(*) FILTER (WHERE {boom} = 1) AS n FROM {table}"),
    (
        "in a window",
        "SELECT max(s) AS n FROM (SELECT sum({boom}) OVER (ORDER BY {key} ROWS 3 PRECEDING) AS s FROM {table}) w",
    ),
    (
        "in a partition of a window",
        "SELECT max(s) AS n FROM (SELECT row_number() OVER (PARTITION BY {boom} ORDER BY {key}) AS s FROM {table}) w",
    ),
    ("in COALESCE", "SELECT count(coalesce({boom}, 0)) AS n FROM {table}"),
    ("in DISTINCT", "SELECT DISTINCT {boom} AS b FROM {table}"),
    (
        "in grouping sets",
        "SELECT {key} AS k, sum({boom}) AS n FROM {table} GROUP BY GROUPING SETS (({key}), ()) ORDER BY {key} LIMIT 20",
    ),
    ("before LIMIT 0", "SELECT {boom} AS b FROM {table} LIMIT 0"),
];

/// Places of a SELECT within another.
const SUBQUERIES: &[(&str, &str)] = &[
    (
        "in JOIN ON",
        "SELECT count(*) AS n FROM {table} x JOIN (SELECT DISTINCT {key} AS k FROM {table}) y ON x.{key} = y.k AND {boom} = 1",
    ),
    (
        "in LEFT JOIN ON",
        "SELECT count(*) AS n FROM (SELECT DISTINCT {key} AS k FROM {table}) y LEFT JOIN {table} x ON x.{key} = y.k AND {boom} = 1",
    ),
    (
        "in FULL JOIN ON",
        "SELECT count(*) AS n FROM (SELECT DISTINCT {key} AS k FROM {table}) y FULL JOIN {table} x ON x.{key} = y.k AND {boom} = 1",
    ),
    (
        "in EXISTS",
        "SELECT count(*) AS n FROM {table} m WHERE EXISTS (SELECT 1 FROM {table} w WHERE w.{key} = m.{key} AND {boom} = 1)",
    ),
    (
        "in NOT EXISTS",
        "SELECT count(*) AS n FROM {table} m WHERE NOT EXISTS (SELECT 1 FROM {table} w WHERE w.{key} = m.{key} AND {boom} > 1)",
    ),
    (
        "in IN",
        "SELECT count(*) AS n FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {boom} = 1)",
    ),
    (
        "in NOT IN",
        "SELECT count(*) AS n FROM {table} WHERE {key} NOT IN (SELECT {key} FROM {table} WHERE {boom} <> 1)",
    ),
    ("in a scalar subquery", "SELECT (SELECT sum({boom}) FROM {table}) AS n"),
    (
        "in a correlated scalar subquery",
        "SELECT sum((SELECT sum({boom}) FROM {table} w WHERE w.{key} = m.{key})) AS n FROM {table} m",
    ),
    (
        "in LATERAL",
        "SELECT count(*) AS n FROM (SELECT DISTINCT {key} AS k FROM {table}) p, LATERAL (SELECT {boom} AS b FROM {table} l WHERE l.{key} = p.k) x",
    ),
    (
        "in UNION ALL",
        "SELECT sum(b) AS n FROM (SELECT {boom} AS b FROM {table} UNION ALL SELECT {boom} AS b FROM {table}) u",
    ),
    ("in EXCEPT", "SELECT {boom} AS b FROM {table} EXCEPT SELECT 1 AS b FROM {table}"),
    ("in INTERSECT", "SELECT {boom} AS b FROM {table} INTERSECT SELECT 1 AS b FROM {table}"),
    (
        "in WITH",
        "WITH c AS (SELECT {boom} AS b, {key} AS k FROM {table}) SELECT sum(b) AS n FROM c WHERE k IS NOT NULL",
    ),
    (
        "in a WITH named twice",
        "WITH c AS (SELECT {boom} AS b, {key} AS k FROM {table}) SELECT count(*) AS n FROM c x JOIN c y ON x.k = y.k WHERE x.b = 1",
    ),
    ("below LIMIT", "SELECT sum(b) AS n FROM (SELECT {boom} AS b FROM {table} ORDER BY {key} LIMIT 5) l"),
    (
        "below two levels",
        "SELECT count(*) AS n FROM (SELECT * FROM (SELECT {boom} AS b FROM {table}) i WHERE b = 1) o",
    ),
];

struct Target {
    what: &'static str,
    table: &'static str,
    key: &'static str,
    condition: &'static str,
    text: &'static str,
}

/// Rows that are hidden, and clear values that are.
const TARGETS: &[Target] = &[
    Target {
        what: "lines of a hidden region",
        table: "pos_order_lines",
        key: "order_id",
        condition: "region = '{hidden}'",
        text: "order_id",
    },
    Target {
        what: "members of a hidden region",
        table: "crm_members",
        key: "city",
        condition: "region = '{hidden}'",
        text: "city",
    },
    Target {
        what: "clear numbers",
        table: "crm_members",
        key: "city",
        condition: "phone NOT LIKE '%*%'",
        text: "phone",
    },
];

fn in_places() -> Vec<Attack> {
    each(PLACES)
}

fn in_subqueries() -> Vec<Attack> {
    each(SUBQUERIES)
}

/// Each place with each target, and with one failure after the other: each failure in each place would be five times as
/// many, and they fail alike. The first target meets all of them in WHERE and SELECT.
fn each(places: &[(&str, &str)]) -> Vec<Attack> {
    let mut attacks = Vec::new();
    for (round, target) in TARGETS.iter().enumerate() {
        for (place, (told, template)) in places.iter().enumerate() {
            let all = round == 0 && place < 3;
            let turn = place.saturating_add(round.saturating_mul(3)).checked_rem(FAILURES.len()).unwrap_or(0);
            for (index, (failure, boom)) in FAILURES.iter().enumerate() {
                if all || index == turn {
                    let title = format!("{failure} {told}: {}", target.what);
                    attacks.push(attack(title, template, boom, target));
                }
            }
        }
    }
    attacks
}

fn attack(title: String, template: &str, boom: &str, target: &Target) -> Attack {
    let fill = |boom: &str| {
        template
            .replace("{boom}", boom)
            .replace("{if}", target.condition)
            .replace("{text}", target.text)
            .replace("{table}", target.table)
            .replace("{key}", target.key)
    };
    // Of the same type as the expression, so that what is summed is written alike.
    let honest = if boom.starts_with("CAST(CASE") { "CAST(1 AS INT)" } else { "CAST(1 AS BIGINT)" };
    let honest = Expect::SameAs(Cow::Owned(fill(honest)));
    Attack::new(title, Ask::Sql(Cow::Owned(fill(&format!("({boom})")))), honest)
}
