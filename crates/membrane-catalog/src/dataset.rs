//! What a contract says about a dataset.

use std::borrow::Cow;

use membrane_model::{ColumnName, DatasetName, IdentityKind, Purpose};

use crate::{Column, RetentionRules, ServiceLevels, Stewardship};

mod hash;

/// A governed dataset with its one contract.
///
/// INVARIANT: when it comes from a [`crate::Catalog`], column names are unique, and every column that
/// `subject`, `primary_key` and `event_time` name is there and fits. No two columns have one [`Column::attribute`], and
/// a purpose has one column that is the consent for it.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The name: also the contract's file stem and the table's folder.
    pub name: DatasetName,
    /// The contract's version, `MAJOR.MINOR.PATCH`.
    pub version: String,
    /// What it is; empty when the contract does not say.
    pub description: String,
    /// Who answers for it: the member of the contract's team whose role is `owner`.
    pub owner: Option<String>,
    /// The columns in the contract's order.
    pub columns: Vec<Column>,
    /// The column that says whose row it is; none for data about things.
    pub subject: Option<SubjectSource>,
    /// The columns that together name a row, in order of position.
    pub primary_key: Vec<ColumnName>,
    /// The column that says when it happened.
    pub event_time: Option<ColumnName>,
    /// How much of the dataset one member may be.
    pub privacy: Option<DatasetPrivacy>,
    /// What becomes of a delivery that ends before its end.
    pub on_truncated: OnTruncated,
    /// What is promised of deliveries.
    pub service: ServiceLevels,
    /// After what its rows go; none: they stay. There is an event time then.
    pub retention: Option<RetentionRules>,
    /// What is said about it beside that.
    pub stewardship: Stewardship,
}

/// What becomes of a delivery that ends before its end: of a packed file that was cut off, of an array that is not closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnTruncated {
    /// Nothing of it is taken in: the whole delivery will come, and would double what is there.
    #[default]
    Stop,
    /// The rows that are there are taken in, and the place where it ends is set aside.
    Save,
}

impl OnTruncated {
    /// Every rule.
    pub const ALL: [Self; 2] = [Self::Stop, Self::Save];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Save => "save",
        }
    }
}

/// Which column identifies the subject of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectSource {
    /// The column.
    pub column: ColumnName,
    /// The kind of identifier in it.
    pub kind: IdentityKind,
}

/// The contribution bounds of one member, for differential privacy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatasetPrivacy {
    /// Groups that one member may be in (L0).
    pub groups_max: u32,
    /// Rows that one member may have in a group.
    pub rows_max: u32,
}

impl Dataset {
    /// What policies call the set of purposes that a row consents to.
    pub const CONSENTS: &str = "consents";

    /// Finds a column by name.
    #[must_use]
    pub fn column(&self, name: &ColumnName) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == *name)
    }

    /// Finds the column that says whether a row consents to a purpose.
    #[must_use]
    pub fn consent_for(&self, purpose: &Purpose) -> Option<&Column> {
        self.columns.iter().find(|column| column.policy.consent_for.contains(purpose))
    }

    /// Tells whether its rows consent to purposes: a column says so.
    #[must_use]
    pub fn has_consents(&self) -> bool {
        self.columns.iter().any(|column| !column.policy.consent_for.is_empty())
    }

    /// Tells whether its rows are about members: it has a subject.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        self.subject.is_some()
    }

    /// Returns the columns that a delivered file must have, with their places in the contract: dropped ones too, and none
    /// that is made of another.
    pub fn source_columns(&self) -> impl Iterator<Item = (usize, &Column)> {
        self.columns.iter().enumerate().filter(|(_, column)| column.from.is_none())
    }

    /// Returns the dataset as it is delivered: without the columns that are made of others.
    #[must_use]
    pub fn delivered(&self) -> Cow<'_, Self> {
        if self.columns.iter().all(|column| column.from.is_none()) {
            return Cow::Borrowed(self);
        }
        let columns = self.source_columns().map(|(_, column)| column.clone()).collect();
        Cow::Owned(Self { columns, ..self.clone() })
    }
}
