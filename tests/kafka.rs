//! Topics as sources: messages are in answers at once, in the table once each, and what is no record keeps nothing else waiting.

pub(crate) mod broker;
mod forms;
mod refuses;

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{Program, Served, number_of};
use crate::world::{files_with, holds};

use broker::Broker;

const TOPIC: &str = "app.events";
const PHONE: &str = "13912345678";
/// How long anything may take: a group that misses a member waits ten seconds for it.
const LONGEST: Duration = Duration::from_secs(90);

/// A hub that follows a topic, and what it is asked through.
struct Hub {
    program: Program,
    analyst: String,
}

impl Hub {
    fn new(broker: &Broker, commit_seconds: u32, more: &str) -> Self {
        Self::at(&broker.address(), commit_seconds, more)
    }

    fn at(broker: &str, commit_seconds: u32, more: &str) -> Self {
        let source = format!(
            "description: What members do in the app.\ndataset: app_events\nkind: kafka\nbrokers: ['{broker}']\ntopic: {TOPIC}\nformat: json\n{more}"
        );
        Self::with(("events", &source), commit_seconds)
    }

    fn with(source: (&str, &str), commit_seconds: u32) -> Self {
        let program = Program::new()
            .with_sources(&[source])
            .with_env("MEMBRANE__STREAMS__COMMIT_SECONDS", &commit_seconds.to_string())
            .with_env("KAFKA_PASSWORD", "canary-password");
        program.ok(&["keys", "init"]);
        let analyst = program.bearer("analyst:lee");
        Self { program, analyst }
    }

    fn ask(&self, served: &Served, sql: &str) -> Value {
        served.rows(&self.analyst, sql)
    }

    /// Rows, and how many of them are different events.
    fn count(&self, served: &Served) -> (u64, u64) {
        let rows = self.ask(served, "SELECT count(*) AS n, count(DISTINCT event_id) AS d FROM app_events");
        (rows[0]["n"].as_u64().unwrap(), rows[0]["d"].as_u64().unwrap())
    }

    fn wait_for(&self, served: &Served, rows: u64) {
        wait_until(|| self.count(served), |(found, _)| *found >= rows);
        assert_eq!(self.count(served), (rows, rows));
    }

    /// What is committed: another process sees nothing else.
    fn committed(&self) -> (u64, u64) {
        let sql = "SELECT count(*) AS n, count(DISTINCT event_id) AS d FROM app_events";
        let told = self.program.json(&["sql", sql, "--as", "analyst:lee", "--purpose", "marketing_analysis"]);
        let row = &told["rows"][0];
        (row["n"].as_u64().unwrap(), row["d"].as_u64().unwrap())
    }

    fn wait_committed(&self, rows: u64) {
        wait_until(|| self.committed(), |(found, _)| *found >= rows);
        assert_eq!(self.committed(), (rows, rows));
    }

    /// Where the source stands.
    fn stands(&self) -> Value {
        self.program.json(&["source", "list"])["sources"][0].clone()
    }

    /// How many rows were set aside, by reason.
    fn aside(&self, dataset: &str) -> Vec<(String, u64)> {
        let told = self.program.json(&["quarantine", "list", dataset]);
        let mut found = std::collections::BTreeMap::<String, u64>::new();
        for group in told["set_aside"].as_array().unwrap() {
            let reasons = group["reasons"].as_str().unwrap().to_owned();
            *found.entry(reasons).or_default() += group["rows"].as_u64().unwrap();
        }
        found.into_iter().collect()
    }
}

/// Starts a hub that shares ledger and data with others, with a log of its own.
fn serve(hub: &Hub, log: &str) -> Served {
    hub.program.serve_by(hub.program.command(&["serve", "--address", "127.0.0.1:0"]), log)
}

