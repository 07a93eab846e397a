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
    /// The line and the column of the file in which that stands, from 1.
    pub sql_place: (usize, usize),
    /// How often; only when somebody asks, where there is none.
    pub schedule: Option<Schedule>,
    /// What an edition may cost.
    pub price: StandingPrice,
    /// How much of one member counts.
    pub bounds: StandingBounds,
    /// Where each edition tells of all periods so far, for one price.
    pub continual: Option<Continual>,
}

/// Editions that count on: each tells of everything since the start of the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Continual {
    /// The first edition.
    pub from: Edition,
    /// How many editions there are at most.
    pub refreshes: u32,
    /// Rows of one member that count, over all editions: the earliest ones.
    pub rows_max: u32,
}

impl Continual {
    /// Returns which of the editions this is, from 1; none when it is not one of them.
    #[must_use]
    pub fn number(&self, edition: &Edition) -> Option<u32> {
        (1..=self.refreshes)
            .zip(self.from.and_after())
            .find(|(_, one)| one == edition)
            .map(|(number, _)| number)
    }

    /// Returns the edition of a number, from 1.
    #[must_use]
    pub fn edition(&self, number: u32) -> Option<Edition> {
        let place = usize::try_from(number.checked_sub(1)?).ok()?;
        self.from.and_after().nth(place).filter(|_| number <= self.refreshes)
    }
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
        let Self { partner, purpose, sql, price, bounds, continual, .. } = self;
        let counts = continual.map(|continual| format!(" {continual:?}")).unwrap_or_default();
        let text = format!("{partner:?} {purpose:?} {sql:?} {price:?} {bounds:?}{counts}");
        hex::encode(Sha256::digest(text.as_bytes()))
    }

    /// Returns the statement of an edition: with its period in place of the marks.
    #[must_use]
    pub fn statement(&self, edition: &Edition) -> String {
        self.sql.replace(PERIOD_START, &edition.start_sql()).replace(PERIOD_END, &edition.end_sql())
    }
}
