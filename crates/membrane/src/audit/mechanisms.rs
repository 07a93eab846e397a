//! What every part of a release loses, and how often keys from the data are shown.

use membrane_model::Delta;
use membrane_privacy::audit::{Loss, Revealed, Rule, losses, losses_planted, revealed};
use membrane_privacy::{MechanismSummary, PrivacyError, epsilon_of};

use super::{Area, AuditError, Check, Effort, Verdict};

pub(super) fn checks(effort: &Effort) -> Result<Vec<Check>, AuditError> {
    let mut checks = Vec::new();
    for loss in losses(effort.mechanism_draws, effort.alpha)? {
        checks.push(loss_check(&loss, effort));
        checks.extend(grid_check(&loss));
    }
    let found = revealed(Rule::Above, effort.key_trials, effort.alpha)?;
    checks.extend(found.iter().map(|found| key_check(found, effort)));
    Ok(checks)
}

/// What must be found: half of the noise, and the rule of opendp's issue 2922.
pub(super) fn planted(effort: &Effort) -> Result<Vec<Check>, AuditError> {
    let halved = losses_planted(effort.planted_draws, effort.alpha)?;
    let missed: Vec<&Loss> = halved.iter().filter(|loss| loss.holds()).collect();
    let share = |loss: &Loss| loss.measured / loss.claimed;
    let weakest = halved.iter().min_by(|one, other| share(one).total_cmp(&share(other)));
    let weakest =
        weakest.map_or_else(String::new, |loss| format!("{:.2} of the claim: {}", share(loss), loss.name));
    let mut checks = vec![Check {
        area: Area::Planted,
        name: "half of the noise, in every part of a release".to_owned(),
        asserted: "each is found to lose more than it claims".to_owned(),
        claimed: format!("{} of {} found", halved.len(), halved.len()),
        measured: format!(
            "{} of {} found; the least {weakest}",
            halved.len().saturating_sub(missed.len()),
            halved.len()
        ),
        verdict: Verdict::of(missed.is_empty()),
        trials: effort.planted_draws,
        conditions: "scale halved, judged by the price of the whole one".to_owned(),
    }];
    // The fault is a factor of exp(1 / scale): at wider scales it takes more trials than a quick audit has.
    let unfixed = revealed(Rule::AtLeast, effort.key_trials, effort.alpha)?;
    for found in unfixed.iter().filter(|found| found.name.ends_with("of scale 1")) {
        let check = key_check(found, effort);
        checks.push(Check {
            area: Area::Planted,
            name: format!("keys at the threshold are shown (opendp 2922): {}", found.name),
            asserted: "is found to show them more often than delta".to_owned(),
            verdict: Verdict::of(!found.holds()),
            ..check
        });
    }
    Ok(checks)
}

fn loss_check(loss: &Loss, effort: &Effort) -> Check {
    Check {
        area: Area::Mechanisms,
        name: loss.name.clone(),
        asserted: "lower bound on epsilon at most what is claimed".to_owned(),
        claimed: at_delta(loss.claimed, loss.delta),
        measured: format!("at least {:.3}", loss.measured),
        verdict: Verdict::of(loss.holds()),
        trials: loss.draws,
        conditions: format!("false alarm {:e} over all parts", effort.alpha),
    }
}

fn grid_check(loss: &Loss) -> Option<Check> {
    let on_grid = loss.on_grid?;
    Some(Check {
        area: Area::Grid,
        name: loss.name.clone(),
        asserted: "whole units for both neighbours, every residue in either".to_owned(),
        claimed: "1 unit".to_owned(),
        measured: if on_grid { "1 unit for both" } else { "another grid" }.to_owned(),
        verdict: Verdict::of(on_grid),
        trials: loss.draws,
        conditions: String::new(),
    })
}

fn key_check(found: &Revealed, effort: &Effort) -> Check {
    Check {
        area: Area::Keys,
        name: found.name.clone(),
        asserted: "lower bound on how often a group is shown at most delta".to_owned(),
        claimed: format!("delta {:.3e}", found.claimed),
        measured: format!("at least {:.3e} ({} shown)", found.measured, found.shown),
        verdict: Verdict::of(found.holds()),
        trials: found.trials,
        conditions: format!("false alarm {:e} over all", effort.alpha),
    }
}

/// The delta at which an epsilon is claimed where noise has no pure one: so large that draws see it.
const DELTA: f64 = 0.05;

/// Returns what a release loses by its own word, in the form in which draws see it best: the pure epsilon where there is one, or
/// else what its rho converts to.
pub(super) fn claim(told: &MechanismSummary) -> Result<(f64, f64), AuditError> {
    match told.pure_epsilon {
        Some(epsilon) => Ok((epsilon, told.price.delta())),
        None => Ok((epsilon_of(told.price, Delta::new(DELTA).map_err(PrivacyError::from)?)?, DELTA)),
    }
}

/// Writes an epsilon with its delta.
pub(super) fn at_delta(epsilon: f64, delta: f64) -> String {
    if delta > 1e-17 { format!("{epsilon:.3} at delta {delta:.0e}") } else { format!("{epsilon:.3}, pure") }
}
