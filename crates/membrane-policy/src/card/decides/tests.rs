use chrono::{DateTime, Utc};

use crate::fixture::{MEMBERS, catalog, load_cards, noon, told};

const PHONE: &str = "
  - id: phone
    because: b
    who: { kind: analyst }
    purposes: marketing
    may: see
    as: partial(3,4)
    classes: pii.phone
";

fn check_at(policies: &str, cards: &str, now: DateTime<Utc>, expected: &[&str]) {
    let catalog = catalog(&MEMBERS);
    let policies = load_cards(&catalog, policies, &format!("cards:{cards}"));
    let policies = policies.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(told(policies.review_faults()), Vec::<String>::new());
    assert_eq!(told(&policies.idle_cards(&catalog, now)), expected, "{cards}");
}

fn check(policies: &str, expected: &[&str]) {
    check_at(policies, PHONE, noon(), expected);
}

#[test]
fn a_card_that_never_decides_names_who_does() {
    check("", &[]);
    let coarser = |more: &str| {
        format!(
            r#"@id("coarse") @partial("partial(0,2)")
            permit (principal is Analyst, action == Action::"readPartial", resource in Class::"pii") {more};"#
        )
    };
    check(&coarser(""), &["7:9: card `phone`: it decides for nobody: `coarse` shows less at the same level"]);
    // For another purpose, or a group that nobody is in: the card decides.
    check(&coarser(r#"when { context.purpose == "service" }"#), &[]);
    check(&coarser(r#"when { principal in Group::"other" }"#), &[]);
    // It shows more, and the card shows least.
    check(
        r#"@id("finer") @partial("partial(4,4)")
        permit (principal is Analyst, action == Action::"readPartial", resource in Class::"pii");"#,
        &[],
    );
    check(
        r#"@id("floor") forbid (principal, action == Action::"readPartial", resource in Class::"pii");"#,
        &["7:9: card `phone`: it decides for nobody: it is forbidden by `floor`"],
    );
    // All that there are see more: the card may be for those who come.
    check(
        r#"@id("more") permit (principal is Analyst, action == Action::"readClear", resource in Class::"pii");"#,
        &[],
    );
}

#[test]
fn a_card_about_nobody_that_there_is_is_not_told() {
    let cards = PHONE.replace("{ kind: analyst }", "{ kind: analyst, groups: other }");
    let coarse = r#"@id("coarse") @partial("partial(0,2)")
        permit (principal is Analyst, action == Action::"readPartial", resource in Class::"pii");"#;
    check_at(coarse, &cards, noon(), &[]);
}

#[test]
fn a_card_whose_time_is_over_is_told() {
    let until = |day: &str| format!("{PHONE}    until: {day}\n");
    check_at("", &until("2026-11-22"), noon(), &[]);
    let over =
        "9:12: card `phone`: it gives nothing any more: it ended on 2026-11-21; remove it, or prolong it";
    check_at("", &until("2026-11-21"), noon(), &[over]);
    // What begins later is asked as of then.
    let later = format!("{PHONE}    from: 2027-01-01\n");
    check_at("", &later, noon(), &[]);
    let floor = r#"@id("floor") forbid (principal, action == Action::"readPartial", resource)
        when { context.time < datetime("2026-12-01") };"#;
    check_at(floor, &later, noon(), &[]);
}

/// What the floor forbids unless the glass is broken is not idle: it is for then.
#[test]
fn a_card_for_broken_glass_decides_then() {
    let floor = |unless: &str| {
        format!(
            r#"@id("floor") forbid (principal, action == Action::"readPartial", resource in Class::"pii") {unless};"#
        )
    };
    check(&floor("unless { context has breakGlass && context.breakGlass.contains(resource) }"), &[]);
    check(&floor(""), &["7:9: card `phone`: it decides for nobody: it is forbidden by `floor`"]);
}
