use chrono::{DateTime, TimeDelta, Utc};
use membrane_model::Action;
use proptest::prelude::*;
use proptest::sample::select;

use crate::fixture::{Hub, MEMBERS, PAIR, SCHEMA, catalog, folder, request};
use crate::{Acting, BrokenGlass, Handed, Policies, Request};

/// Constants, each with how it may be written.
const TIMES: [&str; 4] =
    ["2026-03-01", "2026-03-01T00:00:00.001Z", "2026-06-01T12:00:00+0800", "2026-06-01T04:00:00Z"];
const OPERATORS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];
/// Conditions that do not compare the time with a constant.
const OTHERS: [&str; 8] = [
    "context.purpose == \"marketing\"",
    "principal.clearance > 0",
    "context has breakGlass && context.breakGlass.contains(Column::\"members.phone\")",
    "context.time.toTime() < duration(\"12h\")",
    "context.time.offset(duration(\"1ms\")) > datetime(\"2026-03-01\")",
    "context.time.toDate() == datetime(\"2026-06-01\")",
    "principal.clearance + 9223372036854775807 > 0",
    "[datetime(\"2026-03-01\")].contains(context.time)",
];
/// What each policy is about, before its condition.
const HEADS: [&str; 8] = [
    "permit (principal is Analyst, action == Action::\"read\", resource)",
    "forbid (principal is Analyst, action == Action::\"read\", resource == Dataset::\"stores\")",
    "permit (principal is Analyst, action == Action::\"readClear\", resource in Class::\"business\")",
    "permit (principal is Analyst, action == Action::\"readClear\", resource)",
    "forbid (principal is Analyst, action == Action::\"readClear\", resource in Class::\"pii\")",
    "permit (principal is Analyst, action == Action::\"readToken\", resource == Column::\"members.phone\")",
    "permit (principal is Analyst, action == Action::\"readRow\", resource)",
    "forbid (principal is Analyst, action == Action::\"readRow\", resource is Row::members)",
];
/// Conditions about a row of members.
const ROWS: [&str; 3] = [
    "principal.regions.contains(resource.region)",
    "resource has joined && resource.joined < context.time",
    "resource.points > 5",
];

fn compared() -> impl Strategy<Value = String> {
    (select(&TIMES[..]), select(&OPERATORS[..]), any::<bool>()).prop_map(|(time, operator, swapped)| {
        if swapped {
            format!("datetime(\"{time}\") {operator} context.time")
        } else {
            format!("context.time {operator} datetime(\"{time}\")")
        }
    })
}

fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        6 => compared(),
        3 => select(&OTHERS[..3]).prop_map(str::to_owned),
        1 => select(&OTHERS[..]).prop_map(str::to_owned),
    ];
    leaf.prop_map(|leaf| format!("({leaf})")).prop_recursive(2, 4, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} && {right})")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} || {right})")),
            inner.prop_map(|inner| format!("(if {inner} then true else !{inner})")),
        ]
    })
}

fn policy() -> impl Strategy<Value = String> {
    let about = (select(&HEADS[..]), select(&ROWS[..]), any::<bool>());
    (about, condition(), any::<bool>()).prop_map(|((head, row, with_row), condition, unless)| {
        let row = if with_row && head.contains("Row::members") { row } else { "true" };
        let word = if unless { "unless" } else { "when" };
        format!("{head} when {{ {row} }} {word} {{ {condition} }};\n")
    })
}

fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    let near = ["2026-03-01T00:00:00Z", "2026-06-01T04:00:00Z", "2026-04-01T00:00:00Z"];
    (select(near.to_vec()), -3_i64..4, 0_i64..1000).prop_map(|(near, millis, micros)| {
        near.parse::<DateTime<Utc>>().unwrap()
            + TimeDelta::milliseconds(millis)
            + TimeDelta::microseconds(micros)
    })
}

