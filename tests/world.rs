//! A hub of its own for each test: the catalog and policies of this repository, generated members, and canaries:
//! members whose values are unique strings, so that a leak can be found by searching bytes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::{TimeZone, Utc};
use futures::StreamExt;
use membrane::config::{Config, Serve, ServerSection};
use membrane::error::Failure;
use membrane::flow::{self, IngestRequest, Ingested, QueryRequest};
use membrane::http::{Metrics, router};
use membrane::{Channel, Hub, RequestCtx, Serving};
use membrane_ingest::{Format, InputSource, Reading, Silent};
use membrane_model::{Clock, FixedClock};
use membrane_sample::{SampleOptions, SampleReport, generate};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

/// The values of the planted member, none of which may be found in clear anywhere.
pub(crate) const CANARIES: [&str; 13] = [
    "13977700123",
    "canary.zhang@example.com",
    "金丝雀张",
    "1999-03-07",
    "310104199903077776",
    "瑶光路九千九百九十九号",
    "M99999991",
    "6222027777001233",
    "oCANARYopenid000000000000001",
    "oCANARYunionid00000000000001",
    "au_9999999991",
    "ca9a4700-77aa-4000-8000-00000000c0de",
    "203.0.113.77",
];

/// A hub and the folder that holds all of it.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) hub: Arc<Hub>,
}

impl World {
    /// Opens an empty hub.
    pub(crate) async fn empty() -> Self {
        Self::with(|_| {}).await
    }

    /// Opens an empty hub whose configuration was changed.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let clock = FixedClock(Utc.with_ymd_and_hms(2026, 2, 3, 4, 5, 6).unwrap());
        Self::at(Arc::new(clock), change).await
    }

    /// Opens an empty hub with a clock of the test's own.
    pub(crate) async fn at(clock: Arc<dyn Clock>, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = configuration(dir.path());
        change(&mut config);
        let hub = Arc::new(Hub::open(&config, clock).await.unwrap());
        Self { dir, hub }
    }

    /// Opens a hub with this many generated members in every channel, and the canary.
    pub(crate) async fn populated(members: u64) -> (Self, SampleReport) {
        let world = Self::empty().await;
        let report = world.populate(members).await;
        (world, report)
    }

    /// Ingests generated members and the canary.
    pub(crate) async fn populate(&self, members: u64) -> SampleReport {
        let sample = self.dir.path().join("sample");
        let report = generate(&SampleOptions::new(members, 7, &sample), &mut |_, _| {}).unwrap();
        for file in &report.files {
            self.ingest(&file.dataset, &sample.join(&file.name)).await.unwrap();
        }
        for (dataset, text, extension) in canary_deliveries() {
            let path = self.write(&format!("canary/{dataset}.{extension}"), &text);
            self.ingest(dataset, &path).await.unwrap();
        }
        report
    }

    /// Writes a file beside the hub.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        path
    }

    pub(crate) fn ctx(&self, principal: &str) -> RequestCtx {
        self.hub.ctx(principal.parse().unwrap(), Channel::Cli)
    }

    pub(crate) async fn ingest(&self, dataset: &str, path: &Path) -> Result<Ingested, Failure> {
        let request = IngestRequest {
            dataset: dataset.parse().unwrap(),
            reader: InputSource::File(path.to_path_buf()),
            format: Format::from_path(path).unwrap(),
            reading: Reading::default(),
            source: None,
            control: None,
        };
        flow::ingest(&self.ctx("service:ingestor"), &self.hub, request, &Silent).await
    }

    pub(crate) async fn query(&self, principal: &str, sql: &str) -> Result<Vec<RecordBatch>, Failure> {
        self.query_for(principal, "marketing_analysis", sql).await
    }

    pub(crate) async fn query_for(
        &self,
        principal: &str,
        purpose: &str,
        sql: &str,
    ) -> Result<Vec<RecordBatch>, Failure> {
        let request = QueryRequest {
            sql: sql.to_owned(),
            purpose: Some(purpose.parse().unwrap()),
            on_behalf_of: None,
            parameters: Vec::new(),
        };
        let mut answer = flow::query(&self.ctx(principal), &self.hub, request).await?;
        let mut batches = Vec::new();
        while let Some(batch) = answer.batches.next().await {
            batches.push(batch?);
        }
        Ok(batches)
    }

    /// Returns what was spent of all lifetimes together, in billionths of rho.
    pub(crate) async fn spent(&self) -> u64 {
        let lines = self.hub.ledger().budget_lines(None).await.unwrap();
        lines.iter().map(|(_, price)| price.rho_nano).sum()
    }

    /// Asks by HTTP, with a bearer.
    pub(crate) async fn send(&self, principal: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let serving = Arc::new(Serving::new(Arc::clone(&self.hub)));
        let app = router(serving, &ServerSection::default(), Metrics::of_process());
        let now = self.hub.clock().now();
        let issued = self.hub.bearers().issue(&principal.parse().unwrap(), "test", 8, now).unwrap();
        let request = Request::builder()
            .method(if body.is_some() { "POST" } else { "GET" })
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

    /// Returns one number, the first cell of the answer.
    pub(crate) async fn count(&self, principal: &str, sql: &str) -> i64 {
        let batches = self.query(principal, sql).await.unwrap();
        let cells = batches[0].column(0);
        cells.as_any().downcast_ref::<arrow::array::Int64Array>().unwrap().value(0)
    }
}

