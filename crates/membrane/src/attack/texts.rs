//! Tricks of the text: comments, quotes, Unicode, size, depth.

use std::borrow::Cow;

use super::{Attack, Expect, Family, all, sql};

pub(super) const FAMILY: Family = Family {
    number: 24,
    title: "tricks of the text",
    channel: "a gate that reads another statement than the planner",
    attacks,
};

// Where its own depth ends, the parser takes CASE for the name of a column.
const TOO_MUCH: &[&str] = &["too_complex", "unsupported", "limit_memory", "syntax", "unknown_column"];

fn attacks() -> Vec<Attack> {
    let mut attacks = all(
        REFUSED,
        &Expect::Refused(&[
            "not_allowed",
            "syntax",
            "not_found",
            "unsupported",
            "unknown_column",
            "unknown_table",
        ]),
    );
    attacks.extend(SAME.iter().map(|(title, text)| {
        sql(title, *text, Expect::SameAs("SELECT count(*) AS n FROM crm_members".into()))
    }));
    attacks.extend(all(ZERO, &Expect::Zero));
    attacks.extend(all(TOLD, &Expect::Told));
    attacks.extend(
        large().into_iter().map(|(title, text)| sql(title, Cow::Owned(text), Expect::Refused(TOO_MUCH))),
    );
    attacks
}

const REFUSED: &[(&str, &str)] = &[
    ("a statement in a comment's end", "SELECT 1 /* */; DROP TABLE crm_members --"),
    ("a comment that does not end", "SELECT 1 /* DROP TABLE crm_members"),
    ("a text that does not end", "SELECT 'x FROM crm_members"),
    ("a quote that does not end", "SELECT \"x FROM crm_members"),
    ("a zero byte", "SELECT\u{0}1"),
    ("a mark of byte order", "\u{FEFF}DROP TABLE crm_members"),
    ("letters from right to left", "SELECT 1 \u{202E}; elbat pord"),
    ("a semicolon in wide form", "SELECT 1； DROP TABLE crm_members"),
    ("a comment for one engine", "/*!50000 DROP TABLE crm_members */"),
    ("a hint", "DROP /*+ x */ TABLE crm_members"),
    ("back quotes", "SELECT `phone__sealed` FROM crm_members"),
    ("brackets as quotes", "SELECT [phone__sealed] FROM crm_members"),
    ("a dollar text", "SELECT * FROM $$crm_members$$"),
    ("a meta command", "\\d crm_members"),
    ("a pipe", "FROM crm_members |> SELECT phone"),
    ("a word that is none", "SELEC 1"),
    ("nothing behind an operator", "SELECT 1 +"),
];

const SAME: &[(&str, &str)] = &[
    ("comments within", "SELECT/**/count(*)/* phone */AS n--\nFROM crm_members"),
    ("comments in comments", "SELECT count(*) AS n /* /* x */ */ FROM crm_members"),
    ("a last semicolon", "SELECT count(*) AS n FROM crm_members;"),
    ("many semicolons", ";;SELECT count(*) AS n FROM crm_members;;"),
    ("mixed letters", "sElEcT cOuNt(*) aS n fRoM CrM_mEmBeRs"),
    ("line ends of three kinds", "SELECT count(*)\r\nAS n\rFROM\ncrm_members"),
    ("brackets around", "((SELECT count(*) AS n FROM crm_members))"),
];

const ZERO: &[(&str, &str)] = &[
    ("a text with escapes", "SELECT count(*) AS n FROM crm_members WHERE phone = E'1380\\x30138001'"),
    ("a text in dollars", "SELECT count(*) AS n FROM crm_members WHERE phone = $$13800138001$$"),
    ("a text in pieces", "SELECT count(*) AS n FROM crm_members WHERE phone = '1380' || '0138001'"),
    ("digits of other scripts", "SELECT count(*) AS n FROM crm_members WHERE phone ~ '^\\d{11}$'"),
    (
        "letters that fold",
        "SELECT count(*) AS n FROM crm_members WHERE email ILIKE 'İ%' AND email NOT LIKE '%*%'",
    ),
];

/// Literals and clauses that some engines know.
const TOLD: &[(&str, &str)] = &[
    ("a text in Unicode escapes", "SELECT count(*) AS n FROM crm_members WHERE phone = U&'1380\\0030138001'"),
    ("a national text", "SELECT count(*) AS n FROM crm_members WHERE phone = N'13800138001'"),
    (
        "an escape of LIKE",
        "SELECT count(*) AS n FROM crm_members WHERE phone LIKE '138!*____!*%0_' ESCAPE '!' AND phone NOT LIKE '%*%'",
    ),
];

/// Statements that are made large.
fn large() -> Vec<(&'static str, String)> {
    let repeated = |text: &str, times: usize| text.repeat(times);
    vec![
        ("brackets, a thousand deep", format!("SELECT {}1{}", repeated("(", 1000), repeated(")", 1000))),
        ("subqueries, two hundred deep", format!("SELECT * FROM {}crm_members{}", repeated("(SELECT * FROM ", 200), repeated(") x", 200))),
        ("NOT, ten thousand times", format!("SELECT {}true", repeated("NOT ", 10_000))),
        ("a chain of AND", format!("SELECT count(*) FROM crm_members WHERE true{}", repeated(" AND true", 5000))),
        ("a chain of OR on numbers", format!("SELECT count(*) FROM crm_members WHERE false{}", repeated(" OR phone = 'x'", 2000))),
        ("a chain of UNION", format!("SELECT 1{}", repeated(" UNION ALL SELECT 1", 3000))),
        ("CASE in CASE", format!("SELECT {}1{}", repeated("CASE WHEN true THEN ", 500), repeated(" END", 500))),
        ("a WITH that doubles", doubling(30)),
        ("a cross join of many", format!("SELECT count(*) FROM crm_members a0{}", (1..600).map(|n| format!(", crm_members a{n}")).collect::<String>())),
        ("a text too long", format!("SELECT '{}'", repeated("x", 1 << 17))),
        ("minus signs", format!("SELECT {}1", repeated("- ", 5000))),
        ("grouping sets, a hundred", format!("SELECT count(*) FROM crm_members GROUP BY GROUPING SETS ({})", vec!["(city)"; 100].join(", "))),
        ("ROLLUP by ROLLUP", "SELECT count(*) FROM crm_members GROUP BY ROLLUP (city, tier, gender, id_number), ROLLUP (region, joined_on, name, address), ROLLUP (phone, email, birth_date)".to_owned()),
        ("functions in functions", format!("SELECT {}city{} FROM crm_members", repeated("upper(", 300), repeated(")", 300))),
    ]
}

/// WITH queries, each of which names the one before it twice.
fn doubling(times: usize) -> String {
    let mut text = "WITH a0 AS (SELECT 1 AS x FROM crm_members)".to_owned();
    for n in 1..times {
        let before = n.saturating_sub(1);
        text.push_str(&format!(", a{n} AS (SELECT l.x FROM a{before} l, a{before} r)"));
    }
    text.push_str(&format!(" SELECT count(*) FROM a{}", times.saturating_sub(1)));
    text
}
