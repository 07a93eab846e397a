//! What is asked besides the statement: price, noise and bounds.

use clap::{Args, ValueEnum};
use membrane_model::Purpose;
use membrane_privacy::NoiseKind;

use super::bounds::{self, ColumnBounds};
use super::share::{self, ColumnShare};
use super::target::{self, ColumnTarget};
use crate::cli::CliError;
use crate::flow::ReleaseRequest;

/// What is asked besides the statement.
#[derive(Debug, Args)]
pub(super) struct QuestionArgs {
    /// Why: one of the catalog's purposes; `membrane catalog purposes` lists them [default: [privacy] purpose].
    #[arg(long)]
    purpose: Option<Purpose>,
    /// The privacy loss that the answer may cost: more is dearer and more exact [default: [privacy] epsilon].
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    epsilon: Option<f64>,
    /// What the answer may cost as rho of zero-concentrated DP, in place of epsilon.
    #[arg(long, value_name = "R", conflicts_with = "epsilon", allow_negative_numbers = true)]
    rho: Option<f64>,
    /// The failure probability at which epsilon is stated; 0 asks for pure differential privacy, of groups that are known
    /// [default: [privacy] delta].
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    delta: Option<f64>,
    /// Which noise is drawn: `auto`, whichever is smaller at the same price in rho, `gaussian`, `laplace`, or `least-error`,
    /// whichever is smaller at the same epsilon, even where that takes many times the rho [default: auto].
    #[arg(long, value_name = "KIND")]
    noise: Option<Noise>,
    /// Groups in which one member may count [default: the contract's].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    groups_max: Option<u32>,
    /// Rows of one member that may count in one group [default: the contract's].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    rows_max: Option<u32>,
    /// The least and the greatest value that one row adds to a sum; what lies beyond counts as the bound. May be given for
    /// several columns [default: the contract's].
    #[arg(long, value_name = "COLUMN=LOWER..UPPER")]
    bounds: Vec<ColumnBounds>,
    /// Half of the width that the 95 % interval of a column of the answer may have, for counts and sums. Where all have one,
    /// the price is as low as that allows. May be given for several columns.
    #[arg(long, value_name = "COLUMN=WIDTH")]
    target: Vec<ColumnTarget>,
    /// The same as a share of what a typical group comes to. A small private pilot finds out what that is.
    #[arg(long, value_name = "COLUMN=PERCENT%")]
    within: Vec<ColumnShare>,
    /// Have a small private pilot choose the bounds that are not stated here, also those that the contract states. It costs a
    /// tenth of the price, once for all questions of this form. Bounds that nobody states are chosen so anyway.
    #[arg(long)]
    choose_bounds: bool,
}

/// Which noise is drawn.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Noise {
    Auto,
    Gaussian,
    Laplace,
    LeastError,
}

impl From<Noise> for NoiseKind {
    fn from(noise: Noise) -> Self {
        match noise {
            Noise::Auto => Self::Auto,
            Noise::Gaussian => Self::Gaussian,
            Noise::Laplace => Self::Laplace,
            Noise::LeastError => Self::LeastError,
        }
    }
}

impl QuestionArgs {
    /// Returns what is asked with this statement.
    pub(super) fn request(self, sql: String) -> Result<ReleaseRequest, CliError> {
        Ok(ReleaseRequest {
            sql,
            purpose: self.purpose,
            epsilon: self.epsilon,
            delta: self.delta,
            groups_max: self.groups_max,
            rows_max: self.rows_max,
            rho: self.rho,
            noise: self.noise.map(NoiseKind::from).unwrap_or_default(),
            bounds: bounds::by_column(self.bounds)?,
            targets: target::by_column(self.target)?,
            shares: share::by_column(self.within)?,
            choose_bounds: self.choose_bounds,
            ..ReleaseRequest::default()
        })
    }
}
