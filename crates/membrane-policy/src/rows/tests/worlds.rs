//! Generated policies over generated rows: the rule must show the rows that plain Cedar permits.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::OnceLock;

use cedar_policy::{Context, Decision, Entity, EntityUid, Request, RestrictedExpression};
use membrane_catalog::Catalog;
use membrane_model::ColumnName;
use proptest::prelude::*;

use crate::ask::Asker;
use crate::fixture::{MEMBERS, catalog, load, noon};
use crate::rows::decide_rows;
use crate::{Policies, RowValue};

const TEXTS: [&str; 4] = ["SH", "BJ", "S%", ""];

/// A row: the attributes that it has.
type Row = BTreeMap<&'static str, RowValue>;

fn members() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| catalog(&MEMBERS))
}

fn quoted() -> impl Strategy<Value = String> {
    prop::sample::select(&TEXTS[..]).prop_map(|text| format!("\"{text}\""))
}

fn number() -> impl Strategy<Value = i64> {
    -2_i64..3
}

/// A comparison of one attribute, in the words of Cedar.
fn comparison(
    text: &'static str,
    number_of: &'static str,
    flag: &'static str,
) -> BoxedStrategy<(String, &'static str)> {
    let operator = prop::sample::select(&["==", "!=", "<", "<=", ">", ">="][..]);
    let pattern = prop::sample::select(&["S*", "*", "*H", "S%", "", "_H"][..]);
    prop_oneof![
        (prop::bool::ANY, quoted()).prop_map(move |(equal, value)| {
            let operator = if equal { "==" } else { "!=" };
            (format!("resource.{text} {operator} {value}"), text)
        }),
        prop::collection::vec(quoted(), 1..3)
            .prop_map(move |values| (format!("[{}].contains(resource.{text})", values.join(", ")), text)),
        Just((format!("principal.regions.contains(resource.{text})"), text)),
        pattern.prop_map(move |pattern| (format!("resource.{text} like \"{pattern}\""), text)),
        (operator, number(), prop::bool::ANY).prop_map(move |(operator, value, turned)| {
            let condition = if turned {
                format!("{value} {operator} resource.{number_of}")
            } else {
                format!("resource.{number_of} {operator} {value}")
            };
            (condition, number_of)
        }),
        Just((format!("resource.{flag}"), flag)),
        prop::bool::ANY.prop_map(move |value| (format!("resource.{flag} == {value}"), flag)),
    ]
    .boxed()
}

/// A condition that the strict validator accepts: what may be missing is asked for first.
fn condition() -> BoxedStrategy<String> {
    let required = comparison("region", "points", "consent").prop_map(|(text, _)| format!("({text})"));
    let optional =
        (comparison("city", "visits", "premium"), 0..4).prop_map(|((text, name), shape)| match shape {
            0 => format!("(resource has {name} && {text})"),
            1 => format!("(!(resource has {name} && {text}))"),
            2 => format!("(if resource has {name} then {text} else true)"),
            _ => format!("(resource has {name})"),
        });
    prop_oneof![required, optional]
        .prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} && {right})")),
                (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left} || {right})")),
                inner.clone().prop_map(|inner| format!("(!{inner})")),
                (inner.clone(), inner.clone(), inner)
                    .prop_map(|(test, yes, no)| format!("(if {test} then {yes} else {no})")),
            ]
        })
        .boxed()
}

/// Something that is not translated, or that errs for some rows.
fn strange() -> BoxedStrategy<String> {
    prop_oneof![
        number().prop_map(|value| format!("(resource.points + 1 > {value})")),
        Just("(resource.points + 9223372036854775807 > 0)".to_owned()),
        Just("(resource has city && resource.city == resource.region)".to_owned()),
        Just("([resource.region].containsAny([\"SH\", \"BJ\"]))".to_owned()),
    ]
    .boxed()
}

fn policies(condition: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let policy = (prop::bool::weighted(0.7), condition);
    prop::collection::vec(policy, 1..4).prop_map(|policies| {
        let one = |(index, (permit, condition)): (usize, (bool, String))| {
            let effect = if permit { "permit" } else { "forbid" };
            format!(
                "@id(\"p{index}\") {effect} (principal is Analyst, action == Action::\"readRow\", \
                 resource is Row::members)\nwhen {{ {condition} }};\n"
            )
        };
        policies.into_iter().enumerate().map(one).collect()
    })
}

