//! Commits whose answers are lost, and commits that never reach the storage: each delivery is there once, and is told so.

use std::sync::atomic::Ordering;

use serde_json::Value;

use super::proxy::{Fault, Proxy};
use super::store::Store;
use crate::backends::on_s3;
use crate::program::{Program, text};

const MAKES: &str = "tables/dim_stores/_delta_log/00000000000000000000.json";
const COMMITS: &str = "tables/dim_stores/_delta_log/00000000000000000001.json";
const AGAIN: &str = "tables/dim_stores/_delta_log/00000000000000000002.json";

fn stores(program: &Program, ids: &[u32]) -> String {
    let rows: String = ids.iter().map(|id| format!("S{id},North,Shanghai,SH,2020-01-02\n")).collect();
    let path = program.path(&format!("stores-{}.csv", ids[0]));
    std::fs::write(&path, format!("store_id,name,city,region,opened_on\n{rows}")).unwrap();
    text(&path).to_owned()
}

fn count(program: &Program) -> u64 {
    let words = [
        "sql",
        "SELECT count(*) AS n FROM dim_stores",
        "--as",
        "analyst:lee",
        "--purpose",
        "marketing_analysis",
    ];
    program.json(&words)["rows"][0]["n"].as_u64().unwrap()
}

/// What the table's log holds: how many commits, and how many files they add.
fn commits(store: &Store) -> (usize, usize) {
    let log: Vec<String> = store
        .objects()
        .into_iter()
        .filter(|(name, _)| name.contains("tables/dim_stores/_delta_log/") && name.ends_with(".json"))
        .map(|(_, bytes)| String::from_utf8(bytes).unwrap())
        .collect();
    (log.len(), log.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("{\"add\"")).count())
}

#[test]
fn a_commit_whose_answer_is_lost_is_told_as_done_and_adds_once() {
    use Fault::{Fails, FailsAfter, ResetAfter, ResetBefore, SlowDown};
    let cases: [(&str, &[Fault]); 8] = [
        // The storage has done it, and nobody hears of it.
        (COMMITS, &[ResetAfter]),
        // The client asks again and is refused by what itself had made.
        (COMMITS, &[FailsAfter]),
        (COMMITS, &[FailsAfter, FailsAfter]),
        // It was not done, and that is not known either.
        (COMMITS, &[ResetBefore, ResetBefore]),
        (COMMITS, &[SlowDown, Fails, ResetBefore, ResetAfter]),
        // The making of the table is a commit as well.
        (MAKES, &[ResetAfter]),
        (MAKES, &[ResetBefore, FailsAfter]),
        (MAKES, &[Fails, ResetBefore]),
    ];
    let store = Store::moto();
    for (number, (path, faults)) in cases.into_iter().enumerate() {
        store.clear();
        let proxy = Proxy::start(&store.endpoint, 1);
        let program = on_s3(&proxy.endpoint);
        let file = stores(&program, &[101, 102, 103]);
        proxy.aim("PUT", path, faults);
        let told = program.json(&["ingest", "dim_stores", &file]);
        assert_eq!(
            (&told["already"], &told["rows_accepted"]),
            (&Value::Bool(false), &3.into()),
            "{number}: {told}"
        );
        assert!(proxy.plan.aimed.lock().unwrap().is_empty(), "{number}: every fault was met");
        assert_eq!(commits(&store), (2, 1), "{number}: one commit made the table, one added");
        assert_eq!(program.json(&["ingest", "dim_stores", &file])["already"], true);
        assert_eq!(count(&program), 3, "{number}");
        program.ok(&["log", "verify"]);
    }
}

/// When nobody can tell, that is what is said; the same delivery again settles it, whichever way it was.
#[test]
fn an_outcome_that_nobody_knows_is_settled_by_the_same_delivery() {
    let store = Store::moto();
    for (done, faults) in [(true, [Fault::ResetAfter; 40]), (false, [Fault::ResetBefore; 40])] {
        store.clear();
        let proxy = Proxy::start(&store.endpoint, 1);
        let program = on_s3(&proxy.endpoint)
            .with_env("MEMBRANE__DATA__RETRIES_MAX", "1")
            .with_env("MEMBRANE__DATA__RETRY_SECONDS", "5");
        program.ok(&["ingest", "dim_stores", &stores(&program, &[201])]);
        let file = stores(&program, &[101, 102]);
        proxy.aim("PUT", AGAIN, &faults);
        let output = program.run(&["ingest", "dim_stores", &file]);
        let error = String::from_utf8(output.stderr).unwrap();
        if done {
            assert!(output.status.success(), "{error}");
        } else {
            assert_eq!(output.status.code(), Some(1), "{error}");
            assert!(error.contains("do the same again") && error.contains("code storage_failed"), "{error}");
        }
        proxy.plan.aimed.lock().unwrap().clear();
        assert_eq!(program.json(&["ingest", "dim_stores", &file])["already"], done);
        assert_eq!(count(&program), 3);
    }
}

/// The files of a table are put together, and the answer to that commit is lost.
#[test]
fn a_compaction_whose_answer_is_lost_is_told_as_done() {
    for fault in [Fault::ResetAfter, Fault::FailsAfter, Fault::ResetBefore] {
        let store = Store::moto();
        let proxy = Proxy::start(&store.endpoint, 1);
        let program = on_s3(&proxy.endpoint).with_env("MEMBRANE__MAINTENANCE__FILES_MIN", "2");
        for id in [101, 102, 103] {
            program.ok(&["ingest", "dim_stores", &stores(&program, &[id])]);
        }
        proxy.aim("PUT", "tables/dim_stores/_delta_log/00000000000000000004.json", &[fault]);
        let told = program.json(&["maintain", "dim_stores"]);
        assert_eq!(
            (&told[0]["table"]["compacted_from"], &told[0]["table"]["version"]),
            (&3.into(), &4.into()),
            "{told}"
        );
        assert_eq!(commits(&store).0, 5);
        assert_eq!(count(&program), 3);
    }
}

/// A slow line is no fault: what takes longer than nothing is waited for.
#[test]
fn a_slow_line_and_late_answers_are_waited_for() {
    let store = Store::moto();
    let proxy = Proxy::start(&store.endpoint, 5);
    let program = on_s3(&proxy.endpoint);
    proxy.plan.bytes_per_second.store(60_000, Ordering::SeqCst);
    proxy.aim("PUT", "tables/dim_stores", &[Fault::Late; 2]);
    proxy.aim("GET", "tables/dim_stores", &[Fault::Cut, Fault::Late, Fault::Cut]);
    let ids: Vec<u32> = (100..1000).collect();
    let told = program.json(&["ingest", "dim_stores", &stores(&program, &ids)]);
    assert_eq!(told["rows_accepted"], 900);
    assert_eq!(count(&program), 900);
    assert!(proxy.met(Fault::Cut) > 0 && proxy.met(Fault::Late) > 0);
}
