use cedar_policy::EntityUid;
use membrane_model::RevealLevel;

use super::Asker;
use crate::column::decide_column;
use crate::fixture::{Hub, noon};
use crate::rows::decide_rows;
use crate::schema::READ_ROW;

/// Asks about every column and row with all policies and with those that may be about the principal; returns how many of the
/// latter there are for an action.
fn check(hub: &Hub, principal: &EntityUid, purpose: &str, action: &'static str) -> usize {
    let purpose = purpose.parse().unwrap();
    let all = Asker::new(&hub.policies, principal, Some(&purpose), noon()).unwrap();
    let levels = RevealLevel::HIGHEST_FIRST.map(RevealLevel::cedar_action);
    let actions: Vec<&'static str> = levels.into_iter().chain([READ_ROW]).collect();
    let own = all.ready_for(&actions);
    for dataset in hub.catalog.datasets() {
        let uids = &hub.policies.world.datasets[&dataset.name];
        for column in &dataset.columns {
            let resource = &uids.columns[&column.name];
            assert_eq!(decide_column(&own, column, resource), decide_column(&all, column, resource));
            for level in levels {
                assert_eq!(own.ask(level, resource), all.ask(level, resource));
            }
        }
        assert_eq!(decide_rows(&own, dataset, uids), decide_rows(&all, dataset, uids));
    }
    own.policies_of(action).unwrap().policies().count()
}

#[test]
fn policies_about_others_change_no_answer() {
    let hub = Hub::repository("");
    for principal in hub.policies.world.principals.values() {
        for purpose in ["marketing_analysis", "customer_service", "partner_reporting"] {
            check(&hub, principal, purpose, READ_ROW);
        }
    }
}

#[test]
fn policies_about_others_are_left_out() {
    let hub = Hub::new(
        r#"
@id("any") permit (principal, action == Action::"readClear", resource in Class::"geo");
@id("is") permit (principal is Analyst, action == Action::"readClear", resource in Class::"business");
@id("in") forbid (principal in Group::"marketing", action == Action::"readClear", resource == Column::"members.city");
@id("one") permit (principal == Analyst::"ana", action == Action::"readClear", resource in Class::"pii.name");
@id("self") permit (principal in Analyst::"ana", action == Action::"readClear", resource in Class::"pii.phone");
@id("is-in") permit (principal is Analyst in Group::"marketing", action == Action::"readClear", resource);
@id("not-is") forbid (principal is Partner, action == Action::"readClear", resource);
@id("not-in") forbid (principal in Group::"other", action == Action::"readClear", resource);
@id("not-one") forbid (principal == Partner::"acme", action, resource);
@id("not-is-in") forbid (principal is Analyst in Group::"other", action == Action::"readClear", resource)
when { principal.clearance + 9223372036854775807 > 0 };
"#,
    );
    let principal = |id: &str| &hub.policies.world.principals[&id.parse().unwrap()];
    assert_eq!(check(&hub, principal("analyst:ana"), "marketing", "readClear"), 6);
    assert_eq!(check(&hub, principal("partner:acme"), "marketing", "readClear"), 3);
    assert_eq!(check(&hub, principal("compliance:olga"), "marketing", "readClear"), 1);
}
