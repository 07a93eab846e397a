//! The published log: proved and checked by whoever has its key, altered and found.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::program::Program;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(program: &Program, words: &[&str]) -> Value {
    let output = program.run(words);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{words:?}: {}", text(&output.stderr)))
}

/// A hub with some runs; returns one of them.
fn acted(program: &Program) -> String {
    for words in [["catalog", "search", "phone"], ["catalog", "search", "email"]] {
        assert!(program.run(&words).status.success());
    }
    let runs = json(program, &["runs", "--json"]);
    let runs = runs["runs"].as_array().or_else(|| runs.as_array()).unwrap().clone();
    runs.iter().find(|run| run["status"] == "complete").unwrap()["run"].as_str().unwrap().to_owned()
}

/// What was proved is checked with the key alone, in a folder where there is no hub.
#[test]
fn a_run_is_proved_to_somebody_who_has_only_the_key() {
    let program = Program::new();
    let run = acted(&program);
    let key = text(&program.run(&["audit", "key"]).stdout).trim().to_owned();
    let proved = program.run(&["audit", "prove", &run, "--out", "proof", "--with-statement"]);
    assert!(proved.status.success(), "{}", text(&proved.stderr));
    let elsewhere = tempfile::tempdir().unwrap();
    for ending in ["json", "tlog-proof"] {
        let name = format!("{run}.{ending}");
        std::fs::copy(program.path("proof").join(&name), elsewhere.path().join(&name)).unwrap();
    }
    let proof = elsewhere.path().join(format!("{run}.tlog-proof"));
    let check = |key: &str| program.run(&["audit", "check", proof.to_str().unwrap(), "--key", key]);
    let checked = check(&key);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    let shown = text(&checked.stdout);
    assert!(shown.contains(&format!("run {run} is in the log")) && shown.contains("purpose: "), "{shown}");
    assert!(shown.contains("allowed -: ") && shown.contains("  policies: "), "{shown}");
    // By the end of its id, as `audit search` prints it.
    let (_, end) = run.rsplit_once('-').unwrap();
    let short = program.ok(&["audit", "prove", end, "--out", "again"]);
    assert!(short.contains(&run), "{short}");
    let entry = elsewhere.path().join(format!("{run}.json"));
    let said = std::fs::read_to_string(&entry).unwrap();
    assert!(said.contains(&run) && said.contains("\"format\":\"membrane-run/"), "{said}");
    std::fs::write(&entry, said.replace("complete", "refused ")).unwrap();
    assert_eq!(check(&key).status.code(), Some(1));
    std::fs::write(&entry, said).unwrap();
    // Under the name of another run it would be taken for that one's.
    let other = elsewhere.path().join("019a0000-0000-7000-8000-000000000002");
    for ending in ["json", "tlog-proof"] {
        let from = elsewhere.path().join(format!("{run}.{ending}"));
        std::fs::copy(from, other.with_extension(ending)).unwrap();
    }
    let named = other.with_extension("tlog-proof");
    let named = program.run(&["audit", "check", named.to_str().unwrap(), "--key", &key]);
    assert_eq!(named.status.code(), Some(1), "{}", text(&named.stdout));
    assert_eq!(check("membrane/other+00000000+AAAA").status.code(), Some(2));
    let open = program.run(&["audit", "prove", "019a0000-0000-7000-8000-000000000001"]);
    assert_eq!(open.status.code(), Some(1));
    assert!(text(&open.stderr).contains("no such run"), "{}", text(&open.stderr));
}

/// From elsewhere: with the key, the place and a head that was kept, and no hub.
#[test]
fn a_log_that_was_altered_is_found_from_elsewhere() {
    let program = Program::new();
    acted(&program);
    let key = text(&program.run(&["audit", "key"]).stdout).trim().to_owned();
    let early = json(&program, &["audit", "verify", "--json"]);
    assert_eq!(early["findings"].as_array().unwrap().len(), 0, "{early}");
    let head = |told: &Value| {
        format!("{}:{}", told["published"]["size"], told["published"]["root"].as_str().unwrap())
    };
    acted(&program);
    let late = json(&program, &["audit", "verify", "--json"]);
    let log = program.path(".membrane/data/audit");
    let url = format!("file://{}", log.display());
    let from = |since: Option<&str>| {
        let mut words = vec!["audit", "verify", "--log", &url, "--key", &key];
        words.extend(since.iter().flat_map(|head| ["--since", head]));
        program.run(&words)
    };
    for since in [None, Some(head(&early)), Some(head(&late))] {
        let output = from(since.as_deref());
        assert!(output.status.success(), "{since:?}: {}", text(&output.stderr));
        let told = text(&output.stdout);
        assert!(
            told.contains("read, unaltered; head ") && told.contains("the newest run began at 20"),
            "{told}"
        );
        let begins =
            told.contains(&format!("it begins with the {} runs that were known", early["published"]["size"]));
        assert_eq!(begins, since.as_ref() == Some(&head(&early)), "{told}");
        assert_eq!(told.contains("nothing has come since"), since.as_ref() == Some(&head(&late)), "{told}");
    }
    let day = from(Some("2026-03-01"));
    assert_eq!(day.status.code(), Some(2));
    assert!(text(&day.stderr).contains("a day is no head"), "{}", text(&day.stderr));

    let forked = format!("{}:{}", early["published"]["size"], "ab".repeat(32));
    let output = from(Some(&forked));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("does not begin with"), "{}", text(&output.stdout));
    let bundle = bundle(&log);
    let kept = std::fs::read(&bundle).unwrap();
    let mut bytes = kept.clone();
    bytes[100] ^= 1;
    std::fs::write(&bundle, bytes).unwrap();
    let output = from(None);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("was altered"), "{}", text(&output.stdout));
    std::fs::remove_file(&bundle).unwrap();
    assert!(text(&from(None).stdout).contains("is missing"));
    std::fs::write(&bundle, kept).unwrap();
    assert!(from(None).status.success());
}

