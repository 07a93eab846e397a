//! Rows go whose time is over by the rule of their contract, are not shown for purposes that they are not kept for, and nothing else changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{TimeZone as _, Utc};
use membrane::config::Config;
use membrane::flow::{self, RetainRequest, RetainedRows};
use membrane::{Channel, Hub};
use membrane_ledger::{DatasetVersion, RunRecord, RunState, RunStatus};
use membrane_model::{FixedClock, RunId};
use serde_json::Value;

use crate::policy::copy;
use crate::program::{Program, text};
use crate::world::{World, configuration, fits, repository, small};

const LINES: &str = "pos_order_lines";
const COUNT: &str = "SELECT count(*) AS n FROM pos_order_lines";

/// Gives the contract of the order lines a rule.
fn ruled(catalog: &Path, rule: &str) {
    let path = catalog.join("contracts").join(format!("{LINES}.yaml"));
    let contract = std::fs::read_to_string(&path).unwrap();
    let line = "      - { property: membrane.eventTime, value: ordered_at }\n";
    let rule = format!("{line}      - {{ property: membrane.retention, value: {rule} }}\n");
    assert!(contract.contains(line));
    std::fs::write(&path, contract.replacen(line, &rule, 1)).unwrap();
}

/// A hub with six order lines, of which two are of January 2025, under this rule. Its clock says February 2026.
async fn world(rule: &str) -> (World, PathBuf) {
    let catalog = tempfile::tempdir().unwrap().keep();
    copy(&repository().join("catalog"), &catalog);
    ruled(&catalog, rule);
    let world = small::with(|config| config.catalog.dir = catalog.display().to_string()).await;
    (world, catalog)
}

async fn retain(hub: &Hub, dry_run: bool) -> RetainedRows {
    let ctx = hub.ctx("operator:omar".parse().unwrap(), Channel::Cli);
    let request = RetainRequest { dataset: LINES.parse().unwrap(), dry_run, scans: true };
    flow::retain(&ctx, hub, request).await.unwrap().1
}

async fn record(world: &World, run: RunId) -> RunRecord {
    world.hub.ledger().run(&run).await.unwrap().unwrap()
}

fn table_folder(world: &World) -> PathBuf {
    world.dir.path().join("data/tables").join(LINES)
}

fn parquet_files(world: &World) -> usize {
    let names = std::fs::read_dir(table_folder(world)).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|ending| ending == "parquet")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_go_whose_time_is_over_and_it_is_on_record() {
    let (world, catalog) = world("1 y").await;
    assert_eq!(world.count("analyst:lee", COUNT).await, 6);
    let would = retain(&world.hub, true).await;
    assert_eq!(would.cut_off, Utc.with_ymd_and_hms(2025, 2, 3, 0, 0, 0).single());
    assert_eq!((would.table.retained.rows, would.rows_left()), (2, 2));
    assert_eq!(world.count("analyst:lee", COUNT).await, 6, "who looks changes nothing");

    let ctx = world.ctx("operator:omar");
    let request = RetainRequest { dataset: LINES.parse().unwrap(), dry_run: false, scans: true };
    let (run, done) = flow::retain(&ctx, &world.hub, request).await.unwrap();
    assert_eq!((done.table.retained.rows, done.rows_left(), done.quarantine.retained.rows), (2, 0, 0));
    let remains = done.table.remains.unwrap();
    assert_eq!((remains.timeless, remains.held.files), (0, 1), "the version before has them for a week");
    assert!(done.table.held_until.unwrap() > remains.held.since.unwrap());
    assert_eq!(world.count("analyst:lee", COUNT).await, 4);

    let detail = flow::run_detail(&world.ctx("compliance:olga"), &world.hub, run).await.unwrap();
    let detail = format!("{detail:?}");
    let statement = "DELETE FROM pos_order_lines WHERE ordered_at < TIMESTAMP '2025-02-03T00:00:00Z'";
    assert!(detail.contains("retain pos_order_lines") && detail.contains(statement), "{detail}");

    // What was taken in is known as before, and adds nothing again.
    let again = retain(&world.hub, false).await;
    assert_eq!((again.table.retained.rows, again.table.retained.version), (0, None));

    let mut config: Config = configuration(world.dir.path());
    config.catalog.dir = catalog.display().to_string();
    let clock = FixedClock(Utc.with_ymd_and_hms(2060, 1, 1, 0, 0, 0).unwrap());
    let later = Hub::open(&config, Arc::new(clock)).await.unwrap();
    let done = retain(&later, false).await;
    assert_eq!((done.table.retained.rows, done.rows_left()), (4, 0));
    assert_eq!(done.table.remains.unwrap().held.files, 0);
    assert_eq!(parquet_files(&world), 0, "no version has anything of them");
    assert_eq!(world.count("analyst:lee", COUNT).await, 0);
    flow::verify_log(&world.ctx("compliance:olga"), &world.hub).await.unwrap();
}

