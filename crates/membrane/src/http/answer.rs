//! Rows as an answer, streamed in the form that the caller accepts.

use std::io;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use membrane_model::RunId;

use super::busy::Slot;
use crate::answer::{AnswerFormat, Encoder, Head};
use crate::error::{Error, Failure};

const RUN_HEADER: HeaderName = HeaderName::from_static("membrane-run");

/// Rows on their way to a caller.
pub(super) struct Rows {
    pub(super) run: RunId,
    pub(super) schema: SchemaRef,
    /// What JSON shows before the rows.
    pub(super) head: Head,
    pub(super) batches: BoxStream<'static, Result<RecordBatch, Failure>>,
}

/// Streams rows. A failure after the first byte breaks the connection off, so that no part passes for the whole.
pub(super) fn stream(rows: Rows, format: AnswerFormat, slot: Slot) -> Result<Response, Failure> {
    let run = rows.run;
    let encoder = Encoder::start(format, &rows.schema, rows.head)
        .map_err(|_| Failure { error: Error::NotAcceptable, run: Some(run) })?;
    let state = Some((rows.batches, encoder, slot));
    let chunks = futures::stream::unfold(state, move |state| async move {
        let (mut batches, mut encoder, slot) = state?;
        match batches.next().await {
            Some(Ok(batch)) => match encoder.write(&batch) {
                Ok(bytes) => Some((Ok(Bytes::from(bytes)), Some((batches, encoder, slot)))),
                Err(_) => Some((Err(broken(run, "internal")), None)),
            },
            Some(Err(failure)) => Some((Err(broken(run, failure.error.code())), None)),
            None => {
                let last = encoder.finish().map(Bytes::from).map_err(|_| broken(run, "internal"));
                Some((last, None))
            }
        }
    });
    let mut response = Response::new(Body::from_stream(chunks));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&run.to_string()) {
        headers.insert(RUN_HEADER, value);
    }
    Ok(response)
}

fn broken(run: RunId, code: &'static str) -> io::Error {
    tracing::warn!(run.id = %run, code, "the answer of run `{run}` was broken off with `{code}`");
    io::Error::other("the answer was broken off")
}
