use membrane_model::Action;

use crate::fixture::{Hub, VISITS, noon, request};
use crate::judge::{LOOKED_UP, judge};
use crate::{Lookup, RefusedReason, Request, RowRule};

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
    assert_eq!(granted.row_rule, RowRule::None);
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
    let judgement = judge(&hub.policies, &hub.catalog, &Request { lists: true, ..asked });
    let names: Vec<String> =
        judgement.verdict.unwrap().iter().map(|found| found.dataset.name.to_string()).collect();
    assert_eq!(names, ["members"]);
    assert_eq!(judgement.decisions.len(), 1);
}

#[test]
fn a_statement_that_lists_is_recorded_with_what_it_names_too() {
    let hub = Hub::new(POLICIES);
    let asked = request("analyst:ana", Action::Read, "marketing", &["nothing_of_hers"]);
    let judgement = hub.judge(&Request { lists: true, ..asked });
    let names: Vec<String> =
        judgement.verdict.unwrap().iter().map(|found| found.dataset.name.to_string()).collect();
    assert_eq!(names, ["members"]);
    let allowed: Vec<bool> = judgement.decisions.iter().map(|decision| decision.allowed).collect();
    assert_eq!(allowed, [true, false]);
}

const LOOKUPS: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource);
@id("tokens") permit (principal is Analyst, action == Action::"readToken", resource in Class::"pii");
@id("clear") permit (principal is Analyst, action == Action::"readClear", resource in Class::"business");
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource);
@id("look-up") permit (principal is Analyst, action == Action::"lookUp", resource);
"#;

fn look_up(policies: &str, column: &str) -> Result<usize, RefusedReason> {
    let hub = Hub::new(policies);
    let asked = request("analyst:ana", Action::Read, "marketing", &["members"]);
    let lookup = Lookup { dataset: None, column: column.parse().unwrap() };
    let judgement = hub.judge(&Request { lookups: vec![lookup.clone(), lookup], ..asked });
    let counted = judgement.decisions.iter().filter(|decision| decision.reason == LOOKED_UP).count();
    judgement.verdict.map(|_| counted).map_err(|refused| {
        assert_eq!(counted, 0, "nothing was looked up");
        refused.reason
    })
}

#[test]
fn values_are_looked_up_in_columns_of_tokens() {
    assert_eq!(look_up(LOOKUPS, "phone"), Ok(2));
    // In clear, a coarser one, and none.
    for column in ["region", "born_month", "nothing"] {
        assert_eq!(look_up(LOOKUPS, column), Err(RefusedReason::Lookup), "{column}");
    }
}

/// `device` and `member_no` are of one class, but `member_no` is an identity of its own.
#[test]
fn a_token_is_not_had_where_it_must_not_be_used() {
    let forbid = |column: &str| {
        format!(
            "{LOOKUPS}@id(\"not\") forbid (principal, action == Action::\"lookUp\", resource == Column::\"members.{column}\");"
        )
    };
    assert_eq!(look_up(&forbid("phone"), "phone"), Err(RefusedReason::Lookup));
    assert_eq!(look_up(&forbid("member_no"), "phone"), Ok(2));
}

#[test]
fn whoever_may_audit_finds_the_record_among_what_there_is() {
    let hub = Hub::new(POLICIES);
    let lists =
        |who: &str, named: &[&str]| Request { lists: true, ..request(who, Action::Read, "marketing", named) };
    let judgement = hub.judge(&lists("compliance:olga", &[]));
    assert!(judgement.audits);
    assert!(judgement.verdict.unwrap().is_empty());
    let [decision] = judgement.decisions.as_slice() else { panic!("{:?}", judgement.decisions) };
    assert_eq!((decision.allowed, decision.factors.as_slice()), (true, &["audit".to_owned()][..]));
    // A dataset that is named is one that must be there.
    assert_eq!(
        hub.judge(&lists("compliance:olga", &["members"])).verdict.unwrap_err().reason,
        RefusedReason::NotPermitted
    );
    let judgement = hub.judge(&lists("analyst:ana", &[]));
    assert!(!judgement.audits && judgement.decisions.iter().all(|decision| decision.dataset.is_some()));
    // Who reads, and does not list, has no record.
    assert!(!hub.judge(&request("compliance:olga", Action::Read, "marketing", &[])).audits);
    assert!(hub.judge(&request("compliance:olga", Action::Audit, "", &[])).audits);
    assert!(!hub.judge(&request("operator:omar", Action::Audit, "", &[])).audits);
}

/// Rows are kept for a purpose as long as the contract says, whatever policies do.
#[test]
fn rows_are_shown_for_a_purpose_as_long_as_they_are_kept_for_it() {
    let hub = Hub::of(
        &[VISITS],
        r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource);
@id("columns") permit (principal is Analyst, action == Action::"readClear", resource in Class::"business");
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource);
@id("ingest") permit (principal is Operator, action == Action::"ingest", resource);
"#,
    );
    let ask = |purpose: &str, now: &str| {
        let asked = request("analyst:ana", Action::Read, purpose, &[VISITS.0]);
        let judgement = hub.judge(&Request { now: now.parse().unwrap(), ..asked });
        let granted = judgement.verdict.unwrap().remove(0);
        (granted.row_rule, judgement.decisions[0].reason.clone())
    };
    let (rule, reason) = ask("marketing", "2026-11-22T12:00:00Z");
    let RowRule::When(condition) = &rule else { panic!("{rule:?}") };
    assert_eq!(condition.to_string(), "at >= 2025-11-22T00:00:00Z");
    assert_eq!(reason, "permitted, some rows");
    assert_eq!(ask("marketing", "2026-11-22T23:59:59Z").0, rule, "the same rows all day");
    assert_ne!(ask("marketing", "2026-11-23T00:00:00Z").0, rule);
    assert_eq!(ask("service", "2026-11-22T12:00:00Z"), (RowRule::All, "permitted, every row".to_owned()));
    let ingests = hub.ask("operator:omar", Action::Ingest, "", VISITS.0).unwrap();
    assert_eq!(ingests.row_rule, RowRule::None);
}
