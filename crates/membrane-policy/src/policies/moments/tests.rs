use chrono::TimeDelta;
use membrane_model::Action;

use crate::fixture::{Hub, noon};

/// Loads a policy with a condition and compares the stretches of noon on four days with those expected; none of them: the
/// time is used otherwise.
fn check(condition: &str, expected: Option<[usize; 4]>) {
    let policies = format!(
        r#"@id("read") permit (principal is Analyst, action == Action::"read", resource);
           @id("one") permit (principal is Analyst, action == Action::"readNull", resource) when {{ {condition} }};"#
    );
    let hub = Hub::new(&policies);
    let stretch = |days| hub.policies.moments.stretch(Action::Read, noon() + TimeDelta::days(days));
    let found: Vec<Option<usize>> = (-1..3).map(stretch).collect();
    assert_eq!(found, expected.map_or([None; 4], |known| known.map(Some)), "{condition}");
    // No policy speaks of it, so all moments are alike.
    assert_eq!(hub.policies.moments.stretch(Action::Ingest, noon()), Some(0));
}

#[test]
fn constants_part_the_time() {
    check("true", Some([0; 4]));
    check("context has time", Some([0; 4]));
    check("context.purpose == \"marketing\"", Some([0; 4]));
    for operator in ["==", "!=", "<", "<=", ">", ">="] {
        check(&format!("context.time {operator} datetime(\"2026-11-22T12:00:00Z\")"), Some([0, 1, 2, 2]));
        check(
            &format!("datetime(\"2026-11-22T20:00:00.000+0800\") {operator} context.time"),
            Some([0, 1, 2, 2]),
        );
    }
    check(
        "if context.time < datetime(\"2026-11-23\") then true else !(context.time > datetime(\"2026-11-24T12:00:00Z\"))",
        Some([0, 0, 2, 3]),
    );
    check(
        "[context.time >= datetime(\"2026-11-22\"), context.purpose == \"service\"].contains(true)",
        Some([0, 2, 2, 2]),
    );
}

#[test]
fn other_uses_of_the_time_part_every_moment() {
    for condition in [
        "context.time.offset(duration(\"1h\")) < datetime(\"2026-11-22\")",
        "context.time.toDate() == datetime(\"2026-11-22\")",
        "context.time.toTime() < duration(\"12h\")",
        "context.time < datetime(\"2026-11-22\").offset(duration(\"1h\"))",
        "[datetime(\"2026-11-22\")].contains(context.time)",
        "context.time <= context.time",
        "context.time.durationSince(datetime(\"2026-11-22\")) > duration(\"1h\")",
        "{ at: context.time }.at > datetime(\"2026-11-22\")",
        "(if principal.clearance > 1 then context else context).time > datetime(\"2026-11-22\")",
        "context == context",
    ] {
        check(condition, None);
    }
}

#[test]
fn the_millisecond_before_is_another_stretch() {
    let policies = r#"@id("audit") permit (principal, action == Action::"ingest", resource)
        when { context.time < datetime("2026-11-22T12:00:00.001Z") };"#;
    let hub = Hub::new(policies);
    let stretch =
        |micros| hub.policies.moments.stretch(Action::Ingest, noon() + TimeDelta::microseconds(micros));
    assert_eq!([0, 999, 1000, 1999, 2000].map(stretch), [0, 0, 1, 1, 2].map(Some));
    assert_eq!(hub.policies.moments.stretch(Action::Audit, noon()), None);
}