/// The rows are gone before the files cannot be listed: the record says both.
#[tokio::test(flavor = "multi_thread")]
async fn what_went_is_on_record_though_something_failed_after_it() {
    let (world, _) = world("1 y").await;
    let endless = table_folder(&world).join("endless");
    std::os::unix::fs::symlink(table_folder(&world), &endless).unwrap();
    let ctx = world.ctx("operator:omar");
    let request = RetainRequest { dataset: LINES.parse().unwrap(), dry_run: false, scans: false };
    let failure = flow::retain(&ctx, &world.hub, request).await.unwrap_err();
    assert_eq!(failure.error.code(), "storage_failed", "{}", failure.error);
    std::fs::remove_file(endless).unwrap();
    let record = record(&world, failure.run.unwrap()).await;
    assert_eq!((record.status, record.rows_out), (RunStatus::Closed(RunState::Fail), Some(2)));
    let [output] = record.outputs.as_slice() else { panic!("{record:?}") };
    assert_eq!(output.dataset.as_str(), LINES);
    assert_eq!(world.count("analyst:lee", COUNT).await, 4);
    // The hold was given back, and nothing is done twice.
    let again = retain(&world.hub, false).await;
    assert_eq!((again.table.retained.rows, again.table.retained.stands), (0, Some(output.version)));
    assert_eq!(again.rows_left(), 0);
}

/// Makes the log of the table say that a column is of another type: one of which it has no statistics.
fn alter_table(world: &World) {
    let log = table_folder(world).join("_delta_log");
    let names = std::fs::read_dir(&log).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<PathBuf> =
        names.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    names.sort();
    let first = std::fs::read_to_string(&names[0]).unwrap();
    let made = first.lines().find(|line| line.starts_with("{\"metaData\"")).unwrap();
    let mut made: Value = serde_json::from_str(made).unwrap();
    let mut schema: Value = serde_json::from_str(made["metaData"]["schemaString"].as_str().unwrap()).unwrap();
    let fields = schema["fields"].as_array_mut().unwrap();
    let subject = fields.iter_mut().find(|field| field["name"] == "_subject").unwrap();
    subject["type"] = "string".into();
    made["metaData"]["schemaString"] = schema.to_string().into();
    let next = log.join(format!("{:020}.json", names.len()));
    assert!(!next.exists());
    std::fs::write(next, format!("{made}\n")).unwrap();
}

