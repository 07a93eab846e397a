//! Quantiles of one group, from a tree of noisy counts.
//!
//! Statement. Privacy unit: the member; neighbours differ by all rows of one member. Input: the cells of the rows of a
//! group, `rows_max` of each member at most; the counts of all nodes of the tree ([`Tree`]) differ, for neighbours, by at
//! most `rows_max` in each layer of each of `groups_max` groups. Output: quantiles, found by walking down the tree, each
//! with a 95 % interval. Price: that of noise on every node of the tree, whatever is asked: the noisy tree is the
//! mechanism, and the walk is post-processing. Noise is drawn when a node is first met and kept, which makes no
//! difference to what comes out, as draws are independent.
//!
//! The walk. T is the sum of the top layer. The rank of a quantile q is r = q T. Among the nodes of a family the walk takes
//! the first at which the counts so far reach the rank, subtracts what lies before, and goes on among its children,
//! whose counts are made to add up to it; in a cell it interpolates. A second walk takes the last such node, seen from
//! the other side. Where noise makes the counts go up and down, the two differ; the estimate is the value between them, for a median in
//! their middle, for high quantiles nearer to the first and for low ones to the last, which keeps out of what is empty
//! beyond the rows. Both grow with the rank.
//!
//! The interval. The noise of the rank at the place that was found has a known variance ([`Tree::rank_variance`]); the
//! interval goes from the first place that r less z deviations reaches to the last that r plus z deviations does. The true
//! quantile of the bounded rows is within unless the noise at its own place is more than z deviations: the test is
//! inverted, and its hull taken, so coverage is at least 95 % as far as the variance changes little over the
//! interval. Where cells are wide, rows are taken to lie evenly in them.
//!
//! Extremes. The least and the greatest value cannot be told apart from noise. A rank that is nearer to an end than its own
//! half-width is moved to it: for 0 and 1 the estimate has about so many rows beyond it, and the interval ends at the
//! bound. Where a group has fewer rows than two half-widths, that is the middle, and the interval is all there is.
//!
//! Reference: Hay et al. 2010 (arXiv:0904.0942); Honaker 2015; Smith 2011 on quantiles.

use std::collections::BTreeMap;

use super::noise::{Noise, whole};
use crate::tree::{CHILDREN, Tree, Turn};
use crate::{Estimate, NoisyValue, PrivacyError};

/// A noisy tree over the cells of a group, of which those nodes are drawn that somebody looked at.
pub(super) struct NoisyTree<'a> {
    tree: Tree,
    noise: &'a Noise,
    /// The cells of all rows, sorted.
    cells: &'a [i64],
    /// Noisy counts of families: by layer and number of the first node.
    drawn: BTreeMap<(u32, u64), Vec<f64>>,
}

/// A place to which a walk came.
struct Place {
    cell: u64,
    part: f64,
    path: Vec<Turn>,
}

/// From which side a walk looks.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    First,
    Last,
}

impl<'a> NoisyTree<'a> {
    pub(super) const fn new(tree: Tree, noise: &'a Noise, cells: &'a [i64]) -> Self {
        Self { tree, noise, cells, drawn: BTreeMap::new() }
    }

    fn total(&mut self) -> Result<f64, PrivacyError> {
        Ok(self.family(0, 0)?.iter().sum())
    }

    /// Returns the noisy number of rows.
    pub(super) fn total_value(&mut self) -> Result<NoisyValue, PrivacyError> {
        let value = whole(self.total()?);
        let spread = number(self.tree.top()).sqrt();
        let half =
            if self.tree.top() > 1 { self.noise.half_width(Some(spread)) } else { self.noise.half_width95 };
        Ok(NoisyValue {
            value,
            low95: value.saturating_sub(half),
            high95: value.saturating_add(half),
            sd: self.noise.sd * spread,
        })
    }

    /// Finds quantiles, in the order in which they are asked. They and the ends of their intervals grow with the share.
    pub(super) fn quantiles(&mut self, shares: &[f64]) -> Result<Vec<Estimate>, PrivacyError> {
        let mut order: Vec<(usize, f64)> = shares.iter().copied().enumerate().collect();
        order.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        let mut found = Vec::with_capacity(order.len());
        let mut last: Option<Estimate> = None;
        for (index, share) in order {
            let mut estimate = self.quantile(share)?;
            if let Some(last) = last {
                estimate.value = estimate.value.max(last.value);
                estimate.low95 = estimate.low95.max(last.low95);
                estimate.high95 = estimate.high95.max(last.high95);
            }
            last = Some(estimate);
            found.push((index, estimate));
        }
        found.sort_by_key(|(index, _)| *index);
        Ok(found.into_iter().map(|(_, estimate)| estimate).collect())
    }

