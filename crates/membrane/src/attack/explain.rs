//! Plans.

use super::{Attack, Expect, Family, all};

pub(super) const FAMILY: Family = Family {
    number: 7,
    title: "the plan of a statement",
    channel: "row rules, keys and counts that stand in a plan",
    attacks,
};

fn attacks() -> Vec<Attack> {
    let mut attacks = all(OWN_PLAN, &Expect::Told);
    attacks.extend(all(NOT_ALLOWED, &Expect::Refused(&["not_allowed", "syntax"])));
    attacks
}

/// The asker's own plan: it is shown, and is the same whatever is stored.
const OWN_PLAN: &[(&str, &str)] = &[
    ("EXPLAIN", "EXPLAIN SELECT * FROM crm_members"),
    ("in small letters", "explain select * from crm_members"),
    ("behind a comment", "/* SELECT */ EXPLAIN SELECT * FROM crm_members"),
    (
        "of a minimum that statistics hold",
        "EXPLAIN SELECT min(amount), max(amount), count(*) FROM pos_order_lines",
    ),
    (
        "of a condition on a mask",
        "EXPLAIN SELECT 1 AS one FROM crm_members WHERE phone = '13800138001' OR tier = 'gold'",
    ),
    (
        "of a join that small tables would turn",
        "EXPLAIN SELECT count(*) FROM crm_members m JOIN pos_order_lines l ON m.member_no = l.member_no WHERE l.region = 'GD'",
    ),
    (
        "of a condition that files prune",
        "EXPLAIN SELECT * FROM pos_order_lines WHERE amount = 20.50 ORDER BY amount LIMIT 1",
    ),
];

const NOT_ALLOWED: &[(&str, &str)] = &[
    ("EXPLAIN ANALYZE", "EXPLAIN ANALYZE SELECT * FROM crm_members"),
    ("EXPLAIN VERBOSE", "EXPLAIN VERBOSE SELECT * FROM crm_members"),
    (
        "EXPLAIN ANALYZE VERBOSE",
        "EXPLAIN ANALYZE VERBOSE SELECT count(*) FROM crm_members WHERE phone = '13800138001'",
    ),
    ("EXPLAIN with a format", "EXPLAIN (FORMAT JSON) SELECT * FROM crm_members"),
    ("EXPLAIN FORMAT TREE", "EXPLAIN FORMAT TREE SELECT * FROM crm_members"),
    ("in brackets", "(EXPLAIN SELECT * FROM crm_members)"),
    ("in WITH", "WITH x AS (EXPLAIN SELECT * FROM crm_members) SELECT * FROM x"),
    ("in FROM", "SELECT * FROM (EXPLAIN SELECT * FROM crm_members) x"),
    ("of an EXPLAIN", "EXPLAIN EXPLAIN SELECT 1"),
    ("DESCRIBE of a statement", "DESCRIBE SELECT * FROM crm_members"),
    ("behind a SELECT", "SELECT 1; EXPLAIN SELECT * FROM crm_members"),
];
