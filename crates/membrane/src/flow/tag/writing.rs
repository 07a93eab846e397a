//! The run in which rows of tags are written, and under what.

use std::collections::BTreeMap;
use std::sync::Arc;

use membrane_catalog::Dataset;
use membrane_ingest::RevisionNumber;
use membrane_lake::{Appender, Target};
use membrane_model::{Action, TagId};
use membrane_policy::Permit;

use super::group::Group;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::contract::accept;
use crate::flow::run::{ActiveRun, RunHead};
use crate::hub::Hub;

/// The run in which rows are written, and under what.
pub(super) struct Writing {
    pub(super) run: ActiveRun,
    /// Where the table's log stands for each tag: the position of its last commit.
    pub(super) positions: BTreeMap<TagId, Option<i64>>,
    pub(super) permit: Permit,
    pub(super) dataset: Arc<Dataset>,
    pub(super) revision: RevisionNumber,
}

impl Writing {
    pub(super) async fn open(ctx: &RequestCtx, hub: &Hub, group: &Group) -> Result<Self, Failure> {
        let head =
            RunHead { action: Action::Ingest, purpose: None, job: group.job("write"), statement: None };
        let mut run = ActiveRun::open(ctx, hub, head).await?;
        match Self::permit(&mut run, hub, group).await {
            Ok((permit, dataset, revision)) => {
                Ok(Self { run, positions: BTreeMap::new(), permit, dataset, revision })
            }
            Err(error) => Err(run.fail(error).await),
        }
    }

    async fn permit(
        run: &mut ActiveRun,
        hub: &Hub,
        group: &Group,
    ) -> Result<(Permit, Arc<Dataset>, RevisionNumber), Error> {
        let permit = run.permit(hub, vec![group.table.clone()]).await?;
        let dataset = permit.dataset(&group.table).ok_or(Error::Internal("the permit lacks its dataset"))?;
        let dataset = Arc::clone(dataset.dataset());
        let revision = accept(run, hub, &dataset).await?;
        Ok((permit, dataset, revision))
    }

    /// Reads where the table's log stands.
    pub(super) async fn look(&mut self, hub: &Hub, group: &Group) -> Result<(), Error> {
        let appender = self.appender(hub).await?;
        for tag in &group.tags {
            let position = appender.committed(&position_of(&tag.id)).await;
            let position = position.map_err(|error| Error::Ingest(error.into()))?;
            self.positions.insert(tag.id.clone(), position);
        }
        appender.abort().await;
        Ok(())
    }

    pub(super) async fn appender(&self, hub: &Hub) -> Result<Appender, Error> {
        let appender = hub.lake().append(&self.permit, &self.dataset, Target::Table).await;
        let mut appender = appender.map_err(|error| Error::Ingest(error.into()))?;
        appender.by_contract(self.revision.before, self.revision.number);
        Ok(appender)
    }
}

/// Returns the name under which a table's log has the position of a tag.
pub(super) fn position_of(tag: &TagId) -> String {
    format!("membrane/tag/{tag}")
}
