//! `POST /v1/release`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::{FutureExt, StreamExt};
use serde_json::{Map, Value};

use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::{self, ReleaseRequest};
use crate::http::App;
use crate::http::answer::{Rows, stream};
use crate::http::busy::Slot;
use crate::http::extract::{JsonBody, RowsAs};
use crate::wire::{ErrorBody, ReleaseAnswerBody, ReleaseBody, release_head};

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
        ), headers(("membrane-run" = String, description = "The run."))),
        (status = 400, description = "The statement cannot be bounded; the message says how to write it.", body = ErrorBody),
        (status = 401, description = "No valid bearer.", body = ErrorBody),
        (status = 403, description = "Policy or budget refuses.", body = ErrorBody),
        (status = 404, description = "No such dataset, or none that the caller may know of.", body = ErrorBody),
        (status = 406, description = "No acceptable form.", body = ErrorBody),
        (status = 413, description = "The body is too long.", body = ErrorBody),
        (status = 500, description = "The hub failed; what was reserved stays spent.", body = ErrorBody),
        (status = 503, description = "Too busy, or the record cannot be written.", body = ErrorBody),
        (status = 504, description = "It took too long.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_release(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    Extension(slot): Extension<Slot>,
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
    let head = release_head(&released);
    let Some(answer) = &released.answer else {
        let object: Map<String, Value> =
            head.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        return Ok(Json(object).into_response());
    };
    let run = released.run;
    let batch = answer.to_batch().map_err(|error| Failure { error: Error::Query(error), run: Some(run) })?;
    let schema = batch.schema();
    let batches = futures::stream::iter([Ok(batch)]).boxed();
    stream(Rows { run, schema, head, batches }, format, slot)
}
