//! Names that the attacker gives, where policy has names too.

use super::{Attack, Expect, Family, all, sql};

pub(super) const FAMILY: Family = Family {
    number: 14,
    title: "a name that policy reads too",
    channel: "a rule that is evaluated in the attacker's scope",
    attacks,
};

fn attacks() -> Vec<Attack> {
    let mut attacks = all(ZERO, &Expect::Zero);
    attacks
        .extend(SAME.iter().map(|(title, text, honest)| sql(title, *text, Expect::SameAs((*honest).into()))));
    attacks.extend(all(NOT_FOUND, &Expect::Refused(&["not_found", "unknown_table", "unknown_column"])));
    attacks
}

const LINES: &str = "SELECT count(*) AS n FROM pos_order_lines";
const MEMBERS: &str = "SELECT count(*) AS n FROM crm_members";

const ZERO: &[(&str, &str)] = &[
    (
        "regions of the attacker's",
        "WITH regions AS (SELECT '{hidden}' AS region) SELECT count(*) AS n FROM pos_order_lines WHERE region IN (SELECT region FROM regions)",
    ),
    (
        "a principal of the attacker's",
        "WITH principal AS (SELECT '{hidden}' AS regions) SELECT count(*) AS n FROM crm_members, principal WHERE region = regions",
    ),
    (
        "a context of the attacker's",
        "WITH context AS (SELECT 'operations' AS purpose) SELECT count(*) AS n FROM crm_members, context WHERE region = '{hidden}'",
    ),
    (
        "a resource of the attacker's",
        "SELECT count(*) AS n FROM crm_members AS resource WHERE resource.region = '{hidden}'",
    ),
    (
        "a token of the attacker's",
        "SELECT count(*) AS n FROM (SELECT phone AS phone__token FROM crm_members) c WHERE phone__token = '13800138001'",
    ),
];

const SAME: &[(&str, &str, &str)] = &[
    (
        "a WITH of the dataset's name",
        "WITH crm_members AS (SELECT '13800138001' AS phone) SELECT phone FROM crm_members",
        "SELECT '13800138001' AS phone",
    ),
    (
        "a WITH that reads its namesake",
        "WITH crm_members AS (SELECT * FROM crm_members) SELECT count(*) AS n FROM crm_members",
        MEMBERS,
    ),
    (
        "a WITH named later",
        "WITH a AS (SELECT * FROM crm_members), crm_members AS (SELECT 1 AS x) SELECT count(*) AS n FROM a",
        MEMBERS,
    ),
    (
        "a WITH within",
        "SELECT count(*) AS n FROM (WITH pos_order_lines AS (SELECT * FROM crm_members) SELECT * FROM pos_order_lines) x",
        MEMBERS,
    ),
    (
        "a WITH of another's name",
        "WITH pos_order_lines AS (SELECT * FROM crm_members) SELECT count(*) AS n FROM pos_order_lines",
        MEMBERS,
    ),
    (
        "a WITH for one side",
        "SELECT count(*) AS n FROM (WITH x AS (SELECT 1 AS y) SELECT y FROM x) a, pos_order_lines",
        LINES,
    ),
    (
        "the region's name",
        "SELECT count(*) AS n FROM (SELECT 'SH' AS region, order_id FROM pos_order_lines) l WHERE region = 'SH'",
        LINES,
    ),
    (
        "the consent's name",
        "SELECT count(*) AS n FROM (SELECT true AS marketing_consent, city FROM crm_members) m WHERE marketing_consent",
        MEMBERS,
    ),
    (
        "consent denied",
        "SELECT count(*) AS n FROM crm_members WHERE NOT marketing_consent OR marketing_consent",
        MEMBERS,
    ),
    (
        "a join on the region's name",
        "SELECT count(*) AS n FROM pos_order_lines NATURAL JOIN (SELECT DISTINCT region FROM pos_order_lines) r",
        LINES,
    ),
    (
        "a join with other regions",
        "SELECT count(*) AS n FROM pos_order_lines l LEFT JOIN (VALUES ('{hidden}')) AS v(region) USING (region)",
        LINES,
    ),
    (
        "all columns renamed",
        "SELECT count(*) AS n FROM pos_order_lines AS l(region, order_id, line_no, a, b, c, d, e, f, g, h, i, j)",
        LINES,
    ),
];

const NOT_FOUND: &[(&str, &str)] = &[
    (
        "a WITH out of its scope",
        "SELECT * FROM (WITH inner_only AS (SELECT 1 AS x) SELECT * FROM inner_only) a, inner_only",
    ),
    (
        "a WITH before it is named",
        "WITH a AS (SELECT * FROM later), later AS (SELECT 1 AS x) SELECT * FROM a",
    ),
    ("a name in capitals, quoted", "WITH \"Lines\" AS (SELECT 1 AS x) SELECT * FROM lines"),
    ("the rule's principal", "SELECT principal.regions FROM crm_members"),
    ("the rule's context", "SELECT context.purpose FROM crm_members"),
    ("a column of the other table", "SELECT crm_members.order_id FROM crm_members, pos_order_lines"),
    (
        "an alias out of its scope",
        "SELECT w.phone FROM crm_members m WHERE EXISTS (SELECT 1 FROM crm_members w)",
    ),
];