fn wait_until<T: std::fmt::Debug>(mut look: impl FnMut() -> T, is_there: impl Fn(&T) -> bool) {
    let deadline = Instant::now() + LONGEST;
    loop {
        let found = look();
        if is_there(&found) {
            return;
        }
        assert!(Instant::now() < deadline, "{found:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The event of a number; every seventh has no amount that is one.
fn event(number: u32) -> Vec<u8> {
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
    .into_bytes()
}

fn events(numbers: std::ops::Range<u32>, partitions: i32) -> Vec<(i32, Option<Vec<u8>>)> {
    let partition = |number: u32| i32::try_from(number).unwrap() % partitions;
    numbers.map(|number| (partition(number), Some(event(number)))).collect()
}

/// Rows that fit among the first so many.
fn fitting(numbers: u32) -> u64 {
    u64::from(numbers - numbers / 7)
}

#[test]
fn messages_are_in_answers_before_they_are_committed_and_each_once() {
    let mut broker = Broker::start(TOPIC, 1);
    broker.send(TOPIC, &events(0..7, 1));
    let poison: [Option<&[u8]>; 7] = [
        Some(b"not json"),
        Some(b"\xff\xfe\x00\x01"),
        Some(b"\x1f\x8b canary-in-a-packing"),
        Some(b"[]"),
        Some(b"  "),
        None,
        // A message on two lines is one message.
        Some(b"{\"event_id\":\n\"x\"}"),
    ];
    broker.send(TOPIC, &poison.map(|message| (0, message.map(<[u8]>::to_vec))));
    broker.send(TOPIC, &events(7..9, 1));
    let hub = Hub::new(&broker, 3_600, "");
    let served = hub.program.serve();
    hub.wait_for(&served, 8);
    assert_eq!(hub.committed(), (0, 0), "nothing is committed yet");
    // The same events again, as a sender sends that heard no answer.
    broker.send(TOPIC, &events(0..10, 1));
    hub.wait_for(&served, 9);
    let masked = hub.ask(&served, "SELECT DISTINCT phone FROM app_events");
    assert!(!masked.to_string().contains(PHONE), "{masked}");
    wait_until(|| hub.stands(), |source| source["waiting"] == 0 && source["looked"].is_string());
    assert_eq!(hub.stands()["fault"], Value::Null);
    // Told to stop, it commits.
    let log = served.stop();
    assert_eq!(hub.committed(), (9, 9));
    let aside = hub.aside("app_events");
    let of = |reason: &str| {
        aside.iter().filter(|(found, _)| found.starts_with(reason)).map(|(_, n)| n).sum::<u64>()
    };
    assert_eq!((of("malformed"), of("out_of_range"), of("pattern_mismatch")), (5, 1, 1), "{aside:?}");
    for canary in [PHONE, "canary-in-a-packing"] {
        assert!(files_with(&hub.program.path(".membrane"), canary).is_empty(), "{canary}");
        assert!(!holds(&log, canary.as_bytes()), "{canary}");
    }
    // Begun again, it goes on behind what it has.
    let served = hub.program.serve();
    broker.send(TOPIC, &events(10..12, 1));
    hub.wait_for(&served, 11);
    assert_eq!(hub.aside("app_events"), aside);
}

/// Kills a hub at work again and again: all is there, once, in the table and in the quarantine.
#[test]
fn each_message_outlives_the_hub_once() {
    let rounds = number_of("MEMBRANE_STREAM_KILLS", 3);
    let mut broker = Broker::that_misses_members(TOPIC, 2);
    let hub = Hub::new(&broker, 1, "");
    let mut sent = 0;
    for round in 0..rounds {
        let served = hub.program.serve();
        let log = || std::fs::read_to_string(hub.program.path("serve.log")).unwrap();
        wait_until(log, |log| log.contains("follows 2 partitions"));
        let pid = served.pid();
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(700 + 310 * u64::from(round % 8)));
            Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
        });
        while !killer.is_finished() {
            broker.send(TOPIC, &events(sent..sent + 70, 2));
            sent += 70;
            std::thread::sleep(Duration::from_millis(30));
        }
        killer.join().unwrap();
    }
    let _served = hub.program.serve();
    hub.wait_committed(fitting(sent));
    assert_eq!(hub.aside("app_events"), [("out_of_range:amount".to_owned(), u64::from(sent / 7))]);
}

#[test]
fn hubs_share_a_topic_and_one_takes_over_from_another() {
    let mut broker = Broker::that_misses_members(TOPIC, 4);
    let hub = Hub::new(&broker, 1, "");
    let one = serve(&hub, "one.log");
    broker.send(TOPIC, &events(0..700, 4));
    hub.wait_committed(fitting(700));
    let other = serve(&hub, "other.log");
    let follows = |name: &str| std::fs::read_to_string(hub.program.path(name)).unwrap();
    let mut sent = 700;
    // Until both have two partitions each, and a while longer.
    wait_until(
        || {
            broker.send(TOPIC, &events(sent..sent + 70, 4));
            sent += 70;
            follows("one.log").contains("follows 2 partitions")
                && follows("other.log").contains("follows 2 partitions")
        },
        |both| *both,
    );
    broker.send(TOPIC, &events(sent..sent + 700, 4));
    sent += 700;
    Command::new("kill").args(["-KILL", &one.pid().to_string()]).status().unwrap();
    broker.send(TOPIC, &events(sent..sent + 700, 4));
    sent += 700;
    hub.wait_committed(fitting(sent));
    assert_eq!(hub.aside("app_events"), [("out_of_range:amount".to_owned(), u64::from(sent / 7))]);
    drop((one, other));
}

