//! What a principal asks to do.

use std::fmt;

/// What a principal asks to do. Reveal levels are Cedar actions of their own; see [`crate::RevealLevel`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Bring data in.
    Ingest,
    /// Read rows, column by column at the level that policy permits.
    Read,
    /// Receive differentially private aggregates.
    Release,
    /// Look at runs, lineage, decisions and budgets.
    Audit,
    /// Change what the hub is.
    Administer,
    /// Destroy a subject's data.
    Erase,
    /// Ask to see clear values of columns, for some hours.
    RequestBreakGlass,
    /// Agree to what another asked for.
    ApproveBreakGlass,
    /// Hand on to another what one may read.
    Delegate,
}

impl Action {
    /// Every action, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Ingest,
        Self::Read,
        Self::Release,
        Self::Audit,
        Self::Administer,
        Self::Erase,
        Self::RequestBreakGlass,
        Self::ApproveBreakGlass,
        Self::Delegate,
    ];

    /// Returns the Cedar action id.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Release => "release",
            Self::Audit => "audit",
            Self::Administer => "administer",
            Self::Erase => "erase",
            Self::RequestBreakGlass => "requestBreakGlass",
            Self::ApproveBreakGlass => "approveBreakGlass",
            Self::Delegate => "delegate",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
