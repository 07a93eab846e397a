//! A connection's socket: a client that takes nothing for too long is an error, and what is broken off is reset.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// A socket with a bound on the time for which a write may wait.
///
/// INVARIANT: unless someone says that the connection ended orderly, dropping the socket resets the connection. To a
/// client of HTTP/1.0, and to a proxy that speaks it, an answer ends where the connection is closed: closed like others,
/// an answer that was broken off would look whole.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    idle: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
    orderly: Arc<AtomicBool>,
}

impl Socket {
    /// Wraps a stream; what is returned with it is to be set when the connection ended orderly.
    pub(super) fn new(stream: TcpStream, idle: Duration) -> (Self, Arc<AtomicBool>) {
        let orderly = Arc::new(AtomicBool::new(false));
        (Self { stream, idle, waiting: None, orderly: Arc::clone(&orderly) }, orderly)
    }

    /// Turns a write that waits for too long into an error.
    fn bound<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let idle = self.idle;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        waiting.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.bound(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, bytes);
        this.bound(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        this.bound(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.bound(cx, shut)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if !self.orderly.load(Ordering::Relaxed)
            && let Err(error) = self.stream.set_zero_linger()
        {
            tracing::debug!(reason = %error.kind(), "a connection could not be reset");
        }
    }
}

#[cfg(test)]
mod tests;
