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
fn next_tick(elapsed: Duration) -> Duration {
    let mut tick = if elapsed < STEPS_END { STEP } else { STEPS_END };
    while tick < elapsed {
        tick = if tick < STEPS_END { tick + STEP } else { tick.saturating_mul(2) };
    }
    tick
}

/// Waits for the next tick after `started`, and returns how long after it that is. `seconds_max` is what a release may
/// take.
pub(super) async fn wait(started: Instant, seconds_max: u64) -> Duration {
    let tick = leaving(started.elapsed(), seconds_max);
    if let Some(moment) = started.checked_add(tick) {
        tokio::time::sleep_until(moment).await;
    }
    tick
}

/// Tells whether a release that took all its time leaves at this tick, or left before.
pub(super) fn is_late(tick: Duration, seconds_max: u64) -> bool {
    tick >= leaving(Duration::from_secs(seconds_max), seconds_max)
}

/// Returns the tick at which what took so long leaves.
fn leaving(elapsed: Duration, seconds_max: u64) -> Duration {
    next_tick(elapsed).min(Duration::from_secs(seconds_max.saturating_add(LAST_SECONDS)))
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

    #[test]
    fn what_took_all_its_time_is_late_and_nothing_that_leaves_earlier() {
        for seconds_max in [0, 1, 4, 60, 120, 128, 600, u64::MAX] {
            let all = Duration::from_secs(seconds_max);
            for more_ms in [0, 1, 2_000, 100_000] {
                let elapsed = all.saturating_add(Duration::from_millis(more_ms));
                assert!(is_late(leaving(elapsed, seconds_max), seconds_max), "{seconds_max} s, {more_ms} ms");
            }
        }
        // 64 seconds is a tick of its own; what comes later leaves with what took 120 seconds.
        assert!(!is_late(leaving(Duration::from_secs(64), 120), 120));
        assert!(is_late(leaving(Duration::from_secs(65), 120), 120));
    }
}
