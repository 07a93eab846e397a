//! Whole ingests into a folder, with a real ledger, vault, catalog and policies.

mod commits;
mod inputs;
mod names;
mod replays;

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use chrono::{TimeZone as _, Utc};
use membrane_catalog::Catalog;
use membrane_lake::{Lake, LakeOptions};
use membrane_ledger::NewRun;
use membrane_model::{Action, Limits, TableVersion};
use membrane_policy::{Authorizer, Policies, Request};
use tempfile::TempDir;
use tokio::io::{AsyncRead, ReadBuf};
use url::Url;

use super::*;
use crate::InputSource;
use crate::fixture::{came, ledger, vault};

const SCHEMA: &str = include_str!("../../../../policies/membrane.cedarschema");
const POLICY: &str =
    r#"@id("ingest") permit (principal is Operator, action == Action::"ingest", resource in Hub::"hub");"#;
const PEOPLE: &str = r#"[{ "uid": { "type": "Operator", "id": "omar" }, "attrs": {}, "parents": [] }]"#;
const CLASSES: &str = "classes:\n  - { name: pii, description: x }\n  - { name: pii.identifier, description: x }\n  \
                       - { name: pii.phone, description: x }\n  - { name: pii.name, description: x }\n  \
                       - { name: business, description: x }\n";
const CONTRACT: &str = "
apiVersion: v3.0.2
kind: DataContract
id: members
name: members
version: 1.0.0
status: active
schema:
  - name: members
    physicalType: table
    customProperties: [ { property: membrane.subject, value: member_no } ]
    properties:
      - name: member_no
        logicalType: string
        logicalTypeOptions: { pattern: '^M[0-9]{6}$' }
        required: true
        unique: true
        primaryKey: true
        primaryKeyPosition: 1
        classification: pii.identifier
        customProperties:
          - { property: membrane.protection, value: token }
          - { property: membrane.identity, value: member_no }
      - name: phone
        logicalType: string
        required: true
        classification: pii.phone
        customProperties:
          - { property: membrane.protection, value: sealed+token }
          - { property: membrane.identity, value: phone }
          - { property: membrane.check, value: mobile_china }
      - name: name
        logicalType: string
        classification: pii.name
        customProperties: [ { property: membrane.protection, value: sealed } ]
      - name: amount
        logicalType: number
        physicalType: decimal(12,2)
        classification: business
        customProperties: [ { property: membrane.protection, value: clear } ]
";

