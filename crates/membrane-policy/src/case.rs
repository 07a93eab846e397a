//! Cases: a question to the policies with the answer that is expected, as compliance writes them down.
//!
//! ```yaml
//! # policies/cases/marketing.yaml
//! cases:
//!   - name: marketing sees a phone in part, and its own regions
//!     who: analyst:ana
//!     purpose: marketing_analysis
//!     dataset: crm_members
//!     columns:
//!       phone: partial(3,4)
//!       name: { as: partial(1,0), by: marketing.name }
//!     rows: some
//!     no-look-up: [phone]
//!   - name: a partner gets no rows
//!     who: partner:acme
//!     purpose: partner_reporting
//!     dataset: crm_members
//!     refused: true
//! ```

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use membrane_catalog::yaml::Mark;
use membrane_catalog::{Catalog, Fault};
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, Purpose, Shown};

use crate::judge::judge;
use crate::permit::GrantedDataset;
use crate::world::World;
use crate::{Acting, Handed, Lookup, Policies, Request, RowRule};

pub(crate) use read::read_cases;

/// A case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) who: PrincipalId,
    /// On whose behalf, as if the dataset had been handed on; none: their own.
    pub(crate) on_behalf_of: Option<PrincipalId>,
    pub(crate) action: Action,
    pub(crate) purpose: Purpose,
    pub(crate) dataset: DatasetName,
    /// The moment that it is asked for; none: now.
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) expected: Expected,
    pub(crate) file: PathBuf,
    pub(crate) mark: Mark,
}

/// What is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    Refused,
    Granted {
        columns: BTreeMap<ColumnName, Column>,
        rows: Option<Rows>,
        /// Whether exact values may be looked up in a column.
        look_ups: BTreeMap<ColumnName, bool>,
    },
}

/// How a column is shown, if at all, and which policies decide that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// None: hidden.
    pub(crate) shown: Option<Shown>,
    /// None: whichever.
    pub(crate) by: Option<Vec<String>>,
}

/// How many rows may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    All,
    Some,
    None,
}

/// What came of a case.
#[derive(Debug, Clone)]
pub struct CaseOutcome {
    /// Its name.
    pub name: String,
    /// The file that it is in, and its line.
    pub place: String,
    /// How the answer differs from what is expected; empty when it does not.
    pub differences: Vec<String>,
}

impl Policies {
    /// Asks every case and compares.
    #[must_use]
    pub fn test(&self, catalog: &Catalog, now: DateTime<Utc>) -> Vec<CaseOutcome> {
        let outcome = |case: &Case| CaseOutcome {
            name: case.name.clone(),
            place: format!("{}:{}", case.file.display(), case.mark.line),
            differences: case.differences(self, catalog, now),
        };
        self.cases.iter().map(outcome).collect()
    }
}

impl Case {
    /// Lists the names in it that name nothing: of what is not there nothing is ever shown, as if that were expected.
    pub(crate) fn unknown_names(&self, world: &World, catalog: &Catalog) -> Vec<Fault> {
        let mut messages = Vec::new();
        for who in std::iter::once(&self.who).chain(&self.on_behalf_of) {
            if !world.principals.contains_key(who) {
                messages.push(format!("there is no `{who}` in `principals.json`"));
            }
        }
        if !catalog.has_purpose(&self.purpose) {
            messages.push(format!("there is no purpose `{}` in `purposes.yaml`", self.purpose));
        }
        match (catalog.dataset(&self.dataset), &self.expected) {
            (None, _) => messages.push(format!("there is no dataset `{}` in the catalog", self.dataset)),
            (Some(dataset), Expected::Granted { columns, look_ups, .. }) => {
                let named: BTreeSet<&ColumnName> = columns.keys().chain(look_ups.keys()).collect();
                let unknown = named.into_iter().filter(|name| dataset.column(name).is_none());
                messages.extend(unknown.map(|name| format!("`{}` has no column `{name}`", self.dataset)));
            }
            (Some(_), Expected::Refused) => {}
        }
        let fault = |message| Fault {
            file: self.file.clone(),
            line: self.mark.line,
            column: self.mark.column,
            message: format!("case `{}`: {message}", self.name),
        };
        messages.into_iter().map(fault).collect()
    }

    fn differences(&self, policies: &Policies, catalog: &Catalog, now: DateTime<Utc>) -> Vec<String> {
        let request = self.request(Vec::new(), now);
        let verdict = judge(policies, catalog, &request).verdict;
        match (&self.expected, verdict) {
            (Expected::Refused, Err(_)) => Vec::new(),
            (Expected::Refused, Ok(_)) => vec!["it is granted and should be refused".to_owned()],
            (Expected::Granted { .. }, Err(refused)) => {
                vec![format!("it is refused ({}) and should be granted", refused.reason)]
            }
            (Expected::Granted { columns, rows, look_ups }, Ok(granted)) => match granted.first() {
                None => vec!["no dataset is granted".to_owned()],
                Some(granted) => {
                    let mut found = differences(granted, columns, *rows);
                    for (column, expected) in look_ups {
                        let lookup = Lookup { dataset: Some(self.dataset.clone()), column: column.clone() };
                        let asked = self.request(vec![lookup], now);
                        let may = judge(policies, catalog, &asked).verdict.is_ok();
                        if may != *expected {
                            let words = |may: bool| if may { "can" } else { "cannot" };
                            found.push(format!(
                                "values of column `{column}` {} be looked up, and it should be that they {}",
                                words(may),
                                words(*expected)
                            ));
                        }
                    }
                    found
                }
            },
        }
    }

    fn request(&self, lookups: Vec<Lookup>, now: DateTime<Utc>) -> Request {
        let handed = || vec![Handed { delegation: 0, datasets: vec![self.dataset.clone()] }];
        let acting = |delegator: &PrincipalId| Acting { delegator: delegator.clone(), handed: handed() };
        Request {
            lookups,
            acting: self.on_behalf_of.as_ref().map(acting),
            ..Request::of(
                (self.who.clone(), self.action),
                Some(self.purpose.clone()),
                vec![self.dataset.clone()],
                self.at.unwrap_or(now),
            )
        }
    }
}

fn differences(
    granted: &GrantedDataset,
    columns: &BTreeMap<ColumnName, Column>,
    rows: Option<Rows>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, expected) in columns {
        let column = granted.columns.iter().find(|column| column.column == *name);
        let shown = column.map(|column| column.shown);
        let words = |shown: Option<Shown>| shown.map_or("hidden".to_owned(), |shown| shown.to_string());
        if shown != expected.shown {
            found.push(format!(
                "column `{name}` is {} and should be {}",
                words(shown),
                words(expected.shown)
            ));
        }
        if let (Some(by), Some(column)) = (&expected.by, column)
            && *by != column.factors
        {
            found.push(format!(
                "column `{name}` is decided by {} and should be by {}",
                column.factors.join(", "),
                by.join(", ")
            ));
        }
    }
    let seen = Rows::of(&granted.row_rule);
    if let Some(rows) = rows
        && rows != seen
    {
        found.push(format!("{} rows may be seen and should be {}", seen.as_str(), rows.as_str()));
    }
    found
}

impl Rows {
    pub(crate) const ALL: [Self; 3] = [Self::All, Self::Some, Self::None];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Some => "some",
            Self::None => "none",
        }
    }

    const fn of(rule: &RowRule) -> Self {
        match rule {
            RowRule::All => Self::All,
            RowRule::When(_) => Self::Some,
            RowRule::None => Self::None,
        }
    }
}

#[cfg(test)]
mod tests;
