//! Answers with rows: what their headers say, and what becomes of those that nobody reads.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::response::Response;
use serde_json::{Value, json};

use super::{api, get, post};
use crate::http::openapi_document;

const FORMS: [&str; 3] = ["application/json", "text/csv", "application/vnd.apache.arrow.stream"];

/// A hundred thousand rows, out of no table.
const MANY: &str = "WITH a(x) AS (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)) \
                    SELECT p.x AS p, q.x AS q, r.x AS r, s.x AS s, t.x AS t FROM a p CROSS JOIN a q CROSS JOIN a r \
                    CROSS JOIN a s CROSS JOIN a t";

fn question(path: &str, bearer: &str, accept: &str, body: &Value) -> Request<Body> {
    let mut request = post(path, bearer, "application/json", body.to_string());
    request.headers_mut().insert("accept", accept.parse().expect("header"));
    request
}

/// The hub's own headers of an answer.
fn own_headers(response: &Response) -> BTreeMap<String, String> {
    let all = response.headers().iter();
    let own = all.filter(|(name, _)| name.as_str().starts_with("membrane-"));
    own.map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_reads_frees_its_place_and_closes_its_run() {
    for form in FORMS {
        let api = api(|config| (config.server.requests_max, config.server.idle_seconds) = (1, 0)).await;
        let body = json!({ "sql": MANY, "purpose": "marketing_analysis" });
        let response = api.send(question("/v1/query", &api.bearer("analyst:ana"), form, &body)).await;
        assert_eq!(response.status(), 200, "{form}");
        let run = own_headers(&response)["membrane-run"].clone();
        assert!(api.hub.tasks().wait(Duration::from_secs(60)).await, "{form}: the production ends");
        // The only place is free again, or this were answered 503.
        let (status, seen) =
            api.ask(get(&format!("/v1/runs/{run}"), Some(&api.bearer("compliance:olga")))).await;
        assert_eq!(status, 200, "{form}: {seen}");
        assert_eq!((&seen["status"], &seen["error_code"]), (&json!("fail"), &json!("abandoned")), "{form}");
        assert!(to_bytes(response.into_body(), usize::MAX).await.is_err(), "{form}: a part is not the whole");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_read_is_whole() {
    let api = api(|_| ()).await;
    let body = json!({ "sql": MANY, "purpose": "marketing_analysis" });
    let response = api.send(question("/v1/query", &api.bearer("analyst:ana"), "text/csv", &body)).await;
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("whole");
    let text = std::str::from_utf8(&bytes).expect("text");
    assert_eq!(text.lines().count(), 1 + 100_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_says_in_every_form_what_it_cost() {
    let api = api(|_| ()).await;
    api.bring_in().await;
    let acme = api.bearer("partner:acme");
    let sql = "SELECT category, COUNT(*) AS lines FROM pos_order_lines GROUP BY category";
    let send = async |form: &str, dry_run: bool| {
        let body = json!({ "sql": sql, "dry_run": dry_run });
        let response = api.send(question("/v1/release", &acme, form, &body)).await;
        assert_eq!(response.status(), 200, "{form}");
        (own_headers(&response), to_bytes(response.into_body(), 1 << 20).await.expect("body"))
    };
    let (mut dry, body) = send("application/json", true).await;
    let priced: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(Some(json!(dry.remove("membrane-run"))).as_ref(), priced.get("run"));
    let free: BTreeMap<String, String> = ["membrane-charged-delta", "membrane-charged-rho"]
        .map(|name| (name.to_owned(), "0".to_owned()))
        .into();
    assert_eq!(dry, free);

    let (paid, _) = send("text/csv", false).await;
    let price = |name: &str| priced["price"][name].as_f64().map(|number| number.to_string());
    assert_eq!(paid.get("membrane-charged-rho"), price("rho").as_ref());
    assert_eq!(paid.get("membrane-charged-delta"), price("charged_delta").as_ref());
    assert_ne!(paid["membrane-charged-rho"], "0");
    assert_eq!(paid.get("membrane-replay-of"), None);

    for form in FORMS {
        let (mut again, _) = send(form, false).await;
        assert_ne!(again.remove("membrane-run"), None, "{form}");
        assert_eq!(again.remove("membrane-replay-of"), Some(paid["membrane-run"].clone()), "{form}");
        assert_eq!(again, free, "{form}");
    }
}

#[test]
fn the_headers_of_a_release_are_described() {
    let document = serde_json::to_value(openapi_document()).expect("document");
    let headers = &document["paths"]["/v1/release"]["post"]["responses"]["200"]["headers"];
    let names: BTreeSet<&str> = headers.as_object().expect("headers").keys().map(String::as_str).collect();
    let expected = ["membrane-charged-delta", "membrane-charged-rho", "membrane-replay-of", "membrane-run"];
    assert_eq!(names, expected.into());
}
