//! A refusal: a value, not an error.

use std::fmt;

/// Why no permit was issued. The full reason stands in the run's record; this is what the asker may
/// know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The kind of refusal.
    pub reason: RefusedReason,
    /// The policies that determined it, as far as the asker may know them. Always empty for
    /// [`RefusedReason::NotFound`].
    pub factors: Vec<String>,
}

/// The kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusedReason {
    /// The principal may not do this at all, whatever the dataset.
    NotPermitted,
    /// Nobody of that name in `policies/principals.json`.
    UnknownPrincipal,
    /// No purpose was stated where one is needed, or it is not in `catalog/purposes.yaml`.
    UnknownPurpose,
    /// None of the datasets exists for this principal. Hidden and absent look the same.
    NotFound,
    /// No column of the statement's datasets, by the name that was given, may have values looked up.
    Lookup,
    /// Columns of the name that was given have tokens of different kinds.
    LookupAmbiguous,
    /// The principal has looked up as many values as may be in an hour.
    LookupLimit,
    /// Somebody agreed to what they asked for themselves, or another principal of that name did.
    OwnRequest,
    /// Nobody of that name handed on what was asked for on their behalf.
    NotDelegated,
    /// It was to be handed on to somebody to whom nothing can be.
    Delegate,
    /// A policy could not be evaluated.
    PolicyFault,
    /// The decision could not be written to the run's record, or the request is not the run's.
    RecordFault,
}

impl RefusedReason {
    /// Returns the stable code of this kind.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotPermitted => "not_permitted",
            Self::UnknownPrincipal => "unknown_principal",
            Self::UnknownPurpose => "unknown_purpose",
            Self::NotFound => "not_found",
            Self::Lookup => "lookup_refused",
            Self::LookupAmbiguous => "lookup_ambiguous",
            Self::LookupLimit => "lookup_limit",
            Self::OwnRequest => "own_request",
            Self::NotDelegated => "not_delegated",
            Self::Delegate => "delegate_refused",
            Self::PolicyFault => "policy_fault",
            Self::RecordFault => "record_fault",
        }
    }
}

impl fmt::Display for RefusedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotPermitted => "not permitted",
            Self::UnknownPrincipal => "unknown principal",
            Self::UnknownPurpose => "unknown or missing purpose",
            Self::NotFound => "no such dataset, or none that you may use for this purpose",
            Self::Lookup => "no column of that name may have values looked up in this statement: name its dataset in FROM, and see that policy lets you",
            Self::LookupAmbiguous => "columns of that name have different tokens: write `DATASET.COLUMN`",
            Self::LookupLimit => "as many values were looked up as may be in an hour; try again when the first of them are an hour old",
            Self::OwnRequest => "nobody agrees to what they asked for: it takes another person",
            Self::NotDelegated => "nothing that somebody of that name handed on to you can be used for this purpose now; `membrane delegation list` shows what was handed on",
            Self::Delegate => "it can be handed on to another principal of your own kind only, one of principals.json, and neither to partners nor to services",
            Self::PolicyFault => "a policy could not be evaluated",
            Self::RecordFault => "the decision could not be recorded",
        })
    }
}

impl Refused {
    pub(crate) const fn plain(reason: RefusedReason) -> Self {
        Self { reason, factors: Vec::new() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)?;
        if self.factors.is_empty() { Ok(()) } else { write!(f, " (by {})", self.factors.join(", ")) }
    }
}

impl std::error::Error for Refused {}
