use chrono::{DateTime, TimeDelta, Utc};
use membrane_ledger::{OpenRun, RunOutcome, RunState};
use membrane_model::Action;

use crate::fixture::{Recorded, noon, request};
use crate::{RefusedReason, Request};

const POLICIES: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource == Dataset::"members");
@id("columns") permit (principal is Analyst, action == Action::"readClear", resource in Class::"business");
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource)
when { resource has region && principal.regions.contains(resource.region) };
"#;

async fn world() -> Recorded {
    Recorded::new(POLICIES).await
}

/// Opens the run that a request is for.
async fn run_for(world: &Recorded, request: &Request) -> OpenRun {
    world.run(&request.principal, request.action, request.purpose.as_ref()).await
}

fn ana(datasets: &[&str]) -> Request {
    request("analyst:ana", Action::Read, "marketing", datasets)
}

#[tokio::test]
async fn the_decision_is_on_record_before_the_permit_exists() {
    let world = world().await;
    let mut run = run_for(&world, &ana(&["members"])).await;
    let permit = world.authorizer.issue(&mut run, ana(&["members"])).await.unwrap();
    // The run is still open: what is read here was durable when the permit came.
    let record = world.ledger.run(&permit.run_id()).await.unwrap().unwrap();
    let [decision] = record.decisions.as_slice() else { panic!("{record:?}") };
    assert!(decision.allowed);
    assert_eq!(decision.dataset, Some("members".parse().unwrap()));
    assert_eq!(decision.factors, ["read", "rows"]);
    assert_eq!(decision.policy_version, permit.policy_version());
    let members = permit.dataset(&"members".parse().unwrap()).unwrap();
    for column in &decision.columns {
        let shown = members.column(&column.column).map(super::super::permit::ColumnPermit::level);
        assert_eq!(shown, column.level, "{}", column.column);
    }
    assert_eq!(permit.principal().to_string(), "analyst:ana");
    assert_eq!(permit.action(), Action::Read);
    assert_eq!(permit.purpose().unwrap().as_str(), "marketing");
    assert_eq!(permit.datasets().count(), 1);
}

#[tokio::test]
async fn a_refusal_is_on_record_too() {
    let world = world().await;
    let mut run = run_for(&world, &ana(&["stores"])).await;
    let refused = world.authorizer.issue(&mut run, ana(&["stores"])).await.unwrap_err();
    assert_eq!(refused.reason, RefusedReason::NotFound);
    assert!(refused.factors.is_empty());
    let record = world.ledger.run(&run.id()).await.unwrap().unwrap();
    assert_eq!(record.decisions.len(), 1);
    assert!(!record.decisions[0].allowed);
}

#[tokio::test]
async fn no_record_no_permit() {
    let world = world().await;
    let mut run = run_for(&world, &ana(&["members"])).await;
    // Somebody else ends the run: nothing can be recorded in it any more.
    let later = noon() + TimeDelta::days(30);
    assert_eq!(world.ledger.abandon_stale_runs(later, later).await.unwrap().len(), 1);
    let refused = world.authorizer.issue(&mut run, ana(&["members"])).await.unwrap_err();
    assert_eq!(refused.reason, RefusedReason::RecordFault);
}

#[tokio::test]
async fn the_request_must_be_the_runs_own() {
    let world = world().await;
    let asked = ana(&["members"]);
    for other in [
        request("partner:acme", Action::Read, "marketing", &["members"]),
        request("analyst:ana", Action::Release, "marketing", &["members"]),
        request("analyst:ana", Action::Read, "service", &["members"]),
        request("analyst:ana", Action::Read, "", &["members"]),
    ] {
        let mut run = run_for(&world, &other).await;
        let refused = world.authorizer.issue(&mut run, asked.clone()).await.unwrap_err();
        assert_eq!(refused.reason, RefusedReason::RecordFault);
        assert!(world.ledger.run(&run.id()).await.unwrap().unwrap().decisions.is_empty());
    }
}

#[tokio::test]
async fn a_listing_is_a_permit_for_what_is_visible() {
    let world = world().await;
    let asked = ana(&[]);
    let mut run = run_for(&world, &asked).await;
    let purpose = asked.purpose.as_ref();
    let permit =
        world.authorizer.visible_datasets(&mut run, &asked.principal, purpose, noon()).await.unwrap();
    let names: Vec<&str> = permit.datasets().map(|found| found.dataset().name.as_str()).collect();
    assert_eq!(names, ["members"]);
    let outcome = RunOutcome::ended(RunState::Complete, noon());
    run.close(outcome).await.unwrap();
}

/// A permit for rows that a policy compares with the time is for other ones later.
#[tokio::test]
async fn rows_that_hang_on_the_time_are_others_later() {
    let later = |days: i64| noon() + TimeDelta::days(days);
    let cases: [(&str, Option<DateTime<Utc>>); 6] = [
        ("true", None),
        ("context.purpose == \"marketing\"", None),
        // In whichever stretch of time it changes.
        ("context.time < datetime(\"2026-11-25T12:00:00Z\")", Some(later(3))),
        ("context.time <= datetime(\"2026-11-25T12:00:00Z\")", Some(later(3) + TimeDelta::milliseconds(1))),
        // After all of it.
        ("context.time < datetime(\"2026-12-25\")", None),
        // At the first moment that is looked at.
        ("context.time.durationSince(datetime(\"2026-11-22T12:00:00Z\")) < duration(\"1h\")", Some(later(1))),
    ];
    for (condition, expected) in cases {
        let rows = format!("principal.regions.contains(resource.region) && {condition}");
        let world =
            Recorded::new(&POLICIES.replace("principal.regions.contains(resource.region)", &rows)).await;
        let mut run = run_for(&world, &ana(&["members"])).await;
        let permit = world.authorizer.issue(&mut run, ana(&["members"])).await.unwrap();
        assert_eq!(world.authorizer.rows_change(&permit, &[later(1), later(9)]), expected, "{condition}");
        assert_eq!(world.authorizer.rows_change(&permit, &[]), None);
    }
    // What may not be seen at all any more is another matter too.
    let until = POLICIES.replace(
        "resource == Dataset::\"members\");",
        "resource == Dataset::\"members\") when { context.time < datetime(\"2026-11-24\") };",
    );
    let world = Recorded::new(&until).await;
    let mut run = run_for(&world, &ana(&["members"])).await;
    let permit = world.authorizer.issue(&mut run, ana(&["members"])).await.unwrap();
    assert_eq!(world.authorizer.rows_change(&permit, &[later(1)]), None);
    let ends = "2026-11-24T00:00:00Z".parse().unwrap();
    assert_eq!(world.authorizer.rows_change(&permit, &[later(9)]), Some(ends));
}
