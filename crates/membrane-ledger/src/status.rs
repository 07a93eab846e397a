//! Where runs and releases stand: the words that are stored.

use std::str::FromStr;

use membrane_model::NameError;

use crate::RunState;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// Under way, or left behind by a process that was killed.
    Open,
    /// Closed by the one who opened it.
    Closed(RunState),
    /// Closed by [`crate::Ledger::abandon_stale_runs`].
    Abandoned,
}

impl RunStatus {
    const ALL: [Self; 5] = [
        Self::Open,
        Self::Closed(RunState::Complete),
        Self::Closed(RunState::Fail),
        Self::Closed(RunState::Refused),
        Self::Abandoned,
    ];

    /// Returns the word used in reports and in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed(RunState::Complete) => "complete",
            Self::Closed(RunState::Fail) => "fail",
            Self::Closed(RunState::Refused) => "refused",
            Self::Abandoned => "abandoned",
        }
    }
}

impl FromStr for RunStatus {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| NameError::new("run status", "open, complete, fail, refused or abandoned"))
    }
}

/// Where a release stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseState {
    /// Its price is spent, its answer is being computed.
    Reserved,
    /// Its answer is stored.
    Committed,
    /// It failed after its price was spent.
    Burned,
}

impl ReleaseState {
    const ALL: [Self; 3] = [Self::Reserved, Self::Committed, Self::Burned];

    /// Returns the word used in reports and in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Committed => "committed",
            Self::Burned => "burned",
        }
    }
}

impl FromStr for ReleaseState {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| NameError::new("release state", "reserved, committed or burned"))
    }
}
