//! Pairs of hubs under one root key.
//!
//! Tokens are keyed by the root key, so twins that are to show the same tokens must share it. What else is drawn by chance
//! in a hub (keys of subjects, nonces, names of files) is to be seen nowhere; ids of runs are, and are left out of the
//! comparison.

use std::net::SocketAddr;
use std::sync::Arc;

use membrane::Serving;
use membrane::attack::Address;
use membrane::config::{Config, ServerSection};
use membrane::http::{Metrics, router};
use tempfile::TempDir;

use super::rows::{self, IN_HIDDEN_ROWS, Plan, UNDER_MASKS, Variant, birth_dates};
use crate::world::World;

/// One of two hubs.
pub(crate) struct Twin {
    pub(super) world: World,
    /// Where it listens.
    pub(super) address: Address,
}

/// Two hubs, and what must not leave them.
pub(crate) struct Twins {
    pub(crate) one: Twin,
    pub(crate) other: Twin,
    pub(crate) canaries: Vec<String>,
    /// The file of the root key.
    pub(super) key: String,
    _folder: TempDir,
}

/// What a row rule keeps of the tables.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keeps {
    /// About half of the rows.
    Half,
    /// About half of the rows, of so many that an answer has several batches.
    HalfOfMany,
    /// One row in a hundred.
    OnePercent,
    /// Half of the rows in one twin, one in two hundred in the other.
    FewOfMany,
    /// All of them: twins differ under masks only.
    All,
}

impl Twins {
    pub(crate) async fn new(keeps: Keeps) -> Self {
        Self::with(keeps, |_| {}).await
    }

    pub(super) async fn with(keeps: Keeps, change: fn(&mut Config)) -> Self {
        let key = tempfile::tempdir().unwrap();
        let file = key.path().join("root.key").display().to_string();
        let (members, lines, percents) = match keeps {
            Keeps::Half | Keeps::All => (300, 900, (100, 80)),
            Keeps::HalfOfMany => (900, 18_000, (100, 80)),
            Keeps::OnePercent => (60, 90, (9_900, 12_000)),
            Keeps::FewOfMany => (60, 300, (100, 20_000)),
        };
        let plan = |variant| {
            let other = variant == Variant::Other;
            let same = matches!(keeps, Keeps::All);
            Plan {
                members,
                lines,
                hidden_percent: if other && !same { percents.1 } else { percents.0 },
                hidden: if same { Variant::One } else { variant },
                masked: variant,
                hidden_deliveries: if other && !same { 3 } else { 1 },
            }
        };
        let one = Twin::new(&file, &plan(Variant::One), change).await;
        let other = Twin::new(&file, &plan(Variant::Other), change).await;
        let mut canaries: Vec<String> = UNDER_MASKS.iter().map(|text| (*text).to_owned()).collect();
        canaries.extend(birth_dates());
        if !matches!(keeps, Keeps::All) {
            canaries.extend(IN_HIDDEN_ROWS.iter().map(|text| (*text).to_owned()));
        }
        Self { one, other, canaries, key: file, _folder: key }
    }
}

impl Twin {
    async fn new(key: &str, plan: &Plan, change: fn(&mut Config)) -> Self {
        let world = World::with(|config| {
            config.keys.file = key.to_owned();
            change(config);
        })
        .await;
        for dataset in ["crm_members", "pos_order_lines"] {
            for (part, text) in rows::deliveries(dataset, plan).iter().enumerate() {
                bring_in(&world, dataset, &format!("{dataset}-{part}.csv"), text).await;
            }
        }
        bring_in(&world, "app_events", "app_events.ndjson", &rows::events()).await;
        bring_in(&world, "dim_products", "dim_products.csv", rows::PRODUCTS).await;
        let base = serve(&world).await;
        Self { world, address: Address::parse(&base).unwrap() }
    }

    pub(super) fn bearer(&self, principal: &str) -> String {
        let now = self.world.hub.clock().now();
        self.world.hub.bearers().issue(&principal.parse().unwrap(), "attack", 8, now).unwrap()
    }
}

async fn bring_in(world: &World, dataset: &str, name: &str, text: &str) {
    let path = world.write(name, text);
    let done = world.ingest(dataset, &path).await.unwrap();
    assert_eq!(done.report.rows_quarantined, 0, "{name}: {:?}", done.report.reasons);
    std::fs::remove_file(path).unwrap();
}

/// Serves a hub on a free port of this machine, until the test ends.
async fn serve(world: &World) -> String {
    let router = router(
        Arc::new(Serving::new(Arc::clone(&world.hub))),
        &ServerSection::default(),
        Metrics::of_process(),
    );
    let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    base
}
