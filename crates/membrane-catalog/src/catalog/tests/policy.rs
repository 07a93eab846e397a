//! What policies on rows know of a column.

use membrane_model::{ColumnName, Purpose};

use super::*;

/// Adds a column at the end of the valid contract, in `logicalType`, protection and settings, and expects
/// these faults of it.
fn check_column(name: &str, logical: &str, protection: &str, settings: &[(&str, &str)], expected: &[&str]) {
    let dir = write_contracts(&[("orders.yaml", &with_column(name, logical, protection, settings))]);
    let found: Vec<_> = match Catalog::load(dir.path()) {
        Ok(_) => Vec::new(),
        Err(error) => error.faults().iter().map(|fault| fault.message.clone()).collect(),
    };
    assert_eq!(found, expected, "{name} {settings:?}");
}

fn with_column(name: &str, logical: &str, protection: &str, settings: &[(&str, &str)]) -> String {
    let settings: String = settings
        .iter()
        .map(|(name, value)| format!("          - {{property: membrane.{name}, value: {value}}}\n"))
        .collect();
    format!(
        "{ORDERS}      - name: {name}\n        logicalType: {logical}\n        classification: business\n        \
         customProperties:\n          - {{property: membrane.protection, value: {protection}}}\n{settings}"
    )
}

const MARKETING: (&str, &str) = ("consentFor", "[marketing_analysis]");

#[test]
fn a_column_is_known_by_its_own_name_or_by_another() {
    let catalog = load(&with_column("a7", "string", "clear", &[("attribute", "area")]));
    let dataset = catalog.datasets().next().unwrap();
    let attribute = |name: &str| dataset.column(&name.parse::<ColumnName>().unwrap()).unwrap().attribute();
    assert_eq!((attribute("a7").as_str(), attribute("region").as_str()), ("area", "region"));
    let rules = dataset.columns.last().unwrap().describe().rules;
    assert_eq!(rules, ["`area` in policies"]);
    assert!(dataset.columns.last().unwrap().describe_alone().rules.is_empty());
}

#[test]
fn a_boolean_is_the_consent_for_purposes() {
    let both = ("consentFor", "[marketing_analysis, customer_service]");
    let catalog = load(&with_column("agreed", "boolean", "clear", &[both]));
    let dataset = catalog.datasets().next().unwrap();
    let consent = |purpose: &str| dataset.consent_for(&purpose.parse::<Purpose>().unwrap());
    assert_eq!(consent("marketing_analysis").unwrap().name.as_str(), "agreed");
    assert_eq!(consent("customer_service").unwrap().name.as_str(), "agreed");
    assert!(consent("other").is_none() && dataset.has_consents());
    assert!(!load(ORDERS).datasets().next().unwrap().has_consents());
    let rules = dataset.columns.last().unwrap().describe().rules;
    assert_eq!(rules, ["consent for marketing_analysis, customer_service"]);
    assert!(dataset.columns.last().unwrap().describe_alone().rules.is_empty());
}

#[test]
fn consents_are_booleans_in_clear_for_purposes_that_there_are() {
    check_column("agreed", "boolean", "clear", &[MARKETING], &[]);
    let wrong = |logical, protection, value, expected: &str| {
        check_column("agreed", logical, protection, &[("consentFor", value)], &[expected]);
    };
    let one = "[marketing_analysis]";
    let of = "column `agreed`";
    wrong(
        "string",
        "clear",
        one,
        &format!("{of}: `membrane.consentFor` is for booleans, the column is string"),
    );
    wrong("boolean", "sealed", one, &format!("{of}: `membrane.consentFor` needs the protection `clear`"));
    wrong("boolean", "clear", "[]", &format!("{of}: `membrane.consentFor` lists no purpose"));
    wrong("boolean", "clear", "true", "`membrane.consentFor` must be a list, here is a boolean");
    wrong(
        "boolean",
        "clear",
        "[7]",
        "a purpose in `membrane.consentFor` must be text, YAML reads it as a number: put it in quotes",
    );
    wrong(
        "boolean",
        "clear",
        "[marketing_analysys]",
        "purpose `marketing_analysys` is not in `purposes.yaml`, did you mean `marketing_analysis`?",
    );
    wrong(
        "boolean",
        "clear",
        "[marketing_analysis, marketing_analysis]",
        &format!("{of}: the consent for `marketing_analysis` is {of} already: a purpose has one"),
    );
}

#[test]
fn attributes_are_unique_and_stored() {
    check_column(
        "a7",
        "string",
        "clear",
        &[("attribute", "region")],
        &["column `a7`: `region` is what policies call column `region`"],
    );
    check_column(
        "a7",
        "string",
        "sealed",
        &[("attribute", "area")],
        &["column `a7`: `membrane.attribute` needs a stored value: clear or generalise(..)"],
    );
    check_column(
        "a7",
        "string",
        "clear",
        &[("attribute", "Area")],
        &[
            "`membrane.attribute` of column `a7` is not a column name: expected lower-case letters, digits and single `_`, a letter first, 63 at most",
        ],
    );
}

/// Names may change places: each is still one column's.
#[test]
fn names_may_change_places() {
    let swapped = with_column("a7", "string", "clear", &[("attribute", "region")]).replacen(
        "          - {property: membrane.enumeration, value: [SH, BJ, GD]}\n",
        "          - {property: membrane.enumeration, value: [SH, BJ, GD]}\n          - {property: membrane.attribute, value: a7}\n",
        1,
    );
    assert_eq!(load(&swapped).datasets().next().unwrap().columns.len(), 11);
}

#[test]
fn the_set_of_consents_has_its_name_for_itself() {
    let reserved = "`consents` is what policies call the purposes that a row consents to: give the column another `membrane.attribute`";
    check_column("consents", "boolean", "clear", &[MARKETING], &[&format!("column `consents`: {reserved}")]);
    let agreed = [MARKETING, ("attribute", "consents")];
    check_column("agreed", "boolean", "clear", &agreed, &[&format!("column `agreed`: {reserved}")]);
    check_column("consents", "boolean", "clear", &[MARKETING, ("attribute", "agreed")], &[]);
    check_column("consents", "string", "clear", &[], &[]);
}
