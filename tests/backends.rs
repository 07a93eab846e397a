//! The same hub on what several machines share: tables on S3-compatible storage, the record on PostgreSQL.

use std::path::PathBuf;
use std::process::Command;

use crate::faults::store::{BUCKET, Store};
use crate::program::{Program, text};
use crate::world::{CANARIES, canary_deliveries, files_with, holds};

#[path = "../crates/membrane-ledger/src/tests/postgres/server.rs"]
pub(crate) mod postgres;

const LINES: &str = "SELECT region, count(*) AS n FROM pos_order_lines GROUP BY region ORDER BY region";

/// A hub whose tables are in the bucket.
pub(crate) fn on_s3(endpoint: &str) -> Program {
    Program::new()
        .with_env("MEMBRANE__DATA__URL", &format!("s3://{BUCKET}/members"))
        .with_env("MEMBRANE__DATA__STORAGE__AWS_ENDPOINT", endpoint)
        .with_env("MEMBRANE__DATA__STORAGE__AWS_ALLOW_HTTP", "true")
        .with_env("MEMBRANE__DATA__STORAGE__AWS_REGION", "us-east-1")
        .with_env("MEMBRANE__DATA__STORAGE__AWS_ACCESS_KEY_ID", "test")
        .with_env("MEMBRANE__DATA__STORAGE__AWS_SECRET_ACCESS_KEY", "test")
}

/// Brings in generated data and the canary, asks all three kinds of people's questions, and returns the answer of the
/// analyst.
fn use_it(program: &Program) -> serde_json::Value {
    program.ok(&["sample", "--members", "500", "--seed", "9", "--out", "sample"]);
    let file = "sample/pos_order_lines.parquet";
    let first = program.json(&["ingest", "pos_order_lines", file]);
    assert_eq!(first["already"], false);
    assert_eq!(program.json(&["ingest", "pos_order_lines", file])["already"], true);
    for (dataset, body, extension) in canary_deliveries() {
        let path = program.path(&format!("{dataset}.{extension}"));
        std::fs::write(&path, body).unwrap();
        program.ok(&["ingest", dataset, text(&path)]);
        std::fs::remove_file(&path).unwrap();
    }
    let analyst = ["--as", "analyst:lee", "--purpose", "marketing_analysis"];
    let ask = |sql| program.json(&[["sql", sql].as_slice(), &analyst].concat());
    let people = ask("SELECT name, phone FROM crm_members");
    assert_eq!(people["rows"].as_array().unwrap().len(), 1, "{people}");
    let partner = ["--as", "partner:acme", "--epsilon", "0.5"];
    let sql = "SELECT region, COUNT(*) AS lines FROM pos_order_lines GROUP BY region";
    let release = |program: &Program| program.json(&[["release", sql].as_slice(), &partner].concat());
    let paid = release(program);
    assert_eq!(paid["rows"].as_array().unwrap().len(), 8, "{paid}");
    assert_eq!(release(program)["rows"], paid["rows"], "the stored answer again");
    assert!(!program.json(&["lineage", "pos_order_lines.amount"])["upstream"].as_array().unwrap().is_empty());
    program.ok(&["log", "verify"]);
    ask(LINES)["rows"].clone()
}

