//! What was asked, asked again of two versions: who would have seen something else.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use membrane_catalog::Catalog;
use membrane_ledger::ColumnUse;
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, Purpose};

use crate::judge::judge;
use crate::permit::GrantedDataset;
use crate::{Policies, Request, RowRule};

/// Something that runs have read, and that two versions show otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Who read it.
    pub principal: PrincipalId,
    /// In which sense: `read` or `release`.
    pub action: Action,
    /// What for.
    pub purpose: Purpose,
    /// The dataset.
    pub dataset: DatasetName,
    /// The column; none: the rows.
    pub column: Option<ColumnName>,
    /// How many runs read it.
    pub runs: u64,
    /// How the older version shows it.
    pub before: String,
    /// How the newer version shows it.
    pub after: String,
}

/// Who asked for what, in which sense, why.
type Asked<'a> = (&'a PrincipalId, Action, &'a Purpose, &'a DatasetName);

impl Policies {
    /// Asks again what was asked, of an older version and of this one, as of now. What nobody read is left out.
    #[must_use]
    pub fn replay(
        &self,
        catalog: &Catalog,
        (old, old_catalog): (&Self, &Catalog),
        uses: &[ColumnUse],
        now: DateTime<Utc>,
    ) -> Vec<Replayed> {
        let mut asked: BTreeMap<Asked<'_>, Vec<&ColumnUse>> = BTreeMap::new();
        for one in uses {
            // A purpose that is no more is refused by both.
            let Some(purpose) = &one.purpose else { continue };
            asked.entry((&one.principal, one.action, purpose, &one.dataset)).or_default().push(one);
        }
        let mut found = Vec::new();
        for ((principal, action, purpose, dataset), columns) in asked {
            let request =
                Request::of((principal.clone(), action), Some(purpose.clone()), vec![dataset.clone()], now);
            let (before, after) = (Seen::of(old, old_catalog, &request), Seen::of(self, catalog, &request));
            let mut differ = |column: Option<&ColumnName>, runs: u64, (before, after): (String, String)| {
                if before != after {
                    let (principal, purpose) = (principal.clone(), purpose.clone());
                    let (dataset, column) = (dataset.clone(), column.cloned());
                    found.push(Replayed { principal, action, purpose, dataset, column, runs, before, after });
                }
            };
            for one in &columns {
                let shown = (before.column(&one.column), after.column(&one.column));
                differ(Some(&one.column), one.runs, shown);
            }
            let runs = columns.iter().map(|one| one.runs).max().unwrap_or(0);
            differ(None, runs, (before.rows(), after.rows()));
        }
        found
    }
}

/// What one version lets be seen of a dataset; none: it is refused.
struct Seen(Option<GrantedDataset>);

impl Seen {
    fn of(policies: &Policies, catalog: &Catalog, request: &Request) -> Self {
        Self(judge(policies, catalog, request).verdict.ok().and_then(|granted| granted.into_iter().next()))
    }

    fn column(&self, name: &ColumnName) -> String {
        let Some(granted) = &self.0 else { return "refused".to_owned() };
        let column = granted.columns.iter().find(|column| column.column == *name);
        column.map_or_else(|| "hidden".to_owned(), |column| column.shown.to_string())
    }

    fn rows(&self) -> String {
        match self.0.as_ref().map(|granted| &granted.row_rule) {
            None => "refused".to_owned(),
            Some(RowRule::All) => "all".to_owned(),
            Some(RowRule::None) => "none".to_owned(),
            Some(RowRule::When(condition)) => format!("where {condition}"),
        }
    }
}

#[cfg(test)]
mod tests;
