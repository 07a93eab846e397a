//! What strangers may see of a hub: whether it is well, and how much it is asked.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::json;

use super::{api, get, post};

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_requests_and_nothing_else() {
    let api = api(|_| ()).await;
    api.bring_in().await;
    let sql = "SELECT category, COUNT(*) AS lines FROM pos_order_lines GROUP BY category";
    let release = json!({ "sql": sql }).to_string();
    let acme = api.bearer("partner:acme");
    assert_eq!(api.ask(post("/v1/release", &acme, "application/json", release)).await.0, 200);
    api.ask(get("/canary-path", None)).await;
    let odd = Request::builder().method("CANARY-13800138001").uri("/v1/datasets").body(Body::empty());
    api.ask(odd.expect("request")).await;

    let response = api.send(get("/metrics", None)).await;
    let bytes = to_bytes(response.into_body(), 1 << 20).await.expect("body");
    let text = String::from_utf8(bytes.to_vec()).expect("text").replace("/v1/release", "");
    assert!(text.contains("method=\"other\"") && text.contains("route=\"unknown\""), "{text}");
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        // The log's are of hubs of other tests, which share the process.
        let known = ["membrane_requests_total{", "membrane_request_seconds_", "membrane_log_"];
        assert!(known.iter().any(|name| line.starts_with(name)), "{line}");
    }
    for word in ["rows", "release", "pos_order", "partner:", "service:", "canary", "CANARY"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[tokio::test]
async fn a_hub_whose_data_is_lost_is_not_ready_and_makes_nothing() {
    let api = api(|_| ()).await;
    let data = &api.world.config.data.url;
    std::fs::remove_dir_all(data).expect("remove");
    let (status, body) = api.ask(get("/readyz", None)).await;
    assert_eq!(
        (status.as_u16(), body),
        (
            503,
            json!({ "ready": false, "ledger": true, "lake": false, "log": true, "fault": "lake_unreachable" })
        )
    );
    assert!(!std::path::Path::new(data).exists(), "a look makes no folder");
}
