//! Rows as an answer, streamed in the form that the caller accepts.
//!
//! The rows are produced on a task of their own, which hands them to the connection in pieces through a short queue. A
//! reader who goes away, or takes no piece for `[server] idle_seconds`, ends the production: its run is closed and its
//! place is free, whatever becomes of the connection.
//!
//! INVARIANT: the body ends well only after the production said that it is at its end. Whatever else ends it breaks the
//! connection off, so that no part passes for the whole.

mod outlet;

use std::io;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use futures::stream::{BoxStream, StreamExt};
use membrane_model::RunId;
use tokio::sync::mpsc;

pub(super) use outlet::Outlet;

use self::outlet::{Cut, Piece, Queue};
use crate::answer::{AnswerFormat, Encoder, Head};
use crate::error::{Error, Failure};

const RUN_HEADER: HeaderName = HeaderName::from_static("membrane-run");

type Batches = BoxStream<'static, Result<RecordBatch, Failure>>;

/// Rows on their way to a caller.
pub(super) struct Rows {
    pub(super) run: RunId,
    pub(super) schema: SchemaRef,
    /// What JSON shows before the rows.
    pub(super) head: Head,
    pub(super) batches: Batches,
}

/// Streams rows.
pub(super) fn stream(rows: Rows, format: AnswerFormat, outlet: Outlet) -> Result<Response, Failure> {
    let Rows { run, schema, head, batches } = rows;
    let encoder = Encoder::start(format, &schema, head)
        .map_err(|_| Failure { error: Error::NotAcceptable, run: Some(run) })?;
    let Outlet { slot, tasks, idle } = outlet;
    let (queue, pieces) = Queue::new(idle);
    drop(tasks.spawn(async move {
        let produced = produce(batches, encoder, &queue).await;
        // Before the end is told: who has the whole answer may ask again at once.
        drop(slot);
        let ended = match produced {
            Ok(()) => queue.put(Piece::End).await,
            cut => cut,
        };
        if let Err(cut) = ended {
            cut.log(run);
        }
    }));
    let mut response = Response::new(body(pieces));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    insert_run(&mut response, run);
    Ok(response)
}

/// Names the run in the header of an answer.
pub(super) fn insert_run(response: &mut Response, run: RunId) {
    if let Ok(value) = HeaderValue::from_str(&run.to_string()) {
        response.headers_mut().insert(RUN_HEADER, value);
    }
}

/// Encodes and hands out the rows, batch by batch. Whatever ends it drops the batches, which closes their run.
async fn produce(mut batches: Batches, mut encoder: Encoder, queue: &Queue) -> Result<(), Cut> {
    while let Some(batch) = queue.unless_gone(batches.next()).await? {
        let batch = batch.map_err(|failure| Cut::Failed(failure.error.code()))?;
        let bytes = encoder.write(&batch).map_err(|_| Cut::Failed("internal"))?;
        queue.send(bytes).await?;
    }
    let last = encoder.finish().map_err(|_| Cut::Failed("internal"))?;
    queue.send(last).await
}

fn body(pieces: mpsc::Receiver<Piece>) -> Body {
    Body::from_stream(futures::stream::unfold(Some(pieces), |pieces| async move {
        let mut pieces = pieces?;
        match pieces.recv().await {
            Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some(pieces))),
            Some(Piece::End) => None,
            None => Some((Err(io::Error::other("the answer was broken off")), None)),
        }
    }))
}

#[cfg(test)]
mod tests;
