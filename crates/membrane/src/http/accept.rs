//! Connections: how many at once, and how long each may dawdle.
//!
//! axum's own loop bounds neither: clients that open connections and send a header a byte a minute would take every file
//! descriptor of the process. HTTP/2 is not spoken: one connection is one request at a time, so that the bound on
//! connections bounds what goes on in them.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use membrane_model::AddressClass;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::socket::Socket;
use crate::config::ServerSection;

/// How long a client may take for a request's header, or leave a connection without a request.
const HEADER_LONGEST: Duration = Duration::from_secs(30);

/// Bytes that a connection may hold in each direction; a longer header is answered 431.
const BUFFER_BYTES: usize = 64 << 10;

/// How long to wait after the system could not give a connection: it has no descriptors left.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What is put up with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Connections at once.
    pub(super) connections_max: usize,
    /// For a header.
    pub(super) header: Duration,
    /// With a reader who takes nothing.
    pub(super) idle: Duration,
}

impl From<&ServerSection> for Patience {
    fn from(server: &ServerSection) -> Self {
        Self {
            connections_max: server.connections_max,
            header: HEADER_LONGEST,
            idle: Duration::from_secs(server.idle_seconds),
        }
    }
}

/// Takes connections until it is told to stop.
pub(super) struct Acceptor {
    pub(super) listener: TcpListener,
    pub(super) app: Router,
    pub(super) patience: Patience,
    pub(super) stopping: CancellationToken,
}

impl Acceptor {
    /// Serves; returns the connections that are still open when told to stop. Nobody listens then.
    pub(super) async fn run(self) -> JoinSet<()> {
        let places = Arc::new(Semaphore::new(self.patience.connections_max));
        let mut open = JoinSet::new();
        while let Some(Some((stream, address, place))) =
            self.stopping.run_until_cancelled(self.next(&places)).await
        {
            while open.try_join_next().is_some() {}
            let (app, patience, stopping) = (self.app.clone(), self.patience, self.stopping.clone());
            open.spawn(async move {
                serve((stream, address), app, patience, stopping).await;
                drop(place);
            });
        }
        open
    }

    /// Waits for a place, then for a connection: those beyond the bound wait in the system's queue.
    async fn next(&self, places: &Arc<Semaphore>) -> Option<(TcpStream, AddressClass, OwnedSemaphorePermit)> {
        let place = places.clone().acquire_owned().await.ok()?;
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => return Some((stream, AddressClass::of(peer.ip()), place)),
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    let reason = error.kind();
                    tracing::error!(%reason, "no connection could be accepted: {reason}");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves one connection, request by request; when told to stop, only the request that it is at.
async fn serve(
    (stream, address): (TcpStream, AddressClass),
    app: Router,
    patience: Patience,
    stopping: CancellationToken,
) {
    // An answer goes out in several writes; the last, small one shall not wait for the client to have the others. A
    // socket that does not take the option is only slower.
    let _ = stream.set_nodelay(true);
    let (socket, orderly) = Socket::new(stream, patience.idle);
    let app = TowerToHyperService::new(app);
    let app = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(address);
        app.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.header)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(socket), app);
    let mut connection = pin!(connection);
    let ended = match stopping.run_until_cancelled(connection.as_mut()).await {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    if is_orderly(&ended) {
        orderly.store(true, Ordering::Relaxed);
    }
}

/// Tells whether every answer that was begun was ended: a client that sent nothing in time, or nonsense, broke none off.
fn is_orderly(ended: &hyper::Result<()>) -> bool {
    ended.as_ref().err().is_none_or(|error| error.is_timeout() || error.is_parse())
}

#[cfg(test)]
mod tests;
