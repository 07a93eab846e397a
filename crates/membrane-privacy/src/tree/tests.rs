use proptest::prelude::*;

use super::*;

#[test]
fn shapes_follow_the_range() {
    let shape = |lower, upper| {
        let tree = Tree::over(lower, upper);
        (tree.layers(), tree.top(), tree.width)
    };
    assert_eq!(shape(5, 5), (1, 1, 1));
    assert_eq!(shape(0, 9), (1, 10, 1), "few values are a list");
    assert_eq!(shape(0, 39), (2, 5, 1));
    assert_eq!(shape(0, 999), (4, 2, 1));
    assert_eq!(shape(1, 32_768), (5, 8, 1), "one cell for each value");
    assert_eq!(shape(0, 500_000), (5, 8, 16), "cells of 16 values");
    let wide = Tree::over(-(1 << 41), 1 << 41);
    assert!(wide.cell(i64::MAX) < CELLS_MAX && wide.cell(i64::MIN) == 0);
}

proptest! {
    /// Every value lies in a cell of the tree, values keep their order, and a cell stands for its values.
    #[test]
    fn cells_keep_order_and_place(lower in -9_000_i64..9_000, span in 0_i64..2_000_000, at in 0.0_f64..1.0) {
        let tree = Tree::over(lower, lower + span);
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
        let value = lower + (at * span as f64) as i64;
        let cell = tree.cell(value);
        prop_assert!(cell < tree.top() * leaves(tree.layers() - 1));
        prop_assert!(cell <= tree.cell(value + 1));
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let value = value as f64;
        prop_assert!(tree.value(cell, 0.0) <= value && value <= tree.value(cell, 1.0));
    }
}

/// The variance of a rank, against one computed from the covariance of what the walk adds up: the counts of each family
/// less what makes them add up to their parent.
#[test]
fn the_variance_of_a_rank_is_that_of_its_sum() {
    let tree = Tree { lower: 0, upper: 1_023, width: 1, top: 16, layers: 3 };
    for (turns, part, share) in
        [([3, 5, 2], 0.3, 0.5), ([0, 0, 0], 0.0, 0.1), ([15, 7, 7], 1.0, 0.9), ([8, 1, 6], 0.7, 0.0)]
    {
        let mut path = Vec::new();
        let mut inside = part;
        for before in turns.into_iter().rev() {
            path.push(Turn { before, part: inside });
            inside = (before as f64 + inside) / 8.0;
        }
        path.reverse();
        // The coefficient of each node's noise, by adding noise of one to one node at a time.
        let families = [tree.top(), 8, 8];
        let mut variance = 0.0;
        for (layer, nodes) in families.into_iter().enumerate() {
            for node in 0..nodes {
                let mut parent = 0.0;
                let (mut rank, mut total) = (0.0, 0.0);
                for (depth, turn) in path.iter().enumerate() {
                    let mut counts = vec![0.0; usize::try_from(families[depth]).expect("small")];
                    if depth == layer {
                        counts[usize::try_from(node).expect("small")] = 1.0;
                    }
                    if depth > 0 {
                        let missing = (parent - counts.iter().sum::<f64>()) / 8.0;
                        counts.iter_mut().for_each(|count| *count += missing);
                    } else {
                        total = counts.iter().sum();
                    }
                    let child = usize::try_from(turn.before).expect("small");
                    rank += counts[..child].iter().sum::<f64>();
                    parent = counts[child];
                }
                rank += part * parent;
                variance += (rank - share * total).powi(2);
            }
        }
        let stated = tree.rank_variance(share, &path);
        assert!((stated - variance).abs() < 1e-9, "{stated}, not {variance}");
    }
}
