//! From publishing to effect: how long a version that was published takes until a hub at work decides by it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use membrane::config::{Config, Serve};
use membrane::flow::{self, PublishRequest};
use membrane::{Channel, Hub, Serving};
use membrane_catalog::Catalog;
use membrane_policy::Policies;
use membrane_policy::publication::Meant;

use super::SOLVER;
use crate::hub::SystemClock;

/// Versions that are published beside the hub.
const ROUNDS: usize = 5;
/// What a hub that never takes a version up is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long one version took.
pub(super) struct Timed {
    /// To be reviewed, proved, signed and stored.
    pub(super) published: Duration,
    /// From then until the hub decided by it.
    pub(super) effect: Duration,
}

/// Publishes the rules in a folder, again and again with another comment, beside a hub that serves them.
pub(super) async fn measure(rules: &Path) -> Result<Vec<Timed>> {
    let mut config = Config::default();
    config.catalog.dir = rules.join("catalog").display().to_string();
    config.policies.dir = rules.join("policies").display().to_string();
    config.policies.serve = Serve::Published;
    config.data.url = format!("file://{}/data", rules.display());
    config.data.scratch = rules.join("scratch").display().to_string();
    config.streams.folder = rules.join("streams").display().to_string();
    config.ledger.url = format!("sqlite://{}/ledger.db", rules.display());
    config.keys.file = rules.join("keys/root.key").display().to_string();
    let catalog = Catalog::load(Path::new(&config.catalog.dir)).map_err(|error| anyhow!("{error}"))?;
    let policies = Policies::load(Path::new(&config.policies.dir), &catalog);
    let clock = Arc::new(SystemClock);
    let now = membrane_model::Clock::now(&*clock);
    let matrix = policies.map_err(|error| anyhow!("{error}"))?.matrix_to_keep(&catalog, now);
    std::fs::write(rules.join("policies/matrix.txt"), matrix).context("keep the matrix")?;
    let first = Hub::open_to_publish(&config, clock.clone()).await.context("open the hub")?;
    publish(&first, &config).await?;
    let serving = Arc::new(Serving::new(Arc::new(Hub::open(&config, clock).await.context("open the hub")?)));
    let watched = Arc::clone(&serving);
    let watch = tokio::spawn(async move { watched.watch().await });
    let mut timed = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        let file = rules.join("policies/round.cedar");
        let policy = r#"@id("round") forbid (principal is Service, action == Action::"erase", resource);"#;
        let text = format!("// Round {round}.\n{policy}\n");
        std::fs::write(&file, text).context("change the rules")?;
        let begun = Instant::now();
        let number = publish(&serving.hub(), &config).await?;
        let (published, stored) = (begun.elapsed(), Instant::now());
        while serving.hub().publication() != Some(number) {
            ensure!(stored.elapsed() < PATIENCE, "the hub does not take the version up");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        timed.push(Timed { published, effect: stored.elapsed() });
    }
    watch.abort();
    Ok(timed)
}

async fn publish(hub: &Hub, config: &Config) -> Result<u64> {
    let request = PublishRequest {
        catalog: (&config.catalog.dir).into(),
        policies: (&config.policies.dir).into(),
        solver: SOLVER.to_owned(),
        meant: Meant::default(),
    };
    let ctx = hub.ctx("operator:o0".parse()?, Channel::Cli);
    let done = flow::publish(&ctx, hub, &request).await.map_err(|failure| anyhow!("{}", failure.error))?;
    ensure!(done.new, "nothing was new");
    Ok(done.record.number)
}
