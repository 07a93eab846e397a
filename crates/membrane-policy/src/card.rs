//! Rule cards: the common policies, as compliance writes them.
//!
//! ```yaml
//! # policies/cards/marketing.yaml
//! cards:
//!   - id: marketing.phone
//!     because: Campaigns are checked by the last digits.
//!     who: { kind: analyst, groups: [marketing] }
//!     purposes: [marketing_analysis]
//!     may: see
//!     as: partial(3,4)
//!     classes: [pii.phone]
//!     datasets: [crm_members]
//! ```
//!
//! A card is read ([`read`]), written as one Cedar policy ([`cedar`]) and told in words ([`words`]). The policy is what
//! decides, checked like any other; card, policy and words are shown side by side. What is wrong with the names and
//! conditions of a card is told in the words that it is written in ([`names`], [`conditions`]), and so is what makes it
//! useless ([`effect`], [`decides`]).

mod cedar;
mod conditions;
mod decides;
mod effect;
mod names;
mod places;
mod read;
mod words;

use chrono::NaiveDate;
use membrane_catalog::yaml::{At, Mark};
use membrane_catalog::{Catalog, Column, Dataset, Fault};
use membrane_model::{
    ClassName, ColumnName, DatasetName, PrincipalId, PrincipalKind, Purpose, RevealLevel, Shown,
};

use crate::world::World;
use places::Places;

pub(crate) use read::read_cards;

/// A rule card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The id of its policy.
    pub(crate) id: String,
    /// Why there is this rule, in the words of who wrote it.
    pub(crate) because: String,
    pub(crate) who: Who,
    /// For which purposes; none: for all, which only what must not be can say.
    pub(crate) purposes: Vec<Purpose>,
    /// From the beginning of this day on, UTC.
    pub(crate) from: Option<NaiveDate>,
    /// To the end of this day, UTC.
    pub(crate) until: Option<NaiveDate>,
    pub(crate) rule: Rule,
    /// Where it begins in its file.
    pub(crate) mark: Mark,
    /// Where its keys and names stand.
    pub(crate) places: Places,
}

/// Whom a card is about; nothing said: everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) kind: Option<PrincipalKind>,
    pub(crate) groups: Vec<String>,
    pub(crate) principals: Vec<PrincipalId>,
    /// The least clearance.
    pub(crate) clearance: Option<u32>,
}

/// What a card says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// They may use datasets in SQL.
    Use(Vec<DatasetName>),
    /// They may receive aggregates of datasets.
    Release(Vec<DatasetName>),
    /// They may see columns in one way.
    See { columns: Columns, shown: Shown },
    /// They may look exact values up in columns.
    LookUp(Columns),
    /// They may see rows of datasets for which all conditions are true.
    SeeRows { datasets: Vec<DatasetName>, when: Vec<Condition> },
    /// They must not use datasets in SQL.
    NeverUse(Vec<DatasetName>),
    /// They must not receive aggregates of datasets.
    NeverRelease(Vec<DatasetName>),
    /// They must not see columns, or not above a level.
    NeverSee { columns: Columns, above: Option<RevealLevel> },
    /// They must not look exact values up in columns.
    NeverLookUp(Columns),
    /// They must not see rows for which all conditions are true, unless all others are.
    NeverSeeRows { datasets: Vec<DatasetName>, when: Vec<Condition>, unless: Vec<Condition> },
}

/// Columns by class and by name; nothing said: all. Datasets narrow them down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) classes: Vec<ClassName>,
    pub(crate) columns: Vec<(DatasetName, ColumnName)>,
    pub(crate) datasets: Vec<DatasetName>,
}

/// A condition on a column of a row. A row without a value does not fulfil it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) column: ColumnName,
    pub(crate) test: Test,
    /// Where the column is named.
    pub(crate) mark: Mark,
    /// Where each of what it is compared with stands.
    pub(crate) marks: Vec<Mark>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    /// The value is one of a set that the principal has, such as `regions`.
    Among(String),
    Is(Literal),
    IsNot(Literal),
    OneOf(Vec<Literal>),
    AtLeast(Bound),
    AtMost(Bound),
}

