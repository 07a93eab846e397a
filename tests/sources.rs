//! Sources: what lies in folders and databases is taken in once, what is bad is said, and nothing of it lies about in clear.

mod databases;
mod mariadb;
mod totals;
mod waits;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{TimeZone, Utc};
use membrane::error::Failure;
use membrane::flow::{self, Asked, Looked};
use membrane::{Channel, Hub};
use membrane_ingest::Silent;
use membrane_model::{Clock, FixedClock};

use crate::policy::copy;
use crate::program::Program;
use crate::world::{CANARIES, World, canary_deliveries, files_with, repository};

/// A world whose catalog has these sources; `INBOX` in them is a folder of its own.
pub(crate) async fn world(sources: &[(&str, &str)]) -> World {
    world_at(Arc::new(FixedClock(Utc.with_ymd_and_hms(2026, 2, 3, 4, 5, 6).unwrap())), sources).await
}

/// The same, by a clock of the test's own.
async fn world_at(clock: Arc<dyn Clock>, sources: &[(&str, &str)]) -> World {
    let catalog = tempfile::tempdir().unwrap().keep();
    let inbox = tempfile::tempdir().unwrap().keep();
    copy(&repository().join("catalog"), &catalog);
    write_sources(&catalog, &inbox, sources);
    let world = World::at(clock, |config| config.catalog.dir = catalog.display().to_string()).await;
    world.write("inbox-dir", &inbox.display().to_string());
    world.write("catalog-dir", &catalog.display().to_string());
    world
}

fn write_sources(catalog: &Path, inbox: &Path, sources: &[(&str, &str)]) {
    std::fs::create_dir_all(catalog.join("sources")).unwrap();
    for (name, text) in sources {
        let text = text.replace("INBOX", &inbox.display().to_string());
        std::fs::write(catalog.join("sources").join(format!("{name}.yaml")), text).unwrap();
    }
}

fn inbox(world: &World) -> PathBuf {
    PathBuf::from(std::fs::read_to_string(world.dir.path().join("inbox-dir")).unwrap())
}

/// Puts a file into the inbox, as if it had lain there for long.
fn put(world: &World, name: &str, text: &[u8]) {
    let path = inbox(world).join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + text.len() as u64);
    std::fs::File::options().append(true).open(&path).unwrap().set_modified(long_ago).unwrap();
}

pub(crate) async fn look(hub: &Hub, name: &str, asked: Asked) -> Result<Looked, Failure> {
    flow::look_at_source(hub, &name.parse().unwrap(), Channel::Cli, asked, &Silent).await
}

/// What a look came to, in a line for each delivery.
fn told(looked: Result<Looked, Failure>) -> Vec<String> {
    let looked = match looked {
        Ok(looked) => looked,
        Err(failure) => return vec![failure.error.code().to_owned()],
    };
    let taken = looked.taken.iter().map(|taken| {
        let report = &taken.ingested.report;
        let name = taken.file.as_deref().unwrap_or("table");
        let already = if report.already { " again" } else { "" };
        format!("{name}: {} + {}{already}", report.rows_accepted, report.rows_quarantined)
    });
    let failed = looked.failed.iter().map(|failed| {
        format!("{}: {}", failed.file.as_deref().unwrap_or("table"), failed.failure.error.code())
    });
    let mut lines: Vec<String> = taken.chain(failed).collect();
    let behind = looked.behind;
    for (count, what) in [
        (looked.young, "young"),
        (behind.awaited, "awaited"),
        (behind.missing, "missing"),
        (behind.later, "later"),
        (behind.left, "left"),
    ] {
        if count > 0 {
            lines.push(format!("{count} {what}"));
        }
    }
    if looked.held_up {
        lines.push("held up".to_owned());
    }
    if looked.stopped {
        lines.push("stopped".to_owned());
    }
    lines
}

const STORES: &str = "description: Stores, as the master data system writes them.
dataset: dim_stores
kind: files
folder: INBOX
pattern: '**/*.csv'
settle_seconds: 60
bad_share_max: 0.5
every_seconds: 60
";

