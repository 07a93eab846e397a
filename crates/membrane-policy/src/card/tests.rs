use std::path::Path;

use membrane_catalog::yaml::Report;

use super::*;
use crate::fixture::{Hub, MEMBERS, catalog, load_cards};
use crate::{Policies, PolicyError};

fn read(text: &str) -> (Vec<Card>, Vec<String>) {
    let mut report = Report::new(Path::new("cards/test.yaml"));
    let cards = read_cards(Path::new("cards/test.yaml"), text, &mut report);
    (cards, report.into_faults().iter().map(|fault| format!("{}: {}", fault.line, fault.message)).collect())
}

fn card(text: &str) -> Card {
    let (mut cards, faults) = read(text);
    assert_eq!(faults, Vec::<String>::new(), "{text}");
    assert_eq!(cards.len(), 1, "{text}");
    cards.remove(0)
}

/// Checks what becomes of a card.
fn check(lines: &str, words: &str, cedar: &str) {
    let card = card(&format!("cards:\n  - id: test.card\n    because: somebody asked\n{lines}"));
    assert_eq!(card.words(), words);
    assert_eq!(card.cedar(), cedar);
}

#[test]
fn columns_are_shown_in_one_way() {
    check(
        "    who: { kind: analyst, groups: [marketing] }
    purposes: [marketing]
    may: see
    as: partial(3,4)
    classes: [pii.phone]
    datasets: [members]
",
        "Analysts in marketing may see columns of class pii.phone in members as partial(3,4), for marketing.",
        r#"@id("test.card")
@partial("partial(3,4)")
permit (
  principal is Analyst in Group::"marketing",
  action == Action::"readPartial",
  resource in Class::"pii.phone"
)
when {
  resource in Dataset::"members" &&
  context.purpose == "marketing"
};
"#,
    );
}

#[test]
fn a_grant_is_a_card_with_a_name_and_an_end() {
    check(
        "    who: { principals: [analyst:ana] }
    purposes: [marketing, service]
    from: 2026-11-01
    until: 2026-12-31
    may: see
    as: token(ff1)
    columns: [members.phone, members.device]
",
        "analyst:ana may see members.phone or members.device as a token(ff1), for marketing or service, from 2026-11-01 to 2026-12-31.",
        r#"@id("test.card")
@token("ff1")
permit (
  principal in Analyst::"ana",
  action == Action::"readToken",
  resource
)
when {
  resource in [Column::"members.phone", Column::"members.device"] &&
  ["marketing", "service"].contains(context.purpose) &&
  context.time >= datetime("2026-11-01") &&
  context.time < datetime("2027-01-01")
};
"#,
    );
}

