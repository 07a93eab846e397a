//! `GET /v1/runs` and `GET /v1/runs/{id}`.

use axum::extract::State;
use axum::{Extension, Json};
use membrane_ledger::RunFilter;
use membrane_model::{DatasetName, PrincipalId, RunId};
use serde::Deserialize;

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::Failure;
use crate::flow;
use crate::http::App;
use crate::http::extract::{AcceptsJson, PathOf, QueryOf};
use crate::wire::{ErrorBody, RunBody, RunDetailBody, RunsBody};

const RUNS_DEFAULT: u32 = 50;
const RUNS_MAX: u32 = 1000;

/// Parameters of a list of runs.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct RunsParams {
    /// Of which principal only.
    #[param(value_type = Option<String>, example = "analyst:ana")]
    principal: Option<PrincipalId>,
    /// With which dataset only.
    #[param(value_type = Option<String>, example = "crm_members")]
    dataset: Option<DatasetName>,
    /// How many, 1000 at most; 50 when not stated.
    limit: Option<u32>,
}

/// List runs, newest first.
#[utoipa::path(
    get, path = "/v1/runs", tag = "record", operation_id = "list_runs", security(("bearer" = [])),
    params(RunsParams),
    responses(
        (status = 200, description = "The runs.", body = RunsBody),
        Faults,
        (status = 400, description = "Wrong parameters.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_runs(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    QueryOf(params): QueryOf<RunsParams>,
) -> Result<Json<RunsBody>, Failure> {
    let limit = params.limit.unwrap_or(RUNS_DEFAULT).clamp(1, RUNS_MAX);
    let filter = RunFilter { principal: params.principal, dataset: params.dataset, limit };
    let (run, found) = flow::runs(&ctx, &app.hub, filter).await?;
    Ok(Json(RunsBody { run: run.to_string(), runs: found.iter().map(RunBody::from).collect() }))
}

/// Show one run.
///
/// Who asked for what, which policies decided, at which level each column was shown, which versions of which tables were
/// read, and what came from what.
#[utoipa::path(
    get, path = "/v1/runs/{id}", tag = "record", operation_id = "run", security(("bearer" = [])),
    params(("id" = String, Path, description = "The run.")),
    responses(
        (status = 200, description = "The run.", body = RunDetailBody),
        Faults,
        (status = 400, description = "Not the id of a run.", body = ErrorBody),
        (status = 404, description = "No such run.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_run(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    PathOf(id): PathOf<RunId>,
) -> Result<Json<RunDetailBody>, Failure> {
    let (_, found) = flow::run_detail(&ctx, &app.hub, id).await?;
    Ok(Json(RunDetailBody::from(&found)))
}
