//! Listening, and stopping without breaking answers off.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::accept::{Acceptor, Patience};
use super::observe::Upkeep;
use super::{Metrics, router};
use crate::alerts::watch_promises;
use crate::anomalies::watch_anomalies;
use crate::audit_log::{keep_published, keep_witnessed};
use crate::config::ServerSection;
use crate::flow::recover_streams;
use crate::hub::Hub;
use crate::maintenance::MaintenanceKeeper;
use crate::openlineage::Sinks;
use crate::serving::Serving;
use crate::sources::SourceKeeper;
use crate::standing::Scheduler;
use crate::streams::Streams;
use crate::tags::{self, TagKeeper};
use crate::tasks::Tasks;
use crate::topics::TopicKeeper;

/// What is left for runs to be closed in, after connections had to be broken off.
const REMAINDER: Duration = Duration::from_secs(3);

/// A server at work. Dropping it breaks everything off.
pub(crate) struct Listening {
    address: SocketAddr,
    /// Tells to stop when it is dropped.
    stopping: DropGuard,
    accepting: JoinHandle<JoinSet<()>>,
    tasks: Tasks,
    shutdown: Duration,
    streams: Option<Arc<Streams>>,
    sinks: Option<Arc<Sinks>>,
    /// Lets go of topics when it is dropped.
    topics: Option<DropGuard>,
    /// Kept for as long as the server is at work.
    _upkeep: Vec<Upkeep>,
}

/// Starts to serve.
pub(crate) async fn listen(hub: Arc<Hub>, server: &ServerSection) -> io::Result<Listening> {
    let listener = TcpListener::bind(server.address).await?;
    // What was acknowledged before is there for the first question.
    recover_streams(&hub).await?;
    let metrics = Metrics::of_process();
    let serving = Arc::new(Serving::new(Arc::clone(&hub)));
    let watched = Arc::clone(&serving);
    let watch = Upkeep::of(async move { watched.watch().await });
    let standing = Upkeep::of(Scheduler::default().run(Arc::clone(&serving)));
    let sources = Upkeep::of(SourceKeeper::default().run(Arc::clone(&serving)));
    let let_go = CancellationToken::new();
    let topics = Upkeep::of(TopicKeeper::new(let_go.clone()).run(Arc::clone(&serving)));
    let promises = Upkeep::of(watch_promises(Arc::clone(&serving)));
    let maintenance = Upkeep::of(MaintenanceKeeper::default().run(Arc::clone(&serving)));
    let tags = Upkeep::of(TagKeeper::default().run(Arc::clone(&serving)));
    let follow = tags::follow(Arc::clone(&serving), let_go.clone());
    // Counted: what it has begun is closed before the process ends.
    drop(hub.tasks().spawn(follow));
    let published = Upkeep::of(keep_published(Arc::clone(&serving)));
    let witnessed = Upkeep::of(keep_witnessed(Arc::clone(&serving)));
    let anomalies = Upkeep::of(watch_anomalies(Arc::clone(&serving)));
    let upkeep = vec![
        metrics.keep_tidy(),
        watch,
        standing,
        sources,
        topics,
        promises,
        maintenance,
        tags,
        published,
        witnessed,
        anomalies,
    ];
    let tasks = hub.tasks().clone();
    let (streams, sinks) = (Some(Arc::clone(hub.streams())), Some(Arc::clone(hub.sinks())));
    let app = router(serving, server, metrics);
    let shutdown = Duration::from_secs(server.shutdown_seconds);
    let listening = Listening::start(listener, app, Patience::from(server), tasks, shutdown)?;
    Ok(Listening { streams, sinks, topics: Some(let_go.drop_guard()), _upkeep: upkeep, ..listening })
}

impl Listening {
    fn start(
        listener: TcpListener,
        app: Router,
        patience: Patience,
        tasks: Tasks,
        shutdown: Duration,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let stopping = CancellationToken::new();
        let acceptor = Acceptor { listener, app, patience, stopping: stopping.clone() };
        let accepting = tokio::spawn(acceptor.run());
        let stopping = stopping.drop_guard();
        let (streams, sinks, topics, upkeep) = (None, None, None, Vec::new());
        Ok(Self { address, stopping, accepting, tasks, shutdown, streams, sinks, topics, _upkeep: upkeep })
    }

    /// Returns where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening, lets requests finish, breaks off those that do not, and waits until their runs are closed; tells
    /// whether all finished in time.
    pub(crate) async fn stop(self) -> bool {
        let deadline = Instant::now() + self.shutdown;
        drop(self.stopping);
        let finished = match self.accepting.await {
            Ok(connections) => finish(connections, deadline).await,
            Err(_) => false,
        };
        // What was broken off leaves runs to be closed, and a release that was paid for goes on without its connection.
        let rest = deadline.saturating_duration_since(Instant::now()).max(REMAINDER);
        // What is pending of topics is committed, while other things end.
        drop(self.topics);
        if let Some(streams) = &self.streams {
            streams.close(rest).await;
        }
        let rest = deadline.saturating_duration_since(Instant::now()).max(REMAINDER);
        let finished = self.tasks.wait(rest).await && finished;
        if let Some(sinks) = &self.sinks {
            sinks.settle().await;
        }
        finished
    }
}

/// Waits for connections; those that are not done by the deadline are broken off, bodies and all.
async fn finish(mut connections: JoinSet<()>, deadline: Instant) -> bool {
    if timeout_at(deadline, ended(&mut connections)).await.is_ok() {
        return true;
    }
    let count = connections.len();
    tracing::warn!(connections = count, "{count} connections were broken off: their time to finish was over");
    connections.abort_all();
    // A task ends where it waits next; one that computes just now does so a little later.
    let _ = timeout(REMAINDER, ended(&mut connections)).await;
    false
}

async fn ended(connections: &mut JoinSet<()>) {
    while connections.join_next().await.is_some() {}
}

#[cfg(test)]
mod tests;
