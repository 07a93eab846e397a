mod answers;
mod described;
mod upkeep;
mod waiting;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::router;
use crate::config::Config;
use crate::http::{Metrics, openapi_document};
use crate::hub::Hub;
use crate::serving::Serving;
use crate::testing::{World, now, world};

/// The API of a hub without data.
struct Api {
    app: Router,
    hub: Arc<Hub>,
    world: World,
}

async fn api(change: fn(&mut Config)) -> Api {
    let world = world(change).await;
    let app = router(Arc::new(Serving::new(world.hub.clone())), &world.config.server, Metrics::of_process());
    Api { app, hub: world.hub.clone(), world }
}

impl Api {
    fn bearer(&self, principal: &str) -> String {
        let principal = principal.parse().expect("principal");
        self.hub.bearers().issue(&principal, "test", 1, now()).expect("bearer")
    }

    async fn send(&self, request: Request<Body>) -> Response {
        self.app.clone().oneshot(request).await.expect("response")
    }

    async fn ask(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.send(request).await;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.expect("body");
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Brings one order line in, so that there is something to release.
    async fn bring_in(&self) {
        let line = "order_id,line_no,member_no,pay_account,store_id,region,product_id,category,quantity,amount,\
                    ordered_at,ordered_month,buyer_is_minor\n\
                    O0000000000011,1,M00000001,,S001,SH,P00001,snacks,1,5.00,2025-01-05T10:00:00Z,2025-01,false\n";
        let ingestor = self.bearer("service:ingestor");
        let (status, body) = self.ask(post("/v1/ingest/pos_order_lines", &ingestor, "text/csv", line)).await;
        assert_eq!((status.as_u16(), &body["rows_accepted"]), (200, &json!(1)), "{body}");
    }

    async fn check(&self, request: Request<Body>, status: u16, code: &str) {
        let shown = format!("{} {}", request.method(), request.uri());
        let (found, body) = self.ask(request).await;
        assert_eq!((found.as_u16(), body["error"]["code"].as_str()), (status, Some(code)), "{shown}: {body}");
    }
}

fn get(path: &str, bearer: Option<&str>) -> Request<Body> {
    let request = Request::get(path);
    let request = match bearer {
        Some(bearer) => request.header("authorization", format!("Bearer {bearer}")),
        None => request,
    };
    request.body(Body::empty()).expect("request")
}

fn post(path: &str, bearer: &str, media: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header("authorization", format!("Bearer {bearer}"));
    request.header("content-type", media).body(body.into()).expect("request")
}

/// Every method and path of the API, from its own description; parameters filled in.
fn endpoints() -> Vec<(Method, String)> {
    let document = serde_json::to_value(openapi_document()).expect("document");
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("method");
            all.push((
                method,
                path.replace("{dataset}", "crm_members").replace("{column}", "phone").replace("{id}", "x"),
            ));
        }
    }
    all
}

#[tokio::test]
async fn every_endpoint_refuses_strangers() {
    let api = api(|_| ()).await;
    let open = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/receipt-key"];
    let mut refused = 0;
    for (method, path) in endpoints() {
        let request =
            Request::builder().method(method.clone()).uri(&path).body(Body::empty()).expect("request");
        if open.contains(&path.as_str()) {
            assert_eq!(api.ask(request).await.0, StatusCode::OK, "{path}");
            continue;
        }
        // A service has no bearer: it signs.
        if path.starts_with("/hooks/") {
            let request =
                Request::builder().method(method).uri("/hooks/mini").body(Body::empty()).expect("request");
            api.check(request, 401, "signature_refused").await;
            continue;
        }
        api.check(request, 401, "unauthenticated").await;
        for value in ["Bearer x", "Basic x", "Bearer", ""] {
            let request = Request::builder().method(method.clone()).uri(&path).header("authorization", value);
            api.check(request.body(Body::empty()).expect("request"), 401, "unauthenticated").await;
        }
        refused += 1;
    }
    assert_eq!(refused, 33);
}

