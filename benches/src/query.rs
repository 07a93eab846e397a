//! Governed SQL over ten million rows against unprotected DataFusion on the same files.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use membrane_sample::{SampleOptions, generate};
use tokio::runtime::Runtime;

use crate::child::measure;
use crate::hub;
use crate::ingest::text;
use crate::table::{median, note, print};

const ROWS_MIN: u64 = 10_000_000;
const ROUNDS: usize = 7;
/// Enough members for a million order lines.
const MEMBERS: u64 = 36_000;

/// Who asks, what, and what it is in unprotected SQL.
struct Case {
    name: &'static str,
    principal: &'static str,
    governed: &'static str,
    plain: &'static str,
}

/// No cell has to be opened in any of them.
const CASES: [Case; 5] = [
    Case {
        name: "group by, all rows",
        principal: "analyst:lee",
        governed: "SELECT category, count(*), sum(amount) FROM pos_order_lines GROUP BY category",
        plain: "SELECT category, count(*), sum(amount) FROM pos_order_lines GROUP BY category",
    },
    Case {
        name: "filter that prunes",
        principal: "analyst:lee",
        governed: "SELECT store_id, sum(quantity) FROM pos_order_lines WHERE amount > 500 GROUP BY store_id",
        plain: "SELECT store_id, sum(quantity) FROM pos_order_lines WHERE amount > 500 GROUP BY store_id",
    },
    Case {
        name: "every clear column",
        principal: "analyst:lee",
        governed: "SELECT order_id, line_no, store_id, product_id, quantity, amount, ordered_at FROM pos_order_lines",
        plain: "SELECT order_id, line_no, store_id, product_id, quantity, amount, ordered_at FROM pos_order_lines",
    },
    Case {
        name: "group by, row rule",
        principal: "analyst:ana",
        governed: "SELECT category, count(*), sum(amount) FROM pos_order_lines GROUP BY category",
        plain: "SELECT category, count(*), sum(amount) FROM pos_order_lines WHERE region IN ('SH', 'BJ') GROUP BY category",
    },
    Case {
        name: "text columns, row rule",
        principal: "analyst:ana",
        governed: "SELECT order_id, product_id, amount FROM pos_order_lines",
        plain: "SELECT order_id, product_id, amount FROM pos_order_lines WHERE region IN ('SH', 'BJ')",
    },
];

/// Runs the bench and prints its table.
pub(crate) fn bench(runtime: &Runtime) -> Result<()> {
    let dir = tempfile::tempdir().context("make a folder")?;
    let file = lines(dir.path())?;
    let home = dir.path().join("hub");
    let rows = runtime.block_on(async {
        let hub = hub::open(&home).await?;
        let (mut rows, mut delivery) = (0, 0);
        while rows < ROWS_MIN {
            delivery += 1;
            rows += hub::ingest(&hub, hub::DATASET, &file, Some(format!("delivery-{delivery}"))).await?;
            note(&format!("{rows} rows ingested"));
        }
        anyhow::Ok(rows)
    })?;
    let tables = home.join("data/tables");
    print("");
    print(&format!("| governed SQL, {rows} rows | DataFusion s | Membrane s | ratio | peak MiB, both |"));
    print("| --- | ---: | ---: | ---: | ---: |");
    for case in &CASES {
        let (mut plain, mut governed) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            note(&format!("{}, round {} of {ROUNDS}", case.name, round + 1));
            plain.push(measure(&["plain-query", text(&tables)?, case.plain])?);
            governed.push(measure(&["hub-query", text(&home)?, case.principal, case.governed])?);
        }
        let (plain, governed) = (median(plain)?, median(governed)?);
        ensure!(plain.rows == governed.rows, "the two sides gave {} and {} rows", plain.rows, governed.rows);
        print(&format!(
            "| {} | {:.3} | {:.3} | {:.2} | {:.0}, {:.0} |",
            case.name,
            plain.seconds,
            governed.seconds,
            governed.seconds / plain.seconds,
            plain.peak_mib,
            governed.peak_mib
        ));
    }
    Ok(())
}

/// Generates order lines and returns the file.
fn lines(dir: &Path) -> Result<std::path::PathBuf> {
    note(&format!("generating {MEMBERS} members"));
    let out = dir.join("sample");
    generate(&SampleOptions { dirty_rate: 0.0, ..SampleOptions::new(MEMBERS, 1, &out) }, &mut |_, _| {})?;
    Ok(out.join(format!("{}.parquet", hub::DATASET)))
}
