//! `GET /v1/lineage/{dataset}/{column}`, `GET /v1/lineage/up` and `/down`.

use axum::extract::State;
use axum::{Extension, Json};
use membrane_model::{ColumnName, DatasetName};
use serde::Deserialize;

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::{self, LineageRequest, Subject, TraceRequest};
use crate::http::App;
use crate::http::extract::{AcceptsJson, PathOf, QueryOf};
use crate::lineage::Direction;
use crate::wire::{ErrorBody, LineageBody, TraceBody};

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

/// Parameters of a walk along lineage.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct TraceParams {
    /// DATASET.COLUMN, `release:NAME` of a standing release, a principal like `partner:acme`, or the id of a run.
    of: String,
    /// How many steps to go, 32 at most.
    depth: Option<u32>,
    /// How many nodes to reach, 10,000 at most; 1,000 unless told otherwise.
    nodes: Option<usize>,
}

impl TraceParams {
    fn request(self, direction: Direction) -> Result<TraceRequest, Failure> {
        let of: Subject =
            self.of.parse().map_err(|told: &str| Failure::without_run(Error::BadRequest(told.to_owned())))?;
        Ok(TraceRequest {
            of,
            direction,
            depth_max: self.depth.unwrap_or(flow::DEPTH_MAX),
            places_max: self.nodes.unwrap_or(flow::PLACES_DEFAULT),
        })
    }
}

/// Show all that something came from.
///
/// Columns, deliveries and how much of each comes through, from the record of all runs and the contracts.
#[utoipa::path(
    get, path = "/v1/lineage/up", tag = "record", operation_id = "lineage_up", security(("bearer" = [])),
    params(TraceParams),
    responses(
        (status = 200, description = "What it came from.", body = TraceBody),
        Faults,
        (status = 400, description = "Wrong parameters, or no such column.", body = ErrorBody),
        (status = 404, description = "No such dataset, run or standing release.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_up(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    QueryOf(params): QueryOf<TraceParams>,
) -> Result<Json<TraceBody>, Failure> {
    let found = flow::trace_lineage(&ctx, &app.hub, params.request(Direction::Up)?).await?;
    Ok(Json(TraceBody::new(&app.hub, &found)))
}

/// Show all that hangs on something.
///
/// Datasets, standing releases, jobs and partners, and how much of it comes there.
#[utoipa::path(
    get, path = "/v1/lineage/down", tag = "record", operation_id = "lineage_down", security(("bearer" = [])),
    params(TraceParams),
    responses(
        (status = 200, description = "What hangs on it.", body = TraceBody),
        Faults,
        (status = 400, description = "Wrong parameters, or no such column.", body = ErrorBody),
        (status = 404, description = "No such dataset, run or standing release.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_down(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    QueryOf(params): QueryOf<TraceParams>,
) -> Result<Json<TraceBody>, Failure> {
    let found = flow::trace_lineage(&ctx, &app.hub, params.request(Direction::Down)?).await?;
    Ok(Json(TraceBody::new(&app.hub, &found)))
}
