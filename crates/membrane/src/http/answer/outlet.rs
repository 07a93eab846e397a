//! The way out for an answer: a short queue between those who produce it and the connection that takes it.

use std::future::Future;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use bytes::Bytes;
use membrane_model::RunId;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendTimeoutError;

use crate::error::{Error, Failure};
use crate::http::Shared;
use crate::http::busy::Slot;
use crate::tasks::Tasks;

/// Pieces that may wait for the reader.
const PIECES_MAX: usize = 2;

/// Bytes of one piece: what the reader must take in `[server] idle_seconds`. A whole batch may have megabytes, which a
/// slow but honest reader does not take in that time.
pub(super) const PIECE_BYTES: usize = 64 << 10;

/// What an answer needs on its way out.
pub(in crate::http) struct Outlet {
    /// The place among the requests at work.
    pub(super) slot: Slot,
    /// Where the production is counted.
    pub(super) tasks: Tasks,
    /// How long the reader may take no piece.
    pub(super) idle: Duration,
}

impl FromRequestParts<Shared> for Outlet {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let absent = || Failure::without_run(Error::Internal("the request has no place"));
        let slot = parts.extensions.get::<Slot>().cloned().ok_or_else(absent)?;
        let idle = Duration::from_secs(app.server.idle_seconds);
        Ok(Self { slot, tasks: app.serving.hub().tasks().clone(), idle })
    }
}

/// What waits for the reader.
#[derive(Debug)]
pub(super) enum Piece {
    /// Some bytes of the answer.
    Bytes(Bytes),
    /// The answer is whole.
    End,
}

/// Why an answer was broken off.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The reader went away.
    Gone,
    /// The reader is there and takes nothing.
    Stalled,
    /// The rows could not be produced; the code of the error.
    Failed(&'static str),
}

impl Cut {
    /// Says it in the log.
    pub(super) fn log(&self, run: RunId) {
        match self {
            Self::Gone => {
                tracing::info!(run.id = %run, "the reader of the answer of run `{run}` went away");
            }
            Self::Stalled => {
                tracing::warn!(run.id = %run, "the answer of run `{run}` was broken off: its reader stopped reading");
            }
            Self::Failed(code) => {
                tracing::warn!(run.id = %run, code, "the answer of run `{run}` was broken off with `{code}`");
            }
        }
    }
}

/// The producer's end of the queue.
pub(super) struct Queue {
    pieces: mpsc::Sender<Piece>,
    idle: Duration,
}

impl Queue {
    /// Makes a queue; returns the reader's end with it.
    pub(super) fn new(idle: Duration) -> (Self, mpsc::Receiver<Piece>) {
        let (pieces, reader) = mpsc::channel(PIECES_MAX);
        (Self { pieces, idle }, reader)
    }

    /// Waits for something, unless the reader goes away meanwhile.
    pub(super) async fn unless_gone<T>(&self, waited: impl Future<Output = T>) -> Result<T, Cut> {
        tokio::select! {
            biased;
            () = self.pieces.closed() => Err(Cut::Gone),
            found = waited => Ok(found),
        }
    }

    /// Hands bytes out, piece by piece.
    pub(super) async fn send(&self, bytes: Vec<u8>) -> Result<(), Cut> {
        let mut bytes = Bytes::from(bytes);
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(PIECE_BYTES));
            self.put(Piece::Bytes(piece)).await?;
        }
        Ok(())
    }

    /// Hands one piece out.
    pub(super) async fn put(&self, piece: Piece) -> Result<(), Cut> {
        self.pieces.send_timeout(piece, self.idle).await.map_err(|error| match error {
            SendTimeoutError::Timeout(_) => Cut::Stalled,
            SendTimeoutError::Closed(_) => Cut::Gone,
        })
    }
}
