//! Plans.

use super::{Attack, Expect, Family, all};

pub(super) const FAMILY: Family = Family {
    number: 7,
    title: "the plan of a statement",
    channel: "row rules, keys and counts that stand in a plan",
    attacks,
};

fn attacks() -> Vec<Attack> {
    all(NOT_ALLOWED, &Expect::Refused(&["not_allowed", "syntax"]))
}

const NOT_ALLOWED: &[(&str, &str)] = &[
    ("EXPLAIN", "EXPLAIN SELECT * FROM crm_members"),
    ("EXPLAIN ANALYZE", "EXPLAIN ANALYZE SELECT * FROM crm_members"),
    ("EXPLAIN VERBOSE", "EXPLAIN VERBOSE SELECT * FROM crm_members"),
    (
        "EXPLAIN ANALYZE VERBOSE",
        "EXPLAIN ANALYZE VERBOSE SELECT count(*) FROM crm_members WHERE phone = '13800138001'",
    ),
    ("EXPLAIN with a format", "EXPLAIN (FORMAT JSON) SELECT * FROM crm_members"),
    ("EXPLAIN FORMAT TREE", "EXPLAIN FORMAT TREE SELECT * FROM crm_members"),
    ("in small letters", "explain select * from crm_members"),
    ("behind a comment", "/* SELECT */ EXPLAIN SELECT * FROM crm_members"),
    ("in brackets", "(EXPLAIN SELECT * FROM crm_members)"),
    ("in WITH", "WITH x AS (EXPLAIN SELECT * FROM crm_members) SELECT * FROM x"),
    ("in FROM", "SELECT * FROM (EXPLAIN SELECT * FROM crm_members) x"),
    ("of an EXPLAIN", "EXPLAIN EXPLAIN SELECT 1"),
    ("DESCRIBE of a statement", "DESCRIBE SELECT * FROM crm_members"),
    ("behind a SELECT", "SELECT 1; EXPLAIN SELECT * FROM crm_members"),
];
