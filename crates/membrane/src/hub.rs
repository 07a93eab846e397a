//! The opened hub: every part that a flow needs, checked and connected once.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::Catalog;
use membrane_lake::{Lake, LakeOptions};
use membrane_ledger::{Ledger, LedgerError};
use membrane_model::{Clock, Limits, PrincipalId, PrincipalKind};
use membrane_policy::{Authorizer, Policies};
use membrane_query::{Engine, EngineParts};
use membrane_vault::Vault;

use crate::bearer::Bearers;
use crate::config::{Config, PrivacySection};
use crate::ctx::{Channel, RequestCtx};
use crate::open::{OpenError, data_url, ledger_url, open_root_key, require_ledger, require_one_hub};
use crate::tasks::Tasks;

/// The silence after which an open run was left behind. Runs at work are heard of ten times as often.
const STALE_AFTER: TimeDelta = TimeDelta::minutes(10);

/// The opened hub.
pub struct Hub {
    catalog: Arc<Catalog>,
    policies: Arc<Policies>,
    authorizer: Authorizer,
    vault: Vault,
    bearers: Bearers,
    ledger: Ledger,
    lake: Lake,
    scratch: PathBuf,
    engine: Engine,
    limits: Limits,
    privacy: PrivacySection,
    clock: Arc<dyn Clock>,
    tasks: Tasks,
}

impl Hub {
    /// Opens every part. Nothing of a hub runs when one of them cannot be opened.
    ///
    /// # Errors
    /// [`OpenError`], which names the part and what to do.
    pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let catalog = Arc::new(Catalog::load(Path::new(&config.catalog.dir))?);
        let policies = Arc::new(Policies::load(Path::new(&config.policies.dir), &catalog)?);
        let (url, file) = ledger_url(&config.ledger)?;
        let data = data_url(&config.data)?;
        let lake = Lake::open(&data, LakeOptions { storage: config.data.storage.clone() }).await?;
        require_ledger(&lake, &data, file.as_deref()).await?;
        let vault = Vault::new(&open_root_key(&config.keys, file.as_deref())?);
        let ledger = Ledger::connect(&url).await?;
        require_one_hub(&vault, &ledger, &lake, &data, clock.now()).await?;
        Self::abandon_stale_runs(&ledger, clock.now()).await?;
        let scratch = absolute(&config.data.scratch)?;
        make_folder(&scratch)?;
        let limits = Limits::from(&config.limits);
        let engine = Engine::new(EngineParts {
            lake: lake.clone(),
            ledger: ledger.clone(),
            vault: vault.clone(),
            catalog: catalog.clone(),
            limits,
        })
        .map_err(OpenError::Engine)?;
        Ok(Self {
            authorizer: Authorizer::new(policies.clone(), catalog.clone()),
            bearers: Bearers::new(&vault),
            catalog,
            policies,
            vault,
            ledger,
            lake,
            scratch,
            engine,
            limits,
            privacy: config.privacy.clone(),
            clock,
            tasks: Tasks::default(),
        })
    }

    /// Makes the context of a request.
    #[must_use]
    pub fn ctx(&self, principal: PrincipalId, channel: Channel) -> RequestCtx {
        RequestCtx { principal, clock: self.clock.clone(), limits: self.limits, channel }
    }

    /// Returns the first principal of a kind, by name.
    #[must_use]
    pub fn principal_of(&self, kind: PrincipalKind) -> Option<PrincipalId> {
        self.policies.principals().into_iter().filter(|principal| principal.kind() == kind).min()
    }

    /// Returns the catalog.
    #[must_use]
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Returns the policies.
    #[must_use]
    pub fn policies(&self) -> &Arc<Policies> {
        &self.policies
    }

    /// Returns the signer of bearers.
    #[must_use]
    pub fn bearers(&self) -> &Bearers {
        &self.bearers
    }

    /// Returns the ledger.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns the bounds.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the prices and budgets.
    #[must_use]
    pub fn privacy(&self) -> &PrivacySection {
        &self.privacy
    }

    /// Returns the clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Returns the count of work in flight.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    pub(crate) fn authorizer(&self) -> &Authorizer {
        &self.authorizer
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    pub(crate) fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Closes as abandoned the runs of processes that were killed: those that nobody was heard of for ten minutes.
    async fn abandon_stale_runs(ledger: &Ledger, now: DateTime<Utc>) -> Result<(), LedgerError> {
        let stale = ledger.abandon_stale_runs(now - STALE_AFTER, now).await?;
        if stale > 0 {
            tracing::warn!(runs = stale, "{stale} runs of a process that stopped were closed as abandoned");
        }
        Ok(())
    }

    /// Goes on closing the runs of processes that were killed, for as long as this process serves.
    pub(crate) async fn watch_stale_runs(&self) {
        let mut beat =
            tokio::time::interval(STALE_AFTER.to_std().unwrap_or(std::time::Duration::from_secs(600)));
        loop {
            beat.tick().await;
            if let Err(error) = Self::abandon_stale_runs(&self.ledger, self.clock.now()).await {
                tracing::error!(%error, "the runs that were left behind could not be closed");
            }
        }
    }

    /// Tells whether the ledger answers.
    pub(crate) async fn ledger_answers(&self) -> bool {
        self.ledger.ping().await.is_ok()
    }

    /// Tells whether the storage of the tables answers.
    pub(crate) async fn lake_answers(&self) -> bool {
        self.lake.answers().await
    }

    pub(crate) fn scratch(&self) -> &Path {
        &self.scratch
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hub(..)")
    }
}

fn make_folder(path: &Path) -> Result<(), OpenError> {
    std::fs::create_dir_all(path).map_err(|source| OpenError::Folder { path: path.to_path_buf(), source })
}

/// Makes a path of the configuration absolute.
pub(crate) fn absolute(path: &str) -> Result<PathBuf, OpenError> {
    std::path::absolute(path).map_err(|source| OpenError::Folder { path: PathBuf::from(path), source })
}
