//! Standing releases, by the doors that partners and operators have: made when they are due, charged once, and the same
//! whatever comes after.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::{DateTime, Utc};
use membrane::Serving;
use membrane::config::ServerSection;
use membrane::flow::{self, Released};
use membrane::http::{Metrics, router};
use membrane_model::Clock;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::World;

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
    let clock = Arc::new(Hands(Mutex::new(at(now))));
    let catalog = tempfile::tempdir().unwrap().keep();
    copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../catalog")), &catalog);
    std::fs::create_dir_all(catalog.join("releases")).unwrap();
    for (name, text) in releases {
        std::fs::write(catalog.join("releases").join(format!("{name}.yaml")), text).unwrap();
    }
    let world = World::at(clock.clone(), |config| config.catalog.dir = catalog.display().to_string()).await;
    world.populate(300).await;
    (world, clock)
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Asks by HTTP, with a bearer.
async fn send(world: &World, principal: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let app = router(
        Arc::new(Serving::new(Arc::clone(&world.hub))),
        &ServerSection::default(),
        Metrics::of_process(),
    );
    let now = world.hub.clock().now();
    let issued = world.hub.bearers().issue(&principal.parse().unwrap(), "test", 8, now).unwrap();
    let method = if body.is_some() { "POST" } else { "GET" };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {issued}"))
        .header("content-type", "application/json")
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
        .unwrap();
    let response = app.oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

async fn spent(world: &World) -> u64 {
    let lines = world.hub.ledger().budget_lines(None).await.unwrap();
    lines.iter().map(|(_, price)| price.rho_nano).sum()
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
    let paid = spent(&world).await;
    // New data, another version: the edition stays.
    world.populate(310).await;
    let (_, again) = run(&world, "monthly", Some("2026-01")).await.unwrap();
    assert_eq!((again.replay_of, again.charged.rho_nano), (Some(first.run), 0));
    assert_eq!(again.answer.unwrap().rows, first.answer.unwrap().rows);
    assert_eq!(spent(&world).await, paid);
    // Another edition is another answer.
    let (_, earlier) = run(&world, "monthly", Some("2025-12")).await.unwrap();
    assert!(earlier.replay_of.is_none() && spent(&world).await > paid);
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
        let before = spent(&world).await;
        // No time at all: pilot and release fail after they were paid.
        let mut ctx = world.ctx("partner:acme");
        ctx.limits.seconds_max = 0;
        let failed = flow::run_edition(&ctx, &world.hub, &name.parse().unwrap(), None).await.unwrap_err();
        assert_eq!(failed.error.code(), "release_timed_out");
        let lost = spent(&world).await - before;
        assert!(lost > 0);
        let (_, made) = run(&world, name, None).await.unwrap();
        assert!(made.answer.is_some());
        let whole = spent(&world).await - before;
        if name == "monthly" {
            assert_eq!((whole, made.charged.rho_nano), (lost, 0), "nothing is charged again");
        } else {
            let charged = made.charged.rho_nano * 3;
            assert_eq!(whole, lost + charged, "the pilot was paid, the release was not");
            assert!(made.charged.rho_nano < made.price.rho_nano);
        }
        let (_, again) = run(&world, name, None).await.unwrap();
        assert_eq!((again.charged.rho_nano, spent(&world).await - before), (0, whole));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partners_list_and_fetch_their_own() {
    let other = MONTHLY.replace("partner:acme", "partner:globex");
    let (world, _) = world("2026-02-01T01:30:00Z", &[("monthly", MONTHLY), ("theirs", &other)]).await;
    let (status, listed) = send(&world, "partner:acme", "/v1/releases", None).await;
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
    let (status, made) = send(&world, "partner:acme", "/v1/releases/monthly", Some(json!({}))).await;
    assert_eq!((status, &made["edition"]), (StatusCode::OK, &json!("2026-01")), "{made}");
    assert!(made["charged"]["rho"].as_f64().unwrap() > 0.0 && made["receipt"].is_object());
    let (_, listed) = send(&world, "compliance:olga", "/v1/releases", None).await;
    assert_eq!(names(&listed), ["monthly", "theirs"], "{listed}");
    assert_eq!(listed["releases"][0]["editions"][0]["run"], made["run"]);
    for (body, code) in [
        (json!({"edition": "13812345678"}), "bad_request"),
        (json!({"edition": "2030-01"}), "bad_request"),
        (json!({"edition": 1}), "bad_request"),
    ] {
        let (status, told) = send(&world, "partner:acme", "/v1/releases/monthly", Some(body)).await;
        assert_eq!((status, &told["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(code)), "{told}");
        assert!(!told.to_string().contains("13812345678"), "{told}");
    }
    let (status, told) = send(&world, "partner:acme", "/v1/releases/theirs", Some(json!({}))).await;
    assert_eq!((status, &told["error"]["code"]), (StatusCode::NOT_FOUND, &json!("no_standing_release")));
}
