//! The opened hub: every part that a flow needs, checked and connected once.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::Catalog;
use membrane_lake::Lake;
use membrane_ledger::{AnomalyFloors, DocumentKind, Ledger, LedgerError};
use membrane_model::{AddressClass, Clock, DatasetName, Limits, PrincipalId, PrincipalKind, RunId};
use membrane_policy::{Authorizer, Policies};
use membrane_query::{Engine, EngineParts};
use membrane_vault::{Signer, Vault};
use url::Url;

use crate::audit_log::{AuditLog, shelf_of};
use crate::bearer::Bearers;
use crate::budgets::PartnerBudget;
use crate::config::{Config, MaintenanceSection, PrivacySection, Serve, TagsSection};
use crate::contracts::Contracts;
use crate::ctx::{Channel, RequestCtx};
use crate::delegations::Delegation;
use crate::grants::Grant;
use crate::lineage::Known;
use crate::open::{OpenError, data_url, ledger_url, open_root_key, require_ledger, require_one_hub};
use crate::openlineage::Sinks;
use crate::published::{self, PublishedError};
use crate::steps::Steps;
use crate::streams::Streams;
use crate::tasks::Tasks;

/// The silence after which an open run was left behind. Runs at work are heard of ten times as often.
const STALE_AFTER: TimeDelta = TimeDelta::minutes(10);

/// What a hub does in which nothing was ever published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unpublished {
    /// It does not open.
    Refuse,
    /// It goes by what lies in the folders.
    ServeFolder,
}

/// The opened hub, in one version of catalog and policies.
pub struct Hub {
    id: String,
    /// The number of the publication that is served; none: what lies in the folders.
    publication: Option<u64>,
    catalog: Arc<Catalog>,
    policies: Arc<Policies>,
    authorizer: Authorizer,
    signer: Signer,
    receipt_signer: Signer,
    vault: Vault,
    bearers: Bearers,
    ledger: Ledger,
    lake: Lake,
    scratch: PathBuf,
    streams: Arc<Streams>,
    engine: Arc<Engine>,
    grants: Arc<Steps<Grant>>,
    delegations: Arc<Steps<Delegation>>,
    budgets: Arc<Steps<PartnerBudget>>,
    limits: Limits,
    privacy: PrivacySection,
    maintenance: MaintenanceSection,
    tags: TagsSection,
    clock: Arc<dyn Clock>,
    tasks: Tasks,
    sinks: Arc<Sinks>,
    lineage: Arc<Known>,
    audit_log: Arc<AuditLog>,
    publish_seconds: u32,
    anomaly_floors: AnomalyFloors,
}

