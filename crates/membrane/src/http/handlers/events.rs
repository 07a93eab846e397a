//! `POST /v1/events/{dataset}`.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use membrane_ingest::stream::{Push, PushBody};
use membrane_ingest::{Format, IngestError};
use membrane_model::DatasetName;
use serde::de::IgnoredAny;
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
    let room = flow::room_for(&app.hub, expected).map_err(Failure::without_run)?;
    let idle = Duration::from_secs(app.server.idle_seconds);
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default().min(bytes_max));
    let read = upload(body, bytes_max, idle).read_to_end(&mut bytes).await;
    read.map_err(|source| Failure::without_run(Error::Ingest(IngestError::Read { source })))?;
    let bytes = if format == Format::Json { on_one_line(bytes) } else { bytes };
    let body = PushBody::Whole { bytes, format, reading };
    let push = Push { body, name, came: ctx.now() };
    let hub = std::sync::Arc::clone(&app.hub);
    let pushed = flow::push(ctx, hub, (&dataset, None), push, room).await?;
    Ok(Json(EventsBody::new(&dataset, &pushed)))
}

/// Puts a single object on one line, as the decoder wants it: in JSON a line break stands between tokens only.
fn on_one_line(mut bytes: Vec<u8>) -> Vec<u8> {
    let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if is_object && serde_json::from_slice::<IgnoredAny>(&bytes).is_ok() {
        for byte in &mut bytes {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::on_one_line;

    #[test]
    fn an_object_over_several_lines_is_one_event() {
        let line = on_one_line(b"{\n \"a\": \"x\\n\"\r\n}".to_vec());
        assert_eq!(line, b"{  \"a\": \"x\\n\"  }");
    }

    #[test]
    fn objects_on_lines_of_their_own_stay() {
        for text in [&b"{\"a\":1}\n{\"a\":2}"[..], b"[\n{\"a\":1}\n]", b"{\"a\":\n"] {
            assert_eq!(on_one_line(text.to_vec()), text);
        }
    }
}
