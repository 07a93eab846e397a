//! The one place where permits come from.

mod lasting;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::Catalog;
use membrane_ledger::{Decision, OpenRun};
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, Purpose, RevealLevel, Shown};
use tracing::{error, info};

use crate::judge::{Judgement, LOOKED_UP, judge, refusal};
use crate::permit::{Granted, GrantedColumn};
use crate::{Acting, BrokenGlass, Permit, Policies, Refused, RefusedReason, RowRule};

/// What a principal asks to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks: the run's principal.
    pub principal: PrincipalId,
    /// What for: the run's action.
    pub action: Action,
    /// Why: the run's purpose.
    pub purpose: Option<Purpose>,
    /// With which datasets. Those that the principal may not see are left out of the permit; it is a
    /// refusal when none is left. For `audit`, `administer` and `erase` the hub itself is the resource,
    /// and no dataset comes into the permit.
    pub datasets: Vec<DatasetName>,
    /// Whether every other dataset that the principal may see comes into the permit as well: it asks what there is. Of
    /// those that it may not see no decision is recorded.
    pub lists: bool,
    /// The columns of which an exact value is looked up, once for each value; the values stay outside.
    pub lookups: Vec<Lookup>,
    /// Values that one principal may look up in an hour.
    pub lookups_per_hour: u32,
    /// The break-glass grants that are open for this principal and purpose.
    pub broken: Vec<BrokenGlass>,
    /// On whose behalf, if not on the principal's own: then it is the other's rights that are used, and only those.
    pub acting: Option<Acting>,
    /// When, for policies that depend on time.
    pub now: DateTime<Utc>,
}

impl Request {
    /// Asks for datasets in one's own name, without look-ups and broken glass.
    pub(crate) fn of(
        (principal, action): (PrincipalId, Action),
        purpose: Option<Purpose>,
        datasets: Vec<DatasetName>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            principal,
            action,
            purpose,
            datasets,
            lists: false,
            lookups: Vec::new(),
            lookups_per_hour: 0,
            broken: Vec::new(),
            acting: None,
            now,
        }
    }
}

/// A column of which an exact value is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The dataset, where it was named.
    pub dataset: Option<DatasetName>,
    /// The column.
    pub column: ColumnName,
}

/// What somebody would be shown of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The columns, in the contract's order.
    pub columns: Vec<SeenColumn>,
    /// Of which rows.
    pub rows: RowRule,
}

/// A column as somebody would be shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenColumn {
    /// The column.
    pub column: ColumnName,
    /// The highest level at which it is shown in any row.
    pub level: RevealLevel,
    /// How it is shown where no condition on the row says otherwise.
    pub shown: Shown,
    /// The policies that decided.
    pub factors: Vec<String>,
}

/// Decides and issues permits.
#[derive(Debug, Clone)]
pub struct Authorizer {
    policies: Arc<Policies>,
    catalog: Arc<Catalog>,
}

impl Authorizer {
    /// Joins the policies with the catalog that they were loaded for.
    #[must_use]
    pub const fn new(policies: Arc<Policies>, catalog: Arc<Catalog>) -> Self {
        Self { policies, catalog }
    }

    /// Returns the policies by which this authorizer decides.
    #[must_use]
    pub const fn policies(&self) -> &Arc<Policies> {
        &self.policies
    }

    /// Returns the catalog that the policies were loaded for.
    pub(crate) const fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Decides about a request, writes the decision to the run's record, and then issues the permit.
    ///
    /// # Errors
    /// [`Refused`], which is on record too, unless it is [`RefusedReason::RecordFault`].
    pub async fn issue(&self, run: &mut OpenRun, request: Request) -> Result<Permit, Refused> {
        self.decide(run, request).await
    }

    /// Issues a permit for every dataset that the run's principal may see, for a listing. The run's
    /// action says in which sense: `read` or `release`.
    ///
    /// # Errors
    /// [`Refused`], as for [`Self::issue`].
    pub async fn visible_datasets(
        &self,
        run: &mut OpenRun,
        principal: &PrincipalId,
        purpose: Option<&Purpose>,
        now: DateTime<Utc>,
    ) -> Result<Permit, Refused> {
        let request = Request {
            lists: true,
            ..Request::of((principal.clone(), run.action()), purpose.cloned(), Vec::new(), now)
        };
        self.decide(run, request).await
    }

    /// Returns how many columns a permit would have. Nothing is recorded and no limit is counted, so there is no permit: this is
    /// for measuring how long deciding takes.
    ///
    /// # Errors
    /// [`Refused`], as for [`Self::issue`].
    pub fn would_issue(&self, request: &Request) -> Result<usize, Refused> {
        let granted = judge(&self.policies, &self.catalog, request).verdict?;
        Ok(granted.iter().map(|dataset| dataset.columns.len()).sum())
    }

