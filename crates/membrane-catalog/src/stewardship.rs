//! What a contract says about a dataset that decides about no row: for whoever looks it up.

/// What a contract says about a dataset that decides about no row. Nothing is held against it; what is not stated is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stewardship {
    /// What it is for.
    pub purpose: Option<String>,
    /// How it is used.
    pub usage: Option<String>,
    /// What to beware of.
    pub limitations: Option<String>,
    /// By which right its rows are kept (`membrane.legalBasis`).
    pub legal_basis: Option<String>,
    /// How long they are to be kept, in the contract's words (`retention` of `slaProperties`): `3 y`; or else by its rule. Rows go by the
    /// rule alone: [`crate::Dataset::retention`].
    pub retention: Option<String>,
    /// The area that it belongs to.
    pub domain: Option<String>,
    /// Words that it is found by.
    pub tags: Vec<String>,
}