/// The configuration of a hub that lives in `dir`.
pub(crate) fn configuration(dir: &Path) -> Config {
    let root = repository();
    let mut config = Config::default();
    config.catalog.dir = root.join("catalog").display().to_string();
    config.policies.dir = root.join("policies").display().to_string();
    config.policies.serve = Serve::Folder;
    config.data.url = format!("file://{}/data", dir.display());
    config.data.scratch = dir.join("scratch").display().to_string();
    config.streams.folder = dir.join("streams").display().to_string();
    config.ledger.url = format!("sqlite://{}/ledger/ledger.db", dir.display());
    config.keys.file = dir.join("keys/root.key").display().to_string();
    // Little noise in few rows: what one release may cost is tested where budgets are.
    config.privacy.release_rho_max = 1000.0;
    config
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Finds a text in every file below a folder, as UTF-8 and as UTF-16, and returns the files that hold it.
pub(crate) fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                if holds(&bytes, text.as_bytes()) || holds(&bytes, &wide) {
                    found.push(path);
                }
            }
        }
    }
    found
}

/// Tells whether bytes hold a text.
pub(crate) fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// One delivery for each channel in which the planted member is, and rows of the same member that break the contract.
#[expect(clippy::too_many_lines, reason = "one delivery after the other")]
pub(crate) fn canary_deliveries() -> Vec<(&'static str, String, &'static str)> {
    let [phone, email, name, born, number, address, card, account, openid, unionid, app, device, ip] =
        CANARIES;
    let header = "member_no,name,gender,birth_date,phone,email,id_number,address,city,region,joined_on,tier,marketing_consent";
    let member = |gender: &str, tier: &str| {
        format!(
            "{card},{name},{gender},{born},{phone},{email},{number},{address},上海,SH,2025-01-02,{tier},true"
        )
    };
    let line = |quantity: &str| {
        format!(
            "OCANARY0000001,1,{card},{account},S001,SH,P00001,snacks,{quantity},12.50,2025-03-04T05:06:07Z,2025-03,false"
        )
    };
    vec![
        (
            "crm_members",
            format!(
                "{header}\n{}\n{}\n{card},{name},broken line {phone}\n",
                member("female", "gold"),
                member(name, email)
            ),
            "csv",
        ),
        (
            "pos_orders",
            format!(
                "order_id,member_no,store_id,region,ordered_at,channel,items,amount,payment_account,buyer_is_minor\n\
                 OCANARY0000001,{card},S001,SH,2025-03-04T05:06:07Z,store,1,12.50,{account},false\n\
                 OCANARY0000002,{card},{phone},SH,yesterday,store,one,{number},{account},{name}\n"
            ),
            "csv",
        ),
        (
            "pos_order_lines",
            format!(
                "order_id,line_no,member_no,pay_account,store_id,region,product_id,category,quantity,amount,ordered_at,ordered_month,buyer_is_minor\n\
                 {}\n{}\n",
                line("1"),
                line(phone)
            ),
            "csv",
        ),
        (
            "app_events",
            format!(
                "{{\"event_id\":\"ae_CANARY0000001\",\"app_user_id\":\"{app}\",\"phone\":\"{phone}\",\"device_id\":\"{device}\",\
                 \"event\":\"app_open\",\"occurred_at\":\"2025-03-04T05:06:07Z\",\"page\":\"home\",\"amount\":null}}\n\
                 {{\"event_id\":\"ae_CANARY0000002\",\"app_user_id\":\"{app}\",\"phone\":\"{email}\",\"device_id\":\"{phone}\",\
                 \"event\":\"{name}\",\"occurred_at\":\"{born}\",\"page\":\"home\",\"amount\":\"{number}\"}}\n\
                 {{\"event_id\": \"{phone}\", \"app_user_id\n"
            ),
            "ndjson",
        ),
        (
            "mini_program_events",
            format!(
                "{{\"event_id\":\"me_CANARY0000001\",\"openid\":\"{openid}\",\"unionid\":\"{unionid}\",\"phone\":\"+86 {phone}\",\
                 \"event\":\"open\",\"occurred_at\":\"2025-03-04T05:06:07Z\",\"store_id\":null}}\n"
            ),
            "ndjson",
        ),
        (
            "web_events",
            format!(
                "{{\"event_id\":\"we_CANARY0000001\",\"cookie_id\":\"{device}\",\"email\":\"{email}\",\"ip\":\"{ip}\",\
                 \"event\":\"page_view\",\"url_path\":\"/\",\"occurred_at\":\"2025-03-04T05:06:07Z\"}}\n"
            ),
            "ndjson",
        ),
        (
            "social_follows",
            format!(
                "{{\"follow_id\":\"sf_CANARY0000001\",\"unionid\":\"{unionid}\",\"nickname\":\"{name}\",\
                 \"account\":\"brand_official\",\"followed_at\":\"2025-03-04T05:06:07Z\",\"source\":\"search\"}}\n"
            ),
            "ndjson",
        ),
    ]
}

