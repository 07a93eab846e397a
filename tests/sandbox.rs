//! Sandboxes: made once, free to ask, and of nobody.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use membrane::Serving;
use membrane::config::ServerSection;
use membrane::http::{Metrics, router};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{CANARIES, World};

async fn send(world: &World, principal: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let app = router(
        Arc::new(Serving::new(Arc::clone(&world.hub))),
        &ServerSection::default(),
        Metrics::of_process(),
    );
    let now = world.hub.clock().now();
    let issued = world.hub.bearers().issue(&principal.parse().unwrap(), "test", 8, now).unwrap();
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header("authorization", format!("Bearer {issued}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
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

const BY_REGION: &str = "SELECT region, COUNT(*) AS n, SUM(amount) AS s, AVG(amount) AS mean FROM pos_order_lines GROUP BY region";

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_tried_for_nothing() {
    let (world, _) = World::populated(600).await;
    let acme = "partner:acme";
    let tried = |sql: &str| json!({ "sql": sql, "sandbox": true });
    let (status, told) = send(&world, acme, "/v1/release", tried(BY_REGION)).await;
    assert_eq!((status, &told["error"]["code"]), (StatusCode::NOT_FOUND, &json!("no_sandbox")), "{told}");

    let wanted = json!({ "dataset": "pos_order_lines", "rho": 0.02 });
    let (status, made) = send(&world, acme, "/v1/sandbox", wanted.clone()).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let charged = made["charged"]["rho"].as_f64().unwrap();
    assert!(charged > 0.005 && charged <= 0.02, "{made}");
    assert!(made["parts"].as_u64().unwrap() >= 6, "{made}");
    assert!(!made.to_string().contains("buyer_is_minor"), "a column that is hidden is not told of: {made}");
    let paid = spent(&world).await;
    let (_, again) = send(&world, acme, "/v1/sandbox", wanted).await;
    assert_eq!((&again["charged"]["rho"], spent(&world).await), (&json!(0.0), paid), "{again}");

    for sql in [
        BY_REGION,
        "SELECT n, COUNT(*) AS m FROM (SELECT member_no, COUNT(*) AS n FROM pos_order_lines GROUP BY member_no) t GROUP BY n",
        "SELECT p.brand, COUNT(*) AS n FROM pos_order_lines l JOIN dim_products p ON p.product_id = l.product_id GROUP BY p.brand",
        "SELECT region, category, COUNT(*) AS n FROM pos_order_lines GROUP BY ROLLUP (region, category)",
        "SELECT SUM(quantity) AS q, AVG(quantity) AS each FROM pos_order_lines",
        "SELECT MEDIAN(amount) AS m FROM pos_order_lines WHERE region = 'SH'",
    ] {
        let (status, answer) = send(&world, acme, "/v1/release", tried(sql)).await;
        assert_eq!(status, StatusCode::OK, "{sql}: {answer}");
        assert_eq!((&answer["sandbox"], &answer["charged"]["rho"]), (&json!(true), &json!(0.0)), "{sql}");
        assert!(answer["price"]["rho"].as_f64().unwrap() > 0.0, "what it would cost is told");
        assert!(answer["receipt"].is_null() && answer["rows"].is_array(), "{answer}");
        assert!(answer["notes"][0].as_str().unwrap().starts_with("synthetic"), "{answer}");
        let text = answer.to_string();
        assert!(CANARIES.iter().all(|canary| !text.contains(canary)), "{sql}");
    }
    let (_, answer) =
        send(&world, acme, "/v1/release", tried("SELECT AVG(quantity) AS each FROM pos_order_lines")).await;
    let each = answer["rows"][0]["each"].as_f64().unwrap();
    assert!((0.8..4.0).contains(&each), "whole numbers are there: {each}");
    // With a pilot, as a statement without bounds needs it.
    let body = json!({ "sql": BY_REGION, "sandbox": true, "choose_bounds": true });
    let (status, answer) = send(&world, acme, "/v1/release", body).await;
    assert_eq!((status, answer["pilot"]["in_price"].clone()), (StatusCode::OK, json!(true)), "{answer}");
    assert_eq!(spent(&world).await, paid);
    // It looks like the real thing: the same columns, the same groups.
    let (_, synthetic) = send(&world, acme, "/v1/release", tried(BY_REGION)).await;
    let (_, real) = send(&world, acme, "/v1/release", json!({ "sql": BY_REGION })).await;
    assert_eq!(synthetic["columns"], real["columns"]);
    let keys = |answer: &Value| {
        let rows = answer["rows"].as_array().unwrap().iter();
        rows.map(|row| row["region"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(keys(&synthetic), keys(&real));
    let total = |answer: &Value| {
        answer["rows"].as_array().unwrap().iter().map(|row| row["n"].as_f64().unwrap()).sum::<f64>()
    };
    let (one, other) = (total(&synthetic), total(&real));
    assert!(one > other / 3.0 && one < other * 3.0, "{one} for {other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_is_its_partners_own() {
    let (world, _) = World::populated(100).await;
    let wanted = json!({ "dataset": "pos_orders" });
    let (status, made) = send(&world, "partner:acme", "/v1/sandbox", wanted.clone()).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let sql = json!({ "sql": "SELECT COUNT(*) AS n FROM pos_orders", "sandbox": true });
    let (status, told) = send(&world, "partner:globex", "/v1/release", sql).await;
    assert_eq!((status, &told["error"]["code"]), (StatusCode::NOT_FOUND, &json!("no_sandbox")));
    for (principal, dataset, code) in [
        ("partner:acme", "dim_products", "no_sandbox"),
        ("partner:acme", "nowhere", "no_sandbox"),
        ("analyst:lee", "pos_orders", "unknown_purpose"),
        ("partner:acme", "13812345678", "bad_request"),
    ] {
        let (_, told) = send(&world, principal, "/v1/sandbox", json!({ "dataset": dataset })).await;
        assert_eq!(told["error"]["code"], json!(code), "{principal} {dataset}: {told}");
        assert!(!told.to_string().contains("13812345678"));
    }
    let (_, told) =
        send(&world, "partner:acme", "/v1/sandbox", json!({ "dataset": "pos_orders", "rho": -1 })).await;
    assert_eq!(told["error"]["code"], json!("release_parameters"), "{told}");
    // What it costs is within the budgets, or nothing is made.
    let (_, told) =
        send(&world, "partner:acme", "/v1/sandbox", json!({ "dataset": "pos_order_lines", "rho": 50 })).await;
    assert_eq!(told["error"]["code"], json!("over_budget"), "{told}");
}
