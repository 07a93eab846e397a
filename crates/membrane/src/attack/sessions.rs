//! State between statements: prepared statements, cursors, parameters. None of them is offered.

use super::{Attack, Expect, Family, all};

pub(super) const FAMILY: Family = Family {
    number: 21,
    title: "state between statements",
    channel: "a plan that outlives a decision",
    attacks,
};

fn attacks() -> Vec<Attack> {
    let codes = &["not_allowed", "unsupported", "syntax", "invalid", "unknown_column", "unknown_function"];
    all(REFUSED, &Expect::Refused(codes))
}

const REFUSED: &[(&str, &str)] = &[
    ("prepare", "PREPARE p AS SELECT * FROM crm_members"),
    ("execute", "EXECUTE p"),
    ("deallocate", "DEALLOCATE ALL"),
    ("a cursor", "DECLARE c CURSOR FOR SELECT * FROM crm_members"),
    ("fetch", "FETCH ALL FROM c"),
    ("close", "CLOSE ALL"),
    ("discard", "DISCARD ALL"),
    ("a parameter by number", "SELECT count(*) AS n FROM crm_members WHERE city = $1"),
    ("a parameter by name", "SELECT count(*) AS n FROM crm_members WHERE city = $city"),
    ("a parameter of another dialect", "SELECT count(*) AS n FROM crm_members WHERE city = ?"),
    ("a parameter with a colon", "SELECT count(*) AS n FROM crm_members WHERE city = :city"),
    ("a parameter as a limit", "SELECT city FROM crm_members LIMIT $1"),
    ("a temporary table", "CREATE TEMP TABLE t AS SELECT * FROM crm_members"),
    ("a savepoint", "SAVEPOINT s"),
    ("a snapshot", "SET TRANSACTION SNAPSHOT '1'"),
    ("recursion", "WITH RECURSIVE r AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM r) SELECT * FROM r"),
];
