//! `GET /v1/datasets`.

use axum::extract::State;
use axum::{Extension, Json};
use membrane_model::Purpose;
use serde::Deserialize;

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::Failure;
use crate::flow;
use crate::http::App;
use crate::http::extract::{AcceptsJson, QueryOf};
use crate::wire::{DatasetBody, DatasetsBody, ErrorBody};

/// Parameters of a listing.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct DatasetsParams {
    /// For which purpose; analysts state one.
    #[param(value_type = Option<String>, example = "marketing_analysis")]
    purpose: Option<Purpose>,
}

/// List the datasets.
///
/// Those that exist for the caller, column by column, each with the level at which it is shown.
#[utoipa::path(
    get, path = "/v1/datasets", tag = "data", operation_id = "list_datasets", security(("bearer" = [])),
    params(DatasetsParams),
    responses(
        (status = 200, description = "The datasets.", body = DatasetsBody),
        Faults,
        (status = 400, description = "Wrong parameters, or no purpose.", body = ErrorBody),
        (status = 404, description = "No dataset exists for the caller.", body = ErrorBody),
        (status = 503, description = "Too busy, or the record cannot be written.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_datasets(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    QueryOf(params): QueryOf<DatasetsParams>,
) -> Result<Json<DatasetsBody>, Failure> {
    let (run, listed) = flow::list_datasets(&ctx, &app.hub, params.purpose).await?;
    Ok(Json(DatasetsBody { run: run.to_string(), datasets: listed.iter().map(DatasetBody::from).collect() }))
}
