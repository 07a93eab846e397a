//! Standing releases, by the doors that partners and operators have: made when they are due, charged once, and the same
//! whatever comes after.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use membrane::Hub;
use membrane::config::Config;
use membrane::flow::{self, MadeBefore, Released};
use membrane_model::Clock;
use serde_json::{Value, json};

use crate::policy::copy;
use crate::program::Program;
use crate::world::{World, configuration};

pub(crate) const MONTHLY: &str = "description: Orders of each region, once a month.
partner: partner:acme
purpose: partner_reporting
sql: |
  SELECT region, COUNT(*) AS orders FROM pos_orders
  WHERE ordered_at >= :period_start AND ordered_at < :period_end GROUP BY region
schedule: { every: month, delay_minutes: 60 }
price: { epsilon: 0.5 }
bounds: { groups_max: 2, rows_max: 10 }
";

const DAILY: &str = "description: Orders and sales of each region since the year began.
partner: partner:acme
purpose: partner_reporting
sql: SELECT region, COUNT(*) AS orders, SUM(amount) AS sales FROM pos_orders GROUP BY region
schedule: { every: day, delay_minutes: 60 }
price: { rho: 0.02 }
bounds: { values: { amount: [0, 5000] } }
continual: { from: 2026-01-01, refreshes: 30, rows_max: 6 }
";

