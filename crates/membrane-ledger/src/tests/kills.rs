//! A process that answers releases is killed, a thousand times: at every step, and in between.
//!
//! The process is this test binary again, told by one variable what to do. It asks one question after the other, or for one refresh
//! of a counter after the other, and prints each answer, as a reader would get it. Stopped at a step it says so and waits to be killed; otherwise it is
//! killed at a moment that has nothing to do with what it does. What was printed was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use membrane_model::{Price, RunId};
use sha2::{Digest, Sha256};

use super::budget::{request, scope};
use super::postgres::Server;
use super::{Caps, new_file, new_run, outcome, price};
use crate::step::Step;
use crate::{Account, Ledger, Month, ReserveRequest, Reserved, Window};

const TOLD: &str = "MEMBRANE_TEST_KILLED";
const CHILD: &str = "tests::kills::the_process_that_is_killed";

/// Where the process stops. `Opened`, `Computed`, `Answered` and `Closed` lie between what the ledger does.
const STEPS: [&str; 9] =
    ["Opened", "Locked", "Inserted", "Charged", "Reserved", "Computed", "Committed", "Answered", "Closed"];

/// Questions that are asked, some again and again, in every month.
const QUESTIONS: u64 = 3_000;
const PRICE: Price = Price { rho_nano: 20, delta_atto: 3 };
/// A month has room for 180 releases, the lifetime for 600: a thousand kills reach both.
const CAPS: Caps = Caps {
    month: Price { rho_nano: 3_600, delta_atto: 10_000 },
    lifetime: Price { rho_nano: 12_000, delta_atto: 100_000 },
};
/// Counters that are asked for, and refreshes of each: together they cost what one question does.
const COUNTERS: u64 = 1_000;
const REFRESHES: u64 = 3;
/// What a process works on when nobody kills it.
const QUESTIONS_OF_ONE: u64 = 6;

/// What a process is told: where the ledger is, the round, what to ask, and at which step for the how many-th time to stop.
struct Told {
    url: String,
    round: u64,
    asks: Asks,
    stop: Option<(String, u64)>,
}

/// What a process asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    Questions,
    Refreshes,
}

static STOP: OnceLock<(String, std::sync::Mutex<u64>)> = OnceLock::new();

/// Stops the process for good when it was told to stop at this step.
pub(crate) fn done(step: Step) {
    reached(&format!("{step:?}"));
}

fn reached(step: &str) {
    let Some((stop, left)) = STOP.get() else { return };
    if stop != step {
        return;
    }
    let mut left = left.lock().unwrap();
    if *left > 0 {
        *left -= 1;
        return;
    }
    say(&format!("at {step}"));
    loop {
        std::thread::park();
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").unwrap();
    out.flush().unwrap();
}

/// A number without pattern that is the same in every run of the test.
fn number(of: &str, round: u64, index: u64) -> u64 {
    let hash = Sha256::digest(format!("{of} {round} {index}"));
    u64::from_be_bytes(hash[..8].try_into().unwrap())
}

/// A round takes three hours and eight days pass in 64, so that months end under way.
fn moment(round: u64) -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap()
        + TimeDelta::hours(3 * i64::try_from(round).unwrap())
}

/// The process: it does nothing unless it was started to be killed.
#[tokio::test]
async fn the_process_that_is_killed() {
    #[expect(clippy::disallowed_methods, reason = "a test has no configuration but its environment")]
    let Ok(told) = std::env::var(TOLD) else { return };
    let told = Told::parse(&told);
    if let Some((step, times)) = told.stop.clone() {
        STOP.set((step, std::sync::Mutex::new(times))).unwrap();
    }
    let ledger = Ledger::connect(&told.url).await.unwrap();
    for index in 0..QUESTIONS_OF_ONE {
        answer_one(&ledger, &told, index).await;
    }
    say("end");
}

async fn answer_one(ledger: &Ledger, told: &Told, index: u64) {
    let now = moment(told.round);
    let run = ledger.open_run(crate::NewRun { started: now, ..new_run("partner:acme", 0) }).await.unwrap();
    reached("Opened");
    let mut request = ReserveRequest { now, price: PRICE, ..request(run.id(), "") };
    request.caps.iter_mut().for_each(|(_, caps)| *caps = CAPS);
    let (key, answer) = match told.asks {
        Asks::Questions => {
            request.query_key = format!("q{}", number("question", told.round, index) % QUESTIONS);
            let reserved = ledger.reserve(&request).await.unwrap();
            (request.query_key, draw(ledger, reserved, now).await)
        }
        Asks::Refreshes => refresh(ledger, request, number("refresh", told.round, index)).await,
    };
    if let Some(answer) = answer {
        say(&format!("answer {key} {}", hex::encode(answer)));
    }
    reached("Answered");
    run.close(crate::RunOutcome { finished: now, ..outcome(0) }).await.unwrap();
    reached("Closed");
}

