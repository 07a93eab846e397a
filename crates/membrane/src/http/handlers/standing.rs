//! `GET /v1/releases`, `POST /v1/releases/{name}`.

use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use futures::FutureExt;
use membrane_model::ReleaseName;

use super::faults::Faults;
use super::release::respond;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow;
use crate::http::App;
use crate::http::answer::Outlet;
use crate::http::extract::{AcceptsJson, JsonBody, PathOf, RowsAs};
use crate::wire::{EditionRequestBody, ErrorBody, ReleaseAnswerBody, StandingReleasesBody};

/// List standing releases.
///
/// A partner sees its own; who may look at the record sees all. Each with its last editions and when the next one is due.
#[utoipa::path(
    get, path = "/v1/releases", tag = "data", operation_id = "list_standing_releases", security(("bearer" = [])),
    responses(
        (status = 200, description = "The standing releases.", body = StandingReleasesBody),
        Faults,
        (status = 400, description = "The hub's own purpose is none of the catalog's.", body = ErrorBody),
        (status = 404, description = "No dataset exists for the partner.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_releases(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
) -> Result<Json<StandingReleasesBody>, Failure> {
    let (run, told) = flow::list_standing(&ctx, &app.hub).await?;
    Ok(Json(StandingReleasesBody::new(run, &told)))
}

/// Receive an edition of a standing release.
///
/// The last one that is due when none is named. It is made if it was not yet; once it is made it costs nothing more, and data
/// that comes in later does not change it.
#[utoipa::path(
    post, path = "/v1/releases/{name}", tag = "data", operation_id = "standing_release", security(("bearer" = [])),
    params(("name" = String, Path, description = "The standing release.", example = "monthly_sales")),
    request_body = EditionRequestBody,
    responses(
        (status = 200, description = "The answer, as that of a release.", content(
            (ReleaseAnswerBody = "application/json"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"),
        )),
        Faults,
        (status = 400, description = "No edition, one that is not due, or a statement that cannot be bounded.", body = ErrorBody),
        (status = 404, description = "The caller has no such standing release.", body = ErrorBody),
        (status = 409, description = "The edition is being made right now, there is no data to release yet, or no group that would be shown, or a table no longer fits its contract.", body = ErrorBody),
        (status = 413, description = "The body is too long.", body = ErrorBody),
        (status = 500, description = "The hub failed; the next try takes up what was paid.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_edition(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    outlet: Outlet,
    RowsAs(format): RowsAs,
    PathOf(name): PathOf<ReleaseName>,
    JsonBody(body): JsonBody<EditionRequestBody>,
) -> Result<Response, Failure> {
    let edition = body.edition().map_err(|error| Failure::without_run(Error::Name(error)))?;
    let hub = app.hub.clone();
    let work = async move { flow::run_edition(&ctx, &hub, &name, edition).await };
    let made = app.hub.tasks().spawn(work.boxed()).await;
    let (_, released) = made.map_err(|_| Failure::without_run(Error::Internal("the release stopped")))??;
    respond(&released, format, outlet)
}
