//! `GET /v1/lineage/{dataset}/{column}`.

use axum::extract::State;
use axum::{Extension, Json};
use membrane_model::{ColumnName, DatasetName};
use serde::Deserialize;

use crate::ctx::RequestCtx;
use crate::error::Failure;
use crate::flow::{self, LineageRequest};
use crate::http::App;
use crate::http::extract::{AcceptsJson, PathOf, QueryOf};
use crate::wire::{ErrorBody, LineageBody};

/// Parameters of a look at lineage.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct LineageParams {
    /// How many steps to go, 32 at most.
    depth: Option<u32>,
}

/// Show where a column came from and where it went.
#[utoipa::path(
    get, path = "/v1/lineage/{dataset}/{column}", tag = "record", operation_id = "lineage",
    security(("bearer" = [])),
    params(
        ("dataset" = String, Path, description = "The dataset."),
        ("column" = String, Path, description = "The column."),
        LineageParams,
    ),
    responses(
        (status = 200, description = "The lineage.", body = LineageBody),
        (status = 400, description = "Wrong parameters, or no such column.", body = ErrorBody),
        (status = 401, description = "No valid bearer.", body = ErrorBody),
        (status = 403, description = "Policy refuses.", body = ErrorBody),
        (status = 404, description = "No such dataset.", body = ErrorBody),
        (status = 406, description = "No acceptable form.", body = ErrorBody),
        (status = 429, description = "As many requests of the principal are being worked on as may be at once.", body = ErrorBody),
        (status = 500, description = "The hub failed.", body = ErrorBody),
        (status = 503, description = "Too busy, or the record cannot be used.", body = ErrorBody),
        (status = 504, description = "It took too long.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_lineage(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    PathOf((dataset, column)): PathOf<(DatasetName, ColumnName)>,
    QueryOf(params): QueryOf<LineageParams>,
) -> Result<Json<LineageBody>, Failure> {
    let request = LineageRequest { dataset, column, depth_max: params.depth.unwrap_or(flow::DEPTH_MAX) };
    let found = flow::lineage(&ctx, &app.hub, request).await?;
    Ok(Json(LineageBody::from(&found)))
}
