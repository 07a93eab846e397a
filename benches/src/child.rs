//! One measurement in a process of its own.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::table::{Measure, print};
use crate::{hub, plain};

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
        ["hub-ingest", file, home] => {
            let hub = hub::open(Path::new(home)).await?;
            timed(hub::ingest(&hub, Path::new(file), None)).await?
        }
        ["plain-query", folder, sql] => {
            let session = plain::session(Path::new(folder)).await?;
            plain::query(&session, sql).await?;
            timed(plain::query(&session, sql)).await?
        }
        ["hub-query", home, principal, sql] => {
            let hub = hub::open(Path::new(home)).await?;
            hub::query(&hub, principal, sql).await?;
            timed(hub::query(&hub, principal, sql)).await?
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

/// Returns the highest resident memory of this process so far, from Linux's `/proc`.
fn peak_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("read /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM is not stated")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
