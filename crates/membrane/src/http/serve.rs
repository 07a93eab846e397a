//! Listening, and stopping without breaking answers off.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Metrics, router};
use crate::config::ServerSection;
use crate::hub::Hub;

/// A server at work.
pub(crate) struct Listening {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
    hub: Arc<Hub>,
    longest: Duration,
}

/// Starts to serve.
pub(crate) async fn listen(hub: Arc<Hub>, server: &ServerSection) -> io::Result<Listening> {
    let listener = TcpListener::bind(server.address).await?;
    let address = listener.local_addr()?;
    let app = router(hub.clone(), server, Metrics::of_process());
    let (stop, stopped) = oneshot::channel::<()>();
    let signal = async move {
        // An error means that the sender is gone: that is a stop as well.
        let _ = stopped.await;
    };
    let serving = axum::serve(listener, app).with_graceful_shutdown(signal);
    let served = tokio::spawn(async move { serving.await });
    Ok(Listening { address, stop, served, hub, longest: Duration::from_secs(server.shutdown_seconds) })
}

impl Listening {
    /// Returns where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening, lets requests finish, and closes their runs; tells whether all did in time.
    pub(crate) async fn stop(self) -> bool {
        let _ = self.stop.send(());
        let served = tokio::time::timeout(self.longest, self.served).await.is_ok();
        // Answers that are broken off now leave runs to be closed.
        self.hub.tasks().wait(self.longest).await && served
    }
}
