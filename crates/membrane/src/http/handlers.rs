//! One file a resource.

pub(super) mod anomalies;
pub(super) mod break_glass;
pub(super) mod budget;
pub(super) mod catalog;
pub(super) mod datasets;
pub(super) mod delegations;
pub(super) mod events;
mod faults;
pub(super) mod health;
pub(super) mod hooks;
pub(super) mod ingest;
pub(super) mod lineage;
pub(super) mod metrics;
pub(super) mod openapi;
pub(super) mod quality;
pub(super) mod query;
pub(super) mod receipt_key;
pub(super) mod release;
pub(super) mod reports;
pub(super) mod runs;
pub(super) mod sandbox;
pub(super) mod standing;
pub(super) mod streams;
pub(super) mod tags;
