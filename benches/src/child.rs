//! One measurement in a process of its own.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use membrane::Hub;

use crate::hub::{Asker, MARKETING};
use crate::table::{Measure, print};
use crate::visits::{Form, Visits};
use crate::{floor, hub, plain, release, tpch, visits};

/// Times that a question of TPC-H is asked, after it was asked once.
const REPEATS: usize = 3;

/// Runs a measurement in a child process and reads what it printed.
pub(crate) fn measure(arguments: &[&str]) -> Result<Measure> {
    let program = std::env::current_exe().context("find this program")?;
    let output = Command::new(program).arg("--child").args(arguments).output().context("start a child")?;
    ensure!(
        output.status.success(),
        "`{}` failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()
        .context("read a child's numbers")?;
    let [rows, seconds, peak_mib] = numbers.as_slice() else {
        bail!("a child printed {} numbers", numbers.len())
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows below 2^53")]
    let rows = *rows as u64;
    Ok(Measure { rows, seconds: *seconds, peak_mib: *peak_mib })
}

/// The child's side: works, then prints rows, seconds and peak memory.
pub(crate) async fn run(words: &[&str]) -> Result<()> {
    let (rows, seconds) = match words {
        ["plain-ingest", file, out] => timed(plain::convert(Path::new(file), Path::new(out))).await?,
        ["hub-visits", file, home] => {
            let hub = hub::open_with(Path::new(home), &visits::rules()).await?;
            Box::pin(timed(hub::ingest(&hub, visits::DATASET, Path::new(file), None))).await?
        }
        ["cpu-plain-ingest", file, out] => cpu_timed(plain::convert(Path::new(file), Path::new(out))).await?,
        ["cpu-hub-visits", file, home] => {
            let hub = hub::open_with(Path::new(home), &visits::rules()).await?;
            Box::pin(cpu_timed(hub::ingest(&hub, visits::DATASET, Path::new(file), None))).await?
        }
        ["cpu-decode", file, _] => floor::decode(Path::new(file)).await?,
        ["cpu-crypto", ..] => floor::crypto()?,
        ["cpu-write", file, out] => floor::write(Path::new(file), Path::new(out)).await?,
        ["hub-stream", bytes, home] => {
            let hub = hub::open_with(Path::new(home), &visits::rules()).await?;
            let made = Visits { rows: 0, members: 200_000, form: Form::Ndjson }.stream(bytes.parse()?);
            Box::pin(timed(hub::ingest_stream(&hub, visits::DATASET, Box::pin(made)))).await?
        }
        ["plain-query", tables, sql] => {
            let session = plain::session(Path::new(tables), &[hub::DATASET]).await?;
            plain::query(&session, sql).await?;
            timed(plain::query(&session, sql)).await?
        }
        ["hub-query", home, principal, sql] => {
            let (hub, who) = (hub::open(Path::new(home)).await?, Asker { principal, purpose: MARKETING });
            hub::query(&hub, who, sql).await?;
            timed(hub::query(&hub, who, sql)).await?
        }
        // Seconds of all processors together: those of one, if there was one.
        ["hub-cells", home, principal, sql] => {
            let (hub, who) = (hub::open(Path::new(home)).await?, Asker { principal, purpose: MARKETING });
            hub::query(&hub, who, sql).await?;
            let before = cpu_seconds()?;
            let rows = hub::query(&hub, who, sql).await?;
            (rows, cpu_seconds()? - before)
        }
        ["plain-tpch", tables, sql] => {
            let session = plain::session(Path::new(tables), &tpch::TABLES).await?;
            repeated(async || plain::query(&session, sql).await).await?
        }
        ["hub-tpch", home, sql] => {
            let hub = hub::open_with(Path::new(home), &tpch::rules()).await?;
            repeated(async || hub::query(&hub, tpch::ASKER, sql).await).await?
        }
        ["plain-release", tables, sql] => {
            let session = plain::session(Path::new(tables), &release::DATASETS).await?;
            repeated(async || plain::query(&session, sql).await).await?
        }
        ["hub-release", home, sql, groups_max] => {
            let hub = hub::open_with(Path::new(home), &tpch::rules()).await?;
            hub_release(&hub, sql, groups_max.parse()?).await?
        }
        _ => bail!("unknown measurement"),
    };
    print(&format!("{rows} {seconds} {}", peak_mib()?));
    Ok(())
}

async fn timed(work: impl Future<Output = Result<u64>>) -> Result<(u64, f64)> {
    let start = Instant::now();
    let rows = work.await?;
    Ok((rows, start.elapsed().as_secs_f64()))
}

/// The same, in seconds of all processors together.
async fn cpu_timed(work: impl Future<Output = Result<u64>>) -> Result<(u64, f64)> {
    let before = cpu_seconds()?;
    let rows = work.await?;
    Ok((rows, cpu_seconds()? - before))
}

/// Asks once, and then several times; returns the median of those.
async fn repeated(ask: impl AsyncFn() -> Result<u64>) -> Result<(u64, f64)> {
    ask().await?;
    let mut times = Vec::with_capacity(REPEATS);
    for _ in 0..REPEATS {
        times.push(timed(ask()).await?);
    }
    middle_of(times)
}

fn middle_of(mut times: Vec<(u64, f64)>) -> Result<(u64, f64)> {
    times.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    times.get(times.len() / 2).copied().context("nothing was measured")
}

/// The same of a release. An answer is drawn once: each time it is asked for at another price.
async fn hub_release(hub: &Hub, sql: &str, groups_max: u32) -> Result<(u64, f64)> {
    let started = membrane_model::Clock::now(&hub::SystemClock).timestamp_micros().rem_euclid(1 << 30);
    let mut times = Vec::with_capacity(REPEATS);
    for repeat in 0..=i32::try_from(REPEATS)? {
        // Between 0.5 and 0.8, in steps that no price is rounded to.
        let epsilon =
            0.5 + 0.25 * f64::from(i32::try_from(started)?) / f64::from(1 << 30) + 0.01 * f64::from(repeat);
        let (rows, took) = hub::release(hub, release::PARTNER, sql, epsilon, groups_max).await?;
        times.push((rows, took.as_secs_f64()));
    }
    // The first one warms up.
    times.remove(0);
    middle_of(times)
}

/// Returns the processor time that this process has used so far, from Linux's `/proc`.
pub(crate) fn cpu_seconds() -> Result<f64> {
    cpu_seconds_of("self")
}

/// The same of another process, by its number.
pub(crate) fn cpu_seconds_of(process: impl std::fmt::Display) -> Result<f64> {
    /// Linux counts in hundredths of a second here, on every machine.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).context("read /proc/PID/stat")?;
    // Behind the name, which may hold anything, the 12th and 13th word: in this program and in the system for it.
    let (_, behind) = stat.rsplit_once(')').context("/proc/PID/stat has another form")?;
    let ticks = behind.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / TICKS)
}

/// Returns the highest resident memory of this process so far, from Linux's `/proc`.
fn peak_mib() -> Result<f64> {
    peak_mib_of("self")
}

/// The same of another process, by its number.
pub(crate) fn peak_mib_of(process: impl std::fmt::Display) -> Result<f64> {
    let status =
        std::fs::read_to_string(format!("/proc/{process}/status")).context("read /proc/PID/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM is not stated")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
