//! Partial masks over sealed columns: cells that are opened and masked in a second of one processor.

use anyhow::{Context, Result};
use membrane_sample::{SampleOptions, generate};
use tokio::runtime::Runtime;

use crate::child::measure;
use crate::hub;
use crate::ingest::text;
use crate::table::{median, note, print};

const MEMBERS: u64 = 36_000;
/// Times that the same files are delivered.
const DELIVERIES: usize = 6;
const ROUNDS: usize = 5;

/// What is read: every cell of it is sealed under its member's key, and shown in part to `analyst:lee`.
const CASES: [(&str, &str, &str, u32); 2] = [
    ("a row for each member", "crm_members", "SELECT name, phone, email FROM crm_members", 3),
    ("many rows for each", "app_events", "SELECT phone FROM app_events", 1),
];

/// Runs the bench and prints its table.
pub(crate) fn bench(runtime: &Runtime) -> Result<()> {
    let dir = tempfile::tempdir().context("make a folder")?;
    note(&format!("generating {MEMBERS} members"));
    let (out, home) = (dir.path().join("sample"), dir.path().join("hub"));
    generate(&SampleOptions { dirty_rate: 0.0, ..SampleOptions::new(MEMBERS, 1, &out) }, &mut |_, _| {})?;
    runtime.block_on(async {
        let hub = hub::open(&home).await?;
        for (_, dataset, ..) in CASES {
            let mut files = std::fs::read_dir(&out)?.filter_map(|entry| entry.ok().map(|entry| entry.path()));
            let file = files
                .find(|file| file.file_stem().is_some_and(|stem| stem == dataset))
                .with_context(|| format!("no sample of {dataset}"))?;
            for delivery in 1..=DELIVERIES {
                hub::ingest(&hub, dataset, &file, Some(format!("delivery-{delivery}"))).await?;
            }
        }
        anyhow::Ok(())
    })?;
    print("");
    print("| partial masks over sealed columns | rows | cells | cells a second and core | peak MiB |");
    print("| --- | ---: | ---: | ---: | ---: |");
    for (name, _, sql, columns) in CASES {
        let mut governed = Vec::new();
        for round in 0..ROUNDS {
            note(&format!("{name}, round {} of {ROUNDS}", round + 1));
            governed.push(measure(&["hub-cells", text(&home)?, "analyst:lee", sql])?);
        }
        let governed = median(governed)?;
        let cells = governed.rows * u64::from(columns);
        #[expect(clippy::cast_precision_loss, reason = "a count of cells below 2^53")]
        let rate = cells as f64 / governed.seconds;
        print(&format!("| {name} | {} | {cells} | {rate:.0} | {:.0} |", governed.rows, governed.peak_mib));
    }
    Ok(())
}
