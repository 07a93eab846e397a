//! Column lineage.

use membrane_model::{FieldRef, LineageEdge};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::LineageFound;

/// Where a column came from and where it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineageBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The column.
    pub column: FieldBody,
    /// What it was made from, nearest first.
    pub upstream: Vec<EdgeBody>,
    /// What was made from it, nearest first.
    pub downstream: Vec<EdgeBody>,
}

/// A field of a dataset, of a source, or of the answer of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldBody {
    /// `dataset`, `source` or `answer`.
    pub namespace: String,
    /// The dataset, the source, or the run of the answer.
    pub name: String,
    /// The column.
    pub field: String,
}

/// An edge of the lineage graph, in OpenLineage's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EdgeBody {
    /// Where the value, or its influence, came from.
    pub from: FieldBody,
    /// Where it went.
    pub to: FieldBody,
    /// `DIRECT`: the value flowed. `INDIRECT`: only its influence.
    #[serde(rename = "type")]
    pub kind: String,
    /// IDENTITY, TRANSFORMATION, AGGREGATION, JOIN, GROUP_BY, FILTER, SORT, WINDOW or CONDITIONAL.
    pub subtype: String,
    /// Whether the value was obscured on the way: by a mask, a token, a seal or noise.
    pub masking: bool,
}

impl From<&FieldRef> for FieldBody {
    fn from(field: &FieldRef) -> Self {
        Self { namespace: field.namespace.clone(), name: field.name.clone(), field: field.field.clone() }
    }
}

impl From<&LineageEdge> for EdgeBody {
    fn from(edge: &LineageEdge) -> Self {
        let kind = if edge.transformation.is_direct() { "DIRECT" } else { "INDIRECT" };
        Self {
            from: (&edge.from).into(),
            to: (&edge.to).into(),
            kind: kind.to_owned(),
            subtype: edge.transformation.as_str().to_owned(),
            masking: edge.masking,
        }
    }
}

impl From<&LineageFound> for LineageBody {
    fn from(found: &LineageFound) -> Self {
        Self {
            run: found.run.to_string(),
            column: (&found.column).into(),
            upstream: found.upstream.iter().map(EdgeBody::from).collect(),
            downstream: found.downstream.iter().map(EdgeBody::from).collect(),
        }
    }
}
