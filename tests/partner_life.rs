//! Partner life by the doors that operators and partners have: budgets that are opened, capped, refilled, closed and reopened
//! on record, obeyed by every hub at once, and told to nobody whose budget it is not.

use std::sync::Arc;
use std::time::Instant;

use axum::http::StatusCode;
use membrane::flow::{self, NewBudgetStep, NewStep, ReleaseRequest};
use membrane::{BudgetReason, Hub};
use membrane_ledger::{DocumentKind, NewDocument, NewRun};
use membrane_model::{Action, Channel};
use serde_json::{Value, json};

use crate::budgets::{Api, line, question};
use crate::program::Program;
use crate::standing;
use crate::world::{CANARIES, configuration, fits, ready};

const ACME: &str = "partner:acme";
const GLOBEX: &str = "partner:globex";
const OMAR: &str = "operator:omar";
const OLGA: &str = "compliance:olga";

impl Api {
    async fn step(&self, principal: &str, partner: &str, ticket: &str, step: Value) -> (StatusCode, Value) {
        let mut body = json!({ "partner": partner, "reason": "review", "ticket": ticket });
        body.as_object_mut().unwrap().extend(step.as_object().unwrap().clone());
        let (status, told) = self.send(principal, "/v1/budget/steps", Some(body)).await;
        (status, serde_json::from_slice(&told).unwrap())
    }

    /// Takes a step of acme's budget that must be taken.
    async fn omar(&self, ticket: &str, step: Value) -> Value {
        let (status, told) = self.step(OMAR, ACME, ticket, step.clone()).await;
        assert_eq!(status, StatusCode::OK, "{step}: {told}");
        told
    }

    /// Tries a step of acme's budget that is refused.
    async fn refused(&self, ticket: &str, step: Value, status: u16, code: &str) -> String {
        let (found, told) = self.step(OMAR, ACME, ticket, step.clone()).await;
        assert_eq!((found.as_u16(), told["error"]["code"].as_str()), (status, Some(code)), "{step}: {told}");
        told["error"]["message"].as_str().unwrap().to_owned()
    }

    async fn history(&self, principal: &str, of: &str) -> Value {
        let (status, told) = self.send(principal, &format!("/v1/budget/history{of}"), None).await;
        assert_eq!(status, StatusCode::OK, "{told:?}");
        serde_json::from_slice::<Value>(&told).unwrap()["steps"].clone()
    }

    /// Asks a question and tells how it was answered: `answered`, `replayed`, or the code.
    async fn asked(&self, principal: &str, above: u32) -> String {
        let (_, told) = self.release(principal, above).await;
        match (told["error"]["code"].as_str(), told["replay_of"].as_str()) {
            (Some(code), _) => code.to_owned(),
            (None, Some(_)) => "replayed".to_owned(),
            (None, None) => "answered".to_owned(),
        }
    }
}

fn state(step: &str) -> Value {
    json!({ "step": step })
}

fn cap(of: &str, rho: f64) -> Value {
    json!({ "step": "cap", "of": of, "rho": rho })
}

fn refill(of: &str, rho: f64) -> Value {
    json!({ "step": "refill", "of": of, "rho": rho })
}

