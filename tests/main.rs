//! The one integration binary: what a user can do, through the doors that users have.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod anomalies;
mod api;
mod architecture;
mod attacks;
mod audit;
mod audit_log;
mod audit_search;
mod backends;
mod break_glass;
mod budgets;
mod canary;
mod catalog;
mod contracts;
mod delegation;
mod docs;
mod faults;
mod formats;
mod hooks;
mod ingest;
mod kafka;
mod kills;
mod lint;
mod maintain;
mod masks;
mod neighbours;
mod noninterference;
mod partner_life;
mod pilot;
mod policy;
mod privacy;
mod program;
mod propose;
mod publish;
mod quarantine;
mod receipts;
mod record;
mod references;
mod reports;
mod retention;
mod reuse;
mod sandbox;
mod soak;
mod sources;
mod sql;
mod standard;
mod standing;
mod streams;
mod tags;
mod world;
mod year;
