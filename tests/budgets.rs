//! Budgets through the doors that partners and compliance have: months that end, answers that were lost on the way, and
//! two hubs on one ledger.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use chrono::{DateTime, Utc};
use membrane::Serving;
use membrane::config::{Config, PartnerSection, ServerSection};
use membrane::flow;
use membrane::http::{Metrics, router};
use membrane_ledger::{Caps, NewRun, Reservation, ReserveRequest, Reserved, Terms};
use membrane_model::{Action, Channel, Clock, Price};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::backends::postgres;
use crate::program::{Program, text};
use crate::world::World;

const QUESTION: &str = "SELECT region, COUNT(*) AS lines FROM pos_order_lines GROUP BY region";

/// A clock that stands still until it is moved.
pub(crate) struct Moved(Mutex<DateTime<Utc>>);

impl Clock for Moved {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// A hub behind its router, and its clock.
pub(crate) struct Api {
    pub(crate) world: World,
    clock: Arc<Moved>,
    router: Router,
    /// What one question costs, in rho.
    pub(crate) price: f64,
}

impl Api {
    /// Opens a hub with members, whose month has room for as many questions of epsilon 0.5 as stated.
    pub(crate) async fn with_room_for(questions: f64, change: impl FnOnce(&mut Config, f64)) -> Self {
        let price = price_of_one().await;
        let clock = Arc::new(Moved(Mutex::new("2026-01-20T12:00:00Z".parse().unwrap())));
        let world = World::at(clock.clone(), |config| {
            config.privacy.partner_rho_month = price * questions;
            change(config, price);
        })
        .await;
        world.populate(100).await;
        let serving = Arc::new(Serving::new(Arc::clone(&world.hub)));
        let router = router(serving, &ServerSection::default(), Metrics::of_process());
        Self { world, clock, router, price }
    }

    pub(crate) fn move_to(&self, moment: &str) {
        *self.clock.0.lock().unwrap() = moment.parse().unwrap();
    }

    pub(crate) async fn send(&self, principal: &str, path: &str, body: Option<Value>) -> (StatusCode, Bytes) {
        let bearers = self.world.hub.bearers();
        let bearer = bearers.issue(&principal.parse().unwrap(), "test", 8, self.clock.now()).unwrap();
        let request = Request::builder()
            .uri(path)
            .method(if body.is_some() { "POST" } else { "GET" })
            .header(header::AUTHORIZATION, format!("Bearer {bearer}"))
            .header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        (status, axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap())
    }

    /// Asks the question about pieces above a number: another number, another question.
    pub(crate) async fn release(&self, principal: &str, above: u32) -> (StatusCode, Value) {
        let (status, body) = self.send(principal, "/v1/release", Some(question(above))).await;
        (status, serde_json::from_slice(&body).unwrap())
    }

