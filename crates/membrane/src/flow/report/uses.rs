//! What was done for which purpose: the heads of all runs of a period, read page by page and added up.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use membrane_ledger::{RunDetail, RunMark, RunState, RunStatus};
use membrane_model::{Action, PrincipalId, Purpose};

use super::Asked;
use crate::error::Error;

/// Runs that are read at once.
const PAGE: u32 = 1_000;

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
    let (window, mut mark, mut uses) = (asked.period.window(), None, Uses::new());
    loop {
        let page = asked.hub.ledger().page_of_runs(&window, RunDetail::Head, mark, PAGE).await;
        let page = page.map_err(Error::Ledger)?;
        let Some(last) = page.last() else { return Ok(uses) };
        mark = Some(RunMark { at: last.started, run: last.run });
        for run in page {
            let Some(purpose) = run.purpose else { continue };
            if asked.filter.purpose.as_ref().is_some_and(|wanted| *wanted != purpose) {
                continue;
            }
            let one = uses.entry((purpose, run.action)).or_default();
            one.runs = one.runs.saturating_add(1);
            one.rows = one.rows.saturating_add(run.rows_out.unwrap_or(0));
            if run.status == RunStatus::Closed(RunState::Refused) {
                one.refused = one.refused.saturating_add(1);
            }
            one.latest = one.latest.max(Some(run.started));
            one.principals.insert(run.principal);
        }
    }
}
