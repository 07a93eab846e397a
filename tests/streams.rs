//! Events that are pushed: acknowledged when they are durable, in answers at once, each once, whatever is killed.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::backends::on_s3;
use crate::faults::proxy::Proxy;
use crate::faults::store::Store;
use crate::program::{Program, Served, answer, number_of};
use crate::world::{files_with, holds};

const SENDER: &str = "service:ingestor";
const PHONE: &str = "13912345678";

/// A hub with an empty ledger that serves, and what is told of it.
struct Hub {
    program: Program,
    served: Option<Served>,
    bearer: String,
    analyst: String,
}

impl Hub {
    fn new(commit_seconds: u32) -> Self {
        let program =
            Program::new().with_env("MEMBRANE__STREAMS__COMMIT_SECONDS", &commit_seconds.to_string());
        program.ok(&["keys", "init"]);
        let (bearer, analyst) = (program.bearer(SENDER), program.bearer("analyst:lee"));
        let mut hub = Self { program, served: None, bearer, analyst };
        hub.start();
        hub
    }

    fn start(&mut self) {
        self.served = Some(self.program.serve());
    }

    fn served(&self) -> &Served {
        self.served.as_ref().unwrap()
    }

    /// Pushes events and returns status and answer.
    fn push(&self, body: &str, more: &[&str]) -> (u16, Value) {
        let file = self.program.path("push.json");
        std::fs::write(&file, body).unwrap();
        let at = format!("@{}", file.display());
        let words = ["--header", "Content-Type: application/x-ndjson", "--data-binary", &at];
        answer(&self.served().curl("/v1/events/app_events", Some(&self.bearer), &[&words, more].concat()))
    }

    fn ask(&self, sql: &str) -> Value {
        self.served().rows(&self.analyst, sql)
    }

    fn count(&self) -> (u64, u64) {
        let rows = self.ask("SELECT count(*) AS n, count(DISTINCT event_id) AS d FROM app_events");
        (rows[0]["n"].as_u64().unwrap(), rows[0]["d"].as_u64().unwrap())
    }

    /// Waits until so many rows are committed.
    fn committed(&self) -> u64 {
        let sql = "SELECT count(*) AS n FROM app_events";
        let words = ["sql", sql, "--as", "analyst:lee", "--purpose", "marketing_analysis"];
        // Another process: it sees what is committed, and nothing else.
        self.program.json(&words)["rows"][0]["n"].as_u64().unwrap()
    }

    fn wait_committed(&self, rows: u64) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.committed() < rows {
            assert!(Instant::now() < deadline, "{} of {rows}", self.committed());
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(self.committed(), rows);
    }
}

/// The event of a number, a line; every seventh has no amount that is one.
pub(crate) fn event(number: u32) -> String {
    let amount = if number % 7 == 6 { json!("-1.00") } else { json!("12.50") };
    json!({
        "event_id": format!("ae_{number:013}"),
        "app_user_id": format!("au_{:010}", number % 5),
        "phone": PHONE,
        "device_id": "0a1b2c3d-0000-4000-8000-000000000000",
        "event": "purchase",
        "occurred_at": "2026-01-02T03:04:05Z",
        "page": "cart",
        "amount": amount,
    })
    .to_string()
}

fn events(numbers: std::ops::Range<u32>) -> String {
    numbers.map(|number| event(number) + "\n").collect()
}