    /// Returns the columns of one dataset that a principal would be shown for a purpose, each with its level; none when it would be refused.
    /// Nothing is recorded, so there is no permit: this is for whoever reviews what policies say.
    #[must_use]
    pub fn would_show(
        &self,
        (principal, action): (PrincipalId, Action),
        purpose: Purpose,
        dataset: DatasetName,
        now: DateTime<Utc>,
    ) -> Option<Vec<(ColumnName, RevealLevel)>> {
        let sight = self.would_see((principal, action), (purpose, dataset), Vec::new(), now)?;
        Some(sight.columns.into_iter().map(|column| (column.column, column.level)).collect())
    }

    /// The same with how each column is shown, by which policies, and of which rows; behind the break-glass grants that are open.
    #[must_use]
    pub fn would_see(
        &self,
        (principal, action): (PrincipalId, Action),
        (purpose, dataset): (Purpose, DatasetName),
        broken: Vec<BrokenGlass>,
        now: DateTime<Utc>,
    ) -> Option<Sight> {
        let asked = Request::of((principal, action), Some(purpose), vec![dataset], now);
        let request = Request { broken, ..asked };
        let granted = judge(&self.policies, &self.catalog, &request).verdict.ok()?.into_iter().next()?;
        let column = |column: GrantedColumn| SeenColumn {
            level: column.level(),
            column: column.column,
            shown: column.shown,
            factors: column.factors,
        };
        Some(Sight { columns: granted.columns.into_iter().map(column).collect(), rows: granted.row_rule })
    }

    async fn decide(&self, run: &mut OpenRun, request: Request) -> Result<Permit, Refused> {
        // PRIVACY: a name that nobody has may be a value in the wrong place: it does not come into the run, unless a delegation of the
        // record has it.
        let delegator = request.acting.as_ref().map(|acting| &acting.delegator);
        let is_nobody = delegator.is_some_and(|name| !self.policies.knows(name));
        let same = *run.principal() == request.principal
            && (run.on_behalf_of() == delegator || is_nobody && run.on_behalf_of().is_none())
            && run.action() == request.action
            && run.purpose() == request.purpose.as_ref();
        if !same {
            // A record that names somebody else is no record of this act.
            error!(run.id = %run.id(), "the request to decide is not the one that its run was opened for");
            return Err(Refused::plain(RefusedReason::RecordFault));
        }
        // Before anything is asked and written for each of them; and again when they are on record.
        self.within_limit(run, &request, request.lookups.len()).await?;
        let Judgement { decisions, verdict, audits } = judge(&self.policies, &self.catalog, &request);
        record(run, &decisions).await?;
        let datasets = match verdict {
            Ok(granted) => self.within_limit(run, &request, 0).await.map(|()| granted),
            refused => refused,
        };
        let datasets = datasets.inspect_err(|refused| {
            info!(run.id = %run.id(), principal.id = %request.principal, "refused: {}", refused.reason);
        })?;
        Ok(Permit::seal(Granted {
            run: run.id(),
            principal: request.principal,
            action: request.action,
            purpose: request.purpose,
            decided_at: request.now,
            policy_version: self.policies.version().to_owned(),
            datasets,
            audits,
        }))
    }

    /// Counts what the principal has looked up in the last hour, and so many more; what is on record for this run is
    /// counted too: of two runs at once that together go beyond the limit, at least one sees it.
    async fn within_limit(&self, run: &mut OpenRun, request: &Request, more: usize) -> Result<(), Refused> {
        if request.lookups.is_empty() {
            return Ok(());
        }
        let counted = run.count_decisions(LOOKED_UP, request.now - TimeDelta::hours(1)).await;
        let counted = counted.map_err(|cause| {
            error!(run.id = %run.id(), "lookups could not be counted: {cause}");
            Refused::plain(RefusedReason::RecordFault)
        })?;
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        if counted.saturating_add(more) <= u64::from(request.lookups_per_hour) {
            return Ok(());
        }
        record(run, &[refusal(&self.policies, &RefusedReason::LookupLimit.to_string())]).await?;
        Err(Refused::plain(RefusedReason::LookupLimit))
    }
}

/// Writes decisions to a run's record.
pub(crate) async fn record(run: &mut OpenRun, decisions: &[Decision]) -> Result<(), Refused> {
    for decision in decisions {
        if let Err(cause) = run.record_decision(decision).await {
            error!(run.id = %run.id(), "the decision could not be recorded: {cause}");
            return Err(Refused::plain(RefusedReason::RecordFault));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
