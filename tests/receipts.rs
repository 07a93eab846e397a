//! Receipts, as a partner has them and as somebody else checks them: on another machine, with a public key and nothing
//! else, and in another language.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, header};
use membrane::Serving;
use membrane::config::ServerSection;
use membrane::http::{Metrics, router};
use membrane::receipt::check;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::program::{Program, binary, installed, text};
use crate::world::{World, files_with, repository};

const SQL: &str =
    "SELECT region, COUNT(*) AS lines, SUM(amount) AS sales FROM pos_order_lines GROUP BY region";
/// What a partner typed, and is the partner's own business.
const LITERAL: &str = "S0RECEIPTCANARY";

/// Asks as acme over HTTP and returns the body as it came.
async fn ask(world: &World, body: &Value, accept: &str) -> String {
    let app = router(
        Arc::new(Serving::new(Arc::clone(&world.hub))),
        &ServerSection::default(),
        Metrics::of_process(),
    );
    let acme = "partner:acme".parse().unwrap();
    let bearer = world.hub.bearers().issue(&acme, "test", 8, world.hub.clock().now()).unwrap();
    let request = Request::post("/v1/release")
        .header(header::AUTHORIZATION, format!("Bearer {bearer}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, accept)
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = app.oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
    assert!(status.is_success(), "{}", String::from_utf8_lossy(&bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn answer(world: &World, sql: &str) -> String {
    ask(world, &json!({ "sql": sql, "epsilon": 1.0 }), "application/json").await
}

/// What the receipt of an answer says.
fn body(file: &str) -> Value {
    let file: Value = serde_json::from_str(file).unwrap();
    serde_json::from_str(file["receipt"]["body"].as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_says_what_was_asked_read_paid_and_where_it_is_on_record() {
    let (world, _) = World::populated(200).await;
    let file = answer(&world, SQL).await;
    let said = body(&file);
    let shown: Value = serde_json::from_str(&file).unwrap();
    let run = shown["run"].as_str().unwrap().parse().unwrap();
    let record = world.hub.ledger().run(&run).await.unwrap().unwrap();
    let head = world.hub.ledger().verify_log().await.unwrap();
    assert_eq!(said["format"], "membrane-receipt/1");
    assert_eq!((&said["partner"], &said["purpose"]), (&json!("partner:acme"), &json!("partner_reporting")));
    assert_eq!(said["query"], SQL);
    assert_eq!(said["plan_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(said["policy_version"], record.decisions[0].policy_version);
    assert_eq!(said["publication"], Value::Null, "this hub serves a folder");
    let paid = &record.releases[0];
    let accounts: Vec<String> = paid.accounts.iter().map(ToString::to_string).collect();
    let price = (paid.price.rho_nano, paid.price.delta_atto);
    assert_eq!(
        said["paid"],
        json!({ "run": run.to_string(), "rho_nano": price.0, "delta_atto": price.1, "accounts": accounts })
    );
    assert_eq!(accounts.len(), 6);
    assert_eq!(said["charged"], json!({ "rho_nano": price.0, "delta_atto": price.1 }));
    assert_eq!(
        (said["log"]["size"].as_u64(), said["log"]["root"].as_str()),
        (Some(head.size), Some(head.root.as_str()))
    );
    assert_eq!(said["log"]["leaf"].as_u64(), record.leaf_index);
    for name in ["run", "price", "mechanism", "unit", "notes", "clipped", "datasets", "columns"] {
        assert!(!said["answer"][name].is_null(), "{name}");
        assert_eq!(said["answer"][name], shown[name], "{name}");
    }
    assert!(said["answer"]["datasets"][0]["version"].is_u64());
    let aggregate = &said["answer"]["mechanism"]["aggregates"][1];
    assert_eq!((&aggregate["name"], &aggregate["noise"]), (&json!("sales"), &json!("gaussian")));
    for name in ["sensitivity", "sigma", "half_width95", "upper"] {
        assert!(aggregate[name].as_f64().unwrap() > 0.0, "{name}");
    }
    for moment in ["budgets", "more_like_this", "rows"] {
        assert!(said["answer"].get(moment).is_none() && shown.get(moment).is_some(), "{moment}");
    }
    // Instants between question and tick would tell how long rows took, and so would a hash of all that a leaf has with them.
    let receipt = shown["receipt"]["body"].as_str().unwrap();
    for secret in [&paid.query_key, paid.answer_sha256.as_ref().unwrap()] {
        assert!(!receipt.contains(secret.as_str()));
    }
    assert_eq!(
        (&said["asked"], &said["answered"]),
        (&json!("2026-02-03T04:05:06.000Z"), &json!("2026-02-03T04:05:06.000Z"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_paid_before_has_a_receipt_of_its_own() {
    let (world, _) = World::populated(200).await;
    let (first, again) = (answer(&world, SQL).await, answer(&world, &SQL.to_lowercase()).await);
    let key = world.hub.receipt_key();
    assert!(check(&first, &key).holds() && check(&again, &key).holds());
    let (first, again) = (body(&first), body(&again));
    assert_ne!(first["answer"]["run"], again["answer"]["run"]);
    assert_eq!(again["answer"]["replay_of"], first["answer"]["run"]);
    assert_eq!((&again["paid"], &again["plan_sha256"]), (&first["paid"], &first["plan_sha256"]));
    assert_eq!(again["result_sha256"], first["result_sha256"]);
    assert_eq!(again["charged"], json!({ "rho_nano": 0, "delta_atto": 0 }));
    assert_eq!(again["query"], SQL.to_lowercase());
    assert!(again["log"]["leaf"].as_u64() > first["log"]["leaf"].as_u64());
    // A dry run has none, and other forms have no place for one.
    let dry = ask(&world, &json!({ "sql": SQL, "dry_run": true }), "application/json").await;
    assert!(serde_json::from_str::<Value>(&dry).unwrap().get("receipt").is_none());
    let csv = ask(&world, &json!({ "sql": SQL, "epsilon": 1.0 }), "text/csv").await;
    assert!(csv.starts_with("region,lines,"));
}

/// Every byte of an answer, changed in two ways, is found out, but for what the receipt does not speak of.
#[tokio::test(flavor = "multi_thread")]
async fn no_byte_can_be_changed() {
    let (world, _) = World::populated(200).await;
    let file =
        answer(&world, "SELECT region, COUNT(*) AS n, AVG(amount) AS m FROM pos_order_lines GROUP BY region")
            .await;
    let key = world.hub.receipt_key();
    assert!(check(&file, &key).holds(), "{:?}", check(&file, &key).checks);
    let moment = file.find("\"budgets\"").unwrap()..file.find("\"mechanism\"").unwrap();
    let mut changed = 0;
    for at in (0..file.len()).filter(|at| !moment.contains(at)) {
        for bit in [0x01, 0x20] {
            let mut bytes = file.clone().into_bytes();
            bytes[at] ^= bit;
            let Ok(other) = String::from_utf8(bytes) else { continue };
            if number_at(&file, at).is_some_and(|number| number_at(&other, at) == Some(number)) {
                continue;
            }
            assert!(!check(&other, &key).holds(), "byte {at}, {bit}");
            changed += 1;
        }
    }
    assert!(changed > 5_000, "{changed}");
    for length in (0..file.len() - 1).step_by(7) {
        assert!(!check(file.get(..length).unwrap(), &key).holds(), "cut off at {length}");
    }
    assert!(!check(&file, &"00".repeat(32)).holds());
}

/// The number around a byte: one that is written otherwise, as 1E3 for 1e3, is the same.
fn number_at(file: &str, at: usize) -> Option<u64> {
    let part = |letter: u8| letter.is_ascii_digit() || b"+-.eE".contains(&letter);
    let bytes = file.as_bytes();
    let start = (0..at).rev().take_while(|at| part(bytes[*at])).last().unwrap_or(at);
    let end = (at..bytes.len()).take_while(|at| part(bytes[*at])).last()? + 1;
    file.get(start..end)?.parse::<f64>().ok().map(f64::to_bits)
}

/// What a partner types is in the receipt that it gets, and in no file of the hub.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_is_in_the_receipt_and_nowhere_else() {
    let (world, _) = World::populated(200).await;
    let sql =
        format!("SELECT COUNT(*) AS n FROM pos_order_lines WHERE store_id <> '{LITERAL}' -- {LITERAL}2");
    for _ in 0..2 {
        let file = answer(&world, &sql).await;
        assert_eq!(body(&file)["query"], sql);
        assert!(check(&file, &world.hub.receipt_key()).holds());
    }
    assert_eq!(files_with(world.dir.path(), LITERAL), Vec::<PathBuf>::new());
}

/// A hub with data, its log at its most talkative.
fn program() -> Program {
    let program = Program::new().with_env("MEMBRANE__LOG__LEVEL", "trace");
    program.ok(&["sample", "--members", "300", "--seed", "9", "--out", "sample"]);
    program.ok(&["ingest", "pos_order_lines", "sample/pos_order_lines.parquet"]);
    program
}

/// A machine that has the program, some files, and nothing of the hub.
struct Elsewhere(tempfile::TempDir);

impl Elsewhere {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Saves a file under a name.
    fn save(&self, name: &str, text: &str) -> &'static str {
        std::fs::write(self.path(name), text).unwrap();
        String::leak(name.to_owned())
    }

    fn verify(&self, words: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(binary());
        command.env_clear().args(["release", "verify"]).args(words).current_dir(self.0.path());
        let Output { status, stdout, stderr } = command.output().unwrap();
        assert!(!self.path(".membrane").exists(), "a hub was made");
        (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
    }
}

#[test]
fn an_answer_is_checked_on_another_machine() {
    let (program, other) = (program(), Elsewhere::new());
    let saved = other.path("answer.json");
    let sql = SQL.replace("GROUP BY", &format!("WHERE store_id <> '{LITERAL}' GROUP BY"));
    let acme = ["--as", "partner:acme", "--epsilon", "1"];
    program.ok(&[&["release", &sql, "--receipt", text(&saved)], &acme[..]].concat());
    let key_file = program.ok(&["keys", "show", "--json"]);
    other.save("receipt-key.json", &key_file);
    let key: Value = serde_json::from_str(&key_file).unwrap();
    let key = key["key"].as_str().unwrap();
    assert!(program.ok(&["keys", "show"]).contains(key));

    for words in [["answer.json", "--key-file", "receipt-key.json"], ["answer.json", "--key", key]] {
        let (code, told) = other.verify(&words);
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains("holds  columns and rows are those of the receipt"), "{told}");
        assert!(told.contains("asked    by partner:acme for partner_reporting at "), "{told}");
        assert!(told.contains("pos_order_lines at version ") && told.contains(LITERAL), "{told}");
    }
    let (code, told) = other.verify(&["answer.json"]);
    assert!(code == Some(2) && told.contains("--key <HEX>"), "{told}");
    let (code, told) = other.verify(&["nothing.json", "--key", key]);
    assert!(code == Some(1) && told.contains("cannot read nothing.json"), "{told}");

    // As a server answers it, saved by curl: what was paid for is there for nothing, and the key for whoever asks.
    let bearer = program.bearer("partner:acme");
    let served = program.serve();
    let asked = json!({ "sql": sql, "epsilon": 1.0 }).to_string();
    let header = ["--header", "Content-Type: application/json", "--data", &asked];
    let body_of = |bytes: Vec<u8>| {
        let whole = String::from_utf8(bytes).unwrap();
        whole.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    let again = body_of(served.curl("/v1/release", Some(&bearer), &header));
    other.save("again.json", &again);
    other.save("served-key.json", &body_of(served.curl("/receipt-key", None, &[])));
    served.stop();
    let (code, told) = other.verify(&["again.json", "--key-file", "served-key.json"]);
    assert!(code == Some(0) && told.contains("charged  rho 0 for this request"), "{told}");
    let (code, told) = other.verify(&["again.json", "--key-file", "served-key.json", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (code, &told["holds"], &told["not_in_receipt"]),
        (Some(0), &json!(true), &json!(["budgets", "more_like_this"]))
    );
    assert_eq!(files_with(program.dir.path(), LITERAL), Vec::<PathBuf>::new());

    forged(&other, &again, key);
    in_python(&other, key);
}

/// What somebody made of an answer is told from it, in words that say where.
fn forged(other: &Elsewhere, file: &str, key: &str) {
    let refused = |name: &str, file: &str, words: &str| {
        let (code, told) = other.verify(&[other.save(name, file), "--key", key]);
        assert_eq!(code, Some(1), "{name}: {told}");
        assert!(told.contains("WRONG  ") && told.contains(words), "{name}: {told}");
        assert!(told.contains("this is not an answer that the holder of that key signed"), "{name}: {told}");
        assert!(!told.contains("asked    by"), "{name}: {told}");
    };
    let (head, rest) = file.split_once("\"rows\":[").unwrap();
    let (rows, tail) = rest.split_once("],\"row_count\"").unwrap();
    let with_rows = |rows: &[&str]| format!("{head}\"rows\":[{}],\"row_count\"{tail}", rows.join("},{"));
    let each: Vec<&str> = rows.split("},{").collect();
    let words = "a cell, a column, or the order or the number of rows is another";
    refused("number.json", &set(file, &["\"rows\":", "\"lines\":"], "1000000"), words);
    let order: Vec<&str> = [&each[..1], &[each[2], each[1]], &each[3..]].concat();
    refused("order.json", &with_rows(&order), words);
    refused("fewer.json", &with_rows(&[&each[..2], &each[3..]].concat()), words);
    for (name, place, value, words) in [
        (
            "renamed.json",
            ["\"columns\":", "\"name\":\"lines"],
            "_a_day",
            "`columns[1].name` is not what the receipt says",
        ),
        (
            "cheaper.json",
            ["\"price\":", "\"epsilon\":"],
            "0.125",
            "`price.epsilon` is not what the receipt says",
        ),
        (
            "bounds.json",
            ["\"name\":\"sales\"", "\"upper\":"],
            "10",
            "`mechanism.aggregates[1].upper` is not what the receipt says",
        ),
        (
            "version.json",
            ["\"datasets\":", "\"version\":"],
            "99",
            "`datasets[0].version` is not what the receipt says",
        ),
    ] {
        refused(name, &set(file, &place, value), words);
    }
    let words = "the signature is not one of this body by this key";
    refused("query.json", &file.replace(LITERAL, "S1"), words);
    let (before, receipt) = file.split_once("\"receipt\":").unwrap();
    let bare = format!("{before}\"rows\"{}", receipt.split_once("\"rows\"").unwrap().1);
    refused("bare.json", &bare, "it has no `receipt`");
    refused("cut.json", file.get(..file.len() / 2).unwrap(), "the file breaks off at line 1, column ");
    refused("twice.json", &file.replacen('{', "{\"run\":\"other\",", 1), "two members of one name");
    // Another hub's answer, and another hub's key.
    let stranger = Program::new().ok(&["keys", "show", "--json"]);
    other.save("stranger.json", &stranger);
    let (code, told) = other.verify(&["again.json", "--key-file", "stranger.json"]);
    assert!(code == Some(1) && told.contains("another key than the one that you named"), "{told}");
}

/// Writes something else behind the last of some words, up to where the value there ends.
fn set(file: &str, words: &[&str], value: &str) -> String {
    let (mut before, mut after) = (String::new(), file);
    for word in words {
        let (skipped, rest) = after.split_once(word).unwrap();
        before.extend([skipped, word]);
        after = rest;
    }
    let end = after.find([',', '}', ']', '"']).unwrap();
    [before.as_str(), value, after.split_at(end).1].concat()
}

/// The program of the partners' page, which has nothing of ours.
fn in_python(other: &Elsewhere, key: &str) {
    let page = std::fs::read_to_string(repository().join("docs/partners.md")).unwrap();
    let program = page.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    other.save("verify.py", program);
    let run = |file: &str, key: &str| {
        let mut command = Command::new(installed("", "python"));
        let output = command.args(["verify.py", file, key]).current_dir(other.0.path()).output().unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    for file in ["answer.json", "again.json"] {
        let (verified, told) = run(file, key);
        assert!(verified && told.contains("SELECT region"), "{told}");
    }
    for (file, words) in [
        ("number.json", "rows"),
        ("order.json", "rows"),
        ("cheaper.json", "price"),
        ("version.json", "datasets"),
        ("query.json", "InvalidSignature"),
    ] {
        let (verified, told) = run(file, key);
        assert!(!verified && told.contains(words), "{file}: {told}");
    }
    assert!(!run("again.json", &"00".repeat(32)).0);
}
