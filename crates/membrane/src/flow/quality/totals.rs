//! Control totals of single deliveries, with their figures for those who may read what was added up.

use membrane_ingest::may_open_aside;
use membrane_ledger::Delivery;
use membrane_model::{Action, DatasetName, Purpose, Reconciled, RevealLevel, RunId};
use membrane_policy::{DatasetPermit, RowRule};

use super::super::run::{ActiveRun, RunHead, finish, job};
use super::since;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// What is asked.
#[derive(Debug, Clone)]
pub struct TotalsRequest {
    /// Of which dataset.
    pub dataset: DatasetName,
    /// Of how many days, today among them.
    pub days: u32,
    /// What for.
    pub purpose: Purpose,
}

/// The control totals of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryTotals {
    /// What became of it. Its totals are those that may be seen.
    pub delivery: Delivery,
    /// How many totals may not.
    pub withheld: usize,
}

/// Shows what sources said of deliveries, beside what was read of them, to whoever may read every row of the dataset: rows, and the sums of
/// columns that may be read in clear in every row. Of a delivery with bad rows only to whoever may see those.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn totals(
    ctx: &RequestCtx,
    hub: &Hub,
    request: TotalsRequest,
) -> Result<(RunId, Vec<DeliveryTotals>), Failure> {
    let is_known = hub.catalog().dataset(&request.dataset).is_some();
    let job = job("totals of", &request.dataset, is_known);
    let head = RunHead { action: Action::Read, purpose: Some(request.purpose.clone()), job, statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let found = look(&mut run, ctx, hub, &request).await;
    finish(run, found).await
}

async fn look(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    request: &TotalsRequest,
) -> Result<Vec<DeliveryTotals>, Error> {
    let permit = run.permit(hub, vec![request.dataset.clone()]).await?;
    let permit = permit.dataset(&request.dataset).ok_or(Error::Internal("the permit lacks its dataset"))?;
    // Deliveries tell of rows that a row rule may hide.
    if *permit.row_rule() != RowRule::All {
        return Ok(Vec::new());
    }
    let since = since(ctx, request.days)?;
    let deliveries = hub.ledger().deliveries(Some(&request.dataset), since).await.map_err(Error::Ledger)?;
    Ok(deliveries.into_iter().map(|delivery| shown(permit, delivery)).collect())
}

fn shown(permit: &DatasetPermit, mut delivery: Delivery) -> DeliveryTotals {
    let all = delivery.totals.len();
    let hides_all = delivery.rows_quarantined > 0 && !may_open_aside(permit);
    delivery.totals.retain(|total| !hides_all && may_see(permit, total));
    DeliveryTotals { withheld: all - delivery.totals.len(), delivery }
}

fn may_see(permit: &DatasetPermit, total: &Reconciled) -> bool {
    total.total.as_ref().is_none_or(|column| {
        permit
            .column(column)
            .is_some_and(|permit| permit.when().is_empty() && permit.shown().level() == RevealLevel::Clear)
    })
}
