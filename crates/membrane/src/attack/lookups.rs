//! Looking up exact values, and parameters.

use super::{Attack, Expect, Family, all};

pub(super) const FAMILY: Family = Family {
    number: 28,
    title: "looking up exact values",
    channel: "a token of any value, made at will",
    attacks,
};

fn attacks() -> Vec<Attack> {
    let mut attacks = all(UNSUITED, &Expect::Refused(&["unsupported", "unknown_function", "syntax"]));
    attacks.extend(all(NOT_PERMITTED, &Expect::Refused(&["lookup_refused", "not_found", "unknown_table"])));
    attacks.extend(all(
        UNBOUND,
        &Expect::Refused(&["unsupported", "invalid", "syntax", "not_found", "unknown_table"]),
    ));
    attacks
}

/// For marketing nobody is looked up, in whatever column.
const NOT_PERMITTED: &[(&str, &str)] = &[
    ("a phone", "SELECT member_token('phone', '13800138001') FROM crm_members"),
    ("in a condition", "SELECT count(*) FROM app_events WHERE phone = member_token('phone', '13800138001')"),
    (
        "with the dataset",
        "SELECT count(*) FROM app_events WHERE phone = member_token('app_events.phone', '13800138001')",
    ),
    (
        "of another dataset",
        "SELECT count(*) FROM app_events WHERE phone = member_token('crm_members.member_no', 'M00000001')",
    ),
    ("of a column that is hidden", "SELECT member_token('address', 'x') FROM crm_members"),
    ("of a column that is not there", "SELECT member_token('colour', 'x') FROM crm_members"),
    ("in capitals", "SELECT MEMBER_TOKEN('phone', '13800138001') FROM app_events"),
    ("in quotes", "SELECT \"member_token\"('phone', '13800138001') FROM app_events"),
    ("in WITH", "WITH t AS (SELECT member_token('phone', '1') AS t FROM app_events) SELECT * FROM t"),
    (
        "in a subquery",
        "SELECT 1 AS one FROM app_events WHERE phone IN (SELECT member_token('phone', '1') FROM app_events)",
    ),
    (
        "in EXPLAIN",
        "EXPLAIN SELECT count(*) FROM app_events WHERE phone = member_token('phone', '13800138001')",
    ),
    ("without a dataset", "SELECT member_token('phone', '13800138001')"),
    ("of a dataset that is not there", "SELECT member_token('no_such_dataset.phone', '1') FROM app_events"),
];

/// The value comes from a row, or the call is none.
const UNSUITED: &[(&str, &str)] = &[
    ("of each row's value", "SELECT member_token('phone', phone) FROM app_events"),
    ("of a computed value", "SELECT member_token('phone', '138' || '00138001') FROM app_events"),
    ("of a computed column", "SELECT member_token('pho' || 'ne', '13800138001') FROM app_events"),
    ("of a number", "SELECT member_token('phone', 13800138001) FROM app_events"),
    ("of NULL", "SELECT member_token('phone', NULL) FROM app_events"),
    ("of one argument", "SELECT member_token('phone') FROM app_events"),
    ("of three", "SELECT member_token('phone', '1', '2') FROM app_events"),
    ("over a window", "SELECT member_token('phone', '1') OVER () FROM app_events"),
    ("behind a schema", "SELECT main.member_token('phone', '1') FROM app_events"),
    ("of a subquery", "SELECT member_token('phone', (SELECT max(phone) FROM app_events)) FROM app_events"),
    ("of a stored form", "SELECT member_token('phone__token', 'x') FROM app_events"),
    ("of whose row it is", "SELECT member_token('_subject', 'x') FROM app_events"),
    ("of a column's value by name", "SELECT member_token(column => 'phone', value => '1') FROM app_events"),
];

/// Parameters that nobody gave.
const UNBOUND: &[(&str, &str)] = &[
    ("a parameter without a value", "SELECT count(*) FROM crm_members WHERE tier = $1"),
    ("of number 0", "SELECT count(*) FROM crm_members WHERE tier = $0"),
    ("with a name", "SELECT count(*) FROM crm_members WHERE tier = $tier"),
    ("in place of a column", "SELECT $1 FROM crm_members"),
    ("in place of a dataset", "SELECT * FROM $1"),
    ("with a question mark", "SELECT count(*) FROM crm_members WHERE tier = ?"),
];
