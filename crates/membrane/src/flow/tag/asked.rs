//! What a group asks, and of whom.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::AsArray as _;
use futures::StreamExt as _;
use membrane_catalog::NullPolicy;
use membrane_lake::Mark;
use membrane_ledger::TagMark;
use membrane_model::{DatasetName, Limits};
use membrane_policy::Permit;
use membrane_query::{Statement, TagKeys, TagMembers, TagQuestion};

use super::SECONDS_MAX;
use super::group::{Group, home};
use crate::error::Error;
use crate::hub::Hub;

/// What a group asks.
pub(super) struct Asked {
    pub(super) statement: Statement,
    /// All that it reads, the table of tags among it.
    pub(super) datasets: BTreeSet<DatasetName>,
}

impl Asked {
    pub(super) fn new(hub: &Hub, group: &Group, limits: &Limits) -> Result<Self, Error> {
        let group = group.with_consent(hub.catalog());
        let statement = group.statement(limits).map_err(Error::Query)?;
        let mut datasets: BTreeSet<DatasetName> = statement.tables().iter().cloned().collect();
        datasets.insert(group.table.clone());
        if let Some(home) = home(hub.catalog(), &group.entity) {
            datasets.insert(home.name.clone());
        }
        Ok(Self { statement, datasets })
    }

    /// Returns up to where the datasets are seen, and of whom something came in since the last good build; none where everyone is to be asked
    /// about.
    pub(super) async fn members(
        &self,
        hub: &Hub,
        permit: &Permit,
        group: &Group,
        full: bool,
    ) -> Result<(Vec<TagMark>, Option<TagKeys>), Error> {
        // Rows that are kept for the purpose for a time leave without that anything comes in.
        let ages = |purpose| {
            let at = permit.decided_at();
            permit.datasets().any(|one| one.dataset().cut_off_for(purpose, at).is_some())
        };
        let full = full || permit.purpose().is_some_and(ages);
        let last = if full { None } else { group.last_marks(hub).await? };
        let used = group.used();
        let tagged = (&group.entity, (&group.table, used.as_slice()));
        let local = || hub.engine().is_tag_local(permit, &self.statement, tagged);
        let mut marks: BTreeMap<DatasetName, Mark> = match last {
            Some(last) if local().await.map_err(Error::Query)? => {
                let mark =
                    |mark: TagMark| (mark.dataset, Mark { table: Some((mark.table, mark.version)), held: 0 });
                last.into_iter().map(mark).collect()
            }
            _ => BTreeMap::new(),
        };
        let members = self.news(hub, permit, group, &mut marks).await?;
        let seen = |(dataset, mark): (DatasetName, Mark)| {
            mark.table.map(|(table, version)| TagMark { dataset, table, version })
        };
        Ok((marks.into_iter().filter_map(seen).collect(), members))
    }

    /// Returns of whom something came in after some marks, and moves the marks on; none when it may be anyone, as it is without marks.
    pub(super) async fn news(
        &self,
        hub: &Hub,
        permit: &Permit,
        group: &Group,
        marks: &mut BTreeMap<DatasetName, Mark>,
    ) -> Result<Option<TagKeys>, Error> {
        let engine = hub.engine();
        let mut members = (!marks.is_empty()).then(TagKeys::default);
        for dataset in self.statement.tables() {
            let since = marks.get(dataset).cloned().unwrap_or_default();
            let arrived = engine.arrived(permit, dataset, &since).await.map_err(Error::Query)?;
            marks.insert(dataset.clone(), arrived.mark.clone());
            let Some(all) = members.as_mut().filter(|_| !arrived.is_empty()) else { continue };
            let is_private =
                permit.dataset(dataset).is_some_and(|permitted| permitted.dataset().is_private());
            let found = match is_private {
                true => {
                    engine.tag_keys(permit, dataset, &group.entity, arrived).await.map_err(Error::Query)?
                }
                // Of things: whom it is about is not known.
                false => None,
            };
            match found {
                Some(keys) => all.extend(keys),
                None => members = None,
            }
        }
        Ok(members)
    }
}

/// Returns who consents to the group's purpose, where some of its tags keep the last value: of whoever does not any more it is not kept. None: it
/// does not matter.
pub(super) async fn consenting(hub: &Hub, permit: &Permit, group: &Group) -> Result<Option<TagKeys>, Error> {
    let keeps = group.tags.iter().any(|tag| tag.nulls == NullPolicy::KeepLast);
    let Some((home, member, consent)) = group.consent_of(hub.catalog()).filter(|_| keeps) else {
        return Ok(None);
    };
    let sql = super::group::consenting(&home.name, member, consent);
    let statement = Statement::parse(&sql, &hub.engine().limits()).map_err(Error::Query)?;
    let question = TagQuestion {
        statement: &statement,
        entity: &group.entity,
        members: TagMembers::All,
        tags: (&group.table, &group.used()),
        seconds_max: SECONDS_MAX,
    };
    let mut stream = hub.engine().tag(permit, question).await.map_err(Error::Query)?.answer.stream;
    let mut keys = TagKeys::default();
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(Error::Query)?;
        let column = batch.columns().first().and_then(|column| column.as_binary_view_opt());
        let column = column.ok_or(Error::Internal("an answer of keys has none"))?;
        column.iter().flatten().for_each(|key| keys.insert(key));
    }
    Ok(Some(keys))
}
