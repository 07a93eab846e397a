//! What the record says of who came by which door, and what it never says.

use std::process::Stdio;

use crate::program::{Program, text};
use crate::world::{files_with, holds};

const PLANTED: &str = "CANARY-DELIVERY-7f3a";

/// The channel of a command's run.
fn channel(program: &Program, words: &[&str]) -> String {
    let run = program.json(words)["run"].as_str().unwrap().to_owned();
    program.json(&["runs", &run])["channel"].as_str().unwrap().to_owned()
}

#[test]
fn the_record_says_how_it_is_known_who_came() {
    let program = Program::new();
    let bearer = program.bearer("compliance:olga");
    assert_eq!(channel(&program, &["runs"]), "cli-default");
    assert_eq!(channel(&program, &["runs", "--as", "compliance:olga"]), "cli");
    assert_eq!(channel(&program, &["runs", "--bearer", &bearer]), "cli-bearer");
    let served = program.serve();
    let answer = String::from_utf8(served.curl("/v1/runs", Some(&bearer), &[])).unwrap();
    let body: serde_json::Value = serde_json::from_str(answer.split("\r\n\r\n").last().unwrap()).unwrap();
    served.stop();
    let run = body["run"].as_str().unwrap_or_else(|| panic!("{body}"));
    assert_eq!(program.json(&["runs", run])["channel"], "http");
}

#[test]
fn names_of_deliveries_are_kept_as_their_keyed_hash_only() {
    let program = Program::new();
    program.ok(&["sample", "--members", "200", "--seed", "3", "--out", "sample"]);
    let named = program.path(&format!("{PLANTED}.csv"));
    std::fs::copy(program.path("sample/dim_stores.csv"), &named).unwrap();
    let words = ["ingest", "dim_stores", text(&named), "--source", PLANTED];
    assert_eq!(program.json(&words)["already"], false);
    assert_eq!(program.json(&words)["already"], true);
    let mut seen = program.ok(&["lineage", "dim_stores.store_id"]).into_bytes();
    let run = program.json(&words)["run"].as_str().unwrap().to_owned();
    seen.extend(program.ok(&["runs", &run]).into_bytes());
    seen.extend(program.ok(&["runs", "--json"]).into_bytes());
    assert!(!holds(&seen, PLANTED.as_bytes()));
    assert_eq!(files_with(&program.path(".membrane"), PLANTED), Vec::<std::path::PathBuf>::new());
}

/// A pipe can be read only once; what came through one is the same delivery as the file.
#[test]
fn a_delivery_through_a_pipe_is_the_same_as_the_file() {
    let program = Program::new();
    program.ok(&["sample", "--members", "200", "--seed", "3", "--out", "sample"]);
    let file = program.path("sample/dim_stores.csv");
    let pipe = program.path("pipe.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut feeding = std::process::Command::new("sh")
        .args(["-c", "cat \"$0\" > \"$1\"", text(&file), text(&pipe)])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let first = program.json(&["ingest", "dim_stores", text(&pipe)]);
    assert!(feeding.wait().unwrap().success());
    assert_eq!(first["already"], false);
    let again = program.json(&["ingest", "dim_stores", text(&file)]);
    assert_eq!((&again["already"], &again["contract_changed"]), (&true.into(), &false.into()));
}
