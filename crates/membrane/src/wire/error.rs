//! Errors.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was not answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorDetail {
    /// The stable code.
    #[schema(example = "unknown_column")]
    pub code: String,
    /// What happened, in words. Never a value.
    pub message: String,
    /// The run in which it happened, once there was one: compliance finds it there.
    pub run: Option<String>,
}
