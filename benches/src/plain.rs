//! Unprotected DataFusion: what a team would run without Membrane.

use std::path::Path;

use anyhow::{Context, Result, bail};
use arrow::record_batch::RecordBatch;
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::prelude::{CsvReadOptions, DataFrame, JsonReadOptions, ParquetReadOptions, SessionContext};
use futures::StreamExt;

/// Converts a CSV, NDJSON or Parquet file to Parquet and returns its rows.
pub(crate) async fn convert(file: &Path, out: &Path) -> Result<u64> {
    let frame = open(file).await?;
    let out = out.to_str().context("a path is not text")?;
    let written = frame.write_parquet(out, DataFrameWriteOptions::new(), None).await?;
    let mut rows = 0;
    for batch in &written {
        let counts = batch.column(0).as_any().downcast_ref::<arrow::array::UInt64Array>();
        rows += counts.map(|counts| counts.iter().flatten().sum::<u64>()).unwrap_or_default();
    }
    Ok(rows)
}

/// Reads such a file and hands out its batches as they come.
pub(crate) async fn read(file: &Path, mut take: impl FnMut(RecordBatch)) -> Result<()> {
    let mut stream = open(file).await?.execute_stream().await?;
    while let Some(batch) = stream.next().await {
        take(batch?);
    }
    Ok(())
}

async fn open(file: &Path) -> Result<DataFrame> {
    let ctx = new_session();
    let path = file.to_str().context("a path is not text")?;
    #[expect(clippy::disallowed_methods, reason = "the unprotected side of the comparison")]
    let frame = match file.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => ctx.read_csv(path, CsvReadOptions::new()).await?,
        Some("json") => ctx.read_json(path, JsonReadOptions::default()).await?,
        Some("parquet") => ctx.read_parquet(path, ParquetReadOptions::default()).await?,
        _ => bail!("neither CSV, JSON nor Parquet"),
    };
    Ok(frame)
}

/// Opens the data files of tables, without their Delta logs. The hub's data sets have the same names as their folders.
pub(crate) async fn session(tables: &Path, names: &[&str]) -> Result<SessionContext> {
    let ctx = new_session();
    for name in names {
        let folder = tables.join(name);
        let folder = folder.to_str().context("a path is not text")?;
        #[expect(clippy::disallowed_methods, reason = "the unprotected side of the comparison")]
        ctx.register_parquet(*name, folder, ParquetReadOptions::default()).await?;
    }
    Ok(ctx)
}

/// Runs a query, dropping the rows as they come, and returns their number.
pub(crate) async fn query(ctx: &SessionContext, sql: &str) -> Result<u64> {
    let mut rows = 0;
    ask(ctx, sql, |batch| rows += batch.num_rows()).await?;
    Ok(u64::try_from(rows)?)
}

/// Runs a query and hands out its batches as they come.
pub(crate) async fn ask(ctx: &SessionContext, sql: &str, mut take: impl FnMut(RecordBatch)) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the unprotected side of the comparison")]
    let mut stream = ctx.sql(sql).await?.execute_stream().await?;
    while let Some(batch) = stream.next().await {
        take(batch?);
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the unprotected side of the comparison")]
fn new_session() -> SessionContext {
    SessionContext::new()
}
