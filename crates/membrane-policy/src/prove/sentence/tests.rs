//! Sentences about worlds that are made by hand, as the solver would: what is there, and what is not.

use std::str::FromStr;

use cedar_policy::{Context, Entities, EntityUid, Policy, Request};
use serde_json::{Value, json};

use super::*;
use crate::fixture::Hub;

fn uid(text: &str) -> EntityUid {
    EntityUid::from_str(text).unwrap()
}

/// Tells of a request to the members and stores, in their world with some more in it.
fn check_in(
    more: Value,
    asking: &str,
    (who, action, what): (&str, &str, &str),
    context: Value,
    expected: &str,
) {
    let hub = Hub::new("");
    let context = Context::from_json_value(context, None).unwrap();
    let action = uid(&format!("Action::\"{action}\""));
    let request = Request::new(uid(who), action, uid(what), context, None).unwrap();
    let more = Entities::from_json_value(more, None).unwrap();
    let entities = hub.policies.world.entities.clone().upsert_entities(more.iter().cloned(), None).unwrap();
    let asking = Policy::parse(None, asking).unwrap();
    let by = ["x".to_owned()];
    let found = Env { request, entities };
    let told = write(&hub.policies, &found, std::iter::once(asking), (Outcome::Permitted, &by));
    assert_eq!(told, expected);
}

fn check(asked: (&str, &str, &str), purpose: &str, expected: &str) {
    let vip = json!([
        { "uid": { "type": "Group", "id": "vip" }, "attrs": {}, "parents": [] },
        {
            "uid": { "type": "Analyst", "id": "" },
            "attrs": { "regions": ["SH"], "clearance": 2 },
            "parents": [{ "type": "Group", "id": "marketing" }, { "type": "Group", "id": "vip" }],
        },
        {
            "uid": { "type": "Column", "id": "A" },
            "attrs": { "name": "", "protection": "" },
            "parents": [{ "type": "Class", "id": "pii.phone" }, { "type": "Dataset", "id": "stores" }],
        },
    ]);
    check_in(vip, "permit (principal, action, resource);", asked, json!({ "purpose": purpose }), expected);
}

#[test]
fn who_would_get_what_for_what() {
    check(
        ("Analyst::\"\"", "readClear", "Column::\"members.phone\""),
        "marketing",
        "an analyst in the groups marketing and vip, for marketing, would see the column members.phone at readClear: \
         permitted by `x`",
    );
    check(
        ("Partner::\"acme\"", "release", "Dataset::\"members\""),
        "marketing",
        "a partner, for marketing, would receive aggregates of the dataset members: permitted by `x`",
    );
    check(
        ("Analyst::\"ana\"", "lookUp", "Column::\"A\""),
        "",
        "an analyst in the group marketing, for no purpose that is known, would look up values in a column of the \
         class pii.phone in the dataset stores that is not there yet: permitted by `x`",
    );
    check(
        ("Service::\"s\"", "read", "Dataset::\"A\""),
        "service",
        "a service, for service, would use a dataset that is not there yet in SQL: permitted by `x`",
    );
    check(
        ("Operator::\"omar\"", "administer", "Hub::\"hub\""),
        "service",
        "an operator, for service, would administer the hub: permitted by `x`",
    );
}

/// Those that a policy asks for, and no others.
#[test]
fn attributes_are_told_where_a_policy_asks_for_them() {
    let made = json!([
        {
            "uid": { "type": "Analyst", "id": "" },
            "attrs": { "regions": ["BJ", "SH"], "clearance": 2 },
            "parents": [],
        },
        {
            "uid": { "type": "Row::members", "id": "" },
            "attrs": { "region": "SH", "city": "x", "consent": false },
            "parents": [{ "type": "Dataset", "id": "members" }],
        },
    ]);
    let row = ("Analyst::\"\"", "readRow", "Row::members::\"\"");
    let context = json!({
        "purpose": "marketing",
        "time": { "__extn": { "fn": "datetime", "arg": "2026-11-22" } },
    });
    check_in(
        made.clone(),
        "permit (principal, action, resource) when { principal.regions.contains(resource.region) } \
         unless { resource has premium && resource.consent };",
        row,
        context.clone(),
        "an analyst with the regions \"BJ\" and \"SH\", for marketing, would see a row of members with consent false, \
         no premium and region \"SH\": permitted by `x`",
    );
    check_in(
        made,
        "permit (principal, action, resource) when { principal.clearance > 1 && context.time < datetime(\"2027-01-01\") };",
        row,
        context,
        "an analyst with clearance 2, for marketing, at datetime(\"2026-11-22\"), would see a row of members: \
         permitted by `x`",
    );
}
