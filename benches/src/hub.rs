//! The protected side: a hub of its own folder, on the catalog and policies of this repository.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use membrane::config::{Config, LimitsSection};
use membrane::flow::{self, IngestRequest, QueryRequest};
use membrane::{Channel, Hub};
use membrane_ingest::{Format, InputSource, Silent};
use membrane_model::Clock;

/// The dataset that the benches use.
pub(crate) const DATASET: &str = "pos_order_lines";

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "a program of its own; its main gives the clock")]
        Utc::now()
    }
}

/// Opens a hub whose data, ledger and keys are in `home`.
pub(crate) async fn open(home: &Path) -> Result<Hub> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("find the repository")?;
    let mut config = Config::default();
    config.catalog.dir = root.join("catalog").display().to_string();
    config.policies.dir = root.join("policies").display().to_string();
    config.data.url = format!("file://{}/data", home.display());
    config.data.scratch = home.join("scratch").display().to_string();
    config.ledger.url = format!("sqlite://{}/ledger.db", home.display());
    config.keys.file = home.join("keys/root.key").display().to_string();
    config.limits = LimitsSection { rows_max: 100_000_000, bytes_max: 1 << 40, ..LimitsSection::default() };
    Hub::open(&config, Arc::new(SystemClock)).await.context("open the hub")
}

/// Ingests a file and returns its rows.
pub(crate) async fn ingest(hub: &Hub, file: &Path, source: Option<String>) -> Result<u64> {
    let ctx = hub.ctx("service:ingestor".parse()?, Channel::Cli);
    let request = IngestRequest {
        dataset: DATASET.parse()?,
        reader: InputSource::File(file.to_path_buf()),
        format: Format::from_path(file).context("a file of unknown form")?,
        source,
    };
    let done =
        flow::ingest(&ctx, hub, request, &Silent).await.map_err(|failure| anyhow!("{}", failure.error))?;
    Ok(done.report.rows_accepted)
}

/// Answers a query, dropping the rows as they come, and returns their number.
pub(crate) async fn query(hub: &Hub, principal: &str, sql: &str) -> Result<u64> {
    let ctx = hub.ctx(principal.parse()?, Channel::Cli);
    let request = QueryRequest {
        sql: sql.to_owned(),
        purpose: Some("marketing_analysis".parse()?),
        parameters: Vec::new(),
    };
    let mut answer = flow::query(&ctx, hub, request).await.map_err(|failure| anyhow!("{}", failure.error))?;
    let mut rows = 0;
    while let Some(batch) = answer.batches.next().await {
        rows += u64::try_from(batch.map_err(|failure| anyhow!("{}", failure.error))?.num_rows())?;
    }
    Ok(rows)
}
