//! The files of tables are kept in order while others read and write them: the same answers before, meanwhile and after, whatever is
//! killed, and nothing is paid for twice.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use chrono::{TimeDelta, TimeZone as _, Utc};
use membrane::config::Config;
use membrane::flow::{self, Maintained, ReleaseRequest, Released};
use membrane::{Channel, Hub};
use membrane_model::{DatasetName, FixedClock};

use crate::program::{Program, text};
use crate::world::{CANARIES, World, canary_deliveries, configuration, files_with, small};

const LINES: &str = "pos_order_lines";
const COUNT: &str = "SELECT count(*) AS n FROM pos_order_lines";
const SUMS: &str =
    "SELECT region, count(*) AS n, sum(amount) AS s FROM pos_order_lines GROUP BY region ORDER BY region";
const RELEASE: &str = "SELECT region, COUNT(*) AS n, SUM(amount) AS s FROM pos_order_lines GROUP BY region";

fn often(config: &mut Config) {
    config.maintenance.files_min = 2;
}

fn name(text: &str) -> DatasetName {
    text.parse().unwrap()
}

/// A delivery of one good row and one bad one.
fn delivery(number: usize) -> String {
    format!(
        "order_id,line_no,member_no,pay_account,store_id,region,product_id,category,quantity,amount,ordered_at,ordered_month,buyer_is_minor\n\
         O1{number:012},1,M0000{number:04},,S001,SH,P00001,snacks,1,{number}.25,2025-03-04T05:06:07Z,2025-03,false\n\
         O2{number:012},1,M0000{number:04},,S001,SH,P00001,snacks,many,1.00,2025-03-04T05:06:07Z,2025-03,false\n"
    )
}

async fn deliver(world: &World, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let path = world.write(&format!("delivery-{number}.csv"), &delivery(number));
        let report = world.ingest(LINES, &path).await.unwrap().report;
        assert_eq!((report.rows_accepted, report.rows_quarantined), (1, 1));
    }
}

/// The same hub, many years later: what nobody needs now goes.
async fn years_later(world: &World) -> Hub {
    let mut config = configuration(world.dir.path());
    often(&mut config);
    let clock = FixedClock(Utc.with_ymd_and_hms(2060, 1, 1, 0, 0, 0).unwrap());
    Hub::open(&config, Arc::new(clock)).await.unwrap()
}

async fn maintain(hub: &Hub, dataset: &str, dry_run: bool) -> Maintained {
    let ctx = hub.ctx("operator:omar".parse().unwrap(), Channel::Cli);
    flow::maintain(&ctx, hub, &name(dataset), dry_run).await.unwrap().1
}

async fn release(world: &World, hub: &Hub) -> Released {
    let request = ReleaseRequest { sql: RELEASE.to_owned(), ..ReleaseRequest::default() };
    flow::release(&world.ctx("partner:acme"), hub, request).await.unwrap()
}

