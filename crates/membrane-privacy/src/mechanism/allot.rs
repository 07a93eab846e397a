//! Dividing the price of a release among its parts.
//!
//! Every part names a weight, and perhaps a target: the half-width of its 95 % interval. Shares, in billionths of rho (or
//! of a pure epsilon), add up exactly; so the least total that meets all targets gives each part with a target the least
//! share that meets its own. What is left goes to the others by weight. Where all aggregates have targets nothing is left
//! over: the release costs what the targets need, and the choice of groups a share like theirs, by weight. All of it
//! follows from the statement alone.

use super::TARGET_EXPECTED;
use super::noise::Noise;
use super::noise::Reach;
use crate::budget::{Overhead, Share, Unit, shares};
use crate::{NoiseKind, PrivacyError};

/// What one part of a release asks of the price.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) weight: u32,
    /// The half-width to reach, if any.
    pub(super) target: Option<i64>,
    pub(super) reach: Reach,
    /// How many draws' worth of deviation its interval has, unless it is that of one draw.
    pub(super) spread: Option<f64>,
    /// Whether somebody reads its numbers; otherwise it chooses groups only.
    pub(super) is_read: bool,
}

/// How the price is divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allotment {
    pub(super) overhead: Overhead,
    /// One share per wish.
    pub(super) shares: Vec<u64>,
}

/// What the targets would need, where it is more than is allowed; in billionths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Short(pub(super) u64);

/// Divides at most `nano` billionths. `size_min` is the least share that a size limit works with.
pub(super) fn allot(
    unit: Unit,
    nano: u64,
    noise: NoiseKind,
    size_min: u64,
    wishes: &[Wish],
) -> Result<Result<Allotment, Short>, PrivacyError> {
    let mut needed = Vec::with_capacity(wishes.len());
    for wish in wishes {
        let need = wish.target.map(|target| Noise::share_for(noise, wish.reach, unit, wish.spread, target));
        needed.push(need.transpose()?.map(|share| share.nano));
    }
    let weigh = |with: bool| {
        let of = wishes.iter().zip(&needed).filter(|(_, need)| need.is_some() == with);
        of.map(|(wish, _)| u64::from(wish.weight)).sum::<u64>()
    };
    let fixed = needed.iter().flatten().fold(0_u64, |sum, need| sum.saturating_add(*need));
    let (with, without) = (weigh(true), weigh(false));
    let open = wishes.iter().zip(&needed).any(|(wish, need)| wish.is_read && need.is_none());

    if with == 0 {
        let overhead = Overhead::of(unit, nano)?;
        return Ok(Ok(Allotment { overhead, shares: by_weight(overhead.left_of(nano), wishes, &needed)? }));
    }
    // Parts without a target get a share like those with one.
    let like = u128::from(fixed) * u128::from(without) / u128::from(with.max(1));
    let like = u64::try_from(like).unwrap_or(u64::MAX).max(u64::from(without > 0));
    let (least, overhead_least) = gross(unit, fixed.saturating_add(like), size_min)?;
    if open {
        let overhead = Overhead::of(unit, nano)?;
        let left = overhead.left_of(nano).saturating_sub(fixed);
        // Less than a tenth of an equal share would be noise alone.
        if left < (like / 10).max(1) {
            return Ok(Err(Short(least)));
        }
        return Ok(Ok(Allotment { overhead, shares: by_weight(left, wishes, &needed)? }));
    }
    if least > nano {
        return Ok(Err(Short(least)));
    }
    Ok(Ok(Allotment { overhead: overhead_least, shares: by_weight(like, wishes, &needed)? }))
}

/// Returns what must be paid in all so that `net` is left for the values, and the overhead in it.
fn gross(unit: Unit, net: u64, size_min: u64) -> Result<(u64, Overhead), PrivacyError> {
    let mut total = net;
    loop {
        let mut overhead = Overhead::of(unit, total.max(20))?;
        overhead.size = overhead.size.max(size_min);
        let whole = net.saturating_add(overhead.size).saturating_add(overhead.clipping);
        if total >= whole {
            // What rounding left over is not charged.
            return Ok((whole, overhead));
        }
        total = whole;
        if total == u64::MAX {
            return Err(PrivacyError::OutOfRange { what: "a target", expected: TARGET_EXPECTED });
        }
    }
}

/// Gives what is left to the wishes without a target, by weight.
fn by_weight(left: u64, wishes: &[Wish], needed: &[Option<u64>]) -> Result<Vec<u64>, PrivacyError> {
    let open = wishes.iter().zip(needed).filter(|(_, need)| need.is_none());
    let weights: Vec<u32> = open.map(|(wish, _)| wish.weight).collect();
    let mut rest = shares(left, &weights)?.into_iter();
    let of = |need: &Option<u64>| need.or_else(|| rest.next()).ok_or(PrivacyError::Shape);
    needed.iter().map(of).collect()
}

impl Wish {
    /// Calibrates the noise of the part from its share.
    pub(super) fn noise(&self, kind: NoiseKind, share: Share) -> Result<Noise, PrivacyError> {
        Noise::calibrate(kind, self.reach, share)
    }
}

#[cfg(test)]
mod tests;
