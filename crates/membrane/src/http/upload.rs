//! Bodies as they come: with a bound on their pauses, and that of an ingest as a stream of bytes with one on its length.

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
            Ok(Some(Err(error))) if paused(&error) => failed(io::ErrorKind::TimedOut),
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

/// Tells whether a body was given up because it paused, see [`impatient`].
fn paused(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return true;
        }
        source = error.source();
    }
    false
}

/// Returns a body that ends with an error when it pauses for too long.
pub(super) fn impatient(body: Body, idle: Duration) -> Body {
    let stream = Some(body.into_data_stream());
    Body::from_stream(futures::stream::unfold(stream, move |stream| async move {
        let mut stream = stream?;
        match tokio::time::timeout(idle, stream.next()).await {
            Err(_) => Some((Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut))), None)),
            Ok(None) => None,
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(stream))),
        }
    }))
}

#[cfg(test)]
mod tests;
