//! `GET /v1/streams`, `GET /v1/metrics`.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::{Extension, Json};

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::Failure;
use crate::flow;
use crate::http::App;
use crate::http::extract::AcceptsJson;
use crate::wire::{ErrorBody, StreamsBody, sink_metrics, source_metrics, stream_metrics};

/// Show what was pushed, what waits to be committed and what failed.
#[utoipa::path(
    get, path = "/v1/streams", tag = "operation", operation_id = "streams", security(("bearer" = [])),
    responses(
        (status = 200, description = "The streams of this process.", body = StreamsBody),
        Faults,
    )
)]
pub(in crate::http) async fn get_streams(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
) -> Result<Json<StreamsBody>, Failure> {
    let (run, streams) = flow::list_streams(&ctx, &app.hub).await?;
    Ok(Json(StreamsBody::new(run, &streams)))
}

/// Metrics for Prometheus, with datasets and sources.
///
/// Those of `/metrics`, of each stream what `/v1/streams` has, of each source what came of it and where it stands, and of each sink of
/// lineage what it took and missed. Each look is recorded as a run.
#[utoipa::path(
    get, path = "/v1/metrics", tag = "operation", operation_id = "governed_metrics", security(("bearer" = [])),
    responses(
        (status = 200, description = "Metrics.", content_type = "text/plain", body = String),
        (status = 401, description = "No valid bearer.", body = ErrorBody),
        (status = 403, description = "Policy refuses.", body = ErrorBody),
        (status = 429, description = "As many requests of the principal are being worked on as may be at once.", body = ErrorBody),
        (status = 500, description = "The hub failed.", body = ErrorBody),
        (status = 503, description = "Too busy, or the record cannot be used.", body = ErrorBody),
        (status = 504, description = "It took too long.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_governed_metrics(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
) -> Result<impl IntoResponse, Failure> {
    let (streams, sources) = flow::measure(&ctx, &app.hub).await?;
    let sinks = sink_metrics(&app.hub.sinks().told());
    let text = app.metrics.render() + &stream_metrics(&streams) + &source_metrics(&sources) + &sinks;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}
