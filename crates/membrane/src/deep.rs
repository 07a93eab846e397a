//! Work that walks down what people wrote, on a stack that is deep enough for it.

use tokio::sync::oneshot;

/// What the thread may use; only what it uses is taken.
const STACK_BYTES: usize = 256 << 20;

/// Does work on a thread of its own; nothing when the thread could not be started, or stopped before the end.
pub(crate) async fn on_deep_stack<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (send, receive) = oneshot::channel();
    let work = move || {
        // Nobody waits any more when this fails.
        let _ = send.send(work());
    };
    std::thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES).spawn(work).ok()?;
    receive.await.ok()
}
