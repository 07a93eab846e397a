//! Ways around the governed table: other names, files, versions of its name.

use super::{Attack, Expect, Family, all};

pub(super) const FAMILY: Family = Family {
    number: 9,
    title: "around the governed table",
    channel: "the stored table, a file, another spelling of a name",
    attacks,
};

fn attacks() -> Vec<Attack> {
    let mut attacks =
        all(REFUSED, &Expect::Refused(&["unknown_table", "not_found", "unsupported", "syntax"]));
    attacks.extend(SPELLINGS.iter().map(|(title, text)| {
        let honest = Expect::SameAs("SELECT count(*) AS n FROM crm_members".into());
        super::sql(title, *text, honest)
    }));
    attacks
}

const REFUSED: &[(&str, &str)] = &[
    ("a base table", "SELECT * FROM base"),
    ("a raw table", "SELECT * FROM crm_members_raw"),
    ("a table by its capitals, quoted", "SELECT * FROM \"CRM_MEMBERS\""),
    ("a table and a blank", "SELECT * FROM \"crm_members \""),
    ("a table and a zero byte", "SELECT * FROM \"crm_members\u{0}\""),
    ("a table and a mark that nobody sees", "SELECT * FROM \"crm_members\u{200B}\""),
    ("a table in wide letters", "SELECT * FROM ｃｒｍ_members"),
    ("a table with a Cyrillic letter", "SELECT * FROM сrm_members"),
    ("a file", "SELECT * FROM '/etc/passwd'"),
    ("a file, quoted", "SELECT * FROM \"/etc/passwd\""),
    ("a file by its address", "SELECT * FROM 'file:///etc/passwd'"),
    ("a Parquet file", "SELECT * FROM \"data/crm_members/part-00000.parquet\""),
    ("an object", "SELECT * FROM 's3://bucket/key.parquet'"),
    ("an address on the network", "SELECT * FROM 'http://127.0.0.1:7878/v1/runs'"),
    ("a folder above", "SELECT * FROM \"../crm_members\""),
    ("a log of Delta", "SELECT * FROM \"crm_members/_delta_log\""),
    ("a Delta table by its path", "SELECT * FROM delta.`/data/crm_members`"),
    ("a reader of files", "SELECT * FROM read_parquet('/data/crm_members')"),
    ("a reader of text", "SELECT * FROM read_csv('/etc/passwd')"),
    ("a table function", "SELECT * FROM crm_members()"),
    ("a series", "SELECT * FROM generate_series(1, 10)"),
    ("the files of a table", "SELECT * FROM \"crm_members$files\""),
    ("the changes of a table", "SELECT * FROM table_changes('crm_members', 0)"),
    ("the TABLE command", "SELECT * FROM (TABLE crm_members) t"),
    ("only this table", "SELECT * FROM ONLY crm_members"),
    ("a table of the hub's", "SELECT * FROM runs"),
    ("the hub's keys", "SELECT * FROM wrapped_keys"),
    ("the ledger", "SELECT * FROM ledger.runs"),
    ("a view of the record", "SELECT * FROM sqlite_master"),
    ("four parts", "SELECT * FROM a.b.c.crm_members"),
    ("an empty name", "SELECT * FROM \"\""),
    (
        "a very long name",
        "SELECT * FROM crm_members_crm_members_crm_members_crm_members_crm_members_crm_members_crm",
    ),
    ("two tables, one of them hidden", "SELECT * FROM crm_members, crm_members_raw"),
];

/// Other spellings of a name that is there.
const SPELLINGS: &[(&str, &str)] = &[
    ("capitals", "SELECT count(*) AS n FROM CRM_MEMBERS"),
    ("quoted", "SELECT count(*) AS n FROM \"crm_members\""),
    ("an alias that is another table", "SELECT count(*) AS n FROM crm_members AS pos_order_lines"),
    ("as a text", "SELECT count(*) AS n FROM 'crm_members'"),
    (
        "columns renamed",
        "SELECT count(*) AS n FROM crm_members AS c(region, phone, a, b, c, d, e, f, g, h, i, j, k)",
    ),
    (
        "a column of its own as the region",
        "SELECT count(*) AS n FROM (SELECT 'SH' AS region, member_no FROM crm_members) c WHERE region = 'SH'",
    ),
    (
        "a condition that is always true",
        "SELECT count(*) AS n FROM crm_members WHERE region = '{hidden}' OR true",
    ),
    (
        "a condition on the rule's column",
        "SELECT count(*) AS n FROM crm_members WHERE region <> '{hidden}' OR marketing_consent IS NOT NULL",
    ),
];
