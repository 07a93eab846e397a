//! No identifier of a planted member is in clear in any byte: what lies in the data and ledger folders, decoded too, what
//! the server writes to its log, and what it sends, in every form.

use std::path::Path;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::program::{Program, Served, text};
use crate::world::{CANARIES, canary_deliveries, files_with, holds};

const QUESTIONS: [&str; 10] = [
    "SELECT * FROM crm_members",
    "SELECT * FROM pos_orders",
    "SELECT * FROM pos_order_lines",
    "SELECT * FROM app_events",
    "SELECT * FROM mini_program_events",
    "SELECT * FROM web_events",
    "SELECT * FROM social_follows",
    "SELECT phone, max(name), min(email) FROM crm_members GROUP BY phone ORDER BY phone",
    "SELECT CAST('X' || phone AS INT) FROM crm_members",
    "SELECT 1 / (length(name) - 4) FROM crm_members",
];

const FORMS: [&str; 3] = ["application/json", "text/csv", "application/vnd.apache.arrow.stream"];

const RELEASES: [&str; 3] = [
    "SELECT region, COUNT(*) AS lines, SUM(amount) AS sales FROM pos_order_lines GROUP BY region",
    "SELECT order_id, COUNT(*) AS lines FROM pos_order_lines GROUP BY order_id",
    "SELECT member_no, COUNT(*) AS lines FROM pos_order_lines GROUP BY member_no",
];

/// Every value of every Parquet file below a folder, decompressed and decoded, as text.
pub(crate) fn decoded(folder: &Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            decoded(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            let file = std::fs::File::open(&path).unwrap();
            for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
                let batch = batch.unwrap();
                for column in batch.columns() {
                    let shown = ArrayFormatter::try_new(column, &FormatOptions::default()).unwrap();
                    for row in 0..batch.num_rows() {
                        found.push_str(&shown.value(row).to_string());
                        found.push('\n');
                    }
                }
            }
        }
    }
}

fn ingest(program: &Program, served: &Served, seen: &mut Vec<Vec<u8>>) {
    let bearer = program.bearer("service:ingestor");
    for (dataset, body, extension) in canary_deliveries() {
        let path = program.path(&format!("delivery.{extension}"));
        std::fs::write(&path, body).unwrap();
        let media = if extension == "csv" { "text/csv" } else { "application/x-ndjson" };
        let data = format!("@{}", text(&path));
        let more = ["--header", &format!("Content-Type: {media}"), "--data-binary", &data];
        // The name of a delivery may be anything that somebody has at hand.
        let named = format!("/v1/ingest/{dataset}?source={}", CANARIES[0]);
        let reply = served.curl(&named, Some(&bearer), &more);
        assert!(reply.starts_with(b"HTTP/1.1 200"), "{dataset}: {}", String::from_utf8_lossy(&reply));
        seen.push(reply);
        std::fs::remove_file(&path).unwrap();
    }
}

fn ask(program: &Program, served: &Served, seen: &mut Vec<Vec<u8>>) {
    let json = ["--header", "Content-Type: application/json"];
    for who in ["analyst:ana", "analyst:chen", "analyst:lee"] {
        let bearer = program.bearer(who);
        for sql in QUESTIONS {
            let body = serde_json::json!({ "sql": sql, "purpose": "marketing_analysis" }).to_string();
            for form in FORMS {
                let accept = format!("Accept: {form}");
                let more = [&json[..], &["--header", &accept, "--data", &body]].concat();
                seen.push(served.curl("/v1/query", Some(&bearer), &more));
            }
        }
    }
    let bearer = program.bearer("partner:acme");
    for sql in RELEASES {
        let body = serde_json::json!({ "sql": sql, "epsilon": 0.2 }).to_string();
        for form in FORMS {
            let accept = format!("Accept: {form}");
            let more = [&json[..], &["--header", &accept, "--data", &body]].concat();
            seen.push(served.curl("/v1/release", Some(&bearer), &more));
        }
    }
    let bearer = program.bearer("compliance:olga");
    for path in ["/v1/runs?limit=1000", "/v1/lineage/crm_members/phone", "/v1/budget", "/v1/datasets"] {
        seen.push(served.curl(path, Some(&bearer), &[]));
    }
    for path in ["/metrics", "/readyz", "/openapi.json", "/receipt-key"] {
        seen.push(served.curl(path, None, &[]));
    }
}

#[test]
fn no_canary_is_in_the_bytes_that_a_server_keeps_logs_or_sends() {
    let program = Program::new().with_env("MEMBRANE__LOG__LEVEL", "trace");
    let served = program.serve();
    let mut seen = Vec::new();
    ingest(&program, &served, &mut seen);
    ask(&program, &served, &mut seen);
    let rows: usize = seen.iter().map(Vec::len).sum();
    assert!(rows > 50_000, "the questions were answered: {rows} bytes");
    // What somebody types is told nowhere either.
    let bearer = program.bearer("analyst:ana");
    for canary in CANARIES {
        let sql = format!("SELECT '{canary}' + 1 FROM \"{canary}\" WHERE phone = '{canary}' -- {canary}");
        let body = serde_json::json!({ "sql": sql, "purpose": "marketing_analysis" }).to_string();
        let more = ["--header", "Content-Type: application/json", "--data", &body];
        seen.push(served.curl("/v1/query", Some(&bearer), &more));
        seen.push(served.curl(&format!("/v1/datasets?purpose={canary}"), Some(&bearer), &["--globoff"]));
        seen.push(served.curl(&format!("/v1/lineage/crm_members/{canary}"), Some(&bearer), &["--globoff"]));
    }
    seen.push(served.stop());

    let folder = program.path(".membrane");
    let mut values = String::new();
    decoded(&folder, &mut values);
    assert!(values.contains("OCANARY0000001"), "clear columns were decoded");
    for canary in CANARIES {
        assert_eq!(files_with(&folder, canary), Vec::<std::path::PathBuf>::new(), "{canary}");
        assert!(!values.contains(canary), "{canary} is in clear in a column");
        let shown = seen.iter().find(|bytes| holds(bytes, canary.as_bytes()));
        assert!(shown.is_none(), "{canary}: {}", String::from_utf8_lossy(shown.unwrap()));
    }
}
