//! Standing releases: what a partner is told again and again, from one file of the catalog each.

mod edition;

use std::collections::BTreeMap;

use membrane_model::{ColumnName, PrincipalId, Purpose, ReleaseName};
use sha2::{Digest as _, Sha256};

pub use self::edition::{Edition, Every};

/// What stands for the first day or instant of an edition's period in the statement.
pub const PERIOD_START: &str = ":period_start";
/// What stands for the first day or instant after it.
pub const PERIOD_END: &str = ":period_end";

/// A release that is made for each period of its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct StandingRelease {
    /// Its name, which is that of its file.
    pub name: ReleaseName,
    /// What it is for.
    pub description: String,
    /// Who gets it, and pays for it.
    pub partner: PrincipalId,
    /// Why; the hub's default when not stated.
    pub purpose: Option<Purpose>,
    /// The statement, with [`PERIOD_START`] and [`PERIOD_END`].
    pub sql: String,
    /// How often; only when somebody asks, where there is none.
    pub schedule: Option<Schedule>,
    /// What an edition may cost.
    pub price: StandingPrice,
    /// How much of one member counts.
    pub bounds: StandingBounds,
}

/// When editions are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Of which length their periods are.
    pub every: Every,
    /// How many minutes after the end of its period an edition is made: late data has time to come in.
    pub delay_minutes: u32,
}

/// What an edition may cost, and how exact it is to be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StandingPrice {
    /// As epsilon.
    pub epsilon: Option<f64>,
    /// As rho, in place of epsilon.
    pub rho: Option<f64>,
    /// The failure probability at which epsilon is stated; the hub's default when not stated.
    pub delta: Option<f64>,
    /// Half of the width that the 95 % interval of a column may have.
    pub targets: BTreeMap<ColumnName, f64>,
    /// The same as a share of what a typical group comes to.
    pub within: BTreeMap<ColumnName, f64>,
}

/// How much of one member counts. What is not stated is as for any other release.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StandingBounds {
    /// Groups of one member.
    pub groups_max: Option<u32>,
    /// Rows of one member in one group.
    pub rows_max: Option<u32>,
    /// What one row adds to a sum.
    pub values: BTreeMap<ColumnName, (f64, f64)>,
    /// Whether a pilot chooses what is not stated.
    pub choose: bool,
}

impl StandingRelease {
    /// Returns what tells one definition from another: SHA-256, in hex, over everything but the description and when editions
    /// are made. Another definition makes other editions.
    #[must_use]
    pub fn definition(&self) -> String {
        let Self { partner, purpose, sql, price, bounds, .. } = self;
        let text = format!("{partner:?} {purpose:?} {sql:?} {price:?} {bounds:?}");
        hex::encode(Sha256::digest(text.as_bytes()))
    }

    /// Returns the statement of an edition: with its period in place of the marks.
    #[must_use]
    pub fn statement(&self, edition: &Edition) -> String {
        self.sql.replace(PERIOD_START, &edition.start_sql()).replace(PERIOD_END, &edition.end_sql())
    }
}