/// The newest bundle of entries.
fn bundle(log: &Path) -> std::path::PathBuf {
    let folder = log.join("tile/entries/000.p");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names
        .filter(|path| path.file_name().unwrap().to_str().unwrap().parse::<u32>().is_ok())
        .max_by_key(|path| path.file_name().unwrap().to_str().unwrap().parse::<u32>().unwrap())
        .unwrap()
}

/// What somebody typed, and what members have, is in no object of the log.
#[test]
fn no_value_is_published() {
    let program = Program::new();
    program.ok(&["sample", "--members", "60", "--seed", "3", "--out", "sample"]);
    program.ok(&["ingest", "crm_members", "sample/crm_members.csv"]);
    let sql = "SELECT name FROM crm_members WHERE phone = '13911112222' OR region = 'canary_region_77'";
    program.run(&["sql", sql, "--as", "analyst:ana", "--purpose", "marketing_analysis"]);
    program.run(&["sql", sql, "--as", "analyst:p13911112222", "--purpose", "canary_purpose_77"]);
    program.run(&["catalog", "show", "canary_dataset_77"]);
    program.run(&["catalog", "search", "13911112222"]);
    program.ok(&["audit", "publish"]);
    let csv = std::fs::read_to_string(program.path("sample/crm_members.csv")).unwrap();
    let phones: Vec<&str> = csv
        .split([',', '\n'])
        .filter(|cell| cell.len() >= 11 && cell.bytes().all(|b| b.is_ascii_digit()))
        .collect();
    assert!(phones.len() > 30, "{}", phones.len());
    let mut objects = Vec::new();
    gather(&program.path(".membrane/data/audit"), &mut objects);
    assert!(objects.len() >= 4);
    let said = objects.concat();
    for needle in phones.iter().chain(&["13911112222", "canary"]) {
        assert!(!said.contains(needle), "{needle} is published");
    }
    assert!(said.contains("analyst:unknown") && said.contains("analyst:ana"));
}

fn gather(folder: &Path, objects: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, objects);
        } else {
            objects.push(text(&std::fs::read(&path).unwrap()));
        }
    }
}

