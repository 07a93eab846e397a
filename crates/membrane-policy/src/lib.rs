//! Decides with Cedar who may do what, and issues the [`Permit`] without which no table is touched.
//!
//! # How a decision is made, by example
//!
//! Ana is an analyst of the group `marketing` with the regions Shanghai and Beijing. She asks for
//! `crm_members` with the purpose `marketing_analysis`:
//!
//! | question to Cedar | resource | answer | so |
//! | --- | --- | --- | --- |
//! | `read` | `Dataset::"crm_members"` | permitted by `marketing.read` | the table exists for her |
//! | `readClear` | `Column::"crm_members.phone"` | forbidden by `floor.identifiers` | try the next level |
//! | `readPartial` | the same | permitted by `marketing.phone` | `138****1234`, as its `@partial` says |
//! | `readClear` | `Column::"crm_members.tier"` | permitted by `marketing.business` | the value |
//! | `readRow` | any `Row::crm_members` | a condition is left over | `region in {SH, BJ}` and consent |
//!
//! The last line is type-aware partial evaluation: Cedar answers for a row that it does not know, and
//! what remains of the policies becomes a [`RowExpr`] that the governed scan applies to every row.
//!
//! The order of things in [`Authorizer::issue`]: check that the request is the run's; decide; write the
//! decision to the run's record and wait for it; only then make the permit. Any failure while deciding
//! is a deny, and a policy that errors denies what it was asked about, whether it permits or forbids.
//!
//! # What stands where
//!
//! `policies/membrane.cedarschema` is the fixed part of the schema; the part that the catalog decides (a
//! row type per dataset and the action `readRow`) is generated and checked together with it.
//! `policies/*.cedar` are the policies, each with a unique `@id`;
//! `policies/cards/*.yaml` are those that are written as rule cards ([`Card`]). `policies/principals.json` says who
//! there is, as Cedar entities.

pub mod access;

mod ask;
mod authorizer;
mod break_glass;
mod card;
mod case;
mod column;
mod delegation;
mod depth;
mod error;
mod explain;
#[cfg(test)]
mod fixture;
mod folder;
mod judge;
mod lint;
mod literals;
mod matrix;
mod parameters;
mod permit;
mod policies;
mod prove;
pub mod publication;
mod refusal;
pub mod replay;
mod row_rule;
mod rows;
mod schema;
mod text;
mod world;

pub use authorizer::{Authorizer, Lookup, Request, SeenColumn, Sight};
pub use break_glass::{BreakGlassRequest, BrokenGlass};
pub use card::Card;
pub use case::CaseOutcome;
pub use delegation::{Acting, DelegationEnd, DelegationRequest, Handed};
pub use error::{Fault, PolicyError};
pub use explain::{Asked, Change, Explanation, Question};
pub use lint::{Waiver, Weakness, WeaknessGroup};
pub use permit::{ColumnPermit, DatasetPermit, Permit, ShownWhen};
pub use policies::{ListedPolicy, Policies};
pub use prove::{Claim, CounterExample, Difference, NO_POLICY_ERRS, Proof, ProveError, Verdict};
pub use refusal::{Refused, RefusedReason};
pub use row_rule::{CompareOperator, RowExpr, RowRule, RowValue};
