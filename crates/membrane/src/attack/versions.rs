//! Older versions of a table.

use super::{Attack, Expect, Family, all};

pub(super) const FAMILY: Family =
    Family { number: 18, title: "older versions of a table", channel: "what was there before", attacks };

fn attacks() -> Vec<Attack> {
    all(
        REFUSED,
        &Expect::Refused(&[
            "unsupported",
            "syntax",
            "not_found",
            "unknown_table",
            "not_allowed",
            "unknown_column",
        ]),
    )
}

const REFUSED: &[(&str, &str)] = &[
    ("FOR SYSTEM_TIME", "SELECT * FROM crm_members FOR SYSTEM_TIME AS OF '2020-01-01 00:00:00'"),
    ("FOR VERSION", "SELECT * FROM crm_members FOR VERSION AS OF 0"),
    ("VERSION", "SELECT * FROM crm_members VERSION AS OF 0"),
    ("TIMESTAMP", "SELECT * FROM crm_members TIMESTAMP AS OF '2020-01-01'"),
    ("AT", "SELECT * FROM crm_members AT (VERSION => 0)"),
    ("a version in the name", "SELECT * FROM \"crm_members@v0\""),
    ("a version behind the name", "SELECT * FROM crm_members@v0"),
    ("a sample", "SELECT * FROM crm_members TABLESAMPLE BERNOULLI (50)"),
    ("a partition", "SELECT * FROM crm_members PARTITION (p0)"),
    ("the history", "DESCRIBE HISTORY crm_members"),
    ("a restore", "RESTORE TABLE crm_members TO VERSION AS OF 0"),
    ("the change feed", "SELECT * FROM crm_members CHANGES (INFORMATION => DEFAULT) AT (VERSION => 0)"),
    ("the change type", "SELECT _change_type FROM crm_members"),
    ("the commit of a row", "SELECT _commit_version FROM crm_members"),
];
