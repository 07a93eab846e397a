//! Releases against the exact question: TPC-H's order lines at scale 1, the customer already on the line.
//!
//! The unprotected side asks plain DataFusion for the exact numbers, from the same files; it counts distinct customers by the
//! same 16 bytes by which Membrane bounds them. What is timed of a release is from request to answer, price reserved and answer
//! stored, without the wait for the tick at which answers leave.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::runtime::Runtime;

use crate::child::measure;
use crate::hub;
use crate::ingest::text;
use crate::table::{median, middle, note, print};
use crate::tpch::{data, rules};

/// The data sets: all lines, and so many of them.
pub(crate) const DATASETS: [&str; 2] = ["member_lines", "few_lines"];
const FEW: usize = 100_000;
/// Who asks.
pub(crate) const PARTNER: &str = "partner:acme";
const ROUNDS: usize = 5;
/// How many times as long as the exact question a release may take.
const RATIO_GOAL: f64 = 2.0;
/// What a release of few lines may take.
const FEW_GOAL_MS: f64 = 50.0;

/// What is asked, and in how many groups a customer may count.
struct Case {
    name: &'static str,
    groups_max: u32,
    release: &'static str,
    /// Of the files themselves, in which the customer is `_subject`.
    exact: &'static str,
}

const CASES: [Case; 3] = [
    Case {
        name: "7 public keys",
        groups_max: 7,
        release: "SELECT l_shipmode, COUNT(*) AS n, SUM(l_extendedprice) AS s, COUNT(DISTINCT customer) AS m FROM member_lines GROUP BY l_shipmode",
        exact: "SELECT l_shipmode, COUNT(*), SUM(l_extendedprice), COUNT(DISTINCT _subject) FROM member_lines GROUP BY l_shipmode",
    },
    Case {
        name: "84 months between two dates",
        groups_max: 26,
        release: "SELECT date_trunc('month', l_shipdate) AS k, COUNT(*) AS n, SUM(l_extendedprice) AS s, COUNT(DISTINCT customer) AS m FROM member_lines WHERE l_shipdate >= DATE '1992-01-01' AND l_shipdate < DATE '1999-01-01' GROUP BY 1",
        exact: "SELECT date_trunc('month', l_shipdate), COUNT(*), SUM(l_extendedprice), COUNT(DISTINCT _subject) FROM member_lines WHERE l_shipdate >= DATE '1992-01-01' AND l_shipdate < DATE '1999-01-01' GROUP BY 1",
    },
    Case {
        name: "84 months, keys from the data",
        groups_max: 26,
        release: "SELECT date_trunc('month', l_shipdate) AS k, COUNT(*) AS n, SUM(l_extendedprice) AS s, COUNT(DISTINCT customer) AS m FROM member_lines GROUP BY 1",
        exact: "SELECT date_trunc('month', l_shipdate), COUNT(*), SUM(l_extendedprice), COUNT(DISTINCT _subject) FROM member_lines GROUP BY 1",
    },
];

const FEW_CASE: Case = Case {
    name: "8 public keys",
    groups_max: 7,
    release: "SELECT counter, COUNT(*) AS n, SUM(l_extendedprice) AS s FROM few_lines GROUP BY counter",
    exact: "SELECT counter, COUNT(*), SUM(l_extendedprice) FROM few_lines GROUP BY counter",
};

/// Runs the bench and prints its tables. A folder can be named that keeps the hub.
pub(crate) fn bench(runtime: &Runtime, arguments: &[&str]) -> Result<()> {
    let dir = tempfile::tempdir().context("make a folder")?;
    let home = arguments.first().map_or_else(|| dir.path().join("hub"), PathBuf::from);
    if !home.exists() {
        runtime.block_on(ingest(dir.path(), &home))?;
    }
    print("");
    print(
        "| release, 6,001,215 lines of 99,996 customers | DataFusion s | Membrane s | ratio | goal | peak MiB, both |",
    );
    print("| --- | ---: | ---: | ---: | ---: | ---: |");
    for case in &CASES {
        let figures = compare(&home, case)?;
        print(&format!(
            "| {} | {:.3} | {:.3} | {:.2} | {RATIO_GOAL:.1} | {:.0}, {:.0} |",
            case.name, figures.exact, figures.release, figures.ratio, figures.peaks.0, figures.peaks.1
        ));
    }
    let figures = compare(&home, &FEW_CASE)?;
    print("");
    print("| release, 100,000 lines | DataFusion ms | Membrane ms | goal ms |");
    print("| --- | ---: | ---: | ---: |");
    let (exact, release) = (figures.exact * 1000.0, figures.release * 1000.0);
    print(&format!("| {} | {exact:.1} | {release:.1} | {FEW_GOAL_MS:.0} |", FEW_CASE.name));
    Ok(())
}

async fn ingest(dir: &Path, home: &Path) -> Result<()> {
    let hub = hub::open_with(home, &rules()).await?;
    for (name, most) in DATASETS.into_iter().zip([usize::MAX, FEW]) {
        let file = dir.join(format!("{name}.csv"));
        data::write_member_lines(&file, most).with_context(|| format!("generate {name}"))?;
        let rows = hub::ingest(&hub, name, &file, None).await?;
        note(&format!("{name}: {rows} rows ingested"));
        std::fs::remove_file(&file).context("remove a file")?;
    }
    Ok(())
}

/// Seconds of both sides, their ratio, and their peaks of memory in MiB.
struct Figures {
    exact: f64,
    release: f64,
    ratio: f64,
    peaks: (f64, f64),
}

/// The two sides take turns, so the ratio is the median of those of the rounds.
fn compare(home: &Path, case: &Case) -> Result<Figures> {
    let tables = home.join("data/tables");
    let groups = case.groups_max.to_string();
    let (mut exact, mut release) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        note(&format!("{}, round {} of {ROUNDS}", case.name, round + 1));
        exact.push(measure(&["plain-release", text(&tables)?, case.exact])?);
        release.push(measure(&["hub-release", text(home)?, case.release, &groups])?);
    }
    let ratios = exact.iter().zip(&release).map(|(exact, release)| release.seconds / exact.seconds);
    let ratio = middle(ratios.collect())?;
    let (exact, release) = (median(exact)?, median(release)?);
    // A group of few customers may stay below the threshold.
    ensure!(
        exact.rows.abs_diff(release.rows) <= 2,
        "the two sides gave {} and {} rows",
        exact.rows,
        release.rows
    );
    Ok(Figures {
        exact: exact.seconds,
        release: release.seconds,
        ratio,
        peaks: (exact.peak_mib, release.peak_mib),
    })
}
