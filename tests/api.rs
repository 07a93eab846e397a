//! The HTTP API as a script meets it: status, form of the answer, stable error codes, and no way in for strangers.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use futures::StreamExt;
use membrane::Serving;
use membrane::config::ServerSection;
use membrane::http::{Metrics, router};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{World, small};

/// A hub behind its router.
struct Api {
    world: World,
    router: Router,
}

/// What came back.
struct Reply {
    status: StatusCode,
    kind: String,
    body: Bytes,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

impl Api {
    async fn small() -> Self {
        Self::of(small::world().await)
    }

    fn of(world: World) -> Self {
        Self::with(world, &ServerSection::default())
    }

    fn with(world: World, server: &ServerSection) -> Self {
        let router = router(Arc::new(Serving::new(Arc::clone(&world.hub))), server, Metrics::of_process());
        Self { world, router }
    }

    fn bearer(&self, principal: &str) -> String {
        let now = self.world.hub.clock().now();
        self.world.hub.bearers().issue(&principal.parse().unwrap(), "test", 8, now).unwrap()
    }

    async fn send(
        &self,
        principal: Option<&str>,
        method: &str,
        path: &str,
        body: Body,
        more: &[(&str, &str)],
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(principal) = principal {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.bearer(principal)));
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let kind = response.headers().get(header::CONTENT_TYPE);
        let kind = kind.map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
        Reply { status, kind, body }
    }

    async fn get(&self, principal: &str, path: &str) -> Reply {
        self.send(Some(principal), "GET", path, Body::empty(), &[]).await
    }

    async fn post(&self, principal: &str, path: &str, body: &Value, accept: &str) -> Reply {
        let more = [("content-type", "application/json"), ("accept", accept)];
        self.send(Some(principal), "POST", path, Body::from(body.to_string()), &more).await
    }

    async fn query(&self, principal: &str, sql: &str) -> Reply {
        let body = json!({ "sql": sql, "purpose": "marketing_analysis" });
        self.post(principal, "/v1/query", &body, "application/json").await
    }
}

