//! A bound on the requests that are worked on at once.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::OwnedSemaphorePermit;

use super::App;
use crate::error::{Error, Failure};

/// A place among the requests at work. A streamed answer keeps it until its last byte.
#[derive(Debug, Clone)]
pub(super) struct Slot(#[expect(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>);

/// Gives the request a place, or refuses it.
pub(super) async fn take_slot(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match app.slots.clone().try_acquire_owned() {
        Ok(permit) => {
            let slot = Slot(Arc::new(permit));
            request.extensions_mut().insert(slot.clone());
            let response = next.run(request).await;
            drop(slot);
            response
        }
        Err(_) => Failure::without_run(Error::Busy).into_response(),
    }
}
