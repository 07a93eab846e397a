mod definition;
mod documented;

use std::path::Path;

use chrono::{DateTime, Utc};

use super::*;
use crate::{AsOf, AsOfParam, Fault, TagType};

const WHOLE: &str = r#"id: member.active_30d
name: { en: Active in 30 days, zh: 近30天活跃 }
description: How often a member bought.
kind: rule
entity: member_no
value: { type: enum, values: [high, low, none] }
version: 2
status: active
owner: { team: crm, person: wang.li, steward: data-governance }
purposes: [marketing_analysis, customer_service]
sensitivity: personal
source: { sql: active_30d.sql, column: level }
as_of: { param: day, excludes_base_day: true, timezone: "+08:00" }
refresh: { mode: batch, every: 1d }
freshness_slo: 2d
null_policy: keep_last
history: 400d
consent_missing: ignore
quality: { coverage: { min: 0.6 }, drift_psi_max: 0.2, value_share_max: { high: 0.5 } }
tests:
  - { name: boundary, given: { orders: fixtures/orders.csv }, as_of: 2026-06-30, expect: fixtures/expected.csv }
privacy: { min_group: 20 }
change_note: "3 visits, not 4"
"#;
const SQL: &str = "SELECT member_no, 'high' AS level FROM orders WHERE ordered_at < :as_of";
const QUERY: &str = "source: { query: \"SELECT member_no, value FROM orders WHERE ordered_at < :as_of\" }";
const SOURCE: &str = "source: { sql: active_30d.sql, column: level }";

fn files() -> TagFiles {
    [
        ("active_30d.sql", Some(SQL)),
        ("empty.sql", Some(" \n")),
        ("unread.sql", None),
        ("fixtures/orders.csv", Some("member_no,ordered_at\nM1,2026-06-29T00:00:00Z\n")),
        ("fixtures/expected.csv", Some("member_no,value\nM1,high\n\"M2\",none\n")),
        ("fixtures/header.csv", Some("member,value\n")),
        ("fixtures/unknown.csv", Some("member_no,value\nM1,hihg\n")),
        ("fixtures/twice.csv", Some("member_no,value\nM1,low\nM1,low\n")),
        ("fixtures/null.csv", Some("member_no,value\nM1,\n")),
        ("fixtures/short.csv", Some("member_no,value\nM1\n")),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.map(ToOwned::to_owned)))
    .collect()
}

fn read(text: &str) -> (Option<Tag>, Vec<String>) {
    let mut report = Report::new(Path::new("member.active_30d.yaml"));
    let found = read_tag(text, "member.active_30d", &files(), &mut report).and_then(|draft| draft.tag);
    let told = |fault: Fault| format!("{}: {}", fault.line, fault.message);
    (found, report.into_faults().into_iter().map(told).collect())
}

/// Changes the valid tag and expects these faults, as `line: message`.
fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(WHOLE.contains(from), "{from}");
    assert_eq!(read(&WHOLE.replacen(from, to, 1)).1, expected, "{from} -> {to}");
}

