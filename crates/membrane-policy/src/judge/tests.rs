use membrane_model::Action;

use crate::RefusedReason;
use crate::fixture::{Hub, noon, request};
use crate::judge::{Extent, judge};

const POLICIES: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource == Dataset::"members")
when { context.purpose == "marketing" };
@id("columns") permit (principal is Analyst, action == Action::"readClear", resource in Class::"business");
@id("tokens") permit (principal is Analyst, action == Action::"readToken", resource in Class::"pii.phone");
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource);
@id("audit") permit (principal is Compliance, action == Action::"audit", resource);
@id("ingest") permit (principal is Operator, action == Action::"ingest", resource == Dataset::"members");
"#;

fn check_refused(who: &str, action: Action, purpose: &str, datasets: &[&str], expected: RefusedReason) {
    let judgement = Hub::new(POLICIES).judge(&request(who, action, purpose, datasets));
    let refused = judgement.verdict.unwrap_err();
    assert_eq!(refused.reason, expected, "{who} {action} {purpose} {datasets:?}");
    assert!(!judgement.decisions.is_empty());
    assert!(judgement.decisions.iter().all(|decision| !decision.allowed));
    if expected == RefusedReason::NotFound {
        assert!(refused.factors.is_empty());
    }
}

#[test]
fn a_permitted_dataset_has_its_columns_and_rows_on_record() {
    let hub = Hub::new(POLICIES);
    let judgement = hub.judge(&request("analyst:ana", Action::Read, "marketing", &["members", "members"]));
    assert_eq!(judgement.verdict.unwrap().len(), 1);
    let [decision] = judgement.decisions.as_slice() else { panic!("{:?}", judgement.decisions) };
    assert!(decision.allowed);
    assert_eq!(decision.reason, "permitted, every row");
    assert_eq!(decision.factors, ["read", "rows"]);
    assert_eq!(decision.policy_version, hub.policies.version());
    let levels: Vec<String> = decision
        .columns
        .iter()
        .map(|column| {
            let level = column.level.map_or("hidden", membrane_model::RevealLevel::as_str);
            format!("{} {level} {}", column.column, column.factors.join(","))
        })
        .collect();
    assert_eq!(decision.columns.len(), 14);
    assert!(levels.contains(&"phone token tokens".to_owned()), "{levels:?}");
    assert!(levels.contains(&"points clear columns".to_owned()), "{levels:?}");
    assert!(levels.contains(&"name hidden ".to_owned()), "{levels:?}");
}

#[test]
fn strangers_and_unknown_purposes_are_refused() {
    check_refused("analyst:eve", Action::Read, "marketing", &["members"], RefusedReason::UnknownPrincipal);
    check_refused("analyst:ana", Action::Read, "curiosity", &["members"], RefusedReason::UnknownPurpose);
    check_refused("analyst:ana", Action::Read, "", &["members"], RefusedReason::UnknownPurpose);
    check_refused("operator:omar", Action::Ingest, "curiosity", &["members"], RefusedReason::UnknownPurpose);
}

#[test]
fn hidden_and_absent_look_the_same() {
    check_refused("analyst:ana", Action::Read, "marketing", &["stores"], RefusedReason::NotFound);
    check_refused("analyst:ana", Action::Read, "marketing", &["nowhere"], RefusedReason::NotFound);
    check_refused("operator:omar", Action::Ingest, "", &["stores"], RefusedReason::NotFound);
    check_refused("operator:omar", Action::Ingest, "", &["nowhere"], RefusedReason::NotFound);
    // Beside a visible dataset both are simply not there.
    for other in ["stores", "nowhere"] {
        let hub = Hub::new(POLICIES);
        let judgement = hub.judge(&request("analyst:ana", Action::Read, "marketing", &["members", other]));
        assert_eq!(judgement.verdict.unwrap().len(), 1);
        assert_eq!(judgement.decisions.iter().filter(|decision| !decision.allowed).count(), 1);
    }
}

