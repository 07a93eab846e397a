//! What goes in: exactly once under kills, nothing half-written, and no identifier in clear in any byte.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::program::{Program, SERVE, text};
use crate::world::{CANARIES, canary_deliveries, files_with, holds};

const COUNT_LINES: &str = "SELECT count(*) AS n FROM pos_order_lines";
const AS_LEE: [&str; 4] = ["--as", "analyst:lee", "--purpose", "marketing_analysis"];

fn count(program: &Program, sql: &str) -> i64 {
    let words: Vec<&str> = ["sql", sql].into_iter().chain(AS_LEE).collect();
    program.json(&words)["rows"][0]["n"].as_i64().unwrap()
}

fn files_below(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.flatten().map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

/// Kills an ingest when this many files have appeared, and tells whether it was still at work.
fn kill_at(program: &Program, words: &[&str], files: usize) -> bool {
    let before = files_below(&program.path(".membrane"));
    let mut child = program.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while files_below(&program.path(".membrane")) < before + files && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let _ = child.kill();
    !child.wait().unwrap().success()
}

#[test]
fn a_killed_ingest_loses_nothing_and_doubles_nothing() {
    let source = Program::new();
    source.ok(&["sample", "--members", "3000", "--seed", "3", "--out", "sample"]);
    let file = source.path("sample/pos_order_lines.parquet");
    let words = ["ingest", "pos_order_lines", text(&file)];
    let accepted = source.json(&words)["rows_accepted"].as_i64().unwrap();
    assert!(accepted > 40_000, "{accepted}");
    let mut killed = 0;
    // From the first file of an empty hub to the last data file of the delivery.
    for files in [1, 4, 6, 8, 9, 10, 11] {
        let program = Program::new();
        killed += usize::from(kill_at(&program, &words, files));
        // Once more, into what the first left behind.
        killed += usize::from(kill_at(&program, &words, 1));
        program.json(&words);
        assert_eq!(program.json(&words)["already"], true);
        assert_eq!(count(&program, COUNT_LINES), accepted, "killed at {files} files");
        program.ok(&["log", "verify"]);
    }
    assert!(killed >= 5, "most were killed at work: {killed}");
}

#[test]
fn a_killed_delivery_from_standard_input_loses_nothing_and_doubles_nothing() {
    let program = Program::new();
    program.ok(&["sample", "--members", "4000", "--seed", "3", "--out", "sample"]);
    let words = ["ingest", "app_events", "-", "--format", "ndjson"];
    let text = std::fs::read(program.path("sample/app_events.ndjson")).unwrap();
    // Half of it, then the end of the sender and of the hub.
    let mut child = program
        .command(&words)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(text.get(..text.len() / 2).unwrap()).unwrap();
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    let events = "SELECT count(*) AS n FROM app_events";
    assert_eq!(count(&program, events), 0);
    let deliver = || {
        let mut child = program
            .command(&words)
            .arg("--json")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&text).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let whole = deliver();
    assert_eq!(deliver()["already"], true);
    assert_eq!(count(&program, events), whole["rows_accepted"].as_i64().unwrap());
}

#[test]
fn no_canary_is_in_clear_in_any_byte() {
    let program = Program::new().with_env("MEMBRANE__LOG__LEVEL", "trace").with_env("RUST_LOG", "trace");
    let mut seen = Vec::new();
    for (dataset, body, extension) in canary_deliveries() {
        let path = program.path(&format!("{dataset}.{extension}"));
        std::fs::write(&path, body).unwrap();
        let output = program.run(&["ingest", dataset, text(&path)]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        seen.extend([output.stdout, output.stderr]);
        std::fs::remove_file(&path).unwrap();
    }
    for sql in [
        "SELECT * FROM crm_members",
        "SELECT * FROM app_events",
        "SELECT * FROM mini_program_events",
        "SELECT * FROM pos_orders",
        "SELECT phone, count(*) FROM crm_members GROUP BY phone ORDER BY phone",
        "SELECT max(name), min(email) FROM crm_members",
        "SELECT * FROM crm_members c JOIN app_events a ON c.phone = a.phone",
        "SELECT CAST('X' || phone AS INT) FROM crm_members",
        "SELECT 1 / (length(name) - 4) FROM crm_members",
    ] {
        for form in ["--json", "--csv"] {
            for who in ["analyst:ana", "analyst:chen", "analyst:lee"] {
                let output = program.run(&["sql", sql, "--as", who, "--purpose", "marketing_analysis", form]);
                seen.extend([output.stdout, output.stderr]);
            }
        }
    }
    // Someone types identifiers into the statement: they are not kept, and not told in the error.
    for canary in CANARIES {
        for sql in [
            format!("SELECT count(*) FROM crm_members WHERE phone = '{canary}'"),
            format!("SELECT count(*) AS \"{canary}\" FROM crm_members"),
            format!("SELECT \"{canary}\" FROM crm_members /* {canary} */"),
            format!("SELECT count(*) FROM \"{canary}\""),
            format!("SELECT '{canary}' + 1 -- {canary}"),
            format!("SELEC '{canary}'"),
        ] {
            let output =
                program.run(&["sql", &sql, "--as", "analyst:ana", "--purpose", "marketing_analysis"]);
            assert!(!holds(&output.stderr, canary.as_bytes()), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let folder = program.path(".membrane");
        assert_eq!(files_with(&folder, canary), Vec::<std::path::PathBuf>::new(), "{canary}");
        assert!(seen.iter().all(|bytes| !holds(bytes, canary.as_bytes())), "{canary} was shown");
    }
    let runs = program.json(&["runs"]);
    assert!(runs["runs"].as_array().unwrap().len() >= 20);
}

#[test]
fn a_full_disk_is_one_clear_error_and_what_was_committed_stays() {
    let program = Program::new();
    program.ok(&["sample", "--members", "2000", "--seed", "5", "--out", "sample"]);
    program.ok(&["ingest", "dim_products", "sample/dim_products.csv"]);
    let before = program.json(&["ingest", "dim_stores", "sample/dim_stores.csv"]);
    assert_eq!(before["already"], false);
    // No file may grow past a megabyte: the same EFBIG-shaped failure as a full volume, without one.
    let membrane = program.command(&["ingest", "pos_order_lines", "sample/pos_order_lines.parquet"]);
    let words: Vec<String> = std::iter::once(membrane.get_program())
        .chain(membrane.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    let output = std::process::Command::new("bash")
        .args(["-c", &format!("trap '' XFSZ; ulimit -f 1000; exec {}", words.join(" "))])
        .env(SERVE, "folder")
        .current_dir(program.dir.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("code storage_"), "{error}");
    // The table library's own task may have panicked on its way down; only the place of that is told.
    let told = error.lines().filter(|line| line.starts_with("membrane: ")).count();
    assert!(told == 1 && !error.contains("stack backtrace"), "{error}");
    assert_eq!(count(&program, COUNT_LINES), 0);
    assert!(count(&program, "SELECT count(*) AS n FROM dim_stores") > 0);
    let after = program.json(&["ingest", "pos_order_lines", "sample/pos_order_lines.parquet"]);
    assert_eq!(count(&program, COUNT_LINES), after["rows_accepted"].as_i64().unwrap());
}

/// A volume of a megabyte in a mount namespace of its own: the errors of a real full disk, for the tables and for the record.
#[test]
fn a_full_volume_is_told_as_one() {
    for (place, more, codes) in [
        ("data", "--data=data", ["code storage_full", "code storage_full"]),
        ("ledger", "--ledger=ledger/l.sqlite", ["code record_fault", "code ledger_failed"]),
    ] {
        let program = Program::new();
        program.ok(&["sample", "--members", "3000", "--seed", "5", "--out", "sample"]);
        std::fs::create_dir(program.path(place)).unwrap();
        let membrane =
            program.command(&["ingest", "pos_order_lines", "sample/pos_order_lines.parquet", more]);
        let words: Vec<String> = std::iter::once(membrane.get_program())
            .chain(membrane.get_args())
            .map(|word| format!("'{}'", word.to_str().unwrap()))
            .collect();
        let script = format!("mount -t tmpfs -o size=1m tmpfs {place} && exec {}", words.join(" "));
        let output = std::process::Command::new("unshare")
            .args(["--map-root-user", "--mount", "bash", "-c", &script])
            .env(SERVE, "folder")
            .current_dir(program.dir.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        if error.starts_with("unshare:") {
            eprintln!("no namespaces on this machine: {error}");
            return;
        }
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(codes.iter().any(|code| error.contains(code)), "{place}: {error}");
        assert_eq!(error.lines().filter(|line| line.starts_with("membrane: ")).count(), 1, "{error}");
    }
}
