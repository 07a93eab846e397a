//! Finds tokens that can be undone: those of columns that have few values.
//!
//! A token is deterministic: equal values have equal tokens, or they could not be joined and counted. So it hides a value
//! only among the others that there could be. A day of birth is one of 36,525; whoever holds the key, and whoever may look
//! values up, tries them all. And of three values nobody needs to try any: how often each occurs tells which is which.
//!
//! | values | what undoes the token | here |
//! | --- | --- | --- |
//! | 10,000 at most | knowing how often each occurs; neither key nor look-up is needed | small: refused, unless it is waived |
//! | 2^64 at most | the stolen key, or looking each up | told, with the time that it takes |
//! | more, or without end | neither | not told |
//!
//! How many values there are is what the contract says ([`Column::values_max`]). Tokens of a release are not looked at: they
//! join and count, and leave in no answer.

mod together;
mod waivers;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::{Catalog, Column, Fault};
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, Protection, Purpose, Shown, TokenForm};

use crate::Policies;
use crate::authorizer::{Lookup, Request};
use crate::judge::judge;
use crate::matrix::MOMENTS_MAX;
use crate::permit::{GrantedColumn, GrantedDataset};

pub use together::WeaknessGroup;
pub use waivers::Waiver;
pub(crate) use waivers::Waivers;

/// The most values of a column whose tokens are told apart by how often they occur.
pub(crate) const SMALL_MAX: u128 = 10_000;

/// The most values that somebody would try.
const TRIED_MAX: u128 = u64::MAX as u128;

/// Tokens that one core makes in a second as they are shown, by two HMAC-SHA-256 each: measured in release on one core of
/// an AMD EPYC with SHA instructions, 3.1 million, with the crates `hmac` 0.13 and `sha2` 0.11 that the vault uses.
const TOKENS_PER_SECOND: u128 = 3_000_000;

const SECONDS_PER_HOUR: u128 = 3_600;

/// A column that is shown as a token and has few enough values to undo it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weakness {
    /// The dataset.
    pub dataset: DatasetName,
    /// The column.
    pub column: ColumnName,
    /// How the token looks.
    pub form: TokenForm,
    /// The policies that show it so, sorted.
    pub by: Vec<String>,
    /// To whom, sorted.
    pub principals: Vec<PrincipalId>,
    /// What for: each of the principals for each of these.
    pub purposes: Vec<Purpose>,
    /// The most values that the column can have.
    pub values: u128,
    /// The time in which one core tries them all, given the key. A token in the format of its value takes none: the key
    /// deciphers it.
    pub key_stolen: Duration,
    /// The time in which these principals look all of them up; none: they may not look up what has these tokens.
    pub by_look_up: Option<Duration>,
    /// Values that a principal may look up in an hour.
    pub lookups_per_hour: u32,
    /// Whether there are so few values that knowing how often each occurs is enough.
    pub small: bool,
    /// Who took a small one on, and why.
    pub waiver: Option<Waiver>,
    /// The moment from which on it is shown so, by policies that compare the time; none: now.
    pub from: Option<DateTime<Utc>>,
}

impl Weakness {
    /// Tells whether policies with this weakness must not be published: it is small, and nobody has taken it on.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        self.small && self.waiver.is_none()
    }
}

impl Policies {
    /// Lists the columns whose tokens can be undone, now or at a later moment that policies speak of, those of the fewest values
    /// first, each once for all that see it alike.
    #[must_use]
    pub fn lint(&self, catalog: &Catalog, now: DateTime<Utc>, lookups_per_hour: u32) -> Vec<Weakness> {
        let mut found: BTreeMap<(Finding, Option<DateTime<Utc>>), SeenBy<'_>> = BTreeMap::new();
        let mut known = BTreeSet::new();
        let later = self.moments.after(now).into_iter().take(MOMENTS_MAX).map(Some);
        for from in std::iter::once(None).chain(later) {
            // Right after it: at a moment itself policies may still answer as before.
            let now = from.map_or(now, |moment| moment + TimeDelta::milliseconds(1));
            for principal in self.world.principals.keys() {
                for entry in catalog.purposes() {
                    let purpose = &entry.name;
                    let asking = Asking { policies: self, catalog, principal, purpose, now };
                    for finding in asking.findings() {
                        if known.insert((finding.clone(), principal, purpose)) {
                            let seen_by = found.entry((finding, from)).or_default();
                            seen_by.entry(principal).or_default().insert(purpose);
                        }
                    }
                }
            }
        }
        let mut weaknesses = Vec::new();
        for ((finding, from), seen_by) in found {
            // Those who see it for the same purposes stand together.
            let mut together: BTreeMap<BTreeSet<&Purpose>, Vec<PrincipalId>> = BTreeMap::new();
            for (principal, purposes) in seen_by {
                together.entry(purposes).or_default().push(principal.clone());
            }
            for (purposes, principals) in together {
                let purposes = purposes.into_iter().cloned().collect();
                let waiver = self.waivers.of(&finding.dataset, &finding.column, from.unwrap_or(now));
                let weakness = finding.weakness((principals, purposes), lookups_per_hour, waiver);
                weaknesses.push(Weakness { from, ..weakness });
            }
        }
        weaknesses
    }