#[test]
fn a_hub_works_on_s3_and_postgresql_as_on_a_folder() {
    let Some(database) = postgres::Server::start() else { return };
    let bucket = Store::moto();
    let url = database.url("postgres");
    let shared = on_s3(&bucket.endpoint).with_env("MEMBRANE__LEDGER__URL", &url);
    shared.ok(&["keys", "init"]);
    let local = Program::new();
    assert_eq!(use_it(&shared), use_it(&local));

    // A second machine with the same key reads what the first has written.
    let second = on_s3(&bucket.endpoint).with_env("MEMBRANE__LEDGER__URL", &url);
    std::fs::create_dir_all(second.path(".membrane")).unwrap();
    std::fs::copy(shared.path(".membrane/root.key"), second.path(".membrane/root.key")).unwrap();
    let asked = second.json(&["sql", LINES, "--as", "analyst:lee", "--purpose", "marketing_analysis"]);
    assert_eq!(asked["rows"].as_array().unwrap().len(), 8, "{asked}");

    let psql = |sql: &str| {
        let output = Command::new("psql").args(["-Atc", sql, &url]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    psql("CHECKPOINT");
    let folder = PathBuf::from(psql("SHOW data_directory").trim());
    let objects = bucket.objects();
    assert!(objects.iter().any(|(name, _)| name.contains("tables/crm_members/_delta_log/")));
    for canary in CANARIES {
        assert_eq!(files_with(&folder, canary), Vec::<PathBuf>::new(), "{canary}");
        for (name, bytes) in &objects {
            assert!(!holds(bytes, canary.as_bytes()), "{canary} is in {name}");
        }
    }
}

#[test]
fn storage_that_is_away_is_one_clear_error() {
    let program = Program::new()
        .with_env("MEMBRANE__DATA__URL", "s3://hub/members")
        .with_env("MEMBRANE__DATA__STORAGE__AWS_ENDPOINT", "http://127.0.0.1:9")
        .with_env("MEMBRANE__DATA__STORAGE__AWS_ALLOW_HTTP", "true")
        .with_env("MEMBRANE__DATA__STORAGE__AWS_REGION", "us-east-1")
        .with_env("MEMBRANE__DATA__STORAGE__AWS_ACCESS_KEY_ID", "test")
        .with_env("MEMBRANE__DATA__STORAGE__AWS_SECRET_ACCESS_KEY", "hush-hush");
    let output = program.run(&["runs"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("[data] url") && !error.contains("hush"), "{error}");
}

/// A source whose folder is in a bucket: the settings stand in its file, the credentials in the environment.
#[test]
fn files_of_a_bucket_are_taken_in_once() {
    let bucket = Store::moto();
    let store =
        |id: &str| format!("store_id,name,city,region,opened_on\n{id},North,Shanghai,SH,2020-01-02\n");
    bucket.put("inbox/till%201/a.csv", &store("S101"));
    bucket.put("inbox/b.csv", &store("S102"));
    bucket.put("elsewhere/c.csv", &store("S103"));
    let program = Program::new();
    let catalog = program.path("catalog");
    crate::policy::copy(&crate::world::repository().join("catalog"), &catalog);
    std::fs::create_dir_all(catalog.join("sources")).unwrap();
    let source = format!(
        "description: Stores.\ndataset: dim_stores\nkind: files\nfolder: s3://{BUCKET}/inbox\npattern: '**/*.csv'\n\
         settle_seconds: 0\nstorage: {{ aws_endpoint: '{}', aws_allow_http: 'true', aws_region: us-east-1 }}\n\
         credentials: {{ aws_access_key_id: {{ env: INBOX_ID }}, aws_secret_access_key: {{ env: INBOX_SECRET }} }}\n",
        bucket.endpoint
    );
    std::fs::write(catalog.join("sources/stores.yaml"), source).unwrap();
    let look = || {
        let mut command = program.bare();
        command.args(["source", "run", "stores", "--json", "--catalog"]).arg(&catalog);
        command.arg("--policies").arg(crate::world::repository().join("policies"));
        let output = command.env("INBOX_ID", "test").env("INBOX_SECRET", "test").output().unwrap();
        let looked: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let lines = |list: &str, what: &str| -> Vec<String> {
            let list = looked[list].as_array().unwrap().iter();
            list.map(|one| format!("{} {}", one["file"].as_str().unwrap(), one[what])).collect()
        };
        (lines("taken", "rows_accepted"), lines("failed", "code"))
    };
    let (mut taken, failed) = look();
    taken.sort();
    assert_eq!((taken, failed), (vec!["b.csv 1".to_owned(), "till 1/a.csv 1".to_owned()], Vec::new()));
    assert_eq!(look(), (Vec::new(), Vec::new()));
    bucket.put("inbox/b.csv", &format!("{}S104,South,Shanghai,SH,2020-01-02\n", store("S102")));
    bucket.put("inbox/c.csv", &store("S105"));
    assert_eq!(look(), (vec!["c.csv 1".to_owned()], vec!["b.csv \"source_file_changed\"".to_owned()]));
}