/// What a value is compared with by size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    Number(i64),
    /// A whole day, UTC: of moments the first is its midnight, and the last is before the next.
    Day(NaiveDate),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Literal {
    Text(String),
    Integer(i64),
    Truth(bool),
}

impl Card {
    /// Returns the id of the policy that the card becomes.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns why there is this rule, as its author says it.
    #[must_use]
    pub fn because(&self) -> &str {
        &self.because
    }

    /// Returns the policy that the card becomes.
    #[must_use]
    pub fn cedar(&self) -> String {
        cedar::write(self)
    }

    /// Returns what the card says, in one sentence.
    #[must_use]
    pub fn words(&self) -> String {
        words::write(self)
    }

    /// Lists what keeps the card from being a policy: names that name nothing, conditions that cannot be asked.
    pub(crate) fn faults(&self, world: &World, catalog: &Catalog) -> Vec<Fault> {
        let mut found = names::unknown(self, world, catalog);
        found.extend(conditions::impossible(self, world, catalog));
        found.into_iter().map(|found| self.fault(found)).collect()
    }

    /// Lists what makes the card useless, whoever there is: it can be served, but not as it was meant.
    pub(crate) fn review(&self, catalog: &Catalog) -> Vec<Fault> {
        effect::without(self, catalog).into_iter().map(|found| self.fault(found)).collect()
    }

    /// States a fault of the card at a place in it.
    pub(crate) fn fault(&self, found: At<String>) -> Fault {
        let Mark { line, column } = found.mark;
        let message = format!("card `{}`: {}", self.id, found.value);
        Fault { file: self.places.file.clone(), line, column, message }
    }

    /// Returns where a key stands: what it says, or else the card.
    fn mark_of(&self, key: &str) -> Mark {
        self.places.keys.get(key).copied().unwrap_or(self.mark)
    }
}

impl Columns {
    /// Returns the columns of the catalog that are meant.
    fn of<'c>(&self, catalog: &'c Catalog) -> Vec<(&'c Dataset, &'c Column)> {
        let everything = self.classes.is_empty() && self.columns.is_empty();
        let meant = |dataset: &Dataset, column: &Column| {
            let named = |(of, name): &(DatasetName, ColumnName)| *of == dataset.name && *name == column.name;
            (everything
                || self.columns.iter().any(named)
                || self.classes.iter().any(|class| column.class.is_within(class)))
                && (self.datasets.is_empty() || self.datasets.contains(&dataset.name))
        };
        let all = catalog
            .datasets()
            .flat_map(|dataset| dataset.columns.iter().map(move |column| (&**dataset, column)));
        all.filter(|(dataset, column)| meant(dataset, column)).collect()
    }
}

impl Rule {
    /// Tells whether it takes away instead of giving.
    pub(crate) const fn forbids(&self) -> bool {
        matches!(
            self,
            Self::NeverUse(_)
                | Self::NeverRelease(_)
                | Self::NeverSee { .. }
                | Self::NeverLookUp(_)
                | Self::NeverSeeRows { .. }
        )
    }

    /// Returns the datasets whose rows it is about, with all its conditions on them.
    fn rows<'c>(&self, catalog: &'c Catalog) -> Option<(Vec<&'c Dataset>, Vec<&Condition>)> {
        let (datasets, conditions) = match self {
            Self::SeeRows { datasets, when } => (datasets, when.iter().collect()),
            Self::NeverSeeRows { datasets, when, unless } => (datasets, when.iter().chain(unless).collect()),
            _ => return None,
        };
        let meant = catalog.datasets().map(|dataset| &**dataset);
        let meant = meant.filter(|dataset| datasets.is_empty() || datasets.contains(&dataset.name));
        Some((meant.collect(), conditions))
    }
}

#[cfg(test)]
mod tests;
