//! By which door a principal came.

use std::fmt;
use std::str::FromStr;

/// By which door a principal came, and how it is known who it is. It is on the record of every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A subcommand on the machine of the hub, where who acts is taken at its word.
    Cli,
    /// A subcommand on the machine of the hub that did not say who acts: the first principal of the kind.
    CliDefault,
    /// A subcommand on the machine of the hub, with a bearer.
    CliBearer,
    /// The HTTP API, with a bearer.
    Http,
    /// The hub itself, which makes what the catalog states for a principal when its time has come.
    Schedule,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 5] = [Self::Cli, Self::CliDefault, Self::CliBearer, Self::Http, Self::Schedule];

    /// Returns the word used in the record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::CliDefault => "cli-default",
            Self::CliBearer => "cli-bearer",
            Self::Http => "http",
            Self::Schedule => "schedule",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Channel {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == text).ok_or("expected the name of a channel")
    }
}