const HEADER: &str = "store_id,name,city,region,opened_on";

fn stores(rows: &[&str]) -> Vec<u8> {
    format!("{HEADER}\n{}\n", rows.join("\n")).into_bytes()
}

const ONE: &str = "S101,North,Shanghai,SH,2020-01-02";
const TWO: &str = "S102,South,Shanghai,SH,2020-01-03";
const THREE: &str = "S103,East,Beijing,BJ,2020-01-04";

async fn rows(world: &World) -> i64 {
    world.count("analyst:lee", "SELECT count(*) FROM dim_stores").await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_folder_are_taken_in_once() {
    let world = world(&[("stores", STORES)]).await;
    assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), Vec::<String>::new());
    put(&world, "a.csv", &stores(&[ONE, "S1,Bad,Bad,XX,2020-01-02"]));
    put(&world, "2026/b.csv", &stores(&[TWO]));
    put(&world, "c.csv.part", b"half");
    let first = told(look(&world.hub, "stores", Asked::OnTime).await);
    assert_eq!(first, ["2026/b.csv: 1 + 0", "a.csv: 1 + 1"]);
    assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), Vec::<String>::new());
    assert_eq!(told(look(&world.hub, "stores", Asked::ByHand).await), Vec::<String>::new());
    assert_eq!(rows(&world).await, 2);

    // The same content under another name, or brought by hand, adds nothing; what is new does.
    put(&world, "copy of a.csv", &stores(&[ONE, "S1,Bad,Bad,XX,2020-01-02"]));
    put(&world, "d.csv", &stores(&[THREE]));
    let second = told(look(&world.hub, "stores", Asked::OnTime).await);
    assert_eq!(second, ["d.csv: 1 + 0", "copy of a.csv: 0 + 0 again"]);
    let by_hand = world.ingest("dim_stores", &inbox(&world).join("d.csv")).await.unwrap();
    assert!(by_hand.report.already);
    assert_eq!(rows(&world).await, 3);

    // Each delivery has a run, in the name of the service, and its place in the history of quality.
    let deliveries = world.hub.ledger().deliveries(None, chrono::DateTime::UNIX_EPOCH).await.unwrap();
    assert_eq!(deliveries.len(), 3);
    assert!(deliveries.iter().all(|delivery| delivery.source.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_still_written_waits() {
    let world = world(&[("stores", STORES)]).await;
    put(&world, "a.csv", &stores(&[ONE]));
    // The clock of this hub stands before the present: the file is from its future.
    std::fs::File::options()
        .append(true)
        .open(inbox(&world).join("a.csv"))
        .unwrap()
        .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000))
        .unwrap();
    assert_eq!(told(look(&world.hub, "stores", Asked::ByHand).await), ["1 young"]);
    put(&world, "a.csv", &stores(&[ONE]));
    assert_eq!(told(look(&world.hub, "stores", Asked::ByHand).await), ["a.csv: 1 + 0"]);
}

