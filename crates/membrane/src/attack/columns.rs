//! Columns by other names, in another order.

use super::{Attack, Expect, Family, all, sql};

pub(super) const FAMILY: Family = Family {
    number: 17,
    title: "columns by other names",
    channel: "a mask that goes by a name or a place",
    attacks,
};

fn attacks() -> Vec<Attack> {
    let mut attacks = all(ZERO, &Expect::Zero);
    attacks.extend(all(UNKNOWN, &Expect::Refused(&["unknown_column"])));
    attacks.extend(all(
        REFUSED,
        &Expect::Refused(&["unsupported", "syntax", "unknown_column", "unknown_function", "invalid"]),
    ));
    attacks
        .extend(SAME.iter().map(|(title, text, honest)| sql(title, *text, Expect::SameAs((*honest).into()))));
    attacks
}

const ZERO: &[(&str, &str)] = &[
    (
        "by the name of another",
        "SELECT count(*) AS n FROM (SELECT phone AS city FROM crm_members) c WHERE city NOT LIKE '%*%'",
    ),
    (
        "by a new name",
        "SELECT count(*) AS n FROM (SELECT phone AS amount FROM crm_members) c WHERE amount NOT LIKE '%*%'",
    ),
    (
        "through three subqueries",
        "SELECT count(*) AS n FROM (SELECT d AS e FROM (SELECT c AS d FROM (SELECT phone AS c FROM crm_members) x) y) z WHERE e NOT LIKE '%*%'",
    ),
    (
        "by names of a table's alias",
        "SELECT count(*) AS n FROM crm_members AS c(a, b, d, e, f, g, h, i, j, k, l, m, n) WHERE f NOT LIKE '%*%'",
    ),
    (
        "through a union",
        "SELECT count(*) AS n FROM (SELECT tier FROM crm_members WHERE false UNION ALL SELECT phone FROM crm_members) u WHERE tier NOT LIKE '%*%'",
    ),
    (
        "through a full join",
        "SELECT count(*) AS n FROM crm_members a FULL JOIN crm_members b ON a.member_no = b.member_no WHERE coalesce(a.phone, b.phone) NOT LIKE '%*%'",
    ),
    (
        "through USING",
        "SELECT count(*) AS n FROM crm_members a JOIN crm_members b USING (member_no, phone) WHERE a.phone NOT LIKE '%*%'",
    ),
];

const UNKNOWN: &[(&str, &str)] = &[
    ("no such column", "SELECT no_such_column FROM crm_members"),
    ("in capitals, quoted", "SELECT \"Phone\" FROM crm_members"),
    ("with a blank", "SELECT \"phone \" FROM crm_members"),
    ("in wide letters", "SELECT ｐhone FROM crm_members"),
    ("of another dataset", "SELECT amount FROM crm_members"),
    ("a metadata column", "SELECT __file FROM crm_members"),
];

const REFUSED: &[(&str, &str)] = &[
    ("all but one", "SELECT * EXCLUDE (phone) FROM crm_members"),
    (
        "one replaced",
        "SELECT * REPLACE (city AS phone) FROM crm_members WHERE 1/0 = 1 AND no_such_column = 1",
    ),
    ("one renamed", "SELECT * RENAME phone AS city FROM crm_members"),
    ("by a pattern", "SELECT COLUMNS('pho.*') FROM crm_members"),
    ("by its place", "SELECT $5 FROM crm_members"),
    ("ordered by a place that is none", "SELECT city FROM crm_members ORDER BY 99"),
    ("grouped by a place that is none", "SELECT city FROM crm_members GROUP BY 99"),
];

const SAME: &[(&str, &str, &str)] = &[
    ("in capitals", "SELECT PHONE FROM crm_members", "SELECT phone FROM crm_members"),
    ("quoted", "SELECT \"phone\" FROM crm_members", "SELECT phone FROM crm_members"),
    ("with its table", "SELECT crm_members.phone FROM crm_members", "SELECT phone FROM crm_members"),
    ("by place", "SELECT phone, tier FROM crm_members ORDER BY 1, 2", "SELECT phone, tier FROM crm_members"),
    ("of a star", "SELECT phone FROM (SELECT * FROM crm_members) c", "SELECT phone FROM crm_members"),
    (
        "of a star with its table",
        "SELECT phone FROM (SELECT c.* FROM crm_members c) c",
        "SELECT phone FROM crm_members",
    ),
];
