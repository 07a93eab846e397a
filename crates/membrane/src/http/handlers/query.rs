//! `POST /v1/query`.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::{self, QueryRequest};
use crate::http::App;
use crate::http::answer::{Outlet, Rows, stream};
use crate::http::extract::{JsonBody, RowsAs};
use crate::wire::{AnswerBody, ErrorBody, QueryBody, answer_columns};

/// Ask a question in SQL.
///
/// The caller sees the datasets, rows and columns that policy permits for the purpose, each column at its level. Whoever may
/// look at the record has it as tables of the schema `system`, for which no purpose is needed. Rows come as JSON, CSV or an
/// Arrow IPC stream, by `Accept`.
#[utoipa::path(
    post, path = "/v1/query", tag = "data", operation_id = "query", security(("bearer" = [])),
    request_body = QueryBody,
    responses(
        (status = 200, description = "The rows.", content(
            (AnswerBody = "application/json"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"),
        ), headers(("membrane-run" = String, description = "The run."))),
        Faults,
        (status = 400, description = "The statement cannot be answered.", body = ErrorBody),
        (status = 404, description = "No such dataset, or none that the caller may know of.", body = ErrorBody),
        (status = 409, description = "A table no longer fits its contract.", body = ErrorBody),
        (status = 413, description = "The body is too long.", body = ErrorBody),
        (status = 429, description = "As many values were looked up as may be in an hour, or as many requests of the principal are being worked on.", body = ErrorBody),
        (status = 503, description = "Too busy, or the record cannot be written.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_query(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    outlet: Outlet,
    RowsAs(format): RowsAs,
    JsonBody(body): JsonBody<QueryBody>,
) -> Result<Response, Failure> {
    let told = |told: &str| Failure { error: Error::BadRequest(told.into()), run: None };
    let parameters = body.parameters().map_err(told)?;
    let request =
        QueryRequest { sql: body.sql, purpose: body.purpose, on_behalf_of: body.on_behalf_of, parameters };
    let answer = flow::query(&ctx, &app.hub, request).await?;
    let head = vec![
        ("run", json!(answer.run.to_string())),
        ("columns", json!(answer_columns(&answer.schema, &answer.columns))),
    ];
    let rows = Rows { run: answer.run, schema: answer.schema, head, batches: answer.batches };
    stream(rows, format, outlet)
}