impl Hub {
    /// Opens every part. Nothing of a hub runs when one of them cannot be opened.
    ///
    /// # Errors
    /// [`OpenError`], which names the part and what to do.
    pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_or(config, clock, Unpublished::Refuse).await
    }

    /// Opens every part of a hub that something is going to be published in: until then by what lies in the folders.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_to_publish(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_or(config, clock, Unpublished::ServeFolder).await
    }

    async fn open_or(
        config: &Config,
        clock: Arc<dyn Clock>,
        unpublished: Unpublished,
    ) -> Result<Self, OpenError> {
        // What is wrong in the folders is told before anything is made.
        let early = match (config.policies.serve, unpublished) {
            (Serve::Folder, Unpublished::Refuse) => Some(of_folders(config)?),
            // Who may publish is for what was published to say, whatever is served.
            _ => None,
        };
        let (url, file) = ledger_url(&config.ledger)?;
        let data = data_url(&config.data)?;
        let lake = Lake::open(&data, config.data.lake_options()).await?;
        require_ledger(&lake, &data, file.as_deref()).await?;
        if early.is_none()
            && unpublished == Unpublished::Refuse
            && file.as_ref().is_some_and(|file| !file.exists())
        {
            return Err(OpenError::Unpublished);
        }
        let vault = Vault::new(&open_root_key(&config.keys, file.as_deref())?);
        let ledger = Ledger::connect(&url).await?;
        let hub = require_one_hub(&vault, &ledger, &lake, &data, clock.now()).await?;
        let (signer, receipt_signer) = (vault.signer(&hub), vault.receipt_signer(&hub));
        let stale = Self::abandon_stale_runs(&ledger, clock.now()).await?;
        let scratch = absolute(&config.data.scratch)?;
        make_folder(&scratch)?;
        let (publication, (catalog, policies)) = match early {
            Some(early) => (None, early),
            None => match published::latest(&ledger, &signer, &scratch).await? {
                Some(found) => (Some(found.number), (found.catalog, found.policies)),
                None if unpublished == Unpublished::ServeFolder => (None, of_folders(config)?),
                None => return Err(OpenError::Unpublished),
            },
        };
        let (catalog, policies) = (Arc::new(catalog), Arc::new(policies));
        let contracts = Contracts { ledger: &ledger, lake: &lake, signer: &signer };
        require_contracts(&contracts, &catalog, unpublished).await?;
        warn_of_strangers(&config.privacy, &policies);
        warn_of_releases(&catalog);
        let limits = Limits::from(&config.limits);
        let engine = engine_of(&lake, &ledger, &vault, limits)?;
        let audit_log = audit_log_of(config, &data, (&hub, &ledger, &vault))?;
        let sinks = start_sinks(config, &data, &ledger, (stale, &catalog));
        Ok(Self {
            publication,
            authorizer: Authorizer::new(policies.clone(), catalog.clone()),
            bearers: Bearers::new(&vault),
            grants: Arc::new(Steps::new(ledger.clone(), signer.clone())),
            delegations: Arc::new(Steps::new(ledger.clone(), signer.clone())),
            budgets: Arc::new(Steps::new(ledger.clone(), signer.clone())),
            signer,
            receipt_signer,
            catalog,
            policies,
            vault,
            ledger,
            lake,
            scratch,
            streams: Arc::new(Streams::new(config.streams.clone(), absolute(&config.streams.folder)?)),
            engine: Arc::new(engine),
            limits,
            privacy: config.privacy.clone(),
            maintenance: config.maintenance,
            tags: config.tags.clone(),
            clock,
            tasks: Tasks::default(),
            sinks: Arc::new(sinks),
            lineage: Arc::default(),
            audit_log: Arc::new(audit_log),
            publish_seconds: config.audit.publish_seconds,
            anomaly_floors: AnomalyFloors::from(&config.anomalies),
            id: hub,
        })
    }

    /// Returns what tells it from every other hub: ledger and data have it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the number of the publication that is served; none: what lies in the folders.
    #[must_use]
    pub const fn publication(&self) -> Option<u64> {
        self.publication
    }

    /// Returns the number of what was published last.
    pub(crate) async fn last_publication(&self) -> Result<u64, LedgerError> {
        self.ledger.last_document(DocumentKind::Publication).await
    }

    /// Returns this hub with what was published last; all other parts are shared.
    pub(crate) async fn renewed(&self) -> Result<Self, PublishedError> {
        let found = published::latest(&self.ledger, &self.signer, &self.scratch).await?;
        let found = found.ok_or(PublishedError::Record { number: 0, what: "is gone" })?;
        let (catalog, policies) = (Arc::new(found.catalog), Arc::new(found.policies));
        warn_of_releases(&catalog);
        Ok(Self {
            id: self.id.clone(),
            publication: Some(found.number),
            authorizer: Authorizer::new(policies.clone(), catalog.clone()),
            bearers: self.bearers.clone(),
            catalog,
            policies,
            signer: self.signer.clone(),
            receipt_signer: self.receipt_signer.clone(),
            vault: self.vault.clone(),
            ledger: self.ledger.clone(),
            lake: self.lake.clone(),
            scratch: self.scratch.clone(),
            streams: Arc::clone(&self.streams),
            engine: Arc::clone(&self.engine),
            grants: Arc::clone(&self.grants),
            delegations: Arc::clone(&self.delegations),
            budgets: Arc::clone(&self.budgets),
            limits: self.limits,
            privacy: self.privacy.clone(),
            maintenance: self.maintenance,
            tags: self.tags.clone(),
            clock: Arc::clone(&self.clock),
            tasks: self.tasks.clone(),
            sinks: Arc::clone(&self.sinks),
            lineage: Arc::clone(&self.lineage),
            audit_log: Arc::clone(&self.audit_log),
            publish_seconds: self.publish_seconds,
            anomaly_floors: self.anomaly_floors,
        })
    }

    /// Reads the catalog and the policies of a publication; nothing when there is none of that number.
    pub(crate) async fn published(&self, number: u64) -> Result<Option<(Catalog, Policies)>, PublishedError> {
        if number == 0 || number > self.last_publication().await? {
            return Ok(None);
        }
        let found = published::publication(&self.ledger, &self.signer, &self.scratch, number).await?;
        Ok(Some((found.catalog, found.policies)))
    }

    /// Makes the context of a request.
    #[must_use]
    pub fn ctx(&self, principal: PrincipalId, channel: Channel) -> RequestCtx {
        let (session, address) = (None, AddressClass::Local);
        RequestCtx { principal, clock: self.clock.clone(), limits: self.limits, channel, session, address }
    }

    /// Returns the first principal of a kind, by name.
    #[must_use]
    pub fn principal_of(&self, kind: PrincipalKind) -> Option<PrincipalId> {
        self.policies.principals().into_iter().filter(|principal| principal.kind() == kind).min()
    }

    /// Tells whether a dataset is one that tags are written to: the hub alone writes it.
    pub(crate) fn is_of_tags(&self, dataset: &DatasetName) -> bool {
        self.catalog.tags().any(|tag| tag.table == *dataset)
    }

    /// Returns in whose name tags are built.
    pub(crate) const fn tags(&self) -> &TagsSection {
        &self.tags
    }

    /// Returns how the files of tables are kept in order.
    pub(crate) const fn maintenance(&self) -> &MaintenanceSection {
        &self.maintenance
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

    /// Returns where events of runs are sent.
    pub(crate) const fn sinks(&self) -> &Arc<Sinks> {
        &self.sinks
    }

    /// Returns what is known of lineage so far.
    pub(crate) fn lineage(&self) -> &Known {
        &self.lineage
    }

    /// Returns the log as it is published.
    #[must_use]
    pub fn audit_log(&self) -> &AuditLog {
        &self.audit_log
    }

    /// Returns the log as it is published, for who keeps it longer.
    pub(crate) const fn audit_log_shared(&self) -> &Arc<AuditLog> {
        &self.audit_log
    }

    /// Returns how often it is looked whether something is to be published; 0: never.
    pub(crate) const fn publish_seconds(&self) -> u32 {
        self.publish_seconds
    }

    /// Returns up to which figures nothing stands out of what principals do.
    pub(crate) const fn anomaly_floors(&self) -> &AnomalyFloors {
        &self.anomaly_floors
    }

    pub(crate) fn authorizer(&self) -> &Authorizer {
        &self.authorizer
    }

    /// Returns the break-glass grants.
    pub(crate) fn grants(&self) -> &Steps<Grant> {
        &self.grants
    }

    /// Returns what was handed on.
    pub(crate) fn delegations(&self) -> &Steps<Delegation> {
        &self.delegations
    }

    /// Returns what was decided about the budgets of partners.
    pub(crate) fn budgets(&self) -> &Steps<PartnerBudget> {
        &self.budgets
    }

    /// Returns the signer of what is published and granted.
    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Returns what rows were brought in by.
    pub(crate) fn contracts(&self) -> Contracts<'_> {
        Contracts { ledger: &self.ledger, lake: &self.lake, signer: &self.signer }
    }

    /// Returns the signer of the receipts that it gives away.
    pub(crate) fn receipt_signer(&self) -> &Signer {
        &self.receipt_signer
    }

    /// Returns the public key that its receipts are signed with, as hexadecimal text.
    #[must_use]
    pub fn receipt_key(&self) -> String {
        self.receipt_signer.public_key()
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    pub(crate) fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Closes as abandoned the runs of processes that were killed: those that nobody was heard of for ten minutes.
    async fn abandon_stale_runs(ledger: &Ledger, now: DateTime<Utc>) -> Result<Vec<RunId>, LedgerError> {
        let stale = ledger.abandon_stale_runs(now - STALE_AFTER, now).await?;
        let count = stale.len();
        if count > 0 {
            tracing::warn!(runs = count, "{count} runs of a process that stopped were closed as abandoned");
        }
        Ok(stale)
    }

    /// Goes on closing the runs of processes that were killed, for as long as this process serves.
    pub(crate) async fn watch_stale_runs(&self) {
        let mut beat =
            tokio::time::interval(STALE_AFTER.to_std().unwrap_or(std::time::Duration::from_secs(600)));
        loop {
            beat.tick().await;
            match Self::abandon_stale_runs(&self.ledger, self.clock.now()).await {
                Ok(stale) => stale.into_iter().for_each(|run| self.sinks.closed(run, &self.catalog)),
                Err(error) => tracing::error!(%error, "the runs that were left behind could not be closed"),
            }
        }
    }

    /// Tells whether the ledger answers.
    pub(crate) async fn ledger_answers(&self) -> bool {
        self.ledger.ping().await.is_ok()
    }

    /// Names what in the record is not as this hub signed it, so that questions are refused; none: all is.
    pub(crate) async fn altered(&self) -> Option<&'static str> {
        if self.grants.are_altered().await {
            return Some("break_glass_altered");
        }
        if self.delegations.are_altered().await {
            return Some("delegations_altered");
        }
        self.budgets.are_altered().await.then_some("budgets_altered")
    }

    /// Tells whether the storage of the tables answers.
    pub(crate) async fn lake_answers(&self) -> bool {
        self.lake.answers().await
    }

    pub(crate) fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Returns the streams of this process.
    pub(crate) fn streams(&self) -> &Arc<Streams> {
        &self.streams
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// Starts to send events of runs, if the configuration says where to: first of those that were just closed as left behind.
fn start_sinks(
    config: &Config,
    data: &Url,
    ledger: &Ledger,
    (stale, catalog): (Vec<RunId>, &Arc<Catalog>),
) -> Sinks {
    // PRIVACY: a URL that may hold a key is not told.
    let storage = config.data.shown_url().map(|_| data.to_string());
    let sinks = Sinks::start(&config.openlineage, storage, ledger);
    stale.into_iter().for_each(|run| sinks.closed(run, catalog));
    sinks
}

/// Reads what lies in the folders.
fn of_folders(config: &Config) -> Result<(Catalog, Policies), OpenError> {
    let catalog = Catalog::load_to_serve(Path::new(&config.catalog.dir))?;
    let policies = Policies::load(Path::new(&config.policies.dir), &catalog)?;
    Ok((catalog, policies))
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hub(..)")
    }
}

