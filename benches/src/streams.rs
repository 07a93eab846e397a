//! Streams: how long a push waits for its acknowledgement, and an event until governed SQL shows it, while so many come in.
//!
//! The hub is a process of its own, `membrane serve` beside this program. Events carry a serial, and the clock of this program is read when
//! they are made; another task asks for serials in SQL, one after the other, until it sees them. Meanwhile members buy something, one a second: a
//! third task asks for the tag that follows orders until it says so.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, watch};
use tokio::time::{MissedTickBehavior, interval};

use crate::table::print;

/// Seconds when nobody says how many.
const SECONDS: u64 = 60;
/// Pushes a second, and events in each.
const PUSHES: u64 = 50;
const EVENTS: u64 = 100;
/// Members who buy something, one a second.
const BUYERS: u64 = 3_600;
const SENDER: &str = "service:ingestor";
const ANALYST: &str = "analyst:lee";

/// Runs the bench and prints its table.
pub(crate) fn bench(runtime: &Runtime, arguments: &[&str]) -> Result<()> {
    let seconds = arguments.first().map_or(Ok(SECONDS), |text| text.parse())?;
    runtime.block_on(measure(seconds))
}

/// A hub at work.
struct Hub {
    child: Child,
    base: String,
    client: Client<HttpConnector, Full<Bytes>>,
    sender: String,
    analyst: String,
}

impl Hub {
    fn start(dir: &Path) -> Result<Self> {
        run(dir, &["keys", "init"])?;
        std::fs::write(dir.join("members.csv"), members())?;
        run(dir, &["ingest", "crm_members", "members.csv"])?;
        let (sender, analyst) = (bearer(dir, SENDER)?, bearer(dir, ANALYST)?);
        let log = dir.join("serve.log");
        let file = std::fs::File::create(&log)?;
        let child = command(dir, &["serve", "--address", "127.0.0.1:0"])
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .context("start the hub")?;
        let began = Instant::now();
        let base = loop {
            let text = std::fs::read_to_string(&log)?;
            let told = text.lines().find_map(|line| line.strip_prefix("membrane listens on "));
            if let Some(base) = told.filter(|_| text.ends_with('\n')) {
                break base.to_owned();
            }
            ensure!(began.elapsed() < Duration::from_secs(60), "the hub does not listen: {text}");
            std::thread::sleep(Duration::from_millis(20));
        };
        Ok(Self { child, base, client: Client::builder(TokioExecutor::new()).build_http(), sender, analyst })
    }

    /// Sends a request and returns its answer.
    async fn send(&self, path: &str, bearer: &str, kind: &str, body: String) -> Result<Value> {
        let request = Request::post(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {bearer}"))
            .header("content-type", kind)
            .body(Full::new(Bytes::from(body)))?;
        let response = self.client.request(request).await?;
        let status = response.status();
        let told: Value = serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?;
        ensure!(status.is_success(), "{status}: {told}");
        Ok(told)
    }

    async fn push(&self, body: String) -> Result<u64> {
        self.push_to("app_events", body).await
    }

    async fn push_to(&self, dataset: &str, body: String) -> Result<u64> {
        let path = format!("/v1/events/{dataset}");
        let told = self.send(&path, &self.sender, "application/x-ndjson", body).await?;
        told.pointer("/rows_accepted").and_then(Value::as_u64).context("no count")
    }

    async fn ask(&self, sql: &str) -> Result<u64> {
        let body = json!({ "sql": sql, "purpose": "marketing_analysis" }).to_string();
        let told = self.send("/v1/query", &self.analyst, "application/json", body).await?;
        told.pointer("/rows/0/n").and_then(Value::as_u64).with_context(|| format!("no answer: {told}"))
    }

    /// Returns its resident memory and the most that it had, in MiB.
    fn memory(&self) -> Result<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib =
                line.and_then(|line| line.trim_start_matches(':').trim().split(' ').next()?.parse().ok());
            kib.map(|kib: u64| kib >> 10).context("no memory in /proc")
        };
        Ok((of("VmRSS")?, of("VmHWM")?))
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(dir: &Path, words: &[&str]) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let beside = std::env::current_exe().unwrap_or_default().with_file_name("membrane");
    let mut command = Command::new(beside);
    command.args(words).arg("--catalog").arg(root.join("catalog"));
    command.arg("--policies").arg(root.join("policies"));
    command.env("MEMBRANE__POLICIES__SERVE", "folder").current_dir(dir).stdin(Stdio::null());
    command
}