#[test]
fn an_event_is_in_answers_once_it_is_acknowledged_and_each_once() {
    let hub = Hub::new(3_600);
    let (status, told) = hub.push(&events(0..6), &[]);
    assert_eq!((status, &told["rows_accepted"]), (200, &json!(6)), "{told}");
    assert_eq!(hub.count(), (6, 6));
    assert_eq!(hub.committed(), 0, "nothing is committed yet");
    // The same again, with one that is new, and one that breaks the contract.
    let (status, told) = hub.push(&events(0..8), &[]);
    let counts = (&told["rows_accepted"], &told["duplicates"], &told["rows_quarantined"]);
    assert_eq!((status, counts), (200, (&json!(1), &json!(6), &json!(1))), "{told}");
    assert_eq!(hub.count(), (7, 7));
    let masked = hub.ask("SELECT DISTINCT phone FROM app_events");
    assert!(!masked.to_string().contains(PHONE), "{masked}");
    // What lies on the disk is protected.
    let folder = hub.program.path(".membrane");
    assert!(!files_with(&folder.join("streams"), "purchase").is_empty(), "a segment is there");
    assert!(files_with(&folder, PHONE).is_empty());
    let Hub { program, served, .. } = hub;
    let log = served.unwrap().stop();
    assert!(!holds(&log, PHONE.as_bytes()));
    // Told to stop, it commits.
    let words = ["sql", "SELECT count(*) AS n FROM app_events", "--as", "analyst:lee"];
    let told = program.json(&[&words[..], &["--purpose", "marketing_analysis"]].concat());
    assert_eq!(told["rows"][0]["n"], 7);
}

#[test]
fn a_push_with_a_name_is_answered_once() {
    let hub = Hub::new(3_600);
    let name = ["--header", "Idempotency-Key: till-7/1"];
    let (_, first) = hub.push(&events(0..8), &name);
    assert_eq!((&first["rows_accepted"], &first["already"]), (&json!(7), &json!(false)), "{first}");
    let (status, again) = hub.push(&events(0..8), &name);
    assert_eq!(
        (status, &again["rows_accepted"], &again["already"]),
        (200, &json!(7), &json!(true)),
        "{again}"
    );
    let (status, other) = hub.push(&events(0..9), &name);
    assert_eq!((status, &other["error"]["code"]), (422, &json!("name_taken")), "{other}");
    assert_eq!(hub.count(), (7, 7));
}

#[test]
fn what_cannot_be_taken_in_is_refused_and_leaves_nothing() {
    let hub = Hub::new(3_600);
    let (status, told) = hub.push("\u{fffd}not json\n", &[]);
    assert_eq!(
        (status, &told["error"]["code"]),
        (400, &json!("input_malformed")),
        "none is a record: {told}"
    );
    assert_eq!(hub.count(), (0, 0));
    let (status, told) = hub.push(&format!("not json\n{}", events(0..1)), &[]);
    let counts = (&told["rows_accepted"], &told["rows_quarantined"]);
    assert_eq!((status, counts), (200, (&json!(1), &json!(1))), "one that is none is set aside: {told}");
    let words = ["--header", "Content-Type: application/json", "--data-binary", "{}"];
    let (status, told) = answer(&hub.served().curl("/v1/events/nothing", Some(&hub.bearer), &words));
    assert_eq!((status, &told["error"]["code"]), (404, &json!("not_found")), "{told}");
    let (status, told) = answer(&hub.served().curl("/v1/events/app_events", Some(&hub.analyst), &words));
    assert_eq!(status, 403, "{told}");
    let (status, told) = answer(&hub.served().curl("/v1/events/app_events", None, &words));
    assert_eq!(status, 401, "{told}");
    let (status, told) = hub.push(&"x".repeat(5 << 20), &[]);
    assert_eq!((status, &told["error"]["code"]), (413, &json!("too_large")), "{told}");
}

/// One sender whose clock is years ahead does not make all others late.
#[test]
fn an_event_ahead_of_the_clock_does_not_say_how_far_all_are() {
    let hub = Hub::new(3_600);
    let ahead = event(1).replace("2026-01-02T03:04:05Z", "2099-01-02T03:04:05Z");
    let (status, told) = hub.push(&format!("{}\n{ahead}\n", event(0)), &[]);
    assert_eq!((status, &told["rows_accepted"]), (200, &json!(2)), "{told}");
    let streams = hub.served().curl("/v1/streams", Some(&hub.program.bearer("compliance:olga")), &[]);
    let (status, told) = answer(&streams);
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["streams"][0]["newest"], "2026-01-02T03:04:05.000Z", "{told}");
}

