//! What a contract promises of deliveries: the standard's service levels, and how many rows a day has.

use std::time::Duration;

/// What a contract promises of deliveries. What is not promised is not held against anybody.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServiceLevels {
    /// The longest time from an event to the delivery that tells of it: what comes later is late (`latency`).
    pub latency: Option<Duration>,
    /// The longest time from one delivery to the next (`frequency`).
    pub frequency: Option<Duration>,
    /// The share of rows that may break the contract, from 0 to 1 (`errorRate`).
    pub error_share: Option<f64>,
    /// The fewest and the most rows of a day (`membrane.rowsPerDay`).
    pub rows_per_day: Option<(u64, u64)>,
    /// How far ahead of the clock an event time may be; a row with a later one is set aside (`membrane.aheadSecondsMax`).
    pub ahead_max: Option<Duration>,
}