/// Who kept an answer as it came shows that it is the one that the hub gave; nobody else's is.
#[test]
fn an_answer_is_shown_to_be_the_one_that_was_given() {
    let program = Program::new();
    program.ok(&["sample", "--members", "60", "--seed", "3", "--out", "sample"]);
    program.ok(&["ingest", "crm_members", "sample/crm_members.csv"]);
    let bearer = program.bearer("analyst:ana");
    let served = program.serve();
    let ask = |sql: &str, name: &str| {
        let body = serde_json::json!({"sql": sql, "purpose": "marketing_analysis"}).to_string();
        let file = program.path(name);
        let words = [
            ["--header", "Content-Type: application/json"],
            ["--header", "Accept: application/vnd.apache.arrow.stream"],
            ["--data-binary", &body],
            ["--no-include", "--output"],
        ];
        let words: Vec<&str> = words.iter().flatten().copied().chain([file.to_str().unwrap()]).collect();
        served.curl("/v1/query", Some(&bearer), &words);
        file
    };
    let answer = ask("SELECT name, phone, city, joined_on FROM crm_members", "answer.arrows");
    let found = program.json(&["runs", "--principal", "analyst:ana", "--limit", "1"]);
    let run = found["runs"][0]["run"].as_str().unwrap().to_owned();
    let other = ask("SELECT name, phone, city, joined_on FROM crm_members LIMIT 7", "other.arrows");
    served.stop();

    let told = program.json(&["runs", &run]);
    for (key, what) in [("address", "loopback"), ("channel", "http"), ("status", "complete")] {
        assert_eq!(told[key], what, "{told}");
    }
    for (key, length) in [("plan_sha256", 64), ("answer_commitment", 64)] {
        assert_eq!(told[key].as_str().unwrap().len(), length, "{told}");
    }
    assert!(!told["session"].as_str().unwrap().is_empty(), "{told}");

    let key = program.ok(&["audit", "key"]).trim().to_owned();
    program.ok(&["audit", "prove", &run, "--out", "proof", "--with-statement", "--with-answer"]);
    let file = |ending: &str| program.path("proof").join(format!("{run}.{ending}")).display().to_string();
    let (proof, statement) = (file("tlog-proof"), file("statement.json"));
    let check = |answer: &Path| {
        let answer = answer.to_str().unwrap();
        let words = ["audit", "check", &proof, "--key", &key, "--statement", &statement, "--answer", answer];
        program.run(&words)
    };
    let checked = check(&answer);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    for what in ["statement", "answer"] {
        let line = format!("the {what} is the one that the run was closed with");
        assert!(text(&checked.stdout).contains(&line), "{}", text(&checked.stdout));
    }
    for (wrong, why) in
        [(other.as_path(), "is not the one"), (Path::new(&statement), "not an Arrow IPC stream")]
    {
        let checked = check(wrong);
        assert_eq!(checked.status.code(), Some(1), "{}", text(&checked.stdout));
        assert!(text(&checked.stderr).contains(why), "{}", text(&checked.stderr));
    }
    let asked = std::fs::read_to_string(&statement).unwrap();
    std::fs::write(&statement, asked.replace("phone", "email")).unwrap();
    assert!(text(&check(&answer).stderr).contains("the statement is not the one"));
    // What opens a commitment is its owner's alone, also where an earlier file was open to others.
    let (salt, others) = (file("answer.json"), std::fs::Permissions::from_mode(0o644));
    std::fs::set_permissions(&salt, others).unwrap();
    program.ok(&["audit", "prove", &run, "--out", "proof", "--with-answer"]);
    assert_eq!(std::fs::metadata(&salt).unwrap().permissions().mode() & 0o777, 0o600);
    // An entry says nothing of what was answered.
    let entry = std::fs::read_to_string(file("json")).unwrap();
    let salt = std::fs::read_to_string(file("answer.json")).unwrap();
    let salt: Value = serde_json::from_str(&salt).unwrap();
    assert!(!entry.contains(salt["salt"].as_str().unwrap()), "{entry}");
}

/// The size that the signed head says.
fn signed_size(program: &Program) -> u64 {
    let head = std::fs::read_to_string(program.path(".membrane/data/audit/checkpoint")).unwrap();
    head.lines().nth(1).unwrap().parse().unwrap()
}

/// Where answers wait, a command prints what it found when its run is published, and nothing when it cannot be.
#[test]
fn a_command_answers_when_its_run_is_published() {
    let program = Program::new().with_env("MEMBRANE__AUDIT__ANSWERS", "published");
    let search = ["catalog", "search", "phone"];
    let mut size = 0;
    for _ in 0..3 {
        assert!(program.ok(&search).contains("phone"));
        assert!(signed_size(&program) > size, "{size}");
        size = signed_size(&program);
    }
    let (folder, kept) = (program.path(".membrane/data/audit"), program.path("kept"));
    std::fs::rename(&folder, &kept).unwrap();
    std::fs::write(&folder, "no folder").unwrap();
    let output = program.run(&search);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("could not be published"), "{}", text(&output.stderr));
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&kept, &folder).unwrap();
    assert!(program.ok(&search).contains("phone"));
    // The one that was not answered is on record, and published now.
    assert!(signed_size(&program) >= size + 2, "{size}");
}

/// What was taken away is found, put back, and found no more.
#[test]
fn a_log_is_repaired_from_the_ledger() {
    let program = Program::new();
    acted(&program);
    program.ok(&["audit", "publish"]);
    let bundle = bundle(&program.path(".membrane/data/audit"));
    let kept = std::fs::read(&bundle).unwrap();
    std::fs::remove_file(&bundle).unwrap();
    let found = program.run(&["audit", "verify"]);
    assert_eq!(found.status.code(), Some(1));
    assert!(text(&found.stdout).contains("is missing"), "{}", text(&found.stdout));
    let told = program.ok(&["audit", "repair"]);
    assert!(told.contains("put back: tile/entries/000.p/") && told.contains("(was missing)"), "{told}");
    assert!(std::fs::read(&bundle).unwrap() == kept);
    program.ok(&["audit", "verify"]);
    let told = program.json(&["audit", "repair"]);
    assert_eq!(told["put_back"].as_array().unwrap().len(), 0, "{told}");

    // A ledger that was altered puts nothing back.
    std::fs::remove_file(&bundle).unwrap();
    alter(
        &program,
        "UPDATE run SET job = 'nothing' WHERE run = (SELECT run FROM audit_leaf WHERE leaf = 0);",
    );
    let refused = program.run(&["audit", "repair"]);
    assert!(!refused.status.success(), "{}", text(&refused.stdout));
    assert!(!bundle.exists());
}

