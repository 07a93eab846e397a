//! `membrane serve`.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;

use super::{CliError, Env, out};
use crate::http::{Listening, listen};
use crate::hub::Hub;

/// Serve the HTTP API until told to stop (Ctrl-C or SIGTERM).
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  membrane serve --address 127.0.0.1:7878\n\n\
                        It speaks plain HTTP: outside of one machine, put TLS in front of it.")]
pub(super) struct ServeArgs {
    /// IP address and port; port 0 takes a free one [default: [server] address].
    #[arg(long, value_name = "ADDRESS")]
    address: Option<SocketAddr>,
}

pub(super) async fn run(args: ServeArgs, env: Env) -> Result<(), CliError> {
    let flags = args.address.map(|address| ("server.address", address.to_string(), "--address"));
    let config = env.global.load(flags.into_iter().collect())?;
    out::start_log(&config.log, out::LogUse::Server);
    let hub = Arc::new(Hub::open(&config, env.clock.clone()).await?);
    let watched = Arc::clone(&hub);
    let watch = tokio::spawn(async move { watched.watch_stale_runs().await });
    let listening = Box::pin(listen(hub, &config.server)).await.map_err(|error| {
        CliError::failed(format!("cannot listen on {}: {}", config.server.address, error.kind()))
    })?;
    out::note(format!("membrane listens on http://{}", listening.address()));
    if !listening.address().ip().is_loopback() {
        out::note("others can reach this address, and it speaks plain HTTP: put TLS in front of it");
    }
    let served = serve_until_told(listening).await;
    watch.abort();
    served
}

/// Waits for Ctrl-C or SIGTERM, then lets requests finish.
pub(super) async fn serve_until_told(listening: Listening) -> Result<(), CliError> {
    told_to_stop().await?;
    out::note("stopping: requests may finish; once more stops at once");
    let stopped = tokio::select! {
        all = listening.stop() => all,
        told = told_to_stop() => { told?; false }
    };
    if !stopped {
        out::note(
            "stopped before every request had finished; their runs are closed as abandoned within minutes of the next start",
        );
    }
    Ok(())
}

async fn told_to_stop() -> Result<(), CliError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        told = tokio::signal::ctrl_c() => told?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
