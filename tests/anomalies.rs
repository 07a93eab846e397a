//! What stands out of what principals do: flagged once, on record, and counted without names where anybody may ask.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use chrono::TimeDelta;
use membrane::config::AnomaliesSection;
use membrane::flow::{self, ReleaseRequest};
use membrane_ledger::{DocumentKind, Flag, NewRun, RunFilter, RunOutcome, RunState};
use membrane_model::{Action, Channel};

use crate::program::Program;
use crate::world::{World, fits, small};

const OLGA: &str = "compliance:olga";
const ANALYSTS: [&str; 3] = ["analyst:ana", "analyst:lee", "analyst:kim"];

/// Puts a run of some days ago on record, at noon, with these rows and cells.
async fn did(world: &World, who: &str, days_ago: i64, (rows, cells): (u64, u64)) {
    let started = world.hub.clock().now() - TimeDelta::days(days_ago) + TimeDelta::hours(8);
    let run = NewRun {
        entrance: membrane_ledger::Entrance::default(),
        principal: who.parse().unwrap(),
        on_behalf_of: None,
        channel: Channel::Cli,
        action: Action::Read,
        purpose: None,
        job: "old".to_owned(),
        statement: None,
        started,
    };
    let outcome = RunOutcome {
        rows_out: Some(rows),
        cells_opened: Some(cells),
        ..RunOutcome::ended(RunState::Complete, started)
    };
    world.hub.ledger().open_run(run).await.unwrap().close(outcome).await.unwrap();
}

/// A hub in which every analyst was at work for twelve days, with these rows and cells a day.
async fn at_work(floors: AnomaliesSection, figures: (u64, u64)) -> World {
    let world = small::with(|config| config.anomalies = floors).await;
    for days_ago in 1..=12 {
        for who in ANALYSTS {
            did(&world, who, days_ago, figures).await;
        }
    }
    world
}

async fn look_up(world: &World, phones: &[&str]) {
    for phone in phones {
        let sql = format!("SELECT count(*) FROM app_events WHERE phone = member_token('phone', '{phone}')");
        world.query_for("analyst:kim", "customer_service", &sql).await.unwrap();
    }
}

async fn listed(world: &World) -> Vec<Flag> {
    flow::list_anomalies(&world.ctx(OLGA), &world.hub, None).await.unwrap().1.flags
}

