//! Nodes, and the ways between them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use membrane_catalog::Catalog;
use membrane_ledger::{GroupedEdge, MadeBy};
use membrane_model::{
    Action, ColumnName, DatasetName, FieldRef, PrincipalId, ReleaseName, RevealLevel, RunId, Transformation,
};

use super::reach::Reach;

/// A place that values come to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// A column of a dataset.
    Column {
        /// The dataset.
        dataset: DatasetName,
        /// The column.
        column: ColumnName,
    },
    /// A field of what was delivered: of all deliveries of one form.
    Delivered {
        /// In which form: `csv delivery`.
        name: String,
        /// The field.
        field: String,
    },
    /// The value of a tag.
    Tag {
        /// Its id.
        name: String,
    },
    /// A column of the answers of runs that did the same.
    Answer {
        /// What they did: its place among [`Graph::makers`].
        maker: usize,
        /// The column.
        field: String,
    },
    /// A column of a standing release, as its statement is planned.
    Standing {
        /// The release.
        name: ReleaseName,
        /// Who gets it.
        partner: PrincipalId,
        /// The column.
        field: String,
    },
}

/// How a value, or its influence, comes from one node to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Way {
    /// How.
    pub how: Transformation,
    /// How much of it.
    pub reach: Reach,
}

/// What shows that it went that way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Runs in which it did; none: contracts say so, or a statement that is still to run.
    pub runs: u64,
    /// The newest of them.
    pub newest: Option<RunId>,
}

/// A step from one node to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) way: Way,
    pub(super) evidence: Evidence,
}

/// Digits at the end of the name of a delivery, which tell it from others.
const DELIVERY: &str = " delivery ";

/// The graph.
///
/// INVARIANT: every place in `out`, `into` and `steps` is one of `nodes` or `steps`: nothing is ever removed.
#[derive(Debug, Default)]
pub struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) steps: Vec<Step>,
    /// The steps that leave each node, and those that lead to it.
    pub(super) out: Vec<Vec<usize>>,
    pub(super) into: Vec<Vec<usize>>,
    makers: Vec<MadeBy>,
    places: HashMap<Node, usize>,
    known: HashMap<(usize, usize, Way), usize>,
    maker_places: HashMap<MadeBy, usize>,
}

impl Graph {
    /// Adds a step, or evidence to one that is there.
    pub fn link(&mut self, from: Node, to: Node, way: Way, evidence: Evidence) {
        let (from, to) = (self.place(from), self.place(to));
        let next = self.steps.len();
        match self.known.entry((from, to, way)) {
            Entry::Occupied(found) => {
                if let Some(step) = self.steps.get_mut(*found.get()) {
                    step.evidence.runs = step.evidence.runs.saturating_add(evidence.runs);
                    step.evidence.newest = step.evidence.newest.max(evidence.newest);
                }
            }
            Entry::Vacant(free) => {
                free.insert(next);
                self.steps.push(Step { from, to, way, evidence });
                if let Some(out) = self.out.get_mut(from) {
                    out.push(next);
                }
                if let Some(into) = self.into.get_mut(to) {
                    into.push(next);
                }
            }
        }
    }

    /// Adds what runs did that the ledger knows.
    pub(crate) fn add(&mut self, found: &GroupedEdge, catalog: &Catalog) {
        let edge = &found.edge;
        let (Some(from), Some(to)) =
            (self.node(&edge.from, &found.made_by), self.node(&edge.to, &found.made_by))
        else {
            return;
        };
        let reach = match &to {
            Node::Column { dataset, column } => {
                let known = catalog.dataset(dataset).and_then(|dataset| dataset.column(column));
                let unknown = if edge.masking { Reach::Partial } else { Reach::Clear };
                known.map_or(unknown, |column| Reach::of_protection(column.protection))
            }
            _ => shown(found.made_by.action, edge.masking, found.level),
        };
        let evidence = Evidence { runs: found.runs, newest: Some(found.newest) };
        self.link(from, to, Way { how: edge.transformation, reach }, evidence);
    }

    /// Returns what runs did: a node of answers names one of them.
    #[must_use]
    pub fn makers(&self) -> &[MadeBy] {
        &self.makers
    }

    /// Returns the nodes of which something is true, by their places.
    pub(crate) fn places_where<'g>(
        &'g self,
        is_wanted: impl Fn(&Node) -> bool + 'g,
    ) -> impl Iterator<Item = usize> + 'g {
        self.nodes.iter().enumerate().filter(move |(_, node)| is_wanted(node)).map(|(place, _)| place)
    }

    /// Returns the place of a node.
    #[must_use]
    pub fn place_of(&self, node: &Node) -> Option<usize> {
        self.places.get(node).copied()
    }

    /// Counts nodes and steps.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.nodes.len(), self.steps.len())
    }

    fn place(&mut self, node: Node) -> usize {
        let next = self.nodes.len();
        match self.places.entry(node) {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(free) => {
                self.nodes.push(free.key().clone());
                self.out.push(Vec::new());
                self.into.push(Vec::new());
                *free.insert(next)
            }
        }
    }

    fn node(&mut self, field: &FieldRef, made_by: &MadeBy) -> Option<Node> {
        match field.namespace.as_str() {
            FieldRef::DATASETS => {
                Some(Node::Column { dataset: field.name.parse().ok()?, column: field.field.parse().ok()? })
            }
            "answer" => {
                let next = self.makers.len();
                let maker = match self.maker_places.entry(made_by.clone()) {
                    Entry::Occupied(found) => *found.get(),
                    Entry::Vacant(free) => {
                        self.makers.push(made_by.clone());
                        *free.insert(next)
                    }
                };
                Some(Node::Answer { maker, field: field.field.clone() })
            }
            "tag" => Some(Node::Tag { name: field.name.clone() }),
            _ => {
                let form = field.name.rsplit_once(DELIVERY).map(|(form, _)| format!("{form} delivery"));
                let name = form.unwrap_or_else(|| field.name.clone());
                Some(Node::Delivered { name, field: field.field.clone() })
            }
        }
    }
}

/// Returns how much of a column an answer shows.
fn shown(action: Action, masking: bool, level: Option<RevealLevel>) -> Reach {
    match (action, masking, level) {
        (Action::Release, true, _) => Reach::Noise,
        // Also where the level is lower: what policy decides rows by is the original.
        (_, false, _) => Reach::Clear,
        (_, true, None) => Reach::Partial,
        (_, true, Some(level)) => Reach::of_level(level),
    }
}
