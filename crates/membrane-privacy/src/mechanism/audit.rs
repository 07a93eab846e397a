//! What mechanisms lose, measured on draws that are made as a release makes them.
//!
//! Statement. Privacy unit: the member; neighbours differ by all that one member may add. For each kind of aggregate and each
//! noise a release is calibrated, and drawn on exact totals that were made up: a group with a member more and one without,
//! in as many groups at once as there are draws, as the noise of groups is independent. The loss of each part is held against
//! the price of that part; that of a whole release, all its numbers together, against the price of the whole.
//!
//! | part | neighbours | score of a draw |
//! | --- | --- | --- |
//! | an aggregate | one total differs by the most that one member adds | the value |
//! | an aggregate over several groups | each total does | what speaks for one of them: [`evidence`] |
//! | quantiles | a row more: one node of each layer of the tree | the same over the path; and the quantile that is shown |
//! | the choice of groups | a member more in a group of many | the count that is shown |
//! | the counts of members and of those clipped | both differ by 1 | their sum |
//! | the limit on the size | as much more as one member may take | size less limit |
//! | a pilot | one cell of each list differs by 1 | their sum |
//!
//! Planted: the draws of a mechanism at four times the price, which has half the noise, held against what it costs at the
//! first price ([`losses_planted`]). Of the choice of groups, what opendp itself lets through ([`Rule::AtLeast`], its issue
//! 2922).

mod cases;
mod keys;

pub use self::keys::{Revealed, Rule, revealed};

use self::cases::{Case, cases};
use crate::audit::epsilon_lower_bound;
use crate::{NoiseDrawn, PrivacyError};

/// What a part of a release costs in rho, in billionths, if it is what the audit is about.
const RHO_NANO: u64 = 250_000_000;
/// Of a mechanism that was planted: four times as much makes half the noise.
const RHO_NANO_PLANTED: u64 = 4 * RHO_NANO;
/// The delta at which an epsilon is claimed of Gaussian noise: so large that a few thousand draws see it. At 1e-3 even half of the
/// noise stays within what rho converts to, until there are a hundred thousand.
const DELTA: f64 = 0.05;
/// The finest grid that is looked for.
const GRID_MAX: f64 = 16.0;

/// What one part of a release was found to lose.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// What was drawn.
    pub name: String,
    /// The epsilon that its price amounts to.
    pub claimed: f64,
    /// At this delta.
    pub delta: f64,
    /// What it loses at least, but for the stated chance.
    pub measured: f64,
    /// Draws of each of the two neighbours.
    pub draws: usize,
    /// Whether the draws of both lie on the same grid, and on no coarser one: of what is released as a whole number.
    pub on_grid: Option<bool>,
}

impl Loss {
    /// Tells whether it loses no more than is claimed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.measured <= self.claimed
    }
}

/// Measures what every kind of part loses. All bounds together are wrong with a probability of `alpha` at most.
///
/// # Errors
/// [`PrivacyError`] when a mechanism cannot be calibrated or drawn.
pub fn losses(draws: usize, alpha: f64) -> Result<Vec<Loss>, PrivacyError> {
    measured(&cases(), draws, alpha, RHO_NANO)
}

/// Measures the same of mechanisms with half of the noise that they are said to have: each of them must be found to lose more
/// than is claimed. The medians that are shown are left out: a walk through a tree shows too little of its noise.
///
/// # Errors
/// As [`losses`].
pub fn losses_planted(draws: usize, alpha: f64) -> Result<Vec<Loss>, PrivacyError> {
    let sharp: Vec<Case> = cases().into_iter().filter(Case::is_sharp).collect();
    measured(&sharp, draws, alpha, RHO_NANO_PLANTED)
}

fn measured(cases: &[Case], draws: usize, alpha: f64, rho_nano: u64) -> Result<Vec<Loss>, PrivacyError> {
    // Bonferroni: an equal part for each.
    let each = alpha / f64::from(u32::try_from(cases.len()).unwrap_or(u32::MAX)).max(1.0);
    // Every other one on a thread of its own: noise takes all the time.
    let of = |parity: usize| {
        let mine = cases.iter().enumerate().filter(|(place, _)| place % 2 == parity);
        mine.map(|(place, case)| Ok((place, case.loss(draws, each, rho_nano)?))).collect()
    };
    let (even, odd): (Result<Vec<_>, PrivacyError>, _) = std::thread::scope(|scope| {
        let odd = scope.spawn(|| of(1));
        (of(0), odd.join())
    });
    let mut all: Vec<(usize, Loss)> = even?;
    all.extend(odd.map_err(|_| PrivacyError::Shape)??);
    all.sort_by_key(|(place, _)| *place);
    Ok(all.into_iter().map(|(_, loss)| loss).collect())
}

impl Case {
    fn loss(&self, draws: usize, alpha: f64, rho_nano: u64) -> Result<Loss, PrivacyError> {
        let (claimed, delta) = self.claim(RHO_NANO)?;
        let draws = self.draws(draws);
        let drawn = self.draw(rho_nano, draws)?;
        let measured = epsilon_lower_bound(&drawn.one, &drawn.other, delta, alpha);
        let on_grid = drawn.grid.map(|step| same_grid(&drawn.one, &drawn.other, step));
        Ok(Loss { name: self.name(), claimed, delta, measured, draws, on_grid })
    }
}

/// Tells whether all draws are whole numbers, and of both neighbours every residue occurs.
fn same_grid(one: &[f64], other: &[f64], step: u8) -> bool {
    let residues = |draws: &[f64]| {
        let all_whole = draws.iter().all(|draw| draw.fract().abs() <= 0.0);
        let mut found: Vec<f64> = draws.iter().map(|draw| draw.rem_euclid(f64::from(step)).abs()).collect();
        found.sort_unstable_by(f64::total_cmp);
        found.dedup_by(|one, other| one.total_cmp(other).is_eq());
        all_whole && found.len() == usize::from(step)
    };
    residues(one) && residues(other)
}

/// Returns what a noisy number says for one of two totals, in units of its loss: the logarithm of the likelihood ratio, but
/// for what is the same for all draws.
fn evidence(drawn: NoiseDrawn, scale: f64, value: f64, (one, other): (f64, f64)) -> f64 {
    match drawn {
        NoiseDrawn::Gaussian => value * (one - other) / (scale * scale),
        NoiseDrawn::Laplace => ((value - other).abs() - (value - one).abs()) / scale,
    }
}

#[cfg(test)]
mod tests;