const ENDPOINTS: [(&str, &str); 33] = [
    ("POST", "/v1/query"),
    ("POST", "/v1/release"),
    ("POST", "/v1/ingest/crm_members"),
    ("POST", "/v1/events/app_events"),
    ("GET", "/v1/streams"),
    ("GET", "/v1/metrics"),
    ("GET", "/v1/datasets"),
    ("GET", "/v1/catalog"),
    ("GET", "/v1/catalog/crm_members"),
    ("GET", "/v1/catalog/crm_members/phone"),
    ("GET", "/v1/runs"),
    ("GET", "/v1/runs/00000000-0000-7000-8000-000000000000"),
    ("GET", "/v1/lineage/crm_members/phone"),
    ("GET", "/v1/tags"),
    ("GET", "/v1/tags/member.active_30d"),
    ("GET", "/v1/lineage/up"),
    ("GET", "/v1/lineage/down"),
    ("GET", "/v1/quality"),
    ("GET", "/v1/audit/anomalies"),
    ("GET", "/v1/reports/access"),
    ("GET", "/v1/releases"),
    ("POST", "/v1/releases/monthly"),
    ("POST", "/v1/sandbox"),
    ("GET", "/v1/budget"),
    ("GET", "/v1/budget/history"),
    ("POST", "/v1/budget/steps"),
    ("GET", "/v1/break-glass"),
    ("POST", "/v1/break-glass"),
    ("POST", "/v1/break-glass/1/approve"),
    ("POST", "/v1/break-glass/1/end"),
    ("GET", "/v1/delegations"),
    ("POST", "/v1/delegations"),
    ("POST", "/v1/delegations/1/end"),
];

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused_everywhere() {
    let api = Api::of(World::empty().await);
    let document = api.send(None, "GET", "/openapi.json", Body::empty(), &[]).await.json();
    let paths = document["paths"].as_object().unwrap();
    let open = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/receipt-key"];
    let governed =
        paths.iter().filter(|(path, _)| !open.contains(&path.as_str()) && !path.starts_with("/hooks/"));
    let governed: usize = governed.map(|(_, methods)| methods.as_object().unwrap().len()).sum();
    assert_eq!(governed, ENDPOINTS.len(), "every endpoint is in the list: {:?}", paths.keys());
    for (method, path) in ENDPOINTS {
        for forged in [None, Some("Bearer x.y.z"), Some("Basic YTpi"), Some("Bearer ")] {
            let more: Vec<_> = forged.map(|value| ("authorization", value)).into_iter().collect();
            let reply = api.send(None, method, path, Body::empty(), &more).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(reply.code(), "unauthenticated");
        }
    }
    for path in open {
        assert_eq!(api.send(None, "GET", path, Body::empty(), &[]).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_in_the_form_that_was_asked_for() {
    let api = Api::small().await;
    let sql = json!({ "sql": "SELECT name, phone FROM crm_members ORDER BY phone LIMIT 1", "purpose": "marketing_analysis" });
    let reply = api.post("analyst:ana", "/v1/query", &sql, "application/json").await;
    assert_eq!(reply.status, StatusCode::OK);
    let body = reply.json();
    assert_eq!(body["rows"], json!([{ "name": "王**", "phone": "138******01" }]));
    assert_eq!(body["row_count"], 1);
    assert_eq!(body["columns"][1]["level"], "partial");
    assert!(body["run"].is_string());

    let csv = api.post("analyst:ana", "/v1/query", &sql, "text/csv").await;
    assert!(csv.kind.starts_with("text/csv"), "{}", csv.kind);
    assert_eq!(std::str::from_utf8(&csv.body).unwrap().trim(), "name,phone\n王**,138******01");

    let ipc = api.post("analyst:ana", "/v1/query", &sql, "application/vnd.apache.arrow.stream").await;
    let reader = arrow::ipc::reader::StreamReader::try_new(ipc.body.as_ref(), None).unwrap();
    let rows: usize = reader.map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, 1);

    let none = api.post("analyst:ana", "/v1/query", &sql, "image/png").await;
    assert_eq!((none.status, none.code()), (StatusCode::NOT_ACCEPTABLE, "not_acceptable".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_stable_codes_and_their_run() {
    let api = Api::small().await;
    for (sql, status, code) in [
        ("SELEC 1", 400, "not_allowed"),
        ("SELECT 1 +", 400, "syntax"),
        ("DROP TABLE crm_members", 400, "not_allowed"),
        ("SELECT nothing FROM crm_members", 400, "unknown_column"),
        ("SELECT * FROM nothing", 404, "not_found"),
        ("SELECT CAST('x' || amount AS INT) FROM pos_order_lines", 400, "evaluation"),
    ] {
        let reply = api.query("analyst:ana", sql).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{sql}");
        assert!(reply.json()["error"]["run"].is_string(), "{sql}");
    }
    let partner = api.query("partner:acme", "SELECT * FROM crm_members").await;
    let absent = api.query("partner:acme", "SELECT * FROM nothing").await;
    let strip = |reply: &Reply| {
        let mut body = reply.json();
        body["error"]["run"] = Value::Null;
        body
    };
    assert_eq!((partner.status, strip(&partner)), (absent.status, strip(&absent)), "hidden is not found");
    let wrong = api.post("analyst:ana", "/v1/query", &json!({ "sequel": 1 }), "application/json").await;
    assert_eq!((wrong.status.as_u16(), wrong.code().as_str()), (400, "bad_request"));
    let lost = api.get("analyst:ana", "/v1/nothing").await;
    assert_eq!((lost.status.as_u16(), lost.code().as_str()), (404, "unknown_endpoint"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_comes_in_once_and_a_cut_off_body_not_at_all() {
    let api = Api::small().await;
    let line = |order: &str| {
        format!("{order},1,M00000001,,S001,SH,P00001,snacks,1,5.00,2025-01-05T10:00:00Z,2025-01,false\n")
    };
    let header = "order_id,line_no,member_no,pay_account,store_id,region,product_id,category,quantity,amount,ordered_at,ordered_month,buyer_is_minor\n";
    let text = format!("{header}{}{}", line("O0000000000011"), line("broken"));
    let more = [("content-type", "text/csv")];
    let path = "/v1/ingest/pos_order_lines";
    let first = api.send(Some("service:ingestor"), "POST", path, Body::from(text.clone()), &more).await;
    assert_eq!(first.status, StatusCode::OK, "{:?}", first.body);
    assert_eq!(first.json()["rows_accepted"], 1);
    assert_eq!(first.json()["rows_quarantined"], 1);
    let second = api.send(Some("service:ingestor"), "POST", path, Body::from(text), &more).await;
    assert_eq!(second.json()["already"], true);
    let before = api.world.count("analyst:lee", "SELECT count(*) FROM pos_order_lines").await;

    let rows: String = (0..5000).map(|row| line(&format!("O{row:013}"))).collect();
    let parts = futures::stream::iter([Ok(Bytes::from(header)), Ok(Bytes::from(rows))])
        .chain(futures::stream::iter([Err(std::io::Error::other("the connection was lost"))]));
    let cut = api.send(Some("service:ingestor"), "POST", path, Body::from_stream(parts), &more).await;
    assert_eq!((cut.status.as_u16(), cut.code().as_str()), (400, "input_unreadable"));
    assert_eq!(api.world.count("analyst:lee", "SELECT count(*) FROM pos_order_lines").await, before);

    let nobody = api.send(Some("analyst:ana"), "POST", path, Body::from("x"), &more).await;
    assert!(nobody.status == StatusCode::FORBIDDEN || nobody.status == StatusCode::NOT_FOUND);
    let form = [("content-type", "image/png")];
    let odd = api.send(Some("service:ingestor"), "POST", path, Body::from("x"), &form).await;
    assert_eq!((odd.status.as_u16(), odd.code().as_str()), (415, "unsupported_media"));
}

/// What a sender says of a body is held against it; the figures come back to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_what_its_sender_says() {
    let api = Api::small().await;
    let body = "product_id,name,category,brand,price\nP77777,Tea,tea_coffee,Leaf,7777.77\n";
    let send = async |control: &'static str| {
        let form = [("content-type", "text/csv"), ("control-totals", control)];
        api.send(Some("service:ingestor"), "POST", "/v1/ingest/dim_products", Body::from(body), &form).await
    };
    for (control, status, code) in [
        (r#"{"rows": 2}"#, 409, "totals_differ"),
        (r#"{"rows": 1, "sums": {"price": "7777.78"}}"#, 409, "totals_differ"),
        (r#"{"sums": {"brand": "1"}}"#, 400, "control_unfit"),
        ("7777.77", 400, "control_unfit"),
    ] {
        let refused = send(control).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (status, code), "{control}");
        assert!(!String::from_utf8_lossy(&refused.body).contains("7777.7"), "{control}");
    }
    let done = send(r#"{"rows": 1, "sums": {"price": "7777.77"}}"#).await.json();
    assert_eq!(done["rows_accepted"], 1, "{done}");
    assert_eq!(done["totals_agree"], serde_json::json!(["rows", "price"]), "{done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn compliance_sees_the_record_and_others_do_not() {
    let api = Api::small().await;
    let asked = api.query("analyst:ana", "SELECT phone FROM crm_members WHERE phone = '13800138001'").await;
    let run = asked.json()["run"].as_str().unwrap().to_owned();
    let seen = api.get("compliance:olga", &format!("/v1/runs/{run}")).await;
    assert_eq!(seen.status, StatusCode::OK);
    let text = String::from_utf8(seen.body.to_vec()).unwrap();
    assert!(text.contains("marketing.phone") && text.contains("partial"), "{text}");
    assert!(!text.contains("13800138001"), "a literal is not kept");
    let lineage = api.get("compliance:olga", "/v1/lineage/crm_members/phone").await.json();
    assert!(!lineage["upstream"].as_array().unwrap().is_empty());
    assert!(!lineage["downstream"].as_array().unwrap().is_empty());
    let quality = api.get("compliance:olga", "/v1/quality?dataset=crm_members&days=2").await.json();
    let [day] = quality["days"].as_array().unwrap().as_slice() else { panic!("{quality}") };
    assert!(day["rows_in"].as_u64().unwrap() > 0 && quality["alerts"] == serde_json::json!([]), "{quality}");
    for path in ["/v1/runs", "/v1/lineage/crm_members/phone", "/v1/quality", "/v1/audit/anomalies"] {
        let reply = api.get("partner:acme", path).await;
        assert!(reply.status.is_client_error(), "{path}: {}", reply.status);
    }
}

/// Half a question holds a place among those that are worked on, and not for long.
#[tokio::test]
async fn half_a_question_is_given_up() {
    let server = ServerSection { idle_seconds: 1, requests_max: 1, ..ServerSection::default() };
    let api = Api::with(small::world().await, &server);
    let json = [("content-type", "application/json")];
    for path in ["/v1/query", "/v1/release"] {
        let half = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{\"sql\":\""))]);
        let half = Body::from_stream(half.chain(futures::stream::pending()));
        let reply = api.send(Some("analyst:lee"), "POST", path, half, &json).await;
        assert_eq!((reply.status, reply.code().as_str()), (StatusCode::BAD_REQUEST, "bad_request"), "{path}");
    }
    assert_eq!(api.query("analyst:lee", "SELECT 1 AS a").await.status, StatusCode::OK);
}

/// Whoever asks very much at once takes no place from others.
#[tokio::test(flavor = "multi_thread")]
async fn one_principal_has_a_share_of_what_is_worked_on() {
    let server = ServerSection { requests_max: 8, ..ServerSection::default() };
    let api = Api::with(small::world().await, &server);
    let (release, _) = tokio::sync::broadcast::channel::<()>(1);
    // Questions that do not come to their end, until all are released.
    let mut asked = Vec::new();
    for _ in 0..100 {
        let mut released = release.subscribe();
        let end = futures::stream::once(async move {
            let _ = released.recv().await;
            Ok::<_, std::io::Error>(Bytes::from_static(b"{"))
        });
        let request = Request::post("/v1/query")
            .header(header::AUTHORIZATION, format!("Bearer {}", api.bearer("analyst:ana")))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from_stream(end))
            .unwrap();
        asked.push(api.router.clone().oneshot(request));
    }
    let mut asked: futures::stream::FuturesUnordered<_> = asked.into_iter().collect();
    let mut refused = 0;
    while refused < 98 {
        let response = asked.next().await.unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        refused += 1;
    }
    let reply = api.query("analyst:ana", "SELECT 1 AS a").await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (429, "requests_limit"));
    let reply = api.query("analyst:lee", "SELECT count(*) AS n FROM crm_members").await;
    assert_eq!(reply.status, StatusCode::OK, "{:?}", reply.body);
    release.send(()).unwrap();
    while let Some(response) = asked.next().await {
        assert_eq!(response.unwrap().status(), StatusCode::BAD_REQUEST);
    }
    assert_eq!(api.query("analyst:ana", "SELECT 1 AS a").await.status, StatusCode::OK);
}

/// Values beside the statement are literals to every check, and are in no record.
#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_bound_and_never_recorded() {
    let api = Api::small().await;
    let body = |sql: &str, parameters: Value| json!({ "sql": sql, "purpose": "marketing_analysis", "parameters": parameters });
    let plain = "application/json";
    let sql = "SELECT count(*) AS n FROM crm_members WHERE city = $1 AND $2 > 1.5";
    let reply = api.post("analyst:ana", "/v1/query", &body(sql, json!(["上海", 2])), plain).await;
    assert_eq!(reply.json()["rows"], json!([{ "n": 2 }]));
    let run = reply.json()["run"].as_str().unwrap().to_owned();
    let record = api.get("compliance:olga", &format!("/v1/runs/{run}")).await;
    assert!(!String::from_utf8_lossy(&record.body).contains("上海"));

    let all = body("SELECT $1 AS a, $2 AS b, $3 AS c, $4 AS d", json!([null, true, 1.5, "x'; --"]));
    let reply = api.post("analyst:ana", "/v1/query", &all, plain).await;
    assert_eq!(reply.json()["rows"], json!([{ "a": null, "b": true, "c": 1.5, "d": "x'; --" }]));

    let many: Vec<u32> = (0..300).collect();
    for (sql, parameters) in [
        ("SELECT $1 AS a", json!([])),
        ("SELECT $2 AS a", json!([1])),
        ("SELECT $1 AS a", json!([u64::MAX])),
        ("SELECT $1 AS a", json!([1e30])),
        ("SELECT 1 AS a", json!([1])),
        ("VALUES ((SELECT 1))", Value::Null),
        ("SELECT $1 AS a", json!([[1]])),
        ("SELECT $1 AS a", json!([{ "x": 1 }])),
        ("SELECT $1 AS a", json!(many)),
        ("SELECT $1 AS a", json!(["x".repeat(70_000)])),
        ("SELECT count(*) FROM $1", json!(["crm_members"])),
        ("SELECT count(*) FROM crm_members WHERE phone ~ $1", json!(["x".repeat(600)])),
    ] {
        let reply = api.post("analyst:ana", "/v1/query", &body(sql, parameters), plain).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{sql}: {}", reply.code());
    }
    // A long text in many places, or in many copies of a WITH query, is bounded before it stands there.
    let places = format!("SELECT count(*) FROM crm_members WHERE city IN ({})", ["$1"; 40].join(", "));
    let copies = format!(
        "WITH w AS (SELECT count(*) AS n FROM crm_members WHERE city = $1) SELECT 1 FROM {}",
        (0..40).map(|copy| format!("w AS w{copy}")).collect::<Vec<_>>().join(", ")
    );
    for sql in [&places, &copies] {
        let reply =
            api.post("analyst:ana", "/v1/query", &body(sql, json!(["x".repeat(60_000)])), plain).await;
        assert_eq!(reply.code(), "too_complex", "{sql}");
    }
}

/// Each value that is looked up is on record and counted; beyond the limit there is no answer, and others still get theirs.
#[tokio::test(flavor = "multi_thread")]
async fn reports_have_the_form_that_is_asked_for() {
    let api = Api::small().await;
    let ask = async |format: &str, accept: &'static str| {
        let path = format!("/v1/reports/policy?format={format}");
        api.send(Some("compliance:olga"), "GET", &path, Body::empty(), &[("accept", accept)]).await
    };
    for (format, form, begin) in [
        ("md", "text/markdown; charset=utf-8", "# "),
        ("json", "application/json", "{"),
        ("html", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        ("pdf", "application/pdf", "%PDF-1."),
    ] {
        for accept in ["*/*", form.split(';').next().unwrap()] {
            let report = ask(format, accept).await;
            assert_eq!((report.status.as_u16(), report.kind.as_str()), (200, form), "{accept}");
            assert!(report.body.starts_with(begin.as_bytes()), "{format}");
        }
        let refused = ask(format, "image/png").await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (406, "not_acceptable"), "{format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lookups_are_recorded_and_limited() {
    let world = small::with(|config| config.limits.lookups_per_hour = 3).await;
    let api = Api::of(world);
    let ask = |principal: &'static str, sql: String, parameters: Value| {
        let body = json!({ "sql": sql, "purpose": "customer_service", "parameters": parameters });
        let api = &api;
        async move { api.post(principal, "/v1/query", &body, "application/json").await }
    };
    let by =
        |value: &str| format!("SELECT tier FROM crm_members WHERE phone = member_token('phone', {value})");
    let reply = ask("analyst:kim", by("$1"), json!(["+86 138 0013 8002"])).await;
    assert_eq!(reply.json()["rows"], json!([{ "tier": "silver" }]));
    let run = reply.json()["run"].as_str().unwrap().to_owned();
    let record = api.get("compliance:olga", &format!("/v1/runs/{run}")).await.json();
    let reasons: Vec<_> =
        record["decisions"].as_array().unwrap().iter().map(|told| &told["reason"]).collect();
    assert!(reasons.contains(&&json!("permitted, an exact value looked up")), "{reasons:?}");
    let told = record.to_string();
    assert!(!told.contains("13800138002") && !told.contains("138 0013 8002"), "{told}");

    // Two values in one statement count twice.
    let two = format!("{} OR phone = member_token('phone', '13800138001')", by("'13800138003'"));
    assert_eq!(ask("analyst:kim", two, json!([])).await.json()["row_count"], json!(2));
    let refused = ask("analyst:kim", by("'13800138004'"), json!([])).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "lookup_limit"));
    // More than may be in an hour is refused before any is on record; what is no text was none.
    let many = format!("{}{}", by("'1'"), " OR phone = member_token('phone', '2')".repeat(3));
    let refused = ask("analyst:lee", many, json!([])).await;
    assert_eq!(refused.code(), "lookup_limit");
    for value in [json!(null), json!(13_800_138_001_i64)] {
        assert_eq!(ask("analyst:kim", by("$1"), json!([value])).await.code(), "unsupported");
    }
    // What looks nothing up is answered as before, and so is everybody else.
    let plain = ask("analyst:kim", "SELECT count(*) AS n FROM crm_members".to_owned(), json!([])).await;
    assert_eq!(plain.json()["rows"], json!([{ "n": 6 }]));
    assert_eq!(ask("analyst:lee", by("'13800138004'"), json!([])).await.code(), "lookup_refused");
}
