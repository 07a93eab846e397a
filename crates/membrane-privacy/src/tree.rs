//! The tree of counts on which quantiles are found: its shape, and how exact a rank comes out of it.
//!
//! Statement. A range of fixed-point values is cut into cells: one for each value where that is possible, else equally
//! wide ones, 32,768 at most. Cells are the leaves of a tree in which a node has eight children, but for the top, which
//! has as many nodes as are needed. A row counts in one node of each layer, so one member with `rows_max` rows moves
//! each layer by at most `rows_max` in L1, hence in L2, and all layers by `rows_max * layers` in L1 and
//! `rows_max * sqrt(layers)` in L2 (Hay et al. 2010, arXiv:0904.0942; Honaker 2015).
//!
//! Precision. Let every node carry independent noise of variance s. Children are made to add up to their parent: each
//! gets an equal share of what is missing. A rank at a leaf is a sum over its path; the share of a layer in which
//! `j` children lie wholly before and a part `a` of the next one is `s * (j + a^2 - (j + a)^2 / 8)`, as what is left of the
//! children once their sum is known is independent of the sum. On top there is no parent. The mean over all leaves is
//! `s * 7 / 6` a layer and about `s * b / 4` on top for a median, b being its nodes.
//!
//! Why eight. For Gaussian noise s grows with the layers, so the variance of a median is about
//! `layers * (b / 4 + (layers - 1) * (k - 1) / 6)`. For 32,768 leaves it is 43 for k = 2, 32 for 4, 33 for 8, 38 for 16
//! and 55 for 32; for Laplace noise, where s grows with the square of the layers, 4 costs half as much again as 8.
//! Weighted averaging upwards (Hay et al.) would save another 1 / (k + 1) of the variance, but needs noise on all nodes,
//! where a search needs it on those that it meets: 40 draws and not 37,448. The number of layers is the one with the
//! least variance.

/// Children of a node.
pub(crate) const CHILDREN: u64 = 8;
const LAYERS_MAX: u32 = 5;
const CELLS_MAX: u64 = 8 * 8 * 8 * 8 * 8;

/// The shape of a tree over a range of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tree {
    lower: i64,
    upper: i64,
    /// Values of one cell.
    width: u64,
    /// Nodes of the top layer.
    top: u64,
    layers: u32,
}

/// How a position divides one layer of the tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Turn {
    /// Nodes of the family before the one that holds the position.
    pub(crate) before: u64,
    /// How much of that node lies before the position, 0 to 1.
    pub(crate) part: f64,
}

impl Tree {
    /// Finds the shape for a range.
    pub(crate) fn over(lower: i64, upper: i64) -> Self {
        let values = upper.abs_diff(lower).saturating_add(1);
        let width = values.div_ceil(CELLS_MAX);
        let cells = values.div_ceil(width);
        let top = |layers: u32| cells.div_ceil(leaves(layers - 1)).max(1);
        let cost = |layers: &u32| {
            let below = f64::from(layers - 1) * (CHILDREN - 1) as f64 / 6.0;
            f64::from(*layers) * (top(*layers) as f64 / 4.0 + below)
        };
        let layers =
            (1..=LAYERS_MAX).min_by(|one, other| cost(one).total_cmp(&cost(other))).unwrap_or(LAYERS_MAX);
        Self { lower, upper, width, top: top(layers), layers }
    }

    /// Returns the layers, each of which a row counts in once.
    pub(crate) const fn layers(&self) -> u32 {
        self.layers
    }

    /// Returns the nodes of the top layer.
    pub(crate) const fn top(&self) -> u64 {
        self.top
    }

    /// Returns how many cells a node of a layer has; the top layer is 0.
    pub(crate) const fn cells_of(&self, layer: u32) -> u64 {
        leaves(self.layers.saturating_sub(1).saturating_sub(layer))
    }

    /// Returns the cell of a value, which is held within the bounds.
    pub(crate) fn cell(&self, value: i64) -> u64 {
        value.clamp(self.lower, self.upper).abs_diff(self.lower) / self.width
    }

    /// Returns the least and the greatest value.
    #[expect(clippy::cast_precision_loss, reason = "bounds stay far below 2^52")]
    pub(crate) const fn ends(&self) -> (f64, f64) {
        (self.lower as f64, self.upper as f64)
    }

    /// Returns the value at a part of a cell: that of the cell where it has one only.
    #[expect(clippy::cast_precision_loss, reason = "bounds stay far below 2^52")]
    pub(crate) fn value(&self, cell: u64, part: f64) -> f64 {
        let (lower, upper) = self.ends();
        let start = lower + cell.saturating_mul(self.width) as f64;
        // A cell of whole values ends where the last of them lies.
        let span = (self.width - 1) as f64;
        (start + part.clamp(0.0, 1.0) * span).clamp(lower, upper)
    }

    /// Returns the variance of a rank less a share of all rows, in units of that of one node's noise.
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    pub(crate) fn rank_variance(&self, share: f64, path: &[Turn]) -> f64 {
        let (top, below) = match path.split_first() {
            Some((top, below)) => (*top, below),
            None => return 0.0,
        };
        let before = top.before as f64;
        let after = (self.top as f64 - before - 1.0).max(0.0);
        let of_top = before * (1.0 - share).powi(2) + (top.part - share).powi(2) + after * share.powi(2);
        let of_layer = |turn: &Turn| {
            let before = turn.before as f64;
            before + turn.part.powi(2) - (before + turn.part).powi(2) / CHILDREN as f64
        };
        of_top + below.iter().map(of_layer).sum::<f64>()
    }

    /// Returns the variance of the rank of a median over all positions, in units of that of one node's noise.
    pub(crate) fn rank_variance_mean(&self) -> f64 {
        self.top as f64 / 4.0 + f64::from(self.layers - 1) * (CHILDREN - 1) as f64 / 6.0
    }
}

/// Returns the leaves below a node that has so many layers below it.
const fn leaves(layers: u32) -> u64 {
    CHILDREN.saturating_pow(layers)
}

#[cfg(test)]
mod tests;