/// A world of a few rows, all of them known.
pub(crate) mod small {
    use super::{Config, World};

    const MEMBERS: &str = "\
member_no,name,gender,birth_date,phone,email,id_number,address,city,region,joined_on,tier,marketing_consent
M00000001,王小明,male,1990-05-17,13800138001,ming.wang@example.com,,上海市黄浦区人民路1号,上海,SH,2024-01-15,gold,true
M00000002,李娜,female,1985-11-02,13800138002,na@example.com,,北京市东城区长安街2号,北京,BJ,2024-02-20,silver,true
M00000003,欧阳修文,male,1978-03-30,13800138003,,,广州市天河区体育路3号,广州,GD,2023-07-01,platinum,true
M00000004,Grace Hopper,female,1992-12-09,13800138004,grace.hopper@example.org,,上海市徐汇区衡山路4号,上海,SH,2025-03-08,bronze,false
M00000005,张伟,unknown,2001-01-31,13800138005,w@example.com,,上海市静安区南京路5号,上海,SH,2025-05-05,bronze,true
M00000006,陈静,female,1969-08-08,13800138006,chen.jing@example.net,,深圳市南山区科技路6号,深圳,GD,2022-10-10,gold,true
";

    const LINES: &str = "\
order_id,line_no,member_no,pay_account,store_id,region,product_id,category,quantity,amount,ordered_at,ordered_month,buyer_is_minor
O0000000000001,1,M00000001,,S001,SH,P00001,snacks,2,20.50,2025-01-05T10:00:00Z,2025-01,false
O0000000000001,2,M00000001,,S001,SH,P00002,dairy,1,9.90,2025-01-05T10:00:00Z,2025-01,false
O0000000000002,1,M00000002,,S002,BJ,P00001,snacks,1,10.25,2025-02-06T11:00:00Z,2025-02,false
O0000000000003,1,M00000003,,S003,GD,P00003,bakery,3,33.00,2025-03-07T12:00:00Z,2025-03,false
O0000000000004,1,M00000004,,S001,SH,P00002,dairy,1,9.90,2025-03-08T13:00:00Z,2025-03,false
O0000000000005,1,M00000006,,S003,GD,P00001,snacks,5,51.25,2025-04-09T14:00:00Z,2025-04,false
";

    const PRODUCTS: &str = "\
product_id,name,category,brand,price
P00001,Rice crackers,snacks,Acme,10.25
P00002,Milk,dairy,Globex,9.90
P00003,Bread,bakery,Acme,11.00
";

    const EVENTS: &str = r#"{"event_id":"ae_0000000000001","app_user_id":"au_0000000001","phone":"13800138001","device_id":"ca9a4700-77aa-4000-8000-000000000001","event":"app_open","occurred_at":"2025-06-01T08:00:00Z","page":"home","amount":null}
{"event_id":"ae_0000000000002","app_user_id":"au_0000000002","phone":null,"device_id":"ca9a4700-77aa-4000-8000-000000000002","event":"app_open","occurred_at":"2025-06-02T08:00:00Z","page":null,"amount":null}
"#;

    /// Opens a hub with these rows.
    pub(crate) async fn world() -> World {
        with(|_| {}).await
    }

    /// Opens a hub with these rows whose configuration was changed.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> World {
        let world = World::with(change).await;
        for (dataset, text, extension) in [
            ("crm_members", MEMBERS, "csv"),
            ("pos_order_lines", LINES, "csv"),
            ("dim_products", PRODUCTS, "csv"),
            ("app_events", EVENTS, "ndjson"),
        ] {
            let path = world.write(&format!("{dataset}.{extension}"), text);
            let done = world.ingest(dataset, &path).await.unwrap();
            assert_eq!(done.report.rows_quarantined, 0, "{dataset}: {:?}", done.report.reasons);
        }
        world
    }
}

/// Asks a hub whether it can work.
pub(crate) async fn ready(hub: &Arc<Hub>) -> (StatusCode, Value) {
    let (serving, server) = (Serving::new(Arc::clone(hub)), ServerSection::default());
    let router = router(Arc::new(serving), &server, Metrics::of_process());
    let response = router.oneshot(Request::get("/readyz").body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 10).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

/// A table is no wider than a page.
pub(crate) fn fits(told: &str) {
    let widest = told.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 100, "{widest}: {told}");
}