#[test]
fn who_may_do_nothing_of_the_kind_is_told_so_whatever_the_dataset() {
    for dataset in ["members", "stores", "nowhere"] {
        check_refused("analyst:ana", Action::Ingest, "", &[dataset], RefusedReason::NotPermitted);
        check_refused("analyst:ana", Action::Read, "service", &[dataset], RefusedReason::NotPermitted);
        check_refused("partner:acme", Action::Read, "marketing", &[dataset], RefusedReason::NotPermitted);
        check_refused("partner:acme", Action::Release, "marketing", &[dataset], RefusedReason::NotPermitted);
        check_refused("operator:omar", Action::Release, "marketing", &[dataset], RefusedReason::NotPermitted);
    }
    check_refused("analyst:ana", Action::Audit, "", &[], RefusedReason::NotPermitted);
    check_refused("compliance:olga", Action::Erase, "", &[], RefusedReason::NotPermitted);
}

#[test]
fn a_dataset_of_which_no_column_may_be_seen_does_not_exist() {
    let policies = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource);
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource);
"#;
    let judgement =
        Hub::new(policies).judge(&request("analyst:ana", Action::Read, "marketing", &["members"]));
    assert_eq!(judgement.verdict.unwrap_err().reason, RefusedReason::NotFound);
    assert_eq!(judgement.decisions[0].reason, "no column may be seen");
}

#[test]
fn ingest_sees_nothing() {
    let hub = Hub::new(POLICIES);
    let granted = hub.ask("operator:omar", Action::Ingest, "", "members").unwrap();
    assert!(granted.columns.is_empty());
    assert_eq!(granted.row_rule, crate::RowRule::None);
}

#[test]
fn audit_is_about_the_hub() {
    let judgement = Hub::new(POLICIES).judge(&request("compliance:olga", Action::Audit, "", &["members"]));
    assert!(judgement.verdict.unwrap().is_empty());
    assert_eq!(judgement.decisions[0].factors, ["audit"]);
}

#[test]
fn a_query_without_tables_needs_somebody_who_may_read_something() {
    let hub = Hub::new(POLICIES);
    let judgement = hub.judge(&request("analyst:ana", Action::Read, "marketing", &[]));
    assert!(judgement.verdict.unwrap().is_empty());
    assert!(judgement.decisions[0].allowed);
    check_refused("partner:acme", Action::Read, "marketing", &[], RefusedReason::NotPermitted);
}

#[test]
fn an_erring_policy_denies_even_what_another_permits() {
    let policies = r#"
@id("audit") permit (principal is Operator, action == Action::"audit", resource);
@id("errs") forbid (principal is Operator, action == Action::"audit", resource)
when { context.time.offset(duration("106751991167d")) > context.time };
"#;
    let judgement = Hub::new(policies).judge(&request("operator:omar", Action::Audit, "", &[]));
    let refused = judgement.verdict.unwrap_err();
    assert_eq!(refused.reason, RefusedReason::PolicyFault);
    assert_eq!(refused.factors, ["errs"]);
}

#[test]
fn time_is_the_requests_own() {
    let policies = r#"
@id("until") permit (principal is Operator, action == Action::"audit", resource)
when { context.time < datetime("2026-11-22T12:00:00.001Z") };
"#;
    let hub = Hub::new(policies);
    let mut asked = request("operator:omar", Action::Audit, "", &[]);
    assert!(hub.judge(&asked).verdict.is_ok());
    asked.now = noon() + chrono::TimeDelta::milliseconds(1);
    assert!(hub.judge(&asked).verdict.is_err());
}

#[test]
fn a_listing_records_what_it_shows() {
    let hub = Hub::new(POLICIES);
    let asked = request("analyst:ana", Action::Read, "marketing", &[]);
    let judgement = judge(&hub.policies, &hub.catalog, &asked, Extent::Listing);
    let names: Vec<String> =
        judgement.verdict.unwrap().iter().map(|found| found.dataset.name.to_string()).collect();
    assert_eq!(names, ["members"]);
    assert_eq!(judgement.decisions.len(), 1);
}
