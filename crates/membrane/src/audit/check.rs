//! One thing that was looked at.

use serde::Serialize;

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// What a part of a release loses.
    Mechanisms,
    /// How often keys from the data are shown.
    Keys,
    /// How far totals of neighbours are apart.
    Neighbours,
    /// Whether totals hang on how rows lie.
    Order,
    /// What whole answers lose, through SQL.
    Answers,
    /// On which grid released values lie.
    Grid,
    /// How often error bars cover what they are about.
    Coverage,
    /// Whether time tells of noise.
    Time,
    /// Budgets under kills and races.
    Ledger,
    /// Faults that were planted.
    Planted,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// What was asserted holds, as far as was looked.
    Holds,
    /// It does not.
    Fails,
    /// A number that is told and not judged.
    Told,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What it is about.
    pub area: Area,
    /// What was looked at.
    pub name: String,
    /// What was asserted of it.
    pub asserted: String,
    /// The number that is claimed.
    pub claimed: String,
    /// The number that was measured.
    pub measured: String,
    /// What came of it.
    pub verdict: Verdict,
    /// How many draws, pairs or repeats it is made of.
    pub trials: usize,
    /// Under which conditions: seed, chance of a false alarm, noise.
    pub conditions: String,
}

impl Verdict {
    /// Judges.
    pub(super) const fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }

    /// Returns the word of a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "FAILS",
            Self::Told => "told",
        }
    }
}

impl Area {
    /// Every area, in the order of a report.
    pub const ALL: [Self; 10] = [
        Self::Mechanisms,
        Self::Keys,
        Self::Neighbours,
        Self::Order,
        Self::Answers,
        Self::Grid,
        Self::Coverage,
        Self::Time,
        Self::Ledger,
        Self::Planted,
    ];

    /// Returns the heading of a report.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Mechanisms => "What each part of a release loses",
            Self::Keys => "How often keys from the data are shown",
            Self::Neighbours => "How far totals of neighbours are apart",
            Self::Order => "Whether totals hang on how rows lie",
            Self::Answers => "What whole answers lose, through SQL",
            Self::Grid => "On which grid released values lie",
            Self::Coverage => "How often error bars cover what they are about",
            Self::Time => "Whether time tells of noise",
            Self::Ledger => "Budgets under kills and races",
            Self::Planted => "Faults that were planted",
        }
    }
}
