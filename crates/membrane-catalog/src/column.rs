//! What a contract says about one column.

use membrane_model::{ClassName, ColumnName, DatasetName, IdentityKind, LogicalType, Protection, Purpose};
use regex::Regex;

use crate::{Derived, FormatCheck, Standard};

mod values;

/// One column of a dataset.
///
/// INVARIANT: when it comes from a [`crate::Catalog`], class, protection, rules and privacy settings
/// fit its type and each other; no column whose values are direct identifiers is stored in clear. In a dataset
/// about members, a column that speaks of a person is of class `pii` or below, or has a waiver.
#[derive(Debug, Clone)]
pub struct Column {
    /// The name that analysts use.
    pub name: ColumnName,
    /// What it means; empty when the contract does not say.
    pub description: String,
    /// The type before protection.
    pub logical_type: LogicalType,
    /// How sensitive it is; one of `classes.yaml`.
    pub class: ClassName,
    /// How it is stored.
    pub protection: Protection,
    /// The kind of identifier that this column holds. The same kind means the same token domain in
    /// every dataset, so that their tokens join.
    pub identity: Option<IdentityKind>,
    /// Whether every row must have a value.
    pub required: bool,
    /// Whether no value may occur twice.
    pub unique: bool,
    /// How delivered texts are brought to one spelling, before anything else looks at them.
    pub standard: Option<Standard>,
    /// The column of whose values it is made; none for what is delivered.
    pub from: Option<Derived>,
    /// What delivered values must satisfy.
    pub rules: ColumnRules,
    /// What differential privacy may assume.
    pub privacy: ColumnPrivacy,
    /// Why it identifies nobody though its name, check or identity kind says so, and who said that
    /// (`membrane.notPersonal`). It waives the class and nothing else: what has a check is never stored in clear.
    pub waiver: Option<String>,
    /// What policies on rows know of it.
    pub policy: ColumnPolicy,
}

impl Column {
    /// Returns the scope of the column's storage tokens: its identity kind, or else its class. The
    /// catalog refuses an identity kind that is named like a class, so that the two never meet.
    #[must_use]
    pub fn token_domain(&self) -> String {
        self.identity.as_ref().map_or_else(|| self.class.to_string(), ToString::to_string)
    }

    /// Returns the name under which policies on rows know the column: its own, if the contract has no other.
    #[must_use]
    pub fn attribute(&self) -> &ColumnName {
        self.policy.attribute.as_ref().unwrap_or(&self.name)
    }

    /// Tells whether the class is `pii` or below it.
    #[must_use]
    pub fn is_pii(&self) -> bool {
        is_pii(&self.class)
    }

    /// Tells whether the values are direct identifiers: by their class, or by the form that they must
    /// have (`membrane.check`) or are given (`membrane.standard`), whatever the class says.
    #[must_use]
    pub fn is_identifying(&self) -> bool {
        self.is_pii() || self.rules.check.is_some() || self.standard.is_some_and(Standard::is_identifying)
    }

    /// Returns the values that anyone may know: those that the contract lists as public.
    #[must_use]
    pub fn public_values(&self) -> Option<&[String]> {
        self.rules.enumeration.as_deref().filter(|_| self.privacy.public_keys)
    }

    /// Tells whether the values may be sums, bounds and bands.
    #[must_use]
    pub const fn is_numeric(&self) -> bool {
        is_numeric(self.logical_type)
    }
}

/// What delivered values must satisfy, besides their type. A row that does not is quarantined.
#[derive(Debug, Clone, Default)]
pub struct ColumnRules {
    /// The only values there are, as canonical text.
    pub enumeration: Option<Vec<String>>,
    /// Matches the whole value. `\d` and `\w` are ASCII, as in ECMA-262.
    pub pattern: Option<Regex>,
    /// The least value there may be.
    pub minimum: Option<f64>,
    /// The greatest value there may be.
    pub maximum: Option<f64>,
    /// Whether the minimum itself is too little.
    pub above_minimum: bool,
    /// Whether the maximum itself is too much.
    pub below_maximum: bool,
    /// What every value is a whole multiple of.
    pub multiple_of: Option<f64>,
    /// The fewest characters (not bytes) a text may have.
    pub length_min: Option<usize>,
    /// The most characters (not bytes) a text may have.
    pub length_max: Option<usize>,
    /// A check digit or form.
    pub check: Option<FormatCheck>,
    /// The column of another dataset that has every value.
    pub reference: Option<Reference>,
}

/// A column of another dataset in which every value of this one is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The dataset: one about things, which anybody who brings it in knows.
    pub dataset: DatasetName,
    /// The column.
    pub column: ColumnName,
    /// What becomes of a row whose value is not there.
    pub on_orphan: OnOrphan,
}

/// What becomes of a row whose value is not in the dataset that it refers to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnOrphan {
    /// It is set aside.
    #[default]
    Quarantine,
    /// It is taken in, and counted.
    Count,
}

impl OnOrphan {
    /// Every rule.
    pub const ALL: [Self; 2] = [Self::Quarantine, Self::Count];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quarantine => "quarantine",
            Self::Count => "count",
        }
    }
}

/// What differential privacy may assume about a column without looking at the data.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ColumnPrivacy {
    /// Whether the enumeration is public knowledge: a release then shows every key, empty groups too. Of a dataset without
    /// subject the values of its rows are, where there is no enumeration.
    pub public_keys: bool,
    /// Least and greatest value that one row adds to a sum; what lies outside is clamped.
    pub bounds: Option<(f64, f64)>,
}

/// What policies on rows know of a column, besides its type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnPolicy {
    /// Another name for it than its own.
    pub attribute: Option<ColumnName>,
    /// The purposes that a row consents to when the column is true.
    pub consent_for: Vec<Purpose>,
}

pub(crate) fn is_pii(class: &ClassName) -> bool {
    class.as_str() == "pii" || class.as_str().starts_with("pii.")
}

pub(crate) const fn is_numeric(logical_type: LogicalType) -> bool {
    matches!(logical_type, LogicalType::Integer | LogicalType::Number | LogicalType::Decimal { .. })
}

#[cfg(test)]
mod tests;
