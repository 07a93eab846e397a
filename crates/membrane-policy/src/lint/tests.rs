//! Which tokens can be undone, by whom, and in what time.

use super::*;
use crate::fixture::{Hub, MEMBERS, PEOPLE, SCHEMA, catalog, folder, noon};

/// Ana reads members and sees some columns as tokens.
const TOKENS: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource == Dataset::"members");
@id("tokens") permit (principal is Analyst, action == Action::"readToken", resource)
when { [Column::"members.consent", Column::"members.phone", Column::"members.device"].contains(resource) && context.purpose == "marketing" };
"#;

const LOOK_UP: &str = r#"
@id("look-up") permit (principal is Analyst, action == Action::"lookUp", resource in Class::"pii.phone");
"#;

const CONSENT: &str = "members.consent is shown as a token to analyst:ana for marketing (policy tokens): 2 values; whoever knows \
     how often each occurs knows which is which";

fn check(policies: &str, lookups_per_hour: u32, expected: &[&str]) {
    let hub = Hub::new(policies);
    let found = hub.policies.lint(&hub.catalog, noon(), lookups_per_hour);
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(told, expected);
}

#[test]
fn few_values_are_told_apart_by_how_often_they_occur() {
    const PHONE: &str = "members.phone is shown as a token to analyst:ana for marketing (policy tokens): 100,000,000,000 values: with \
         the key stolen 9 hours on one core";
    check(TOKENS, 60, &[CONSENT, PHONE]);
    // Who may look up may try; at 60 an hour that takes 190,000 years.
    let policies = format!("{TOKENS}{LOOK_UP}");
    check(&policies, 60, &[CONSENT, &format!("{PHONE}; by looking up at 60 an hour never")]);
    check(&policies, u32::MAX, &[CONSENT, &format!("{PHONE}; by looking up at 4294967295 an hour 23 hours")]);
    check(&policies, 0, &[CONSENT, PHONE]);
}

#[test]
fn what_is_not_a_token_is_not_told() {
    check("@id(\"read\") permit (principal, action == Action::\"read\", resource);", 60, &[]);
    check(
        r#"@id("read") permit (principal is Analyst, action == Action::"read", resource);
           @id("clear") permit (principal is Analyst, action == Action::"readClear", resource == Column::"members.consent");"#,
        60,
        &[],
    );
}

#[test]
fn what_is_stored_coarser_has_fewer_values() {
    check(
        r#"@id("read") permit (principal is Analyst, action == Action::"read", resource);
           @id("month") permit (principal is Analyst, action == Action::"readToken", resource == Column::"members.born_month");"#,
        60,
        &[
            "members.born_month is shown as a token to analyst:ana for marketing, service (policy month): 1,200 values; whoever \
           knows how often each occurs knows which is which",
        ],
    );
}

#[test]
fn a_token_in_its_format_is_deciphered_at_once() {
    check(
        r#"@id("read") permit (principal is Analyst, action == Action::"read", resource);
           @id("a") @token("ff1") permit (principal is Analyst, action == Action::"readToken", resource == Column::"members.phone")
           when { context.purpose == "service" };
           @id("b") @token("ff1") permit (principal is Analyst, action == Action::"readToken", resource == Column::"members.phone")
           when { context.purpose == "service" };"#,
        60,
        &[
            "members.phone is shown as a token in its format to analyst:ana for service (policies a, b): 100,000,000,000 values: \
           with the key stolen at once",
        ],
    );
}

/// A token is one for all columns of a kind, so that a look-up in one of them tries the values of the others.
#[test]
fn a_look_up_counts_for_every_column_of_the_kind() {
    let members = |name| {
        let columns: &[&str] =
            &["member_no string pii.identifier sealed+token required", "phone string pii.phone sealed+token"];
        (name, Some("member_no"), columns)
    };
    let catalog = catalog(&[members("members"), members("callers")]);
    let policies = r#"@id("read") permit (principal is Analyst, action == Action::"read", resource);
        @id("tokens") permit (principal is Analyst, action == Action::"readToken", resource in Class::"pii.phone");
        @id("look-up") permit (principal is Analyst, action == Action::"lookUp", resource == Column::"callers.phone");"#;
    let policies = crate::fixture::load(&catalog, policies).unwrap();
    let found = policies.lint(&catalog, noon(), 60);
    assert!(found.len() == 2 && found.iter().all(|one| one.by_look_up.is_some()), "{found:?}");
}

/// Two who see the same for the same purposes are told together, and one who sees it for another is not.
#[test]
fn findings_are_merged_where_they_are_equal() {
    let catalog = catalog(&MEMBERS);
    let analyst = |name: &str| {
        format!(
            r#"{{ "uid": {{ "type": "Analyst", "id": "{name}" }}, "attrs": {{ "regions": [], "clearance": 1 }}, "parents": [] }},"#
        )
    };
    let people = PEOPLE.replacen('[', &format!("[{}{}", analyst("bo"), analyst("eva")), 1);
    let dir = folder(
        SCHEMA,
        &people,
        &TOKENS.replace(
            "context.purpose == \"marketing\"",
            "(context.purpose == \"marketing\" || principal == Analyst::\"eva\")",
        ),
    );
    let found = Policies::load(dir.path(), &catalog).unwrap().lint(&catalog, noon(), 60);
    let told: Vec<_> = found
        .iter()
        .filter(|one| one.small)
        .map(|one| (one.principals.iter().map(ToString::to_string).collect::<Vec<_>>(), one.purposes.len()))
        .collect();
    let both = vec!["analyst:ana".to_owned(), "analyst:bo".to_owned()];
    assert_eq!(told, [(both, 1), (vec!["analyst:eva".to_owned()], 2)]);
}

