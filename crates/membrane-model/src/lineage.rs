//! Column lineage in OpenLineage's terms (columnLineage facet 1-2-0).

use std::fmt;

use serde::{Deserialize, Serialize};

/// One field of a dataset, a source or an answer, as OpenLineage names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FieldRef {
    /// `dataset`, `source` or `answer`.
    pub namespace: String,
    /// The dataset, the source or the run id of the answer.
    pub name: String,
    /// The column.
    pub field: String,
}

impl FieldRef {
    /// The namespace of governed datasets.
    pub const DATASETS: &str = "dataset";

    /// Names a column of a governed dataset.
    #[must_use]
    pub fn dataset(name: impl fmt::Display, field: impl fmt::Display) -> Self {
        Self { namespace: Self::DATASETS.into(), name: name.to_string(), field: field.to_string() }
    }

    /// Names a field of what was delivered to a dataset, before the contract was applied.
    #[must_use]
    pub fn source(name: impl fmt::Display, field: impl fmt::Display) -> Self {
        Self { namespace: "source".into(), name: name.to_string(), field: field.to_string() }
    }

    /// Names a column of the answer of a run.
    #[must_use]
    pub fn answer(run: impl fmt::Display, field: impl fmt::Display) -> Self {
        Self { namespace: "answer".into(), name: run.to_string(), field: field.to_string() }
    }
}

impl fmt::Display for FieldRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}.{}", self.namespace, self.name, self.field)
    }
}

/// How one field came from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Transformation {
    /// DIRECT: the value itself.
    Identity,
    /// DIRECT: a value computed from it.
    Transformation,
    /// DIRECT: one value from many.
    Aggregation,
    /// INDIRECT: it decided which rows met.
    Join,
    /// INDIRECT: it decided the groups.
    GroupBy,
    /// INDIRECT: it decided which rows stayed.
    Filter,
    /// INDIRECT: it decided the order.
    Sort,
    /// INDIRECT: it decided a window.
    Window,
    /// INDIRECT: it decided a branch.
    Conditional,
}

impl Transformation {
    /// Tells whether the value itself flowed (DIRECT) or only its influence (INDIRECT).
    #[must_use]
    pub const fn is_direct(self) -> bool {
        matches!(self, Self::Identity | Self::Transformation | Self::Aggregation)
    }

    /// Returns OpenLineage's subtype.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "IDENTITY",
            Self::Transformation => "TRANSFORMATION",
            Self::Aggregation => "AGGREGATION",
            Self::Join => "JOIN",
            Self::GroupBy => "GROUP_BY",
            Self::Filter => "FILTER",
            Self::Sort => "SORT",
            Self::Window => "WINDOW",
            Self::Conditional => "CONDITIONAL",
        }
    }

    /// Reads OpenLineage's subtype.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Identity,
            Self::Transformation,
            Self::Aggregation,
            Self::Join,
            Self::GroupBy,
            Self::Filter,
            Self::Sort,
            Self::Window,
            Self::Conditional,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == text)
    }
}

/// One edge of the lineage graph.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LineageEdge {
    /// Where the value, or its influence, came from.
    pub from: FieldRef,
    /// Where it went.
    pub to: FieldRef,
    /// How.
    pub transformation: Transformation,
    /// Whether the value was obscured on the way (mask, token, seal, noise).
    pub masking: bool,
}
