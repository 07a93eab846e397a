//! Rows and columns as nested values.

use super::{Attack, Expect, Family, all};

pub(super) const FAMILY: Family = Family {
    number: 16,
    title: "nested values",
    channel: "a part of a value for which there is no rule",
    attacks,
};

fn attacks() -> Vec<Attack> {
    all(
        REFUSED,
        &Expect::Refused(&[
            "unsupported",
            "unknown_function",
            "unknown_column",
            "invalid",
            "syntax",
            "evaluation",
        ]),
    )
}

const REFUSED: &[(&str, &str)] = &[
    ("unnest", "SELECT unnest([1, 2, 3]) AS x"),
    ("unnest in FROM", "SELECT * FROM unnest([1, 2, 3]) AS x"),
    ("unnest of a column", "SELECT unnest(phone) AS x FROM crm_members"),
    ("a part of a text", "SELECT phone[1] AS x FROM crm_members"),
    ("a slice of a text", "SELECT phone[1:3] AS x FROM crm_members"),
    ("a field of a column", "SELECT phone.sealed FROM crm_members"),
    ("a field of a column, in brackets", "SELECT (phone).sealed FROM crm_members"),
    ("a field of a row", "SELECT (crm_members).phone FROM crm_members"),
    ("a row as a value", "SELECT crm_members FROM crm_members"),
    ("a row as a text", "SELECT crm_members::text AS t FROM crm_members"),
    ("a row of columns", "SELECT ROW(phone, email) AS r FROM crm_members"),
    ("get_field", "SELECT get_field(phone, 'x') AS x FROM crm_members"),
    ("a cast to a list", "SELECT CAST(phone AS VARCHAR[]) AS x FROM crm_members"),
    ("JSON", "SELECT row_to_json(c) AS j FROM crm_members c"),
    ("any of a list", "SELECT count(*) AS n FROM crm_members WHERE phone = ANY(['13800138001'])"),
    ("LATERAL unnest", "SELECT * FROM crm_members, LATERAL unnest([phone]) AS x"),
    ("a flattened column", "SELECT * FROM crm_members, LATERAL FLATTEN(input => phone) f"),
];
