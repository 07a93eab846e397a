//! Several writers at once, on a store that meets every kind of fault: every row is there once, and the record agrees.
//!
//! `MEMBRANE_FAULT_ROUNDS` makes it longer, `MEMBRANE_FAULT_SEED` another.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::proxy::{Fault, Proxy};
use super::store::Store;
use crate::backends::on_s3;
use crate::program::{Program, text};
use crate::world::{CANARIES, canary_deliveries, holds};

/// Writers at once.
const WRITERS: u64 = 3;
/// Deliveries of each in a round.
const DELIVERIES: u64 = 2;
/// Rows of a delivery.
const ROWS: u64 = 40;
/// Requests in a thousand that meet a fault.
const PER_MILLE: u64 = 60;
/// Times that a delivery is tried by somebody who reads the error and tries again.
const TRIES_MAX: usize = 12;
/// What a delivery may end with, on a store like this.
const CODES: [&str; 1] = ["storage_failed"];

#[expect(clippy::disallowed_methods, reason = "a test has no configuration but its environment")]
fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Rows that nobody else delivers, and one that breaks the contract.
fn delivery(number: u64) -> String {
    let header = "order_id,line_no,member_no,pay_account,store_id,region,product_id,category,quantity,amount,ordered_at,ordered_month,buyer_is_minor\n";
    let row = |row: u64, quantity: &str| {
        format!(
            "O{number:06}{row:07},1,M{:08},,S001,SH,P00001,snacks,{quantity},1.25,2025-03-04T05:06:07Z,2025-03,false\n",
            (number * ROWS + row) % 700
        )
    };
    let good: String = (0..ROWS).map(|at| row(at, "1")).collect();
    format!("{header}{good}{}", row(ROWS, "many"))
}

/// Delivers until it is told as done; every error on the way is one of those that may come, and says nothing of the inside.
fn deliver(program: &Program, words: &[&str]) -> (Value, usize) {
    for failed in 0..TRIES_MAX {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let output = program.run(&words);
        if output.status.success() {
            return (serde_json::from_slice(&output.stdout).unwrap(), failed);
        }
        let error = String::from_utf8(output.stderr).unwrap();
        let is_opening = error.contains("the data cannot be opened");
        let code = error.trim_end().rsplit("code ").next().unwrap_or_default();
        assert!(is_opening || CODES.contains(&code), "{error}");
        for canary in CANARIES {
            assert!(!error.contains(canary), "{error}");
        }
    }
    panic!("never taken in: {words:?}");
}

fn ask(program: &Program, sql: &str) -> Value {
    let words = ["sql", sql, "--as", "analyst:lee", "--purpose", "marketing_analysis"];
    program.json(&words)["rows"].clone()
}

#[test]
fn many_writers_on_a_store_that_fails_add_every_row_once() {
    let store = Store::seaweed();
    let seed = number("MEMBRANE_FAULT_SEED", 20_261);
    let proxy = Proxy::start(&store.endpoint, seed);
    let program = on_s3(&proxy.endpoint)
        .with_env("MEMBRANE__DATA__RETRIES_MAX", "4")
        .with_env("MEMBRANE__DATA__RETRY_SECONDS", "30")
        .with_env("MEMBRANE__MAINTENANCE__FILES_MIN", "2");
    program.ok(&["runs"]);
    proxy.plan.per_mille.store(PER_MILLE, Ordering::SeqCst);
    let rounds = number("MEMBRANE_FAULT_ROUNDS", 1);
    let mut numbers = 0;
    for _ in 0..rounds {
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let program = &program;
                let first = numbers + writer * DELIVERIES;
                scope.spawn(move || {
                    for number in first..first + DELIVERIES {
                        let path = program.path(&format!("delivery-{number}.csv"));
                        std::fs::write(&path, delivery(number)).unwrap();
                        let (told, failed) = deliver(program, &["ingest", "pos_order_lines", text(&path)]);
                        // What was told as failed may have been done all the same.
                        assert!(told["already"] == false || failed > 0, "{told}");
                    }
                });
            }
            // Somebody keeps the files in order meanwhile.
            let program = &program;
            scope.spawn(move || program.run(&["maintain", "pos_order_lines"]));
        });
        numbers += WRITERS * DELIVERIES;
    }
    for (dataset, body, extension) in canary_deliveries() {
        let path = program.path(&format!("{dataset}.{extension}"));
        std::fs::write(&path, body).unwrap();
        deliver(&program, &["ingest", dataset, text(&path)]);
        std::fs::remove_file(&path).unwrap();
    }
    let met: Vec<(Fault, usize)> = Fault::ALL.into_iter().map(|fault| (fault, proxy.met(fault))).collect();
    assert!(met.iter().filter(|(_, times)| *times > 0).count() >= 5, "the faults were there: {met:?}");
    proxy.plan.per_mille.store(0, Ordering::SeqCst);
    check(&program, &store, numbers);
}

fn check(program: &Program, store: &Store, numbers: u64) {
    // One row of the planted member is good, one is bad.
    let good = numbers * ROWS + 1;
    let rows = ask(
        program,
        "SELECT count(*) AS n, count(DISTINCT order_id) AS d, sum(quantity) AS q FROM pos_order_lines",
    );
    assert_eq!((rows[0]["n"].as_u64(), rows[0]["d"].as_u64()), (Some(good), Some(good)), "{rows}");
    let aside = program.json(&["quarantine", "list", "pos_order_lines"]);
    let aside: u64 =
        aside["set_aside"].as_array().unwrap().iter().map(|reason| reason["rows"].as_u64().unwrap()).sum();
    assert_eq!(aside, numbers + 1);
    for number in 0..numbers {
        let path = program.path(&format!("delivery-{number}.csv"));
        assert_eq!(program.json(&["ingest", "pos_order_lines", text(&path)])["already"], true);
    }
    assert_eq!(ask(program, "SELECT count(*) AS n FROM pos_order_lines")[0]["n"].as_u64(), Some(good));
    // Runs that say that they added rows add up to those that are there, unless they were told as failed and had been done.
    let runs = program.json(&["runs", "--limit", "500"]);
    let runs = runs["runs"].as_array().unwrap();
    let ours = runs.iter().filter(|run| run["job"] == "ingest pos_order_lines");
    let (complete, failed): (Vec<_>, Vec<_>) = ours.partition(|run| run["status"] == "complete");
    let added: u64 = complete.iter().filter_map(|run| run["rows_out"].as_u64()).sum();
    let unknown = u64::try_from(failed.len()).unwrap() * ROWS;
    assert!(added <= good && added + unknown >= good, "{added} of {good}, {} failed", failed.len());
    let acts = runs.iter().filter(|run| run["action"] == "ingest");
    let open: Vec<&Value> = acts.filter(|run| run["status"] == "open").collect();
    assert!(open.is_empty(), "every run is closed: {open:?}");
    program.ok(&["log", "verify"]);
    let objects = store.objects();
    let names: BTreeSet<&str> = objects.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.iter().any(|name| name.contains("tables/crm_members/_delta_log/")));
    for canary in CANARIES {
        for (name, bytes) in &objects {
            assert!(!holds(bytes, canary.as_bytes()) && !name.contains(canary), "{canary} is in {name}");
        }
    }
}