/// Alters the ledger of a hub behind its back.
pub(crate) fn alter(program: &Program, statements: &str) {
    let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=30); c.executescript(sys.argv[2]); c.commit()";
    let mut python = std::process::Command::new("python3");
    python.args(["-c", script]).arg(program.path(".membrane/ledger.sqlite")).arg(statements);
    assert!(crate::program::output(&mut python).status.success());
}

/// Who alters the record is found by whoever looks, and the published log is told apart from it.
#[test]
fn an_altered_ledger_is_told_with_what_the_published_log_is() {
    let program = Program::new();
    let run = acted(&program);
    program.ok(&["audit", "verify"]);
    alter(&program, &format!("UPDATE run SET principal = 'analyst:chen' WHERE run = '{run}';"));
    let told = program.run(&["audit", "verify"]);
    assert_eq!(told.status.code(), Some(1));
    let shown = text(&told.stdout);
    assert!(shown.contains(&format!("ledger: the log was altered: run {run} of leaf")), "{shown}");
    assert!(shown.contains("published log: ") && shown.contains(", unaltered; head "), "{shown}");
    let told = json(&program, &["audit", "verify", "--json"]);
    assert_eq!(
        (&told["unaltered"], told["findings"].as_array().map(Vec::len)),
        (&Value::Bool(false), Some(0))
    );
    assert!(told["ledger_fault"].as_str().unwrap().contains(&run), "{told}");
    for words in
        [["audit", "search", "--action", "audit"], ["report", "access", "--principal", "analyst:chen"]]
    {
        let refused = program.run(&words);
        assert_eq!(refused.status.code(), Some(1), "{words:?}: {}", text(&refused.stdout));
        assert!(text(&refused.stderr).contains("the log was altered"), "{}", text(&refused.stderr));
    }
}

/// Copies the ledger as docs/log.md says, while nothing has to stop.
fn copy_ledger(program: &Program, to: &Path) {
    let script = "import sqlite3, sys; a = sqlite3.connect(sys.argv[1], timeout=30); \
                  b = sqlite3.connect(sys.argv[2]); a.backup(b); b.close()";
    let mut python = std::process::Command::new("python3");
    python.args(["-c", script]).arg(program.path(".membrane/ledger.sqlite")).arg(to);
    assert!(crate::program::output(&mut python).status.success());
}

/// The log first, then the ledger: what the log lacks is published again. The other way round nothing is signed.
#[test]
fn a_backup_is_restored_in_another_place() {
    let program = Program::new();
    acted(&program);
    program.ok(&["audit", "publish"]);
    let (log, ledger) = (program.path(".membrane/data/audit"), program.path("ledger.backup"));
    crate::policy::copy(&log, &program.path("log.backup"));
    acted(&program);
    let before = json(&program, &["audit", "verify", "--json"]);
    copy_ledger(&program, &ledger);
    acted(&program);
    program.ok(&["audit", "publish"]);
    crate::policy::copy(&log, &program.path("later.backup"));

    let restored = |log: &str| {
        let place = Program::new();
        crate::policy::copy(&program.path(".membrane"), &place.path(".membrane"));
        for name in ["ledger.sqlite-wal", "ledger.sqlite-shm"] {
            let _ = std::fs::remove_file(place.path(".membrane").join(name));
        }
        std::fs::copy(&ledger, place.path(".membrane/ledger.sqlite")).unwrap();
        std::fs::remove_dir_all(place.path(".membrane/data/audit")).unwrap();
        crate::policy::copy(&program.path(log), &place.path(".membrane/data/audit"));
        place
    };
    let place = restored("log.backup");
    let after = json(&place, &["audit", "verify", "--json"]);
    assert_eq!(after["findings"].as_array().unwrap().len(), 0, "{after}");
    let size = |told: &Value| told["published"]["size"].as_u64().unwrap();
    assert!(size(&after) >= size(&before), "{after} {before}");
    acted(&place);
    assert!(place.json(&["audit", "publish"])["size"].as_u64().unwrap() > size(&after));
    place.ok(&["audit", "verify"]);

    let place = restored("later.backup");
    let refused = place.run(&["audit", "verify"]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    let told = text(&refused.stderr);
    // As docs/log.md quotes it.
    assert!(told.contains("the ledger was set back, as by a backup that is older than the log"), "{told}");
}