/// Rows that have to stay, as the table does not fit its contract, are no success.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_had_to_leave_rows_failed() {
    let (world, _) = world("1 y").await;
    alter_table(&world);
    let ctx = world.ctx("operator:omar");
    let request = RetainRequest { dataset: LINES.parse().unwrap(), dry_run: false, scans: true };
    let (run, done) = flow::retain(&ctx, &world.hub, request).await.unwrap();
    assert_eq!((done.left_because(), done.rows_left()), (Some("schema_changed"), 2));
    let record = record(&world, run).await;
    assert_eq!((record.status, record.rows_out), (RunStatus::Closed(RunState::Fail), Some(0)));
    assert_eq!(record.error_code.as_deref(), Some("schema_changed"));
    assert_eq!(record.outputs, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_of_the_quarantine_alone_has_an_output() {
    let (world, catalog) = world("1 y").await;
    let mut config: Config = configuration(world.dir.path());
    config.catalog.dir = catalog.display().to_string();
    let clock = FixedClock(Utc.with_ymd_and_hms(2060, 1, 1, 0, 0, 0).unwrap());
    let later = Hub::open(&config, Arc::new(clock)).await.unwrap();
    retain(&later, false).await;
    // Of 2026, with an order of 2090 that stays.
    let delivery = DELIVERY.replacen("snacks,1,1.25", "snacks,many,1.25", 1);
    let done = world.ingest(LINES, &world.write("delivery.csv", &delivery)).await.unwrap();
    assert_eq!((done.report.rows_accepted, done.report.rows_quarantined), (1, 1));
    let ctx = later.ctx("operator:omar".parse().unwrap(), Channel::Cli);
    let request = RetainRequest { dataset: LINES.parse().unwrap(), dry_run: false, scans: true };
    let (run, done) = flow::retain(&ctx, &later, request).await.unwrap();
    assert_eq!((done.table.retained.rows, done.quarantine.retained.rows), (0, 1));
    let record = record(&world, run).await;
    let stands =
        DatasetVersion { dataset: LINES.parse().unwrap(), version: done.table.retained.stands.unwrap() };
    assert_eq!((record.rows_out, record.outputs), (Some(1), vec![stands]));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_not_shown_for_a_purpose_that_they_are_not_kept_for() {
    let (world, _) = world("[{ keep: 3 y }, { keep: 11 month, purpose: marketing_analysis }]").await;
    // Of before 3 March 2025 nothing is shown.
    assert_eq!(world.count("analyst:lee", COUNT).await, 3);
    let first =
        "SELECT count(*) AS n FROM pos_order_lines WHERE ordered_at < TIMESTAMP '2025-03-03T00:00:00Z'";
    assert_eq!(world.count("analyst:lee", first).await, 0);
    let done = retain(&world.hub, false).await;
    assert_eq!((done.table.retained.rows, done.rows_left()), (0, 0), "they are there for others");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_an_act_of_those_who_bring_in_and_of_the_contract() {
    let (world, _) = world("1 y").await;
    let asked =
        |dataset: &str| RetainRequest { dataset: dataset.parse().unwrap(), dry_run: true, scans: true };
    for stranger in ["analyst:lee", "partner:acme", "compliance:olga"] {
        let refused = flow::retain(&world.ctx(stranger), &world.hub, asked(LINES)).await.unwrap_err();
        assert!(refused.error.is_refusal(), "{stranger}");
    }
    let ctx = world.ctx("operator:omar");
    let missing = flow::retain(&ctx, &world.hub, asked("nothing")).await.unwrap_err();
    assert_eq!(missing.error.code(), "not_found");
    // It says for how long its rows are kept, and has no rule.
    let (_, none) = flow::retain(&ctx, &world.hub, asked("crm_members")).await.unwrap();
    assert!(none.rule.is_none() && none.cut_off.is_none());
}

/// A delivery of one row of 2015 and one of 2090.
const DELIVERY: &str = "\
order_id,line_no,member_no,pay_account,store_id,region,product_id,category,quantity,amount,ordered_at,ordered_month,buyer_is_minor
O1000000000001,1,M00000001,,S001,SH,P00001,snacks,1,1.25,2015-03-04T05:06:07Z,2015-03,false
O1000000000002,1,M00000002,,S001,SH,P00001,snacks,1,2.25,2090-03-04T05:06:07Z,2090-03,false
";

fn count(program: &Program) -> i64 {
    let words = ["sql", COUNT, "--as", "analyst:lee", "--purpose", "marketing_analysis"];
    program.json(&words)["rows"][0]["n"].as_i64().unwrap()
}

#[test]
fn the_command_says_what_went_and_what_remains() {
    let program = Program::new().with_sources(&[]).with_env("MEMBRANE__MAINTENANCE__EVERY_SECONDS", "1");
    ruled(&program.path("catalog"), "5 y");
    program.ok(&["catalog", "check"]);
    let path = program.path("delivery.csv");
    std::fs::write(&path, DELIVERY).unwrap();
    program.ok(&["ingest", LINES, text(&path)]);

    let would = program.json(&["retention", "--dry-run"]);
    assert_eq!(
        (&would[0]["table"]["rows"], &would[0]["table"]["rows_left"]),
        (&1.into(), &1.into()),
        "{would}"
    );
    let told = program.ok(&["retention", LINES]);
    assert!(told.contains(LINES) && told.contains("5 y"), "{told}");
    fits(&told);
    let left = program.json(&["retention"]);
    let table = &left[0]["table"];
    assert_eq!(
        (&table["rows"], &table["rows_left"], &table["held_files"]),
        (&0.into(), &0.into(), &1.into()),
        "{left}"
    );
    assert_eq!(count(&program), 1);
    assert_eq!(program.json(&["ingest", LINES, text(&path)])["already"], true);

    // The same rows under another name come in, and a hub that serves lets them go.
    program.ok(&["ingest", LINES, text(&path), "--source", "again"]);
    assert_eq!(count(&program), 3);
    let served = program.serve();
    let deadline = Instant::now() + Duration::from_secs(90);
    while count(&program) != 2 {
        assert!(Instant::now() < deadline, "the hub did not let them go");
        std::thread::sleep(Duration::from_millis(500));
    }
    served.stop();
    let runs = program.json(&["runs", "--limit", "200"]).to_string();
    assert!(runs.contains("retain pos_order_lines") && runs.contains("service:"), "{runs}");
    program.ok(&["log", "verify"]);
}
