//! The audit of differential privacy, with little of each check, and of one release of a hub at work.

use membrane_sample::{SampleOptions, generate};
use serde_json::{Value, json};

use crate::program::{Program, text};

const BY_REGION: &str = "SELECT region, COUNT(*) AS n, SUM(amount) AS s FROM pos_orders GROUP BY region";

fn failed(report: &Value) -> Vec<&Value> {
    report["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == "fails").collect()
}

/// Every check of the program itself, and every fault that is planted.
#[test]
fn the_audit_finds_what_was_planted_and_nothing_else() {
    let program = Program::new();
    let output = program.run(&["audit", "privacy", "--quick", "--json", "--dir", "audit", "--out", "."]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{}", String::from_utf8_lossy(&output.stderr));
    });
    assert!(failed(&report).is_empty(), "{:#?}", failed(&report));
    assert!(output.status.success());
    for (area, least) in [
        ("mechanisms", 32),
        ("keys", 8),
        ("neighbours", 78),
        ("order", 26),
        ("answers", 4),
        ("grid", 10),
        ("coverage", 3),
        ("ledger", 2),
        ("planted", 9),
    ] {
        let mine = report["checks"].as_array().unwrap().iter().filter(|check| check["area"] == area);
        assert!(mine.count() >= least, "{area}");
    }
    assert!(!program.path("audit").exists(), "the hubs of the audit are gone");
    let page = std::fs::read_to_string(program.path("audit.md")).unwrap();
    assert!(page.contains("## Faults that were planted"), "{page}");
    let written: Value = serde_json::from_slice(&std::fs::read(program.path("audit.json")).unwrap()).unwrap();
    assert_eq!(written["holds"], json!(true));
}

/// The folder of an audit is removed in the end: one that is there already is somebody's.
#[test]
fn a_folder_that_is_there_is_left_alone() {
    let program = Program::new();
    std::fs::create_dir(program.path("mine")).unwrap();
    let output = program.run(&["audit", "privacy", "--quick", "--dir", "mine"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(program.path("mine").exists());
}

/// One release of a hub at work: under the asker's permit, for nothing.
#[test]
fn a_release_of_a_hub_at_work_is_audited_for_nothing() {
    let program = Program::new();
    let sample = program.path("sample");
    let made = generate(&SampleOptions::new(100, 7, &sample), &mut |_, _| {}).unwrap();
    let orders = made.files.iter().find(|file| file.dataset == "pos_orders").unwrap();
    program.ok(&["ingest", "pos_orders", text(&sample.join(&orders.name))]);
    let words = ["release", "audit", "--sql", BY_REGION, "--as", "partner:acme", "--quick"];
    let report = program.json(&words);
    assert!(failed(&report).is_empty(), "{:#?}", failed(&report));
    assert_eq!(report["holds"], json!(true));
    let told = program.ok(&words);
    assert!(told.contains("checks hold"), "{told}");
    assert_eq!(program.json(&["budget"])["budgets"], json!([]), "nothing was charged");
    // It is in the record, and refused as the release is.
    let runs = program.ok(&["runs", "--as", "compliance:olga"]);
    assert!(runs.contains("audit release"), "{runs}");
    let refused = program.run(&["release", "audit", "--sql", BY_REGION, "--as", "analyst:ana", "--quick"]);
    assert_eq!(refused.status.code(), Some(3));
    let unbounded = ["release", "audit", "--sql", "SELECT * FROM pos_orders", "--as", "partner:acme"];
    assert_eq!(program.run(&unbounded).status.code(), Some(1));
}

/// A statement whose conditions no row meets that could be made up has not been looked at, and says so.
#[test]
fn what_could_not_be_looked_at_does_not_hold() {
    let program = Program::new();
    let sql = "SELECT COUNT(*) AS n FROM pos_orders WHERE length(store_id) > 2000";
    let output =
        program.run(&["release", "audit", "--sql", sql, "--as", "partner:acme", "--quick", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(failed(&report)[0]["measured"].as_str().unwrap().contains("nothing moved"), "{report}");
}
