//! Work that must end even when nobody waits for it: counted, so that a shutdown can wait.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Counts work in flight.
#[derive(Debug, Clone)]
pub struct Tasks(watch::Sender<usize>);

/// One piece of work in flight; dropping it says that the work has ended.
#[derive(Debug)]
pub struct TaskGuard(watch::Sender<usize>);

impl Default for Tasks {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Tasks {
    /// Counts one piece of work.
    #[must_use]
    pub fn guard(&self) -> TaskGuard {
        self.0.send_modify(|count| *count += 1);
        TaskGuard(self.0.clone())
    }

    /// Starts work that goes on when the caller goes away.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let guard = self.guard();
        tokio::spawn(async move {
            let output = work.await;
            drop(guard);
            output
        })
    }

    /// Starts work on a thread of its own that goes on when the caller goes away; for work that cannot move between
    /// threads while it waits.
    pub fn spawn_on_thread<M, F>(&self, make: M) -> JoinHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future,
        F::Output: Send + 'static,
    {
        let guard = self.guard();
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || {
            let output = runtime.block_on(make());
            drop(guard);
            output
        })
    }

    /// Returns how much work is in flight.
    #[must_use]
    pub fn count(&self) -> usize {
        *self.0.borrow()
    }

    /// Waits until nothing is in flight, or for this long; tells whether all ended.
    pub async fn wait(&self, longest: Duration) -> bool {
        let mut count = self.0.subscribe();
        tokio::time::timeout(longest, count.wait_for(|count| *count == 0))
            .await
            .is_ok_and(|seen| seen.is_ok())
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}
