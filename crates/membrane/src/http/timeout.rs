//! A bound on the time until an answer begins. The engine bounds the time of the answer itself.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use crate::error::{Error, Failure};

/// Seconds beyond the engine's own limit, so that its clearer error comes first.
const GRACE_SECONDS: u64 = 5;

/// Gives a request up that has no answer in time. Its run is closed as failed in the background.
pub(super) async fn give_up(State(app): State<App>, request: Request, next: Next) -> Response {
    let seconds_max = app.hub.limits().seconds_max.saturating_add(GRACE_SECONDS);
    match tokio::time::timeout(Duration::from_secs(seconds_max), next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::without_run(Error::TimedOut { seconds_max }).into_response(),
    }
}
