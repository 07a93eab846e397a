//! Sandboxes: made once, free to ask, and of nobody.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::world::{CANARIES, World, files_with};

async fn ask(world: &World, principal: &str, path: &str, body: Value) -> (StatusCode, Value) {
    world.send(principal, path, Some(body)).await
}

const BY_REGION: &str = "SELECT region, COUNT(*) AS n, SUM(amount) AS s, AVG(amount) AS mean FROM pos_order_lines GROUP BY region";

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_tried_for_nothing() {
    let (world, _) = World::populated(600).await;
    let acme = "partner:acme";
    let tried = |sql: &str| json!({ "sql": sql, "sandbox": true });
    let (status, told) = ask(&world, acme, "/v1/release", tried(BY_REGION)).await;
    assert_eq!((status, &told["error"]["code"]), (StatusCode::NOT_FOUND, &json!("no_sandbox")), "{told}");

    let wanted = json!({ "dataset": "pos_order_lines", "rho": 0.2 });
    let (status, made) = ask(&world, acme, "/v1/sandbox", wanted.clone()).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let charged = made["charged"]["rho"].as_f64().unwrap();
    assert!(charged > 0.1 && charged <= 0.2, "{made}");
    assert!(made["parts"].as_u64().unwrap() >= 6, "{made}");
    assert!(!made.to_string().contains("buyer_is_minor"), "a column that is hidden is not told of: {made}");
    let paid = world.spent().await;
    let (_, again) = ask(&world, acme, "/v1/sandbox", wanted).await;
    assert_eq!((&again["charged"]["rho"], world.spent().await), (&json!(0.0), paid), "{again}");

    for sql in [
        BY_REGION,
        "SELECT n, COUNT(*) AS m FROM (SELECT member_no, COUNT(*) AS n FROM pos_order_lines GROUP BY member_no) t GROUP BY n",
        "SELECT p.brand, COUNT(*) AS n FROM pos_order_lines l JOIN dim_products p ON p.product_id = l.product_id GROUP BY p.brand",
        "SELECT region, category, COUNT(*) AS n FROM pos_order_lines GROUP BY ROLLUP (region, category)",
        "SELECT SUM(quantity) AS q, AVG(quantity) AS each FROM pos_order_lines",
        "SELECT MEDIAN(amount) AS m FROM pos_order_lines WHERE region = 'SH'",
    ] {
        let (status, answer) = ask(&world, acme, "/v1/release", tried(sql)).await;
        assert_eq!(status, StatusCode::OK, "{sql}: {answer}");
        assert_eq!((&answer["sandbox"], &answer["charged"]["rho"]), (&json!(true), &json!(0.0)), "{sql}");
        assert!(answer["price"]["rho"].as_f64().unwrap() > 0.0, "what it would cost is told");
        assert!(answer["receipt"].is_null() && answer["rows"].is_array(), "{answer}");
        assert!(answer["notes"][0].as_str().unwrap().starts_with("synthetic"), "{answer}");
        let text = answer.to_string();
        assert!(CANARIES.iter().all(|canary| !text.contains(canary)), "{sql}");
    }
    // Next to no noise is free as well. What is left is that of the marginals: of 600 members a rank is told to 20 or so, and a
    // number of rows or pieces is a third or three times of what it is by ten deviations.
    let sql = "SELECT COUNT(*) AS n, AVG(quantity) AS each FROM pos_order_lines";
    let body = json!({ "sql": sql, "sandbox": true, "epsilon": 20, "rows_max": 512 });
    let (_, answer) = ask(&world, acme, "/v1/release", body).await;
    let near = async |name: &str, sql: &str| {
        let truth: f64 = world.count("analyst:lee", sql).await.to_string().parse().unwrap();
        let told = answer["rows"][0][name].as_f64().unwrap();
        assert!(told > truth / 3.0 && told < truth * 3.0, "{name}: {told} for {truth}");
    };
    near("n", "SELECT count(*) FROM pos_order_lines WHERE NOT buyer_is_minor").await;
    near("each", "SELECT CAST(round(avg(quantity)) AS BIGINT) FROM pos_order_lines WHERE NOT buyer_is_minor")
        .await;
    // With a pilot, as a statement without bounds needs it.
    let body = json!({ "sql": BY_REGION, "sandbox": true, "choose_bounds": true });
    let (status, answer) = ask(&world, acme, "/v1/release", body).await;
    assert_eq!((status, answer["pilot"]["in_price"].clone()), (StatusCode::OK, json!(true)), "{answer}");
    assert_eq!(world.spent().await, paid);
    // Nothing of the planted member is in what was stored for it.
    for canary in CANARIES {
        let found = ["ledger", "data"].map(|folder| files_with(&world.dir.path().join(folder), canary));
        assert!(found.iter().all(Vec::is_empty), "{canary}: {found:?}");
    }
    // It looks like the real thing: the same columns, the same groups.
    let (_, synthetic) = ask(&world, acme, "/v1/release", tried(BY_REGION)).await;
    let (_, real) = ask(&world, acme, "/v1/release", json!({ "sql": BY_REGION })).await;
    assert_eq!(synthetic["columns"], real["columns"]);
    let keys = |answer: &Value| {
        let rows = answer["rows"].as_array().unwrap().iter();
        rows.map(|row| row["region"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(keys(&synthetic), keys(&real));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_is_its_partners_own() {
    let (world, _) = World::populated(100).await;
    let wanted = json!({ "dataset": "pos_orders" });
    let (status, made) = ask(&world, "partner:acme", "/v1/sandbox", wanted.clone()).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let sql = json!({ "sql": "SELECT COUNT(*) AS n FROM pos_orders", "sandbox": true });
    let (status, told) = ask(&world, "partner:globex", "/v1/release", sql).await;
    assert_eq!((status, &told["error"]["code"]), (StatusCode::NOT_FOUND, &json!("no_sandbox")));
    for (principal, dataset, code) in [
        ("partner:acme", "dim_products", "no_sandbox"),
        ("partner:acme", "nowhere", "no_sandbox"),
        ("analyst:lee", "pos_orders", "unknown_purpose"),
        ("partner:acme", "13812345678", "bad_request"),
    ] {
        let (_, told) = ask(&world, principal, "/v1/sandbox", json!({ "dataset": dataset })).await;
        assert_eq!(told["error"]["code"], json!(code), "{principal} {dataset}: {told}");
        assert!(!told.to_string().contains("13812345678"));
    }
    let (_, told) =
        ask(&world, "partner:acme", "/v1/sandbox", json!({ "dataset": "pos_orders", "rho": -1 })).await;
    assert_eq!(told["error"]["code"], json!("release_parameters"), "{told}");
    // What it costs is within the budgets, or nothing is made.
    let (_, told) =
        ask(&world, "partner:acme", "/v1/sandbox", json!({ "dataset": "pos_order_lines", "rho": 50 })).await;
    assert_eq!(told["error"]["code"], json!("over_budget"), "{told}");
}
