//! The hub itself: configuration, sign-in, flows, the HTTP API and the subcommands of the one binary `membrane`.
//!
//! [`Hub`] is the opened hub; `flow` holds what it does, one file a flow; `http` and [`cli`] are two ways to ask for it.

pub mod config;

mod ctx;
mod deep;
mod tags;
mod tasks;
mod ticket;

mod audit_log;
pub mod bearer;
mod budgets;
mod contract_diff;
mod contracts;
mod delegations;
mod grants;
mod hub;
pub mod lineage;
mod maintenance;
mod open;
mod openlineage;
mod published;
mod serving;
mod sources;
mod standing;
mod steps;
mod stream_state;
mod streams;
mod topics;

pub mod answer;
pub mod error;
pub mod flow;
pub mod receipt;
mod report_form;
pub mod wire;

mod alerts;
mod anomalies;
pub mod attack;
pub mod audit;
pub mod cli;
mod demo;
pub mod http;

pub use audit_log::OnShelf;
pub use budgets::{Bounded, BudgetReason, BudgetStep, PartnerBudget, StepKind};
pub use contracts::{Broken, ContractError};
pub use ctx::{Channel, RequestCtx};
pub use delegations::{Delegation, DelegationState};
pub use grants::{Grant, GrantState};
pub use hub::Hub;
pub use open::OpenError;
pub use published::PublishedError;
pub use report_form::ReportForm;
pub use serving::Serving;
pub use tasks::Tasks;
pub use ticket::Ticket;

#[cfg(test)]
mod testing;
