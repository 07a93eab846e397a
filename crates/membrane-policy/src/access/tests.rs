use super::*;
use crate::fixture::{Hub, noon};

const POLICIES: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource == Dataset::"members");
@id("geo") permit (principal is Analyst, action == Action::"readClear", resource in Class::"geo");
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource);
@id("floor") forbid (principal, action == Action::"readClear", resource in Class::"pii");
@id("ana.phone") @partial("partial(3,4)")
permit (principal == Analyst::"ana", action == Action::"readPartial", resource in Class::"pii.phone");
@id("audit") permit (principal is Compliance, action == Action::"audit", resource == Hub::"hub");
"#;

fn with_bea() -> Hub {
    let people = crate::fixture::PEOPLE.trim_end().strip_suffix(']').unwrap().to_owned()
        + r#", { "uid": { "type": "Analyst", "id": "bea" }, "attrs": { "regions": [], "clearance": 1 },
               "parents": [{ "type": "Group", "id": "marketing" }] }]"#;
    Hub::with_people(POLICIES, &people)
}

#[test]
fn what_is_not_used_is_told() {
    let used = FactorUse {
        principal: "analyst:ana".parse().unwrap(),
        factors: vec!["read".to_owned(), "rows".to_owned()],
        latest: noon(),
    };
    let hub = with_bea();
    let review = hub.policies.access_review(&hub.catalog, noon(), &[used]);
    let grant = |policy: &str| review.grants.iter().find(|grant| grant.policy == policy).unwrap();
    let names = |who: &[PrincipalId]| who.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(names(&grant("read").granted), "analyst:ana analyst:bea");
    assert_eq!((names(&grant("read").used), grant("read").latest), ("analyst:ana".to_owned(), Some(noon())));
    assert_eq!(
        (names(&grant("ana.phone").granted), grant("ana.phone").used.len()),
        ("analyst:ana".to_owned(), 0)
    );
    assert!(grant("audit").used.is_empty() && grant("audit").latest.is_none());
    assert!(!review.grants.iter().any(|grant| grant.policy == "floor"), "what forbids is no grant");
    assert!(review.idle.iter().any(|idle| idle.to_string() == "analyst:bea"));
    assert!(!review.idle.iter().any(|idle| idle.to_string() == "analyst:ana"));
}

#[test]
fn who_sees_more_than_those_beside_is_told() {
    let hub = with_bea();
    let review = hub.policies.access_review(&hub.catalog, noon(), &[]);
    let found: BTreeSet<String> = review
        .more
        .iter()
        .map(|more| format!("{} {} {:?}", more.principal, more.column, more.others))
        .collect();
    assert_eq!(found, BTreeSet::from(["analyst:ana phone None".to_owned()]));
    assert_eq!(review.more[0].by, ["ana.phone"]);
    // Alone in a group nobody has more.
    let alone = Hub::new(POLICIES);
    assert!(alone.policies.access_review(&alone.catalog, noon(), &[]).more.is_empty());
}