/// A row. The columns that the contract requires are there always, or mostly when it is `broken`.
fn row(broken: bool) -> impl Strategy<Value = Row> {
    let text = || prop::sample::select(&TEXTS[..]).prop_map(|text| RowValue::String(text.to_owned()));
    let integer = || number().prop_map(RowValue::Integer);
    let flag = || prop::bool::ANY.prop_map(RowValue::Boolean);
    let missing = move || prop::bool::weighted(0.3).prop_map(move |missing| missing && broken);
    (
        (missing(), text()).prop_map(|(missing, value)| (!missing).then_some(value)),
        (missing(), integer()).prop_map(|(missing, value)| (!missing).then_some(value)),
        (missing(), flag()).prop_map(|(missing, value)| (!missing).then_some(value)),
        prop::option::of(text()),
        prop::option::of(integer()),
        prop::option::of(flag()),
    )
        .prop_map(|(region, points, consent, city, visits, premium)| {
            let cells = [
                ("region", region),
                ("points", points),
                ("consent", consent),
                ("city", city),
                ("visits", visits),
                ("premium", premium),
            ];
            cells.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
        })
}

/// What plain Cedar says about one whole row: permitted, and whether a policy erred.
fn cedar(policies: &Policies, asker: &Asker<'_>, row: &Row) -> (bool, bool) {
    let uid: EntityUid = "Row::members::\"1\"".parse().unwrap();
    let attributes: HashMap<String, RestrictedExpression> = row
        .iter()
        .map(|(name, value)| {
            let value = match value {
                RowValue::String(text) => RestrictedExpression::new_string(text.clone()),
                RowValue::Integer(number) => RestrictedExpression::new_long(*number),
                RowValue::Boolean(flag) => RestrictedExpression::new_bool(*flag),
            };
            ((*name).to_owned(), value)
        })
        .collect();
    let parents = HashSet::from(["Dataset::\"members\"".parse().unwrap()]);
    let entity = Entity::new(uid.clone(), attributes, parents).unwrap();
    let entities = policies.world.entities.clone().add_entities([entity], None).unwrap();
    let action = "Action::\"readRow\"".parse().unwrap();
    let context: Context = asker.context.clone();
    let request =
        Request::new(asker.principal.clone(), action, uid, context, Some(&policies.schema)).unwrap();
    let response =
        cedar_policy::Authorizer::new().is_authorized(&request, &policies.by_action["readRow"], &entities);
    (response.decision() == Decision::Allow, response.diagnostics().errors().count() > 0)
}

/// Loads generated policies. Nothing when the validator found out that one can never apply.
fn loaded(text: &str) -> Option<Policies> {
    match load(members(), text) {
        Ok(policies) => Some(policies),
        Err(error) if error.to_string().contains("policy is impossible") => None,
        Err(error) => panic!("{text}\n{error}"),
    }
}

/// Decides the rule once and gives, for every row, what it shows and what Cedar says.
fn both(policies: &Policies, rows: &[Row]) -> Vec<(bool, bool, bool)> {
    let principal = policies.world.principals[&"analyst:ana".parse().unwrap()].clone();
    let purpose = "marketing".parse().unwrap();
    let asker = Asker::new(policies, &principal, Some(&purpose), noon()).unwrap();
    let name = "members".parse().unwrap();
    let verdict = decide_rows(&asker, members().dataset(&name).unwrap(), &policies.world.datasets[&name]);
    rows.iter()
        .map(|row| {
            let cell = |column: &ColumnName| row.get(column.as_str()).cloned();
            let (permitted, erred) = cedar(policies, &asker, row);
            (verdict.rule.shows(&cell), permitted, erred)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_rule_shows_exactly_what_cedar_permits(
        text in policies(condition()),
        rows in prop::collection::vec(row(false), 1..16),
    ) {
        let policies = loaded(&text);
        prop_assume!(policies.is_some());
        for (row, (shown, permitted, erred)) in rows.iter().zip(both(&policies.unwrap(), &rows)) {
            prop_assert!(!erred, "{row:?}\n{text}");
            prop_assert_eq!(shown, permitted, "{:?}\n{}", row, text);
        }
    }

    #[test]
    fn rows_that_break_the_contract_are_never_shown_against_cedar(
        text in policies(condition()),
        rows in prop::collection::vec(row(true), 1..16),
    ) {
        let policies = loaded(&text);
        prop_assume!(policies.is_some());
        for (row, (shown, permitted, _)) in rows.iter().zip(both(&policies.unwrap(), &rows)) {
            prop_assert!(permitted || !shown, "{row:?}\n{text}");
        }
    }

    #[test]
    fn what_is_not_translated_never_shows_more_than_cedar(
        text in policies(prop_oneof![condition(), strange()].boxed()),
        rows in prop::collection::vec(row(true), 1..16),
    ) {
        let policies = loaded(&text);
        prop_assume!(policies.is_some());
        for (row, (shown, permitted, _)) in rows.iter().zip(both(&policies.unwrap(), &rows)) {
            prop_assert!(permitted || !shown, "{row:?}\n{text}");
        }
    }
}
