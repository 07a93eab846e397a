//! Who may see columns: by the policies that are served, asked of everybody for every purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use membrane_catalog::Dataset;
use membrane_model::{Action, PrincipalId, PrincipalKind, Purpose, RevealLevel};
use membrane_policy::{RowRule, Sight};
use membrane_report::{FindingKind, Section};

use super::Asked;
use super::meant::Meant;
use super::parts::{CODE, Rows, TEXT, finding, listed, section, text};
use crate::error::Error;

/// Pairs of principal and purpose that are asked of at most.
const PAIRS_MAX: usize = 2_000;
/// Groups that are kept: of those beyond it is told how many there were.
const GROUPS_MAX: usize = 10_000;

/// Somebody, and a purpose for which policies are asked.
pub(super) struct Asking {
    pub(super) principal: PrincipalId,
    pub(super) action: Action,
    pub(super) purpose: Purpose,
}

/// Returns everybody that is meant, for every purpose that is; none where those are too many to ask policies about.
pub(super) fn askings(asked: &Asked<'_>) -> Option<Vec<Asking>> {
    let (hub, filter) = (asked.hub, asked.filter);
    let mut principals = hub.policies().principals();
    principals.retain(|principal| filter.principal.as_ref().is_none_or(|wanted| wanted == principal));
    principals.sort();
    let mut purposes: Vec<Purpose> = hub.catalog().purposes().map(|entry| entry.name.clone()).collect();
    purposes.retain(|purpose| filter.purpose.as_ref().is_none_or(|wanted| wanted == purpose));
    if principals.len().saturating_mul(purposes.len()) > PAIRS_MAX {
        return None;
    }
    let of_each = principals.iter().flat_map(|principal| {
        let action = if principal.kind() == PrincipalKind::Partner { Action::Release } else { Action::Read };
        purposes.iter().map(move |purpose| Asking {
            principal: principal.clone(),
            action,
            purpose: purpose.clone(),
        })
    });
    Some(of_each.collect())
}

impl Asking {
    /// Asks policies what would be shown of each dataset that is meant.
    pub(super) async fn sights(&self, asked: &Asked<'_>) -> Result<Vec<(Arc<Dataset>, Sight)>, Error> {
        let (hub, now) = (asked.hub, asked.now);
        // Policies are asked without waiting for anything: others have their turn in between.
        tokio::task::yield_now().await;
        let broken = match self.action {
            Action::Read => hub.grants().open_for(&self.principal, &self.purpose, now).await?,
            _ => Vec::new(),
        };
        let mut found = Vec::new();
        for dataset in hub.catalog().datasets() {
            if asked.filter.dataset.as_ref().is_some_and(|wanted| *wanted != dataset.name) {
                continue;
            }
            let who = (self.principal.clone(), self.action);
            let of = (self.purpose.clone(), dataset.name.clone());
            if let Some(sight) = hub.authorizer().would_see(who, of, broken.clone(), now) {
                found.push((Arc::clone(dataset), sight));
            }
        }
        Ok(found)
    }

    /// Returns the word for how much of a column is shown: in a release it is noise, whatever the level.
    pub(super) const fn word(&self, level: RevealLevel) -> &'static str {
        match self.action {
            Action::Release => "noise",
            _ => level.as_str(),
        }
    }
}

/// A column as some are shown it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    purpose: Purpose,
    column: String,
    class: String,
    level: &'static str,
    how: String,
    rows: &'static str,
    policies: Vec<String>,
}

/// Who may see the columns that are meant.
pub(super) struct Can {
    shown: BTreeMap<Shown, BTreeSet<PrincipalId>>,
    left: u64,
    /// Whether policies were asked: there were not too many to ask of.
    pub(super) is_whole: bool,
}

impl Can {
    pub(super) async fn read(asked: &Asked<'_>, meant: &Meant<'_>) -> Result<Self, Error> {
        let mut can = Self { shown: BTreeMap::new(), left: 0, is_whole: true };
        let Some(askings) = askings(asked) else { return Ok(Self { is_whole: false, ..can }) };
        for asking in &askings {
            for (dataset, sight) in asking.sights(asked).await? {
                can.add(asking, &dataset, &sight, meant);
            }
        }
        Ok(can)
    }

    fn add(&mut self, asking: &Asking, dataset: &Dataset, sight: &Sight, meant: &Meant<'_>) {
        for column in &sight.columns {
            let level = asking.word(column.level);
            if !meant.has(dataset.name.as_str(), column.column.as_str(), Some(level)) {
                continue;
            }
            let class = dataset.column(&column.column).map(|known| known.class.to_string());
            let one = Shown {
                purpose: asking.purpose.clone(),
                column: format!("{}.{}", dataset.name, column.column),
                class: class.unwrap_or_default(),
                level,
                how: column.shown.to_string(),
                rows: rows_word(&sight.rows),
                policies: column.factors.clone(),
            };
            if self.shown.len() >= GROUPS_MAX && !self.shown.contains_key(&one) {
                self.left = self.left.saturating_add(1);
            } else {
                self.shown.entry(one).or_default().insert(asking.principal.clone());
            }
        }
    }

    /// Returns the policies that are named.
    pub(super) fn policies(&self) -> impl Iterator<Item = &String> {
        self.shown.keys().flat_map(|shown| &shown.policies)
    }

    /// Returns everybody who may.
    pub(super) fn principals(&self) -> BTreeSet<&PrincipalId> {
        self.shown.values().flatten().collect()
    }

    /// Says who may see them, and why.
    pub(super) fn section(self) -> Result<Section, Error> {
        let mut section = section("can", "Who may")?;
        if !self.is_whole {
            let told = "There are too many principals and purposes to ask policies about all of them here: state `--principal` or `--purpose`.";
            section.blocks.push(finding(FindingKind::Warning, told));
            return Ok(section);
        }
        let columns = [
            ("purpose", "Purpose", TEXT),
            ("column", "Column", CODE),
            ("class", "Class", CODE),
            ("level", "Level", TEXT),
            ("how", "How it is shown", TEXT),
            ("rows", "Rows", TEXT),
            ("policies", "By policies", CODE),
            ("who", "Who", TEXT),
        ];
        let mut rows =
            Rows::new("can_see", &columns)?.or_say("By the policies that are served nobody may see them so.");
        for (shown, who) in self.shown {
            rows.push(vec![
                text(&shown.purpose),
                text(&shown.column),
                text(&shown.class),
                text(shown.level),
                text(&shown.how),
                text(shown.rows),
                text(listed(&shown.policies)),
                text(listed(who)),
            ])?;
        }
        rows.leave(self.left);
        rows.put(&mut section, "`membrane policy matrix` shows who sees what");
        Ok(section)
    }
}

/// Says in one word which rows are shown.
pub(super) const fn rows_word(rule: &RowRule) -> &'static str {
    match rule {
        RowRule::All => "all",
        RowRule::None => "none",
        RowRule::When(_) => "some",
    }
}
