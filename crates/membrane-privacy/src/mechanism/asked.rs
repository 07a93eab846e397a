//! What a statement asks of its price: how much there is to divide, and what each part wishes for.

use membrane_model::Delta;

use super::allot::Wish;
use super::noise::Reach;
use crate::budget::{Share, Unit, rho_nano_for};
use crate::{
    AggregateKind, AggregateSpec, Counter, KeyDomain, PriceAsked, PrivacyError, ReleaseSpec, epsilon_of,
};

const KEY_WEIGHT: u32 = 1;

/// What the delta of a release exceeds that of its parts by at least, so that rounding up stays within it.
const DELTA_SPARE: f64 = 1e-17;

/// Returns what may be divided among the parts: rho, or a pure epsilon; less what was spent.
pub(crate) fn budget(spec: &ReleaseSpec) -> Result<(Unit, u64), PrivacyError> {
    let (unit, nano) = match spec.price {
        PriceAsked::Rho { rho_nano } => (Unit::Rho, rho_nano),
        PriceAsked::Epsilon(epsilon) if spec.divides_epsilon() => (Unit::Epsilon, billionths(epsilon.get())),
        PriceAsked::Epsilon(epsilon) => {
            (Unit::Rho, rho_nano_for(epsilon, delta_for_values(spec) - delta_spare(spec))?)
        }
    };
    let spent = match (&spec.spent, unit) {
        (None, _) => 0,
        (Some(spent), Unit::Rho) => spent.price.rho_nano,
        // What has no pure epsilon leaves nothing of one.
        (Some(spent), Unit::Epsilon) => {
            spent.epsilon.map_or(nano, |epsilon| billionths(epsilon).saturating_add(1))
        }
    };
    let left = nano.checked_sub(spent).filter(|left| *left > 0).ok_or(PrivacyError::EpsilonTooSmall)?;
    Ok((unit, left))
}

/// Returns what the parts of a release may leave of delta: each limit on a size takes some.
#[expect(clippy::cast_precision_loss, reason = "there are few")]
fn delta_spare(spec: &ReleaseSpec) -> f64 {
    let limits = spec.counter.map_or(1, Counter::limits) as f64;
    DELTA_SPARE * limits.max(1.0)
}

/// Returns the delta that is left for converting rho: half of it chooses groups, where they come from the data.
fn delta_for_values(spec: &ReleaseSpec) -> f64 {
    let delta = spec.delta.get();
    if spec.chooses() { delta / 2.0 } else { delta }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an epsilon is positive and at most 20; rounded down"
)]
fn billionths(epsilon: f64) -> u64 {
    (epsilon * 1e9).next_down() as u64
}

/// States what each part asks of the price: first the choice of groups, if there is one, then the aggregates that are
/// not the same number, each followed by its coarser levels. A target is that of every level.
pub(super) fn wishes(spec: &ReleaseSpec) -> Result<Vec<Wish>, PrivacyError> {
    let groups_max = spec.groups_effective();
    let mut wishes = Vec::with_capacity(spec.aggregates.len() + 1);
    if spec.chooses() {
        let reused = || spec.aggregates.iter().filter(|one| spec.reuses(one));
        wishes.push(Wish {
            weight: KEY_WEIGHT + reused().map(|aggregate| aggregate.weight).sum::<u32>(),
            target: reused().filter_map(|aggregate| aggregate.target95).min(),
            reach: Reach { cells: groups_max, most: 1 },
            spread: None,
            is_read: reused().next().is_some(),
        });
    }
    for aggregate in spec.aggregates.iter().filter(|one| !spec.reuses(one)) {
        let most = aggregate.kind.contribution_max(spec.rows_max).ok_or(PrivacyError::Shape)?;
        wishes.push(Wish {
            weight: aggregate.weight,
            target: aggregate.target95,
            reach: Reach { cells: groups_max.saturating_mul(aggregate.kind.layers()), most },
            spread: spread(aggregate.kind),
            is_read: true,
        });
        for _ in &spec.rollup {
            let most = spec.coarse_max(aggregate.kind).ok_or(PrivacyError::Shape)?;
            wishes.push(Wish {
                weight: aggregate.weight,
                target: aggregate.target95,
                reach: Reach { cells: 1, most },
                spread: None,
                is_read: true,
            });
        }
    }
    Ok(wishes)
}

/// Returns how many draws' worth of deviation the interval of an aggregate has, unless it is that of one draw.
pub(super) fn spread(kind: AggregateKind) -> Option<f64> {
    kind.tree().map(|tree| tree.rank_variance_mean().sqrt())
}

/// Returns the epsilon that a share amounts to at the delta that was stated.
pub(super) fn epsilon_at(spec: &ReleaseSpec, share: Share) -> Result<f64, PrivacyError> {
    if share.unit == Unit::Epsilon {
        return Ok(share.get().next_up());
    }
    let at = Delta::new((delta_for_values(spec) - DELTA_SPARE).max(f64::MIN_POSITIVE))?;
    epsilon_of(share.price()?, at)
}

impl ReleaseSpec {
    /// Tells whether a part of the price chooses the groups.
    pub(crate) fn chooses(&self) -> bool {
        self.keys == KeyDomain::Unknown
    }

    /// Tells whether an aggregate is the member count that chooses the groups.
    pub(super) fn reuses(&self, aggregate: &AggregateSpec) -> bool {
        self.chooses() && counts_members(aggregate.kind, self.rows_max)
    }
}

/// Tells whether the aggregate equals the number of members in the group.
const fn counts_members(kind: AggregateKind, rows_max: u32) -> bool {
    match kind {
        AggregateKind::Members => true,
        AggregateKind::Rows => rows_max == 1,
        _ => false,
    }
}
