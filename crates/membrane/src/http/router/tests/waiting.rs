//! Answers that wait until their run is published.

use axum::body::to_bytes;
use serde_json::{Value, json};

use super::{api, get, post};
use crate::config::Answers;

#[tokio::test(flavor = "multi_thread")]
async fn no_row_leaves_that_is_not_published() {
    let api = api(|config| config.audit.answers = Answers::Published).await;
    api.bring_in().await;
    let ana = api.bearer("analyst:ana");
    let body = json!({ "sql": "SELECT category FROM pos_order_lines", "purpose": "marketing_analysis" });
    let ask = || post("/v1/query", &ana, "application/json", body.to_string());
    let (status, told) = api.ask(ask()).await;
    assert_eq!(status, 200, "{told}");
    assert!(told.to_string().contains("snacks"), "{told}");
    let ledger = api.hub.ledger().log_head().await.expect("head").size;
    let head = api.hub.audit_log().head().await.expect("head").expect("published").head();
    assert_eq!(head.size, ledger, "every run that was answered");

    let folder = std::path::Path::new(&api.world.config.data.url).join("audit");
    let kept = folder.with_file_name("kept");
    std::fs::rename(&folder, &kept).expect("moved");
    std::fs::write(&folder, b"no folder").expect("blocked");
    let response = api.send(ask()).await;
    assert_eq!(response.status(), 503);
    let bytes = to_bytes(response.into_body(), 1 << 20).await.expect("body");
    let told: Value = serde_json::from_slice(&bytes).expect("an error");
    assert_eq!(told["error"]["code"], "log_unavailable", "{told}");
    assert!(!told.to_string().contains("snacks"), "{told}");
    let (status, ready) = api.ask(get("/readyz", None)).await;
    assert_eq!((status.as_u16(), &ready["fault"]), (503, &json!("log_unavailable")), "{ready}");
    assert_eq!(ready["log"], json!(false), "{ready}");

    std::fs::remove_file(&folder).expect("removed");
    std::fs::rename(&kept, &folder).expect("put back");
    let (status, told) = api.ask(ask()).await;
    assert_eq!(status, 200, "{told}");
    assert!(told.to_string().contains("snacks"), "{told}");
}