fn asking() -> impl Strategy<Value = Request> {
    // In whose name: their own, or another's, who is one of the others.
    let who = select(vec![
        ("analyst:ana", None),
        ("analyst:bea", None),
        ("partner:acme", None),
        ("analyst:bea", Some("analyst:ana")),
        ("analyst:cho", Some("analyst:ana")),
        ("analyst:ana", Some("analyst:bea")),
    ]);
    let purpose = select(vec!["marketing", "service"]);
    let datasets = select(vec![vec!["members"], vec!["stores"], vec!["members", "stores"]]);
    (who, purpose, datasets, moment(), any::<bool>()).prop_map(
        |((who, of), purpose, datasets, now, broken)| {
            let columns = vec![("members".parse().unwrap(), "phone".parse().unwrap())];
            let broken = if broken { vec![BrokenGlass { grant: 7, columns }] } else { Vec::new() };
            let request = request(who, Action::Read, purpose, &datasets);
            let handed = || vec![Handed { delegation: 1, datasets: request.datasets.clone() }];
            let acting = of.map(|of| Acting { delegator: of.parse().unwrap(), handed: handed() });
            Request { now, broken, acting, ..request }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// What is on record and what is granted are the same, whatever was asked before.
    #[test]
    fn a_verdict_that_is_kept_is_the_one_that_would_be_made(
        policies in prop::collection::vec(policy(), 1..7),
        requests in prop::collection::vec(asking(), 12..24),
    ) {
        let read = r#"@id("read") permit (principal is Analyst, action == Action::"read", resource);
            @id("delegate") permit (principal, action == Action::"delegate", resource);
            @id("floor") forbid (principal in Group::"other", action == Action::"readRow", resource is Row::members)
            when { resource.points > 7 };
            @id("hide") forbid (principal == Analyst::"cho", action == Action::"readClear", resource);"#;
        let numbered = policies.iter().enumerate().map(|(number, text)| format!("@id(\"p{number}\") {text}"));
        let text: String = std::iter::once(read.to_owned()).chain(numbered).collect();
        let hub = Hub::with_people(&text, PAIR);
        let fresh = Policies::load(folder(SCHEMA, PAIR, &text).path(), &hub.catalog).unwrap();
        for request in &requests {
            let before = crate::judge::judge(&fresh, &hub.catalog, request);
            fresh.verdicts.forget();
            prop_assert_eq!(format!("{:?}", hub.judge(request)), format!("{before:?}"), "{}\n{:?}", text, request);
        }
    }
}

const FROM: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource);
@id("null") permit (principal is Analyst, action == Action::"readNull", resource);
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource)
when { context.time >= datetime("2026-03-01") };
"#;

#[test]
fn one_verdict_serves_a_stretch_of_time() {
    let hub = Hub::new(FROM);
    let asked = request("analyst:ana", Action::Read, "marketing", &["members"]);
    for seconds in 0..5 {
        let now = asked.now + TimeDelta::seconds(seconds);
        assert!(hub.judge(&Request { now, ..asked.clone() }).verdict.is_ok());
    }
    assert_eq!(hub.policies.verdicts.forget(), 1);
}

#[test]
fn a_verdict_by_another_contract_is_not_told() {
    let hub = Hub::new(FROM);
    let asked = request("analyst:ana", Action::Read, "marketing", &["members"]);
    hub.judge(&asked).verdict.unwrap();
    let other = catalog(&[MEMBERS[1], ("members", None, &["name string business clear"])]);
    let granted = crate::judge::judge(&hub.policies, &other, &asked).verdict.unwrap();
    assert_eq!(granted[0].columns.len(), 1);
}

#[test]
fn too_many_verdicts_are_forgotten() {
    let hub = Hub::new(FROM);
    let question = |stretch| {
        let asked = request("analyst:ana", Action::Read, "marketing", &["members"]);
        std::sync::Arc::new(super::Question {
            principal: asked.principal,
            delegate: None,
            action: asked.action,
            purpose: asked.purpose,
            broken: std::collections::BTreeSet::new(),
            stretch,
        })
    };
    hub.judge(&request("analyst:ana", Action::Read, "marketing", &["members"])).verdict.unwrap();
    let dataset = hub.catalog.dataset(&"members".parse().unwrap()).unwrap();
    let verdict = hub.policies.verdicts.get(&question(2), dataset).unwrap();
    let most = super::COLUMNS_MAX / (dataset.columns.len() + 1);
    for stretch in 0..most + 3 {
        hub.policies.verdicts.keep(&question(stretch), std::sync::Arc::clone(&verdict));
    }
    assert!(hub.policies.verdicts.get(&question(0), dataset).is_none());
    assert!(hub.policies.verdicts.forget() <= 3);
}
