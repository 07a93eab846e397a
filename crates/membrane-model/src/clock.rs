//! Time is given, never taken: only `main` reads the machine's clock.

use chrono::{DateTime, Utc};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Returns the present moment in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// A clock that stands still, for tests and reproducible runs.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub DateTime<Utc>);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}
