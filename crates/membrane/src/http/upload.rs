//! The body of an ingest as a stream of bytes, with a bound on its length and on its pauses.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use futures::StreamExt;
use tokio::io::AsyncRead;
use tokio_util::io::StreamReader;

/// Reads a body. It ends with an error when it is longer than allowed, pauses for too long, or is cut off.
pub(super) fn upload(body: Body, bytes_max: usize, idle: Duration) -> Pin<Box<dyn AsyncRead + Send>> {
    let state = Some((body.into_data_stream(), 0_usize));
    let chunks = futures::stream::unfold(state, move |state| async move {
        let (mut stream, read) = state?;
        let failed = |kind: io::ErrorKind| Some((Err(io::Error::from(kind)), None));
        match tokio::time::timeout(idle, stream.next()).await {
            Err(_) => failed(io::ErrorKind::TimedOut),
            Ok(None) => None,
            Ok(Some(Err(_))) => failed(io::ErrorKind::UnexpectedEof),
            Ok(Some(Ok(chunk))) => {
                let read = read.saturating_add(chunk.len());
                if read > bytes_max {
                    return failed(io::ErrorKind::FileTooLarge);
                }
                Some((Ok(chunk), Some((stream, read))))
            }
        }
    });
    Box::pin(StreamReader::new(Box::pin(chunks)))
}

#[cfg(test)]
mod tests;
