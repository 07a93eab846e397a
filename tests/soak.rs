//! All that brings rows in, at once, while the hub is killed, the store fails and the broker goes away: at the end everything that was
//! acknowledged is there once. `make soak` goes on for ten minutes.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::backends::on_s3;
use crate::faults::proxy::{Fault, Proxy};
use crate::faults::store::Store;
use crate::hooks::{SECRET, SIGNED, hex, mac};
use crate::kafka::broker::Broker;
use crate::policy::copy;
use crate::program::{Program, Served, answer, number_of, output};
use crate::streams::event;
use crate::world::repository;

/// Seconds when nobody says how many.
const SECONDS: u32 = 20;
const SENDERS: u32 = 3;
const EVENTS: u32 = 20;
const FILE_ROWS: u32 = 5;
/// Each is a delivery of its own, some fifty requests; the store of these tests takes tens of milliseconds for one when it holds thousands of objects.
const FILE_EVERY: Duration = Duration::from_millis(2_500);
/// Requests to the store in a thousand that meet a fault.
const FAULTS: u64 = 20;

const TOPIC: &str = "app.events";
const PARTITIONS: i32 = 4;
/// Which million of serials comes by the webhook, and which by the topic.
const HOOK: u32 = SENDERS;
const BY_TOPIC: u32 = SENDERS + 1;

const SOURCE: &str = "description: Products, while the hub is killed.
dataset: dim_products
kind: files
folder: INBOX
settle_seconds: 0
every_seconds: 1
";

struct Soak {
    program: Program,
    /// Where the hub listens now.
    served: Mutex<Option<Served>>,
    bearer: String,
    stop: AtomicBool,
    /// Serials of events that were acknowledged.
    acknowledged: Mutex<BTreeSet<u32>>,
    tries: AtomicU64,
    kills: AtomicU64,
    files: AtomicU64,
}

impl Soak {
    fn new(endpoint: &str, brokers: &str) -> Self {
        let program = on_s3(endpoint)
            .with_env("MEMBRANE__STREAMS__COMMIT_SECONDS", "1")
            .with_env("HOOK_SECRET", SECRET);
        program.ok(&["keys", "init"]);
        std::fs::create_dir(program.path("inbox")).unwrap();
        copy(&repository().join("catalog"), &program.path("catalog"));
        std::fs::create_dir_all(program.path("catalog/sources")).unwrap();
        let text = SOURCE.replace("INBOX", program.path("inbox").to_str().unwrap());
        let topic = format!(
            "description: What members do in the app.\ndataset: app_events\nkind: kafka\nbrokers: ['{brokers}']\ntopic: {TOPIC}\nformat: json\n"
        );
        for (name, text) in [("products", text.as_str()), ("app", SIGNED), ("events", &topic)] {
            std::fs::write(program.path(&format!("catalog/sources/{name}.yaml")), text).unwrap();
        }
        let bearer = program.bearer("service:ingestor");
        Self {
            program,
            served: Mutex::default(),
            bearer,
            stop: AtomicBool::new(false),
            acknowledged: Mutex::default(),
            tries: AtomicU64::new(0),
            kills: AtomicU64::new(0),
            files: AtomicU64::new(0),
        }
    }

    fn start(&self) {
        self.let_go();
        // Its catalog has the source.
        let catalog = self.program.path("catalog");
        let mut command = self.program.bare();
        command.args(["serve", "--address", "127.0.0.1:0", "--catalog"]).arg(catalog);
        command.arg("--policies").arg(repository().join("policies"));
        *self.served.lock().unwrap() = Some(self.program.serve_by(command, "serve.log"));
    }