/// What has no key cannot be told from what else has none: none of it is taken for what came before.
#[test]
fn events_without_a_key_are_set_aside_each() {
    let hub = Hub::new(3_600);
    let (status, told) = hub.push("{\"Order\":\"A\"}\n{\"Order\":\"B\"}\n{\"x\":1}\n", &[]);
    let counts = (&told["rows_quarantined"], &told["duplicates"]);
    assert_eq!((status, counts), (200, (&json!(3), &json!(0))), "{told}");
    // One that has a key, and comes again, is known.
    for (aside, again) in [(1, 0), (0, 1)] {
        let (_, told) = hub.push(&events(6..7), &[]);
        assert_eq!(
            (&told["rows_quarantined"], &told["duplicates"]),
            (&json!(aside), &json!(again)),
            "{told}"
        );
    }
}

#[test]
fn an_event_over_several_lines_may_be_packed() {
    let hub = Hub::new(3_600);
    let body = event(0).replace(',', ",\n");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(body.as_bytes()).unwrap();
    let file = hub.program.path("push.json.gz");
    std::fs::write(&file, packed.finish().unwrap()).unwrap();
    let at = format!("@{}", file.display());
    let words = ["--header", "Content-Type: application/json", "--header", "Content-Encoding: gzip"];
    let words = [&words[..], &["--data-binary", &at]].concat();
    let (status, told) = answer(&hub.served().curl("/v1/events/app_events", Some(&hub.bearer), &words));
    assert_eq!((status, &told["rows_accepted"]), (200, &json!(1)), "{told}");
    // What unpacks to more than a push may be is refused before it takes memory.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    bomb.write_all(&vec![b' '; 40 << 20]).unwrap();
    std::fs::write(&file, bomb.finish().unwrap()).unwrap();
    let (status, told) = answer(&hub.served().curl("/v1/events/app_events", Some(&hub.bearer), &words));
    assert_eq!((status, &told["error"]["code"]), (413, &json!("input_too_large")), "{told}");
}

/// While the store does not answer, events are acknowledged on; once it does they are committed, each once.
#[test]
fn a_store_that_is_away_keeps_no_event_out() {
    let store = Store::moto();
    let proxy = Proxy::start(&store.endpoint, 7);
    let program = on_s3(&proxy.endpoint).with_env("MEMBRANE__STREAMS__COMMIT_SECONDS", "1");
    program.ok(&["keys", "init"]);
    let (bearer, analyst) = (program.bearer(SENDER), program.bearer("analyst:lee"));
    let mut hub = Hub { program, served: None, bearer, analyst };
    hub.start();
    assert_eq!(hub.push(&events(0..6), &[]).0, 200);
    hub.wait_committed(6);
    proxy.plan.per_mille.store(1_000, Ordering::SeqCst);
    // Over several portions: each begins a second after the one before, and none asks the store.
    for push in 1..5 {
        std::thread::sleep(Duration::from_millis(1_200));
        let lines: String = (push * 6..push * 6 + 6).map(|number| event(number * 7) + "\n").collect();
        let (status, told) = hub.push(&lines, &[]);
        assert_eq!((status, &told["rows_accepted"]), (200, &json!(6)), "{told}");
    }
    proxy.plan.per_mille.store(0, Ordering::SeqCst);
    hub.wait_committed(30);
    assert_eq!(hub.count(), (30, 30));
}

