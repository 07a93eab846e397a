//! Privacy budgets.

use membrane_model::{Delta, Price};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::BudgetLine;

/// What was spent of which budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BudgetBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The budgets.
    pub budgets: Vec<BudgetLineBody>,
}

/// One budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BudgetLineBody {
    /// `partner:NAME`, `partner:NAME/dataset:NAME` or `dataset:NAME`.
    pub scope: String,
    /// What may ever be spent.
    pub cap: AmountBody,
    /// What was spent; what was reserved and then failed counts as spent.
    pub spent: AmountBody,
    /// What is left.
    pub remaining: AmountBody,
}

/// A privacy loss: zero-concentrated DP (rho) plus delta, and what rho amounts to as epsilon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AmountBody {
    /// rho of zero-concentrated DP.
    pub rho: f64,
    /// delta.
    pub delta: f64,
    /// rho as epsilon, at `epsilon_delta`; `delta` comes on top.
    pub epsilon: f64,
    /// The delta at which `epsilon` is stated.
    pub epsilon_delta: f64,
}

/// The delta at which rho is shown as epsilon.
const SHOWN_DELTA: f64 = 1e-6;

impl From<Price> for AmountBody {
    fn from(price: Price) -> Self {
        let rho = Price { delta_atto: 0, ..price };
        let shown =
            Delta::new(SHOWN_DELTA).ok().and_then(|delta| membrane_privacy::epsilon_of(rho, delta).ok());
        let epsilon = if price.rho_nano == 0 { 0.0 } else { shown.unwrap_or(f64::MAX) };
        Self { rho: price.rho(), delta: price.delta(), epsilon, epsilon_delta: SHOWN_DELTA }
    }
}

impl From<&BudgetLine> for BudgetLineBody {
    fn from(line: &BudgetLine) -> Self {
        Self {
            scope: line.scope.to_string(),
            cap: line.cap.into(),
            spent: line.spent.into(),
            remaining: line.remaining().into(),
        }
    }
}