struct World {
    folder: TempDir,
    hub: IngestParts,
    catalog: Arc<Catalog>,
    authorizer: Authorizer,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("catalog/contracts")).unwrap();
        fs::create_dir_all(path("policies")).unwrap();
        fs::write(path("catalog/classes.yaml"), CLASSES).unwrap();
        fs::write(path("catalog/purposes.yaml"), "purposes:\n  - { name: operations, description: x }\n")
            .unwrap();
        fs::write(path("catalog/contracts/members.yaml"), CONTRACT).unwrap();
        fs::write(path("policies/membrane.cedarschema"), SCHEMA).unwrap();
        fs::write(path("policies/principals.json"), PEOPLE).unwrap();
        fs::write(path("policies/test.cedar"), POLICY).unwrap();
        let catalog = Arc::new(Catalog::load(&path("catalog")).unwrap());
        let policies = Arc::new(Policies::load(&path("policies"), &catalog).unwrap());
        let url = Url::from_directory_path(path("data")).unwrap();
        let hub = IngestParts {
            lake: Lake::open(&url, LakeOptions::default()).await.unwrap(),
            ledger: ledger(folder.path()).await,
            vault: vault(),
            limits: Limits { record_bytes_max: 4096, ..Limits::default() },
            scratch: path("scratch"),
            revision: None,
            references: None,
        };
        let authorizer = Authorizer::new(policies, Arc::clone(&catalog));
        Self { folder, hub, catalog, authorizer }
    }

    fn dataset(&self) -> Arc<Dataset> {
        Arc::clone(self.catalog.dataset(&"members".parse().unwrap()).unwrap())
    }

    async fn permit(&self) -> Permit {
        let now = Utc.with_ymd_and_hms(2026, 3, 1, 0, 0, 0).unwrap();
        let principal: membrane_model::PrincipalId = "operator:omar".parse().unwrap();
        let run = NewRun {
            entrance: membrane_ledger::Entrance::default(),
            channel: membrane_model::Channel::Cli,
            principal: principal.clone(),
            on_behalf_of: None,
            action: Action::Ingest,
            purpose: None,
            job: "ingest members".to_owned(),
            statement: None,
            started: now,
        };
        let mut run = self.hub.ledger.open_run(run).await.unwrap();
        let datasets = vec!["members".parse().unwrap()];
        let request = Request {
            principal,
            action: Action::Ingest,
            purpose: None,
            datasets,
            lookups: Vec::new(),
            lists: false,
            lookups_per_hour: 0,
            broken: Vec::new(),
            acting: None,
            now,
        };
        self.authorizer.issue(&mut run, request).await.unwrap()
    }

    async fn bring(&self, reader: InputSource, format: Format) -> Result<IngestReport, IngestError> {
        let input = Input::new(reader, format, None, came());
        ingest(&self.hub, &self.permit().await, &self.dataset(), input, &crate::Silent).await
    }

    async fn file(&self, name: &str, bytes: &[u8]) -> Result<IngestReport, IngestError> {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let report = self.bring(InputSource::File(path.clone()), Format::from_path(&path).unwrap()).await;
        fs::remove_file(path).unwrap();
        report
    }

    /// Returns the rows that a reader of the table or the quarantine would see, from its log.
    fn visible(&self, folder: &str) -> u64 {
        let log = self.folder.path().join("data").join(folder).join("members/_delta_log");
        let Ok(entries) = fs::read_dir(log) else { return 0 };
        let mut rows = 0;
        for entry in entries {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            for line in text.lines() {
                let action: serde_json::Value = serde_json::from_str(line).unwrap();
                assert!(action.get("remove").is_none(), "appends only");
                if let Some(stats) = action.pointer("/add/stats") {
                    let stats: serde_json::Value = serde_json::from_str(stats.as_str().unwrap()).unwrap();
                    rows += stats["numRecords"].as_u64().unwrap();
                }
            }
        }
        rows
    }

    fn data_files(&self) -> usize {
        let files = files_below(&self.folder.path().join("data"));
        files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "parquet")).count()
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn csv(rows: usize) -> String {
    let mut text = "member_no,phone,name,amount\n".to_owned();
    for row in 0..rows {
        text.push_str(&format!("M{row:06},138{row:08},name {row},{row}.50\n"));
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_is_committed_once() {
    let world = World::new().await;
    let text = csv(30_000);
    let report = world.file("members.csv", text.as_bytes()).await.unwrap();
    assert_eq!((report.rows_read, report.rows_accepted, report.rows_quarantined), (30_000, 30_000, 0));
    assert_eq!(report.bytes_read, u64::try_from(text.len()).unwrap());
    assert_eq!((report.version, report.quarantine_version), (Some(TableVersion(1)), None));
    assert!(!report.already && report.reasons.is_empty());
    let edges: BTreeSet<String> =
        report.edges.iter().map(|edge| format!("{} -> {} {}", edge.from, edge.to, edge.masking)).collect();
    let [phone] = edges.iter().filter(|edge| edge.contains("phone")).collect::<Vec<_>>()[..] else {
        panic!()
    };
    let (source, field) = phone.split_once(".phone -> ").unwrap();
    assert_eq!(field, "dataset:members.phone true");
    let digits = source.strip_prefix("source:csv delivery ").unwrap();
    assert!(digits.len() == 12 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()), "{digits}");
    assert!(edges.contains(&format!("{source}.amount -> dataset:members.amount false")), "{edges:?}");
    assert_eq!(world.visible("tables"), 30_000);

    // The same file, under another name, and the same bytes as a stream.
    let again = world.file("copy.csv", text.as_bytes()).await.unwrap();
    assert!(again.already);
    assert_eq!((again.rows_read, again.version), (0, None), "nothing was put out");
    assert!(!again.contract_changed);
    let stream = InputSource::Stream(Box::pin(Cursor::new(text.clone().into_bytes())));
    let again = world.bring(stream, Format::Csv).await.unwrap();
    assert!(again.already);
    assert_eq!((world.visible("tables"), world.data_files()), (30_000, 1));

    // Under a source's name it is another delivery.
    let reader = InputSource::Stream(Box::pin(Cursor::new(text.into_bytes())));
    let input = Input::new(reader, Format::Csv, Some("2026-03-01".to_owned()), came());
    let other = ingest(&world.hub, &world.permit().await, &world.dataset(), input, &crate::Silent).await;
    assert_eq!(other.unwrap().version, Some(TableVersion(2)));
    assert_eq!(world.visible("tables"), 60_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_rows_go_to_quarantine_and_canaries_nowhere() {
    let world = World::new().await;
    let mut text = csv(1000);
    text.push_str("M900001,13977700123,Canary Zhang,1.00\n");
    text.push_str("M900002,13977700124,Canary Li,1.005\n");
    text.push_str("M900003,99977700125,Canary Wang,1.00\n");
    text.push_str("M900001,13977700126,Canary Zhao,1.00\n");
    text.push_str("Canary,13977700127,Canary Qian,1.00\n");
    text.push_str("M900005,13977700128,Canary Sun\n");
    let report = world.file("members.csv", text.as_bytes()).await.unwrap();
    assert_eq!((report.rows_read, report.rows_accepted, report.rows_quarantined), (1006, 1001, 5));
    assert_eq!(report.quarantine_version, Some(TableVersion(1)));
    let reasons: Vec<(&str, u64)> =
        report.reasons.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    assert_eq!(
        reasons,
        [
            ("duplicate:member_no", 1),
            ("failed_check:phone", 1),
            ("malformed", 1),
            ("pattern_mismatch:member_no", 1),
            ("wrong_type:amount", 1),
        ]
    );
    assert_eq!((world.visible("tables"), world.visible("quarantine")), (1001, 5));
    world.hub.ledger.disconnect().await;
    let mut searched = 0;
    for path in files_below(world.folder.path()) {
        let bytes = fs::read(&path).unwrap();
        for canary in ["Canary", "1397770012", "9997770012", "M90000", "name 999", "13800000999", "M000999"] {
            let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!found, "{canary} in {}", path.display());
        }
        searched += bytes.len();
    }
    assert!(searched > 100_000, "{searched}");
    assert!(files_below(&world.folder.path().join("scratch")).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_format_brings_the_same_rows() {
    use arrow::array::{ArrayRef, Decimal128Array, StringArray};
    let rows = 2000;
    let text = |make: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new((0..rows).map(|row| Some(make(row))).collect::<StringArray>())
    };
    let amounts = (0..i128::try_from(rows).unwrap()).map(|row| row * 100 + 50);
    let amounts = Decimal128Array::from_iter_values(amounts).with_precision_and_scale(12, 2).unwrap();
    let batch = arrow::record_batch::RecordBatch::try_from_iter(vec![
        ("member_no", text(&|row| format!("M{row:06}"))),
        ("phone", text(&|row| format!("138{row:08}"))),
        ("name", text(&|row| format!("name {row}"))),
        ("amount", Arc::new(amounts) as ArrayRef),
    ])
    .unwrap();
    let mut parquet = ::parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    parquet.write(&batch).unwrap();
    let mut ipc = arrow::ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    ipc.write(&batch).unwrap();
    let ndjson: String = (0..rows)
        .map(|row| {
            format!(
                "{{\"member_no\":\"M{row:06}\",\"phone\":\"138{row:08}\",\"name\":null,\"amount\":{row}.5}}\n"
            )
        })
        .collect();
    let deliveries = [
        ("a.parquet", parquet.into_inner().unwrap()),
        ("a.arrow", ipc.into_inner().unwrap()),
        ("a.ndjson", ndjson.into_bytes()),
        ("a.csv", csv(rows).into_bytes()),
    ];
    for (name, bytes) in deliveries {
        let world = World::new().await;
        let from_file = world.file(name, &bytes).await.unwrap();
        assert_eq!((from_file.rows_accepted, from_file.rows_quarantined), (2000, 0), "{name}");
        let stream = InputSource::Stream(Box::pin(Cursor::new(bytes)));
        let format = Format::from_path(Path::new(name)).unwrap();
        let from_stream = world.bring(stream, format).await.unwrap();
        assert!(from_stream.already, "{name}: a stream has the fingerprint of the file");
        assert_eq!(world.visible("tables"), 2000, "{name}");
    }
}

/// Statistics, names, errors: a coarser value that does not exist is one bad row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_value_out_of_range_is_one_bad_row() {
    let world = World::new().await;
    let mut dataset = Dataset::clone(&world.dataset());
    dataset.columns[3].protection =
        membrane_model::Protection::Generalise(membrane_model::Generalisation::Width(10));
    let text = csv(100) + "M900002,13977700124,Li,-9999999999.99\n";
    let reader = InputSource::Stream(Box::pin(Cursor::new(text.into_bytes())));
    let input = Input::new(reader, Format::Csv, None, came());
    let permit = world.permit().await;
    let report = ingest(&world.hub, &permit, &Arc::new(dataset), input, &crate::Silent).await.unwrap();
    assert_eq!((report.rows_accepted, report.rows_quarantined), (100, 1));
    assert_eq!(report.reasons.get("out_of_range:amount"), Some(&1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_grows_to_the_whole() {
    struct Seen(Mutex<Vec<(u64, u64)>>);
    impl Progress for Seen {
        fn rows(&self, bytes: u64, rows: u64) {
            self.0.lock().unwrap().push((bytes, rows));
        }
    }
    let world = World::new().await;
    let seen = Seen(Mutex::default());
    let reader = InputSource::Stream(Box::pin(Cursor::new(csv(100_000).into_bytes())));
    let input = Input::new(reader, Format::Csv, None, came());
    ingest(&world.hub, &world.permit().await, &world.dataset(), input, &seen).await.unwrap();
    let seen = seen.0.into_inner().unwrap();
    assert!(seen.len() > 1 && seen.is_sorted(), "{seen:?}");
}