/// Refuses a catalog by which rows that are there cannot be read, or joined by others. Whoever is going to publish another one is
/// told, and goes on.
async fn require_contracts(
    contracts: &Contracts<'_>,
    catalog: &Catalog,
    unpublished: Unpublished,
) -> Result<(), OpenError> {
    let broken = contracts.broken(catalog).await.map_err(OpenError::Contract)?;
    match unpublished {
        _ if broken.is_empty() => Ok(()),
        Unpublished::Refuse => Err(OpenError::ContractsBroken(broken)),
        Unpublished::ServeFolder => {
            for broken in broken {
                tracing::warn!(dataset.name = %broken.dataset, "{broken}");
            }
            Ok(())
        }
    }
}

/// A budget under a name that is nobody's may be meant for somebody, who has the common one then.
fn warn_of_strangers(privacy: &PrivacySection, policies: &Policies) {
    let known = policies.principals();
    for partner in privacy.partners.keys().filter(|partner| !known.contains(*partner)) {
        tracing::warn!(principal.id = %partner, "[privacy.partners] names `{partner}`, whom principals.json does not know");
    }
}

/// Names the published log of a hub.
fn audit_log_of(
    config: &Config,
    data: &Url,
    (hub, ledger, vault): (&str, &Ledger, &Vault),
) -> Result<AuditLog, OpenError> {
    let shelf = shelf_of(&config.audit, data, &config.data.lake_options())?;
    Ok(AuditLog::new((&config.audit, hub), shelf, ledger.clone(), vault)?)
}

/// A standing release that cannot be read is not made, and nobody would know.
fn engine_of(lake: &Lake, ledger: &Ledger, vault: &Vault, limits: Limits) -> Result<Engine, OpenError> {
    let parts = EngineParts { lake: lake.clone(), ledger: ledger.clone(), vault: vault.clone(), limits };
    Engine::new(parts).map_err(OpenError::Engine)
}

fn warn_of_releases(catalog: &Catalog) {
    for fault in catalog.release_faults() {
        tracing::warn!("a standing release cannot be read, and is not made: {fault}");
    }
    for fault in catalog.tag_faults() {
        tracing::warn!("a tag cannot be read, and is not built: {fault}");
    }
}

fn make_folder(path: &Path) -> Result<(), OpenError> {
    std::fs::create_dir_all(path).map_err(|source| OpenError::Folder { path: path.to_path_buf(), source })
}

/// Makes a path of the configuration absolute.
pub(crate) fn absolute(path: &str) -> Result<PathBuf, OpenError> {
    std::path::absolute(path).map_err(|source| OpenError::Folder { path: PathBuf::from(path), source })
}
