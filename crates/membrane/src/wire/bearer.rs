//! Issued bearers.

use serde::Serialize;

/// An issued bearer.
#[derive(Debug, Clone, Serialize)]
pub struct BearerBody {
    /// The run in which it was issued.
    pub run: String,
    /// For whom it acts.
    pub principal: String,
    /// For how many hours.
    pub hours: u32,
    /// What goes behind `Authorization: Bearer`.
    pub bearer: String,
}