#[test]
fn rows_are_shown_by_conditions() {
    check(
        "    who: { kind: analyst, clearance: 2 }
    purposes: marketing
    may: see-rows
    datasets: members
    where:
      - { column: region, among: regions }
      - { column: city, one-of: [Shanghai, \"a \\\"quoted\\\" one\"] }
      - { column: points, at-least: -5 }
      - { column: consent, is: true }
",
        "Analysts with clearance 2 or more may see rows of members where region is one of their regions and city is \
         `Shanghai` or `a \"quoted\" one` and points is -5 or more and consent is true, for marketing.",
        r#"@id("test.card")
permit (
  principal is Analyst,
  action == Action::"readRow",
  resource is Row::members
)
when {
  resource has region && principal.regions.contains(resource.region) &&
  resource has city && ["Shanghai", "a \"quoted\" one"].contains(resource.city) &&
  resource has points && resource.points >= (-5) &&
  resource has consent && resource.consent == true &&
  principal.clearance >= 2 &&
  context.purpose == "marketing"
};
"#,
    );
}

#[test]
fn what_must_not_be_is_a_forbid() {
    check(
        "    who: { kind: partner }
    must-not: see
    above: token
    classes: [pii]
",
        "Partners must not see more of columns of class pii than the level token.",
        r#"@id("test.card")
forbid (
  principal is Partner,
  action in [Action::"readClear", Action::"readPartial", Action::"readGeneralised"],
  resource in Class::"pii"
);
"#,
    );
    check(
        "    must-not: see-rows
    datasets: [members]
    purposes: [marketing]
    unless: [{ column: consent, is: true }]
",
        "Nobody may see rows of members unless consent is true, for marketing.",
        r#"@id("test.card")
forbid (
  principal,
  action == Action::"readRow",
  resource is Row::members
)
when {
  context.purpose == "marketing"
}
unless {
  resource has consent && resource.consent == true
};
"#,
    );
}

#[test]
fn what_is_forbidden_to_everybody_nobody_may() {
    check(
        "    must-not: look-up\n    classes: [pii.phone]\n",
        "Nobody may look up exact values in columns of class pii.phone.",
        "@id(\"test.card\")\nforbid (\n  principal,\n  action == Action::\"lookUp\",\n  resource in Class::\"pii.phone\"\n);\n",
    );
    let words = |lines: &str| card(&format!("cards:\n  - id: a\n    because: b\n{lines}")).words();
    assert_eq!(words("    must-not: see\n    classes: pii\n"), "Nobody may see columns of class pii.");
    assert_eq!(words("    must-not: look-up\n"), "Nobody may look up exact values in any column.");
    assert_eq!(words("    must-not: use\n"), "Nobody may use any dataset in SQL.");
    assert_eq!(
        words("    must-not: see\n    above: token\n    classes: pii\n"),
        "Nobody may see more of columns of class pii than the level token."
    );
    assert_eq!(
        words("    must-not: see\n    classes: pii\n    who: { kind: partner }\n"),
        "Partners must not see columns of class pii."
    );
}

/// Every way that is told can be written.
#[test]
fn a_way_to_show_a_column_that_is_missing_or_unknown_lists_them_all() {
    for (lines, start) in [
        ("    may: see\n    classes: [pii]\n", "has no `as`, how the columns are shown: one of `clear`, "),
        (
            "    may: see\n    as: monht\n    classes: [pii]\n",
            "`as` is not a way to show a column: it is one of `clear`, ",
        ),
    ] {
        let (_, faults) = read(&format!("cards:\n  - id: a\n    because: b\n{lines}"));
        let told = faults.iter().find(|fault| fault.contains(start)).unwrap_or_else(|| panic!("{faults:?}"));
        let (_, ways) = told.split_once("one of ").unwrap();
        let (ways, _) = ways.split_once(", with numbers").unwrap();
        assert_eq!(ways.split(", ").count(), 16, "{told}");
        for way in ways.split(", ") {
            way.trim_matches('`').parse::<Shown>().unwrap();
        }
        assert_eq!(told.contains("did you mean `month`?"), lines.contains("monht"), "{told}");
    }
}

#[test]
fn faults_say_what_to_write() {
    let check = |lines: &str, expected: &str| {
        let (_, faults) = read(&format!("cards:\n  - id: a\n    because: b\n{lines}"));
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{lines}\n{faults:?}");
    };
    check(
        "    may: seee\n",
        "`may` of card `a` is one of `use`, `release`, `see`, `look-up`, `see-rows`, did you mean `see`?",
    );
    check("    may: use\n    must-not: use\n", "one of `may` and `must-not`");
    check("    may: use\n", "card `a` has no `who`");
    check("    may: use\n    who: { kind: analyst }\n", "card `a` has no `purposes`");
    check("    may: use\n    as: clear\n", "`as` has no meaning with `may: use`");
    check("    may: see\n    as: partly\n    classes: [pii]\n", "`as` is not a way to show a column");
    check("    may: see\n    as: clear\n", "must name `classes` or `columns`");
    check("    may: see\n    as: clear\n    columns: [phone]\n", "expected `DATASET.COLUMN`");
    check("    must-not: see\n    above: clear\n", "takes nothing away");
    check(
        "    may: use\n    who: { kind: analist }\n",
        "`kind` is one of analyst, partner, compliance, operator, service, did you mean `analyst`?",
    );
    check(
        "    may: use\n    who: { kind: analyst, principals: [partner:acme] }\n",
        "names a principal that is no analyst",
    );
    check("    may: use\n    who: { groups: [] }\n", "lists nothing");
    check("    may: use\n    until: soon\n", "`until` is a day");
    check("    may: use\n    from: 2026-02-01\n    until: 2026-01-01\n", "ends before it begins");
    check("    may: see-rows\n    where: [{ column: region }]\n", "has one of `among`, `is`");
    check("    may: see-rows\n    where: [{ column: region, is: 1.5 }]\n", "a whole number or a truth value");
    check("    may: see-rows\n    wher: []\n", "unknown key `wher`, did you mean `where`?");
}

fn load(policies: &str, cards: &str) -> Result<Policies, PolicyError> {
    load_cards(&catalog(&MEMBERS), policies, cards)
}

const USE: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource) when { context.purpose == "marketing" };
"#;

#[test]
fn cards_decide_as_policies_do() {
    let policies = load(
        USE,
        "cards:
  - { id: phone, because: b, who: { kind: analyst }, purposes: [marketing], may: see, as: \"partial(3,4)\", classes: [pii.phone] }
  - { id: rows, because: b, who: { kind: analyst }, purposes: [marketing], may: see-rows, datasets: [members],
      where: [{ column: region, among: regions }] }
",
    )
    .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((policies.count(), policies.cards().len()), (3, 2));
    let hub = Hub { catalog: catalog(&MEMBERS).into(), policies: policies.into() };
    let granted = hub.ask("analyst:ana", membrane_model::Action::Read, "marketing", "members").unwrap();
    let shown: Vec<_> =
        granted.columns.iter().map(|column| (column.column.as_str(), column.factors.join(" "))).collect();
    assert_eq!(shown, [("phone", "phone".to_owned())]);
    assert!(matches!(granted.row_rule, crate::RowRule::When(_)), "{:?}", granted.row_rule);
}

#[test]
fn what_cedar_says_of_a_card_points_at_the_card() {
    let error = load(
        USE,
        "cards:\n  - { id: rows, because: b, who: { groups: marketing }, purposes: [marketing], may: look-up, classes: [pii] }\n  \
         - { id: read, because: b, who: { kind: analyst }, purposes: [marketing], may: use }\n  \
         - { id: never, because: b, who: { kind: partner }, purposes: [marketing], may: look-up, classes: [pii] }\n",
    )
    .unwrap_err()
    .to_string();
    let told = |place: &str, part: &str| {
        assert!(
            error.lines().any(|line| line.contains(place) && line.contains(part)),
            "{place} {part}: {error}"
        );
    };
    told("cards/test.yaml:3:5", "card `read`: the id is taken in");
    told("cards/test.yaml:4:5", "card `never`: policy is impossible");
}

#[test]
fn days_are_whole_and_in_order() {
    check(
        "    who: { kind: analyst }
    purposes: marketing
    may: see-rows
    datasets: members
    where:
      - { column: joined, at-least: 2026-01-01 }
      - { column: joined, at-most: 2026-12-31 }
",
        "Analysts may see rows of members where joined is 2026-01-01 or later and joined is 2026-12-31 or earlier, for marketing.",
        r#"@id("test.card")
permit (
  principal is Analyst,
  action == Action::"readRow",
  resource is Row::members
)
when {
  resource has joined && resource.joined >= datetime("2026-01-01") &&
  resource has joined && resource.joined < datetime("2027-01-01") &&
  context.purpose == "marketing"
};
"#,
    );
}