fn run(dir: &Path, words: &[&str]) -> Result<Vec<u8>> {
    let output = command(dir, words).output().context("run membrane, which is built beside this program")?;
    if !output.status.success() {
        bail!("membrane {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}

fn bearer(dir: &Path, principal: &str) -> Result<String> {
    let told: Value = serde_json::from_slice(&run(dir, &["bearer", principal, "--json"])?)?;
    told.pointer("/bearer").and_then(Value::as_str).map(str::to_owned).context("no bearer")
}

/// The events from a serial on; a member has about fifty.
fn events(first: u64) -> String {
    let mut text = String::new();
    let now = membrane_model::Clock::now(&crate::hub::SystemClock).format("%Y-%m-%dT%H:%M:%S%.3fZ");
    for serial in first..first + EVENTS {
        let member = serial.wrapping_mul(2_654_435_761) % 100_000;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            r#"{{"event_id":"ae_{serial:013}","app_user_id":"au_{member:010}","phone":"139{member:08}","device_id":"0a1b2c3d-0000-4000-8000-{member:012}","event":"view_product","occurred_at":"{now}","page":"product"}}"#
        );
    }
    text
}

/// Members, who all agree to marketing.
fn members() -> String {
    let mut text = "member_no,name,gender,birth_date,phone,email,id_number,address,city,region,joined_on,tier,marketing_consent\n".to_owned();
    for member in 1..=BUYERS {
        let _ = writeln!(
            text,
            "M{member:08},Ann Li,female,1961-03-03,139{member:08},,,1 Road,Shanghai,SH,2025-01-02,gold,true"
        );
    }
    text
}

/// Lets one member after the other buy something, and asks for their tag until it is there.
async fn follow(hub: Arc<Hub>, stop: Arc<AtomicBool>) -> Result<Latencies> {
    let mut found = Latencies::default();
    let mut beat = interval(Duration::from_secs(1));
    for member in 1..=BUYERS {
        beat.tick().await;
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let now = membrane_model::Clock::now(&crate::hub::SystemClock).format("%Y-%m-%dT%H:%M:%S%.3fZ");
        let order = format!(
            r#"{{"order_id":"O{member:013}","member_no":"M{member:08}","store_id":"S001","region":"SH","ordered_at":"{now}","channel":"store","items":1,"amount":"5.00","payment_account":null,"buyer_is_minor":false}}"#
        );
        let made = Instant::now();
        ensure!(hub.push_to("pos_orders", order).await? == 1, "an order was not taken in");
        let sql = "SELECT count(DISTINCT member_no) AS n FROM member_tags WHERE tag = 'member.shopping_now' AND value = 'warm'";
        while hub.ask(sql).await? < member {
            ensure!(made.elapsed() < Duration::from_secs(30), "a tag did not follow in 30 s");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        found.0.push(made.elapsed().as_secs_f64() * 1e3);
    }
    Ok(found)
}

/// Latencies in milliseconds.
#[derive(Default)]
struct Latencies(Vec<f64>);

impl Latencies {
    fn line(mut self, what: &str, goals: &str) -> String {
        self.0.sort_by(f64::total_cmp);
        let at = |share: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a place in a list"
            )]
            let place = (self.0.len() as f64 * share) as usize;
            self.0.get(place.min(self.0.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
        };
        let (p50, p95, p99, most) = (at(0.5), at(0.95), at(0.99), at(1.0));
        format!("| {what} | {} | {p50:.1} | {p95:.1} | {p99:.1} | {most:.1} | {goals} |", self.0.len())
    }
}

async fn measure(seconds: u64) -> Result<()> {
    let dir = tempfile::tempdir().context("make a folder")?;
    let home: PathBuf = dir.path().to_path_buf();
    let hub = Arc::new(Hub::start(&home)?);
    let (newest, asked) = watch::channel(None);
    let stop = Arc::new(AtomicBool::new(false));
    let asking = tokio::spawn(ask(Arc::clone(&hub), asked, Arc::clone(&stop)));
    let following = tokio::spawn(follow(Arc::clone(&hub), Arc::clone(&stop)));
    let acknowledged = Arc::new(Mutex::new(Latencies::default()));
    let accepted = Arc::new(AtomicU64::new(0));
    let refused = Arc::new(AtomicU64::new(0));
    let mut beat = interval(Duration::from_secs(1) / u32::try_from(PUSHES)?);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (began, mut pushing, mut early) = (Instant::now(), Vec::new(), (0, 0));
    for push in 0..seconds * PUSHES {
        beat.tick().await;
        if push == seconds * PUSHES / 3 {
            early = hub.memory()?;
        }
        let (hub, acknowledged) = (Arc::clone(&hub), Arc::clone(&acknowledged));
        let (accepted, refused) = (Arc::clone(&accepted), Arc::clone(&refused));
        let made = Instant::now();
        let body = events(push * EVENTS);
        let _ = newest.send(Some((push * EVENTS, made)));
        pushing.push(tokio::spawn(async move {
            match hub.push(body).await {
                Ok(rows) => {
                    acknowledged.lock().await.0.push(made.elapsed().as_secs_f64() * 1e3);
                    accepted.fetch_add(rows, Ordering::Relaxed);
                }
                Err(_) => {
                    refused.fetch_add(1, Ordering::Relaxed);
                }
            }
        }));
    }
    for push in pushing {
        push.await?;
    }
    let took = began.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    let visible = asking.await??;
    let followed = following.await??;
    let rows = accepted.load(Ordering::Relaxed);
    let (resident, most) = hub.memory()?;
    let there = hub.ask("SELECT count(*) AS n FROM app_events").await?;
    ensure!(there == rows, "{rows} rows were acknowledged and {there} are there");
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let rate = rows as f64 / took;
    print("");
    print(&format!(
        "{rate:.0} events/s in pushes of {EVENTS} for {took:.0} s, {} refused; every acknowledged event is there once. \
         Memory {} MiB after a third, {resident} MiB at the end, {most} MiB at most.",
        refused.load(Ordering::Relaxed),
        early.0
    ));
    print("");
    print("| ms | measured | median | p95 | p99 | most | goal |");
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    let acknowledged = std::mem::take(&mut *acknowledged.lock().await);
    print(&acknowledged.line("push until acknowledged", "p99 50 (20)"));
    print(&visible.line("event until SQL shows it", "p95 1000, p99 2000"));
    print(&followed.line("order until its tag says so", "seconds"));
    Ok(())
}

/// Asks for the newest serial again and again until it is there, then for the next.
async fn ask(
    hub: Arc<Hub>,
    asked: watch::Receiver<Option<(u64, Instant)>>,
    stop: Arc<AtomicBool>,
) -> Result<Latencies> {
    let mut found = Latencies::default();
    while !stop.load(Ordering::Relaxed) {
        let newest = *asked.borrow();
        let Some((serial, made)) = newest else {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        let sql = format!("SELECT count(*) AS n FROM app_events WHERE event_id = 'ae_{serial:013}'");
        while hub.ask(&sql).await? == 0 {
            ensure!(made.elapsed() < Duration::from_secs(30), "an event was not seen in 30 s");
        }
        found.0.push(made.elapsed().as_secs_f64() * 1e3);
    }
    Ok(found)
}