/// Loads policies with a file of waivers.
fn waived(waivers: &str) -> (Catalog, Policies) {
    let catalog = catalog(&MEMBERS);
    let dir = folder(SCHEMA, PEOPLE, TOKENS);
    let version = Policies::load(dir.path(), &catalog).unwrap().version().to_owned();
    std::fs::write(dir.path().join("waivers.yaml"), waivers).unwrap();
    let policies = Policies::load(dir.path(), &catalog).unwrap();
    assert_eq!(policies.version(), version);
    (catalog, policies)
}

#[test]
fn a_waiver_takes_a_small_one_on() {
    let waiver =
        "waivers:\n  - { column: members.consent, because: It is published., by: olga, until: 2026-11-22 }\n";
    let (catalog, policies) = waived(waiver);
    assert!(policies.review_faults().is_empty());
    let found = policies.lint(&catalog, noon(), 60);
    assert!(!found.iter().any(Weakness::is_refused));
    assert_eq!(found[0].to_string(), format!("{CONSENT}; waived by olga: It is published."));
    assert!(policies.idle_waivers(&found).is_empty());

    // The day after.
    let found = policies.lint(&catalog, noon() + TimeDelta::days(1), 60);
    assert!(found[0].is_refused() && !found[1].is_refused());
    let idle = policies.idle_waivers(&found);
    assert!(idle.len() == 1 && idle[0].line == 2, "{idle:?}");
}

#[test]
fn a_waiver_that_waives_nothing_is_a_fault() {
    let waiver = "waivers:\n  - { column: members.premium, because: It is published., by: olga }\n";
    let (catalog, policies) = waived(waiver);
    assert!(policies.review_faults().is_empty());
    let idle = policies.idle_waivers(&policies.lint(&catalog, noon(), 60));
    assert_eq!(idle.len(), 1);
    assert!(idle[0].message.ends_with("or the column is shown as a token to nobody"), "{idle:?}");

    let (_, policies) =
        waived("waivers:\n  - { column: members.phone, because: It is published., by: olga }\n");
    assert_eq!(policies.review_faults().len(), 1);
}

#[test]
fn the_repository_has_no_small_weakness_that_is_not_waived() {
    for below in [".", "examples/completejourney"] {
        let hub = Hub::repository(below);
        let found = hub.policies.lint(&hub.catalog, noon(), 60);
        let refused: Vec<String> =
            found.iter().filter(|one| one.is_refused()).map(ToString::to_string).collect();
        assert!(refused.is_empty(), "{refused:#?}");
        assert!(hub.policies.idle_waivers(&found).is_empty());
    }
}

/// One line for a column, whatever datasets have it and whoever sees it.
#[test]
fn what_is_one_to_a_reader_is_told_once() {
    let hub = Hub::repository("");
    let found = hub.policies.lint(&hub.catalog, noon(), 60);
    let told: Vec<String> = Weakness::together(&found).iter().map(ToString::to_string).collect();
    assert!(told.len() < found.len() / 2, "{told:#?}");
    assert_eq!(
        told[0],
        "member_no of crm_members, member_tags, pos_order_lines, pos_orders is shown as a token to analyst:ana, analyst:chen, analyst:kim, \
         analyst:lee for customer_service, marketing_analysis (policy analyst.tokens): 100,000,000 values: with the key \
         stolen 33 seconds on one core; by looking up at 60 an hour never (analyst:kim)"
    );
    let columns: Vec<&str> = told
        .iter()
        .map(|line| line.split([' ', '.']).find(|word| !word.ends_with("events")).unwrap())
        .collect();
    // What identifies somebody is a token to analysts, and, for tags, to the service that builds them.
    assert_eq!(columns, ["member_no", "member_no", "ip", "phone", "app_user_id", "app_user_id"]);
}

/// Policies that show a token later only are told of now, with the moment.
#[test]
fn what_is_shown_later_is_told_now() {
    let later = "when { context.purpose == \"marketing\" && context.time >= datetime(\"2027-01-01\") };";
    let policies = format!(
        "@id(\"read\") permit (principal is Analyst, action == Action::\"read\", resource == Dataset::\"members\");
         @id(\"tokens\") permit (principal is Analyst, action == Action::\"readToken\", resource == Column::\"members.consent\")
         {later}"
    );
    check(&policies, 60, &[&format!("{CONSENT}; from 2027-01-01T00:00:00Z on")]);
    let over = policies.replace(">=", "<").replace("2027", "2026");
    check(&over, 60, &[]);
}
