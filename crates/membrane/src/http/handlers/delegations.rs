//! `/v1/delegations`.

use axum::extract::State;
use axum::{Extension, Json};

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::Failure;
use crate::flow;
use crate::http::App;
use crate::http::extract::{AcceptsJson, JsonBody, PathOf};
use crate::wire::{DelegationAnswerBody, DelegationBody, DelegationsBody, ErrorBody, NewDelegationBody};

/// Hand on to a colleague what the caller may read.
///
/// Whoever it is handed on to asks with `for`. Every use is on record.
#[utoipa::path(
    post, path = "/v1/delegations", tag = "record", operation_id = "make_delegation", security(("bearer" = [])),
    request_body = NewDelegationBody,
    responses(
        (status = 200, description = "The delegation, which is open.", body = DelegationAnswerBody),
        Faults,
        (status = 400, description = "Wrong parameters.", body = ErrorBody),
        (status = 404, description = "No such dataset, or none that the caller may know of.", body = ErrorBody),
        (status = 409, description = "It is handed on already for as long but for a day, or too many others handed on at the same time.", body = ErrorBody),
        (status = 413, description = "The body is too long.", body = ErrorBody),
        (status = 429, description = "As many delegations as one principal makes in a day, or requests as are worked on for one at once.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_delegations(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    JsonBody(body): JsonBody<NewDelegationBody>,
) -> Result<Json<DelegationAnswerBody>, Failure> {
    let (run, one) = flow::make_delegation(&ctx, &app.hub, body.into()).await?;
    Ok(Json(DelegationAnswerBody::of(run, &one, ctx.now())))
}

/// List delegations, with how they were used.
///
/// Compliance sees all of them, others those from and to them.
#[utoipa::path(
    get, path = "/v1/delegations", tag = "record", operation_id = "list_delegations", security(("bearer" = [])),
    responses(
        (status = 200, description = "The delegations.", body = DelegationsBody),
        Faults,
    )
)]
pub(in crate::http) async fn get_delegations(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
) -> Result<Json<DelegationsBody>, Failure> {
    let (run, lines) = flow::list_delegations(&ctx, &app.hub).await?;
    let delegations = lines.iter().map(|line| DelegationBody::of_line(line, ctx.now())).collect();
    Ok(Json(DelegationsBody { run: run.to_string(), delegations }))
}

/// End a delegation.
///
/// By whoever handed on, by whoever it was handed on to, or by compliance.
#[utoipa::path(
    post, path = "/v1/delegations/{number}/end", tag = "record", operation_id = "end_delegation", security(("bearer" = [])),
    params(("number" = u64, Path, description = "The delegation.")),
    responses(
        (status = 200, description = "The delegation.", body = DelegationAnswerBody),
        Faults,
        (status = 400, description = "Wrong parameters.", body = ErrorBody),
        (status = 404, description = "No such delegation, or none that the caller may know of.", body = ErrorBody),
        (status = 409, description = "It is over already, expired or ended; or too many others took steps at the same time.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_end(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    PathOf(number): PathOf<u64>,
) -> Result<Json<DelegationAnswerBody>, Failure> {
    let (run, one) = flow::end_delegation(&ctx, &app.hub, number).await?;
    Ok(Json(DelegationAnswerBody::of(run, &one, ctx.now())))
}
