//! Walks the lineage of a column, of a release or of all that a principal got: up to where it came from, down to what hangs on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use membrane_ledger::MadeBy;
use membrane_model::{
    Action, ClassName, ColumnName, DatasetName, PrincipalId, Protection, ReleaseName, RunId, Transformation,
};

use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::run::{ActiveRun, RunHead, finish, job};
use crate::flow::standing::standing_lineage;
use crate::hub::Hub;
use crate::lineage::{Direction, Evidence, Graph, Limits, Node, Reach, Reached, StandingKnown};

use super::DEPTH_MAX;

/// Nodes that one walk reaches at most.
pub const PLACES_MAX: usize = 10_000;
/// Nodes that one walk reaches unless told otherwise.
pub const PLACES_DEFAULT: usize = 1_000;

/// What the lineage is wanted of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A column.
    Column(DatasetName, ColumnName),
    /// The answer of a run, and of all that did the same.
    Run(RunId),
    /// All answers that somebody got.
    Principal(PrincipalId),
    /// A standing release.
    Release(ReleaseName),
}

impl FromStr for Subject {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str =
            "expected DATASET.COLUMN, release:NAME, a principal like partner:acme, or the whole id of a run";
        if let Some(name) = text.strip_prefix("release:") {
            return name.parse().map(Self::Release).map_err(|_| EXPECTED);
        }
        if text.contains(':') {
            return text.parse().map(Self::Principal).map_err(|_| EXPECTED);
        }
        match text.split_once('.') {
            Some((dataset, column)) => {
                let dataset = dataset.parse().map_err(|_| EXPECTED)?;
                Ok(Self::Column(dataset, column.parse().map_err(|_| EXPECTED)?))
            }
            None => text.parse().map(Self::Run).map_err(|_| EXPECTED),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(dataset, column) => write!(f, "{dataset}.{column}"),
            Self::Run(run) => run.fmt(f),
            Self::Principal(principal) => principal.fmt(f),
            Self::Release(name) => write!(f, "release:{name}"),
        }
    }
}

/// Which lineage is wanted.
#[derive(Debug, Clone)]
pub struct TraceRequest {
    /// Of what.
    pub of: Subject,
    /// Which way.
    pub direction: Direction,
    /// Steps, at most [`DEPTH_MAX`].
    pub depth_max: u32,
    /// Nodes, at most [`PLACES_MAX`].
    pub places_max: usize,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct TraceFound {
    /// The run in which it was looked up.
    pub run: RunId,
    /// What was asked.
    pub request: TraceRequest,
    /// The places, the nearest first.
    pub places: Vec<Place>,
    /// Whether there are more.
    pub is_cut: bool,
}

/// A place that was reached: a column, a field of deliveries, or all fields of the answers of a job.
#[derive(Debug, Clone)]
pub struct Place {
    /// What it is.
    pub what: What,
    /// The fields of it.
    pub fields: BTreeSet<String>,
    /// Steps on the shortest way.
    pub distance: u32,
    /// How.
    pub how: Transformation,
    /// How much of the value comes there at most; none: only its influence.
    pub value: Option<Reach>,
    /// How much of it has influence there.
    pub influence: Option<Reach>,
    /// Runs that show it: so many at least, and the newest.
    pub evidence: Evidence,
}

/// What a place is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A column.
    Column {
        /// The dataset.
        dataset: DatasetName,
        /// The column.
        column: ColumnName,
    },
    /// A field of deliveries of one form.
    Delivered {
        /// Which.
        name: String,
        /// The field.
        field: String,
    },
    /// The value of a tag.
    Tag {
        /// Which.
        name: String,
    },
    /// The answers of runs that did the same.
    Answers {
        /// What they did.
        made_by: MadeBy,
        /// The standing release that they are editions of, as far as the statement tells.
        standing: Option<ReleaseName>,
    },
    /// A standing release, run or not.
    Standing {
        /// Which.
        name: ReleaseName,
        /// Who gets it.
        partner: PrincipalId,
    },
}

/// What the catalog says of a column.
pub(crate) fn described(hub: &Hub, what: &What) -> Option<(ClassName, Protection)> {
    let What::Column { dataset, column } = what else { return None };
    let known = hub.catalog().dataset(dataset)?.column(column)?;
    Some((known.class.clone(), known.protection))
}

