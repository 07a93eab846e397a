//! How often a group with one member is shown, whose key came from the data.

use std::collections::BTreeSet;

use crate::audit::probability_between;
use crate::budget::Share;
use crate::mechanism::threshold::KeySelection;
use crate::{GroupKey, NoiseKind, PrivacyError};

/// Keys that are drawn at once.
const KEYS: usize = 6_000;
/// The delta that a choice of groups may cost here: large, so that it is seen.
const DELTA_MAX: f64 = 2e-3;
/// Parameters of noise. The fault of opendp is a factor of `exp(1 / scale)`.
const SCALES: [u64; 3] = [1, 2, 4];
/// Cases of each noise: one for each scale, and one of a member in several groups.
const CASES: f64 = 8.0;

/// By which rule groups are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Strictly above the threshold: that of releases.
    Above,
    /// At the threshold as well, which is what opendp 0.16 does by itself and does not charge for (its issue 2922).
    AtLeast,
}

/// What was found of a choice of groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Revealed {
    /// What was drawn.
    pub name: String,
    /// The delta that it costs.
    pub claimed: f64,
    /// The probability at least that some group of the one member is shown, but for the stated chance.
    pub measured: f64,
    /// How often one was.
    pub shown: usize,
    /// Of so many trials.
    pub trials: usize,
}

impl Revealed {
    /// Tells whether groups are shown no more often than is claimed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.measured <= self.claimed
    }
}

/// Measures how often a member alone in groups is shown. All bounds together are wrong with a probability of `alpha` at
/// most.
///
/// # Errors
/// [`PrivacyError`] when a mechanism cannot be calibrated or drawn.
pub fn revealed(rule: Rule, trials: usize, alpha: f64) -> Result<Vec<Revealed>, PrivacyError> {
    let mut found = Vec::new();
    for noise in [NoiseKind::Gaussian, NoiseKind::Laplace] {
        for (scale, groups) in SCALES.into_iter().map(|scale| (scale, 1)).chain([(2, 3)]) {
            // rho = 1 / (2 scale^2) for the L2 and the L1 of one group.
            let nano = 500_000_000 / (scale * scale) * u64::from(groups);
            let choice = KeySelection::calibrate(groups, noise, Share::rho(nano), DELTA_MAX, 0)?;
            let shown = trials_shown(&choice, rule, groups, trials)?;
            let (measured, _) = probability_between(shown, trials, alpha / CASES);
            let drawn = if noise == NoiseKind::Laplace { "Laplace" } else { "Gaussian" };
            let name = match groups {
                1 => format!("one member in one group, {drawn} of scale {scale}"),
                groups => format!("one member in {groups} groups, {drawn}"),
            };
            found.push(Revealed { name, claimed: choice.delta(), measured, shown, trials });
        }
    }
    Ok(found)
}

/// Returns in how many trials a group of the member was shown.
fn trials_shown(
    choice: &KeySelection,
    rule: Rule,
    groups: u32,
    trials: usize,
) -> Result<usize, PrivacyError> {
    let groups = usize::try_from(groups).unwrap_or(1).max(1);
    let (mut shown, mut left) = (0, trials);
    while left > 0 {
        let now = left.min(KEYS / groups);
        let keys: Vec<GroupKey> =
            (0..now.saturating_mul(groups)).map(|number| vec![Some(number.to_string())]).collect();
        let passed = match rule {
            Rule::Above => choice.select(keys.iter().map(|key| (key, 1)))?.into_keys().collect(),
            Rule::AtLeast => choice.select_at_least(keys.iter().map(|key| (key, 1)))?,
        };
        let number = |key: &GroupKey| key.first()?.as_ref()?.parse::<usize>().ok();
        let of_trials: BTreeSet<usize> =
            passed.iter().filter_map(number).filter_map(|number| number.checked_div(groups)).collect();
        shown += of_trials.len();
        left -= now;
    }
    Ok(shown)
}