    /// Lists the waivers that waive none of the weaknesses that [`Policies::lint`] found.
    #[must_use]
    pub fn idle_waivers(&self, found: &[Weakness]) -> Vec<Fault> {
        self.waivers.idle(found)
    }
}

/// For what each principal sees something.
type SeenBy<'a> = BTreeMap<&'a PrincipalId, BTreeSet<&'a Purpose>>;

/// One principal with one purpose.
struct Asking<'a> {
    policies: &'a Policies,
    catalog: &'a Catalog,
    principal: &'a PrincipalId,
    purpose: &'a Purpose,
    now: DateTime<Utc>,
}

/// A weakness before it is told for whom. Those of the fewest values come first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    values: u128,
    dataset: DatasetName,
    column: ColumnName,
    by: Vec<String>,
    in_format: bool,
    look_up: bool,
}

/// A column that is shown as a token.
struct Token<'a> {
    granted: &'a GrantedDataset,
    column: &'a Column,
    by: &'a [String],
    form: TokenForm,
}

/// Tokens that are equal for equal values: who holds one of them finds the value in every column that has them.
#[derive(PartialEq)]
struct Kind {
    domain: String,
    form: TokenForm,
    canonical: bool,
}

impl Asking<'_> {
    fn findings(&self) -> Vec<Finding> {
        let Ok(granted) = self.judge(Vec::new(), Vec::new()) else { return Vec::new() };
        let tokens: Vec<Token<'_>> = granted
            .iter()
            .flat_map(|one| one.columns.iter().filter_map(|column| Token::of(one, column)))
            .collect();
        let mut looked_up: Vec<Kind> = Vec::new();
        for token in &tokens {
            let kind = token.kind();
            if !looked_up.contains(&kind) && self.looks_up(token) {
                looked_up.push(kind);
            }
        }
        let finding = |token: &Token<'_>| {
            let values = token.column.values_max().filter(|values| *values <= TRIED_MAX)?;
            Some(Finding {
                values,
                dataset: token.granted.dataset.name.clone(),
                column: token.column.name.clone(),
                by: token.by.to_vec(),
                in_format: token.form == TokenForm::Ff1,
                look_up: looked_up.contains(&token.kind()),
            })
        };
        tokens.iter().filter_map(finding).collect()
    }

    /// Tells whether values may be looked up in a column.
    fn looks_up(&self, token: &Token<'_>) -> bool {
        let dataset = &token.granted.dataset.name;
        let lookup = Lookup { dataset: Some(dataset.clone()), column: token.column.name.clone() };
        self.judge(vec![dataset.clone()], vec![lookup]).is_ok()
    }

    /// Asks for datasets, or for all that there are, and with what is granted.
    fn judge(
        &self,
        datasets: Vec<DatasetName>,
        lookups: Vec<Lookup>,
    ) -> Result<Vec<GrantedDataset>, crate::Refused> {
        let request = Request {
            lists: datasets.is_empty(),
            lookups,
            ..Request::of(
                (self.principal.clone(), Action::Read),
                Some(self.purpose.clone()),
                datasets,
                self.now,
            )
        };
        judge(self.policies, self.catalog, &request).verdict
    }
}

impl<'a> Token<'a> {
    /// Returns the token as which a column is shown, in any row.
    fn of(granted: &'a GrantedDataset, column: &'a GrantedColumn) -> Option<Self> {
        let ways = std::iter::once(column.shown).chain(column.when.iter().map(|way| way.shown));
        let form = ways.into_iter().find_map(|shown| match shown {
            Shown::Token(form) => Some(form),
            _ => None,
        })?;
        Some(Self { granted, column: granted.dataset.column(&column.column)?, by: &column.factors, form })
    }

    fn kind(&self) -> Kind {
        Kind {
            domain: self.column.token_domain(),
            form: self.form,
            canonical: matches!(self.column.protection, Protection::Token | Protection::SealedToken),
        }
    }
}

impl Finding {
    fn weakness(
        &self,
        (principals, purposes): (Vec<PrincipalId>, Vec<Purpose>),
        lookups_per_hour: u32,
        waiver: Option<&Waiver>,
    ) -> Weakness {
        let small = self.values <= SMALL_MAX;
        let tried = if self.in_format { 0 } else { self.values / TOKENS_PER_SECOND };
        let looked_up =
            self.values.saturating_mul(SECONDS_PER_HOUR).checked_div(u128::from(lookups_per_hour));
        Weakness {
            dataset: self.dataset.clone(),
            column: self.column.clone(),
            form: if self.in_format { TokenForm::Ff1 } else { TokenForm::Opaque },
            by: self.by.clone(),
            principals,
            purposes,
            values: self.values,
            key_stolen: seconds(tried),
            by_look_up: looked_up.filter(|_| self.look_up).map(seconds),
            lookups_per_hour,
            small,
            waiver: waiver.filter(|_| small).cloned(),
            from: None,
        }
    }
}

fn seconds(count: u128) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
