//! The one place where permits come from.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::Catalog;
use membrane_ledger::{Decision, OpenRun};
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, Purpose};
use tracing::{error, info};

use crate::judge::{Extent, Judgement, LOOKED_UP, judge};
use crate::permit::Granted;
use crate::{Permit, Policies, Refused, RefusedReason};

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
    /// The columns of which an exact value is looked up, once for each value; the values stay outside.
    pub lookups: Vec<Lookup>,
    /// Values that one principal may look up in an hour.
    pub lookups_per_hour: u32,
    /// When, for policies that depend on time.
    pub now: DateTime<Utc>,
}

/// A column of which an exact value is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The dataset, where it was named.
    pub dataset: Option<DatasetName>,
    /// The column.
    pub column: ColumnName,
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

    /// Decides about a request, writes the decision to the run's record, and then issues the permit.
    ///
    /// # Errors
    /// [`Refused`], which is on record too, unless it is [`RefusedReason::RecordFault`].
    pub async fn issue(&self, run: &mut OpenRun, request: Request) -> Result<Permit, Refused> {
        self.decide(run, request, Extent::Named).await
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
            principal: principal.clone(),
            action: run.action(),
            purpose: purpose.cloned(),
            datasets: Vec::new(),
            lookups: Vec::new(),
            lookups_per_hour: 0,
            now,
        };
        self.decide(run, request, Extent::Listing).await
    }

    async fn decide(&self, run: &mut OpenRun, request: Request, extent: Extent) -> Result<Permit, Refused> {
        let same = *run.principal() == request.principal
            && run.action() == request.action
            && run.purpose() == request.purpose.as_ref();
        if !same {
            // A record that names somebody else is no record of this act.
            error!(run.id = %run.id(), "the request to decide is not the one that its run was opened for");
            return Err(Refused::plain(RefusedReason::RecordFault));
        }
        let Judgement { decisions, verdict } = judge(&self.policies, &self.catalog, &request, extent);
        record(run, &decisions).await?;
        let datasets = match verdict {
            Ok(_) if !request.lookups.is_empty() => self.within_limit(run, &request).await.and(verdict),
            verdict => verdict,
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
        }))
    }

    /// Counts what the principal has looked up in the last hour, what is on record for this run included: of two runs
    /// at once that together go beyond the limit, at least one sees it.
    async fn within_limit(&self, run: &mut OpenRun, request: &Request) -> Result<(), Refused> {
        let counted = run.count_decisions(LOOKED_UP, request.now - TimeDelta::hours(1)).await;
        let counted = counted.map_err(|cause| {
            error!(run.id = %run.id(), "lookups could not be counted: {cause}");
            Refused::plain(RefusedReason::RecordFault)
        })?;
        if counted <= u64::from(request.lookups_per_hour) {
            return Ok(());
        }
        let decision = Decision {
            allowed: false,
            dataset: None,
            reason: RefusedReason::LookupLimit.to_string(),
            factors: Vec::new(),
            policy_version: self.policies.version().to_owned(),
            columns: Vec::new(),
        };
        record(run, &[decision]).await?;
        Err(Refused::plain(RefusedReason::LookupLimit))
    }
}

async fn record(run: &mut OpenRun, decisions: &[Decision]) -> Result<(), Refused> {
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
