//! What of the log is told.

use std::sync::{Arc, Mutex};

use super::*;

/// Collects what is written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A commit that is made again is nothing that somebody gets up for; one that failed is.
#[test]
fn conflicts_that_are_tried_again_are_not_told() {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter("warn", "info"))
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let error = "one";
        // As deltalake-core 1.1.3 has them.
        tracing::error!(
            target: "deltalake_core::kernel::transaction", conflicts_checked = 1, error, "conflict detected, aborting transaction"
        );
        tracing::error!(
            target: "deltalake_core::kernel::transaction", version = 1, error, "commit failed, aborting"
        );
        tracing::error!(target: "deltalake_core::kernel::transaction", max_retries = 1, "exceeded maximum commit attempts");
        tracing::warn!(target: "deltalake_core::logstore", conflicts_checked = 1, "something else");
        tracing::info!(target: "membrane::serving", "own words");
    });
    let told = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(!told.contains("conflict detected"), "{told}");
    for kept in ["commit failed", "exceeded maximum", "something else", "own words"] {
        assert!(told.contains(kept), "{kept}: {told}");
    }
}
