//! Steps in the life of a partner's budget, as they are signed and stored.

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use membrane_ledger::Month;
use membrane_model::{DatasetName, Price, PrincipalId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::steps::as_stored;
use crate::ticket::Ticket;

/// The name of the stored form.
const FORMAT: &str = "membrane-budget/1";

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    format: String,
    /// Whose budget.
    pub(super) partner: PrincipalId,
    /// Who took the step.
    pub(super) principal: PrincipalId,
    /// When: RFC 3339, UTC.
    pub(super) at: DateTime<Utc>,
    pub(super) reason: BudgetReason,
    pub(super) ticket: Ticket,
    pub(super) what: What,
}

/// What a step does. `before` and `after` are what was allowed when it was taken, as the hub was configured then: they are for
/// whoever reads the history, and decide nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum What {
    Open,
    Close,
    Reopen,
    Cap {
        of: Bounded,
        dataset: Option<DatasetName>,
        rho_nano: Option<u64>,
        delta_atto: Option<u64>,
        before: Price,
        after: Price,
    },
    Refill {
        of: Bounded,
        dataset: Option<DatasetName>,
        /// The month that is refilled; none for ever.
        month: Option<String>,
        add: Price,
        before: Price,
        after: Price,
    },
}

/// What an amount bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Bounded {
    /// What is spent in a calendar month.
    Month,
    /// What is ever spent.
    Lifetime,
    /// What one release costs.
    Release,
}

/// What a step is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// The partner may spend from now on.
    Open,
    /// Another cap.
    Cap,
    /// So much more, once.
    Refill,
    /// The partner may spend nothing more.
    Close,
    /// It may again.
    Reopen,
}

/// Why a step is taken.
///
/// PRIVACY: a word of a list and a ticket, no words of one's own: those would carry names and numbers into a record that cannot
/// forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum BudgetReason {
    /// What was agreed with the partner.
    Agreement,
    /// More is asked for a while.
    Campaign,
    /// An earlier step was wrong.
    Correction,
    /// Something happened, or is looked into.
    Incident,
    /// The partner asked for it.
    Request,
    /// What may be spent was looked at anew.
    Review,
    /// The partner has left.
    Departure,
}

impl Bounded {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Lifetime => "lifetime",
            Self::Release => "release",
        }
    }
}

impl StepKind {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Cap => "cap",
            Self::Refill => "refill",
            Self::Close => "close",
            Self::Reopen => "reopen",
        }
    }
}

impl BudgetReason {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agreement => "agreement",
            Self::Campaign => "campaign",
            Self::Correction => "correction",
            Self::Incident => "incident",
            Self::Request => "request",
            Self::Review => "review",
            Self::Departure => "departure",
        }
    }
}

impl Step {
    /// Makes a step.
    pub(crate) fn new(
        (partner, principal): (PrincipalId, PrincipalId),
        at: DateTime<Utc>,
        (reason, ticket): (BudgetReason, Ticket),
        what: What,
    ) -> Self {
        Self { format: FORMAT.to_owned(), partner, principal, at: as_stored(at), reason, ticket, what }
    }

    /// Returns it if it has the form that is known here.
    pub(super) fn known(self) -> Option<Self> {
        (self.format == FORMAT).then_some(self)
    }
}

impl What {
    /// Returns what it is called.
    pub(crate) const fn kind(&self) -> StepKind {
        match self {
            Self::Open => StepKind::Open,
            Self::Close => StepKind::Close,
            Self::Reopen => StepKind::Reopen,
            Self::Cap { .. } => StepKind::Cap,
            Self::Refill { .. } => StepKind::Refill,
        }
    }

    /// Returns the dataset that it is about alone.
    pub(crate) const fn dataset(&self) -> Option<&DatasetName> {
        match self {
            Self::Cap { dataset, .. } | Self::Refill { dataset, .. } => dataset.as_ref(),
            Self::Open | Self::Close | Self::Reopen => None,
        }
    }

    /// Tells whether there can be such a step, whatever went before.
    pub(super) fn is_possible(&self) -> bool {
        match self {
            Self::Open | Self::Close | Self::Reopen => true,
            Self::Cap { of: Bounded::Release, dataset, rho_nano, delta_atto, .. } => {
                dataset.is_none() && rho_nano.is_some() && delta_atto.is_none()
            }
            Self::Cap { rho_nano, delta_atto, .. } => rho_nano.is_some() || delta_atto.is_some(),
            Self::Refill { of, month, add, .. } => {
                let fits = match (of, month) {
                    (Bounded::Month, Some(month)) => month.parse::<Month>().is_ok(),
                    (Bounded::Lifetime, None) => true,
                    _ => false,
                };
                fits && *add != Price::default()
            }
        }
    }

    /// Tells whether it refills this budget, in whichever month.
    pub(super) fn is_refill_of(&self, window: Bounded, whose: Option<&DatasetName>) -> bool {
        matches!(self, Self::Refill { of, dataset, .. } if *of == window && dataset.as_ref() == whose)
    }

    /// Tells whether it says that a budget is open or closed.
    pub(super) const fn is_state(&self) -> bool {
        matches!(self, Self::Open | Self::Close | Self::Reopen)
    }

    /// Tells whether another step decides about the same: of two such the later one holds.
    pub(super) fn decides_as(&self, other: &Self) -> bool {
        let slot = |what: &Self| match what {
            Self::Cap { of, dataset, .. } => Some((*of, dataset.clone())),
            _ => None,
        };
        match (slot(self), slot(other)) {
            (None, None) => self.is_state() && other.is_state(),
            (one, another) => one == another,
        }
    }

    /// Tells whether another step does the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Cap { rho_nano, delta_atto, .. },
                Self::Cap { rho_nano: other_rho, delta_atto: other_delta, .. },
            ) => self.decides_as(other) && (rho_nano, delta_atto) == (other_rho, other_delta),
            (Self::Refill { of, dataset, add, .. }, Self::Refill { add: other_add, .. }) => {
                other.is_refill_of(*of, dataset.as_ref()) && add == other_add
            }
            _ => self.kind() == other.kind(),
        }
    }
}