/// Its early rows would be there twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_grows_after_it_was_taken_in_is_refused() {
    let world = world(&[("stores", STORES)]).await;
    put(&world, "a.csv", &stores(&[ONE]));
    assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), ["a.csv: 1 + 0"]);
    put(&world, "a.csv", &stores(&[ONE, TWO]));
    assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), ["a.csv: source_file_changed"]);
    assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), ["1 left"]);
    assert_eq!(told(look(&world.hub, "stores", Asked::ByHand).await), ["a.csv: source_file_changed"]);
    assert_eq!(rows(&world).await, 1);
    put(&world, "b.csv", &stores(&[TWO]));
    assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), ["b.csv: 1 + 0", "1 left"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_stops_by_its_rule_and_goes_on_when_it_is_let() {
    let world = world(&[("stores", &format!("{STORES}on_fault: stop\n"))]).await;
    put(&world, "a.csv", b"something else\nthan stores\n");
    put(&world, "good.csv", &stores(&[TWO]));
    let name = "stores".parse().unwrap();
    // The oldest file is first: `a.csv` is the smaller one.
    assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), ["a.csv: input_columns", "stopped"]);
    assert_eq!(told(look(&world.hub, "stores", Asked::ByHand).await), ["source_paused"]);
    let state = world.hub.ledger().source_state(&name).await.unwrap().unwrap();
    assert_eq!(state.paused.unwrap().1.to_string(), "service:ingestor");
    assert_eq!(state.fault.as_deref(), Some("input_columns"));
    put(&world, "a.csv", &stores(&[ONE]));
    let omar = world.ctx("operator:omar");
    assert!(flow::pause_source(&omar, &world.hub, &name, false).await.unwrap().1);
    let went_on = told(look(&world.hub, "stores", Asked::OnTime).await);
    assert_eq!(went_on, ["a.csv: 1 + 0", "good.csv: 1 + 0"]);

    // Who may not administer pauses nothing.
    let refused = flow::pause_source(&world.ctx("analyst:lee"), &world.hub, &name, true).await.unwrap_err();
    assert_eq!(refused.error.code(), "not_permitted");
    // What was taken in and changed is not taken in by letting the source go on: its rows would be there twice.
    put(&world, "a.csv", &stores(&[ONE, THREE]));
    let refused = told(look(&world.hub, "stores", Asked::OnTime).await);
    assert_eq!(refused, ["a.csv: source_file_changed", "stopped"]);
    assert!(flow::pause_source(&omar, &world.hub, &name, false).await.unwrap().1);
    assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), ["1 left"]);
    assert_eq!(rows(&world).await, 2);
    assert!(flow::pause_source(&omar, &world.hub, &name, true).await.unwrap().1);
    assert!(!flow::pause_source(&omar, &world.hub, &name, true).await.unwrap().1);
    assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), ["source_paused"]);
    assert_eq!(told(look(&world.hub, "nothing", Asked::OnTime).await), ["unknown_source"]);
}

/// Hubs that share a ledger look at one source in turn; were both at it, each row is there once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_hubs_look_at_one_source() {
    let world = world(&[("stores", STORES)]).await;
    for number in 0..6 {
        put(
            &world,
            &format!("{number}.csv"),
            &stores(&[&format!("S20{number},Name,Shanghai,SH,2020-01-02")]),
        );
    }
    let looks = (0..4).map(|_| look(&world.hub, "stores", Asked::OnTime));
    let outcomes = futures::future::join_all(looks).await;
    let held = outcomes
        .iter()
        .filter(|outcome| outcome.as_ref().is_err_and(|failure| failure.error.code() == "source_held"));
    assert_eq!(held.count(), 3);
    assert_eq!(rows(&world).await, 6);
    let deliveries = world.hub.ledger().deliveries(None, chrono::DateTime::UNIX_EPOCH).await.unwrap();
    assert_eq!(deliveries.len(), 6);
}

/// Files are called after people, and hold what nobody may find again.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_source_lies_about_in_clear() {
    let members =
        "description: Members.\ndataset: crm_members\nkind: files\nfolder: INBOX\nsettle_seconds: 0\n";
    let world = world(&[("crm", members)]).await;
    let (_, text, _) =
        canary_deliveries().into_iter().find(|(dataset, ..)| *dataset == "crm_members").unwrap();
    let email = CANARIES[1];
    put(&world, &format!("{email}.csv"), text.as_bytes());
    put(&world, &format!("{email}.txt"), text.as_bytes());
    put(&world, &format!("{email}.parquet"), text.as_bytes());
    let looked = look(&world.hub, "crm", Asked::ByHand).await.unwrap();
    let mut outcomes = told(Ok(looked));
    outcomes.sort();
    let name = |ending: &str, outcome: &str| format!("{email}.{ending}: {outcome}");
    assert_eq!(
        outcomes,
        [name("csv", "1 + 2"), name("parquet", "input_malformed"), name("txt", "input_format")]
    );
    for canary in CANARIES {
        assert_eq!(files_with(world.dir.path(), canary), Vec::<PathBuf>::new(), "{canary}");
    }
}

