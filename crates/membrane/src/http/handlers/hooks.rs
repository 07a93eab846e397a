//! `POST /hooks/{source}`, `GET /hooks/{source}`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, HttpBody as _};
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use membrane_ingest::IngestError;
use membrane_model::SourceName;
use tokio::io::AsyncReadExt as _;

use crate::error::{Error, Failure};
use crate::flow::{self, HookAnswer, HookRequest};
use crate::http::App;
use crate::http::extract::PathOf;
use crate::http::upload::upload;
use crate::wire::{ErrorBody, HookBody};

/// Bytes of a request, at most: platforms send far less.
const BODY_BYTES_MAX: usize = 1 << 20;
/// How long a body may take to come: platforms send it at once, and give up after five seconds.
const BODY_LONGEST: Duration = Duration::from_secs(10);
/// Requests of strangers whose bodies are read at once, at most.
pub(in crate::http) const READING_MAX: usize = 32;

/// Receive a webhook.
///
/// Events of a service, signed as the source says (`docs/sources.md`); it needs no bearer. The answer comes once they are durable. A request that
/// comes again adds nothing. Whatever is not the service's is refused alike, whether there is such a source or not.
#[utoipa::path(
    post, path = "/hooks/{source}", tag = "data", operation_id = "hook",
    params(("source" = String, Path, description = "The source.")),
    request_body(content((String = "application/json"), (String = "text/xml"))),
    responses(
        (status = 200, description = "They are kept. A platform that wants another answer gets that.", body = HookBody),
        (status = 400, description = "The path has no name of a source, or the body could not be read to its end.", body = ErrorBody),
        (status = 401, description = "Not signed by the service, or too long ago.", body = ErrorBody),
        (status = 403, description = "Policy refuses the source's principal.", body = ErrorBody),
        (status = 404, description = "Policy does not let the source's principal know of its dataset.", body = ErrorBody),
        (status = 409, description = "The source is paused, or the table no longer fits its contract.", body = ErrorBody),
        (status = 413, description = "The body is too long.", body = ErrorBody),
        (status = 422, description = "The service used an id for something else before.", body = ErrorBody),
        (status = 429, description = "Too much waits to be committed: again after `Retry-After` seconds.", body = ErrorBody),
        (status = 500, description = "The hub failed.", body = ErrorBody),
        (status = 503, description = "Too busy, or what is kept or recorded cannot be written.", body = ErrorBody),
        (status = 507, description = "No space is left.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_hook(
    State(app): State<App>,
    PathOf(source): PathOf<SourceName>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let request = request_of(query.as_deref(), headers);
    if !flow::may_be_signed(&app.hub, &source, &request) {
        return Err(Failure::without_run(Error::HookRefused));
    }
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return Err(Failure::without_run(Error::TooLarge));
    }
    // Strangers come this far: what they may hold is bounded, and no place of those who have a bearer.
    let reading =
        Arc::clone(&app.hooks).try_acquire_owned().map_err(|_| Failure::without_run(Error::Busy))?;
    let idle = Duration::from_secs(app.server.idle_seconds).min(BODY_LONGEST);
    let mut bytes = Vec::new();
    let mut upload = upload(body, BODY_BYTES_MAX, idle);
    let read = upload.read_to_end(&mut bytes);
    let read =
        tokio::time::timeout(idle, read).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
    read.map_err(|source| Failure::without_run(Error::Ingest(IngestError::Read { source })))?;
    let answer = flow::take_hook(Arc::clone(&app.hub), &source, request, (bytes, reading)).await?;
    Ok(match answer {
        HookAnswer::Kept(pushed) => Json(HookBody::new(&pushed)).into_response(),
        HookAnswer::Text(text) => plain(text.into()),
    })
}

/// Answer a platform that makes sure.
///
/// WeChat and WeCom ask once whether the server is that of whoever has their token; the answer is what they sent. Other services do not ask.
#[utoipa::path(
    get, path = "/hooks/{source}", tag = "data", operation_id = "hook_greeting",
    params(("source" = String, Path, description = "The source.")),
    responses(
        (status = 200, description = "What the platform sent.", body = String, content_type = "text/plain"),
        (status = 400, description = "The path has no name of a source.", body = ErrorBody),
        (status = 401, description = "Not signed by the platform, or too long ago.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_hook(
    State(app): State<App>,
    PathOf(source): PathOf<SourceName>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let request = request_of(query.as_deref(), headers);
    let echo = flow::greet_hook(&app.hub, &source, &request).map_err(Failure::without_run)?;
    Ok(plain(echo))
}

fn plain(text: Vec<u8>) -> Response {
    // No browser takes it for anything else.
    (
        [
            (CONTENT_TYPE, "text/plain; charset=utf-8"),
            (axum::http::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ],
        text,
    )
        .into_response()
}

fn request_of(query: Option<&str>, headers: HeaderMap) -> HookRequest {
    let query = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    HookRequest { query, headers }
}
