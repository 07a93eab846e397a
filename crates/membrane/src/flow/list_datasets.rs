//! Which datasets there are for the one who asks, and how much of each column is shown.

use std::collections::BTreeSet;
use std::sync::Arc;

use membrane_catalog::Dataset;
use membrane_model::{Action, ColumnName, PrincipalKind, Purpose, RevealLevel, RunId, Shown};
use membrane_policy::{ColumnPermit, DatasetPermit, Permit, RowRule};

use super::run::{ActiveRun, RunHead, finish};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// A dataset as the one who asks may see it.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The dataset.
    pub dataset: Arc<Dataset>,
    /// The columns that exist for the one who asks, each with its level; none stated for who may only look at the record.
    pub columns: Vec<(ColumnName, Option<RevealLevel>)>,
    /// Whether rows may be left out.
    pub some_rows: bool,
    /// The columns that a release may use; none when it is not listed for releases.
    pub released: Option<BTreeSet<ColumnName>>,
}

/// Lists the datasets. A partner sees those of its releases, an analyst those of its queries; who may look at the record
/// sees the catalog.
///
/// # Errors
/// [`Failure`] when it is refused or the record cannot be written.
pub async fn list_datasets(
    ctx: &RequestCtx,
    hub: &Hub,
    purpose: Option<Purpose>,
) -> Result<(RunId, Vec<Listing>), Failure> {
    let action = action_of(ctx);
    let purpose = purpose_of(hub, purpose, action);
    let head = RunHead { action, purpose, job: "list datasets".to_owned(), statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let listed = listed_for(&mut run, hub).await.map(|(_, listed)| listed);
    finish(run, listed).await
}

/// Returns what looking at datasets is for the one who asks.
pub(super) const fn action_of(ctx: &RequestCtx) -> Action {
    match ctx.principal.kind() {
        PrincipalKind::Analyst => Action::Read,
        PrincipalKind::Partner => Action::Release,
        PrincipalKind::Service => Action::Ingest,
        PrincipalKind::Compliance | PrincipalKind::Operator => Action::Audit,
    }
}

/// Returns the purpose for which it is looked: that of releases, for a partner that states none.
pub(super) fn purpose_of(hub: &Hub, purpose: Option<Purpose>, action: Action) -> Option<Purpose> {
    match (purpose, action) {
        (None, Action::Release) => hub.privacy().purpose.parse().ok(),
        (purpose, _) => purpose,
    }
}

/// Returns the datasets that there are for the run's principal, and the permit by which they are.
pub(super) async fn listed_for(run: &mut ActiveRun, hub: &Hub) -> Result<(Permit, Vec<Listing>), Error> {
    match run.action() {
        Action::Audit => whole(run, hub).await,
        _ => visible(run, hub).await,
    }
}

async fn whole(run: &mut ActiveRun, hub: &Hub) -> Result<(Permit, Vec<Listing>), Error> {
    let permit = run.permit(hub, Vec::new()).await?;
    let listing = |dataset: &Arc<Dataset>| Listing {
        dataset: dataset.clone(),
        columns: dataset.columns.iter().map(|column| (column.name.clone(), None)).collect(),
        some_rows: false,
        released: None,
    };
    Ok((permit, hub.catalog().datasets().map(listing).collect()))
}

async fn visible(run: &mut ActiveRun, hub: &Hub) -> Result<(Permit, Vec<Listing>), Error> {
    let permit = run.listing(hub).await?;
    let (ingest, release) = (permit.action() == Action::Ingest, permit.action() == Action::Release);
    let mut listed = Vec::new();
    for visible in permit.datasets() {
        let columns = if ingest {
            visible.dataset().columns.iter().map(|column| (column.name.clone(), None)).collect()
        } else {
            visible.columns().iter().map(|column| (column.column().clone(), Some(column.level()))).collect()
        };
        let some_rows = !ingest && !matches!(visible.row_rule(), RowRule::All);
        let released = release.then(|| released_columns(visible));
        listed.push(Listing { dataset: visible.dataset().clone(), columns, some_rows, released });
    }
    Ok((permit, listed))
}

/// Returns the columns that a release may use.
pub(super) fn released_columns(visible: &DatasetPermit) -> BTreeSet<ColumnName> {
    // As the engine does: a column that is masked in some rows is in no release.
    let clear = |column: &&ColumnPermit| column.when().is_empty() && column.shown() == Shown::Clear;
    visible.columns().iter().filter(clear).map(|column| column.column().clone()).collect()
}