/// A source that is due is looked at by the hub that serves, and one that is not is left.
#[test]
fn the_hub_looks_at_sources_by_itself() {
    let program = Program::new();
    let (catalog, inbox) = (program.path("catalog"), program.path("inbox"));
    copy(&repository().join("catalog"), &catalog);
    std::fs::create_dir_all(&inbox).unwrap();
    let often = STORES
        .replace("every_seconds: 60", "every_seconds: 1")
        .replace("settle_seconds: 60", "settle_seconds: 0");
    write_sources(
        &catalog,
        &inbox,
        &[("stores", &often), ("by_hand", &often.replace("every_seconds: 1\n", ""))],
    );
    let command = |words: &[&str]| {
        let mut command = program.bare();
        command.args(words).arg("--policies").arg(repository().join("policies"));
        command.arg("--catalog").arg(&catalog);
        command
    };
    let ok = |words: &[&str]| {
        let output = command(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(ok(&["source", "list"]).contains("not looked at yet"));
    std::fs::write(inbox.join("a.csv"), stores(&[ONE, TWO])).unwrap();
    let mut served = command(&["serve", "--address", "127.0.0.1:0"]).spawn().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    let state = loop {
        let listed: serde_json::Value = serde_json::from_str(&ok(&["source", "list", "--json"])).unwrap();
        let state = listed["sources"].as_array().unwrap().clone();
        if state.iter().any(|source| !source["last_run"].is_null()) || std::time::Instant::now() > deadline {
            break state;
        }
        std::thread::yield_now();
    };
    served.kill().unwrap();
    served.wait().unwrap();
    let by_name = |name: &str| state.iter().find(|source| source["name"] == name).unwrap().clone();
    let stores = by_name("stores");
    assert_eq!((stores["fault"].is_null(), stores["waiting"].as_u64()), (true, Some(0)), "{stores}");
    assert!(by_name("by_hand")["looked"].is_null());
    let answer = ok(&[
        "sql",
        "SELECT count(*) AS n FROM dim_stores",
        "--as",
        "analyst:lee",
        "--purpose",
        "marketing_analysis",
        "--json",
    ]);
    assert!(answer.contains("2"), "{answer}");
    // What the hub took in, the command line finds there.
    assert!(ok(&["source", "run", "by_hand"]).contains("was taken in before"));
    let output = command(&["source", "run", "nowhere"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the catalog has no source `nowhere`"));
}

/// A file calls its columns what it likes; the source says which are which.
#[tokio::test(flavor = "multi_thread")]
async fn columns_of_files_may_have_other_names() {
    let named = format!("{STORES}columns: {{ store_id: 门店, name: Shop Name, city: CITY }}\n");
    let world = world(&[("stores", &named.replace("'**/*.csv'", "'*'"))]).await;
    put(
        &world,
        "a.csv",
        format!("Shop Name,CITY,region,opened_on,门店\n{}\n", "North,Shanghai,SH,2020-01-02,S101").as_bytes(),
    );
    let object = r#"{"门店": "S102", "Shop Name": "South", "CITY": "Wuhan", "region": "SH", "opened_on": "2020-01-02", "name": "no column"}"#;
    put(&world, "b.ndjson", object.as_bytes());
    put(&world, "c.csv", &stores(&[THREE]));
    let mut lines = told(look(&world.hub, "stores", Asked::OnTime).await);
    lines.sort();
    assert_eq!(lines, ["a.csv: 1 + 0", "b.ndjson: 1 + 0", "c.csv: input_columns"]);
    assert_eq!(
        world.count("analyst:lee", "SELECT count(*) FROM dim_stores WHERE name IN ('North', 'South')").await,
        2
    );
}