/// Computes and stores what was reserved.
async fn draw(ledger: &Ledger, reserved: Reserved, now: DateTime<Utc>) -> Option<Vec<u8>> {
    match reserved {
        Reserved::Granted(reservation) => {
            // What is drawn is drawn once: another run would draw something else.
            let answer = Sha256::digest(RunId::new(now).to_string()).to_vec();
            reached("Computed");
            ledger.commit_release(&reservation, &answer, now).await.unwrap();
            Some(answer)
        }
        Reserved::Replay(stored) => Some(stored.answer),
        Reserved::InFlight { .. } | Reserved::OverBudget(_) | Reserved::GivenUp => None,
        other => panic!("unexpected {other:?}"),
    }
}

/// Pays for a counter if nobody has, and answers one of its refreshes.
async fn refresh(ledger: &Ledger, request: ReserveRequest, of: u64) -> (String, Option<Vec<u8>>) {
    let (counter, now) = (format!("c{}", of % COUNTERS), request.now);
    let key = format!("{counter}.{}", of / COUNTERS % REFRESHES);
    let whole = ReserveRequest { query_key: counter.clone(), resumes: true, ..request };
    let is_paid = match ledger.reserve(&whole).await.unwrap() {
        Reserved::Granted(reservation) => {
            ledger.commit_release(&reservation, b"paid", now).await.unwrap();
            true
        }
        Reserved::Replay(_) => true,
        Reserved::InFlight { .. } | Reserved::OverBudget(_) | Reserved::GivenUp => false,
        other => panic!("unexpected {other:?}"),
    };
    if !is_paid {
        return (key, None);
    }
    let part = ReserveRequest { query_key: key.clone(), price: Price::default(), ..whole };
    let reserved = ledger.reserve_under(&part, &counter, TimeDelta::minutes(15)).await.unwrap();
    (key, draw(ledger, reserved, now).await)
}

impl Told {
    fn parse(text: &str) -> Self {
        let mut words = text.split(' ');
        let (url, round) = (words.next().unwrap().to_owned(), words.next().unwrap().parse().unwrap());
        let asks = if words.next() == Some("Refreshes") { Asks::Refreshes } else { Asks::Questions };
        let stop = words.next().map(|step| (step.to_owned(), words.next().unwrap().parse().unwrap()));
        Self { url, round, asks, stop }
    }

