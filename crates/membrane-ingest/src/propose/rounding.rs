//! Numbers of the sample, made so round that they are nobody's.

/// Returns a number without its fraction; what is below zero or too large is cut.
pub(crate) fn whole(value: f64) -> u64 {
    let text = format!("{:.0}", value.clamp(0.0, 9e15));
    text.parse().unwrap_or_default()
}

/// Returns the next of 1, 2 and 5 times a power of ten that is above a number: an upper bound that is no value of the sample.
pub(crate) fn above(value: f64) -> f64 {
    if value < 0.0 {
        return 0.0;
    }
    let mut step = 1.0;
    while step * 10.0 <= value {
        step *= 10.0;
    }
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|times| step * times)
        .find(|bound| *bound > value)
        .unwrap_or(step * 20.0)
}

/// Returns a lower bound that is no value of the sample: zero where nothing is negative.
pub(crate) fn below(value: f64) -> f64 {
    if value >= 0.0 { 0.0 } else { -above(-value) }
}

/// Returns a length that all texts are below.
pub(crate) fn length_above(length: usize) -> usize {
    const LENGTHS: [usize; 13] = [10, 20, 40, 60, 80, 100, 150, 200, 300, 500, 1_000, 2_000, 4_000];
    LENGTHS
        .into_iter()
        .find(|bound| *bound > length)
        .unwrap_or_else(|| length.next_power_of_two().saturating_mul(2))
}

#[cfg(test)]
mod tests;
