//! Ingest of a million order lines, one column tokenised and one sealed, against DataFusion's conversion to Parquet.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use membrane_sample::{SampleOptions, generate};
use tokio::runtime::Runtime;

use crate::child::measure;
use crate::table::{Measure, median, note, print};
use crate::{hub, plain};

/// Enough members for a million order lines.
const MEMBERS: u64 = 36_000;
const ROUNDS: usize = 7;

/// Runs the bench and prints its table.
pub(crate) fn bench(runtime: &Runtime) -> Result<()> {
    let dir = tempfile::tempdir().context("make a folder")?;
    let parquet = lines(dir.path())?;
    let csv = dir.path().join(format!("{}.csv", hub::DATASET));
    runtime.block_on(plain::to_csv(&parquet, &csv))?;
    print("");
    print("| ingest | rows | DataFusion rows/s | Membrane rows/s | ratio | peak memory, MiB |");
    print("| --- | ---: | ---: | ---: | ---: | ---: |");
    for file in [&parquet, &csv] {
        row(dir.path(), file)?;
    }
    Ok(())
}

fn row(dir: &Path, file: &Path) -> Result<()> {
    let form =
        file.extension().and_then(|extension| extension.to_str()).context("a file without extension")?;
    let (mut plain, mut governed) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        note(&format!("ingest {form}, round {} of {ROUNDS}", round + 1));
        let out = dir.join(format!("plain-{form}-{round}"));
        plain.push(measure(&["plain-ingest", text(file)?, text(&out)?])?);
        let home = dir.join(format!("hub-{form}-{round}"));
        governed.push(measure(&["hub-ingest", text(file)?, text(&home)?])?);
        std::fs::remove_dir_all(&out).context("remove a round")?;
        std::fs::remove_dir_all(&home).context("remove a round")?;
    }
    let (plain, governed) = (median(plain)?, median(governed)?);
    ensure!(plain.rows == governed.rows, "the two sides stored {} and {} rows", plain.rows, governed.rows);
    print(&format!(
        "| {form} | {} | {:.0} | {:.0} | {:.2} | {:.0} |",
        governed.rows,
        rate(&plain),
        rate(&governed),
        rate(&governed) / rate(&plain),
        governed.peak_mib
    ));
    Ok(())
}

/// Generates order lines and returns the file.
pub(crate) fn lines(dir: &Path) -> Result<std::path::PathBuf> {
    note(&format!("generating {MEMBERS} members"));
    let out = dir.join("sample");
    generate(&SampleOptions { dirty_rate: 0.0, ..SampleOptions::new(MEMBERS, 1, &out) }, &mut |_, _| {})?;
    Ok(out.join(format!("{}.parquet", hub::DATASET)))
}

#[expect(clippy::cast_precision_loss, reason = "a count of rows below 2^53")]
fn rate(measure: &Measure) -> f64 {
    measure.rows as f64 / measure.seconds
}

pub(crate) fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path is not text")
}