#[test]
fn a_broker_that_goes_away_is_said_and_waited_for() {
    let mut broker = Broker::start(TOPIC, 1);
    let hub = Hub::new(&broker, 1, "");
    let served = hub.program.serve();
    broker.send(TOPIC, &events(0..7, 1));
    hub.wait_for(&served, 6);
    hub.wait_committed(6);
    broker.stop();
    wait_until(|| hub.stands(), |source| source["fault"] == "source_unreachable");
    assert_eq!(hub.count(&served), (6, 6), "what was taken in is there");
    broker.begin();
    broker.send(TOPIC, &events(7..14, 1));
    hub.wait_for(&served, 12);
    wait_until(|| hub.stands(), |source| source["fault"] == Value::Null && source["waiting"] == 0);
}

#[test]
fn a_source_is_paused_and_goes_on_where_it_was() {
    let mut broker = Broker::start(TOPIC, 1);
    let hub = Hub::new(&broker, 3_600, "");
    let served = hub.program.serve();
    broker.send(TOPIC, &events(0..7, 1));
    hub.wait_for(&served, 6);
    hub.program.ok(&["source", "pause", "events"]);
    // What it is at work on is committed, and the group is left.
    hub.wait_committed(6);
    let log = || std::fs::read_to_string(hub.program.path("serve.log")).unwrap();
    wait_until(log, |log| log.contains("is not followed any more"));
    broker.send(TOPIC, &events(7..14, 1));
    assert_eq!(hub.count(&served), (6, 6));
    hub.program.ok(&["source", "resume", "events"]);
    hub.wait_for(&served, 12);
}

#[test]
fn what_comes_after_the_first_look_is_taken_in_if_that_is_wanted() {
    let mut broker = Broker::start(TOPIC, 2);
    broker.send(TOPIC, &events(0..7, 2));
    let hub = Hub::new(&broker, 1, "start: latest\n");
    let served = hub.program.serve();
    let log = || std::fs::read_to_string(hub.program.path("serve.log")).unwrap();
    wait_until(log, |log| log.contains("follows 2 partitions"));
    broker.send(TOPIC, &events(7..14, 2));
    hub.wait_for(&served, 6);
    served.stop();
    // While nobody follows it, and on a partition that may have had nothing yet.
    broker.send(TOPIC, &events(14..21, 2));
    let served = hub.program.serve();
    hub.wait_for(&served, 12);
}

/// The hub says that it is not let in, and tells nobody its password, nor what the broker says to it.
#[test]
fn credentials_that_are_refused_are_said_and_told_to_nobody() {
    let sasl = "sasl: { mechanism: PLAIN, user: hub, password: { env: KAFKA_PASSWORD } }\n";
    let hub = Hub::at(&refuses::start(), 1, sasl);
    let served = hub.program.serve();
    wait_until(|| hub.stands(), |source| source["fault"] == "source_refused");
    let log = served.stop();
    assert!(holds(&log, b"the brokers do not let the hub in (Authentication)"));
    for canary in ["canary-password", refuses::WORDS] {
        assert!(!holds(&log, canary.as_bytes()), "{canary}");
        assert!(files_with(&hub.program.path(".membrane"), canary).is_empty(), "{canary}");
    }
}

#[test]
fn a_topic_is_followed_and_not_looked_at() {
    let source = "description: x\ndataset: app_events\nkind: kafka\nbrokers: ['127.0.0.1:9']\ntopic: t\nformat: json\n";
    let hub = Hub::with(("events", source), 1);
    let told = hub.program.run(&["source", "run", "events"]);
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.contains("a hub that serves follows it"), "{told}");
    let served = hub.program.serve();
    wait_until(|| hub.stands(), |source| source["fault"] == "source_unreachable");
    drop(served);
}
