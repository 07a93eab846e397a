//! A bound on the requests that are worked on at once.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::App;
use crate::error::{Error, Failure};

/// A place among the requests at work. A streamed answer keeps it for as long as it is being produced.
#[derive(Debug, Clone)]
pub(super) struct Slot(#[expect(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>);

impl Slot {
    /// Takes a place, if one is free.
    pub(super) fn take(slots: &Arc<Semaphore>) -> Option<Self> {
        slots.clone().try_acquire_owned().ok().map(|permit| Self(Arc::new(permit)))
    }
}

/// Gives the request a place, or refuses it.
pub(super) async fn take_slot(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match Slot::take(&app.slots) {
        Some(slot) => {
            request.extensions_mut().insert(slot.clone());
            let response = next.run(request).await;
            drop(slot);
            response
        }
        None => Failure::without_run(Error::Busy).into_response(),
    }
}
