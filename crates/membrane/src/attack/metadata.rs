//! What there is: catalogs, settings, names that are hidden.

use membrane_model::PrincipalKind;
use serde_json::json;

use super::{Ask, Attack, By, Expect, Family, all, sql};

pub(super) const FAMILY: Family =
    Family { number: 8, title: "what there is", channel: "catalogs, settings, names", attacks };

fn attacks() -> Vec<Attack> {
    let mut attacks = all(NOT_ALLOWED, &Expect::Refused(&["not_allowed", "syntax"]));
    attacks.extend(SCHEMAS.iter().map(|(title, hidden, nothing)| {
        sql(title, *hidden, Expect::SameWords(Box::new(Ask::Sql((*nothing).into()))))
    }));
    attacks.extend(all(LISTED, &Expect::Told).into_iter().map(listing));
    attacks.extend(all(NOT_LISTED, &Expect::Nothing).into_iter().map(listing));
    attacks.extend(RECORD.iter().map(|(title, hidden, nothing)| {
        sql(title, *hidden, Expect::SameWords(Box::new(Ask::Sql((*nothing).into())))).by(OUTSIDERS)
    }));
    attacks.extend(all(NO_FUNCTION, &Expect::Refused(NOT_THERE)));
    attacks.extend(PROBES.iter().map(|(title, hidden, nothing)| probe(title, hidden, nothing)));
    attacks
}

/// Those for whom the record is not there.
const OUTSIDERS: By =
    By::Outsiders(&[PrincipalKind::Analyst, PrincipalKind::Partner, PrincipalKind::Service]);
/// Those who read data.
const READERS: By = By::Outsiders(&[PrincipalKind::Analyst]);

/// What there is for whoever may look at the record is the record.
fn listing(attack: Attack) -> Attack {
    match &attack.ask {
        Ask::Sql(sql) if !sql.contains("crm_members") => attack.by(READERS),
        _ => attack,
    }
}

/// A dataset that is there, under a purpose for which nobody may read it, against one that is not.
fn probe(title: &'static str, hidden: &'static str, nothing: &'static str) -> Attack {
    let purpose = || Some(json!("compliance_review"));
    let nothing = Ask::SqlFor(nothing.into(), purpose());
    Attack::new(title, Ask::SqlFor(hidden.into(), purpose()), Expect::SameWords(Box::new(nothing)))
}

const NOT_THERE: &[&str] = &["unknown_function", "unsupported", "unknown_column", "syntax", "not_allowed"];

const NOT_ALLOWED: &[(&str, &str)] = &[
    ("DESCRIBE of a statement", "DESCRIBE SELECT * FROM crm_members"),
    ("SHOW TABLES of a schema", "SHOW TABLES FROM information_schema"),
    ("SHOW TABLES by a pattern", "SHOW TABLES LIKE '%quarantine%'"),
    ("SHOW FULL COLUMNS", "SHOW FULL COLUMNS FROM crm_members"),
    ("SHOW ALL", "SHOW ALL"),
    ("SHOW a setting", "SHOW datafusion.execution.batch_size"),
    ("SHOW FUNCTIONS", "SHOW FUNCTIONS"),
    ("SHOW CREATE TABLE", "SHOW CREATE TABLE crm_members"),
    ("SHOW DATABASES", "SHOW DATABASES"),
    ("SHOW VARIABLES", "SHOW VARIABLES"),
];

/// What there is for the one who asks.
const LISTED: &[(&str, &str)] = &[
    ("information_schema.tables", "SELECT * FROM information_schema.tables ORDER BY 3"),
    ("information_schema.columns", "SELECT * FROM information_schema.columns ORDER BY 3, 5"),
    ("information_schema.schemata", "SELECT * FROM information_schema.schemata ORDER BY 2"),
    ("SHOW TABLES", "SHOW TABLES"),
    ("by the whole name", "SELECT * FROM membrane.information_schema.tables ORDER BY 3"),
    ("a dataset by its whole name", "SELECT count(*) AS n FROM membrane.main.crm_members"),
    ("SHOW COLUMNS", "SHOW COLUMNS FROM crm_members"),
    ("DESCRIBE", "DESCRIBE crm_members"),
    (
        "a list, joined with data",
        "SELECT count(*) AS n FROM information_schema.columns c, crm_members m WHERE c.table_name = m.city",
    ),
];

