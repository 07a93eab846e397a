use cedar_policy::{PolicySet, RequestEnv};

use super::{matching, permits_all, permits_none};

fn kind(principal: &str, action: &str, resource: &str) -> RequestEnv {
    let action = format!("Action::\"{action}\"").parse().unwrap();
    RequestEnv::new(principal.parse().unwrap(), action, resource.parse().unwrap())
}

/// Compares whether one policy is kept for what an analyst asks to see of a column, of a row, and for what a partner does.
fn check(policy: &str, expected: [bool; 3]) {
    let set: PolicySet = policy.parse().unwrap();
    let kinds = [
        kind("Analyst", "readClear", "Column"),
        kind("Analyst", "readRow", "Row::members"),
        kind("Partner", "readClear", "Column"),
    ];
    assert_eq!(kinds.map(|kind| !matching(&set, &kind).is_empty()), expected, "{policy}");
}

#[test]
fn what_might_match_is_kept() {
    check("forbid (principal, action, resource);", [true; 3]);
    check("forbid (principal in Group::\"g\", action, resource in Class::\"c\");", [true; 3]);
    check("forbid (principal, action, resource) when { principal is Partner };", [true; 3]);
    check("forbid (principal is Analyst, action, resource);", [true, true, false]);
    check("forbid (principal is Analyst in Group::\"g\", action, resource);", [true, true, false]);
    check("forbid (principal == Partner::\"p\", action, resource);", [false, false, true]);
    check("forbid (principal, action, resource is Row::members);", [false, true, false]);
    check("forbid (principal, action, resource is Row::others);", [false; 3]);
    check("forbid (principal, action, resource is Column in Class::\"c\");", [true, false, true]);
    check("forbid (principal, action, resource == Column::\"c\");", [true, false, true]);
    check("forbid (principal, action == Action::\"readRow\", resource);", [false, true, false]);
    check(
        "forbid (principal, action in [Action::\"readRow\", Action::\"read\"], resource);",
        [false, true, false],
    );
}

#[test]
fn only_an_unconditional_permit_permits_all() {
    let all = |text: &str| permits_all(&text.parse().unwrap());
    assert!(all("permit (principal, action, resource);"));
    assert!(all(
        "permit (principal, action == Action::\"read\", resource); permit (principal is A, action, resource);"
    ));
    assert!(!all(""));
    assert!(!all("permit (principal, action, resource) when { true };"));
    assert!(!all("permit (principal is Analyst, action, resource);"));
    assert!(!all("permit (principal, action, resource in Class::\"c\");"));
    assert!(!all("permit (principal, action, resource); forbid (principal is A, action, resource);"));
    assert!(permits_none(&"forbid (principal, action, resource);".parse().unwrap()));
    assert!(!permits_none(&"permit (principal, action, resource) when { false };".parse().unwrap()));
}
