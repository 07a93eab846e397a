//! Generated policies over generated rows: the rule must show the rows that plain Cedar permits.

mod made;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

use cedar_policy::{Context, Decision, Entity, EntityUid, Request, RestrictedExpression};
use membrane_catalog::{Catalog, Dataset};
use membrane_model::ColumnName;
use proptest::prelude::*;

use made::{WORLD, condition, row, strange};

use crate::ask::Asker;
use crate::fixture::{PAIR, SCHEMA, catalog, folder, load, noon};
use crate::rows::decide_rows;
use crate::{Policies, PolicyError, RowRule, RowValue};

/// A row: the columns that have a value in it.
type Row = BTreeMap<&'static str, RowValue>;

fn world() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| catalog(&WORLD))
}

fn members() -> &'static Dataset {
    world().dataset(&"members".parse().unwrap()).unwrap()
}

fn policies(condition: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    policies_about(&["principal is Analyst"], 1..4, condition)
}

fn policies_about(
    who: &'static [&'static str],
    count: Range<usize>,
    condition: BoxedStrategy<String>,
) -> impl Strategy<Value = String> {
    let policy = (prop::bool::weighted(0.7), prop::sample::select(who), condition);
    prop::collection::vec(policy, count).prop_map(|policies| {
        let one = |(index, (permit, who, condition)): (usize, (bool, &str, String))| {
            let effect = if permit { "permit" } else { "forbid" };
            format!(
                "@id(\"p{index}\") {effect} ({who}, action == Action::\"readRow\", \
                 resource is Row::members)\nwhen {{ {condition} }};\n"
            )
        };
        policies.into_iter().enumerate().map(one).collect()
    })
}

/// What plain Cedar says about one whole row: permitted, and whether a policy erred.
fn cedar(policies: &Policies, asker: &Asker<'_>, row: &Row) -> (bool, bool) {
    let uid: EntityUid = "Row::members::\"1\"".parse().unwrap();
    let attributes = attributes(row);
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

/// What Cedar knows of a row: its columns under their names in policies, and the purposes that it consents to.
fn attributes(row: &Row) -> HashMap<String, RestrictedExpression> {
    let mut attributes = HashMap::new();
    let mut consents = Vec::new();
    for column in &members().columns {
        let Some(value) = row.get(column.name.as_str()) else { continue };
        if *value == RowValue::Boolean(true) {
            let purposes = column.policy.consent_for.iter();
            consents.extend(purposes.map(|one| RestrictedExpression::new_string(one.to_string())));
        }
        attributes.insert(column.attribute().to_string(), expression(value));
    }
    attributes.insert(Dataset::CONSENTS.to_owned(), RestrictedExpression::new_set(consents));
    attributes
}

fn expression(value: &RowValue) -> RestrictedExpression {
    match value {
        RowValue::String(text) => RestrictedExpression::new_string(text.clone()),
        RowValue::Integer(number) => RestrictedExpression::new_long(*number),
        RowValue::Boolean(flag) => RestrictedExpression::new_bool(*flag),
        RowValue::Date(_) => RestrictedExpression::new_datetime(value.to_string()),
        // Cedar counts milliseconds: the microseconds of one are the same to it.
        RowValue::Timestamp(micros) => {
            let whole = RowValue::Timestamp(micros.div_euclid(1_000) * 1_000).to_string();
            RestrictedExpression::new_datetime(whole)
        }
        RowValue::Decimal { scale: 0, .. } => RestrictedExpression::new_decimal(format!("{value}.0")),
        RowValue::Decimal { .. } => RestrictedExpression::new_decimal(value.to_string()),
    }
}

/// Loads generated policies. Nothing when the validator found out that one can never apply.
fn loaded(text: &str) -> Option<Policies> {
    of_loaded(text, load(world(), text))
}

/// The same, with Bea and Cho.
fn loaded_for_two(text: &str) -> Option<Policies> {
    of_loaded(text, Policies::load(folder(SCHEMA, PAIR, text).path(), world()))
}

fn of_loaded(text: &str, loaded: Result<Policies, PolicyError>) -> Option<Policies> {
    match loaded {
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
    let verdict = decide_rows(&asker, members(), &policies.world.datasets[&name]);
    rows.iter()
        .map(|row| {
            let cell = |column: &ColumnName| row.get(column.as_str()).cloned();
            let (permitted, erred) = cedar(policies, &asker, row);
            (verdict.rule.shows(&cell), permitted, erred)
        })
        .collect()
}

/// Somebody who asks for marketing.
fn asker<'a>(policies: &'a Policies, who: &str) -> Asker<'a> {
    let principal = &policies.world.principals[&who.parse().unwrap()];
    Asker::new(policies, principal, Some(&"marketing".parse().unwrap()), noon()).unwrap()
}

