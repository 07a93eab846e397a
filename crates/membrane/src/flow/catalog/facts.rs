//! What record and storage say of datasets.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt as _;
use membrane_catalog::{Dataset, Revision};
use membrane_lake::Footprint;
use membrane_ledger::{Alert, DatasetUse, Delivered};
use membrane_model::DatasetName;
use membrane_policy::Permit;
use membrane_query::{DatasetFacts, Standing};

use crate::contracts::ContractError;
use crate::error::Error;
use crate::hub::Hub;

/// Tables whose logs are read at once.
const TABLES_AT_ONCE: usize = 4;

/// What the ledger says of all datasets.
struct Recorded<'a> {
    delivered: BTreeMap<DatasetName, Delivered>,
    alerts: Vec<Alert>,
    uses: &'a Uses,
}

/// Who read which dataset lately.
pub(super) struct Uses {
    /// Of seven days.
    pub(super) week: Vec<DatasetUse>,
    /// Of thirty.
    pub(super) month: Vec<DatasetUse>,
}

impl Uses {
    pub(super) async fn read(hub: &Hub, now: DateTime<Utc>) -> Result<Self, Error> {
        let since = |days| hub.ledger().dataset_uses(now - TimeDelta::days(days));
        let (week, month) = (since(7).await.map_err(Error::Ledger)?, since(30).await.map_err(Error::Ledger)?);
        Ok(Self { week, month })
    }
}

/// Returns what is known of every dataset: those of the catalog, and those that were in it once.
pub(in crate::flow) async fn gather(
    hub: &Hub,
    permit: &Permit,
    now: DateTime<Utc>,
) -> Result<Vec<DatasetFacts>, Error> {
    let uses = Uses::read(hub, now).await?;
    gather_with(hub, (permit, now), None, &uses).await
}

