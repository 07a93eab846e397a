//! `POST /v1/events/{dataset}`.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use membrane_ingest::stream::{Push, PushBody};
use membrane_ingest::{Format, IngestError};
use membrane_model::DatasetName;
use tokio::io::AsyncReadExt as _;

use super::ingest::{form, source_name};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow;
use crate::http::App;
use crate::http::extract::{AcceptsJson, PathOf};
use crate::http::upload::upload;
use crate::wire::{ErrorBody, EventsBody};

/// Push events.
///
/// One event as an object, or several: an object on each line, an array, or rows of CSV. The answer comes once they are durable:
/// whatever becomes of the hub then, each is in the dataset once. They can be queried at once, and are committed to its table a few
/// seconds later. An event whose key came a short while ago is left out and counted as a duplicate; a push whose `Idempotency-Key`
/// came before gets the answer that was given then.
#[utoipa::path(
    post, path = "/v1/events/{dataset}", tag = "data", operation_id = "events", security(("bearer" = [])),
    params(
        ("dataset" = String, Path, description = "The dataset."),
        ("Idempotency-Key" = Option<String>, Header, description = "The name of the push."),
        ("Content-Encoding" = Option<String>, Header, description = "`gzip` or `zstd`; what is packed and says nothing is unpacked as well."),
    ),
    request_body(content(
        (String = "application/json"),
        (String = "application/x-ndjson"),
        (String = "text/csv"),
    )),
    responses(
        (status = 200, description = "They are kept.", body = EventsBody),
        (status = 400, description = "The body cannot be read as what it was said to be.", body = ErrorBody),
        (status = 401, description = "No valid bearer.", body = ErrorBody),
        (status = 403, description = "Policy refuses.", body = ErrorBody),
        (status = 404, description = "No such dataset, or none that the caller may know of.", body = ErrorBody),
        (status = 406, description = "No acceptable form.", body = ErrorBody),
        (status = 409, description = "The table no longer fits its contract.", body = ErrorBody),
        (status = 413, description = "The body is too long.", body = ErrorBody),
        (status = 415, description = "Not a form in which events may come.", body = ErrorBody),
        (status = 422, description = "The name of the push is that of another one.", body = ErrorBody),
        (status = 429, description = "Too much waits to be committed, or too many requests of the principal are being worked on: again after `Retry-After` seconds.", body = ErrorBody),
        (status = 500, description = "The hub failed.", body = ErrorBody),
        (status = 503, description = "Too busy, or what is kept or recorded cannot be written.", body = ErrorBody),
        (status = 507, description = "No space is left.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_events(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    PathOf(dataset): PathOf<DatasetName>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<EventsBody>, Failure> {
    let (format, reading) = form(&headers).map_err(Failure::without_run)?;
    if !matches!(format, Format::Json | Format::Ndjson | Format::Csv) {
        return Err(Failure::without_run(Error::UnsupportedMedia));
    }
    let name = source_name(&headers, None).map_err(Failure::without_run)?;
    let bytes_max = app.hub.streams().section().push_bytes;
    // Room is made before anything is read: for what the length says, or for the most that may come.
    let expected = body.size_hint().exact().unwrap_or(u64::try_from(bytes_max).unwrap_or(u64::MAX));
    let idle = Duration::from_secs(app.server.idle_seconds);
    let mut room = match flow::room_for(&app.hub, expected) {
        Ok(room) => room,
        Err(error @ Error::StreamFull) => {
            // A client that is still sending does not see the answer: what comes is read, and nothing of it kept.
            let mut rest = upload(body, bytes_max, idle);
            let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
            return Err(Failure::without_run(error));
        }
        Err(error) => return Err(Failure::without_run(error)),
    };
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default().min(bytes_max));
    let read = upload(body, bytes_max, idle).read_to_end(&mut bytes).await;
    read.map_err(|source| Failure::without_run(Error::Ingest(IngestError::Read { source })))?;
    room.shrink(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    let body = PushBody::Whole { bytes, format, reading };
    let push = Push { body, name, came: ctx.now() };
    let hub = std::sync::Arc::clone(&app.hub);
    let pushed = flow::push(ctx, hub, (&dataset, None), push, room).await?;
    Ok(Json(EventsBody::new(&dataset, &pushed)))
}
