//! Both sides answer a question alike, but for what is masked.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{ASKER, TABLES, rules};
use crate::{hub, plain};

/// The columns that the policies mask.
const MASKED: [&str; 4] = ["c_name", "c_address", "c_phone", "c_comment"];

/// Compares the rows of both answers, masked columns left out.
pub(super) async fn same(home: &Path, tables: &Path, governed: &str, plain: &str) -> Result<()> {
    let hub = hub::open_with(home, &rules()).await?;
    let (mut shown, mut expected) = (Vec::new(), Vec::new());
    hub::ask(&hub, ASKER, governed, |batch| shown.push(batch)).await?;
    let session = plain::session(tables, &TABLES).await?;
    plain::ask(&session, plain, |batch| expected.push(batch)).await?;
    let (shown, expected) = (rows(&shown)?, rows(&expected)?);
    ensure!(shown.len() == expected.len(), "the two sides gave {} and {} rows", shown.len(), expected.len());
    ensure!(!shown.is_empty(), "the answer is empty");
    ensure!(shown == expected, "the two sides gave other values");
    Ok(())
}

/// Returns each row as text, in order: where the statement asks for none, partitions give theirs as they are ready.
fn rows(batches: &[RecordBatch]) -> Result<Vec<String>> {
    let options = FormatOptions::new();
    let mut rows = Vec::new();
    for batch in batches {
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns());
        let columns: Vec<ArrayFormatter<'_>> = columns
            .filter(|(field, _)| !MASKED.contains(&field.name().as_str()))
            .map(|(_, array)| ArrayFormatter::try_new(array, &options))
            .collect::<Result<_, _>>()
            .context("show a column")?;
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            rows.push(cells.join("|"));
        }
    }
    rows.sort_unstable();
    Ok(rows)
}
