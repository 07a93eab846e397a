//! A hub on a folder of its own, for tests.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use membrane_model::{Clock, PrincipalId};
use tempfile::TempDir;

use crate::config::{Config, Serve};
use crate::ctx::{Channel, RequestCtx};
use crate::hub::Hub;

/// A hub without data, with the shipped catalog and policies. Its folder goes with it.
pub(crate) struct World {
    pub(crate) hub: Arc<Hub>,
    pub(crate) config: Config,
    _folder: TempDir,
}

/// The moment at which the clock of every test starts.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_900_000_000, 0).expect("moment")
}

/// A clock that goes on by a millisecond whenever someone looks, so that runs have an order.
#[derive(Default)]
struct Ticks(AtomicI64);

impl Clock for Ticks {
    fn now(&self) -> DateTime<Utc> {
        now() + TimeDelta::milliseconds(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// A clock of a test's own.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(Ticks::default())
}

/// Opens a hub, its configuration changed first.
pub(crate) async fn world(change: fn(&mut Config)) -> World {
    let folder = tempfile::tempdir().expect("folder");
    let within = |name: &str| folder.path().join(name).display().to_string();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut config = Config::default();
    config.catalog.dir = root.join("catalog").display().to_string();
    config.policies.dir = root.join("policies").display().to_string();
    config.policies.serve = Serve::Folder;
    config.data.url = within("data");
    config.data.scratch = within("scratch");
    config.streams.folder = within("streams");
    config.ledger.url = within("ledger.sqlite");
    config.keys.file = within("root.key");
    change(&mut config);
    let hub = Arc::new(Hub::open(&config, clock()).await.expect("hub"));
    World { hub, config, _folder: folder }
}

impl World {
    pub(crate) fn ctx(&self, principal: &str) -> RequestCtx {
        let principal: PrincipalId = principal.parse().expect("principal");
        self.hub.ctx(principal, Channel::Cli)
    }
}