/// A policy by which other rows count.
const HIDES: &str = "@id(\"test.online-stays\")
forbid (principal is Partner, action == Action::\"readRow\", resource is Row::pos_orders)
when { resource.channel == \"delivery\" };
";

/// A clock that is set by hand.
#[derive(Debug)]
pub(crate) struct Hands(Mutex<DateTime<Utc>>);

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A world whose catalog has these standing releases.
pub(crate) async fn world(now: &str, releases: &[(&str, &str)]) -> (World, Arc<Hands>) {
    world_with(now, releases, |_| {}).await
}

async fn world_with(
    now: &str,
    releases: &[(&str, &str)],
    change: impl FnOnce(&mut Config),
) -> (World, Arc<Hands>) {
    let clock = Arc::new(Hands(Mutex::new(at(now))));
    let catalog = tempfile::tempdir().unwrap().keep();
    copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../catalog")), &catalog);
    std::fs::create_dir_all(catalog.join("releases")).unwrap();
    for (name, text) in releases {
        std::fs::write(catalog.join("releases").join(format!("{name}.yaml")), text).unwrap();
    }
    let world = World::at(clock.clone(), |config| {
        config.catalog.dir = catalog.display().to_string();
        change(config);
    })
    .await;
    world.populate(300).await;
    world.write("catalog-dir", &catalog.display().to_string());
    (world, clock)
}

/// Opens the hub of a world once more, with its catalog, and with a change of configuration.
async fn opened(world: &World, clock: Arc<Hands>, change: impl FnOnce(&mut Config)) -> Arc<Hub> {
    let mut config = configuration(world.dir.path());
    config.catalog.dir = std::fs::read_to_string(world.dir.path().join("catalog-dir")).unwrap();
    change(&mut config);
    Arc::new(Hub::open(&config, clock).await.unwrap())
}

pub(crate) async fn run(
    world: &World,
    name: &str,
    edition: Option<&str>,
) -> Result<(String, Released), String> {
    let edition = edition.map(|edition| edition.parse().unwrap());
    let made =
        flow::run_edition(&world.ctx("partner:acme"), &world.hub, &name.parse().unwrap(), edition).await;
    made.map(|(edition, released)| (edition.to_string(), released))
        .map_err(|failure| failure.error.code().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edition_is_charged_once_and_stays_as_it_was_made() {
    let (world, clock) = world("2026-02-01T01:30:00Z", &[("monthly", MONTHLY)]).await;
    let (edition, first) = run(&world, "monthly", None).await.unwrap();
    assert_eq!((edition.as_str(), first.edition.as_deref()), ("2026-01", Some("2026-01")));
    assert_eq!(first.charged, first.price);
    let paid = world.spent().await;
    // New data, another version: the edition stays.
    world.populate(310).await;
    let (_, again) = run(&world, "monthly", Some("2026-01")).await.unwrap();
    assert_eq!((again.replay_of, again.charged.rho_nano), (Some(first.run), 0));
    assert_eq!(again.answer.unwrap().rows, first.answer.unwrap().rows);
    assert_eq!(world.spent().await, paid);
    // Another edition is another answer.
    let (_, earlier) = run(&world, "monthly", Some("2025-12")).await.unwrap();
    assert!(earlier.replay_of.is_none() && world.spent().await > paid);
    // What is not due, not there, not of this length.
    assert_eq!(run(&world, "monthly", Some("2026-02")).await.unwrap_err(), "bad_request");
    assert_eq!(run(&world, "monthly", Some("2026-W03")).await.unwrap_err(), "bad_request");
    assert_eq!(run(&world, "nothing", None).await.unwrap_err(), "no_standing_release");
    // The delay counts.
    *clock.0.lock().unwrap() = at("2026-03-01T00:59:59Z");
    assert_eq!(run(&world, "monthly", None).await.unwrap().0, "2026-01");
    *clock.0.lock().unwrap() = at("2026-03-01T01:00:00Z");
    assert_eq!(run(&world, "monthly", None).await.unwrap().0, "2026-02");
}

/// A hub that dies while it makes an edition has paid: the next one takes that up.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_and_lost_is_taken_up() {
    let chosen = MONTHLY.replace("{ groups_max: 2, rows_max: 10 }", "{ choose: true }");
    let (world, _) = world("2026-02-01T01:30:00Z", &[("monthly", MONTHLY), ("chosen", &chosen)]).await;
    for name in ["monthly", "chosen"] {
        let before = world.spent().await;
        // No time at all: pilot and release fail after they were paid.
        let mut ctx = world.ctx("partner:acme");
        ctx.limits.seconds_max = 0;
        let failed = flow::run_edition(&ctx, &world.hub, &name.parse().unwrap(), None).await.unwrap_err();
        assert_eq!(failed.error.code(), "release_timed_out");
        let told = failed.error.to_string();
        assert!(told.contains("the next try takes it up") && !told.contains("once more"), "{told}");
        let lost = world.spent().await - before;
        assert!(lost > 0);
        let (_, made) = run(&world, name, None).await.unwrap();
        assert!(made.answer.is_some());
        let whole = world.spent().await - before;
        if name == "monthly" {
            assert_eq!((whole, made.charged.rho_nano), (lost, 0), "nothing is charged again");
            // The receipt tells what was paid, and in which run; that of a replay too.
            let (_, again) = run(&world, name, None).await.unwrap();
            for released in [&made, &again] {
                let paid = paid(released);
                assert_eq!(paid["rho_nano"].as_u64().unwrap() * 3, lost, "{paid}");
                assert_eq!(paid["run"], made.run.to_string());
                assert_eq!(paid["charged_in"], failed.run.unwrap().to_string());
                assert_eq!(paid["accounts"].as_array().unwrap().len(), 6);
            }
        } else {
            let charged = made.charged.rho_nano * 3;
            assert_eq!(whole, lost + charged, "the pilot was paid, the release was not");
            assert!(made.charged.rho_nano < made.price.rho_nano);
        }
        let (_, again) = run(&world, name, None).await.unwrap();
        assert_eq!((again.charged.rho_nano, world.spent().await - before), (0, whole));
    }
}

/// What the receipt of an answer says of what was paid.
fn paid(released: &Released) -> Value {
    let body: Value = serde_json::from_str(&released.receipt.as_ref().unwrap().body).unwrap();
    body["paid"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn partners_list_and_fetch_their_own() {
    let other = MONTHLY.replace("partner:acme", "partner:globex");
    let (world, _) = world("2026-02-01T01:30:00Z", &[("monthly", MONTHLY), ("theirs", &other)]).await;
    let (status, listed) = world.send("partner:acme", "/v1/releases", None).await;
    assert_eq!(status, StatusCode::OK, "{listed}");
    let names = |listed: &Value| {
        let of = listed["releases"].as_array().unwrap().iter();
        of.map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&listed), ["monthly"]);
    assert_eq!(listed["releases"][0]["next"], "2026-03-01T01:00:00Z");
    assert_eq!(
        listed["releases"][0]["editions"][0],
        json!({"edition": "2026-01", "run": null, "made": null})
    );
    let (status, made) = world.send("partner:acme", "/v1/releases/monthly", Some(json!({}))).await;
    assert_eq!((status, &made["edition"]), (StatusCode::OK, &json!("2026-01")), "{made}");
    assert!(made["charged"]["rho"].as_f64().unwrap() > 0.0 && made["receipt"].is_object());
    let (_, listed) = world.send("compliance:olga", "/v1/releases", None).await;
    assert_eq!(names(&listed), ["monthly", "theirs"], "{listed}");
    assert_eq!(listed["releases"][0]["editions"][0]["run"], made["run"]);
    for (body, code) in [
        (json!({"edition": "13812345678"}), "bad_request"),
        (json!({"edition": "2030-01"}), "bad_request"),
        (json!({"edition": 1}), "bad_request"),
    ] {
        let (status, told) = world.send("partner:acme", "/v1/releases/monthly", Some(body)).await;
        assert_eq!((status, &told["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(code)), "{told}");
        assert!(!told.to_string().contains("13812345678"), "{told}");
    }
    let (status, told) = world.send("partner:acme", "/v1/releases/theirs", Some(json!({}))).await;
    assert_eq!((status, &told["error"]["code"]), (StatusCode::NOT_FOUND, &json!("no_standing_release")));
}

/// The rows of an answer as numbers: counts by region.
fn counts(released: &Released) -> Vec<(String, f64, f64)> {
    let rows = released.answer.as_ref().unwrap().rows.clone();
    let number = |cell: &Option<String>| cell.as_deref().unwrap().parse::<f64>().unwrap();
    rows.iter().map(|row| (row[0].clone().unwrap(), number(&row[1]), number(&row[4]))).collect()
}

/// One price, whatever is asked and whenever; an edition is made after those before it, and stays as it was made.
#[tokio::test(flavor = "multi_thread")]
async fn a_counter_counts_on_for_one_price() {
    let (world, clock) = world("2026-01-05T01:30:00Z", &[("daily", DAILY)]).await;
    let before = world.spent().await;
    let (told, daily) = (Mutex::new(Vec::new()), "daily".parse().unwrap());
    let tell = |before: MadeBefore| {
        told.lock().unwrap().push((before.edition.to_string(), before.made, before.of));
    };
    let ctx = world.ctx("partner:acme");
    let made = flow::run_edition_after(&ctx, &world.hub, &daily, None, &tell).await;
    let (edition, first) = made.map_err(|failure| failure.error).unwrap();
    assert_eq!(edition.to_string(), "2026-01-04");
    let told = told.into_inner().unwrap();
    let expected = [1, 2, 3].map(|day| (format!("2026-01-0{day}"), day, 3));
    assert_eq!(told, expected, "each edition that is made before is told of");
    let spent = world.spent().await - before;
    assert_eq!(first.charged, first.price, "all of it, by the first edition, which was made before this one");
    assert_eq!(spent, first.price.rho_nano * 3);
    assert!((19_000_000..=20_000_000).contains(&first.price.rho_nano), "{:?}", first.price);
    let notes = first.notes.join(" ");
    assert!(notes.contains("the 6 earliest rows count, over all 30 refreshes"), "{notes}");
    // All four are there, and cost nothing more.
    let (_, listed) = world.send("partner:acme", "/v1/releases", None).await;
    let editions = listed["releases"][0]["editions"].as_array().unwrap();
    assert!(editions.len() == 4 && editions.iter().all(|one| one["run"].is_string()), "{listed}");
    assert_eq!(listed["releases"][0]["continual"]["from"], "2026-01-01");
    let (_, second) = run(&world, "daily", Some("2026-01-02")).await.unwrap();
    assert!(second.replay_of.is_some());
    // New data, other days: what was told stays, what is new counts on.
    world.populate(310).await;
    *clock.0.lock().unwrap() = at("2026-01-20T02:00:00Z");
    let (edition, later) = run(&world, "daily", None).await.unwrap();
    assert_eq!((edition.as_str(), later.charged.rho_nano), ("2026-01-19", 0));
    let (_, again) = run(&world, "daily", Some("2026-01-02")).await.unwrap();
    assert_eq!(again.answer.unwrap().rows, second.answer.unwrap().rows);
    assert_eq!(world.spent().await - before, spent);
    // No edition is before the first or after the last.
    assert_eq!(run(&world, "daily", Some("2025-12-31")).await.unwrap_err(), "bad_request");
    assert_eq!(run(&world, "daily", Some("2026-01-31")).await.unwrap_err(), "bad_request");
    *clock.0.lock().unwrap() = at("2026-06-01T02:00:00Z");
    let (edition, last) = run(&world, "daily", None).await.unwrap();
    assert_eq!((edition.as_str(), last.charged.rho_nano), ("2026-01-30", 0));
    let (_, listed) = world.send("partner:acme", "/v1/releases", None).await;
    assert_eq!(listed["releases"][0]["next"], Value::Null);
    assert_eq!(world.spent().await - before, spent);
    // Receipts tell what all of them cost, and in which run.
    let (told, (_, of_first)) = (paid(&last), run(&world, "daily", Some("2026-01-01")).await.unwrap());
    assert_eq!((&told["run"], told["rho_nano"].as_u64()), (&json!(last.run.to_string()), Some(spent / 3)));
    assert_eq!(told["charged_in"], json!(of_first.replay_of.unwrap().to_string()));
    assert!(paid(&of_first)["charged_in"].is_null());
}

/// What the totals say is near what is there: of each member the earliest rows, six deviations at most but for 1 in 5e8.
#[tokio::test(flavor = "multi_thread")]
async fn a_counter_is_near_the_bounded_truth() {
    let rich = DAILY.replace("rho: 0.02", "rho: 50");
    let (world, _) = world_with("2026-01-13T01:30:00Z", &[("daily", &rich)], |config| {
        config.privacy = config.privacy.clone().unlimited();
    })
    .await;
    let (_, released) = run(&world, "daily", Some("2026-01-11")).await.unwrap();
    for (region, value, sd) in counts(&released) {
        let sql = format!(
            "SELECT count(*) FROM (SELECT region, row_number() OVER (PARTITION BY member_no ORDER BY ordered_at) AS nth FROM pos_orders
             WHERE NOT buyer_is_minor AND ordered_at >= '2026-01-01' AND ordered_at < '2026-01-12') t
             WHERE nth <= 6 AND region = '{region}'"
        );
        let truth: f64 = world.count("analyst:lee", &sql).await.to_string().parse().unwrap();
        assert!((value - truth).abs() < 6.0 * sd + 1.0, "{region}: {value} for {truth}, deviation {sd}");
        assert!(sd < 6.0, "there is little noise: {sd}");
    }
}

/// A refresh that fails after it was paid is taken up, and charges nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_counter_paid_and_lost_is_taken_up() {
    let (world, _) = world("2026-01-03T01:30:00Z", &[("daily", DAILY)]).await;
    let before = world.spent().await;
    let mut ctx = world.ctx("partner:acme");
    ctx.limits.seconds_max = 0;
    let daily = "daily".parse().unwrap();
    let failed = flow::run_edition(&ctx, &world.hub, &daily, None).await.unwrap_err();
    assert_eq!(failed.error.code(), "release_timed_out");
    let paid = world.spent().await - before;
    assert!(paid > 0);
    let (_, made) = run(&world, "daily", None).await.unwrap();
    assert!(made.answer.is_some() && made.charged.rho_nano == 0);
    assert_eq!(world.spent().await - before, paid);
}

/// Two that ask at the same time get the same, or are told to wait.
#[tokio::test(flavor = "multi_thread")]
async fn racing_refreshes_are_one() {
    let (world, _) = world("2026-01-09T01:30:00Z", &[("daily", DAILY)]).await;
    let before = world.spent().await;
    let tries = (0..4).map(|_| run(&world, "daily", None));
    let mut rows = Vec::new();
    for made in futures::future::join_all(tries).await {
        match made {
            Ok((_, released)) => rows.push(released.answer.unwrap().rows),
            Err(code) => assert!(["in_flight", "busy"].contains(&code.as_str()), "{code}"),
        }
    }
    let (_, made) = run(&world, "daily", None).await.unwrap();
    let last = made.answer.unwrap().rows;
    assert!(rows.iter().all(|one| *one == last));
    assert_eq!(world.spent().await - before, made.price.rho_nano * 3, "one price, charged to three scopes");
}

/// What hides other rows than before would let others count in place of those that were counted: there it ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_counter_ends_where_its_rows_change() {
    let (world, clock) = world("2026-01-03T01:30:00Z", &[("daily", DAILY)]).await;
    run(&world, "daily", None).await.unwrap();
    *clock.0.lock().unwrap() = at("2026-01-04T01:30:00Z");
    let policies = world.dir.path().join("policies");
    std::fs::create_dir_all(&policies).unwrap();
    copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../policies")), &policies);
    std::fs::write(policies.join("old.cedar"), HIDES).unwrap();
    let world = World {
        hub: opened(&world, clock, |config| config.policies.dir = policies.display().to_string()).await,
        dir: world.dir,
    };
    assert_eq!(run(&world, "daily", None).await.unwrap_err(), "counter_ended");
    let (_, told) = run(&world, "daily", Some("2026-01-02")).await.unwrap();
    assert!(told.replay_of.is_some(), "what was told can still be asked for");
}

/// What hides rows by the clock hides others at each refresh: it is refused before anything is paid. What changes after the last one
/// is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_counter_by_the_clock_is_not_paid_for() {
    let (first, clock) = world("2026-01-03T01:30:00Z", &[("daily", DAILY)]).await;
    let policies = first.dir.path().join("policies");
    copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../policies")), &made_folder(&policies));
    let mut world = first;
    for (when, moment) in [
        ("resource.ordered_at > context.time.offset(duration(\"-30d\"))", Some("2026-01-03T01:30:01Z")),
        (
            "resource.channel == \"delivery\" && context.time >= datetime(\"2026-01-20\")",
            Some("2026-01-20T00:00:00Z"),
        ),
        ("resource.channel == \"delivery\" && context.time >= datetime(\"2026-02-20\")", None),
    ] {
        std::fs::write(policies.join("clock.cedar"), HIDES.replace("resource.channel == \"delivery\"", when))
            .unwrap();
        let change = |config: &mut Config| config.policies.dir = policies.display().to_string();
        world = World { hub: opened(&world, clock.clone(), change).await, dir: world.dir };
        let before = world.spent().await;
        let daily = "daily".parse().unwrap();
        let made = flow::run_edition(&world.ctx("partner:acme"), &world.hub, &daily, None).await;
        match moment {
            None => assert!(made.is_ok_and(|(_, made)| made.charged.rho_nano > 0), "{when}"),
            Some(moment) => {
                let error = made.unwrap_err().error;
                assert_eq!(error.code(), "not_bounded", "{when}");
                assert!(error.to_string().contains(&format!("by the policies at `{moment}`")), "{error}");
                assert_eq!(world.spent().await, before, "{when}: nothing was paid");
            }
        }
    }
}

fn made_folder(folder: &Path) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    folder.to_owned()
}

/// Of another delta the same epsilon buys another noise: what was paid for is not what would be drawn, and there it ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_counter_ends_where_its_noise_would_change() {
    let by_epsilon = DAILY.replace("rho: 0.02", "epsilon: 0.5");
    let (world, clock) = world("2026-01-03T01:30:00Z", &[("daily", &by_epsilon)]).await;
    run(&world, "daily", None).await.unwrap();
    let paid = world.spent().await;
    *clock.0.lock().unwrap() = at("2026-01-04T01:30:00Z");
    let hub = opened(&world, clock, |config| config.privacy.delta *= 10.0).await;
    let world = World { hub, dir: world.dir };
    assert_eq!(run(&world, "daily", None).await.unwrap_err(), "counter_ended");
    assert!(run(&world, "daily", Some("2026-01-02")).await.unwrap().1.replay_of.is_some());
    assert_eq!(world.spent().await, paid);
}

/// A file that cannot be read stops neither the hub nor the other releases, and whoever may audit is told of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_stops_nothing_else() {
    let wrong = MONTHLY.replace("schedule:", "shedule:");
    let (world, _) = world("2026-02-01T01:30:00Z", &[("monthly", MONTHLY), ("wrong", &wrong)]).await;
    assert!(run(&world, "monthly", None).await.is_ok());
    assert_eq!(run(&world, "wrong", None).await.unwrap_err(), "no_standing_release");
    let (_, told) = world.send("compliance:olga", "/v1/releases", None).await;
    let faults: Vec<&str> = told["faults"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(faults.iter().all(|fault| fault.starts_with("wrong.yaml:")), "{told}");
    assert!(faults.iter().any(|fault| fault.contains("`shedule`")), "{told}");
    assert_eq!(told["releases"].as_array().unwrap().len(), 1);
    let (_, told) = world.send("partner:acme", "/v1/releases", None).await;
    assert!(told.get("faults").is_none() && told["releases"].as_array().unwrap().len() == 1, "{told}");
}

/// What no data and no policy could change is told before anything is published: by contracts alone, and with its place.
#[test]
fn statements_are_checked_with_the_catalog() {
    let program = Program::new();
    copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../catalog")), &made_folder(&program.path("own")));
    let folder = made_folder(&program.path("own/releases"));
    let write = |name: &str, text: &str| std::fs::write(folder.join(format!("{name}.yaml")), text).unwrap();
    let check = || {
        let output = program.bare().args(["catalog", "check", "--catalog", "own"]).output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let listed = "SELECT s.city, COUNT(*) AS n FROM pos_orders o JOIN dim_stores s ON s.store_id = o.store_id GROUP BY s.city";
    let by_rows = format!("description: Of each city.\npartner: partner:acme\nsql: {listed}\n");
    for (name, text) in [("monthly", MONTHLY), ("daily", DAILY), ("cities", &by_rows)] {
        write(name, text);
    }
    let (code, told) = check();
    assert!(code == Some(0) && told.contains("3 standing releases, 6 tags: no fault"), "{told}");
    for (text, place, expected) in [
        (MONTHLY.replace("SELECT region", "SELECT regio"), ":5:", "`regio`"),
        (MONTHLY.replace("pos_orders", "orders"), ":5:", "`orders`"),
        (MONTHLY.replace("COUNT(*) AS orders", "COUNT(* AS orders"), ":5:", "`sql` would be refused"),
        (MONTHLY.replace("COUNT(*) AS orders", "MAX(member_no) AS orders"), ":5:", "member_no"),
        (MONTHLY.replace("rows_max: 10 }", "rows_max: 10, values: { items: [0, 9] } }"), ":5:", "`items`"),
        (DAILY.replace("COUNT(*) AS orders", "COUNT(DISTINCT member_no) AS orders"), ":4:", "orders"),
    ] {
        write("wrong", &text);
        let (code, told) = check();
        assert!(code == Some(2) && told.contains(expected), "{expected}: {told}");
        assert!(told.contains(&format!("wrong.yaml{place}")), "{told}");
    }
    let output = program.bare().args(["catalog", "check", "--catalog", "own", "--json"]).output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &told["faults"][0]["line"]), (Some(2), &json!(4)), "{told}");
}