    fn start(&self) -> Child {
        let stop = self.stop.as_ref().map_or_else(String::new, |(step, times)| format!(" {step} {times}"));
        Command::new(std::env::current_exe().unwrap())
            .args([CHILD, "--exact", "--nocapture", "--test-threads", "1"])
            .env(TOLD, format!("{} {} {:?}{stop}", self.url, self.round, self.asks))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

/// What readers saw, and how the processes ended.
#[derive(Default)]
struct Seen {
    answers: BTreeMap<String, String>,
    at: BTreeMap<String, u32>,
    between: u32,
    too_late: u32,
}

impl Seen {
    /// Kills one process, and keeps what it had printed.
    fn kill_one(&mut self, told: &Told) {
        let mut child = told.start();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        if told.stop.is_none() {
            // Once it has begun, up to 25 milliseconds later: it takes about that long for its questions.
            let begun = lines.by_ref().map(Result::unwrap).any(|line| line.starts_with("running"));
            assert!(begun, "the process does not begin");
            let until = Instant::now() + Duration::from_micros(number("moment", told.round, 0) % 25_000);
            while Instant::now() < until {
                std::thread::yield_now();
            }
            child.kill().unwrap();
        }
        let mut ended = false;
        for line in lines.by_ref() {
            let line = line.unwrap();
            if let Some((key, answer)) = line.strip_prefix("answer ").and_then(|rest| rest.split_once(' ')) {
                // The last line may be cut off: nobody read that answer.
                if answer.len() == 64 {
                    let first = self.answers.entry(key.to_owned()).or_insert_with(|| answer.to_owned());
                    assert_eq!(first, answer, "{key} was answered otherwise before");
                }
            } else if let Some(step) = line.strip_prefix("at ") {
                *self.at.entry(step.to_owned()).or_default() += 1;
                child.kill().unwrap();
            } else if line == "end" {
                ended = true;
            } else {
                assert!(!line.contains("FAILED") && !line.contains("panicked"), "{line}");
            }
        }
        child.wait().unwrap();
        match (ended, &told.stop) {
            (true, _) => self.too_late += 1,
            (false, None) => self.between += 1,
            (false, Some(_)) => {}
        }
    }
}

/// Kills processes until so many were killed before they ended, and looks at what they left.
async fn check_kills(ledger: &Ledger, url: &str, asks: Asks, kills: u32) {
    let mut seen = Seen::default();
    let mut round = 0;
    while seen.between + seen.at.values().sum::<u32>() < kills {
        let index = usize::try_from(round / 2).unwrap() % STEPS.len();
        let stop = (round % 2 == 0).then(|| (STEPS[index].to_owned(), number("times", round, 0) % 3));
        seen.kill_one(&Told { url: url.to_owned(), round, asks, stop });
        round += 1;
        if round % 64 == 0 {
            recover(ledger, moment(round)).await;
            check_spent(ledger, &seen, asks, moment(round)).await;
        }
        assert!(u64::from(kills) * 3 > round, "too few processes were killed: {:?}", seen.at);
    }
    recover(ledger, moment(round)).await;
    check_spent(ledger, &seen, asks, moment(round)).await;
    // A loaded machine kills fewer in the steps that are short.
    let least = kills / 100;
    assert!(STEPS.iter().all(|step| seen.at.get(*step) > Some(&least)), "{:?}", seen.at);
    println!(
        "killed at {:?}, {} in between, {} too late; {} answers seen",
        seen.at,
        seen.between,
        seen.too_late,
        seen.answers.len()
    );
    let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM release WHERE state = 'reserved'")
        .fetch_one(&ledger.pools.read)
        .await
        .unwrap();
    assert_eq!(left, 0, "every reservation is committed or burned");
    for (key, answer) in &seen.answers {
        let stored = ledger.find_release(key).await.unwrap().expect("what was seen is stored");
        assert_eq!(&hex::encode(stored.answer), answer, "{key}");
    }
    let ever = ledger.spent(&scope("partner:acme")).await.unwrap();
    assert!(kills < 1_000 || ever.rho_nano == CAPS.lifetime.rho_nano, "the caps were reached: {ever}");
    ledger.verify_log().await.unwrap();
}

/// What a hub does when it opens, as if its predecessor had been silent for long.
async fn recover(ledger: &Ledger, now: DateTime<Utc>) {
    ledger.abandon_stale_runs(now, now).await.unwrap();
}

/// What was seen was paid for, and nothing beyond a cap was.
async fn check_spent(ledger: &Ledger, seen: &Seen, asks: Asks, now: DateTime<Utc>) {
    let answers = match asks {
        Asks::Questions => seen.answers.len(),
        Asks::Refreshes => check_counters(ledger, seen).await,
    };
    let answers = u64::try_from(answers).unwrap();
    let of_seen = price(PRICE.rho_nano * answers, PRICE.delta_atto * answers);
    for text in ["partner:acme", "partner:acme/dataset:pos_orders", "dataset:pos_orders"] {
        let account = |window| Account { scope: scope(text), window };
        let ever = ledger.standing(&account(Window::Lifetime)).await.unwrap().spent;
        assert!(of_seen.rho_nano <= ever.rho_nano && of_seen.delta_atto <= ever.delta_atto, "{text} {ever}");
        assert!(ever.rho_nano <= CAPS.lifetime.rho_nano, "{text} {ever}");
        let (mut month, mut in_months) = (Month::of(moment(0)), Price::default());
        while month.start() <= now {
            let spent = ledger.standing(&account(Window::Month(month))).await.unwrap().spent;
            assert!(spent.rho_nano <= CAPS.month.rho_nano, "{text} {month} {spent}");
            in_months = in_months.checked_add(spent).unwrap();
            month = Month::of(month.end().unwrap());
        }
        assert_eq!(in_months, ever, "{text}: every price is in a month and in the lifetime");
    }
}

/// Each counter was charged once, whatever was lost on the way, and its refreshes never. Returns how many counters refreshes were
/// seen of.
async fn check_counters(ledger: &Ledger, seen: &Seen) -> usize {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT query_key, CAST(SUM(rho_nano) AS BIGINT) FROM release GROUP BY query_key")
            .fetch_all(&ledger.pools.read)
            .await
            .unwrap();
    let mut counters = 0;
    for (key, charged) in &rows {
        let is_counter = !key.contains('.');
        counters += u64::from(is_counter);
        let expected = if is_counter { PRICE.rho_nano } else { 0 };
        assert_eq!(u64::try_from(*charged).unwrap(), expected, "{key}");
    }
    let ever = ledger.spent(&scope("partner:acme")).await.unwrap();
    assert_eq!(ever.rho_nano, counters * PRICE.rho_nano);
    let of_seen: BTreeSet<&str> = seen.answers.keys().filter_map(|key| key.split('.').next()).collect();
    for counter in &of_seen {
        assert!(ledger.find_release(counter).await.unwrap().is_some(), "{counter} was seen and not paid for");
    }
    of_seen.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_kills_on_a_file() {
    let (ledger, folder) = new_file().await;
    let url = format!("sqlite://{}/ledger.sqlite", folder.path().display());
    check_kills(&ledger, &url, Asks::Questions, 1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_of_counters_on_a_file() {
    let (ledger, folder) = new_file().await;
    let url = format!("sqlite://{}/ledger.sqlite", folder.path().display());
    check_kills(&ledger, &url, Asks::Refreshes, 300).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kills_on_a_server() {
    let Some(server) = Server::start() else { return };
    let ledger = server.new_ledger("kills").await;
    check_kills(&ledger, &server.url("kills"), Asks::Questions, 100).await;
    ledger.disconnect().await;
    let ledger = server.new_ledger("counters").await;
    check_kills(&ledger, &server.url("counters"), Asks::Refreshes, 60).await;
    ledger.disconnect().await;
}
