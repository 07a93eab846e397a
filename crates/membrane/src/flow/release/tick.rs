//! When the answer to a release leaves: at ticks, and never in between.
//!
//! How long a release takes depends on the rows that it found and, a little, on the noise that it drew (the samplers
//! are not constant in time: the longer one takes, the larger the number). So whoever asks is kept waiting until the
//! next tick after the request came: each quarter of a second up to two seconds, then 4, 8, 16 seconds and so on. An
//! answer that was stored before waits for its tick as well, and so does a failure.
//!
//! What remains: that a release took more or less than a tick. One member's rows would have to be just what makes it
//! pass one.

use std::time::Duration;

use tokio::time::Instant;

const STEP: Duration = Duration::from_millis(250);
const STEPS_END: Duration = Duration::from_secs(2);

/// The last tick is so many seconds after the time that a release may take: soon enough for those who wait for it.
const LAST_SECONDS: u64 = 3;

/// Returns the first tick that is not before `elapsed`.
pub(super) fn next_tick(elapsed: Duration) -> Duration {
    let mut tick = if elapsed < STEPS_END { STEP } else { STEPS_END };
    while tick < elapsed {
        tick = if tick < STEPS_END { tick + STEP } else { tick.saturating_mul(2) };
    }
    tick
}

/// Waits for the next tick after `started`. `seconds_max` is what a release may take.
pub(super) async fn wait(started: Instant, seconds_max: u64) {
    let last = Duration::from_secs(seconds_max.saturating_add(LAST_SECONDS));
    if let Some(tick) = started.checked_add(next_tick(started.elapsed()).min(last)) {
        tokio::time::sleep_until(tick).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_leave_at_quarters_and_then_at_powers_of_two() {
        let check = |elapsed_ms: u64, expected_ms: u64| {
            let tick = next_tick(Duration::from_millis(elapsed_ms));
            assert_eq!(tick, Duration::from_millis(expected_ms), "after {elapsed_ms} ms");
        };
        for (elapsed_ms, expected_ms) in [
            (0, 250),
            (1, 250),
            (250, 250),
            (251, 500),
            (1_750, 1_750),
            (1_751, 2_000),
            (2_000, 2_000),
            (2_001, 4_000),
            (4_000, 4_000),
            (4_001, 8_000),
            (100_000, 128_000),
        ] {
            check(elapsed_ms, expected_ms);
        }
        assert_eq!(next_tick(Duration::MAX), Duration::MAX);
        assert_eq!(next_tick(Duration::from_nanos(250_000_001)), Duration::from_millis(500));
    }
}
