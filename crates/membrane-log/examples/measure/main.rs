//! Measures how long appending and auditing take, on the folder that is given.
//!
//! `cargo run -p membrane-log --example measure -- FOLDER [ENTRIES]`

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

mod folder;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use folder::Folder;
use membrane_log::{Identity, Log, LogSigner, Objects, Origin, TreeHead, Trust, verify_from, verify_full};

/// Entries that are appended every second, in groups of one every so many milliseconds.
const ENTRIES_PER_SECOND: u64 = 500;
const GROUP_MS: u64 = 50;
const SECONDS: u64 = 20;

/// Entries in a group when a whole log is made.
const BULK: u64 = 16_384;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("which folder?")?);
    let entries = arguments.next().map_or(Ok(1_000_000), |entries| entries.parse())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        measure_appends(&folder.join("paced")).await?;
        measure_audit(&folder.join("bulk"), entries).await
    })
}

fn identity() -> Result<Identity, Box<dyn Error>> {
    let origin = Origin::new("measure.example/log")?;
    Ok(Identity::new(vec![LogSigner::from_seed(&origin, &[7; 32])], Vec::new())?)
}

/// Makes an entry of about 700 bytes.
fn entry(index: u64) -> Vec<u8> {
    let mut entry = format!("{{\"run\":{index},\"text\":\"").into_bytes();
    entry.resize(700, b'a');
    entry
}

async fn measure_appends(folder: &Path) -> Result<(), Box<dyn Error>> {
    for group_ms in [GROUP_MS, 20] {
        let objects = Folder::new(folder.join(group_ms.to_string()), true)?;
        let mut log = Log::create(objects, identity()?).await?;
        let group = ENTRIES_PER_SECOND * group_ms / 1000;
        let mut times = Vec::new();
        let start = Instant::now();
        for number in 0..SECONDS * 1000 / group_ms {
            let due = start + Duration::from_millis(number * group_ms);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let entries = (0..group).map(|i| entry(number * group + i)).collect();
            let before = Instant::now();
            log.append(entries).await?;
            times.push(before.elapsed());
        }
        let took = start.elapsed();
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len() - 1)).copied();
        println!(
            "append {group} entries every {group_ms} ms, {} groups in {took:.1?}: p50 {:?}, p99 {:?}, max {:?}",
            times.len(),
            at(50).unwrap_or_default(),
            at(99).unwrap_or_default(),
            at(100).unwrap_or_default(),
        );
        let before = Instant::now();
        let removed = log.prune(0).await?;
        println!("prune {removed} objects: {:?}", before.elapsed());
    }
    Ok(())
}

async fn measure_audit(folder: &Path, entries: u64) -> Result<(), Box<dyn Error>> {
    let objects = Folder::new(folder.to_path_buf(), false)?;
    let before = Instant::now();
    let mut log = Log::create(objects, identity()?).await?;
    let mut known = log.head();
    let mut first = 0;
    while first < entries {
        let last = entries.min(first + BULK);
        log.append((first..last).map(entry).collect()).await?;
        first = last;
        if first <= entries / 10 * 9 {
            known = log.head();
        }
    }
    println!("make a log of {entries} entries, without waiting for the disk: {:?}", before.elapsed());
    let before = Instant::now();
    let removed = log.prune(0).await?;
    println!("prune {removed} objects: {:?}", before.elapsed());
    audit(log.objects(), known).await
}

async fn audit(objects: &impl Objects, known: TreeHead) -> Result<(), Box<dyn Error>> {
    let trust = Trust::new(identity()?.verifiers().cloned().collect())?;
    let mut bytes = 0;
    let before = Instant::now();
    let report = verify_full(objects, &trust, |_, entry| bytes += entry.len()).await?;
    let took = before.elapsed();
    println!(
        "audit {} entries of {bytes} bytes: {took:?}, {} findings",
        report.entries_checked,
        report.findings.len()
    );
    let before = Instant::now();
    let report = verify_from(objects, &trust, known, |_, _| {}).await?;
    println!(
        "audit what came since {} entries, {} read: {:?}, {} findings",
        known.size,
        report.entries_checked,
        before.elapsed(),
        report.findings.len()
    );
    Ok(())
}
