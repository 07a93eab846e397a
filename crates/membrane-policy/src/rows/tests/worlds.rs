//! Generated policies over generated rows: the rule must show the rows that plain Cedar permits.

mod made;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::OnceLock;

use cedar_policy::{Context, Decision, Entity, EntityUid, Request, RestrictedExpression};
use membrane_catalog::{Catalog, Dataset};
use membrane_model::ColumnName;
use proptest::prelude::*;

use made::{WORLD, condition, row, strange};

use crate::ask::Asker;
use crate::fixture::{catalog, load, noon};
use crate::rows::decide_rows;
use crate::{Policies, RowValue};

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
    match load(world(), text) {
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
