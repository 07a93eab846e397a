//! `/v1/break-glass`.

use axum::extract::State;
use axum::{Extension, Json};

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow;
use crate::http::App;
use crate::http::extract::{AcceptsJson, JsonBody, PathOf};
use crate::wire::{ErrorBody, GlassBody, GlassRequestBody, GlassesBody, GrantBody};

/// Ask to see columns in clear for some hours.
///
/// Another person has to agree. Every use is on record.
#[utoipa::path(
    post, path = "/v1/break-glass", tag = "record", operation_id = "request_break_glass", security(("bearer" = [])),
    request_body = GlassRequestBody,
    responses(
        (status = 200, description = "The grant, which waits for another to agree.", body = GlassBody),
        Faults,
        (status = 400, description = "Wrong parameters.", body = ErrorBody),
        (status = 409, description = "Too many others took steps at the same time.", body = ErrorBody),
        (status = 429, description = "As many requests as one principal makes in a day, or as are worked on for one at once.", body = ErrorBody),
        (status = 413, description = "The body is too long.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_break_glass(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    JsonBody(body): JsonBody<GlassRequestBody>,
) -> Result<Json<GlassBody>, Failure> {
    let request = body.request().map_err(|told| Failure::without_run(Error::BadRequest(told.to_owned())))?;
    let (run, grant) = flow::request_glass(&ctx, &app.hub, request).await?;
    Ok(Json(GlassBody { run: run.to_string(), grant: GrantBody::of(&grant, ctx.now()) }))
}

/// List the grants, with how they were used: all, or for those who may not look at the record those that they asked for.
#[utoipa::path(
    get, path = "/v1/break-glass", tag = "record", operation_id = "list_break_glass", security(("bearer" = [])),
    responses(
        (status = 200, description = "The grants.", body = GlassesBody),
        Faults,
    )
)]
pub(in crate::http) async fn get_break_glass(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
) -> Result<Json<GlassesBody>, Failure> {
    let (run, lines) = flow::list_glass(&ctx, &app.hub).await?;
    let grants = lines.iter().map(|line| GrantBody::of_line(line, ctx.now())).collect();
    Ok(Json(GlassesBody { run: run.to_string(), grants }))
}

/// Agree to what another asked for.
#[utoipa::path(
    post, path = "/v1/break-glass/{number}/approve", tag = "record", operation_id = "approve_break_glass", security(("bearer" = [])),
    params(("number" = u64, Path, description = "The grant.")),
    responses(
        (status = 200, description = "The grant.", body = GlassBody),
        Faults,
        (status = 400, description = "Wrong parameters.", body = ErrorBody),
        (status = 404, description = "No such grant, or none that the caller may know of.", body = ErrorBody),
        (status = 409, description = "It has come too far for this, or too many others took steps at the same time.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_approve(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    PathOf(number): PathOf<u64>,
) -> Result<Json<GlassBody>, Failure> {
    let (run, grant) = flow::approve_glass(&ctx, &app.hub, number).await?;
    Ok(Json(GlassBody { run: run.to_string(), grant: GrantBody::of(&grant, ctx.now()) }))
}

/// End a grant, or take a request back.
#[utoipa::path(
    post, path = "/v1/break-glass/{number}/end", tag = "record", operation_id = "end_break_glass", security(("bearer" = [])),
    params(("number" = u64, Path, description = "The grant.")),
    responses(
        (status = 200, description = "The grant.", body = GlassBody),
        Faults,
        (status = 400, description = "Wrong parameters.", body = ErrorBody),
        (status = 404, description = "No such grant, or none that the caller may know of.", body = ErrorBody),
        (status = 409, description = "It has come too far for this, or too many others took steps at the same time.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_end(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    PathOf(number): PathOf<u64>,
) -> Result<Json<GlassBody>, Failure> {
    let (run, grant) = flow::end_glass(&ctx, &app.hub, number).await?;
    Ok(Json(GlassBody { run: run.to_string(), grant: GrantBody::of(&grant, ctx.now()) }))
}