/// How many rows are set aside.
async fn aside(world: &World) -> u64 {
    let (_, counts) =
        flow::count_quarantine(&world.ctx("service:ingestor"), &world.hub, &name(LINES)).await.unwrap();
    counts.iter().map(|count| count.rows).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_stay_and_what_was_paid_for_is_given_again() {
    let world = small::with(often).await;
    deliver(&world, 0..6).await;
    let asked = world.query("analyst:lee", SUMS).await.unwrap();
    let paid = release(&world, &world.hub).await;
    assert!(paid.charged.rho_nano > 0);

    let would = maintain(&world.hub, LINES, true).await;
    let done = maintain(&world.hub, LINES, false).await;
    assert_eq!(would.table.compacted.from, done.table.compacted.from);
    assert!(done.table.compacted.from >= 6 && done.table.compacted.into < 3, "{done:?}");
    assert!(done.quarantine.compacted.from >= 6, "{done:?}");
    assert_eq!(
        (done.table.vacuumed.files, done.table.skipped),
        (0, None),
        "earlier versions are kept for a week"
    );
    let again = maintain(&world.hub, LINES, false).await;
    assert_eq!(again.table.compacted.from, 0);

    assert_eq!(world.query("analyst:lee", SUMS).await.unwrap(), asked);
    assert_eq!(aside(&world).await, 6);
    let spent = world.spent().await;
    let free = release(&world, &world.hub).await;
    assert_eq!((free.charged.rho_nano, free.replay_of), (0, Some(paid.run)), "these are the same rows");
    assert_eq!(world.spent().await, spent);
    let path = world.dir.path().join("delivery-3.csv");
    assert!(world.ingest(LINES, &path).await.unwrap().report.already, "what was taken in is known");

    let later = years_later(&world).await;
    let done = maintain(&later, LINES, false).await;
    assert!(done.table.vacuumed.files >= 6 && done.quarantine.vacuumed.files >= 6, "{done:?}");
    assert_eq!(world.query("analyst:lee", SUMS).await.unwrap(), asked);
    assert_eq!(aside(&world).await, 6);
    assert_eq!(release(&world, &world.hub).await.replay_of, Some(paid.run));
    deliver(&world, 6..7).await;
    assert!(release(&world, &world.hub).await.charged.rho_nano > 0, "another row is another question");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_and_writers_go_on_meanwhile() {
    let world = Arc::new(small::with(often).await);
    let before = world.count("analyst:lee", COUNT).await;
    // Opened now: what it finds open then it would take for left behind.
    let later = years_later(&world).await;
    let stop = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn({
        let (world, stop) = (Arc::clone(&world), Arc::clone(&stop));
        async move {
            let (mut last, mut asked) = (before, 0);
            while !stop.load(Ordering::SeqCst) {
                let now = world.count("analyst:lee", COUNT).await;
                assert!(now >= last, "{now} after {last}");
                (last, asked) = (now, asked + 1);
            }
            asked
        }
    });
    let writing = tokio::spawn({
        let world = Arc::clone(&world);
        async move { deliver(&world, 0..12).await }
    });
    let mut together = 0;
    while !writing.is_finished() {
        together += maintain(&world.hub, LINES, false).await.table.compacted.from;
    }
    writing.await.unwrap();
    // With nobody writing, files go under those who read.
    let mut removed = 0;
    for _ in 0..3 {
        let done = maintain(&later, LINES, false).await;
        together += done.table.compacted.from;
        removed += done.table.vacuumed.files;
    }
    stop.store(true, Ordering::SeqCst);
    assert!(reading.await.unwrap() > 0);
    removed += maintain(&later, LINES, false).await.table.vacuumed.files;
    assert!(together >= 12 && removed >= 12, "{together} {removed}");
    assert_eq!(world.count("analyst:lee", COUNT).await, before + 12);
    assert_eq!(aside(&world).await, 12);
}

/// A run that is open may read any file that was there when it began.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_that_a_run_at_work_may_need() {
    let world = small::with(often).await;
    deliver(&world, 0..4).await;
    let later = years_later(&world).await;
    let run = world
        .hub
        .ledger()
        .open_run(membrane_ledger::NewRun {
            entrance: membrane_ledger::Entrance::default(),
            principal: "analyst:lee".parse().unwrap(),
            on_behalf_of: None,
            channel: Channel::Cli,
            action: membrane_model::Action::Read,
            purpose: None,
            job: "query".to_owned(),
            statement: None,
            started: world.hub.clock().now(),
        })
        .await
        .unwrap();
    let done = maintain(&later, LINES, false).await;
    assert!(done.table.compacted.from >= 4);
    assert_eq!(done.table.vacuumed.files, 0, "its files were there when the run began");
    let finished = world.hub.clock().now() + TimeDelta::seconds(1);
    let outcome = membrane_ledger::RunOutcome::ended(membrane_ledger::RunState::Complete, finished);
    run.close(outcome).await.unwrap();
    assert!(maintain(&later, LINES, false).await.table.vacuumed.files >= 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_an_act_of_those_who_bring_in_and_one_at_a_time() {
    let world = small::with(often).await;
    deliver(&world, 0..3).await;
    for stranger in ["analyst:lee", "partner:acme", "compliance:olga"] {
        let refused = flow::maintain(&world.ctx(stranger), &world.hub, &name(LINES), true).await.unwrap_err();
        assert!(refused.error.is_refusal(), "{stranger}");
    }
    let ctx = world.ctx("operator:omar");
    let missing = flow::maintain(&ctx, &world.hub, &name("nothing"), false).await.unwrap_err();
    assert_eq!(missing.error.code(), "not_found");

    let (ledger, now) = (world.hub.ledger(), world.hub.clock().now());
    assert!(ledger.hold_upkeep(&name(LINES), "another hub", now, now + TimeDelta::minutes(3)).await.unwrap());
    let held = flow::maintain(&ctx, &world.hub, &name(LINES), false).await.unwrap_err();
    assert_eq!(held.error.code(), "maintenance_held");
    ledger.release_upkeep(&name(LINES), "another hub", None).await.unwrap();
    assert_eq!(ledger.upkeep_done(&name(LINES)).await.unwrap(), None);

    // A replay counts rows of the files that it saw: they stay.
    assert!(ledger.hold_replay(&name(LINES), "a replay", now, now + TimeDelta::minutes(3)).await.unwrap());
    let (run, done) = flow::maintain(&ctx, &world.hub, &name(LINES), false).await.unwrap();
    assert_eq!((done.quarantine.skipped, done.quarantine.compacted.from), (Some("replay_held"), 0));
    assert!(done.table.compacted.from >= 3);
    assert_eq!(ledger.upkeep_done(&name(LINES)).await.unwrap(), Some(now));
    let detail = flow::run_detail(&world.ctx("compliance:olga"), &world.hub, run).await.unwrap();
    assert!(format!("{detail:?}").contains("maintain pos_order_lines"), "{detail:?}");
}

fn count(program: &Program) -> i64 {
    let words = ["sql", COUNT, "--as", "analyst:lee", "--purpose", "marketing_analysis"];
    program.json(&words)["rows"][0]["n"].as_i64().unwrap()
}

fn deliver_by_hand(program: &Program, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let path = program.path(&format!("delivery-{number}.csv"));
        std::fs::write(&path, delivery(number)).unwrap();
        program.ok(&["ingest", LINES, text(&path)]);
    }
}

/// Lets the time of a hold pass that a killed process left behind.
fn let_holds_pass(program: &Program) {
    let script = "import sqlite3,sys; db=sqlite3.connect(sys.argv[1],timeout=60); \
                  db.execute('UPDATE upkeep SET held_until=0'); db.execute('UPDATE replay SET held_until=0'); db.commit()";
    let ledger = program.path(".membrane/ledger.sqlite");
    let done = Command::new("python3").args(["-c", script, text(&ledger)]).status().unwrap();
    assert!(done.success());
}

fn entries(folder: &Path) -> usize {
    let Ok(found) = std::fs::read_dir(folder) else { return 0 };
    found.flatten().map(|entry| if entry.path().is_dir() { entries(&entry.path()) } else { 1 }).sum()
}

/// Kills at the beginning, while files are written, and between commits; what a killed ingest left is removed when it is old.
#[test]
fn kills_lose_nothing_and_what_they_leave_is_removed() {
    let program = Program::new().with_env("MEMBRANE__MAINTENANCE__FILES_MIN", "2");
    deliver_by_hand(&program, 0..3);
    let tables = program.path(".membrane/data");
    let mut killed = 0;
    for more in 0..5 {
        deliver_by_hand(&program, 3 + more..4 + more);
        let before = entries(&tables);
        let mut child = program
            .command(&["maintain", LINES])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while entries(&tables) < before + more && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let _ = child.kill();
        killed += usize::from(!child.wait().unwrap().success());
        let rows = i64::try_from(4 + more).unwrap();
        assert_eq!(count(&program), rows, "killed at {more} files");
        let_holds_pass(&program);
    }
    assert!(killed >= 2, "most were killed at work: {killed}");
    // As if they had lain there for long.
    let folder = tables.join("tables").join(LINES);
    for left in ["part-00000-killed-c000.zstd.parquet", "part-00000-killed-c000.zstd.parquet#1"] {
        let path = folder.join(left);
        std::fs::write(&path, "what a killed ingest left").unwrap();
        let file = std::fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(long_ago()).unwrap();
    }
    let told = program.ok(&["maintain", LINES]);
    assert!(told.contains(LINES), "{told}");
    crate::world::fits(&told);
    assert!(
        !std::fs::read_dir(&folder)
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().contains("killed") })
    );
    assert_eq!(count(&program), 8);
    program.ok(&["log", "verify"]);
    for number in 0..8 {
        let path = program.path(&format!("delivery-{number}.csv"));
        assert_eq!(program.json(&["ingest", LINES, text(&path)])["already"], true);
    }
}