#[tokio::test]
async fn an_expired_bearer_is_told_so() {
    let api = api(|_| ()).await;
    let hours = chrono::TimeDelta::hours(2);
    let ana = "analyst:ana".parse().expect("principal");
    let bearer = api.hub.bearers().issue(&ana, "old", 1, now() - hours).expect("bearer");
    api.check(get("/v1/datasets", Some(&bearer)), 401, "bearer_expired").await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_in_our_words() {
    let api = api(|_| ()).await;
    let (ana, olga) = (api.bearer("analyst:ana"), api.bearer("compliance:olga"));
    let json_type = "application/json";
    let query = |body: &'static str| post("/v1/query", &ana, json_type, body);
    api.check(query("{"), 400, "bad_request").await;
    api.check(query("{\"sql\": \"SELECT 1\", \"colour\": 1}"), 400, "bad_request").await;
    api.check(query("{\"sql\": \"SELECT 1\", \"purpose\": \"No Such\"}"), 400, "bad_request").await;
    api.check(query("{\"sql\": \"SELECT 1\"}"), 400, "unknown_purpose").await;
    api.check(query("{\"sql\": \"SELEC\", \"purpose\": \"marketing_analysis\"}"), 400, "not_allowed").await;
    api.check(post("/v1/query", &ana, "text/plain", "SELECT 1"), 400, "bad_request").await;
    let long = format!("{{\"sql\": \"{}\"}}", "x".repeat(1 << 20));
    api.check(post("/v1/query", &ana, json_type, long), 413, "too_large").await;
    let mut picky = query("{\"sql\": \"SELECT 1\", \"purpose\": \"marketing_analysis\"}");
    picky.headers_mut().insert("accept", "text/html".parse().expect("header"));
    api.check(picky, 406, "not_acceptable").await;
    api.check(get("/v1/runs?colour=1", Some(&olga)), 400, "bad_request").await;
    api.check(get("/v1/runs/not-a-run", Some(&olga)), 400, "bad_request").await;
    api.check(get("/v1/lineage/no_such/phone", Some(&olga)), 404, "not_found").await;
    api.check(get("/v1/lineage/crm_members/no_such", Some(&olga)), 400, "unknown_column").await;
    api.check(get("/v1/lineage/up", Some(&olga)), 400, "bad_request").await;
    api.check(get("/v1/lineage/up?of=phone", Some(&olga)), 400, "bad_request").await;
    api.check(get("/v1/lineage/up?of=no_such.phone", Some(&olga)), 404, "not_found").await;
    api.check(get("/v1/lineage/down?of=crm_members.no_such", Some(&olga)), 400, "unknown_column").await;
    api.check(get("/v1/lineage/down?of=release:no_such", Some(&olga)), 404, "no_standing_release").await;
    let run = "/v1/lineage/up?of=00000000-0000-7000-8000-000000000000";
    api.check(get(run, Some(&olga)), 404, "unknown_run").await;
    api.check(get("/v1/lineage/up?of=crm_members.phone", Some(&ana)), 403, "not_permitted").await;
    api.check(get("/v2/datasets", Some(&ana)), 404, "unknown_endpoint").await;
    api.check(post("/v1/datasets", &ana, json_type, "{}"), 405, "wrong_method").await;
}

#[tokio::test]
async fn policy_refuses_and_the_run_is_named() {
    let api = api(|_| ()).await;
    let ana = api.bearer("analyst:ana");
    let (status, body) = api.ask(get("/v1/runs", Some(&ana))).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (403, &json!("not_permitted")));
    let run = body["error"]["run"].as_str().expect("run").to_owned();
    let olga = api.bearer("compliance:olga");
    let (status, found) = api.ask(get(&format!("/v1/runs/{run}"), Some(&olga))).await;
    assert_eq!(status, StatusCode::OK, "{found}");
    assert_eq!((&found["principal"], &found["status"]), (&json!("analyst:ana"), &json!("refused")));
    assert_eq!(found["error_code"], json!("not_permitted"));
    api.check(get("/v1/datasets", Some(&api.bearer("analyst:nobody"))), 403, "unknown_principal").await;
}

#[tokio::test]
async fn deliveries_are_checked_before_they_are_read() {
    let api = api(|config| config.limits.body_bytes_max = 16).await;
    let ingestor = api.bearer("service:ingestor");
    let path = "/v1/ingest/dim_stores";
    api.check(post(path, &ingestor, "text/plain", "x"), 415, "unsupported_media").await;
    api.check(post(path, &ingestor, "text/csv", "x".repeat(17)), 413, "too_large").await;
    let stream = futures::stream::iter((0..17).map(|_| Ok::<_, std::io::Error>("x")));
    api.check(post(path, &ingestor, "text/csv", Body::from_stream(stream)), 413, "too_large").await;
    let mut twice = post(&format!("{path}?source=a"), &ingestor, "text/csv", "x");
    twice.headers_mut().insert("idempotency-key", "b".parse().expect("header"));
    api.check(twice, 400, "bad_request").await;
    api.check(post("/v1/ingest/No", &ingestor, "text/csv", "x"), 400, "bad_request").await;
    let ana = api.bearer("analyst:ana");
    api.check(post(path, &ana, "text/csv", "x"), 403, "not_permitted").await;
}

#[tokio::test]
async fn more_than_can_be_worked_on_is_told_to_wait() {
    let api = api(|config| config.server.requests_max = 1).await;
    let ingestor = api.bearer("service:ingestor");
    // A delivery that never ends keeps the only place.
    let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
    let body = futures::stream::once(async move {
        let _ = receiver.await;
        Err::<&str, _>(std::io::Error::other("given up"))
    });
    let request = post("/v1/ingest/dim_stores", &ingestor, "text/csv", Body::from_stream(body));
    let app = api.app.clone();
    let waiting = tokio::spawn(async move { app.oneshot(request).await.expect("response").status() });
    while api.hub.tasks().count() == 0 {
        tokio::task::yield_now().await;
    }
    let ana = api.bearer("analyst:ana");
    api.check(get("/v1/datasets", Some(&ana)), 503, "busy").await;
    let busy = api.send(get("/v1/datasets", Some(&ana))).await;
    assert_eq!(busy.headers()["retry-after"], "1");
    drop(sender);
    assert_eq!(waiting.await.expect("task"), StatusCode::BAD_REQUEST);
}
