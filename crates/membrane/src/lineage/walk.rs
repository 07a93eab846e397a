//! Walks the graph up, to where something came from, or down, to what was made of it.

use std::collections::{BTreeMap, BTreeSet};

use membrane_model::Transformation;

use super::graph::{Evidence, Graph, Node, Step};
use super::reach::Reach;

/// Which way to walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To where it came from.
    Up,
    /// To what was made of it.
    Down,
}

/// How far to walk.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Steps.
    pub depth_max: u32,
    /// Nodes.
    pub nodes_max: usize,
}

/// What was reached.
#[derive(Debug, Clone)]
pub struct Found {
    /// Each node once, the nearest first.
    pub reached: Vec<Reached>,
    /// Whether there was more than the limit of nodes lets through.
    pub is_cut: bool,
}

/// A node that was reached, and what of the start reaches it, or of it the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The node.
    pub node: Node,
    /// Steps on the shortest way.
    pub distance: u32,
    /// How: DIRECT if the value itself comes on any way.
    pub how: Transformation,
    /// How much of the value reaches it, on the way that lets most through; none: only its influence does.
    pub value: Option<Reach>,
    /// How much of it has influence, on the way that lets most through; none: it has none besides the value.
    pub influence: Option<Reach>,
    /// The runs of the last steps to it.
    pub evidence: Evidence,
}

/// What is known of a node on the way: by kind (value, influence) the most that came so far, and how.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    value: Option<(Reach, Transformation)>,
    influence: Option<(Reach, Transformation)>,
    distance: u32,
    evidence: Evidence,
}

impl Graph {
    /// Walks from some nodes. A node is walked from again only when more of the value came to it, so that circles end.
    #[must_use]
    pub fn walk(&self, starts: &[usize], direction: Direction, limits: Limits) -> Found {
        let mut seen: BTreeMap<usize, Seen> = BTreeMap::new();
        let mut turn: Vec<(usize, Reach, Transformation)> =
            starts.iter().map(|start| (*start, Reach::Clear, Transformation::Identity)).collect();
        let is_start: BTreeSet<usize> = starts.iter().copied().collect();
        let mut is_cut = false;
        for distance in 1..=limits.depth_max {
            let mut next = Vec::new();
            for (place, reach, how) in turn {
                let (steps, far): (_, fn(&Step) -> usize) = match direction {
                    Direction::Up => (self.into.get(place), |step| step.from),
                    Direction::Down => (self.out.get(place), |step| step.to),
                };
                for step in steps.into_iter().flatten().filter_map(|step| self.steps.get(*step)) {
                    let far = far(step);
                    if is_start.contains(&far) {
                        continue;
                    }
                    let is_new = !seen.contains_key(&far);
                    if is_new && seen.len() >= limits.nodes_max {
                        is_cut = true;
                        continue;
                    }
                    let (first, then) = match direction {
                        Direction::Up => ((step.way.reach, step.way.how), (reach, how)),
                        Direction::Down => ((reach, how), (step.way.reach, step.way.how)),
                    };
                    let (reach, how) = (first.0.then(then.0), compose(first.1, then.1));
                    let known = seen.entry(far).or_insert(Seen { distance, ..Seen::default() });
                    if known.distance == distance {
                        known.evidence.newest = known.evidence.newest.max(step.evidence.newest);
                        known.evidence.runs = known.evidence.runs.max(step.evidence.runs);
                    }
                    let slot = if how.is_direct() { &mut known.value } else { &mut known.influence };
                    if slot.is_none_or(|(most, _)| reach > most) {
                        *slot = Some((reach, how));
                        next.push((far, reach, how));
                    }
                }
            }
            turn = next;
            if turn.is_empty() {
                break;
            }
        }
        let mut reached: Vec<Reached> =
            seen.into_iter().filter_map(|(place, seen)| self.told(place, seen)).collect();
        reached.sort_by(|one, other| (one.distance, &one.node).cmp(&(other.distance, &other.node)));
        Found { reached, is_cut }
    }

    fn told(&self, place: usize, seen: Seen) -> Option<Reached> {
        Some(Reached {
            node: self.nodes.get(place)?.clone(),
            distance: seen.distance,
            how: seen.value.or(seen.influence)?.1,
            value: seen.value.map(|(reach, _)| reach),
            influence: seen.influence.map(|(reach, _)| reach),
            evidence: seen.evidence,
        })
    }
}

/// Composes two steps as OpenLineage does: an INDIRECT one makes it INDIRECT, the first such names it; of DIRECT ones the first of
/// aggregation, transformation, identity does.
fn compose(first: Transformation, then: Transformation) -> Transformation {
    let rank = |how: Transformation| match how {
        Transformation::Aggregation => 0,
        Transformation::Transformation => 1,
        _ => 2,
    };
    match (first.is_direct(), then.is_direct()) {
        (false, _) => first,
        (true, false) => then,
        (true, true) if rank(then) < rank(first) => then,
        (true, true) => first,
    }
}
