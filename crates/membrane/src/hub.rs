//! The opened hub: every part that a flow needs, checked and connected once.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::TimeDelta;
use membrane_catalog::Catalog;
use membrane_lake::{Lake, LakeOptions};
use membrane_ledger::{Ledger, LedgerError};
use membrane_model::{Clock, Limits, PrincipalId, PrincipalKind};
use membrane_policy::{Authorizer, Policies};
use membrane_query::{Engine, EngineParts};
use membrane_vault::Vault;

use crate::bearer::Bearers;
use crate::config::{Config, DataSection, PrivacySection};
use crate::ctx::{Channel, RequestCtx};
use crate::open::{OpenError, data_url, ledger_url, open_root_key};
use crate::tasks::Tasks;

/// The age at which an open run was left behind.
const STALE_AFTER: TimeDelta = TimeDelta::hours(24);

/// The opened hub.
pub struct Hub {
    catalog: Arc<Catalog>,
    policies: Arc<Policies>,
    authorizer: Authorizer,
    vault: Vault,
    bearers: Bearers,
    ledger: Ledger,
    lake: Lake,
    data: DataSection,
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
        let vault = Vault::new(&open_root_key(&config.keys, file.as_deref())?);
        let data = data_url(&config.data)?;
        let ledger = Ledger::connect(&url).await?;
        let lake = Lake::open(&data, LakeOptions { storage: config.data.storage.clone() }).await?;
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
            data: config.data.clone(),
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

    /// Closes what processes left behind that were killed. Other processes may share the ledger: only what is older
    /// than any work can be is closed. Returns how many runs that were.
    pub(crate) async fn abandon_stale_runs(&self) -> Result<u64, LedgerError> {
        self.ledger.abandon_stale_runs(self.clock.now() - STALE_AFTER).await
    }

    /// Tells whether the ledger answers.
    pub(crate) async fn ledger_answers(&self) -> bool {
        self.ledger.ping().await.is_ok()
    }

    /// Tells whether the storage of the tables answers.
    pub(crate) async fn lake_answers(&self) -> bool {
        let Ok(url) = data_url(&self.data) else { return false };
        let options = LakeOptions { storage: self.data.storage.clone() };
        Lake::open(&url, options).await.is_ok()
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
