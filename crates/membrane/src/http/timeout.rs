//! Bounds on the time until an answer begins, and on the pauses of a body. The engine bounds the time of the answer itself.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::upload::impatient;
use crate::error::{Error, Failure};

/// Seconds beyond the engine's own limit, so that its clearer error comes first.
const GRACE_SECONDS: u64 = 5;

/// Gives a request up that has no answer in time. Its run is closed as failed in the background.
pub(super) async fn give_up(State(app): State<App>, request: Request, next: Next) -> Response {
    let seconds_max = app.hub.limits().seconds_max.saturating_add(GRACE_SECONDS);
    // Whoever sends half of a question holds a place among those that are worked on.
    let idle = Duration::from_secs(app.server.idle_seconds);
    let request = request.map(|body| impatient(body, idle));
    match tokio::time::timeout(Duration::from_secs(seconds_max), next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::without_run(Error::TimedOut { seconds_max }).into_response(),
    }
}
