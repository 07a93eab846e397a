//! What is on record of a run beside who, what and why: from where it was asked, by which plan, and what was answered.

use membrane_model::AddressClass;

/// By which way a run came in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entrance {
    /// The session: the id of the bearer that was shown; none where there was no bearer.
    pub session: Option<String>,
    /// From where.
    pub address: AddressClass,
    /// The number of the publication that was served; none where files were. Its document, which is in the log, has the claims that were proved.
    pub publication: Option<u64>,
}

/// What there is to show of how a run was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// SHA-256 of the plan without its literals, as hexadecimal digits.
    pub plan: Option<String>,
    /// The digest of the answer, as hexadecimal digits. A commitment to it is published, which nobody can try answers against.
    pub answer: Option<String>,
    /// What was held back: `rows DATASET` where a rule chose rows, `levels DATASET` where rows decided how columns are shown, and limits.
    pub obligations: Vec<String>,
    /// The grants that counted: `break-glass N`, `delegation N`.
    pub grants: Vec<String>,
}

/// What is on record of a run beside who, what and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// By which way it came in.
    pub entrance: Entrance,
    /// SHA-256 of the plan without its literals.
    pub plan: Option<String>,
    /// What hides the digest of the answer in its commitment; none once it was forgotten.
    pub answer_salt: Option<String>,
    /// The commitment to the digest of the answer.
    pub answer_commitment: Option<String>,
    /// What was held back.
    pub obligations: Vec<String>,
    /// The grants that counted.
    pub grants: Vec<String>,
}
