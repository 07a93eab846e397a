//! Small draws.

use rand::RngExt;
use rand::seq::IndexedRandom;

use crate::seeds::Rng;

/// Draws one entry of a table, each as likely. An empty table gives the default.
pub(crate) fn pick<T: Copy + Default>(rng: &mut Rng, table: &[T]) -> T {
    table.choose(rng).copied().unwrap_or_default()
}

/// Draws one entry of a table by weight. An empty table gives none.
pub(crate) fn weighted<T: Copy>(rng: &mut Rng, table: &[(T, u32)]) -> Option<T> {
    let total: u32 = table.iter().map(|(_, weight)| weight).sum();
    let mut left = rng.random_range(0..total.max(1));
    for (entry, weight) in table {
        if left < *weight {
            return Some(*entry);
        }
        left -= weight;
    }
    None
}

/// Draws one entry of a table by weight. An empty table gives the default.
pub(crate) fn pick_weighted<T: Copy + Default>(rng: &mut Rng, table: &[(T, u32)]) -> T {
    weighted(rng, table).unwrap_or_default()
}

/// Draws yes with this probability.
pub(crate) fn chance(rng: &mut Rng, probability: f64) -> bool {
    rng.random::<f64>() < probability
}

/// Returns the whole part; negative numbers and not-a-number give 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float casts saturate, and the callers' values are small"
)]
pub(crate) const fn whole(value: f64) -> u64 {
    value as u64
}
