//! `GET /v1/audit/anomalies`.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::Failure;
use crate::flow;
use crate::http::App;
use crate::http::extract::{AcceptsJson, QueryOf};
use crate::wire::{AnomaliesBody, ErrorBody, SinceBody};

/// Parameters of a list of what stood out.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct AnomaliesParams {
    /// Only what was flagged from this day or moment on, in UTC.
    #[param(value_type = Option<String>, example = "2026-11-01")]
    since: Option<SinceBody>,
}

/// List what stood out of what principals did, the latest first, 1000 at most; `has_more` says whether there are more.
///
/// What was not written down yet is, in the same run.
#[utoipa::path(
    get, path = "/v1/audit/anomalies", tag = "record", operation_id = "list_anomalies", security(("bearer" = [])),
    params(AnomaliesParams),
    responses(
        (status = 200, description = "What stood out.", body = AnomaliesBody),
        Faults,
        (status = 400, description = "Wrong parameters.", body = ErrorBody),
        (status = 409, description = "Others wrote at the same time, again and again.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_anomalies(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    QueryOf(params): QueryOf<AnomaliesParams>,
) -> Result<Json<AnomaliesBody>, Failure> {
    let (run, found) = flow::list_anomalies(&ctx, &app.hub, params.since.map(|since| since.0)).await?;
    Ok(Json(AnomaliesBody::new(run, &found)))
}
