//! Who did what, and why they were allowed: found by a command, and shown as it comes.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::audit_log::alter;
use crate::program::{Program, spawn};

const ANA: [&str; 4] = ["--as", "analyst:ana", "--purpose", "marketing_analysis"];

/// A hub in which somebody read, and somebody was refused.
fn acted() -> Program {
    let program = Program::new();
    program.ok(&["sample", "--members", "60", "--seed", "3", "--out", "sample"]);
    program.ok(&["ingest", "crm_members", "sample/crm_members.csv"]);
    program.ok(&[&["sql", "SELECT phone, region FROM crm_members LIMIT 3"], &ANA[..]].concat());
    program.ok(&[&["sql", "SELECT region FROM crm_members LIMIT 3"], &ANA[..]].concat());
    let refused =
        ["sql", "SELECT phone FROM crm_members", "--as", "partner:acme", "--purpose", "marketing_analysis"];
    assert!(!program.run(&refused).status.success());
    program
}

fn found(program: &Program, words: &[&str]) -> Vec<Value> {
    let told = program.json(&[&["audit", "search"], words].concat());
    told["runs"].as_array().unwrap().clone()
}

#[test]
fn runs_are_found_by_what_they_were_about() {
    let program = acted();
    let one = |words: &[&str]| {
        let runs = found(&program, words);
        assert_eq!(runs.len(), 1, "{words:?}: {runs:?}");
        runs[0].clone()
    };
    let read = one(&["--column", "phone", "--level", "partial"]);
    assert_eq!(read["principal"], json!("analyst:ana"));
    assert_eq!(
        read["columns"][0],
        json!({"dataset": "crm_members", "column": "phone", "level": "partial", "direct": true, "policies": ["marketing.phone"]})
    );
    assert!(read["leaf"].is_u64() && read["datasets"] == json!(["crm_members"]));
    assert_eq!(found(&program, &["--column", "region", "--action", "read"]).len(), 2);
    assert_eq!(found(&program, &["--column", "phone", "--level", "clear"]), [] as [Value; 0]);
    assert_eq!(found(&program, &["--principal", "analyst:ana", "--dataset", "crm_members"]).len(), 2);
    assert_eq!(found(&program, &["--principal", "analyst:ana", "--until", "2020-01-01"]).len(), 0);
    assert_eq!(one(&["--action", "ingest", "--dataset", "crm_members"])["status"], json!("complete"));
    let refused = one(&["--principal", "partner:acme"]);
    assert_ne!(refused["status"], json!("complete"), "{refused}");
    // What was looked for is on record, without names that nobody knows.
    assert!(found(&program, &["--column", "p13911112222"]).is_empty());
    let looked = found(&program, &["--action", "audit", "--limit", "500"]);
    let jobs: Vec<&str> = looked.iter().filter_map(|run| run["job"].as_str()).collect();
    assert!(jobs.contains(&"search runs column=phone level=partial"), "{jobs:?}");
    assert!(jobs.contains(&"search runs column=?") && !jobs.concat().contains("139"), "{jobs:?}");
    let newest = program.json(&["audit", "search", "--limit", "2"]);
    assert_eq!((newest["runs"].as_array().unwrap().len(), &newest["has_more"]), (2, &json!(true)));
    let shown = program.ok(&["audit", "search", "--column", "phone", "--as", "compliance:olga"]);
    assert!(shown.contains("phone partial") && shown.contains("marketing.phone:"), "{shown}");
    assert!(
        shown
            .lines()
            .take_while(|line| !line.starts_with("marketing"))
            .all(|line| line.chars().count() <= 100),
        "{shown}"
    );
    let hers = program.run(&["audit", "search", "--as", "analyst:ana"]);
    assert_eq!(hers.status.code(), Some(3));
    let hers = program.run(&["audit", "tail", "--as", "analyst:ana"]);
    assert_eq!(hers.status.code(), Some(3));
}

#[test]
fn entries_are_shown_as_they_come() {
    let program = acted();
    let tail = program.ok(&["audit", "tail", "--limit", "100", "--dataset", "crm_members"]);
    assert_eq!(tail.lines().filter(|line| line.contains("analyst:ana")).count(), 2, "{tail}");
    let places: Vec<u64> =
        tail.lines().filter_map(|line| line.split("  ").nth(1)?.strip_prefix('#')?.parse().ok()).collect();
    assert!(places.len() >= 3 && places.is_sorted(), "{tail}");
    let words = ["audit", "tail", "--follow", "--json", "--limit", "0", "--principal", "analyst:ana"];
    let mut child = spawn(program.command(&words).stdout(Stdio::piped()));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // What it says is of what comes after it began; asked again until it is seen, as nothing tells when it has begun.
    let (sender, receiver) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || sender.send(lines.next().unwrap().unwrap()));
    let mut told = None;
    for _ in 0..60 {
        program.ok(&[&["sql", "SELECT region FROM crm_members LIMIT 3"], &ANA[..]].concat());
        told = receiver.recv_timeout(std::time::Duration::from_secs(2)).ok();
        if told.is_some() {
            break;
        }
    }
    let entry: Value = serde_json::from_str(&told.unwrap()).unwrap();
    assert_eq!((&entry["principal"], &entry["action"]), (&json!("analyst:ana"), &json!("read")));
    let interrupt = ["-INT", &child.id().to_string()].map(str::to_owned);
    assert!(std::process::Command::new("kill").args(interrupt).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    reader.join().unwrap().unwrap();
}

/// The index by which runs are found by their columns is held against the record, and made anew from it.
#[test]
fn an_altered_index_is_found_and_made_anew() {
    let program = acted();
    let phones = || found(&program, &["--column", "phone", "--action", "read"]).len();
    let before = phones();
    assert!(before > 0);
    program.ok(&["audit", "publish"]);
    alter(&program, "DELETE FROM column_read WHERE column_name = 'phone';");
    assert_eq!(phones(), 0);
    let told = program.run(&["audit", "verify"]);
    assert_eq!(told.status.code(), Some(1));
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.contains("is found by other columns than it took"), "{told}");
    assert!(program.ok(&["audit", "repair"]).contains("was altered; it is made anew"));
    assert_eq!(phones(), before);
    assert_eq!(program.json(&["audit", "repair"])["index_made_anew"], json!(false));
    program.ok(&["audit", "verify"]);
}
