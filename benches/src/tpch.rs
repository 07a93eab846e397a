//! The 22 questions of TPC-H at scale 1: governed, against unprotected DataFusion on the same files.
//!
//! `benches/tpch/` has the contracts, the policies and the questions with their validation parameters. An analyst sees about
//! half of the customers, and of those name, address and phone in part and the comment as NULL. The unprotected side
//! masks nothing; its customers are filtered by a condition in the statement.

mod check;
pub(crate) mod data;
pub(crate) mod members;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::runtime::Runtime;

use crate::child::measure;
use crate::hub::Asker;
use crate::ingest::text;
use crate::table::{Measure, median, middle, note, print};

/// The tables, as the standard orders them.
pub(crate) const TABLES: [&str; 8] =
    ["region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"];
/// Who asks.
pub(crate) const ASKER: Asker<'static> = Asker { principal: "analyst:ana", purpose: "decision_support" };
const ROUNDS: usize = 5;
/// What a process is asked that is to show what it takes at rest: its code, its tables opened, and hardly a row read.
const AT_REST: &str = "select count(*) from region";
/// What stands for the customers in the unprotected statements: the row rule of `benches/tpch/policies`.
const CUSTOMERS: &str = "(select * from customer where c_nationkey < 12) as customer";

macro_rules! questions {
    ($($number:literal),*) => { [$(($number, include_str!(concat!("../tpch/queries/q", $number, ".sql")))),*] };
}

/// The questions. None of them says `customer` but for the table.
pub(crate) const QUESTIONS: [(&str, &str); 22] = questions!(
    "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16", "17",
    "18", "19", "20", "21", "22"
);

/// Returns the folder of catalog and policies.
pub(crate) fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tpch")
}

/// Runs the bench and prints its table. To look into one question without making the data anew each time, a folder can
/// be named that keeps the hub, and then the questions: `01 22`.
pub(crate) fn bench(runtime: &Runtime, arguments: &[&str]) -> Result<()> {
    let dir = tempfile::tempdir().context("make a folder")?;
    let (home, wanted) = match arguments {
        [] => (dir.path().join("hub"), [].as_slice()),
        [home, wanted @ ..] => (PathBuf::from(home), wanted),
    };
    if !home.exists() {
        runtime.block_on(data::ingest(dir.path(), &home))?;
    }
    let tables = home.join("data/tables");
    print("");
    print("| TPC-H, scale 1 | DataFusion s | Membrane s | ratio | peak MiB, both |");
    print("| --- | ---: | ---: | ---: | ---: |");
    let mut totals = Totals {
        plain_rest: measure(&["plain-tpch", text(&tables)?, AT_REST])?.peak_mib,
        governed_rest: measure(&["hub-tpch", text(&home)?, AT_REST])?.peak_mib,
        ..Totals::default()
    };
    for (number, governed_sql) in QUESTIONS {
        if !wanted.is_empty() && !wanted.contains(&number) {
            continue;
        }
        let plain_sql = governed_sql.replace("customer", CUSTOMERS);
        runtime
            .block_on(check::same(&home, &tables, governed_sql, &plain_sql))
            .with_context(|| format!("question {number}"))?;
        let (mut plain, mut governed) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            note(&format!("question {number}, round {} of {ROUNDS}", round + 1));
            plain.push(measure(&["plain-tpch", text(&tables)?, &plain_sql])?);
            governed.push(measure(&["hub-tpch", text(&home)?, governed_sql])?);
        }
        totals.row(number, plain, governed)?;
    }
    totals.print()
}

/// What is said of all questions together.
#[derive(Default)]
struct Totals {
    ratios: Vec<(f64, &'static str)>,
    memory: Vec<f64>,
    /// The same, of what each side takes beyond what it takes at rest.
    work: Vec<f64>,
    plain_rest: f64,
    governed_rest: f64,
}

impl Totals {
    /// Prints the line of one question. The two sides took turns: what disturbed one disturbed the other, so the ratio
    /// is the median of those of the rounds.
    fn row(&mut self, number: &'static str, plain: Vec<Measure>, governed: Vec<Measure>) -> Result<()> {
        let ratios = plain.iter().zip(&governed).map(|(plain, governed)| governed.seconds / plain.seconds);
        let ratio = middle(ratios.collect())?;
        let (plain, governed) = (median(plain)?, median(governed)?);
        ensure!(plain.rows == governed.rows, "the two sides gave {} and {} rows", plain.rows, governed.rows);
        print(&format!(
            "| Q{} | {:.3} | {:.3} | {ratio:.2} | {:.0}, {:.0} |",
            number.trim_start_matches('0'),
            plain.seconds,
            governed.seconds,
            plain.peak_mib,
            governed.peak_mib
        ));
        self.ratios.push((ratio, number));
        self.memory.push(governed.peak_mib / plain.peak_mib);
        let above = |peak: f64, rest: f64| (peak - rest).max(1.0);
        self.work.push(above(governed.peak_mib, self.governed_rest) / above(plain.peak_mib, self.plain_rest));
        Ok(())
    }

    fn print(&self) -> Result<()> {
        let ratios: Vec<f64> = self.ratios.iter().map(|(ratio, _)| *ratio).collect();
        let worst =
            self.ratios.iter().max_by(|(a, _), (b, _)| a.total_cmp(b)).context("nothing was asked")?;
        print("");
        print(&format!(
            "Geometric mean {:.3}, worst {:.2} (Q{}); memory: geometric mean {:.2}, worst {:.2}.",
            geometric_mean(&ratios),
            worst.0,
            worst.1.trim_start_matches('0'),
            geometric_mean(&self.memory),
            self.memory.iter().copied().fold(0.0, f64::max)
        ));
        print(&format!(
            "At rest {:.0} and {:.0} MiB; beyond that: geometric mean {:.2}, worst {:.2}.",
            self.plain_rest,
            self.governed_rest,
            geometric_mean(&self.work),
            self.work.iter().copied().fold(0.0, f64::max)
        ));
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "22 questions")]
pub(crate) fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}
