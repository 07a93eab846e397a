//! `POST /v1/sandbox`.

use axum::extract::State;
use axum::{Extension, Json};
use futures::FutureExt;

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow;
use crate::http::App;
use crate::http::extract::{AcceptsJson, JsonBody};
use crate::wire::{ErrorBody, NewSandboxBody, SandboxBody};

/// Make synthetic rows to try statements on.
///
/// They are made of some small releases of the dataset, which are charged once in a month. `sandbox` with a release then answers
/// from them, for nothing.
#[utoipa::path(
    post, path = "/v1/sandbox", tag = "data", operation_id = "make_sandbox", security(("bearer" = [])),
    request_body = NewSandboxBody,
    responses(
        (status = 200, description = "What the sandbox is made of, and what was charged.", body = SandboxBody),
        Faults,
        (status = 400, description = "No dataset, or a price that makes no sense.", body = ErrorBody),
        (status = 403, description = "Policy or budget refuses.", body = ErrorBody),
        (status = 404, description = "No such dataset about members.", body = ErrorBody),
        (status = 409, description = "It is being made right now, there is no data yet, or a table no longer fits its contract.", body = ErrorBody),
        (status = 413, description = "The body is too long.", body = ErrorBody),
        (status = 500, description = "The hub failed; the next try takes up what was paid.", body = ErrorBody),
        (status = 503, description = "Too busy, or the record cannot be written.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_sandbox(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    JsonBody(body): JsonBody<NewSandboxBody>,
) -> Result<Json<SandboxBody>, Failure> {
    let dataset = body.dataset().map_err(|error| Failure::without_run(Error::Name(error)))?;
    let hub = app.hub.clone();
    let rho = body.rho();
    let work = async move {
        let made = flow::make_sandbox(&ctx, &hub, &dataset, rho).await;
        made.map(|made| SandboxBody::new(&dataset, &made))
    };
    let made = app.hub.tasks().spawn(work.boxed()).await;
    let made = made.map_err(|_| Failure::without_run(Error::Internal("the sandbox stopped")))??;
    Ok(Json(made))
}