/// The same of one dataset, or of all, with uses that were read.
pub(super) async fn gather_with(
    hub: &Hub,
    (permit, now): (&Permit, DateTime<Utc>),
    only: Option<&DatasetName>,
    uses: &Uses,
) -> Result<Vec<DatasetFacts>, Error> {
    let ledger = hub.ledger();
    let recorded = Recorded {
        delivered: ledger.delivered().await.map_err(Error::Ledger)?,
        alerts: ledger.alerts().await.map_err(Error::Ledger)?,
        uses,
    };
    let mut all: Vec<DatasetFacts> = hub.catalog().datasets().map(|dataset| served(dataset)).collect();
    all.extend(gone(hub, only).await?.into_iter().map(|(name, revision)| was(name, revision.as_ref())));
    all.retain(|facts| only.is_none_or(|only| *only == facts.name));
    let known = futures::stream::iter(all).map(|facts| {
        let recorded = &recorded;
        async move {
            let footprint = footprint(hub, permit, &facts.name).await;
            recorded.add(footprint, facts, now)
        }
    });
    let mut all: Vec<DatasetFacts> = known.buffered(TABLES_AT_ONCE).collect().await;
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

/// Returns the datasets that are on record and in the catalog no more, each with the last revision of its contract. Where one is meant, the others
/// are named only.
pub(super) async fn gone(
    hub: &Hub,
    only: Option<&DatasetName>,
) -> Result<Vec<(DatasetName, Option<Revision>)>, Error> {
    let mut names = hub.ledger().datasets_on_record().await.map_err(Error::Ledger)?;
    names.retain(|name| hub.catalog().dataset(name).is_none());
    let mut gone = Vec::with_capacity(names.len());
    for name in names {
        if only.is_some_and(|only| *only != name) {
            gone.push((name, None));
            continue;
        }
        let last = match hub.contracts().history(&name).await {
            Ok(mut history) => history.pop().map(|(_, revision)| revision),
            Err(error @ (ContractError::Ledger(_) | ContractError::Lake(_))) => {
                return Err(Error::Contract(error));
            }
            // What was altered of one contract does not keep the catalog from being told of.
            Err(_) => {
                tracing::error!(dataset.name = %name, "a revision of the contract of `{name}` cannot be read");
                None
            }
        };
        gone.push((name, last));
    }
    Ok(gone)
}

/// A table that cannot be read does not keep the others from being told of.
async fn footprint(hub: &Hub, permit: &Permit, name: &DatasetName) -> Option<Footprint> {
    hub.lake().footprint(permit, name).await.unwrap_or_else(|error| {
        tracing::warn!(dataset.name = %name, %error, "the table of `{name}` could not be looked at: {error}");
        None
    })
}

fn served(dataset: &Dataset) -> DatasetFacts {
    let said = &dataset.stewardship;
    DatasetFacts {
        description: dataset.description.clone(),
        owner: dataset.owner.clone(),
        domain: said.domain.clone(),
        legal_basis: said.legal_basis.clone(),
        retention: said.retention.clone(),
        contract_version: dataset.version.clone(),
        private: Some(dataset.is_private()),
        columns: u64::try_from(dataset.columns.len()).ok(),
        frequency_seconds: dataset.service.frequency.map(|frequency| frequency.as_secs()),
        ..nothing(dataset.name.clone(), Standing::Served)
    }
}

fn was(name: DatasetName, revision: Option<&Revision>) -> DatasetFacts {
    let nothing = nothing(name, Standing::Gone);
    let Some(revision) = revision else { return nothing };
    DatasetFacts {
        description: revision.description().to_owned(),
        owner: revision.owner().map(str::to_owned),
        legal_basis: revision.legal_basis().map(str::to_owned),
        retention: revision.retention().map(str::to_owned),
        contract_version: revision.version().to_owned(),
        private: Some(revision.is_private()),
        columns: u64::try_from(revision.columns().len()).ok(),
        ..nothing
    }
}

const fn nothing(name: DatasetName, standing: Standing) -> DatasetFacts {
    DatasetFacts {
        name,
        standing,
        description: String::new(),
        owner: None,
        domain: None,
        legal_basis: None,
        retention: None,
        contract_version: String::new(),
        private: None,
        columns: None,
        table_version: None,
        rows: None,
        files: None,
        bytes: None,
        first_delivery: None,
        last_delivery: None,
        frequency_seconds: None,
        late: None,
        broken_promises: Vec::new(),
        reads_7d: 0,
        reads_30d: 0,
        readers_30d: 0,
        last_read: None,
    }
}

impl Recorded<'_> {
    fn add(&self, footprint: Option<Footprint>, facts: DatasetFacts, now: DateTime<Utc>) -> DatasetFacts {
        let name = &facts.name;
        let delivered = self.delivered.get(name);
        let is_late = |seconds: u64| {
            let most = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
            delivered.is_none_or(|delivered| most.is_some_and(|most| now - delivered.last > most))
        };
        let broken = self.alerts.iter().filter(|alert| alert.dataset == *name);
        let of = |uses: &[DatasetUse]| {
            uses.iter().filter(|used| used.dataset == *name).map(|used| used.runs).sum()
        };
        let month = || self.uses.month.iter().filter(|used| used.dataset == *name);
        let mut readers: Vec<_> = month().map(|used| &used.principal).collect();
        readers.dedup();
        DatasetFacts {
            table_version: footprint.map(|footprint| footprint.version.0),
            rows: footprint.and_then(|footprint| footprint.rows),
            files: footprint.map(|footprint| footprint.files),
            bytes: footprint.map(|footprint| footprint.bytes),
            first_delivery: delivered.map(|delivered| delivered.first),
            last_delivery: delivered.map(|delivered| delivered.last),
            late: facts.frequency_seconds.map(is_late),
            broken_promises: broken.map(|alert| alert.promise.clone()).collect(),
            reads_7d: of(&self.uses.week),
            reads_30d: of(&self.uses.month),
            readers_30d: u64::try_from(readers.len()).unwrap_or(u64::MAX),
            last_read: month().map(|used| used.latest).max(),
            ..facts
        }
    }
}
