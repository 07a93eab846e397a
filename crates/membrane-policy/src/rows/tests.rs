//! Row rules, and the proof by many small worlds that they say what Cedar says.

mod worlds;

use membrane_model::{Action, ColumnName};

use crate::fixture::Hub;
use crate::{CompareOperator, RowExpr, RowRule, RowValue};

const READ: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource);
@id("columns") permit (principal is Analyst, action == Action::"readClear", resource);
"#;

/// Loads row policies and compares the rule for Ana on `members`.
fn check(policies: &str, expected: &RowRule) {
    let hub = Hub::new(&format!("{READ}{policies}"));
    let granted = hub.ask("analyst:ana", Action::Read, "marketing", "members").unwrap();
    assert_eq!(granted.row_rule, *expected);
}

fn check_when(policies: &str, expected: RowExpr) {
    check(policies, &RowRule::When(expected));
}

fn name(text: &str) -> ColumnName {
    text.parse().unwrap()
}

fn text(value: &str) -> RowValue {
    RowValue::String(value.to_owned())
}

fn compare(column: &str, operator: CompareOperator, value: RowValue) -> RowExpr {
    RowExpr::Compare { column: name(column), operator, value }
}

fn permit_when(condition: &str) -> String {
    format!(
        "@id(\"rows\") permit (principal is Analyst, action == Action::\"readRow\", resource is Row::members)\n\
         when {{ {condition} }};"
    )
}

#[test]
fn no_policy_shows_no_row() {
    check("", &RowRule::None);
}

#[test]
fn a_permit_without_conditions_shows_every_row() {
    check(r#"@id("all") permit (principal, action == Action::"readRow", resource);"#, &RowRule::All);
    let dataset = r#"
@id("all") permit (principal, action == Action::"readRow", resource)
when { resource in Dataset::"members" };"#;
    check(dataset, &RowRule::All);
    check(&dataset.replace("members", "stores"), &RowRule::None);
}

#[test]
fn regions_of_the_principal_become_a_list() {
    check_when(
        &permit_when("resource has region && principal.regions.contains(resource.region)"),
        RowExpr::And(vec![
            RowExpr::Has(name("region")),
            RowExpr::In { column: name("region"), values: vec![text("BJ"), text("SH")] },
        ]),
    );
}

#[test]
fn a_required_column_is_asked_to_be_there() {
    check_when(
        &permit_when("resource.points >= 10 || resource.consent"),
        RowExpr::And(vec![
            RowExpr::Or(vec![
                compare("points", CompareOperator::GtEq, RowValue::Integer(10)),
                RowExpr::IsTrue(name("consent")),
            ]),
            RowExpr::Has(name("consent")),
            RowExpr::Has(name("points")),
        ]),
    );
}

#[test]
fn every_operator_translates() {
    let premium = || RowExpr::And(vec![RowExpr::Has(name("premium")), RowExpr::IsTrue(name("premium"))]);
    for (condition, expected) in [
        ("resource has city && resource.city != \"X\"", compare("city", CompareOperator::NotEq, text("X"))),
        (
            "resource has visits && 3 < resource.visits",
            compare("visits", CompareOperator::Gt, RowValue::Integer(3)),
        ),
        (
            "resource has premium && resource.premium == false",
            compare("premium", CompareOperator::Eq, RowValue::Boolean(false)),
        ),
        (
            "resource has city && resource.city like \"100%_*\"",
            RowExpr::Like { column: name("city"), pattern: r"100\%\_%".to_owned() },
        ),
    ] {
        let column = expected.columns().pop_first().unwrap();
        check_when(&permit_when(condition), RowExpr::And(vec![RowExpr::Has(column), expected]));
    }
    check_when(
        &permit_when("!(resource has premium && resource.premium)"),
        RowExpr::Not(Box::new(premium())),
    );
    check_when(
        &permit_when("if resource has premium then resource.premium else true"),
        RowExpr::Or(vec![premium(), RowExpr::Not(Box::new(RowExpr::Has(name("premium"))))]),
    );
}

#[test]
fn forbids_take_away() {
    let all = r#"@id("all") permit (principal, action == Action::"readRow", resource);"#;
    check_when(
        &format!(
            "{all}\n@id(\"no\") forbid (principal, action == Action::\"readRow\", resource is Row::members)
             unless {{ resource has premium && resource.premium }};"
        ),
        RowExpr::And(vec![RowExpr::Has(name("premium")), RowExpr::IsTrue(name("premium"))]),
    );
    check(
        &format!(
            "{all}\n@id(\"no\") forbid (principal is Analyst, action == Action::\"readRow\", resource);"
        ),
        &RowRule::None,
    );
}

#[test]
fn what_cannot_be_translated_hides() {
    let sum = "resource.points + 1 > 3";
    let columns = "resource has city && resource.city == resource.region";
    for condition in [sum, columns] {
        check(&permit_when(condition), &RowRule::None);
        // Another permit still holds.
        let other = format!(
            "{}\n@id(\"other\") permit (principal, action == Action::\"readRow\", resource is Row::members)
             when {{ resource.consent }};",
            permit_when(condition)
        );
        let consent = RowExpr::And(vec![RowExpr::IsTrue(name("consent")), RowExpr::Has(name("consent"))]);
        check_when(&other, consent);
        // A forbid of the kind hides everything.
        let forbid = format!(
            "@id(\"all\") permit (principal, action == Action::\"readRow\", resource);
             @id(\"no\") forbid (principal, action == Action::\"readRow\", resource is Row::members)
             when {{ {condition} }};"
        );
        check(&forbid, &RowRule::None);
    }
}

#[test]
fn an_erring_forbid_hides_every_row() {
    let policies = r#"
@id("all") permit (principal, action == Action::"readRow", resource);
@id("errs") forbid (principal is Analyst, action == Action::"readRow", resource)
when { principal.clearance + 9223372036854775807 > 0 };
"#;
    check(policies, &RowRule::None);
}