/// Traces lineage.
///
/// # Errors
/// [`Failure`] when it is refused, there is no such column, run or release, or the ledger cannot be read.
pub async fn trace_lineage(
    ctx: &RequestCtx,
    hub: &Hub,
    request: TraceRequest,
) -> Result<TraceFound, Failure> {
    let verb = match request.direction {
        Direction::Up => "lineage up",
        Direction::Down => "lineage down",
    };
    let job = job(verb, &request.of, is_known(hub, &request.of));
    let head = RunHead { action: Action::Audit, purpose: None, job, statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let found = trace(&mut run, hub, &request).await;
    let (run, (places, is_cut)) = finish(run, found).await?;
    Ok(TraceFound { run, request, places, is_cut })
}

fn is_known(hub: &Hub, of: &Subject) -> bool {
    match of {
        Subject::Column(dataset, column) => {
            hub.catalog().dataset(dataset).is_some_and(|dataset| dataset.column(column).is_some())
        }
        // It has the form of an id.
        Subject::Run(_) => true,
        // What a partner was told is looked up; the job, which lineage events carry to others, does not say whom.
        Subject::Principal(_) => false,
        Subject::Release(name) => hub.catalog().release(name).is_some(),
    }
}

async fn trace(run: &mut ActiveRun, hub: &Hub, request: &TraceRequest) -> Result<(Vec<Place>, bool), Error> {
    run.permit(hub, Vec::new()).await?;
    let mut answered = None;
    match &request.of {
        Subject::Column(dataset, column) => {
            let dataset = hub.catalog().dataset(dataset).ok_or(Error::UnknownDataset)?;
            dataset.column(column).ok_or(Error::UnknownColumn)?;
        }
        Subject::Run(wanted) => {
            let found = hub.ledger().run(wanted).await.map_err(Error::Ledger)?.ok_or(Error::UnknownRun)?;
            answered = Some(MadeBy {
                principal: found.principal,
                action: found.action,
                purpose: found.purpose,
                job: found.job,
                statement: found.statement,
            });
        }
        Subject::Release(name) if hub.catalog().release(name).is_none() => {
            return Err(Error::NoStanding { name: name.clone() });
        }
        Subject::Release(_) | Subject::Principal(_) => {}
    }
    let limits =
        Limits { depth_max: request.depth_max.min(DEPTH_MAX), nodes_max: request.places_max.min(PLACES_MAX) };
    let walk = |graph: &Graph, standing: &[StandingKnown]| {
        let starts = starts(graph, standing, &request.of, answered.as_ref());
        let found = graph.walk(&starts, request.direction, limits);
        (grouped(graph, standing, &found.reached), found.is_cut)
    };
    hub.lineage().ask(hub.ledger(), hub.catalog(), standing_lineage(hub), walk).await.map_err(Error::Ledger)
}

/// Finds the nodes to walk from.
fn starts(graph: &Graph, standing: &[StandingKnown], of: &Subject, answered: Option<&MadeBy>) -> Vec<usize> {
    let maker = |place: usize| graph.makers().get(place);
    let is_wanted = |node: &Node| match (of, node) {
        (Subject::Column(dataset, column), Node::Column { dataset: own, column: field }) => {
            (dataset, column) == (own, field)
        }
        (Subject::Run(_), Node::Answer { maker: place, .. }) => {
            answered.is_some() && maker(*place) == answered
        }
        (Subject::Principal(wanted), Node::Answer { maker: place, .. }) => {
            maker(*place).is_some_and(|made| made.principal == *wanted)
        }
        (Subject::Principal(wanted), Node::Standing { partner, .. }) => partner == wanted,
        (Subject::Release(wanted), Node::Standing { name, .. }) => name == wanted,
        (Subject::Release(wanted), Node::Answer { maker: place, .. }) => {
            maker(*place).and_then(|made| edition_of(made, standing)) == Some(wanted)
        }
        _ => false,
    };
    graph.places_where(is_wanted).collect()
}

/// Finds the standing release that runs made editions of: the same statement for the same partner.
fn edition_of<'s>(made: &MadeBy, standing: &'s [StandingKnown]) -> Option<&'s ReleaseName> {
    let is_same = |one: &&StandingKnown| {
        one.partner == made.principal && one.statement.is_some() && one.statement == made.statement
    };
    let found = standing.iter().find(is_same).filter(|_| made.action == Action::Release);
    found.map(|found| &found.name)
}

/// Puts fields of one thing together.
fn grouped(graph: &Graph, standing: &[StandingKnown], reached: &[Reached]) -> Vec<Place> {
    let mut places: BTreeMap<What, Place> = BTreeMap::new();
    for one in reached {
        let (what, field) = match &one.node {
            Node::Column { dataset, column } => {
                (What::Column { dataset: dataset.clone(), column: column.clone() }, column.to_string())
            }
            Node::Delivered { name, field } => {
                let what = What::Delivered { name: name.clone(), field: field.clone() };
                (what, field.clone())
            }
            Node::Tag { name } => (What::Tag { name: name.clone() }, "value".to_owned()),
            Node::Answer { maker, field } => {
                let Some(made_by) = graph.makers().get(*maker) else { continue };
                let standing = edition_of(made_by, standing).cloned();
                (What::Answers { made_by: made_by.clone(), standing }, field.clone())
            }
            Node::Standing { name, partner, field } => {
                (What::Standing { name: name.clone(), partner: partner.clone() }, field.clone())
            }
        };
        let place = places.entry(what.clone()).or_insert_with(|| Place {
            what,
            fields: BTreeSet::new(),
            distance: one.distance,
            how: one.how,
            value: None,
            influence: None,
            evidence: Evidence::default(),
        });
        place.fields.insert(field);
        place.distance = place.distance.min(one.distance);
        if one.how.is_direct() && !place.how.is_direct() {
            place.how = one.how;
        }
        place.value = place.value.max(one.value);
        place.influence = place.influence.max(one.influence);
        place.evidence.runs = place.evidence.runs.max(one.evidence.runs);
        place.evidence.newest = place.evidence.newest.max(one.evidence.newest);
    }
    let mut places: Vec<Place> = places.into_values().collect();
    places.sort_by(|one, other| (one.distance, &one.what).cmp(&(other.distance, &other.what)));
    places
}