fn kinds(flags: &[Flag]) -> BTreeSet<(String, &'static str)> {
    flags.iter().map(|flag| (flag.anomaly.principal.to_string(), flag.anomaly.kind.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_is_flagged_once_and_is_in_the_record() {
    let floors = AnomaliesSection { cells: 5, odd_cells: 5, rows: 5, lookups: 2 };
    let world = at_work(floors, (0, 0)).await;
    assert_eq!(listed(&world).await, []);
    // In the night, some members twice, whose phones are opened; and three numbers, one by one.
    for _ in 0..2 {
        world.query("analyst:ana", "SELECT name, phone FROM crm_members").await.unwrap();
    }
    look_up(&world, &["13800138001", "13800138002", "13800138003"]).await;
    let (run, found) = flow::list_anomalies(&world.ctx(OLGA), &world.hub, None).await.unwrap();
    let flags = found.flags;
    assert!(!found.has_more);
    let expected = [
        ("analyst:ana", "cells"),
        ("analyst:ana", "hours"),
        ("analyst:ana", "members"),
        ("analyst:kim", "lookups"),
    ];
    let expected: BTreeSet<_> = expected.map(|(who, kind)| (who.to_owned(), kind)).into();
    assert_eq!((kinds(&flags), flags.len()), (expected, 4), "{flags:?}");
    assert!(flags.iter().all(|flag| flag.run == run && flag.anomaly.measured > flag.anomaly.bound));
    let record = world.hub.ledger().run(&run).await.unwrap().unwrap();
    assert!(
        record.documents.iter().all(|one| one.kind == DocumentKind::Anomaly) && record.documents.len() == 4
    );
    world.hub.ledger().verify_log().await.unwrap();
    // More of the same on that day is the same flag, however it is looked for.
    world.query("analyst:ana", "SELECT name, phone FROM crm_members").await.unwrap();
    look_up(&world, &["13800138004"]).await;
    assert_eq!(flow::flag_anomalies(&world.hub).await, Ok(0));
    assert_eq!(listed(&world).await, flags);

    let sql = "SELECT count(*) AS n FROM system.anomalies WHERE measured > bound AND day = DATE '2026-02-03'";
    assert_eq!(world.count(OLGA, sql).await, 4);
    let sql = "SELECT count(*) AS n FROM system.anomalies WHERE flagged > TIMESTAMP '2026-02-04 00:00:00'";
    assert_eq!(world.count(OLGA, sql).await, 0);
    let hidden = |schema: &str| format!("SELECT * FROM {schema}.anomalies");
    for who in ["analyst:ana", "partner:acme"] {
        let code = async |sql: String| world.query(who, &sql).await.unwrap_err().error.code();
        assert_eq!(code(hidden("system")).await, code(hidden("nobody")).await, "{who}");
        let refused = flow::list_anomalies(&world.ctx(who), &world.hub, None).await.unwrap_err();
        assert!(refused.error.is_refusal(), "{who}: {}", refused.error);
    }

    let (status, told) = world.send(OLGA, "/v1/audit/anomalies?since=2026-02-03", None).await;
    assert_eq!((status, told["anomalies"].as_array().unwrap().len()), (StatusCode::OK, 4), "{told}");
    assert_eq!(told["anomalies"][0]["acknowledged_by"], serde_json::Value::Null);
    let (_, told) = world.send(OLGA, "/v1/audit/anomalies?since=2026-02-04T00:00:00Z", None).await;
    assert_eq!(told["anomalies"], serde_json::json!([]));
    let (status, told) = world.send(OLGA, "/v1/audit/anomalies?since=canary", None).await;
    assert!(status == StatusCode::BAD_REQUEST && !told.to_string().contains("canary"), "{status} {told}");
    let (status, _) = world.send("partner:acme", "/v1/audit/anomalies", None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

/// What is done each day is no anomaly, at whatever hour others do it; and looking by itself leaves no run.
#[tokio::test(flavor = "multi_thread")]
async fn ordinary_work_is_not_flagged() {
    let world = at_work(AnomaliesSection::default(), (40, 120)).await;
    for who in ["analyst:ana", "analyst:lee"] {
        for sql in [
            "SELECT name, phone FROM crm_members",
            "SELECT region, count(*) FROM crm_members GROUP BY region",
        ] {
            world.query(who, sql).await.unwrap();
        }
    }
    look_up(&world, &["13800138001", "13800138002", "13800138009"]).await;
    let sql = "SELECT category, COUNT(*) AS n FROM pos_order_lines GROUP BY category";
    let request = ReleaseRequest { sql: sql.to_owned(), epsilon: Some(1.0), ..ReleaseRequest::default() };
    flow::release(&world.ctx("partner:acme"), &world.hub, request).await.unwrap();
    let before = world.hub.ledger().log_head().await.unwrap();
    assert_eq!(flow::flag_anomalies(&world.hub).await, Ok(0));
    assert_eq!(world.hub.ledger().log_head().await.unwrap(), before);
    assert_eq!(listed(&world).await, []);
}

/// The hub looks by itself, in a run of whoever looks at the record.
#[tokio::test(flavor = "multi_thread")]
async fn the_hub_flags_by_itself() {
    let world = small::with(|config| config.anomalies.lookups = 1).await;
    look_up(&world, &["13800138001", "13800138002"]).await;
    assert_eq!(flow::flag_anomalies(&world.hub).await, Ok(1));
    assert_eq!(flow::flag_anomalies(&world.hub).await, Ok(0));
    let filter = RunFilter { principal: Some(OLGA.parse().unwrap()), dataset: None, limit: 10 };
    let runs = world.hub.ledger().runs(filter).await.unwrap();
    let [run] = runs.as_slice() else { panic!("{runs:?}") };
    assert_eq!((run.job.as_str(), run.channel), ("flag anomalies", Some(Channel::Schedule)));
    assert_eq!(run.documents.len(), 1);
}

/// More than one entry of the log may name is written down by one run after the other.
#[tokio::test(flavor = "multi_thread")]
async fn one_run_flags_a_hundred() {
    let world = at_work(AnomaliesSection::default(), (1, 1)).await;
    for number in 0..60 {
        did(&world, &format!("analyst:many-{number}"), 0, (6_000, 600)).await;
    }
    assert_eq!(flow::flag_anomalies(&world.hub).await, Ok(100));
    assert_eq!(flow::flag_anomalies(&world.hub).await, Ok(20));
    assert_eq!(flow::flag_anomalies(&world.hub).await, Ok(0));
    let flags = listed(&world).await;
    let mut numbers: Vec<u64> = flags.iter().map(|flag| flag.number).collect();
    numbers.sort_unstable();
    assert_eq!((numbers, kinds(&flags).len()), ((1..=120).collect(), 120));
    let runs: BTreeSet<_> = flags.iter().map(|flag| flag.run).collect();
    assert_eq!(runs.len(), 2);
    for run in runs {
        let record = world.hub.ledger().run(&run).await.unwrap().unwrap();
        assert!(record.documents.len() <= 100);
    }
}

/// What somebody typed in the place of a number is on record where it is the number of a flag.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_no_flag_has_is_not_on_record() {
    let world = small::with(|config| config.anomalies.lookups = 1).await;
    look_up(&world, &["13800138001", "13800138002"]).await;
    assert_eq!(flow::flag_anomalies(&world.hub).await, Ok(1));
    let job = async |number: u64| {
        let noted = flow::acknowledge_anomaly(&world.ctx(OLGA), &world.hub, number).await;
        let run = noted.as_ref().map_or_else(|failure| failure.run.unwrap(), |run| *run);
        (noted.is_ok(), world.hub.ledger().run(&run).await.unwrap().unwrap().job)
    };
    assert_eq!(job(13_800_138_001).await, (false, "acknowledge anomaly".to_owned()));
    assert_eq!(job(u64::MAX).await, (false, "acknowledge anomaly".to_owned()));
    assert_eq!(listed(&world).await[0].acknowledged, None);
    assert_eq!(job(1).await, (true, "acknowledge anomaly 1".to_owned()));
    assert_eq!(listed(&world).await[0].acknowledged.as_ref().unwrap().0.to_string(), OLGA);
    assert_eq!(job(1).await, (false, "acknowledge anomaly 1".to_owned()));
}

#[test]
fn anomalies_are_listed_noted_and_counted() {
    let program = Program::new().with_env("MEMBRANE__ANOMALIES__LOOKUPS", "1");
    program.ok(&["sample", "--members", "60", "--seed", "3", "--out", "sample"]);
    program.ok(&["ingest", "crm_members", "sample/crm_members.csv"]);
    assert_eq!(program.ok(&["audit", "anomalies"]).trim(), "nothing stood out");
    let sql = "SELECT tier FROM crm_members \
               WHERE phone = member_token('phone', '13800138001') OR phone = member_token('phone', '13800138002')";
    program.ok(&["sql", sql, "--as", "analyst:kim", "--purpose", "customer_service"]);
    let told = program.ok(&["audit", "anomalies"]);
    fits(&told);
    assert!(
        told.contains("analyst:kim") && told.contains("one by one") && !told.contains("138001"),
        "{told}"
    );
    assert_eq!(program.run(&["audit", "anomalies", "--as", "analyst:ana"]).status.code(), Some(3));
    let told = program.json(&["audit", "anomalies", "--since", "2020-01-01"]);
    let [one] = told["anomalies"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!(
        (&one["kind"], &one["measured"], &one["usual_of"]),
        (&"lookups".into(), &2.into(), &"nobody".into())
    );

    program.ok(&["audit", "anomalies", "--acknowledge", "1"]);
    for number in ["1", "2"] {
        let again = program.run(&["audit", "anomalies", "--acknowledge", number]);
        assert!(!again.status.success(), "{number}");
    }
    let told = program.json(&["audit", "anomalies"]);
    assert_eq!(told["anomalies"][0]["acknowledged_by"], OLGA);
    program.ok(&["audit", "verify"]);

    let served = program.serve();
    let line = "membrane_anomalies_total{kind=\"lookups\"} 1";
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let metrics = String::from_utf8(served.curl("/metrics", None, &[])).unwrap();
        assert!(!metrics.contains("analyst"), "{metrics}");
        if metrics.contains(line) {
            assert!(metrics.contains("membrane_anomalies_total{kind=\"cells\"} 0"), "{metrics}");
            break;
        }
        assert!(Instant::now() < deadline, "{metrics}");
    }
    served.stop();
}
