//! What was done for which purpose: the heads of all runs of a period, read page by page and added up.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use membrane_ledger::{RunDetail, RunRecord, RunState, RunStatus};
use membrane_model::{Action, PrincipalId, Purpose};

use super::Asked;
use crate::error::Error;

/// What was done of one kind for one purpose.
#[derive(Debug, Clone, Default)]
pub(super) struct Use {
    pub(super) runs: u64,
    pub(super) refused: u64,
    pub(super) rows: u64,
    pub(super) principals: BTreeSet<PrincipalId>,
    pub(super) latest: Option<DateTime<Utc>>,
}

/// What was done, by purpose and action.
pub(super) type Uses = BTreeMap<(Purpose, Action), Use>;

/// Reads the period. What has no purpose, as looking at the record has none, is left out.
pub(super) async fn read(asked: &Asked<'_>) -> Result<Uses, Error> {
    let mut uses = Uses::new();
    let wanted = asked.filter.purpose.as_ref();
    let add = |run: RunRecord| {
        let Some(purpose) = run.purpose.filter(|purpose| wanted.is_none_or(|wanted| wanted == purpose))
        else {
            return;
        };
        let one = uses.entry((purpose, run.action)).or_default();
        one.runs = one.runs.saturating_add(1);
        one.rows = one.rows.saturating_add(run.rows_out.unwrap_or(0));
        if run.status == RunStatus::Closed(RunState::Refused) {
            one.refused = one.refused.saturating_add(1);
        }
        one.latest = one.latest.max(Some(run.started));
        one.principals.insert(run.principal);
    };
    asked.each_run(RunDetail::Head, add).await?;
    Ok(uses)
}