    fn quantile(&mut self, share: f64) -> Result<Estimate, PrivacyError> {
        let total = self.total()?;
        let (lower, upper) = self.tree.ends();
        let place = self.walk(share * total, Side::First)?;
        let width = |tree: &Tree, noise: &Noise, share, place: &Place| {
            noise.z95() * noise.sd * tree.rank_variance(share, &place.path).sqrt()
        };
        let mut half = width(&self.tree, self.noise, share, &place);
        let mut rank = share * total;
        if total <= 2.0 * half {
            rank = total / 2.0;
        } else if rank < half {
            half = width(&self.tree, self.noise, 0.0, &place);
            rank = half;
        } else if total - rank < half {
            half = width(&self.tree, self.noise, 1.0, &place);
            rank = total - half;
        }
        let first = self.walk(rank, Side::First)?;
        let last = self.walk(rank, Side::Last)?;
        let value = self.value(&first) * share + self.value(&last) * (1.0 - share);
        let (low, high) = (rank - half, rank + half);
        let low95 = if low <= 0.0 {
            lower
        } else {
            let place = self.walk(low, Side::First)?;
            self.value(&place).min(value)
        };
        let high95 = if high >= total {
            upper
        } else {
            let place = self.walk(high, Side::Last)?;
            self.value(&place).max(value)
        };
        Ok(Estimate { value, low95, high95, sd: (high95 - low95) / (2.0 * self.noise.z95()) })
    }

    fn value(&self, place: &Place) -> f64 {
        self.tree.value(place.cell, place.part)
    }

    /// Walks down to a rank.
    fn walk(&mut self, rank: f64, side: Side) -> Result<Place, PrivacyError> {
        let mut left = rank;
        let mut first = 0;
        // The noisy count of the node whose family this is, once there is one.
        let mut parent: Option<f64> = None;
        let mut turns: Vec<u64> = Vec::new();
        let mut part = 0.5;
        for layer in 0..self.tree.layers() {
            let mut counts = self.family(layer, first)?.to_vec();
            if let Some(parent) = parent {
                let missing = (parent - counts.iter().sum::<f64>()) / number(CHILDREN);
                for count in &mut counts {
                    *count += missing;
                }
            }
            let (child, before) = turn(&counts, left, side);
            let count = counts.get(child).copied().unwrap_or_default();
            left -= before;
            part = if count > 0.0 { (left / count).clamp(0.0, 1.0) } else { 0.5 };
            parent = Some(count);
            let child = u64::try_from(child).unwrap_or_default();
            turns.push(child);
            first = first.saturating_add(child).saturating_mul(if layer + 1 < self.tree.layers() {
                CHILDREN
            } else {
                1
            });
        }
        let mut path = Vec::with_capacity(turns.len());
        let mut inside = part;
        for before in turns.into_iter().rev() {
            path.push(Turn { before, part: inside });
            inside = (number(before) + inside) / number(CHILDREN);
        }
        path.reverse();
        Ok(Place { cell: first, part, path })
    }

    /// Returns the noisy counts of a family of nodes, the first of which has a number within its layer.
    fn family(&mut self, layer: u32, first: u64) -> Result<&[f64], PrivacyError> {
        if !self.drawn.contains_key(&(layer, first)) {
            let nodes = if layer == 0 { self.tree.top() } else { CHILDREN };
            let cells = self.tree.cells_of(layer);
            let before = |node: u64| {
                let cell = i64::try_from(node.saturating_mul(cells)).unwrap_or(i64::MAX);
                self.cells.partition_point(|held| *held < cell)
            };
            let count = |node: u64| {
                i64::try_from(before(node + 1).saturating_sub(before(node))).map_err(|_| PrivacyError::Shape)
            };
            let exact = (first..first.saturating_add(nodes)).map(count).collect::<Result<Vec<i64>, _>>()?;
            let noisy = self.noise.add(exact)?.into_iter().map(float).collect();
            self.drawn.insert((layer, first), noisy);
        }
        self.drawn.get(&(layer, first)).map(Vec::as_slice).ok_or(PrivacyError::Shape)
    }
}

/// Chooses among a family: returns the node, and what lies before it.
fn turn(counts: &[f64], rank: f64, side: Side) -> (usize, f64) {
    let mut before = 0.0;
    let mut chosen = None;
    for (node, count) in counts.iter().enumerate() {
        let reached = before + count >= rank;
        match side {
            Side::First if reached => return (node, before),
            // The last node that begins before the rank.
            Side::Last if before <= rank => chosen = Some((node, before)),
            _ => {}
        }
        before += count;
    }
    let last = counts.len().saturating_sub(1);
    chosen.unwrap_or_else(|| match side {
        Side::First => (last, before - counts.last().copied().unwrap_or_default()),
        Side::Last => (0, 0.0),
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
const fn float(count: i64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
const fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
