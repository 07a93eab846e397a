//! Row rules, and the proof by many small worlds that they say what Cedar says.

mod worlds;

use membrane_model::{Action, ColumnName};

use crate::fixture::{Contract, Hub, MEMBERS, catalog, load, noon};
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

/// Compares the rule of a condition with what is expected beside that the required columns are there.
fn check_moments(cases: &[(&str, RowExpr)]) {
    for (condition, expected) in cases {
        let column = expected.columns().pop_first().unwrap();
        let hub = Hub::of(&MOMENTS, &format!("{READ}{}", permit_when(condition)));
        let granted = hub.ask("analyst:ana", Action::Read, "marketing", "members").unwrap();
        let expected = RowExpr::all([expected.clone(), RowExpr::Has(column)]);
        assert_eq!(granted.row_rule, RowRule::When(expected), "{condition}");
    }
}

const MOMENTS: [Contract<'_>; 1] = [(
    "members",
    None,
    &[
        "born date business clear required",
        "seen_at timestamp business clear required attribute=seen",
        "spent decimal(6,2) business clear required",
        "agreed boolean business clear required consent=marketing",
    ],
)];

/// It is noon of 22 November 2026: day 20779, and 6574 days earlier is 22 November 2008.
#[test]
fn days_and_instants_are_compared_with_constants_and_with_the_time() {
    use CompareOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    let day = |operator, days| compare("born", operator, RowValue::Date(days));
    let instant = |operator, micros| compare("seen_at", operator, RowValue::Timestamp(micros));
    let noon = noon().timestamp_micros();
    check_moments(&[
        ("resource.born <= context.time.offset(duration(\"-6574d\"))", day(LtEq, 14_205)),
        // Today is not yet after noon, and tomorrow is.
        ("resource.born < context.time", day(Lt, 20_780)),
        ("context.time < resource.born", day(Gt, 20_779)),
        ("resource.born == context.time.toDate()", day(Eq, 20_779)),
        ("resource.born != datetime(\"1969-12-31\")", day(NotEq, -1)),
        ("resource.born == context.time", RowExpr::all([day(GtEq, 20_780), day(LtEq, 20_779)])),
        // Beyond every day that a column can have.
        (
            "resource.born < datetime(\"1970-01-01\").offset(duration(\"9223372036854775807ms\"))",
            day(LtEq, i32::MAX),
        ),
        ("resource.seen >= context.time", instant(GtEq, noon)),
        ("resource.seen > context.time", instant(Gt, noon + 999)),
        ("resource.seen == context.time", RowExpr::all([instant(GtEq, noon), instant(LtEq, noon + 999)])),
    ]);
}

#[test]
fn decimals_are_compared_in_their_own_scale() {
    use CompareOperator::{Eq, Gt, GtEq, Lt, LtEq};
    let spent = |operator, unscaled| compare("spent", operator, RowValue::Decimal { unscaled, scale: 2 });
    check_moments(&[
        ("resource.spent.lessThan(decimal(\"12.5\"))", spent(Lt, 1250)),
        ("decimal(\"12.5\").lessThan(resource.spent)", spent(Gt, 1250)),
        ("resource.spent == decimal(\"12.50\")", spent(Eq, 1250)),
        ("resource.spent.lessThan(decimal(\"12.505\"))", spent(Lt, 1251)),
        ("resource.spent.lessThanOrEqual(decimal(\"12.505\"))", spent(LtEq, 1250)),
        ("resource.spent.greaterThan(decimal(\"-0.005\"))", spent(Gt, -1)),
        ("resource.spent == decimal(\"0.001\")", RowExpr::all([spent(GtEq, 1), spent(LtEq, 0)])),
        ("resource.spent.greaterThanOrEqual(decimal(\"10000.0\"))", spent(Gt, 999_999)),
        ("resource.spent.greaterThanOrEqual(decimal(\"-10000.0\"))", spent(GtEq, -999_999)),
    ]);
}

/// `service` is a purpose that nobody can consent to here.
#[test]
fn consents_are_the_columns_that_say_so() {
    let consent = || RowExpr::all([RowExpr::Has(name("agreed")), RowExpr::IsTrue(name("agreed"))]);
    check_moments(&[
        ("resource.consents.contains(\"marketing\")", consent()),
        ("resource.consents.contains(context.purpose)", consent()),
        ("resource.consents.containsAll([\"marketing\", context.purpose])", consent()),
        ("resource.consents.containsAny([\"marketing\", \"service\"])", consent()),
        ("[context.purpose].containsAny(resource.consents)", consent()),
        ("!(resource.consents.contains(\"marketing\"))", RowExpr::Not(Box::new(consent()))),
    ]);
    for never in ["contains(\"service\")", "containsAll([\"marketing\", \"service\"])"] {
        let hub = Hub::of(&MOMENTS, &format!("{READ}{}", permit_when(&format!("resource.consents.{never}"))));
        let granted = hub.ask("analyst:ana", Action::Read, "marketing", "members").unwrap();
        assert_eq!(granted.row_rule, RowRule::None);
    }
}

/// Names in policies are attributes, and a dataset without consents has no set of them.
#[test]
fn a_policy_that_names_what_a_row_does_not_have_is_refused() {
    let refused = |contracts: &[Contract<'_>], condition: &str, reason: &str| {
        let error = load(&catalog(contracts), &permit_when(condition)).unwrap_err().to_string();
        assert!(error.contains(reason), "{condition}: {error}");
    };
    refused(&MEMBERS, "resource.consents.contains(\"marketing\")", "consents");
    refused(&MOMENTS, "resource.seen_at < context.time", "seen_at");
    refused(&MOMENTS, "resource.consents.contains(\"marketting\")", "there is no purpose `marketting`");
    refused(&MOMENTS, "resource.consents.containsAny([\"x\"])", "there is no purpose `x`");
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
