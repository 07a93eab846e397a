//! Whether so many matches can be chance.
//!
//! Of `n` values that have a form, chance alone makes each match with probability `p`: the base rate. `k` matches or more
//! then have a probability of at most `exp(-n KL(k/n, p))` (Chernoff), where `KL` is the divergence of two coins. The bound is
//! simple, holds for every `n`, and errs to the side of "can be chance".

/// How probable chance may be at most to be ruled out: one column in a million is called something that it is not for this
/// reason alone.
pub(crate) const ERROR_RATE: f64 = 1e-6;

/// Returns a bound on the natural logarithm of the probability that chance gives so many matches, or more.
pub(crate) fn log_tail(matches: u32, trials: u32, base_rate: f64) -> f64 {
    if trials == 0 {
        return 0.0;
    }
    let (matches, trials) = (f64::from(matches), f64::from(trials));
    let share = matches / trials;
    if share <= base_rate {
        return 0.0;
    }
    let part = |share: f64, rate: f64| if share > 0.0 { share * (share / rate).ln() } else { 0.0 };
    -trials * (part(share, base_rate) + part(1.0 - share, 1.0 - base_rate))
}

/// Tells whether chance is ruled out.
pub(crate) fn is_ruled_out(matches: u32, trials: u32, base_rate: f64) -> bool {
    log_tail(matches, trials, base_rate) <= ERROR_RATE.ln()
}

#[cfg(test)]
mod tests;