/// Kills a hub that is being pushed to, again and again: what was acknowledged is there, once.
#[test]
fn what_was_acknowledged_outlives_the_hub() {
    let rounds = number_of("MEMBRANE_STREAM_KILLS", 8);
    let mut hub = Hub::new(1);
    let mut acknowledged = 0;
    for round in 0..rounds {
        let pid = hub.served().pid();
        // Killed some time after the first of these pushes.
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(40 * u64::from(round % 12)));
            Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
        });
        let mut pushed = acknowledged;
        loop {
            let (from, to) = (pushed * 6, pushed * 6 + 6);
            let body = (from..to).map(|number| event(number * 7) + "\n").collect::<String>();
            let file = hub.program.path("push.json");
            std::fs::write(&file, body).unwrap();
            let at = format!("@{}", file.display());
            let words = ["--header", "Content-Type: application/x-ndjson", "--data-binary", &at];
            let bytes = hub.served().curl("/v1/events/app_events", Some(&hub.bearer), &words);
            if !bytes.starts_with(b"HTTP/1.1 200") || !bytes.ends_with(b"}") {
                break;
            }
            pushed += 1;
        }
        killer.join().unwrap();
        drop(hub.served.take());
        hub.start();
        // The push that was under way may be there or not; it comes again.
        acknowledged = pushed + 1;
        let body = (pushed * 6..acknowledged * 6).map(|number| event(number * 7) + "\n").collect::<String>();
        let (status, told) = hub.push(&body, &[]);
        assert_eq!(status, 200, "{told}");
        let rows = u64::from(acknowledged * 6);
        assert_eq!(hub.count(), (rows, rows), "round {round}");
    }
    hub.wait_committed(u64::from(acknowledged * 6));
}

/// Segments of several processes, one of which was committed before its process was killed, are committed by one commit, each row once.
#[test]
fn what_several_processes_left_is_committed_at_once() {
    const PROCESSES: u32 = 5;
    let mut hub = Hub::new(3_600);
    let folder = hub.program.path(".membrane/streams/app_events");
    let kept = hub.program.path("kept");
    std::fs::create_dir(&kept).unwrap();
    let move_segments = |from: &Path, to: &Path| {
        let segments = named(from, ".segment");
        for segment in &segments {
            std::fs::rename(segment, to.join(segment.file_name().unwrap())).unwrap();
        }
        segments.len()
    };
    for process in 0..PROCESSES {
        // The seventh event of each breaks the contract.
        assert_eq!(hub.push(&events(process * 7..process * 7 + 7), &[]).1["rows_quarantined"], 1);
        drop(hub.served.take());
        assert_eq!(move_segments(&folder, &kept), 1);
        if process == 0 {
            for segment in named(&kept, ".segment") {
                std::fs::copy(&segment, folder.join(segment.file_name().unwrap())).unwrap();
            }
        }
        hub.start();
        hub.wait_committed(6);
    }
    drop(hub.served.take());
    let copies = hub.program.path("copies");
    std::fs::create_dir(&copies).unwrap();
    for segment in named(&kept, ".segment") {
        std::fs::copy(&segment, copies.join(segment.file_name().unwrap())).unwrap();
    }
    assert_eq!(move_segments(&kept, &folder), usize::try_from(PROCESSES).unwrap());
    let log = hub.program.path(".membrane/data/tables/app_events/_delta_log");
    let before = named(&log, ".json").len();
    hub.start();
    let rows = u64::from(PROCESSES * 6);
    assert_eq!(hub.count(), (rows, rows), "they are in answers before the hub listens");
    hub.wait_committed(rows);
    assert_eq!(named(&log, ".json").len(), before + 1);
    // Killed before it put them away, the next one finds all of them committed, each stream by its mark.
    drop(hub.served.take());
    for segment in named(&copies, ".segment") {
        std::fs::copy(&segment, folder.join(segment.file_name().unwrap())).unwrap();
    }
    hub.start();
    assert_eq!(hub.count(), (rows, rows));
    let deadline = Instant::now() + Duration::from_secs(60);
    while !named(&folder, ".segment").is_empty() {
        assert!(Instant::now() < deadline, "they are put away");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(hub.count(), (rows, rows));
    assert_eq!(named(&log, ".json").len(), before + 1, "nothing was committed again");
    let aside = hub.program.json(&["quarantine", "list", "app_events"]);
    let aside: Vec<u64> =
        aside["set_aside"].as_array().unwrap().iter().map(|one| one["rows"].as_u64().unwrap()).collect();
    assert_eq!(aside.iter().sum::<u64>(), u64::from(PROCESSES), "{aside:?}");
}

/// Returns the files of a folder whose names end so.
fn named(folder: &Path, end: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.to_str().unwrap().ends_with(end)).collect()
}
