//! Column lineage.

use std::collections::BTreeSet;

use membrane_model::{Action, FieldRef, LineageEdge, PrincipalKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::{LineageFound, Place, TraceFound, What, described};
use crate::hub::Hub;
use crate::lineage::Direction;

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

/// What was found on the way up or down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TraceBody {
    /// The run in which this was looked up.
    pub run: String,
    /// What was asked: a column, a run, a principal or a standing release.
    pub of: String,
    /// `up`: what it came from. `down`: what hangs on it.
    pub direction: String,
    /// Whether there are more places than were asked for.
    pub cut: bool,
    /// How many of each there are.
    pub counts: TraceCountsBody,
    /// The places, nearest first.
    pub places: Vec<PlaceBody>,
}

/// How many places of each kind were reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TraceCountsBody {
    /// Datasets with a column that was reached.
    pub datasets: usize,
    /// Columns.
    pub columns: usize,
    /// Of them, columns of class `pii` and below.
    pub columns_pii: usize,
    /// Forms of deliveries.
    pub deliveries: usize,
    /// Tags.
    pub tags: usize,
    /// Jobs: runs of one principal that did the same.
    pub jobs: usize,
    /// Standing releases.
    pub standing_releases: usize,
    /// Partners that were told, or will be.
    pub partners: usize,
}

/// A place on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaceBody {
    /// `column`, `delivery`, `tag`, `job` or `standing_release`.
    pub what: String,
    /// DATASET.COLUMN, the form of deliveries, the tag, the job or the release.
    pub name: String,
    /// Its fields.
    pub fields: Vec<String>,
    /// Of a column: its class.
    pub class: Option<String>,
    /// Of a column: how it is stored.
    pub protection: Option<String>,
    /// Who asked, or gets the release.
    pub principal: Option<String>,
    /// Why it was asked.
    pub purpose: Option<String>,
    /// The statement without its literals.
    pub statement: Option<String>,
    /// Of a job: the standing release whose statement that is.
    pub standing_release: Option<String>,
    /// Steps on the shortest way.
    pub distance: u32,
    /// `DIRECT`: the value flows. `INDIRECT`: only its influence.
    #[serde(rename = "type")]
    pub kind: String,
    /// IDENTITY, TRANSFORMATION, AGGREGATION, JOIN, GROUP_BY, FILTER, SORT, WINDOW or CONDITIONAL.
    pub subtype: String,
    /// How much of the value comes through at most: clear, partial, generalised, token, sealed, noise or null; none when only its
    /// influence does.
    pub value: Option<String>,
    /// In which form it has influence.
    pub influence: Option<String>,
    /// Runs that show it, so many at least; 0: a contract or a statement that is still to run says so.
    pub runs: u64,
    /// The newest of them.
    pub newest_run: Option<String>,
}

impl PlaceBody {
    fn new(hub: &Hub, place: &Place) -> Self {
        let kind = if place.how.is_direct() { "DIRECT" } else { "INDIRECT" };
        let described = described(hub, &place.what);
        let body = Self {
            what: String::new(),
            name: String::new(),
            fields: place.fields.iter().cloned().collect(),
            class: described.as_ref().map(|(class, _)| class.to_string()),
            protection: described.map(|(_, protection)| protection.to_string()),
            principal: None,
            purpose: None,
            statement: None,
            standing_release: None,
            distance: place.distance,
            kind: kind.to_owned(),
            subtype: place.how.as_str().to_owned(),
            value: place.value.map(|reach| reach.as_str().to_owned()),
            influence: place.influence.map(|reach| reach.as_str().to_owned()),
            runs: place.evidence.runs,
            newest_run: place.evidence.newest.map(|run| run.to_string()),
        };
        match &place.what {
            What::Column { dataset, column } => {
                Self { what: "column".into(), name: format!("{dataset}.{column}"), ..body }
            }
            What::Delivered { name, .. } => Self { what: "delivery".into(), name: name.clone(), ..body },
            What::Tag { name } => Self { what: "tag".into(), name: name.clone(), ..body },
            What::Answers { made_by, standing } => Self {
                what: "job".into(),
                name: made_by.name(),
                principal: Some(made_by.principal.to_string()),
                purpose: made_by.purpose.as_ref().map(ToString::to_string),
                statement: made_by.statement.clone(),
                standing_release: standing.as_ref().map(ToString::to_string),
                ..body
            },
            What::Standing { name, partner } => Self {
                what: "standing_release".into(),
                name: name.to_string(),
                principal: Some(partner.to_string()),
                ..body
            },
        }
    }
}

impl TraceBody {
    pub(crate) fn new(hub: &Hub, found: &TraceFound) -> Self {
        let direction = match found.request.direction {
            Direction::Up => "up",
            Direction::Down => "down",
        };
        Self {
            run: found.run.to_string(),
            of: found.request.of.to_string(),
            direction: direction.to_owned(),
            cut: found.is_cut,
            counts: counts(hub, &found.places),
            places: found.places.iter().map(|place| PlaceBody::new(hub, place)).collect(),
        }
    }
}

fn counts(hub: &Hub, places: &[Place]) -> TraceCountsBody {
    let (mut datasets, mut partners, mut deliveries) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut counts = TraceCountsBody::default();
    for place in places {
        match &place.what {
            What::Column { dataset, .. } => {
                datasets.insert(dataset);
                counts.columns += 1;
                let class = described(hub, &place.what).map(|(class, _)| class.to_string());
                let is_pii = class.is_some_and(|class| class == "pii" || class.starts_with("pii."));
                counts.columns_pii += usize::from(is_pii);
            }
            What::Delivered { name, .. } => {
                deliveries.insert(name);
            }
            What::Tag { .. } => counts.tags += 1,
            What::Answers { made_by, .. } => {
                counts.jobs += 1;
                if made_by.action == Action::Release && made_by.principal.kind() == PrincipalKind::Partner {
                    partners.insert(&made_by.principal);
                }
            }
            What::Standing { partner, .. } => {
                counts.standing_releases += 1;
                partners.insert(partner);
            }
        }
    }
    (counts.datasets, counts.partners) = (datasets.len(), partners.len());
    counts.deliveries = deliveries.len();
    counts
}
