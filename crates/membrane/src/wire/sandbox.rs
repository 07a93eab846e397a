//! Sandboxes: synthetic rows to try statements on.

use membrane_model::{DatasetName, NameError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AmountBody;
use crate::flow::{SANDBOX_RHO, SandboxMade};

/// Of which dataset a sandbox is to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSandboxBody {
    /// The dataset about members.
    #[schema(example = "pos_order_lines")]
    pub dataset: String,
    /// What all of it may cost, as rho of zero-concentrated DP; 0.01 when not stated.
    #[serde(default)]
    pub rho: Option<f64>,
}

impl NewSandboxBody {
    /// Reads the dataset.
    ///
    /// # Errors
    /// [`NameError`] when it is none.
    pub fn dataset(&self) -> Result<DatasetName, NameError> {
        self.dataset.parse()
    }

    /// Returns what it may cost.
    #[must_use]
    pub fn rho(&self) -> f64 {
        self.rho.unwrap_or(SANDBOX_RHO)
    }
}

/// A sandbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SandboxBody {
    /// The dataset.
    pub dataset: String,
    /// The month in whose name it is: in that month it is paid for.
    pub edition: String,
    /// What was charged just now.
    pub charged: AmountBody,
    /// How many releases it is made of.
    pub parts: usize,
    /// What could not be asked.
    pub left_out: Vec<LeftOutBody>,
}

/// A part of a sandbox that could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftOutBody {
    /// The statement, which is made of the contract.
    pub sql: String,
    /// The code of the refusal.
    pub code: String,
}

impl SandboxBody {
    /// Shows what became of a sandbox.
    #[must_use]
    pub fn new(dataset: &DatasetName, made: &SandboxMade) -> Self {
        let left_out =
            |(sql, code): &(String, &str)| LeftOutBody { sql: sql.clone(), code: (*code).to_owned() };
        Self {
            dataset: dataset.to_string(),
            edition: made.edition.clone(),
            charged: AmountBody::from(made.charged),
            parts: made.parts,
            left_out: made.left_out.iter().map(left_out).collect(),
        }
    }
}