/// A long time before now, by the clock of files: a test has no other.
fn long_ago() -> SystemTime {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().metadata().unwrap().modified().unwrap() - Duration::from_secs(30 * 86_400)
}

#[test]
fn the_hub_does_it_by_itself_and_no_canary_is_in_clear() {
    let program = Program::new()
        .with_env("MEMBRANE__MAINTENANCE__FILES_MIN", "2")
        .with_env("MEMBRANE__MAINTENANCE__EVERY_SECONDS", "1");
    deliver_by_hand(&program, 0..3);
    for (dataset, body, extension) in canary_deliveries() {
        let path = program.path(&format!("{dataset}.{extension}"));
        std::fs::write(&path, body).unwrap();
        program.ok(&["ingest", dataset, text(&path)]);
        std::fs::remove_file(&path).unwrap();
    }
    let served = program.serve();
    let optimised = || {
        let log = program.path(".membrane/data/tables/pos_order_lines/_delta_log");
        let mut texts = std::fs::read_dir(log).unwrap().flatten();
        texts.any(|entry| std::fs::read_to_string(entry.path()).is_ok_and(|text| text.contains("OPTIMIZE")))
    };
    let deadline = Instant::now() + Duration::from_secs(90);
    while !optimised() {
        assert!(Instant::now() < deadline, "the hub did not put files together");
        std::thread::sleep(Duration::from_millis(100));
    }
    served.stop();
    assert_eq!(count(&program), 4);
    let runs = program.json(&["runs", "--limit", "200"]).to_string();
    assert!(runs.contains("maintain pos_order_lines") && runs.contains("service:"), "{runs}");
    program.ok(&["log", "verify"]);
    for canary in CANARIES {
        assert_eq!(files_with(&program.path(".membrane"), canary), Vec::<std::path::PathBuf>::new());
    }
}
