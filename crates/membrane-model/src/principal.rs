//! Who asks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::NameError;

/// The kinds of principal: Cedar entity types of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// Reads with SQL.
    Analyst,
    /// Receives differentially private aggregates.
    Partner,
    /// Looks at the record.
    Compliance,
    /// Runs the hub.
    Operator,
    /// A program that brings data in.
    Service,
}

impl PrincipalKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Analyst, Self::Partner, Self::Compliance, Self::Operator, Self::Service];

    /// Returns the word in a principal id.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Analyst => "analyst",
            Self::Partner => "partner",
            Self::Compliance => "compliance",
            Self::Operator => "operator",
            Self::Service => "service",
        }
    }

    /// Returns the Cedar entity type.
    #[must_use]
    pub const fn cedar_type(self) -> &'static str {
        match self {
            Self::Analyst => "Analyst",
            Self::Partner => "Partner",
            Self::Compliance => "Compliance",
            Self::Operator => "Operator",
            Self::Service => "Service",
        }
    }
}

/// Who asks: a kind and a name, written `analyst:ana`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PrincipalId {
    kind: PrincipalKind,
    name: String,
}

impl PrincipalId {
    /// Tells whether another principal has the same name, in whatever case and of whatever kind: it may be the same person.
    #[must_use]
    pub fn same_name(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
    }

    /// Returns the kind.
    #[must_use]
    pub const fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// Returns the name without the kind.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for PrincipalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.name)
    }
}

impl FromStr for PrincipalId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || {
            NameError::new(
                "principal",
                "KIND:NAME, where KIND is analyst, partner, compliance, operator or service",
            )
        };
        let (kind, name) = text.split_once(':').ok_or_else(fault)?;
        let kind = PrincipalKind::ALL.into_iter().find(|known| known.as_str() == kind).ok_or_else(fault)?;
        let letters = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
        if name.is_empty() || name.len() > 63 || !name.chars().all(letters) {
            return Err(fault());
        }
        Ok(Self { kind, name: name.to_owned() })
    }
}

impl TryFrom<String> for PrincipalId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PrincipalId> for String {
    fn from(id: PrincipalId) -> Self {
        id.to_string()
    }
}
