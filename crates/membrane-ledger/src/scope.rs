//! What a price is charged to.

use std::fmt;
use std::str::FromStr;

use membrane_model::{DatasetName, NameError, PrincipalId};

/// What a price is charged to. Ordered by its text, which is also the order of locking.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All that a partner asks: `partner:acme`.
    Partner(PrincipalId),
    /// All that a partner asks of a dataset: `partner:acme/dataset:pos_orders`.
    PartnerDataset(PrincipalId, DatasetName),
    /// All that anyone asks of a dataset: `dataset:pos_orders`. Partners may pool what they learn.
    Dataset(DatasetName),
}

impl Scope {
    /// Returns the partner, where the scope is one partner's.
    #[must_use]
    pub const fn partner(&self) -> Option<&PrincipalId> {
        match self {
            Self::Partner(partner) | Self::PartnerDataset(partner, _) => Some(partner),
            Self::Dataset(_) => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Partner(partner) => partner.fmt(f),
            Self::PartnerDataset(partner, dataset) => write!(f, "{partner}/dataset:{dataset}"),
            Self::Dataset(dataset) => write!(f, "dataset:{dataset}"),
        }
    }
}

impl FromStr for Scope {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(dataset) = text.strip_prefix("dataset:") {
            return dataset.parse().map(Self::Dataset);
        }
        match text.split_once("/dataset:") {
            Some((partner, dataset)) => Ok(Self::PartnerDataset(partner.parse()?, dataset.parse()?)),
            None => text.parse().map(Self::Partner),
        }
    }
}

impl Ord for Scope {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.to_string().cmp(&other.to_string())
    }
}

impl PartialOrd for Scope {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
