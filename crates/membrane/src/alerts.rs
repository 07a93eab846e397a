//! Looks whether contracts keep their promises, for as long as this process serves.

use std::sync::Arc;
use std::time::Duration;

use crate::flow;
use crate::serving::{Beats, Serving};

/// How often it is looked.
const BEAT: Duration = Duration::from_secs(60);

/// Goes on for as long as this process serves. What changes is told in the log once, and shown by `membrane quality` until it ends.
pub(crate) async fn watch_promises(serving: Arc<Serving>) {
    let mut beats = Beats::new(serving, BEAT);
    // The same is told once.
    let mut told = "";
    loop {
        let (hub, now) = beats.next().await;
        let failed = flow::check_promises(&hub, now).await.err().map_or("", |error| error.code());
        if failed != told && !failed.is_empty() {
            tracing::error!(
                code = failed,
                "it cannot be told whether contracts keep their promises: {failed}"
            );
        }
        told = failed;
    }
}
