use super::*;

#[test]
fn differences_name_the_block() {
    let golden = "read for x by analyst:ana\n  pii.phone   partial\n  geo  clear\n\nread for x by analyst:lee\n  geo clear\n";
    assert_eq!(differences(golden, golden), Vec::<String>::new());
    let now = golden.replacen("partial", "clear", 1);
    assert_eq!(
        differences(golden, &now),
        ["- read for x by analyst:ana: pii.phone partial", "+ read for x by analyst:ana: pii.phone clear"]
    );
}

const POLICIES: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource == Dataset::"members");
@id("clear") permit (principal is Analyst, action == Action::"readClear", resource in Class::"business");
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource is Row::members)
when { resource has joined && resource.joined <= context.time.offset(duration("-30d")) };
@id("ask") permit (principal is Analyst, action == Action::"requestBreakGlass", resource in Class::"pii.phone");
@id("null") permit (principal is Analyst, action == Action::"readNull", resource in Class::"pii.phone");
@id("agree") permit (principal is Compliance, action == Action::"approveBreakGlass", resource)
when { resource.purpose == "service" };
@id("audit") permit (principal is Compliance, action == Action::"audit", resource == Hub::"hub");
"#;

/// A row rule that looks at the clock is another one tomorrow: what was reviewed says as of when.
#[test]
fn what_changes_by_the_day_is_kept_as_of_a_moment() {
    let hub = crate::fixture::Hub::new(POLICIES);
    let now = crate::fixture::noon();
    let kept = hub.policies.matrix_to_keep(&hub.catalog, now);
    assert!(kept.starts_with("as of 20") && kept.contains("rows of members"), "{kept}");
    let matrix = hub.policies.matrix(&hub.catalog, now);
    assert_eq!(differences(&kept, &matrix), Vec::<String>::new());
    assert_ne!(
        differences(&kept, &hub.policies.matrix(&hub.catalog, now + TimeDelta::days(2))),
        Vec::<String>::new()
    );
    let still = crate::fixture::Hub::new(
        &POLICIES.replace("context.time.offset(duration(\"-30d\"))", "datetime(\"2026-01-01\")"),
    );
    assert!(!still.policies.matrix_to_keep(&still.catalog, now).starts_with("as of"));
}

#[test]
fn who_may_break_glass_and_agree_to_it_is_told() {
    let hub = crate::fixture::Hub::new(POLICIES);
    let matrix = hub.policies.matrix(&hub.catalog, crate::fixture::noon());
    assert!(matrix.contains("pii.phone                        null (break-glass)"), "{matrix}");
    assert!(matrix.contains("  approveBreakGlass service                compliance:olga\n"), "{matrix}");
    assert!(matrix.contains("  audit                                    compliance:olga\n"), "{matrix}");
    assert!(!matrix.contains("approveBreakGlass marketing"), "{matrix}");
}

#[test]
fn who_may_hand_on_to_whom_is_told() {
    let policies = r#"
@id("all") permit (principal is Analyst in Group::"other", action == Action::"delegate", resource)
when { context.purpose == "marketing" && context.to has analyst && context.to.analyst == Analyst::"ana" };
@id("some") permit (principal is Analyst in Group::"marketing", action == Action::"delegate", resource == Dataset::"stores")
when { context.purpose == "service" };
"#;
    let hub = crate::fixture::Hub::with_people(policies, crate::fixture::PAIR);
    let matrix = hub.policies.matrix(&hub.catalog, crate::fixture::noon());
    assert!(matrix.contains("  delegate marketing to analyst:ana by     analyst:bea\n"), "{matrix}");
    assert!(matrix.contains("  delegate service to analyst:bea of stores by analyst:ana\n"), "{matrix}");
    assert!(matrix.contains("  delegate service to analyst:cho of stores by analyst:ana\n"), "{matrix}");
    // Not to oneself and to partners, whatever policies permit.
    assert_eq!(matrix.matches("delegate").count(), 3, "{matrix}");
}

/// What begins later is reviewed now, and how columns are classified too.
#[test]
fn what_begins_later_and_how_columns_are_kept_is_told() {
    let later = POLICIES.replace("context.time.offset(duration(\"-30d\"))", "datetime(\"2026-01-01\")")
        + r#"@id("later") permit (principal is Analyst, action == Action::"readClear", resource in Class::"pii.name")
             when { context.time >= datetime("2099-01-01") };"#;
    let hub = crate::fixture::Hub::new(&later);
    let matrix = hub.policies.matrix(&hub.catalog, crate::fixture::noon());
    let (_, after) =
        matrix.split_once("from 2099-01-01T00:00:00.000Z on\n").unwrap_or_else(|| panic!("{matrix}"));
    assert!(after.contains("  + read for marketing by analyst:ana: pii.name clear\n"), "{matrix}");
    assert!(
        matrix.contains(
            "columns of members\n  member_no                        pii.identifier           sealed+token\n"
        ),
        "{matrix}"
    );
}