/// What breaks if a column goes: also releases that never ran. An edition is known as one of its release by statement and partner.
#[tokio::test(flavor = "multi_thread")]
async fn lineage_knows_a_standing_release_before_and_after_it_ran() {
    let (world, _) = world("2026-02-01T01:30:00Z", &[("monthly", MONTHLY)]).await;
    let down = "/v1/lineage/down?of=pos_orders.ordered_at";
    let (status, told) = world.send("compliance:olga", down, None).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let kinds = |told: &Value| -> Vec<(String, Value, u64)> {
        let places = told["places"].as_array().unwrap().iter();
        places
            .filter(|place| place["what"] != "column")
            .map(|place| {
                let runs = place["runs"].as_u64().unwrap();
                (place["what"].as_str().unwrap().to_owned(), place["standing_release"].clone(), runs)
            })
            .collect()
    };
    assert_eq!(kinds(&told), [("standing_release".to_owned(), Value::Null, 0)], "{told}");
    assert_eq!((&told["counts"]["standing_releases"], &told["counts"]["partners"]), (&json!(1), &json!(1)));
    run(&world, "monthly", None).await.unwrap();
    let (_, told) = world.send("compliance:olga", down, None).await;
    let mut found = kinds(&told);
    found.sort_by_key(|(what, _, _)| what.clone());
    assert_eq!(
        found,
        [("job".to_owned(), json!("monthly"), 1), ("standing_release".to_owned(), Value::Null, 0)],
        "{told}"
    );
    let (_, told) = world.send("compliance:olga", "/v1/lineage/up?of=release:monthly", None).await;
    assert!(
        told["counts"]["columns"].as_u64().unwrap() >= 2 && told["counts"]["columns_pii"] == json!(0),
        "{told}"
    );
}