fn rule(asker: &Asker<'_>) -> RowRule {
    let name = "members".parse().unwrap();
    decide_rows(asker, members(), &asker.policies.world.datasets[&name]).rule
}

const OF_TWO: [&str; 5] = [
    "principal is Analyst",
    "principal == Analyst::\"ana\"",
    "principal == Analyst::\"bea\"",
    "principal is Analyst in Group::\"marketing\"",
    "principal is Analyst in Group::\"other\"",
];

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

    /// Bea acts for Ana: she sees the rows that Ana sees and that nothing forbids to Bea, and no others. What forbids something to
    /// Bea is what is left of a set that permits everything besides.
    #[test]
    fn who_acts_for_another_sees_what_that_one_does_above_their_own_floor(
        text in policies_about(&OF_TWO, 1..6, condition()),
        rows in prop::collection::vec(row(false), 1..16),
    ) {
        let all = "@id(\"all\") permit (principal, action == Action::\"readRow\", resource);\n";
        let both = (loaded_for_two(&text), loaded_for_two(&format!("{all}{text}")));
        prop_assume!(both.0.is_some() && both.1.is_some());
        let (policies, with_all) = (both.0.unwrap(), both.1.unwrap());
        let (ana, bea) = (asker(&policies, "analyst:ana"), asker(&policies, "analyst:bea"));
        let above = asker(&with_all, "analyst:bea");
        let (own, acting, floor) = (rule(&ana), rule(&asker(&policies, "analyst:ana").above(bea)), rule(&above));
        for row in &rows {
            let cell = |column: &ColumnName| row.get(column.as_str()).cloned();
            let shown = acting.shows(&cell);
            let (of_ana, of_bea) = (cedar(&policies, &ana, row).0, cedar(&with_all, &above, row).0);
            prop_assert_eq!(shown, of_ana && of_bea, "{:?}\n{}", row, text);
            prop_assert_eq!(shown, own.shows(&cell) && floor.shows(&cell), "{:?}\n{}", row, text);
        }
    }

    #[test]
    fn who_acts_for_another_never_sees_more_even_of_what_is_not_translated(
        text in policies_about(&OF_TWO, 1..6, prop_oneof![condition(), strange()].boxed()),
        rows in prop::collection::vec(row(true), 1..16),
    ) {
        let all = "@id(\"all\") permit (principal, action == Action::\"readRow\", resource);\n";
        let both = (loaded_for_two(&text), loaded_for_two(&format!("{all}{text}")));
        prop_assume!(both.0.is_some() && both.1.is_some());
        let (policies, with_all) = (both.0.unwrap(), both.1.unwrap());
        let (ana, above) = (asker(&policies, "analyst:ana"), asker(&with_all, "analyst:bea"));
        let (own, floor) = (rule(&ana), rule(&above));
        let acting = rule(&asker(&policies, "analyst:ana").above(asker(&policies, "analyst:bea")));
        for row in &rows {
            let cell = |column: &ColumnName| row.get(column.as_str()).cloned();
            let most = own.shows(&cell) && floor.shows(&cell);
            prop_assert!(most || !acting.shows(&cell), "{row:?}\n{text}");
        }
    }
}
