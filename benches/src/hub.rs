//! The protected side: a hub of its own folder, on the catalog and policies of this repository.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use membrane::config::{Answers, Config, LimitsSection, Serve};
use membrane::flow::{self, IngestRequest, QueryRequest, ReleaseRequest};
use membrane::{Channel, Hub};
use membrane_ingest::{Format, InputSource, Reading, Silent};
use membrane_model::Clock;
use tokio::io::AsyncRead;

/// The dataset that the benches use.
pub(crate) const DATASET: &str = "pos_order_lines";

/// Who asks, and what for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) principal: &'a str,
    pub(crate) purpose: &'a str,
}

/// The purpose of the questions to this repository's catalog.
pub(crate) const MARKETING: &str = "marketing_analysis";

pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "a program of its own; its main gives the clock")]
        Utc::now()
    }
}

/// Opens a hub of this repository's catalog and policies, whose data, ledger and keys are in `home`.
pub(crate) async fn open(home: &Path) -> Result<Hub> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("find the repository")?;
    open_with(home, root).await
}

/// Opens a hub as [`open`] does, in which answers wait for this.
pub(crate) async fn open_waiting(home: &Path, answers: Answers) -> Result<Hub> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("find the repository")?;
    let mut config = config_of(home, root);
    config.audit.answers = answers;
    Hub::open(&config, Arc::new(SystemClock)).await.context("open the hub")
}

/// Opens a hub of the catalog and policies in a folder.
pub(crate) async fn open_with(home: &Path, rules: &Path) -> Result<Hub> {
    Hub::open(&config_of(home, rules), Arc::new(SystemClock)).await.context("open the hub")
}

fn config_of(home: &Path, rules: &Path) -> Config {
    let mut config = Config::default();
    config.catalog.dir = rules.join("catalog").display().to_string();
    config.policies.dir = rules.join("policies").display().to_string();
    config.policies.serve = Serve::Folder;
    config.data.url = format!("file://{}/data", home.display());
    config.data.scratch = home.join("scratch").display().to_string();
    config.streams.folder = home.join("streams").display().to_string();
    config.ledger.url = format!("sqlite://{}/ledger.db", home.display());
    config.keys.file = home.join("keys/root.key").display().to_string();
    config.privacy = config.privacy.unlimited();
    config.limits = LimitsSection {
        rows_max: 100_000_000,
        bytes_max: 1 << 40,
        memory_bytes_max: 4 << 30,
        ..LimitsSection::default()
    };
    config
}

/// Ingests a file into a dataset and returns its rows.
pub(crate) async fn ingest(hub: &Hub, dataset: &str, file: &Path, source: Option<String>) -> Result<u64> {
    let format = Format::from_path(file).context("a file of unknown form")?;
    take_in(hub, dataset, InputSource::File(file.to_path_buf()), format, source).await
}

/// Ingests a stream of NDJSON into a dataset and returns its rows.
pub(crate) async fn ingest_stream(
    hub: &Hub,
    dataset: &str,
    stream: Pin<Box<dyn AsyncRead + Send>>,
) -> Result<u64> {
    take_in(hub, dataset, InputSource::Stream(stream), Format::Ndjson, None).await
}

async fn take_in(
    hub: &Hub,
    dataset: &str,
    reader: InputSource,
    format: Format,
    source: Option<String>,
) -> Result<u64> {
    let ctx = hub.ctx("service:ingestor".parse()?, Channel::Cli);
    let request = IngestRequest {
        dataset: dataset.parse()?,
        reader,
        format,
        reading: Reading::default(),
        source,
        control: None,
    };
    let done =
        flow::ingest(&ctx, hub, request, &Silent).await.map_err(|failure| anyhow!("{}", failure.error))?;
    Ok(done.report.rows_accepted)
}

/// Answers a query, dropping the rows as they come, and returns their number.
pub(crate) async fn query(hub: &Hub, who: Asker<'_>, sql: &str) -> Result<u64> {
    let mut rows = 0;
    ask(hub, who, sql, |batch| rows += batch.num_rows()).await?;
    Ok(u64::try_from(rows)?)
}

/// Answers a query and hands out its batches as they come.
pub(crate) async fn ask(
    hub: &Hub,
    who: Asker<'_>,
    sql: &str,
    mut take: impl FnMut(RecordBatch),
) -> Result<()> {
    let ctx = hub.ctx(who.principal.parse()?, Channel::Cli);
    let request = QueryRequest {
        sql: sql.to_owned(),
        purpose: Some(who.purpose.parse()?),
        on_behalf_of: None,
        parameters: Vec::new(),
    };
    let mut answer = flow::query(&ctx, hub, request).await.map_err(|failure| anyhow!("{}", failure.error))?;
    while let Some(batch) = answer.batches.next().await {
        take(batch.map_err(|failure| anyhow!("{}", failure.error))?);
    }
    Ok(())
}

/// Answers a release at a price that is not asked for twice, and returns its rows and how long the work took, without the
/// wait for the tick at which answers leave.
pub(crate) async fn release(
    hub: &Hub,
    partner: &str,
    sql: &str,
    epsilon: f64,
    groups_max: u32,
) -> Result<(u64, Duration)> {
    let ctx = hub.ctx(partner.parse()?, Channel::Cli);
    let request = ReleaseRequest {
        sql: sql.to_owned(),
        epsilon: Some(epsilon),
        groups_max: Some(groups_max),
        ..ReleaseRequest::default()
    };
    let released = flow::timed_release(&ctx, hub, request).await;
    let (released, took) = released.map_err(|failure| anyhow!("{}", failure.error))?;
    ensure!(released.replay_of.is_none(), "the answer was drawn before");
    let answer = released.answer.context("a release without answer")?;
    Ok((u64::try_from(answer.rows.len())?, took))
}
