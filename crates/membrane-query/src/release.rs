//! Releases: differentially private aggregates from plain SQL.
//!
//! A release is planned without data, paid for, and only then computed:
//!
//! ```text
//! Statement + Permit (action release)
//!   read         the plan of the statement as a Question: what can be bounded, or a refusal that says
//!                how to write it instead
//!   relation     any nest of SELECTs and joins as Blocks of rows, each about one member
//!   domain       which keys are public: from contracts, policy and statement alone
//!   calibrate    bounds, noise, threshold and price (membrane-privacy)        -> ReleasePlan
//!   forecast     how wide the error bars of each column will be, for a dry run
//! --- the caller reserves the price in the ledger, durably                     -> Reservation ---
//!   made         what is held: tables without subject by key, groups of each member, rows kept of each member
//!   rows         governed scans that stream past that: row rule, joins, WHERE; expressions and the member
//!   exact        raw sums per (group, member), bounded per member while they come, summed per group
//!   release      noise, threshold
//!   present      HAVING, error bars, order, limit: from released values only   -> ReleaseAnswer
//! ```
//!
//! Worked example: Acme asks `SELECT category, SUM(amount) FROM pos_order_lines GROUP BY category`. The
//! contract says that a member counts in 4 groups at most, with 20 rows of 0 to 5,000.00 in each. Bo,
//! who bought 300 times in 9 categories, is held to 4 of them, chosen by a keyed hash, and to 20 times
//! 5,000.00 in each; so whatever Bo did moves the totals by at most sqrt(4) * 100,000.00, and the noise is
//! calibrated to hide that. Categories are enumerated as public in the contract: each is shown, also one
//! where nobody bought.
//!
//! INVARIANT: nothing before [`ReleasePlan::run`] reads a row, and no error of planning depends on one; it takes a
//! `Reservation`, which only the ledger makes. After it, every failure is the same error: the price is spent, and which
//! failure it was could tell of a row. Whether it fails does not depend on any one member either: see [`exact`].

mod aggregate;
mod answer;
mod bounds;
mod calendar;
mod canonical;
mod cell;
mod counter;
mod dimension;
mod domain;
mod edges;
mod exact;
mod execution;
mod forecast;
mod in_turn;
mod labels;
mod listed;
mod literal;
mod made;
mod named;
mod notes;
mod plan;
mod present;
mod prune;
mod question;
mod read;
mod refusal;
mod rehearse;
mod relation;
mod reuse;
mod rows;
mod scalar;
mod scope;
mod synthetic;
mod trial;
mod value;
mod without_data;
mod work;

pub use answer::{ReleaseAnswer, ReleaseColumn, ReleaseRole, ReleaseType, ReleasedDataset};
pub use bounds::{EditionKey, FoundPilot, ReleaseOptions};
pub use counter::CounterOptions;
pub use forecast::{ColumnForecast, ForecastOf, ReleaseForecast};
pub use plan::{PilotAnswer, PilotPlan, Planned, ReleasePlan};
pub use rehearse::Rehearsed;
pub use reuse::{Candidate, Reused};
pub use synthetic::{SandboxPart, Synthetic, sandbox_parts};
pub use trial::{Bars, Lie, MadeUp, Newcomer, PilotTrial, Shown, Trial};
pub use without_data::{check_release, trace_release};

#[cfg(test)]
pub(crate) mod fixture;
