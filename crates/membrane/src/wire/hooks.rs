//! What a service is told of the events that it sent.

use serde::{Deserialize, Serialize};

use crate::flow::Pushed;

/// What became of a request to a webhook: its events are durable.
///
/// PRIVACY: a service learns nothing of what others sent, so neither what was known before nor what the contract says of it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HookBody {
    /// The run that commits them.
    pub run: String,
    /// Events in the request.
    pub events: u64,
}

impl HookBody {
    pub(crate) fn new(pushed: &Pushed) -> Self {
        Self { run: pushed.run.to_string(), events: pushed.answer.read }
    }
}