/// What is for nobody, or not for the one who asks.
const NOT_LISTED: &[(&str, &str)] = &[
    (
        "what was set aside, in a list",
        "SELECT table_name FROM information_schema.tables WHERE table_name LIKE '%quarantine%'",
    ),
    (
        "stored columns, in a list",
        "SELECT column_name FROM information_schema.columns \
         WHERE strpos(column_name, '__') > 0 OR left(column_name, 1) = '_'",
    ),
    (
        "gaps where columns are hidden",
        "SELECT table_name FROM information_schema.columns GROUP BY table_name \
         HAVING max(ordinal_position) <> count(*)",
    ),
    (
        "columns that must not be NULL",
        "SELECT column_name FROM information_schema.columns WHERE is_nullable <> 'YES'",
    ),
    (
        "tables of the record, in a list",
        "SELECT table_name FROM information_schema.tables WHERE table_schema <> 'main'",
    ),
    (
        "columns of the record, in a list",
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'system' OR table_name = 'decisions'",
    ),
    (
        "schemas of the engine",
        "SELECT schema_name FROM information_schema.schemata \
         WHERE schema_name NOT IN ('main', 'information_schema')",
    ),
];

/// A table of the record, against one of as many letters that none has.
const RECORD: &[(&str, &str, &str)] = &[
    ("the runs of all", "SELECT * FROM system.runs", "SELECT * FROM nobody.runs"),
    (
        "one's own runs",
        "SELECT run FROM system.runs WHERE run = ''",
        "SELECT run FROM nobody.runs WHERE run = ''",
    ),
    ("decisions", "SELECT count(*) AS n FROM system.decisions", "SELECT count(*) AS n FROM nobody.decisions"),
    (
        "decisions about columns",
        "SELECT * FROM membrane.system.decision_columns",
        "SELECT * FROM membrane.nobody.decision_columns",
    ),
    ("releases of others", "SELECT * FROM System.Releases", "SELECT * FROM Nobody.Releases"),
    ("lineage", "SELECT * FROM system.lineage LIMIT 1", "SELECT * FROM nobody.lineage LIMIT 1"),
    ("deliveries", "SELECT max(rows) AS n FROM system.quality", "SELECT max(rows) AS n FROM nobody.quality"),
    (
        "rows of a dataset, as the record counts them",
        "SELECT rows, bytes FROM system.datasets WHERE dataset = 'crm_members'",
        "SELECT rows, bytes FROM nobody.datasets WHERE dataset = 'crm_members'",
    ),
    ("hidden columns", "SELECT * FROM system.columns", "SELECT * FROM nobody.columns"),
    ("the record, described", "DESCRIBE system.runs", "DESCRIBE nobody.runs"),
    ("its columns, shown", "SHOW COLUMNS FROM system.quality", "SHOW COLUMNS FROM nobody.quality"),
    ("the plan over it", "EXPLAIN SELECT * FROM system.runs", "EXPLAIN SELECT * FROM nobody.runs"),
    (
        "the record in EXISTS",
        "SELECT 1 AS n WHERE EXISTS (SELECT 1 FROM system.runs)",
        "SELECT 1 AS n WHERE EXISTS (SELECT 1 FROM nobody.runs)",
    ),
    (
        "the record in WITH",
        "WITH r AS (SELECT * FROM system.runs) SELECT 1 AS n",
        "WITH r AS (SELECT * FROM nobody.runs) SELECT 1 AS n",
    ),
    (
        "the record beside data",
        "SELECT count(*) AS n FROM system.runs, crm_members",
        "SELECT count(*) AS n FROM nobody.runs, crm_members",
    ),
    ("the record and a fault", "SELECT 1/0 AS n FROM system.runs", "SELECT 1/0 AS n FROM nobody.runs"),
    (
        "the record and no column",
        "SELECT no_such_column FROM system.runs",
        "SELECT no_such_column FROM nobody.runs",
    ),
    (
        "the record and no function",
        "SELECT version() AS v FROM system.runs",
        "SELECT version() AS v FROM nobody.runs",
    ),
    (
        "the record and a function in FROM",
        "SELECT * FROM system.runs, f(1)",
        "SELECT * FROM nobody.runs, f(1)",
    ),
    ("no table of the record", "SELECT * FROM system.nothing", "SELECT * FROM nobody.nothing"),
];

