//! Bytes that come from a task of their own, as something that can be read.
//!
//! A task that ends without saying so ends the stream with an error: rows that were read half are never taken for all of them.

use std::io;

use bytes::Bytes;
use futures::stream::unfold;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::io::StreamReader;

use crate::InputSource;

/// Pieces that may wait.
const WAITING: usize = 4;

/// What comes next.
enum Next {
    Bytes(Bytes),
    End,
}

/// Where the task puts what it has.
pub(super) struct Bin(Sender<Next>);

/// Nobody reads any more.
pub(super) struct Gone;

impl Bin {
    /// Hands bytes on; waits while the reader is slower.
    pub(super) async fn put(&self, bytes: Bytes) -> Result<(), Gone> {
        self.0.send(Next::Bytes(bytes)).await.map_err(|_| Gone)
    }

    /// Says that this was all.
    pub(super) async fn end(self) {
        // Whoever is gone does not wait for it.
        let _ = self.0.send(Next::End).await;
    }
}

/// Makes a stream, and the bin for what is to come out of it.
pub(super) fn stream() -> (Bin, InputSource) {
    let (sender, receiver) = channel(WAITING);
    let chunks = unfold(Some(receiver), |receiver: Option<Receiver<Next>>| async move {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Next::Bytes(bytes)) => Some((Ok(bytes), Some(receiver))),
            Some(Next::End) => None,
            None => Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), None)),
        }
    });
    (Bin(sender), InputSource::Stream(Box::pin(StreamReader::new(Box::pin(chunks)))))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    async fn read(source: InputSource) -> io::Result<String> {
        let InputSource::Stream(mut reader) = source else { panic!("a stream") };
        let mut text = String::new();
        reader.read_to_string(&mut text).await?;
        Ok(text)
    }

    #[tokio::test]
    async fn a_stream_ends_when_it_is_said_to() {
        let (bin, source) = stream();
        let reading = tokio::spawn(read(source));
        for part in ["a", "", "bc"] {
            assert!(bin.put(Bytes::from(part)).await.is_ok());
        }
        bin.end().await;
        assert_eq!(reading.await.unwrap().unwrap(), "abc");
    }

    #[tokio::test]
    async fn a_stream_that_breaks_off_is_an_error() {
        let (bin, source) = stream();
        assert!(bin.put(Bytes::from("a")).await.is_ok());
        drop(bin);
        assert_eq!(read(source).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let (bin, source) = stream();
        drop(source);
        assert!(bin.put(Bytes::from("a")).await.is_err());
    }
}
