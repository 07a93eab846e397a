//! What is told when a price is too high or too low: the epsilon that would fit, the targets that could be had.

use super::Mechanism;
use super::allot::{Short, Wish, allot};
use super::asked::epsilon_at;
use super::noise::Noise;
use crate::budget::{Share, Unit};
use crate::{MissedTarget, PrivacyError, ReleaseSpec, Shortfall, Worth};

/// Widening all targets alike reaches the price in a step or two; rounding and what small releases cost at least may take
/// some more.
const WIDENINGS_MAX: usize = 6;

/// What was to be divided, and among whom.
pub(super) struct Division<'a> {
    pub(super) spec: &'a ReleaseSpec,
    pub(super) unit: Unit,
    pub(super) nano: u64,
    pub(super) size_min: u64,
    pub(super) wishes: &'a [Wish],
}

impl Division<'_> {
    /// Says what the targets need, and which could be had.
    pub(super) fn short(&self, needed: u64) -> PrivacyError {
        self.shortfall(needed).map_or_else(|error| error, |short| PrivacyError::Targets(Box::new(short)))
    }

    fn shortfall(&self, needed: u64) -> Result<Shortfall, PrivacyError> {
        let factor = self.factor(needed);
        let mut targets = Vec::new();
        for (aggregate, spec) in self.spec.aggregates.iter().enumerate() {
            let Some(half_width95) = spec.target95 else { continue };
            let target = MissedTarget {
                aggregate,
                name: spec.name.clone(),
                scale: spec.kind.row_bounds().map_or(0, |bounds| bounds.scale.unsigned_abs()),
                half_width95,
                nearest95: factor.map(|factor| widened(half_width95, factor)),
            };
            targets.push((self.need(aggregate)?, target));
        }
        targets.sort_by_key(|(need, _)| std::cmp::Reverse(*need));
        Ok(Shortfall {
            needed: self.worth(needed, f64::ceil)?,
            allowed: self.worth(self.nano, f64::floor)?,
            pure: self.unit == Unit::Epsilon,
            targets: targets.into_iter().map(|(_, target)| target).collect(),
        })
    }

    fn worth(&self, nano: u64, round: fn(f64) -> f64) -> Result<Worth, PrivacyError> {
        let share = Share { unit: self.unit, nano };
        let epsilon_milli = whole(round(epsilon_at(self.spec, share)? * 1000.0));
        Ok(Worth { rho_nano: share.price()?.rho_nano, epsilon_milli })
    }

    /// Returns the share that the target of an aggregate needs.
    fn need(&self, aggregate: usize) -> Result<u64, PrivacyError> {
        let with_choice = usize::from(self.spec.chooses());
        let own = |index: usize| self.spec.aggregates.iter().take(index).filter(|one| !self.spec.reuses(one));
        let place = match self.spec.aggregates.get(aggregate) {
            Some(reused) if self.spec.reuses(reused) => 0,
            _ => with_choice + own(aggregate).count() * (1 + self.spec.rollup.len()),
        };
        let wish = self.wishes.get(place).ok_or(PrivacyError::Shape)?;
        let target = wish.target.ok_or(PrivacyError::Shape)?;
        Ok(Noise::share_for(self.spec.noise, wish.reach, self.unit, wish.spread, target)?.nano)
    }

    /// Returns by how much all targets must be widened to be met; none where that does not help.
    fn factor(&self, needed: u64) -> Option<f64> {
        let mut factor = self.step(needed);
        for _ in 0..WIDENINGS_MAX {
            let widen =
                |wish: &Wish| Wish { target: wish.target.map(|target| widened(target, factor)), ..*wish };
            let wishes: Vec<Wish> = self.wishes.iter().map(widen).collect();
            match allot(self.unit, self.nano, self.spec.noise, self.size_min, &wishes).ok()? {
                Ok(_) => return Some(factor),
                Err(Short(needed)) => factor *= self.step(needed).max(1.001),
            }
        }
        None
    }

    /// Returns how much wider targets must be that need so much. Rho goes with the inverse square of a width, a pure epsilon
    /// with the inverse.
    #[expect(clippy::cast_precision_loss, reason = "an estimate, which is looked at afterwards")]
    fn step(&self, needed: u64) -> f64 {
        let ratio = needed as f64 / self.nano.max(1) as f64;
        if self.unit == Unit::Rho { ratio.sqrt() } else { ratio }
    }
}

impl Mechanism {
    /// Returns the epsilon, in thousandths and rounded down, at which a release like this costs so much rho at most; none
    /// when that is less than a thousandth.
    #[must_use]
    pub fn epsilon_milli_within(&self, rho_nano: u64) -> Option<u64> {
        let epsilon = match self.pure_epsilon().filter(|_| self.spec.divides_epsilon()) {
            // Every part costs half the square of its epsilon.
            Some(epsilon) => {
                let most = Share { unit: Unit::Rho, nano: rho_nano };
                epsilon * (most.get() / self.price.rho()).sqrt()
            }
            None => epsilon_at(&self.spec, Share { unit: Unit::Rho, nano: rho_nano }).ok()?,
        };
        // What lies on a thousandth may be there by rounding.
        Some(whole((epsilon * 1000.0 - 1e-6).floor())).filter(|milli| *milli > 0)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "`as` holds a number within i64"
)]
fn widened(target: i64, factor: f64) -> i64 {
    (target as f64 * factor).ceil() as i64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` holds a number within u64")]
const fn whole(number: f64) -> u64 {
    number as u64
}
