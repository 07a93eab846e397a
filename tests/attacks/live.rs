//! `membrane attack` against a hub at work, and against one that gives everything away.

use std::path::Path;

use axum::Json;
use axum::Router;
use axum::http::{StatusCode, Uri};
use membrane::attack::{Address, Attacker, Verdict, attack};
use serde_json::{Value, json};

use crate::program::{Program, text};
use crate::world::{CANARIES, canary_deliveries, holds};

/// A hub with generated members, and with the canary in each channel.
fn filled() -> Program {
    let program = Program::new().with_env("MEMBRANE__LOG__LEVEL", "trace");
    program.ok(&["sample", "--members", "300", "--out", "sample"]);
    let entries = std::fs::read_dir(program.path("sample")).unwrap();
    for file in entries.map(|entry| entry.unwrap().path()) {
        let known = ["csv", "ndjson", "parquet", "arrow"];
        if file.extension().is_some_and(|extension| known.contains(&extension.to_str().unwrap())) {
            let dataset = file.file_stem().and_then(|stem| stem.to_str()).unwrap();
            program.ok(&["ingest", dataset, text(&file)]);
        }
    }
    for (dataset, body, extension) in canary_deliveries() {
        let file = program.path(&format!("canary.{extension}"));
        std::fs::write(&file, body).unwrap();
        program.run(&["ingest", dataset, text(&file)]);
    }
    program
}

fn canaries() -> Vec<&'static str> {
    CANARIES.iter().flat_map(|canary| ["--canary", canary]).collect()
}

#[test]
fn a_hub_at_work_holds_against_everything() {
    let program = filled();
    let served = program.serve();
    // What is typed below is in the corpus: no part of it may come back, nor lie in the log.
    let who =
        ["--as", "analyst:ana", "--as", "analyst:lee", "--as", "partner:acme", "--as", "compliance:olga"];
    let words = [&["attack", "--url", &served.base, "--json"][..], &who, &canaries()].concat();
    let told: Value = serde_json::from_slice(&program.run(&words).stdout).unwrap();
    let broken: Vec<&Value> =
        told["attacks"].as_array().unwrap().iter().filter(|attack| attack["held"] != json!(true)).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(told["made"].as_u64().unwrap() > 2_000, "{}", told["made"]);
    assert_eq!(told["made"], told["held"]);
    // A partner's budget is as it was: dry runs and refusals cost nothing.
    assert_eq!(program.json(&["budget"])["budgets"], json!([]));
    let metrics = served.curl("/metrics", None, &[]);
    assert!(metrics.starts_with(b"HTTP/1.1 200"));
    assert!(CANARIES.iter().all(|canary| !holds(&metrics, canary.as_bytes())));
    let log = served.stop();
    assert!(log.len() > 100_000, "the log was written");
    for canary in CANARIES {
        assert!(!holds(&log, canary.as_bytes()), "{canary} is in the log");
    }
    assert_eq!(record_with(&program.path(".membrane")), Vec::<String>::new());
}

/// Canaries that are in clear in the hub's own files, after statements that spelt them.
fn record_with(folder: &Path) -> Vec<String> {
    CANARIES
        .iter()
        .filter(|canary| !crate::world::files_with(folder, canary).is_empty())
        .map(|canary| (*canary).to_owned())
        .collect()
}

/// A hub is served for the occasion when none is named; the score is the last line.
#[test]
fn the_hub_of_a_folder_is_attacked_where_no_other_is_named() {
    let program = filled();
    let told = program.ok(&["attack", "--as", "service:ingestor", "--as", "operator:omar"]);
    let score = told.lines().last().unwrap();
    let (held, all) = score.strip_prefix("held ").unwrap().split_once(" of ").unwrap();
    assert_eq!(held, all);
    assert!(all.parse::<usize>().unwrap() > 1_000, "{score}");
    assert!(told.contains("a condition on the clear value"), "{told}");
}

#[test]
fn a_hub_that_does_not_answer_is_a_failure() {
    let program = Program::new();
    let output = program.run(&["attack", "--url", "http://127.0.0.1:9", "--bearer", "analyst:ana=x"]);
    assert_eq!(output.status.code(), Some(1));
    for url in ["127.0.0.1:7878", "https://127.0.0.1:7878"] {
        let output = program.run(&["attack", "--url", url, "--bearer", "analyst:ana=secret-of-ana"]);
        assert_eq!(output.status.code(), Some(2), "{url}");
        assert!(!holds(&output.stderr, b"secret-of-ana"));
    }
}

/// A gateway that answers whatever it is asked, with a clear number.
async fn open_gate(uri: Uri) -> (StatusCode, Json<Value>) {
    let rows = json!([{ "n": 1, "phone": "13977700123" }]);
    (StatusCode::OK, Json(json!({ "run": uri.path(), "columns": [], "rows": rows, "row_count": 1 })))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_gives_everything_away_is_found_out() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(open_gate)).await.unwrap() });
    let address = Address::parse(&base).unwrap();
    let attacker = |principal: &str| Attacker {
        principal: principal.parse().unwrap(),
        bearer: "x".to_owned(),
        purpose: "marketing_analysis".to_owned(),
    };
    let attackers = [attacker("analyst:ana"), attacker("partner:acme"), attacker("compliance:olga")];
    let with = attack(&address, &attackers, &["13977700123".to_owned()], true).await.unwrap();
    // All that it lets out is the canary; what it refuses is what HTTP itself refuses.
    let broken = with.scored.iter().filter(|scored| scored.verdict != Verdict::Held).count();
    assert!(broken * 100 > with.scored.len() * 95, "{broken} of {}", with.scored.len());
    let without = attack(&address, &attackers, &[], true).await.unwrap();
    let broken = without.scored.iter().filter(|scored| scored.verdict != Verdict::Held).count();
    assert!(broken * 100 > without.scored.len() * 60, "{broken} of {}", without.scored.len());
}