/// The same with another statement, in the tag's file.
fn check_sql(sql: &str, expected: &[&str]) {
    let to = format!("source: {{ query: \"{sql}\" }}");
    check(SOURCE, &to, expected);
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn everything_is_read() {
    let (found, faults) = read(WHOLE);
    assert_eq!(faults, Vec::<String>::new());
    let tag = found.unwrap();
    assert_eq!((tag.id.as_str(), tag.name_en.as_str()), ("member.active_30d", "Active in 30 days"));
    assert_eq!((tag.kind, tag.status, tag.version), (TagKind::Rule, TagStatus::Active, 2));
    assert_eq!((tag.table.as_str(), tag.column.as_str()), ("member_tags", "level"));
    assert_eq!(tag.value.kind, TagType::Enum);
    assert_eq!(tag.value.values, ["high", "low", "none"]);
    assert_eq!((tag.sql.as_str(), tag.sql_file.as_deref()), (SQL, Some("active_30d.sql")));
    let as_of = AsOf { param: AsOfParam::Day, excludes_base_day: true, utc_offset_minutes: 480 };
    assert_eq!((tag.as_of, tag.refresh), (as_of, Refresh::Batch { every_seconds: 86_400 }));
    assert_eq!((tag.freshness_slo_seconds, tag.history_days), (Some(172_800), Some(400)));
    assert_eq!((tag.nulls, tag.consent), (NullPolicy::KeepLast, ConsentRule::Ignore));
    assert_eq!(tag.quality.coverage, Some((0.6, 1.0)));
    assert_eq!((tag.quality.drift_psi_max, tag.quality.value_share_max.len()), (Some(0.2), 1));
    assert_eq!((tag.min_group, tag.partner_shareable), (Some(20), false));
    let case = tag.tests.first().unwrap();
    assert_eq!((case.given.len(), case.as_of), (1, Some(at("2026-06-29T16:00:00Z"))));
    assert_eq!(
        tag.statement(at("2026-06-29T16:00:00Z")).unwrap(),
        SQL.replace(":as_of", "DATE '2026-06-30'")
    );
}

#[test]
fn little_is_needed() {
    let text = "id: member.active_30d\nname: { en: Active, zh: 活跃 }\nkind: sql\nentity: member_no\nvalue: { type: integer }
version: 1\nstatus: draft\nowner: { team: crm }\npurposes: [marketing_analysis]\nsensitivity: internal
source: { query: 'SELECT member_no, value FROM orders' }\n";
    let (found, faults) = read(text);
    assert_eq!(faults, Vec::<String>::new());
    let tag = found.unwrap();
    assert_eq!((tag.sql_file, tag.sql_place), (None, (11, 18)));
    assert_eq!(
        (tag.refresh, tag.nulls, tag.consent),
        (Refresh::Manual, NullPolicy::Recompute, ConsentRule::Exclude)
    );
}

#[test]
fn all_that_is_missing_is_told_at_once() {
    assert_eq!(
        read("description: x\n").1,
        [
            "1: the tag has no `id`",
            "1: the tag has no `name`",
            "1: the tag has no `kind`",
            "1: the tag has no `entity`",
            "1: the tag has no `value`",
            "1: the tag has no `version`",
            "1: the tag has no `status`",
            "1: the tag has no `owner`",
            "1: the tag has no `sensitivity`",
            "1: the tag has no `purposes`",
            "1: the tag has no `source`",
        ]
    );
}

#[test]
fn words_are_checked() {
    check(
        "id: member.active_30d",
        "id: member.active",
        &["1: `id` is `member.active`: its file must be `member.active.yaml`"],
    );
    check("kind: rule", "kind: model", &["4: tags of kind `model` are not built by the hub yet"]);
    check(
        "kind: rule",
        "kind: rul",
        &["4: `kind` is one of fact, statistic, rule, sql, did you mean `rule`?"],
    );
    check("version: 2", "version: 0", &["7: `version` must be a whole number from 1 to 4294967295"]);
    check("owner: { team: crm, ", "owner: { ", &["9: `owner` has no `team`"]);
    check(
        "[marketing_analysis, customer_service]",
        "[]",
        &["10: `purposes` names none: a tag is built for a purpose"],
    );
    check("customer_service]", "marketing_analysis]", &["10: `purposes` lists `marketing_analysis` twice"]);
    check("history: 400d", "history: 36h", &["17: `history` is whole days, from `1d` to `3660d`"]);
    check(
        "history: 400d",
        "hystory: 400d",
        &["17: the tag has an unknown key `hystory`, did you mean `history`?"],
    );
    check("every: 1d", "every: daily", &["14: `every` is a length of time: `60s`, `5m`, `6h` or `1d`"]);
    check(
        "every: 1d",
        "sweep: 1d",
        &["14: `sweep` is not for `mode: batch`", "14: `mode: batch` needs `every`"],
    );
    check(
        "timezone: \"+08:00\"",
        "timezone: Asia/Shanghai",
        &[
            "13: `timezone` is `UTC` or how far its clock is ahead, like `+08:00`: names of places are not known here",
        ],
    );
}

#[test]
fn values_and_limits_fit() {
    check(
        "values: [high, low, none]",
        "values: []",
        &[
            "6: `values` lists from 1 to 200 words",
            "19: `value_share_max` names what is none of the values",
            "21: `fixtures/expected.csv` has a line 2 whose value is none of this `enum`",
        ],
    );
    check(
        ", values: [high, low, none]",
        "",
        &[
            "6: an `enum` needs `values`: the words that it can be",
            "19: `value_share_max` names what is none of the values",
            "21: `fixtures/expected.csv` has a line 2 whose value is none of this `enum`",
        ],
    );
    check("low, none]", "low, none, low]", &["6: this value is listed twice"]);
    check(
        "high: 0.5",
        "hihg: 0.5",
        &["19: `value_share_max` names what is none of the values, did you mean `high`?"],
    );
    check("high: 0.5", "high: 50", &["19: the share of a value is a share, from 0 to 1"]);
    check("min: 0.6", "min: 0.6, max: 0.5", &["19: `coverage` has a `min` above its `max`"]);
    check("drift_psi_max: 0.2", "drift_psi_max: 0", &["19: `drift_psi_max` must be above 0"]);
}

#[test]
fn a_life_has_an_order() {
    check(
        "status: active",
        "status: deprecated",
        &[
            "8: a `deprecated` tag needs `replaced_by`: what to use in its place",
            "8: a `deprecated` tag needs `sunset`: its last day",
        ],
    );
    check("status: active", "status: deprecated\nreplaced_by: member.active\nsunset: 2026-12-31", &[]);
    check(
        "status: active",
        "status: active\nsunset: 2026-12-31",
        &["9: `sunset` is for a tag that is `deprecated` or `retired`"],
    );
    check(
        "change_note: \"3 visits, not 4\"\n",
        "",
        &["7: a `version` above 1 needs `change_note`: why it is another"],
    );
    let cases = WHOLE.find("tests:").unwrap()..WHOLE.find("privacy:").unwrap();
    check(
        WHOLE.get(cases).unwrap(),
        "",
        &["8: an `active` tag has no test: write one with the rows at each boundary of its rule"],
    );
}

#[test]
fn times_go_together() {
    check(
        "mode: batch, every: 1d",
        "mode: stream, sweep: 60s",
        &[
            "16: a stream tag cannot `keep_last`: its values end when their events are too old",
            "19: `quality` is for tags that are built at once: a stream tag writes what its events say, and has `value` alone as its limit",
            "14: a stream tag with `excludes_base_day` would never see a new event",
        ],
    );
    check(
        "freshness_slo: 2d",
        "freshness_slo: 1h",
        &["15: `freshness_slo` is shorter than the time from one build to the next"],
    );
    check(
        "{ mode: batch, every: 1d }",
        "{ mode: manual }",
        &["15: `freshness_slo` cannot hold for a tag that is built when somebody asks"],
    );
    check(
        "param: day",
        "param: instant",
        &[
            "13: `excludes_base_day` is for days: `param` is `day` there",
            "13: `timezone` is for days: `param` is `day` there",
            "21: the `as_of` of a test is an instant, like `2026-06-30T12:00:00Z`",
        ],
    );
    check(
        "min_group: 20",
        "partner_shareable: true",
        &[
            "22: `partner_shareable` needs `min_group`: the fewest members of a group",
            "22: `partner_shareable` needs `consent_missing: exclude`",
        ],
    );
}

#[test]
fn a_statement_is_found() {
    check(SOURCE, QUERY, &[]);
    check(
        "sql: active_30d.sql",
        "sql: active_30.sql",
        &["12: there is no such file: it is `NAME.sql` beside the tag's, did you mean `active_30d.sql`?"],
    );
    check(
        "sql: active_30d.sql",
        "sql: ../../policies/x.sql",
        &["12: there is no such file: it is `NAME.sql` beside the tag's"],
    );
    check(
        "sql: active_30d.sql",
        "sql: fixtures/orders.csv",
        &["12: there is no such file: it is `NAME.sql` beside the tag's"],
    );
    check("sql: active_30d.sql", "sql: empty.sql", &["12: `empty.sql` is empty"]);
    // Told of where it lies.
    check("sql: active_30d.sql", "sql: unread.sql", &[]);
    check(
        "sql: active_30d.sql",
        "query: SELECT 1, sql: active_30d.sql",
        &["12: `source` says `sql` and `query`: the statement stands in one place"],
    );
    check(
        "sql: active_30d.sql, ",
        "",
        &["12: `source` needs `sql`, a file beside this one, or `query`, the statement itself"],
    );
}

#[test]
fn a_statement_is_looked_at() {
    check_sql(
        "SELECT member_no, value FROM orders -- :as_of",
        &["13: `as_of.param` is `day`, and the statement does not say `:as_of`"],
    );
    check_sql(
        "SELECT member_no, value FROM orders WHERE x < ':as_of'",
        &["13: `as_of.param` is `day`, and the statement does not say `:as_of`"],
    );
    check_sql(
        "DELETE FROM orders WHERE member_no = value OR x < :as_of",
        &["12: the statement must begin with `SELECT` or `WITH`"],
    );
    check_sql(
        "SELECT member_no, value FROM orders WHERE x < :as_of;",
        &["12: the statement has a `;`: it is one statement, and ends without it"],
    );
    check_sql(
        "SELECT member_no, value FROM orders WHERE x < :as_of AND y < NOW()",
        &["12: the statement says `now`: take `:as_of`, so that a build can be repeated"],
    );
    check_sql(
        "SELECT member_no, value, now FROM orders WHERE x < :as_of AND y < current_date",
        &["12: the statement says `current_date`: take `:as_of`, so that a build can be repeated"],
    );
    check_sql(
        "WITH a AS (SELECT * FROM orders WHERE x < :as_of) SELECT * FROM a",
        &[
            "12: the statement does not name `member_no`, the column of the entity",
            "12: the statement does not name `value`, the column of the value",
        ],
    );
    check(
        "as_of: { param: day, excludes_base_day: true, timezone: \"+08:00\" }\n",
        "",
        &[
            "20: this tag takes no `as_of`, so its tests have none",
            "12: the statement says `:as_of`: `as_of.param` must be `day` or `instant`",
        ],
    );
}

#[test]
fn cases_are_looked_at() {
    let expected = |file: &str, fault: &str| {
        check("fixtures/expected.csv", file, &[&format!("21: `{file}` {fault}")]);
    };
    expected("fixtures/header.csv", "must begin with the line `member_no,value`");
    expected("fixtures/unknown.csv", "has a line 2 whose value is none of this `enum`");
    expected("fixtures/twice.csv", "has a line 3 for nobody, or for the same as another");
    expected("fixtures/null.csv", "has a line 2 without a value, and this tag always has one");
    expected("fixtures/short.csv", "has a line 2 without a value");
    check(
        "fixtures/expected.csv",
        "/etc/passwd.csv",
        &["21: there is no such file: it is `fixtures/NAME.csv`"],
    );
    check("as_of: 2026-06-30,", "as_of: yesterday,", &["21: the `as_of` of a test is a day, `YYYY-MM-DD`"]);
    check("as_of: 2026-06-30, ", "", &["21: a test needs `as_of`: the day for which it is"]);
    check("given: { orders: fixtures/orders.csv }, ", "", &["21: a test has no `given`"]);
}