    pub(crate) async fn budget(&self, principal: &str) -> Value {
        let (status, body) = self.send(principal, "/v1/budget", None).await;
        assert_eq!(status, StatusCode::OK, "{body:?}");
        serde_json::from_slice(&body).unwrap()
    }
}

pub(crate) fn question(above: u32) -> Value {
    let sql = QUESTION.replace(" GROUP", &format!(" WHERE quantity > {above} GROUP"));
    json!({ "sql": sql, "epsilon": 0.5 })
}

/// What one question costs, in rho: it follows from the question alone.
async fn price_of_one() -> f64 {
    let world = World::empty().await;
    let request = flow::ReleaseRequest {
        sql: question(0)["sql"].as_str().unwrap().to_owned(),
        epsilon: Some(0.5),
        dry_run: true,
        ..flow::ReleaseRequest::default()
    };
    flow::release(&world.ctx("partner:acme"), &world.hub, request).await.unwrap().price.rho()
}

pub(crate) fn line<'b>(budget: &'b Value, scope: &str, window: &str) -> &'b Value {
    let lines = budget["budgets"].as_array().unwrap();
    lines.iter().find(|line| line["scope"] == scope && line["window"] == window).unwrap_or_else(|| {
        panic!("no {scope} in {window}: {budget:#}");
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_is_used_up_says_when_it_fills_up_and_does() {
    let api = Api::with_room_for(2.5, |_, _| {}).await;
    for above in 0..2 {
        let (status, told) = api.release("partner:acme", above).await;
        assert_eq!(status, StatusCode::OK, "{told}");
        assert_eq!(told["more_like_this"], json!(1 - above), "{told}");
    }
    let (status, told) = api.release("partner:acme", 2).await;
    assert_eq!((status, &told["error"]["code"]), (StatusCode::FORBIDDEN, &json!("over_budget")));
    let message = told["error"]["message"].as_str().unwrap();
    for part in ["`partner:acme` of 2026-01", "remain", "fills up again at 2026-02-01T00:00:00Z"] {
        assert!(message.contains(part), "{message}");
    }
    // A clock that goes back finds no fresh month.
    api.move_to("2025-12-20T12:00:00Z");
    let (status, told) = api.release("partner:acme", 2).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(told["error"]["message"].as_str().unwrap().contains("of 2026-01"), "{told}");
    assert_eq!(api.budget("partner:acme").await["month"], "2026-01");

    api.move_to("2026-02-01T00:00:00Z");
    let budget = api.budget("partner:acme").await;
    assert_eq!(line(&budget, "partner:acme", "2026-02")["spent"]["rho"], json!(0.0));
    assert_eq!(budget["partners"][0]["more_like_last"], json!(2));
    let (status, told) = api.release("partner:acme", 2).await;
    assert_eq!(status, StatusCode::OK, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lifetime_budget_says_that_it_never_fills_up() {
    let api = Api::with_room_for(9.0, |config, price| config.privacy.partner_rho = price).await;
    assert_eq!(api.release("partner:acme", 0).await.0, StatusCode::OK);
    api.move_to("2031-01-01T00:00:00Z");
    let (status, told) = api.release("partner:acme", 1).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let message = told["error"]["message"].as_str().unwrap();
    assert!(message.contains("lifetime budget `partner:acme`") && message.contains("never"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_on_the_way_is_given_again_for_nothing() {
    let api = Api::with_room_for(1.0, |_, _| {}).await;
    // The caller goes away before the first tick, when nothing has left yet.
    let gone = tokio::time::timeout(Duration::from_millis(100), api.release("partner:acme", 0)).await;
    assert!(gone.is_err(), "an answer left before its tick");
    assert!(api.world.hub.tasks().wait(Duration::from_secs(30)).await);
    // Later, in another month, with the budget used up.
    let mut first = None;
    for moment in ["2026-01-20T13:00:00Z", "2026-03-05T00:00:00Z", "2025-11-05T00:00:00Z"] {
        api.move_to(moment);
        let (status, told) = api.release("partner:acme", 0).await;
        assert_eq!(status, StatusCode::OK, "{moment}: {told}");
        assert_eq!(told["charged"]["rho"], json!(0.0), "{moment}");
        assert!(told["replay_of"].is_string(), "{moment}: it was paid for by the one that went away");
        let rows = first.get_or_insert_with(|| told["rows"].to_string());
        assert_eq!(*rows, told["rows"].to_string(), "{moment}");
    }
    let spent = api.world.hub.ledger().spent(&"partner:acme".parse().unwrap()).await.unwrap();
    assert!((spent.rho() - api.price).abs() < 1e-12, "{spent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_screen_shows_windows_and_what_was_burned() {
    let api = Api::with_room_for(10.0, |config, _| {
        let own = PartnerSection { partner_rho_month: Some(0.5), ..PartnerSection::default() };
        config.privacy.partners = [("partner:globex".parse().unwrap(), own)].into();
    })
    .await;
    assert_eq!(api.budget("compliance:olga").await["budgets"], json!([]));
    for partner in ["partner:acme", "partner:globex"] {
        assert_eq!(api.release(partner, 0).await.0, StatusCode::OK);
    }
    burn(&api).await;

    let own = api.budget("partner:acme").await;
    assert_eq!(own["month"], "2026-01");
    let month = line(&own, "partner:acme", "2026-01");
    assert_eq!(month["refills"], "2026-02-01T00:00:00Z");
    assert_eq!((&month["burned_count"], month["burned"]["rho"].as_f64()), (&json!(1), Some(0.001)));
    let near = |value: &Value, rho: f64| (value["rho"].as_f64().unwrap() - rho).abs() < 1e-8;
    assert!(near(&month["spent"], api.price + 0.001), "{month}");
    assert!(near(&month["remaining"], 9.0 * api.price - 0.001), "{month}");
    assert!(near(&month["year_cap"], 120.0 * api.price), "{month}");
    assert!(month["cap"]["epsilon"].as_f64().unwrap() > month["remaining"]["epsilon"].as_f64().unwrap());
    let lifetime = line(&own, "partner:acme", "lifetime");
    assert_eq!((&lifetime["refills"], &lifetime["year_cap"]), (&Value::Null, &Value::Null));
    assert!(near(&lifetime["cap"], 1.86));
    // The burned one takes a part of one.
    assert_eq!(own["partners"][0]["more_like_last"], json!(8));
    let own = own.to_string();
    assert!(!own.contains("globex") && !own.contains("\"dataset:"), "others are not shown: {own}");

    let all = api.budget("compliance:olga").await;
    let scopes = ["dataset:pos_order_lines", "partner:acme", "partner:globex/dataset:pos_order_lines"];
    for scope in scopes {
        assert!(line(&all, scope, "2026-01")["spent"]["rho"].as_f64().unwrap() > 0.0);
        assert!(line(&all, scope, "lifetime")["spent"]["rho"].as_f64().unwrap() > 0.0);
    }
    assert!(near(&line(&all, "partner:globex", "2026-01")["cap"], 0.5), "a budget of its own");
    let partners: Vec<_> = all["partners"].as_array().unwrap().iter().map(|told| &told["partner"]).collect();
    assert_eq!(partners, ["partner:acme", "partner:globex"]);
}

/// Pays 0.001 of acme's budget for an answer that is never given.
async fn burn(api: &Api) {
    let reservation = reserve(api, "lost").await;
    api.world.hub.ledger().burn(&reservation).await.unwrap();
}

/// Pays 0.001 of acme's budget for a question.
async fn reserve(api: &Api, query_key: &str) -> Reservation {
    let (ledger, now) = (api.world.hub.ledger(), api.clock.now());
    let partner: membrane_model::PrincipalId = "partner:acme".parse().unwrap();
    let run = NewRun {
        entrance: membrane_ledger::Entrance::default(),
        principal: partner.clone(),
        on_behalf_of: None,
        channel: Channel::Cli,
        action: Action::Release,
        purpose: None,
        job: "release".to_owned(),
        statement: None,
        started: now,
    };
    let run = ledger.open_run(run).await.unwrap();
    let most = Price { rho_nano: 1_000_000_000, delta_atto: 1_000_000_000_000 };
    let request = ReserveRequest {
        run: run.id(),
        partner,
        query_key: query_key.to_owned(),
        shape: None,
        resumes: false,
        price: Price { rho_nano: 1_000_000, delta_atto: 0 },
        caps: vec![("partner:acme".parse().unwrap(), Caps { month: most, lifetime: most })],
        terms: Terms::default(),
        now,
    };
    let Reserved::Granted(reservation) = ledger.reserve(&request).await.unwrap() else { panic!("granted") };
    reservation
}

#[tokio::test(flavor = "multi_thread")]
async fn one_release_cannot_eat_the_month() {
    let api = Api::with_room_for(100.0, |config, _| config.privacy.release_rho_max = 0.01).await;
    let ask = |dry_run: bool| json!({ "sql": QUESTION, "epsilon": 1.0, "dry_run": dry_run });
    let (status, body) = api.send("partner:acme", "/v1/release", Some(ask(false))).await;
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &told["error"]["code"]), (StatusCode::FORBIDDEN, &json!("over_price")));
    let (status, body) = api.send("partner:acme", "/v1/release", Some(ask(true))).await;
    assert_eq!(status, StatusCode::OK);
    assert!(String::from_utf8_lossy(&body).contains("it would be refused"));
    assert_eq!(api.budget("compliance:olga").await["budgets"], json!([]), "nothing was charged");
}

/// What is told of a price that does not do is enough to ask again and be answered.
#[tokio::test(flavor = "multi_thread")]
async fn what_would_do_is_told_and_does() {
    let api = Api::with_room_for(100.0, |config, _| config.privacy.release_rho_max = 0.01).await;
    let ask = async |more: Value| {
        let mut body = json!({ "sql": QUESTION });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, told) = api.send("partner:acme", "/v1/release", Some(body)).await;
        (status, serde_json::from_slice::<Value>(&told).unwrap())
    };
    let message = |told: &Value| told["error"]["message"].as_str().unwrap().to_owned();
    let between = |text: &str, before: &str, after: &str| -> f64 {
        text.split(before).nth(1).and_then(|rest| rest.split(after).next()).unwrap().parse().unwrap()
    };

    // A release that is too dear says which epsilon is not, also of a pure one.
    for more in [json!({ "epsilon": 3.0 }), json!({ "epsilon": 3.0, "delta": 0 })] {
        let (status, told) = ask(more.clone()).await;
        assert_eq!((status, &told["error"]["code"]), (StatusCode::FORBIDDEN, &json!("over_price")));
        let fits = between(&message(&told), "ask for epsilon ", " or less");
        let mut more = more;
        more["epsilon"] = json!(fits);
        let (status, told) = ask(more).await;
        assert_eq!(status, StatusCode::OK, "{told}");
        assert!(told["price"]["rho"].as_f64().unwrap() > 0.009, "{told}");
    }

    // Targets that cannot be met say what they need and which could be, within what one release may cost.
    for more in [json!({ "epsilon": 1.0 }), json!({ "epsilon": 0.2 }), json!({ "delta": 0 })] {
        let mut more = more;
        more["targets"] = json!({ "lines": 2 });
        let spent = api.budget("compliance:olga").await;
        let (status, told) = ask(more.clone()).await;
        assert_eq!((status, &told["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("release_parameters")));
        let message = message(&told);
        for part in
            ["the target `lines` 2 needs a price of ", "one release may cost rho 0.01 at most", " is left of"]
        {
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(api.budget("compliance:olga").await["budgets"], spent["budgets"], "nothing was charged");
        more["targets"] = json!({ "lines": between(&message, "ask for `lines` ", " or more") });
        let (status, told) = ask(more).await;
        assert_eq!(status, StatusCode::OK, "{message}: {told}");
    }
}

/// A release that asks for pure differential privacy and no price is answered, at a price that one release may have.
#[tokio::test(flavor = "multi_thread")]
async fn a_pure_release_has_a_price_that_fits() {
    let api = Api::with_room_for(100.0, |config, _| config.privacy.release_rho_max = 0.024).await;
    let (status, body) =
        api.send("partner:acme", "/v1/release", Some(json!({ "sql": QUESTION, "delta": 0 }))).await;
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(status, StatusCode::OK, "{told}");
    let rho = told["price"]["rho"].as_f64().unwrap();
    assert!(rho > 0.01 && rho <= 0.024, "{rho}");
    let by_order = QUESTION.replace("region", "order_id");
    let body = json!({ "sql": by_order, "delta": 0 });
    let (status, body) = api.send("partner:acme", "/v1/release", Some(body)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(String::from_utf8_lossy(&body).contains("leave it out, or group by keys that are known"));
}

/// A release without an answer in time says so, and that it is paid for; the record has it as a failure, its price burned.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_runs_out_of_time_says_that_it_is_paid_for() {
    let api = Api::with_room_for(9.0, |config, _| config.limits.seconds_max = 0).await;
    let mut spent = 0.0;
    for _ in 0..2 {
        let (status, told) = api.release("partner:acme", 0).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{told}");
        assert_eq!(told["error"]["code"], "release_timed_out");
        let message = told["error"]["message"].as_str().unwrap();
        assert!(message.contains("stays spent") && message.contains("costs once more"), "{message}");
        spent += api.price;
        let budget = api.budget("partner:acme").await;
        let month = line(&budget, "partner:acme", "2026-01");
        for part in ["spent", "burned"] {
            assert!((month[part]["rho"].as_f64().unwrap() - spent).abs() < 1e-8, "{part}: {month}");
        }
        let run = told["error"]["run"].as_str().unwrap();
        let (_, run) = api.send("compliance:olga", &format!("/v1/runs/{run}"), None).await;
        let run: Value = serde_json::from_slice(&run).unwrap();
        assert_eq!((&run["status"], &run["error_code"]), (&json!("fail"), &json!("release_timed_out")));
    }
}

/// A hub that was killed in the middle of a release leaves its price behind: until when is told, and what comes then.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_was_left_behind_says_until_when() {
    let api = Api::with_room_for(9.0, |config, _| config.limits.seconds_max = 0).await;
    // No release of this hub has an answer; its record has the name of the question.
    let (_, told) = api.release("partner:acme", 0).await;
    let run = told["error"]["run"].as_str().unwrap();
    let (_, run) = api.send("compliance:olga", &format!("/v1/runs/{run}"), None).await;
    let run: Value = serde_json::from_slice(&run).unwrap();
    let key = run["releases"][0]["query_key"].as_str().unwrap();
    let _left_behind = reserve(&api, key).await;

    let (status, told) = api.release("partner:acme", 0).await;
    assert_eq!((status, &told["error"]["code"]), (StatusCode::CONFLICT, &json!("in_flight")), "{told}");
    let message = told["error"]["message"].as_str().unwrap();
    assert!(message.contains("not there by 2026-01-20T12:05:00Z"), "{message}");
    assert!(message.contains("stays spent") && message.contains("costs once more"), "{message}");
    api.move_to("2026-01-20T12:04:59Z");
    assert_eq!(api.release("partner:acme", 0).await.0, StatusCode::CONFLICT);
    let burned = async || {
        let budget = api.budget("partner:acme").await;
        line(&budget, "partner:acme", "2026-01")["burned_count"].as_u64().unwrap()
    };
    assert_eq!(burned().await, 1, "nothing was charged for being told");
    api.move_to("2026-01-20T12:05:00Z");
    assert_eq!(api.release("partner:acme", 0).await.1["error"]["code"], "release_timed_out");
    assert_eq!(burned().await, 3, "what was left behind, and what was paid once more");
}

/// 64 different questions at once, half of them through another process, where three fit.
#[test]
fn two_hubs_on_one_server_never_overspend() {
    let Some(database) = postgres::Server::start() else { return };
    let first = Program::new().with_env("MEMBRANE__LEDGER__URL", &database.url("postgres"));
    first.ok(&["keys", "init"]);
    first.ok(&["sample", "--members", "200", "--seed", "9", "--out", "sample"]);
    first.ok(&["ingest", "pos_order_lines", "sample/pos_order_lines.parquet"]);
    let sql = question(0)["sql"].as_str().unwrap().to_owned();
    let told = first.json(&["release", &sql, "--as", "partner:acme", "--epsilon", "0.5", "--dry-run"]);
    let price = told["price"]["rho"].as_f64().unwrap();
    let cap = format!("{:.9}", price * 3.0 + 1e-9);
    // One partner asks all of them at once.
    let each = "MEMBRANE__SERVER__REQUESTS_EACH_MAX";
    let first = first.with_env("MEMBRANE__PRIVACY__PARTNER_RHO_MONTH", &cap).with_env(each, "64");
    let second = Program::new()
        .with_env("MEMBRANE__LEDGER__URL", &database.url("postgres"))
        .with_env("MEMBRANE__PRIVACY__PARTNER_RHO_MONTH", &cap)
        .with_env(each, "64")
        .with_env("MEMBRANE__DATA__URL", text(&first.path(".membrane/data")))
        .with_env("MEMBRANE__KEYS__FILE", text(&first.path(".membrane/root.key")));
    let hubs = [first.serve(), second.serve()];
    let bearer = first.bearer("partner:acme");
    let ask_of = |hub: usize, above: u32| {
        let body = question(above).to_string();
        let more = ["--header", "Content-Type: application/json", "--data", &body];
        String::from_utf8(hubs[hub].curl("/v1/release", Some(&bearer), &more)).unwrap()
    };
    let ask = |above: u32| ask_of(above as usize % 2, above);
    let replies: Vec<String> = std::thread::scope(|scope| {
        let ask = &ask;
        let asking: Vec<_> = (0..64).map(|above| scope.spawn(move || ask(above))).collect();
        asking.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    let (paid, refused): (Vec<_>, Vec<_>) =
        replies.iter().partition(|reply| reply.starts_with("HTTP/1.1 200"));
    assert!(refused.iter().all(|reply| reply.contains("\"over_budget\"")), "{refused:#?}");
    assert_eq!(paid.len(), 3, "{paid:#?}");
    let budget = first.json(&["budget"]);
    let month = budget["month"].as_str().unwrap();
    let spent = line(&budget, "partner:acme", month)["spent"]["rho"].as_f64().unwrap();
    assert!((spent - price * 3.0).abs() < 1e-8, "{spent}");
    // Whoever asks again, of either hub, gets the answer that was paid for.
    for (above, reply) in (0..64).zip(&replies).filter(|(_, reply)| reply.starts_with("HTTP/1.1 200")) {
        let rows = |reply: &str| {
            serde_json::from_str::<Value>(reply.rsplit("\r\n\r\n").next().unwrap()).unwrap()["rows"]
                .to_string()
        };
        for again in [ask(above), ask_of(1 - above as usize % 2, above)] {
            assert_eq!(rows(&again), rows(reply));
        }
    }
    first.ok(&["log", "verify"]);
}