    /// As if the time had passed for which a killed process holds the source.
    fn let_go(&self) {
        let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=30); \
                      c.execute('UPDATE source SET holder = NULL, held_until = NULL'); c.commit()";
        let ledger = self.program.path(".membrane/ledger.sqlite");
        let done = output(Command::new("python3").args(["-c", script]).arg(ledger));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Sends pushes one after the other, each until it is acknowledged, and some of them once more.
    fn send(&self, sender: u32) {
        for push in 0.. {
            let first = sender * 1_000_000 + push * EVENTS;
            let serials = first..first + EVENTS;
            // Of seven events one breaks the contract: those are left out here.
            let lines: Vec<String> = serials.clone().map(|serial| event(serial * 7)).collect();
            let body =
                if sender == HOOK { format!("[{}]", lines.join(",")) } else { lines.join("\n") + "\n" };
            let file = self.program.path(&format!("push-{sender}.json"));
            std::fs::write(&file, body).unwrap();
            let at = format!("@{}", file.display());
            let (path, headers) = self.headers(sender, push, &file);
            let mut words = vec!["--data-binary", &at];
            for header in &headers {
                words.extend(["--header", header]);
            }
            let mut again = push % 5;
            loop {
                if self.stop.load(Ordering::SeqCst) {
                    return;
                }
                let base = self.served.lock().unwrap().as_ref().map(|served| served.base.clone());
                self.tries.fetch_add(1, Ordering::SeqCst);
                let bytes = base.map(|base| curl(&(base + path), &words)).unwrap_or_default();
                if bytes.starts_with(b"HTTP/1.1 200") && bytes.ends_with(b"}") {
                    let told = answer(&bytes).1;
                    assert!(sender == HOOK || told["rows_quarantined"] == 0, "{told}");
                    self.acknowledged.lock().unwrap().extend(serials.clone().map(|serial| serial * 7));
                    if again != 1 {
                        break;
                    }
                    // Acknowledged, and sent once more all the same.
                    again = 0;
                } else {
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }

    /// Where a push goes, and what is said of it: with a bearer and often a name, or signed.
    fn headers(&self, sender: u32, push: u32, file: &std::path::Path) -> (&'static str, Vec<String>) {
        if sender == HOOK {
            let tag = hex(&mac(&[&std::fs::read(file).unwrap()]));
            let headers = vec![
                "Content-Type: application/json".to_owned(),
                format!("X-Hub-Signature-256: sha256={tag}"),
                format!("X-Delivery: {push}"),
            ];
            return ("/hooks/app", headers);
        }
        let mut headers = vec![
            "Content-Type: application/x-ndjson".to_owned(),
            format!("Authorization: Bearer {}", self.bearer),
        ];
        if push.is_multiple_of(2) {
            headers.push(format!("Idempotency-Key: {sender}/{push}"));
        }
        ("/v1/events/app_events", headers)
    }

    /// Sends messages to the topic, whose broker is away now and then. Returns how many it has.
    fn publish(&self, broker: &mut Broker) -> u32 {
        let mut sent = 0;
        for round in 1_u32.. {
            if self.stop.load(Ordering::SeqCst) {
                return sent;
            }
            let message = |serial: u32| {
                let partition = i32::try_from(serial).unwrap() % PARTITIONS;
                (partition, Some(event((BY_TOPIC * 1_000_000 + serial) * 7).into_bytes()))
            };
            let messages: Vec<_> = (sent..sent + EVENTS).map(message).collect();
            broker.send(TOPIC, &messages);
            sent += EVENTS;
            // Nothing is on its way to it: what it has it has once.
            if round % 40 == 0 {
                broker.away(Duration::from_secs(2));
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        sent
    }

    /// Puts files into the inbox of the source.
    fn deliver(&self) {
        while !self.stop.load(Ordering::SeqCst) {
            let number = u32::try_from(self.files.fetch_add(1, Ordering::SeqCst)).unwrap();
            let rows: String = (number * FILE_ROWS..(number + 1) * FILE_ROWS)
                .map(|row| format!("P{row:05},Tea,tea_coffee,Leaf,1.25\n"))
                .collect();
            let (young, path) = (
                self.program.path(&format!(".{number}.csv")),
                self.program.path(&format!("inbox/{number:05}.csv")),
            );
            std::fs::write(&young, format!("product_id,name,category,brand,price\n{rows}")).unwrap();
            std::fs::rename(young, path).unwrap();
            std::thread::sleep(FILE_EVERY);
        }
    }

    fn kill(&self, seed: u32) {
        let mut state = u64::from(seed) | 1;
        while !self.stop.load(Ordering::SeqCst) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Now and then it lives for long enough to be given partitions: the broker misses a member after ten seconds.
            let longest = if state >> 60 < 3 { 25_000 } else { 3_000 };
            self.sleep(Duration::from_millis(1_500 + (state >> 33) % longest));
            let served = self.served.lock().unwrap().take();
            let pid = served.as_ref().unwrap().pid();
            assert!(output(Command::new("kill").args(["-KILL", &pid.to_string()])).status.success());
            drop(served);
            self.kills.fetch_add(1, Ordering::SeqCst);
            self.start();
        }
    }

    fn sleep(&self, longest: Duration) {
        let began = Instant::now();
        while began.elapsed() < longest && !self.stop.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Counts what is committed: another process does not see what the hub has in memory.
    fn committed(&self, sql: &str) -> Result<(u64, u64), String> {
        let mut command = self.program.bare();
        command.args(["sql", sql, "--as", "analyst:lee", "--purpose", "marketing_analysis", "--json"]);
        command.arg("--catalog").arg(self.program.path("catalog"));
        command.arg("--policies").arg(repository().join("policies"));
        let output = output(&mut command);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let row = &told["rows"][0];
        Ok((row["n"].as_u64().unwrap(), row["d"].as_u64().unwrap()))
    }

    fn wait_for(&self, sql: &str, rows: u64, longest: Duration) {
        let deadline = Instant::now() + longest;
        loop {
            let found = self.committed(sql);
            if found == Ok((rows, rows)) {
                return;
            }
            let is_doubled = found.as_ref().is_ok_and(|found| found.0 > rows);
            assert!(!is_doubled, "{found:?} where {rows} rows should be: {sql}");
            assert!(Instant::now() < deadline, "{found:?} where {rows} rows should be: {sql}");
            std::thread::sleep(Duration::from_millis(250));
        }
    }
}

fn curl(url: &str, words: &[&str]) -> Vec<u8> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--include", "--max-time", "20", url]);
    output(command.args(words)).stdout
}

/// Pushes until there is room: what the last kill left may take all of it for a while.
fn push_at_last(url: &str, words: &[&str]) -> serde_json::Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let (status, told) = answer(&curl(url, words));
        if status != 429 {
            return told;
        }
        assert!(Instant::now() < deadline, "{told}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn nothing_that_was_acknowledged_is_lost_or_doubled() {
    let seconds = number_of("MEMBRANE_SOAK_SECONDS", SECONDS);
    let seed = number_of("MEMBRANE_SOAK_SEED", 1);
    let store = Store::moto();
    let proxy = Proxy::start(&store.endpoint, u64::from(seed));
    let mut broker = Broker::that_misses_members(TOPIC, PARTITIONS);
    let soak = Arc::new(Soak::new(&proxy.endpoint, &broker.address()));
    // Makes the ledger.
    soak.program.ok(&["runs"]);
    soak.start();
    proxy.plan.per_mille.store(FAULTS, Ordering::SeqCst);
    let mut work = Vec::new();
    for sender in 0..=HOOK {
        let soak = Arc::clone(&soak);
        work.push(std::thread::spawn(move || soak.send(sender)));
    }
    let own = Arc::clone(&soak);
    work.push(std::thread::spawn(move || own.deliver()));
    let own = Arc::clone(&soak);
    work.push(std::thread::spawn(move || own.kill(seed)));
    let own = Arc::clone(&soak);
    work.push(std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(u64::from(seconds)));
        own.stop.store(true, Ordering::SeqCst);
    }));
    let messages = soak.publish(&mut broker);
    for work in work {
        work.join().unwrap();
    }
    proxy.plan.per_mille.store(0, Ordering::SeqCst);
    let met: usize = Fault::ALL.iter().map(|fault| proxy.met(*fault)).sum();
    // What was sent last and not answered may be there or not: it is sent again, and known again.
    let acknowledged = soak.acknowledged.lock().unwrap().len();
    for sender in 0..=HOOK {
        let file = soak.program.path(&format!("push-{sender}.json"));
        let body = std::fs::read_to_string(&file).unwrap();
        let list = if sender == HOOK { body } else { format!("[{}]", body.trim_end().replace('\n', ",")) };
        let events: Vec<serde_json::Value> = serde_json::from_str(&list).unwrap();
        let at = format!("@{}", file.display());
        // A push without a name: the name of the last one may be that of what is there.
        let (path, headers) = soak.headers(sender, 1_000_001, &file);
        let mut words = vec!["--data-binary", &at];
        for header in &headers {
            words.extend(["--header", header]);
        }
        let base = soak.served.lock().unwrap().as_ref().unwrap().base.clone();
        let told = push_at_last(&format!("{base}{path}"), &words);
        assert_eq!(told["events"], json!(events.len()), "{told}");
        for event in events {
            let serial = event["event_id"].as_str().unwrap().trim_start_matches("ae_").parse().unwrap();
            soak.acknowledged.lock().unwrap().insert(serial);
        }
    }
    let events = soak.acknowledged.lock().unwrap().len() + usize::try_from(messages).unwrap();
    let rows = soak.files.load(Ordering::SeqCst) * u64::from(FILE_ROWS);
    println!(
        "{seconds} s: {acknowledged} events acknowledged in {} tries, {messages} messages of the topic, {} files, {} kills, {met} faults of the store",
        soak.tries.load(Ordering::SeqCst),
        soak.files.load(Ordering::SeqCst),
        soak.kills.load(Ordering::SeqCst)
    );
    let sql = "SELECT count(*) AS n, count(DISTINCT event_id) AS d FROM app_events";
    soak.wait_for(sql, u64::try_from(events).unwrap(), Duration::from_secs(120));
    // A source that was held up is looked at again after five minutes at most, and each file is a delivery of its own.
    let sql = "SELECT count(*) AS n, count(DISTINCT product_id) AS d FROM dim_products";
    soak.wait_for(sql, rows, Duration::from_secs(400 + soak.files.load(Ordering::SeqCst)));
    println!("each of {events} events and messages and {rows} rows of files is there once");
    let log = soak.served.lock().unwrap().take().unwrap().stop();
    assert!(!log.is_empty());
}
