//! The published log: what appending takes at 500 entries a second on this disk, what answers wait that leave when they are published, and how fast a
//! million entries are verified.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use membrane::config::Answers;
use membrane::{Channel, Hub, OnShelf};
use membrane_lake::{LakeOptions, Shelf};
use membrane_ledger::{Entrance, NewRun, RunOutcome, RunState};
use membrane_log::{Identity, Log, LogSigner, Origin, Trust, verify_from, verify_full};
use membrane_model::{Action, AddressClass};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::hub;
use crate::table::{middle, note, print};

/// Entries that are verified when nobody says how many.
const ENTRIES: u64 = 1_000_000;
/// Entries of a second while appending is timed, for so long.
const RATE: u64 = 500;
const SECONDS: u64 = 20;
/// Milliseconds between two groups.
const EVERY_MS: [u64; 3] = [20, 50, 200];
/// Runs that are closed in a second while it is measured what answers wait.
const RATES: [u64; 3] = [50, 200, 500];
/// How long for each.
const ANSWERED_SECONDS: u64 = 10;
/// Entries that are appended at once while the large log is made.
const BULK: u64 = 16_384;
/// Bytes of an entry: those of a run that reads two datasets.
const BYTES: usize = 700;

/// Runs the bench and prints its tables.
pub(crate) fn bench(runtime: &Runtime, arguments: &[&str]) -> Result<()> {
    let entries: u64 = arguments.first().map_or(Ok(ENTRIES), |text| text.parse())?;
    let dir = tempfile::tempdir().context("make a folder")?;
    runtime.block_on(async {
        append(dir.path()).await?;
        for rate in RATES {
            answers(&dir.path().join(format!("hub-{rate}")), rate).await?;
        }
        verify(&dir.path().join("whole"), entries).await
    })
}

fn shelf(folder: &Path) -> Result<OnShelf> {
    let url = format!("file://{}", folder.display()).parse()?;
    Ok(OnShelf(Shelf::open(&url, &LakeOptions::default())?))
}

fn identity() -> Result<Identity> {
    let origin = Origin::new("membrane/bench")?;
    Ok(Identity::new(vec![LogSigner::from_seed(&origin, &[7; 32])], Vec::new())?)
}

fn entry(number: u64) -> Vec<u8> {
    let mut entry = format!("{{\"run\":{number},\"text\":\"").into_bytes();
    entry.resize(BYTES, b'a');
    entry
}

