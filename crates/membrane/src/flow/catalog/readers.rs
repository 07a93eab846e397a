//! Who may read a dataset, by what policies say now.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, PrincipalKind, Purpose, RevealLevel};

use crate::hub::Hub;

/// Pairs of principal and purpose that are asked of at most.
const PAIRS_MAX: usize = 2_000;

/// Who may read a dataset for a purpose, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderLine {
    /// Who.
    pub principal: PrincipalId,
    /// `read`, or `release` for partners.
    pub action: Action,
    /// Why.
    pub purpose: Purpose,
    /// How many columns are shown at each level.
    pub levels: BTreeMap<RevealLevel, usize>,
}

/// Asks policies about everybody, for every purpose; none when those would be too many.
pub(super) async fn readers(
    hub: &Hub,
    dataset: &DatasetName,
    column: Option<&ColumnName>,
    now: DateTime<Utc>,
) -> Option<Vec<ReaderLine>> {
    let mut principals = hub.policies().principals();
    principals.sort();
    let purposes: Vec<&Purpose> = hub.catalog().purposes().map(|entry| &entry.name).collect();
    if principals.len().saturating_mul(purposes.len()) > PAIRS_MAX {
        return None;
    }
    let mut lines = Vec::new();
    for principal in &principals {
        // Policies are asked without waiting for anything: others have their turn in between.
        tokio::task::yield_now().await;
        let action = if principal.kind() == PrincipalKind::Partner { Action::Release } else { Action::Read };
        for purpose in &purposes {
            let who = (principal.clone(), action);
            let shown = hub.authorizer().would_show(who, (*purpose).clone(), dataset.clone(), now);
            let mut levels = BTreeMap::new();
            for (name, level) in shown.unwrap_or_default() {
                if column.is_none_or(|column| *column == name) {
                    *levels.entry(level).or_default() += 1;
                }
            }
            if !levels.is_empty() {
                let purpose = (*purpose).clone();
                lines.push(ReaderLine { principal: principal.clone(), action, purpose, levels });
            }
        }
    }
    Some(lines)
}
