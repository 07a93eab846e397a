//! Ingest: files against DataFusion's conversion of the same files to Parquet; new members; sealing; a stream in bounded memory.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use membrane_model::{DatasetName, IdentityKind};
use membrane_vault::{BucketId, ColumnContext, RootKey, Vault};

use crate::child::{cpu_seconds, measure};
use crate::floor;
use crate::table::{Measure, median, note, print};
use crate::visits::{Form, Visits};

const ROWS: u64 = 5_000_000;
const MEMBERS: u64 = 200_000;
const ROUNDS: usize = 5;
/// Members of whom nothing is known before.
const NEW_MEMBERS: u64 = 1_000_000;
/// Bytes of the stream.
const STREAM_BYTES: u64 = 5_000_000_000;
/// Rows that are sealed, two cells of each.
const SEALED_ROWS: u64 = 2_000_000;
/// Members whose cells they are: each key is expanded for two cells, as in an ingest.
const SEALED_MEMBERS: u64 = 4_096;

/// Runs the benches that are named, all of them when none is, and prints their tables.
pub(crate) fn bench(wanted: &[&str]) -> Result<()> {
    let is_wanted = |name| wanted.is_empty() || wanted.contains(&name);
    let dir = tempfile::tempdir().context("make a folder")?;
    if is_wanted("files") {
        files(dir.path())?;
    }
    if is_wanted("new") {
        new_members(dir.path())?;
    }
    if is_wanted("seal") {
        sealing()?;
    }
    if is_wanted("stream") {
        stream(dir.path())?;
    }
    if is_wanted("floor") {
        floor::bench(dir.path())?;
    }
    Ok(())
}

/// Two columns of each row become tokens, two are sealed, six stay as they are, and one must be unique.
fn files(dir: &Path) -> Result<()> {
    print("");
    print("| ingest | rows | DataFusion rows/s | Membrane rows/s | ratio | peak memory, MiB |");
    print("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (form, name) in [(Form::Csv, "csv"), (Form::Ndjson, "ndjson")] {
        note(&format!("writing {ROWS} rows of {name}"));
        // DataFusion knows NDJSON by the ending `.json`; the hub takes either.
        let file = dir.join(if form == Form::Csv { "visits.csv" } else { "visits.json" });
        Visits { rows: ROWS, members: MEMBERS, form }.write(&file)?;
        row(dir, &file, name)?;
        std::fs::remove_file(&file).context("remove a file")?;
    }
    Ok(())
}

fn row(dir: &Path, file: &Path, form: &str) -> Result<()> {
    let (mut plain, mut governed) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        note(&format!("ingest {form}, round {} of {ROUNDS}", round + 1));
        let out = dir.join(format!("plain-{form}-{round}"));
        plain.push(measure(&["plain-ingest", text(file)?, text(&out)?])?);
        let home = dir.join(format!("hub-{form}-{round}"));
        governed.push(measure(&["hub-visits", text(file)?, text(&home)?])?);
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

/// A row for each of a million members whom the hub does not know yet.
fn new_members(dir: &Path) -> Result<()> {
    let file = dir.join("new.csv");
    Visits { rows: NEW_MEMBERS, members: NEW_MEMBERS, form: Form::Csv }.write(&file)?;
    let mut measures = Vec::new();
    for round in 0..ROUNDS {
        note(&format!("new members, round {} of {ROUNDS}", round + 1));
        let home = dir.join(format!("new-{round}"));
        measures.push(measure(&["hub-visits", text(&file)?, text(&home)?])?);
        std::fs::remove_dir_all(&home).context("remove a round")?;
    }
    let measure = median(measures)?;
    print("");
    print("| ingest of one row for each new member | members | members/s | peak memory, MiB |");
    print("| --- | ---: | ---: | ---: |");
    print(&format!("| csv | {} | {:.0} | {:.0} |", measure.rows, rate(&measure), measure.peak_mib));
    Ok(())
}

/// Seals pairs of cells under members' keys, on one thread.
fn sealing() -> Result<()> {
    let vault = Vault::new(&RootKey::generate());
    let (bucket, _) = vault.new_bucket(BucketId(0))?;
    let kind: IdentityKind = "member_no".parse()?;
    let subjects: Vec<_> =
        (0..SEALED_MEMBERS).map(|member| vault.subject_id(&kind, &member.to_le_bytes())).collect();
    let keys = subjects.iter().map(|subject| bucket.new_data_key(subject).map(|(key, _)| key));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let dataset: DatasetName = "visits".parse()?;
    let columns =
        [ColumnContext::new(&dataset, &"name".parse()?), ColumnContext::new(&dataset, &"email".parse()?)];
    let mut out = Vec::new();
    let before = cpu_seconds()?;
    for row in 0..SEALED_ROWS {
        let at = usize::try_from(row % SEALED_MEMBERS)?;
        let (Some(key), Some(subject)) = (keys.get(at), subjects.get(at)) else { continue };
        let cipher = key.cipher();
        for column in &columns {
            cipher.seal_in(column, subject, b"m1234567@mail.example", &mut out)?;
        }
        out.clear();
    }
    let seconds = cpu_seconds()? - before;
    #[expect(clippy::cast_precision_loss, reason = "a count of cells below 2^53")]
    let rate = (SEALED_ROWS * 2) as f64 / seconds;
    print("");
    print("| sealing, two cells under each key that is expanded | cells | cells a second and core |");
    print("| --- | ---: | ---: |");
    print(&format!("| cells of 21 bytes | {} | {rate:.0} |", SEALED_ROWS * 2));
    Ok(())
}

/// Five gigabytes of NDJSON that come through a pipe.
fn stream(dir: &Path) -> Result<()> {
    note("a stream of NDJSON");
    let home = dir.join("stream");
    let measure = measure(&["hub-stream", &STREAM_BYTES.to_string(), text(&home)?])?;
    print("");
    print("| stream of NDJSON | bytes | rows | rows/s | peak memory, MiB |");
    print("| --- | ---: | ---: | ---: | ---: |");
    let Measure { rows, peak_mib, .. } = measure;
    print(&format!("| pipe | {STREAM_BYTES} | {rows} | {:.0} | {peak_mib:.0} |", rate(&measure)));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a count of rows below 2^53")]
fn rate(measure: &Measure) -> f64 {
    measure.rows as f64 / measure.seconds
}

pub(crate) fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path is not text")
}