/// A schema that engines have, against one of as many letters that none has.
const SCHEMAS: &[(&str, &str, &str)] = &[
    (
        "information_schema.df_settings",
        "SELECT * FROM information_schema.df_settings",
        "SELECT * FROM no_such_thing_here.df_settings",
    ),
    (
        "information_schema.views",
        "SELECT * FROM information_schema.views",
        "SELECT * FROM no_such_thing_here.views",
    ),
    (
        "information_schema.routines",
        "SELECT * FROM information_schema.routines",
        "SELECT * FROM no_such_thing_here.routines",
    ),
    ("pg_catalog.pg_class", "SELECT * FROM pg_catalog.pg_class", "SELECT * FROM no_catalog.pg_class"),
    ("pg_class", "SELECT * FROM pg_class", "SELECT * FROM no_class"),
    ("pg_tables", "SELECT * FROM pg_tables", "SELECT * FROM no_tables"),
    ("pg_stats", "SELECT * FROM pg_stats", "SELECT * FROM no_stats"),
    (
        "a file, in the engine's own schema",
        "SELECT * FROM main.\"/etc/passwd\"",
        "SELECT * FROM none.\"/etc/passwd\"",
    ),
    (
        "what was set aside, in the engine's own schema",
        "SELECT * FROM membrane.main.crm_members_quarantine",
        "SELECT * FROM membrane.main.crm_members_nothing000",
    ),
    ("the schema public", "SELECT * FROM public.crm_members", "SELECT * FROM nobody.crm_members"),
    (
        "the default catalog",
        "SELECT * FROM datafusion.public.crm_members",
        "SELECT * FROM nocatalog0.public.crm_members",
    ),
    ("what was set aside", "SELECT * FROM crm_members_quarantine", "SELECT * FROM crm_members_nothing000"),
];

const NO_FUNCTION: &[(&str, &str)] = &[
    ("the version", "SELECT version() AS v"),
    ("the user", "SELECT current_user AS u"),
    ("the session's user", "SELECT session_user AS u"),
    ("the schema", "SELECT current_schema() AS s"),
    ("a setting", "SELECT current_setting('datafusion.execution.batch_size') AS s"),
    ("a setting, set", "SELECT set_config('x', 'y', false) AS s"),
    ("a variable", "SELECT @@version AS v"),
    ("the process", "SELECT pg_backend_pid() AS p"),
    ("the size of a table", "SELECT pg_total_relation_size('crm_members') AS s"),
    ("a class by name", "SELECT 'crm_members'::regclass AS c"),
    ("a file of the machine", "SELECT pg_read_file('/etc/passwd') AS f"),
    ("another database", "SELECT * FROM dblink('host=127.0.0.1', 'SELECT 1') AS t(a int)"),
];

/// Names that are there for others, against names of as many letters that are not there.
const PROBES: &[(&str, &str, &str)] = &[
    ("a hidden dataset", "SELECT count(*) AS n FROM crm_members", "SELECT count(*) AS n FROM crm_nobodys"),
    ("a hidden dataset, by its columns", "SELECT phone FROM crm_members", "SELECT phone FROM crm_nobodys"),
    (
        "a column of a hidden dataset",
        "SELECT no_such_column FROM crm_members",
        "SELECT no_such_column FROM crm_nobodys",
    ),
    (
        "a hidden dataset in EXISTS",
        "SELECT 1 AS n WHERE EXISTS (SELECT 1 FROM pos_order_lines)",
        "SELECT 1 AS n WHERE EXISTS (SELECT 1 FROM pos_order_nobod)",
    ),
    (
        "a hidden dataset in WITH",
        "WITH x AS (SELECT * FROM dim_stores) SELECT 1 AS n",
        "WITH x AS (SELECT * FROM dim_nobody) SELECT 1 AS n",
    ),
    (
        "a hidden dataset, in the engine's own schema",
        "SELECT count(*) AS n FROM main.crm_members",
        "SELECT count(*) AS n FROM main.crm_nobodys",
    ),
    ("a hidden dataset, described", "DESCRIBE crm_members", "DESCRIBE crm_nobodys"),
    ("columns of a hidden dataset, shown", "SHOW COLUMNS FROM crm_members", "SHOW COLUMNS FROM crm_nobodys"),
    (
        "a hidden dataset beside a list",
        "SELECT 1 AS n FROM crm_members, information_schema.tables",
        "SELECT 1 AS n FROM crm_nobodys, information_schema.tables",
    ),
    ("a hidden dataset and a fault", "SELECT 1/0 AS n FROM web_events", "SELECT 1/0 AS n FROM web_nobody"),
    (
        "a hidden dataset and no function",
        "SELECT version() AS n FROM web_events",
        "SELECT version() AS n FROM web_nobody",
    ),
];
