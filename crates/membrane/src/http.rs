//! The HTTP API: a handler extracts, calls one flow and shapes the answer.

mod accept;
mod answer;
mod auth;
mod busy;
mod error;
mod extract;
mod handlers;
mod observe;
mod openapi;
mod readiness;
mod router;
mod serve;
mod socket;
mod timeout;
mod upload;

pub use observe::Metrics;
pub use openapi::document as openapi_document;
pub use router::router;
pub(crate) use serve::{Listening, listen};

use std::sync::Arc;

use axum::extract::FromRef;
use tokio::sync::Semaphore;

use self::busy::Slots;
use self::readiness::Readiness;
use crate::config::ServerSection;
use crate::hub::Hub;
use crate::serving::Serving;

/// What requests share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) serving: Arc<Serving>,
    pub(crate) server: Arc<ServerSection>,
    pub(crate) slots: Arc<Slots>,
    /// Bounds the webhooks whose bodies are read.
    pub(crate) hooks: Arc<Semaphore>,
    pub(crate) metrics: Metrics,
    pub(crate) readiness: Readiness,
}

/// What one handler has: the hub as it is when it begins, whatever is published meanwhile.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) hub: Arc<Hub>,
    pub(crate) server: Arc<ServerSection>,
    pub(crate) slots: Arc<Slots>,
    /// Bounds the webhooks whose bodies are read.
    pub(crate) hooks: Arc<Semaphore>,
    pub(crate) metrics: Metrics,
    pub(crate) readiness: Readiness,
}

impl FromRef<Shared> for App {
    fn from_ref(shared: &Shared) -> Self {
        let Shared { serving, server, slots, hooks, metrics, readiness } = shared.clone();
        Self { hub: serving.hub(), server, slots, hooks, metrics, readiness }
    }
}