fn rho(amount: &Value) -> f64 {
    amount["rho"].as_f64().unwrap()
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-8
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_budget_gives_nothing_but_what_was_paid_for() {
    let api = Api::with_room_for(9.0, |_, _| {}).await;
    assert_eq!(api.asked(ACME, 0).await, "answered");
    let closed = api.omar("INC-7", state("close")).await;
    assert_eq!((&closed["state"], &closed["already"]), (&json!("closed"), &json!(false)));
    assert_eq!(api.asked(ACME, 1).await, "budget_closed");
    let (status, told) = api.release(ACME, 1).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (_, run) =
        api.send(OLGA, &format!("/v1/runs/{}", told["error"]["run"].as_str().unwrap()), None).await;
    let run: Value = serde_json::from_slice(&run).unwrap();
    assert_eq!((&run["status"], &run["error_code"]), (&json!("refused"), &json!("budget_closed")));
    // What was paid for is given again, and what is made of it; another partner is not concerned.
    assert_eq!(api.asked(ACME, 0).await, "replayed");
    let sorted = format!("{} ORDER BY lines DESC LIMIT 2", question(0)["sql"].as_str().unwrap());
    let (status, made) = api.send(ACME, "/v1/release", Some(json!({ "sql": sorted }))).await;
    let made: Value = serde_json::from_slice(&made).unwrap();
    assert_eq!((status, rho(&made["charged"])), (StatusCode::OK, 0.0), "{made}");
    assert_eq!(api.asked(GLOBEX, 1).await, "answered");
    // Partner and compliance see it; a dry run says so.
    for who in [ACME, OLGA] {
        let budget = api.budget(who).await;
        assert_eq!(budget["states"][0]["state"], "closed", "{budget}");
        assert_eq!(budget["states"][0]["since"], "2026-01-20T12:00:00Z");
        assert_eq!(budget["partners"][0]["more_like_last"], 0);
        let own = budget["forecasts"].as_array().unwrap().iter().find(|one| one["scope"] == ACME).unwrap();
        assert_eq!((&own["month_ends_on"], &own["lifetime_ends_on"]), (&Value::Null, &Value::Null));
    }
    let mut dry = question(1);
    dry["dry_run"] = json!(true);
    let (status, told) = api.send(ACME, "/v1/release", Some(dry)).await;
    assert_eq!(status, StatusCode::OK);
    let told: Value = serde_json::from_slice(&told).unwrap();
    let refused: Vec<&str> = told["notes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let refused: Vec<&&str> = refused.iter().filter(|note| note.starts_with("it would be refused")).collect();
    assert!(refused.len() == 1 && refused[0].contains("your budget is closed"), "{told}");
    assert_eq!((&told["more_like_this"], &made["more_like_this"]), (&json!(0), &json!(0)));

    assert_eq!(api.omar("INC-7", state("close")).await["already"], true);
    api.refused("INC-8", state("close"), 409, "budget_stands").await;
    api.refused("INC-8", state("open"), 409, "budget_stands").await;
    assert_eq!(api.omar("OPS-1", state("reopen")).await["state"], "open");
    assert_eq!(api.asked(ACME, 1).await, "answered");
    // To close once more for the same case is not refused; to reopen for the same one is.
    assert_eq!(api.omar("INC-7", state("close")).await["already"], false);
    let told = api.refused("OPS-1", state("reopen"), 409, "budget_stands").await;
    assert!(told.contains("state another ticket"), "{told}");
    api.world.hub.ledger().verify_log().await.unwrap();
}

/// A partner whom nobody knows has no budget, and not the one that is configured for all.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_no_budget() {
    let api = Api::with_room_for(2.5, |_, _| {}).await;
    let of = async |partner: &str| {
        let (status, told) = api.send(OLGA, &format!("/v1/budget?partner={partner}"), None).await;
        (status.as_u16(), serde_json::from_slice::<Value>(&told).unwrap())
    };
    let (status, told) = of("partner:nobody").await;
    assert_eq!((status, &told["error"]["code"]), (400, &json!("bad_request")), "{told}");
    assert!(told["error"]["message"].as_str().unwrap().contains("not in principals.json"), "{told}");
    // One that was never answered has all of it.
    let (status, told) = of(GLOBEX).await;
    assert_eq!((status, &told["budgets"][0]["scope"]), (200, &json!(GLOBEX)), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn caps_and_refills_reset_nothing_and_end_at_the_ceiling() {
    let api = Api::with_room_for(2.5, |_, _| {}).await;
    let price = api.price;
    let month = async |when: &str| {
        let budget = api.budget(ACME).await;
        let line = line(&budget, ACME, when).clone();
        (rho(&line["cap"]) / price, rho(&line["spent"]) / price, rho(&line["remaining"]) / price)
    };
    let is = |found: (f64, f64, f64), expected: (f64, f64, f64)| {
        let near = |one: f64, other: f64| (one - other).abs() < 1e-5;
        assert!(
            near(found.0, expected.0) && near(found.1, expected.1) && near(found.2, expected.2),
            "{found:?}"
        );
    };
    let told = api.omar("OPS-1", cap("month", price * 1.2)).await;
    assert!(
        near(rho(&told["step"]["before"]), price * 2.5) && near(rho(&told["step"]["after"]), price * 1.2)
    );
    assert_eq!(api.asked(ACME, 0).await, "answered");
    assert_eq!(api.asked(ACME, 1).await, "over_budget");
    is(month("2026-01").await, (1.2, 1.0, 0.2));
    // Below what was spent: nothing is left, and nothing is given back.
    api.omar("OPS-2", cap("month", price * 0.5)).await;
    is(month("2026-01").await, (0.5, 1.0, 0.0));
    let told = api.omar("OPS-3", refill("month", price)).await;
    assert_eq!(told["step"]["month"], "2026-01");
    is(month("2026-01").await, (1.5, 1.0, 0.5));
    // The same once more is not taken twice, and another amount for the ticket not at all.
    assert_eq!(api.omar("OPS-3", refill("month", price)).await["already"], true);
    api.refused("OPS-3", refill("month", price * 2.0), 409, "budget_stands").await;
    is(month("2026-01").await, (1.5, 1.0, 0.5));
    assert_eq!(api.asked(ACME, 1).await, "over_budget");
    api.omar("OPS-4", refill("month", price)).await;
    assert_eq!(api.asked(ACME, 1).await, "answered");
    is(month("2026-01").await, (2.5, 2.0, 0.5));
    // Twice what is configured: that far and no further, by one step or by several.
    api.refused("OPS-5", refill("month", price * 2.6), 400, "over_ceiling").await;
    api.omar("OPS-5", refill("month", price * 2.4)).await;
    let told = api.refused("OPS-6", refill("month", price * 0.2), 400, "over_ceiling").await;
    assert!(told.contains("[privacy] ceiling"), "{told}");
    api.refused("OPS-6", cap("month", price * 5.1), 400, "over_ceiling").await;
    // What was added is gone with its month; the cap is not. A retry of before adds nothing to this one.
    api.move_to("2026-02-01T00:00:00Z");
    assert_eq!(api.omar("OPS-3", refill("month", price)).await["already"], true);
    is(month("2026-02").await, (0.5, 0.0, 0.5));
    assert_eq!(api.asked(ACME, 2).await, "over_budget");
    api.omar("OPS-7", cap("month", price * 5.0)).await;
    assert_eq!(api.asked(ACME, 2).await, "answered");
    is(month("2026-02").await, (5.0, 1.0, 4.0));
    api.world.hub.ledger().verify_log().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lifetime_a_dataset_and_one_release_have_caps_too() {
    let api = Api::with_room_for(9.0, |_, _| {}).await;
    let price = api.price;
    assert_eq!(api.asked(ACME, 0).await, "answered");
    let of_lines = |of: &str, rho: f64| {
        let mut step = cap(of, rho);
        step["dataset"] = json!("pos_order_lines");
        step
    };
    let over = async |above: u32, what: &str| {
        let (_, told) = api.release(ACME, above).await;
        assert_eq!(told["error"]["code"], "over_budget", "{told}");
        assert!(told["error"]["message"].as_str().unwrap().contains(what), "{told}");
    };
    api.omar("OPS-1", of_lines("month", 0.0)).await;
    over(1, "`partner:acme/dataset:pos_order_lines` of 2026-01").await;
    api.omar("OPS-2", of_lines("month", 0.3)).await;
    api.omar("OPS-3", cap("lifetime", price * 1.5)).await;
    over(1, "the lifetime budget `partner:acme`").await;
    api.omar("OPS-4", refill("lifetime", price * 3.0)).await;
    api.omar("OPS-5", cap("release", price * 0.9)).await;
    assert_eq!(api.asked(ACME, 1).await, "over_price");
    assert_eq!(api.asked(ACME, 0).await, "replayed");
    api.omar("OPS-6", cap("release", price * 1.1)).await;
    assert_eq!(api.asked(ACME, 1).await, "answered");
    // No delta is left, whatever there is of rho.
    api.omar("OPS-7", json!({ "step": "cap", "of": "month", "delta": 0.0 })).await;
    over(2, "`partner:acme` of 2026-01").await;
    // Another partner has what is configured.
    assert_eq!(api.asked(GLOBEX, 1).await, "answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_administer_changes_nothing_and_wrong_steps_are_refused() {
    let api = Api::with_room_for(9.0, |_, _| {}).await;
    for who in [ACME, GLOBEX, "analyst:ana", OLGA, "service:ingestor"] {
        for step in [state("close"), refill("month", 0.001), cap("release", 1.0)] {
            let (status, told) = api.step(who, ACME, "OPS-1", step).await;
            assert_eq!((status.as_u16(), &told["error"]["code"]), (403, &json!("not_permitted")), "{who}");
        }
    }
    for (step, code) in [
        (json!({ "step": "cap", "rho": 0.1 }), "bad_request"),
        (json!({ "step": "cap", "of": "month" }), "bad_request"),
        (json!({ "step": "close", "of": "month" }), "bad_request"),
        (json!({ "step": "cap", "of": "year", "rho": 0.1 }), "bad_request"),
        (json!({ "step": "reset" }), "bad_request"),
        (cap("month", -1.0), "bad_request"),
        (refill("month", 0.0), "bad_request"),
        (refill("release", 0.1), "bad_request"),
        (json!({ "step": "cap", "of": "release", "delta": 0.1 }), "bad_request"),
        (json!({ "step": "cap", "of": "month", "delta": 1.5 }), "bad_request"),
        (json!({ "step": "cap", "of": "month", "rho": 0.1, "dataset": "nowhere" }), "not_found"),
        (json!({ "step": "cap", "of": "month", "rho": 0.1, "dataset": "dim_stores" }), "not_found"),
        (cap("lifetime", 1e6), "over_ceiling"),
        (state("reopen"), "budget_stands"),
    ] {
        let (_, told) = api.step(OMAR, ACME, "OPS-1", step.clone()).await;
        assert_eq!(told["error"]["code"], code, "{step}: {told}");
    }
    // Nobody of that name, or of that kind; and the name is on no record.
    let nobody = format!("partner:m{}", CANARIES[0]);
    for partner in [nobody.as_str(), "analyst:ana", "partner:nobody"] {
        let (status, told) = api.step(OMAR, partner, "OPS-1", state("close")).await;
        assert_eq!((status, &told["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("bad_request")));
        assert!(!told.to_string().contains(CANARIES[0]), "{told}");
    }
    let (_, runs) = api.send(OLGA, "/v1/runs?limit=200", None).await;
    assert!(!String::from_utf8_lossy(&runs).contains(CANARIES[0]));
    assert_eq!(api.history(OLGA, "").await, json!([]));
    assert_eq!(api.asked(ACME, 0).await, "answered");
}

/// A partner sees its own steps, and by nothing that there are others'.
#[tokio::test(flavor = "multi_thread")]
async fn partners_see_their_own_steps_and_nothing_of_others() {
    let api = Api::with_room_for(9.0, |_, _| {}).await;
    for partner in [ACME, GLOBEX] {
        assert_eq!(api.asked(partner, 0).await, "answered");
    }
    let (status, _) = api.step(OMAR, GLOBEX, "OPS-1", cap("month", api.price * 3.0)).await;
    assert_eq!(status, StatusCode::OK);
    let seen = async || {
        let mut all = Vec::new();
        let mut dry = question(5);
        dry["dry_run"] = json!(true);
        for (path, body) in [
            ("/v1/budget", None),
            ("/v1/budget/history", None),
            ("/v1/release", Some(dry)),
            ("/v1/release", Some(question(0))),
        ] {
            let (status, told) = api.send(GLOBEX, path, body).await;
            let mut told: Value = serde_json::from_slice(&told).unwrap();
            for own in ["run", "receipt"] {
                told.as_object_mut().unwrap().remove(own);
            }
            all.push((status, told));
        }
        all
    };
    let before = seen().await;
    api.omar("INC-1", state("close")).await;
    api.omar("OPS-2", state("reopen")).await;
    api.omar("OPS-3", cap("month", api.price * 4.0)).await;
    api.omar("OPS-4", refill("lifetime", 0.01)).await;
    // Of a dataset that acme may not know of.
    api.omar("OPS-6", json!({ "step": "cap", "of": "month", "rho": 0.01, "dataset": "crm_members" })).await;
    assert_eq!(seen().await, before);
    assert_eq!(api.step(OMAR, GLOBEX, "OPS-5", state("close")).await.0, StatusCode::OK);

    let own = api.history(ACME, "").await;
    let own = own.as_array().unwrap();
    let places: Vec<_> =
        own.iter().map(|step| (step["place"].as_u64().unwrap(), step["step"].as_str().unwrap())).collect();
    assert_eq!(places, [(1, "close"), (2, "reopen"), (3, "cap"), (4, "refill")]);
    for step in own {
        assert_eq!((&step["partner"], &step["reason"]), (&json!(ACME), &json!("review")));
        for hidden in ["by", "ticket", "number"] {
            assert_eq!(step[hidden], Value::Null, "{step}");
        }
    }
    let all = api.history(OLGA, "").await;
    let numbers: Vec<_> =
        all.as_array().unwrap().iter().map(|step| step["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(all[5]["dataset"], "crm_members");
    assert!(!api.budget(ACME).await.to_string().contains("crm_members"));
    assert_eq!((&all[1]["by"], &all[1]["ticket"]), (&json!(OMAR), &json!("INC-1")));
    let one = api.history(OMAR, "?partner=partner:globex").await;
    assert_eq!(one.as_array().unwrap().len(), 2);
    for (who, path, status) in [
        (ACME, "/v1/budget/history?partner=partner:globex", 400),
        (ACME, "/v1/budget/history?partner=partner:nobody", 400),
        ("analyst:ana", "/v1/budget/history", 403),
        ("analyst:ana", "/v1/budget/history?partner=partner:acme", 403),
    ] {
        assert_eq!(api.send(who, path, None).await.0.as_u16(), status, "{who} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_is_forecast_at_the_pace_of_late() {
    let api = Api::with_room_for(6.4, |_, _| {}).await;
    let of = |budget: &Value, scope: &str| {
        budget["forecasts"].as_array().unwrap().iter().find(|one| one["scope"] == scope).cloned()
    };
    let nothing = of(&api.budget(ACME).await, ACME).unwrap();
    assert_eq!(nothing["sentence"], "nothing was spent in the last 30 days");
    for above in 0..2 {
        assert_eq!(api.asked(ACME, above).await, "answered");
    }
    // Two in two days, and room for 4.4 more.
    api.move_to("2026-01-22T12:00:00Z");
    let budget = api.budget(ACME).await;
    let own = of(&budget, ACME).unwrap();
    assert!(near(own["rho_a_day_7"].as_f64().unwrap(), api.price), "{own}");
    assert_eq!((&own["month_ends_on"], own["lifetime_ends_on"].is_string()), (&json!("2026-01-26"), true));
    assert!(
        own["sentence"].as_str().unwrap().contains("the month ends on the 26th; the lifetime ends on "),
        "{own}"
    );
    assert!(of(&budget, "partner:acme/dataset:pos_order_lines").unwrap()["sentence"].is_string());
    // PRIVACY: that of all partners together would tell what the others spent.
    assert!(of(&budget, "dataset:pos_order_lines").is_none());
    assert!(of(&api.budget(OLGA).await, "dataset:pos_order_lines").is_some());
    // More was added: it lasts.
    api.omar("OPS-1", refill("month", api.price * 6.0)).await;
    let own = of(&api.budget(ACME).await, ACME).unwrap();
    assert_eq!(own["month_ends_on"], Value::Null);
    assert!(own["sentence"].as_str().unwrap().contains("it lasts beyond the month"), "{own}");
    // A week and more without a question: the pace of thirty days is what is left.
    api.move_to("2026-02-10T12:00:00Z");
    let own = of(&api.budget(ACME).await, ACME).unwrap();
    assert!(near(own["rho_a_day_7"].as_f64().unwrap(), 0.0), "{own}");
    assert!(near(own["rho_a_day_30"].as_f64().unwrap(), api.price * 2.0 / 21.0), "{own}");
}

/// A step that was not signed by this hub ends every reservation, and whoever watches the hub is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_step_opens_nothing() {
    let api = Api::with_room_for(9.0, |_, _| {}).await;
    let hub = &api.world.hub;
    api.omar("INC-7", state("close")).await;
    assert_eq!(ready(hub).await.0, StatusCode::OK);
    let run = NewRun {
        entrance: membrane_ledger::Entrance::default(),
        principal: OMAR.parse().unwrap(),
        on_behalf_of: None,
        channel: Channel::Cli,
        action: Action::Administer,
        purpose: None,
        job: "forged".to_owned(),
        statement: None,
        started: hub.clock().now(),
    };
    let mut run = hub.ledger().open_run(run).await.unwrap();
    let body = r#"{"format":"membrane-budget/1","partner":"partner:acme","principal":"operator:omar","at":"2026-01-20T12:00:00Z","reason":"review","ticket":"OPS-1","what":"reopen"}"#;
    let (kind, signature) = (DocumentKind::Budget, "00".repeat(64));
    let forged = NewDocument { kind, number: 2, body: body.to_owned(), signature, files: Vec::new() };
    run.add_document(&forged).await.unwrap();
    for partner in [ACME, GLOBEX] {
        assert_eq!(api.asked(partner, 0).await, "ledger_failed", "of nobody is it known what was altered");
    }
    let expected =
        json!({ "ready": false, "ledger": true, "lake": true, "log": true, "fault": "budgets_altered" });
    assert_eq!(ready(hub).await, (StatusCode::SERVICE_UNAVAILABLE, expected));
    api.refused("OPS-9", state("reopen"), 503, "ledger_failed").await;
    // Whoever reads is not concerned.
    let read = api.world.query("analyst:lee", "SELECT count(*) FROM crm_members").await;
    assert!(read.is_ok());
}

/// Two hubs on one ledger: many ask while one of them closes the budget. What is reserved was reserved before it was closed.
#[tokio::test(flavor = "multi_thread")]
async fn a_close_wins_against_releases_under_way() {
    let api = Api::with_room_for(100.0, |config, _| config.privacy.ceiling = 2).await;
    let mut config = configuration(api.world.dir.path());
    config.privacy.partner_rho_month = api.price * 100.0;
    let other = Arc::new(Hub::open(&config, Arc::clone(api.world.hub.clock())).await.unwrap());
    let asking: Vec<_> = (0..16_u32)
        .map(|above| {
            let hub = Arc::clone(if above % 2 == 0 { &api.world.hub } else { &other });
            tokio::spawn(async move {
                let ctx = hub.ctx(ACME.parse().unwrap(), Channel::Cli);
                let sql = question(above)["sql"].as_str().unwrap().to_owned();
                let request = ReleaseRequest { sql, epsilon: Some(0.5), ..ReleaseRequest::default() };
                flow::release(&ctx, &hub, request).await.map(|_| ()).map_err(|failure| failure.error.code())
            })
        })
        .collect();
    let close = NewBudgetStep {
        partner: ACME.parse().unwrap(),
        step: NewStep::Close,
        reason: BudgetReason::Incident,
        ticket: "INC-7".parse().unwrap(),
    };
    let ctx = other.ctx(OMAR.parse().unwrap(), Channel::Cli);
    let ledger = api.world.hub.ledger();
    while ledger.spent(&ACME.parse().unwrap()).await.unwrap().rho_nano == 0 {
        tokio::task::yield_now().await;
    }
    flow::take_budget_step(&ctx, &other, close).await.unwrap();
    let at_the_close = ledger.spent(&ACME.parse().unwrap()).await.unwrap();
    let mut answered = 0.0;
    for asked in asking {
        match asked.await.unwrap() {
            Ok(()) => answered += 1.0,
            Err(code) => assert_eq!(code, "budget_closed"),
        }
    }
    let spent = ledger.spent(&ACME.parse().unwrap()).await.unwrap();
    assert_eq!(spent, at_the_close, "nothing was reserved after the close");
    assert!(near(spent.rho(), answered * api.price), "{spent} {answered}");
    ledger.verify_log().await.unwrap();
}

/// An edition of a standing release waits while the budget is closed, and what was paid for it is not lost.
#[tokio::test(flavor = "multi_thread")]
async fn standing_releases_end_and_go_on() {
    let (world, _) = standing::world("2026-02-01T01:30:00Z", &[("monthly", standing::MONTHLY)]).await;
    let step = async |step: NewStep, ticket: &str| {
        let ticket = ticket.parse().unwrap();
        let new =
            NewBudgetStep { partner: ACME.parse().unwrap(), step, reason: BudgetReason::Review, ticket };
        flow::take_budget_step(&world.ctx(OMAR), &world.hub, new).await.unwrap();
    };
    let mut late = world.ctx(ACME);
    late.limits.seconds_max = 0;
    flow::run_edition(&late, &world.hub, &"monthly".parse().unwrap(), None).await.unwrap_err();
    let paid = world.hub.ledger().spent(&ACME.parse().unwrap()).await.unwrap();
    step(NewStep::Close, "INC-7").await;
    assert_eq!(standing::run(&world, "monthly", None).await.unwrap_err(), "budget_closed");
    step(NewStep::Reopen, "OPS-1").await;
    let (_, made) = standing::run(&world, "monthly", None).await.unwrap();
    assert_eq!(
        (made.charged.rho_nano, world.hub.ledger().spent(&ACME.parse().unwrap()).await.unwrap()),
        (0, paid)
    );
    step(NewStep::Close, "INC-8").await;
    assert!(standing::run(&world, "monthly", None).await.unwrap().1.replay_of.is_some());
}

/// As an operator does it, where nobody may spend before somebody said so.
#[test]
fn the_commands_go_together() {
    let program = Program::new().with_env("MEMBRANE__PRIVACY__BUDGETS_START", "closed");
    program.ok(&["keys", "init"]);
    program.ok(&["sample", "--members", "100", "--seed", "9", "--out", "sample"]);
    program.ok(&["ingest", "pos_order_lines", "sample/pos_order_lines.parquet"]);
    let sql = question(0)["sql"].as_str().unwrap().to_owned();
    let release = ["release", &sql, "--as", ACME, "--epsilon", "0.5"];
    let refused = program.run(&release);
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("code budget_closed"));
    assert!(program.ok(&["budget", "--as", ACME]).contains("partner:acme: not opened yet"));
    let why = ["--reason", "agreement", "--ticket", "OPS-1"];
    let told = program.ok(&[&["budget", "open", ACME][..], &why].concat());
    assert!(told.starts_with("partner:acme: open of 2"), "{told}");
    let told = program.ok(&[&["budget", "open", ACME][..], &why].concat());
    assert!(told.contains("nothing was done"), "{told}");
    program.ok(&release);
    let cap =
        ["budget", "cap", ACME, "--of", "month", "--rho", "0.2", "--reason", "review", "--ticket", "OPS-2"];
    let told = program.ok(&cap);
    assert!(told.contains("cap month: rho 0.3100 to 0.2000"), "{told}");
    let refill = ["budget", "refill", ACME, "--of", "month", "--dataset", "pos_order_lines", "--rho", "0.1"];
    program.ok(&[&refill[..], &["--reason", "campaign", "--ticket", "OPS-3"]].concat());
    program.ok(&["budget", "close", ACME, "--reason", "departure", "--ticket", "OPS-4"]);
    assert_eq!(
        program.run(&["budget", "close", ACME, "--reason", "departure", "--ticket", "OPS-5"]).status.code(),
        Some(1)
    );
    let by_partner =
        program.run(&["budget", "reopen", ACME, "--reason", "review", "--ticket", "OPS-5", "--as", ACME]);
    assert_eq!(by_partner.status.code(), Some(3));
    let told = program.ok(&["budget", "history"]);
    fits(&told);
    for part in ["partner:acme", "operator:omar", "OPS-4", "departure", "rho 0.3100", "campaign"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let own = program.ok(&["budget", "history", "--as", ACME]);
    assert!(!own.contains("operator:omar") && !own.contains("OPS-4"), "{own}");
    assert!(program.ok(&["budget"]).contains("partner:acme: closed since"));
    assert_eq!(program.json(&["budget", "history", GLOBEX])["steps"], json!([]));
    // A hub that serves obeys a step of another process at once.
    let served = program.serve();
    let bearer = program.bearer(ACME);
    let ask = || {
        let body = question(1).to_string();
        let more = ["--header", "Content-Type: application/json", "--data", &body];
        String::from_utf8(served.curl("/v1/release", Some(&bearer), &more)).unwrap()
    };
    assert!(ask().contains("\"budget_closed\""));
    program.ok(&["budget", "reopen", ACME, "--reason", "review", "--ticket", "OPS-6"]);
    assert!(ask().starts_with("HTTP/1.1 200"));
    program.ok(&["budget", "close", ACME, "--reason", "review", "--ticket", "OPS-7"]);
    let body = question(2).to_string();
    let more = ["--header", "Content-Type: application/json", "--data", &body];
    assert!(
        String::from_utf8(served.curl("/v1/release", Some(&bearer), &more))
            .unwrap()
            .contains("\"budget_closed\"")
    );
    program.ok(&["log", "verify"]);
}

/// Whoever refills is killed at every moment, and asks again: each refill is counted once.
#[test]
fn refills_that_are_killed_are_counted_once() {
    const KILLS: u32 = 16;
    let program = Program::new().with_env("MEMBRANE__PRIVACY__CEILING", "10");
    program.ok(&["keys", "init"]);
    let words = |ticket: &str| {
        let words = format!(
            "budget refill partner:acme --of month --rho 0.001 --reason campaign --ticket {ticket} --json"
        );
        words.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let run = |ticket: &str| {
        let words = words(ticket);
        program.command(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let began = Instant::now();
    assert!(run("OPS-0").output().unwrap().status.success());
    let whole = began.elapsed();
    let mut already = 0;
    for kill in 1..=KILLS {
        let ticket = format!("OPS-{kill}");
        let mut child = run(&ticket).stdout(std::process::Stdio::null()).spawn().unwrap();
        // The end of it is what matters: there the step is written.
        let until = Instant::now() + whole * (KILLS + kill) / (KILLS * 2);
        while Instant::now() < until {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
        let output = run(&ticket).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        already += u32::from(told["already"] == true);
    }
    let history = program.json(&["budget", "history", ACME]);
    let tickets: Vec<_> =
        history["steps"].as_array().unwrap().iter().map(|step| step["ticket"].clone()).collect();
    assert_eq!(tickets, (0..=KILLS).map(|kill| json!(format!("OPS-{kill}"))).collect::<Vec<_>>());
    let budget = program.json(&["budget", "--partner", ACME]);
    let month = line(&budget, ACME, budget["month"].as_str().unwrap());
    assert!(near(rho(&month["cap"]), 0.31 + 0.001 * f64::from(KILLS + 1)), "{month}");
    println!("{already} of {KILLS} had written their step before they were killed");
}
