//! `GET /metrics`.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::http::App;

/// Metrics for Prometheus.
///
/// Counts of requests by method, route and status, of what stood out by its kind, and of runs in the published log: no rows, no datasets, nothing about anybody.
#[utoipa::path(
    get, path = "/metrics", tag = "operation", operation_id = "metrics",
    responses((status = 200, description = "Metrics.", content_type = "text/plain", body = String))
)]
pub(in crate::http) async fn get_metrics(State(app): State<App>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.render())
}
