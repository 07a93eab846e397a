//! `GET /v1/lineage/{dataset}/{column}`.

use axum::extract::State;
use axum::{Extension, Json};
use membrane_model::{ColumnName, DatasetName};
use serde::Deserialize;

use super::faults::Faults;
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
        Faults,
        (status = 400, description = "Wrong parameters, or no such column.", body = ErrorBody),
        (status = 404, description = "No such dataset.", body = ErrorBody),
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
