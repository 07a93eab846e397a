//! `POST /v1/release`.

use std::fmt::Display;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::{FutureExt, StreamExt};
use serde_json::{Map, Value};

use super::faults::Faults;
use crate::answer::AnswerFormat;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::{self, ReleaseRequest, Released};
use crate::http::App;
use crate::http::answer::{Outlet, Rows, insert_run, stream};
use crate::http::extract::{JsonBody, RowsAs};
use crate::wire::{ErrorBody, ReleaseAnswerBody, ReleaseBody, release_head};

const CHARGED_RHO: HeaderName = HeaderName::from_static("membrane-charged-rho");
const CHARGED_DELTA: HeaderName = HeaderName::from_static("membrane-charged-delta");
const REPLAY_OF: HeaderName = HeaderName::from_static("membrane-replay-of");

/// Receive differentially private aggregates.
///
/// Every member's contribution is bounded, noise is added, and groups with few members are left out. The price is
/// charged to the partner's budgets before anything is computed; the same question of the same data gets the same answer
/// again and costs nothing. `dry_run` tells price and error bars for nothing.
#[utoipa::path(
    post, path = "/v1/release", tag = "data", operation_id = "release", security(("bearer" = [])),
    request_body = ReleaseBody,
    responses(
        (status = 200, description = "The noisy rows with their error bars and the price.", content(
            (ReleaseAnswerBody = "application/json"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"),
        ), headers(
            ("membrane-run" = String, description = "The run."),
            ("membrane-charged-rho" = f64, description = "rho that this request was charged; 0 when it cost nothing."),
            ("membrane-charged-delta" = f64, description = "delta that this request was charged."),
            ("membrane-replay-of" = String, description = "The run in which the answer was drawn, when that was an earlier one."),
        )),
        Faults,
        (status = 400, description = "The statement cannot be bounded; the message says how to write it.", body = ErrorBody),
        (status = 403, description = "Policy or budget refuses.", body = ErrorBody),
        (status = 404, description = "No such dataset, or none that the caller may know of.", body = ErrorBody),
        (status = 409, description = "The same question is being answered right now: the message says until when; once it is there it costs nothing more. Or there is no data to release yet, or no group that would be shown, or a table no longer fits its contract.", body = ErrorBody),
        (status = 413, description = "The body is too long.", body = ErrorBody),
        (status = 500, description = "The hub failed; what was reserved stays spent.", body = ErrorBody),
        (status = 503, description = "Too busy, or the record cannot be written.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_release(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    outlet: Outlet,
    RowsAs(format): RowsAs,
    JsonBody(body): JsonBody<ReleaseBody>,
) -> Result<Response, Failure> {
    let request = ReleaseRequest::from(body);
    // On a task of its own: what was paid for is stored even when the caller goes away.
    let hub = app.hub.clone();
    let work = async move { flow::release(&ctx, &hub, request).await };
    let released = app
        .hub
        .tasks()
        .spawn(work.boxed())
        .await
        .map_err(|_| Failure::without_run(Error::Internal("the release stopped")))??;
    respond(&released, format, outlet)
}

/// Gives an answer, with what was charged in the header.
pub(super) fn respond(
    released: &Released,
    format: AnswerFormat,
    outlet: Outlet,
) -> Result<Response, Failure> {
    let mut response = shape(released, format, outlet)?;
    insert_price(&mut response, released);
    Ok(response)
}

/// Gives the rows, or for a dry run what stands before them.
fn shape(released: &Released, format: AnswerFormat, outlet: Outlet) -> Result<Response, Failure> {
    let (run, head) = (released.run, release_head(released));
    let Some(answer) = &released.answer else {
        let object: Map<String, Value> =
            head.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let mut response = Json(object).into_response();
        insert_run(&mut response, run);
        return Ok(response);
    };
    let batch = answer.to_batch().map_err(|error| Failure { error: Error::Query(error), run: Some(run) })?;
    let schema = batch.schema();
    let batches = futures::stream::iter([Ok(batch)]).boxed();
    stream(Rows { run, schema, head, batches }, format, outlet)
}

/// Says in the header what was charged: CSV and Arrow have no other place for it.
fn insert_price(response: &mut Response, released: &Released) {
    let mut insert = |name: HeaderName, value: &dyn Display| {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            response.headers_mut().insert(name, value);
        }
    };
    insert(CHARGED_RHO, &released.charged.rho());
    insert(CHARGED_DELTA, &released.charged.delta());
    if let Some(run) = released.replay_of {
        insert(REPLAY_OF, &run);
    }
}
