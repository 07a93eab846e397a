//! Whole ingests into a folder, with a real ledger, vault, catalog and policies.

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
use membrane_model::{Action, TableVersion};
use membrane_policy::{Authorizer, Policies, Request};
use tempfile::TempDir;
use tokio::io::{AsyncRead, ReadBuf};
use url::Url;

use super::*;
use crate::fixture::{ledger, vault};

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
            principal: principal.clone(),
            action: Action::Ingest,
            purpose: None,
            job: "ingest members".to_owned(),
            statement: None,
            started: now,
        };
        let mut run = self.hub.ledger.open_run(run).await.unwrap();
        let datasets = vec!["members".parse().unwrap()];
        let request = Request { principal, action: Action::Ingest, purpose: None, datasets, now };
        self.authorizer.issue(&mut run, request).await.unwrap()
    }

    async fn bring(&self, reader: InputSource, format: Format) -> Result<IngestReport, IngestError> {
        let input = Input { reader, format, source: None };
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
    assert!(edges.contains("source:members.members.csv.phone -> dataset:members.phone true"), "{edges:?}");
    assert!(edges.contains("source:members.members.csv.amount -> dataset:members.amount false"), "{edges:?}");
    assert_eq!(world.visible("tables"), 30_000);

    // The same file, under another name, and the same bytes as a stream.
    let again = world.file("copy.csv", text.as_bytes()).await.unwrap();
    assert!(again.already);
    assert_eq!((again.rows_read, again.version), (0, Some(TableVersion(1))));
    let stream = InputSource::Stream(Box::pin(Cursor::new(text.clone().into_bytes())));
    let again = world.bring(stream, Format::Csv).await.unwrap();
    assert!(again.already);
    assert_eq!((world.visible("tables"), world.data_files()), (30_000, 1));

    // Under a source's name it is another delivery.
    let reader = InputSource::Stream(Box::pin(Cursor::new(text.into_bytes())));
    let input = Input { reader, format: Format::Csv, source: Some("2026-03-01".to_owned()) };
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

/// Gives some bytes, then an error.
struct Broken(Vec<u8>);

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.0.is_empty() {
            return Poll::Ready(Err(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let count = self.0.len().min(to.remaining());
        to.put_slice(&self.0.drain(..count).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_cut_off_leaves_nothing() {
    let world = World::new().await;
    let bytes = csv(100_000).into_bytes();
    let stream = InputSource::Stream(Box::pin(Broken(bytes)));
    let error = world.bring(stream, Format::Csv).await.unwrap_err();
    assert_eq!(error.code(), "input_unreadable");
    assert_eq!((world.visible("tables"), world.data_files()), (0, 0));
    // The whole delivery afterwards is as if nothing had been.
    let report = world.file("members.csv", csv(1000).as_bytes()).await.unwrap();
    assert_eq!(report.rows_accepted, 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_the_whole_input_leave_nothing() {
    let world = World::new().await;
    for (name, bytes, code) in [
        ("a.csv", b"phone,name\n1,2\n".to_vec(), "input_columns"),
        ("a.csv", b"x\n1\n".to_vec(), "input_columns"),
        ("a.csv", b"\xff\xfem\0".to_vec(), "input_encoding"),
        ("a.ndjson", b"hello\n".to_vec(), "input_malformed"),
        ("a.parquet", b"PAR1 and not much more".to_vec(), "input_malformed"),
        ("a.arrow", b"hello world".to_vec(), "input_malformed"),
    ] {
        let error = world.file(name, &bytes).await.unwrap_err();
        assert_eq!(error.code(), code, "{name}: {error}");
    }
    let missing = InputSource::File(world.folder.path().join("missing.csv"));
    let error = world.bring(missing, Format::Csv).await.unwrap_err();
    assert_eq!(error.to_string(), "could not read the input: entity not found");
    assert_eq!((world.visible("tables"), world.data_files()), (0, 0));
    // An empty delivery is one too.
    let report = world.file("empty.csv", b"member_no,phone\n").await.unwrap();
    assert_eq!((report.rows_read, report.version), (0, Some(TableVersion(1))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_the_commits_is_settled_by_the_next_run() {
    let world = World::new().await;
    let text = csv(500) + "M900002,13977700124,Li,1.005\n";
    let id = {
        let mut hash = <sha2::Sha256 as sha2::Digest>::new();
        sha2::Digest::update(&mut hash, text.as_bytes());
        app_id(&world.dataset().name, &sha2::Digest::finalize(hash).into(), None)
    };
    // What a killed process leaves: the quarantine is committed, the table is not.
    let (permit, dataset) = (world.permit().await, world.dataset());
    let mut quarantine = world.hub.lake.append(&permit, &dataset, Target::Quarantine).await.unwrap();
    let table = world.hub.lake.append(&permit, &dataset, Target::Table).await.unwrap();
    let bad = crate::check::BadRow {
        position: 501,
        reasons: "wrong_type:amount".to_owned(),
        row: b"{}".to_vec(),
        subject: None,
    };
    let schemas = (Arc::clone(table.schema()), Arc::clone(quarantine.schema()));
    let mut protector =
        Protector::new(&dataset, &world.hub.vault, None, schemas, permit.run_id().to_string()).unwrap();
    let checked = Checked { columns: Vec::new(), rows: 0, bad: vec![bad] };
    quarantine.write(protector.protect(&checked).unwrap().bad.unwrap()).await.unwrap();
    quarantine.commit(&id, 1).await.unwrap();
    table.abort().await;
    assert_eq!((world.visible("tables"), world.visible("quarantine")), (0, 1));

    let report = world.file("members.csv", text.as_bytes()).await.unwrap();
    assert!(!report.already);
    assert_eq!((report.rows_accepted, report.rows_quarantined), (500, 1));
    assert_eq!((world.visible("tables"), world.visible("quarantine")), (500, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_delivery_twice_at_once_is_added_once() {
    let world = World::new().await;
    let text = csv(5000);
    let one = world.file("one.csv", text.as_bytes());
    let other = world.file("other.csv", text.as_bytes());
    let (one, other) = tokio::join!(one, other);
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.already, other.already);
    assert_eq!((world.visible("tables"), world.data_files()), (5000, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_leaves_nothing() {
    let world = World::new().await;
    let bytes = csv(100_000).into_bytes();
    let stream = InputSource::Stream(Box::pin(Broken(bytes)));
    let reached = Arc::new(tokio::sync::Notify::new());
    struct Tell(Arc<tokio::sync::Notify>);
    impl Progress for Tell {
        fn rows(&self, _: u64, _: u64) {
            self.0.notify_one();
        }
    }
    let tell = Tell(Arc::clone(&reached));
    let (permit, dataset) = (world.permit().await, world.dataset());
    let input = Input { reader: stream, format: Format::Csv, source: None };
    tokio::select! {
        _ = ingest(&world.hub, &permit, &dataset, input, &tell) => {}
        () = reached.notified() => {}
    }
    // The stages end by themselves; then nothing is left.
    while world.data_files() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.visible("tables"), 0);
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
    let input = Input { reader, format: Format::Csv, source: None };
    ingest(&world.hub, &world.permit().await, &world.dataset(), input, &seen).await.unwrap();
    let seen = seen.0.into_inner().unwrap();
    assert!(seen.len() > 1 && seen.is_sorted(), "{seen:?}");
}