async fn append(dir: &Path) -> Result<()> {
    print("");
    print(&format!(
        "| {RATE} entries a second for {SECONDS} s, each group synced | ms, median | ms, p99 | ms, most |"
    ));
    print("| --- | ---: | ---: | ---: |");
    for every in EVERY_MS {
        let group = RATE * every / 1_000;
        note(&format!("groups of {group}"));
        let mut log = Log::create(shelf(&dir.join(every.to_string()))?, identity()?).await?;
        let (start, mut times) = (Instant::now(), Vec::new());
        for number in 0..SECONDS * 1_000 / every {
            tokio::time::sleep_until((start + Duration::from_millis(number * every)).into()).await;
            let entries = (0..group).map(|place| entry(number * group + place)).collect();
            let since = Instant::now();
            log.append(entries).await?;
            times.push(since.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        let at = |hundredth: usize| times.get(times.len() * hundredth / 100).copied().context("a time");
        let (p99, most) = (at(99)?, times.last().copied().context("a time")?);
        print(&format!("| {group} each {every} ms | {:.1} | {p99:.1} | {most:.1} |", middle(times)?));
    }
    Ok(())
}

/// What a run waited: to be closed in the ledger, and then to be in a signed head.
struct Waited {
    closed_ms: f64,
    settled_ms: f64,
}

/// Runs of hubs that serve, at a rate, whose answers leave when they are recorded, committed, or published.
async fn answers(home: &Path, rate: u64) -> Result<()> {
    print("");
    print(&format!(
        "| answers of {rate} runs a second for {ANSWERED_SECONDS} s, waited until | runs a second | ms, median | ms, p99 | ms, most |"
    ));
    print("| --- | ---: | ---: | ---: | ---: |");
    for (answers, name) in [
        (Answers::Recorded, "recorded"),
        (Answers::Committed, "committed"),
        (Answers::Published, "published"),
    ] {
        let home = home.join(name);
        std::fs::create_dir_all(&home)?;
        let hub = Arc::new(hub::open_waiting(&home, answers).await?);
        // As the keeper does it.
        hub.audit_log().keep();
        let keeper = tokio::spawn({
            let hub = Arc::clone(&hub);
            async move { tokio::join!(published(&hub), hub.audit_log().keep_carrying()) }
        });
        note(&format!("{rate} a second, {name}"));
        let start = Instant::now();
        let mut runs = JoinSet::new();
        for number in 0..rate * ANSWERED_SECONDS {
            let at = start + Duration::from_micros(number * 1_000_000 / rate);
            tokio::time::sleep_until(at.into()).await;
            runs.spawn(answered(Arc::clone(&hub), answers != Answers::Recorded));
        }
        let mut waited = Vec::new();
        while let Some(one) = runs.join_next().await {
            waited.push(one??);
        }
        let each_second = waited.len() as f64 / start.elapsed().as_secs_f64();
        let row = |name: &str, times: Vec<f64>| shown(name, each_second, times);
        row(&format!("`{name}`"), waited.iter().map(|one| one.closed_ms + one.settled_ms).collect())?;
        if answers != Answers::Recorded {
            row("of it, after it was closed", waited.iter().map(|one| one.settled_ms).collect())?;
        }
        keeper.abort();
    }
    Ok(())
}

/// Publishes each second.
async fn published(hub: &Hub) {
    let mut beat = tokio::time::interval(Duration::from_secs(1));
    loop {
        beat.tick().await;
        if let Err(error) = hub.audit_log().publish(hub.clock().now()).await {
            note(&format!("the keeper: {error}"));
        }
    }
}

/// Opens a run, closes it, and waits as its answer would.
async fn answered(hub: Arc<Hub>, waits: bool) -> Result<Waited> {
    let started = hub.clock().now();
    let run = hub.ledger().open_run(NewRun {
        principal: "analyst:ana".parse()?,
        on_behalf_of: None,
        channel: Channel::Http,
        entrance: Entrance { session: None, address: AddressClass::Local, publication: None },
        action: Action::Read,
        purpose: Some("marketing_analysis".parse()?),
        job: "query".to_owned(),
        statement: Some("SELECT region, COUNT(*) FROM pos_order_lines GROUP BY region".to_owned()),
        started,
    });
    let run = run.await?;
    let outcome = RunOutcome {
        rows_out: Some(5),
        bytes_out: Some(400),
        ..RunOutcome::ended(RunState::Complete, hub.clock().now())
    };
    let since = Instant::now();
    let closed = run.close(outcome).await?;
    let closed_ms = since.elapsed().as_secs_f64() * 1e3;
    let since = Instant::now();
    if waits {
        hub.audit_log().settle(&closed, hub.clock().now()).await?;
    }
    Ok(Waited { closed_ms, settled_ms: since.elapsed().as_secs_f64() * 1e3 })
}

/// Prints a row of the table.
fn shown(name: &str, each_second: f64, mut times: Vec<f64>) -> Result<()> {
    times.sort_by(f64::total_cmp);
    let p99 = times.get(times.len() * 99 / 100).copied().context("a time")?;
    let most = times.last().copied().context("a time")?;
    print(&format!("| {name} | {each_second:.0} | {:.1} | {p99:.1} | {most:.1} |", middle(times)?));
    Ok(())
}

async fn verify(folder: &Path, entries: u64) -> Result<()> {
    let mut log = Log::create(shelf(folder)?, identity()?).await?;
    let (since, mut first, mut known) = (Instant::now(), 0, log.head());
    while first < entries {
        let last = entries.min(first + BULK);
        log.append((first..last).map(entry).collect()).await?;
        first = last;
        if first <= entries / 10 * 9 {
            known = log.head();
        }
    }
    let made = since.elapsed();
    log.prune(0).await?;
    let trust = Trust::new(identity()?.verifiers().cloned().collect())?;
    let since = Instant::now();
    let whole = verify_full(log.objects(), &trust, None, |_, _| ()).await?;
    let took = since.elapsed();
    let since = Instant::now();
    let news = verify_from(log.objects(), &trust, known, |_, _| ()).await?;
    ensure!(whole.is_clean() && news.is_clean(), "something is not as it was signed");
    ensure!(whole.entries_checked == entries, "{} of {entries} were read", whole.entries_checked);
    let head = whole.head.ok_or_else(|| anyhow!("no head"))?;
    print("");
    print(&format!("| a log of {} entries of {BYTES} bytes | entries | seconds |", head.size));
    print("| --- | ---: | ---: |");
    print(&format!("| published, each {BULK} synced | {entries} | {:.1} |", made.as_secs_f64()));
    print(&format!("| verified | {} | {:.2} |", whole.entries_checked, took.as_secs_f64()));
    print(&format!(
        "| verified since a head that was known | {} | {:.2} |",
        news.entries_checked,
        since.elapsed().as_secs_f64()
    ));
    Ok(())
}
