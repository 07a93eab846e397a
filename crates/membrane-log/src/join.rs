//! Waits for several reads or writes together: a bucket answers each after tens of milliseconds.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// Objects that are read or written at once.
pub(crate) const WAVE: usize = 16;

/// Runs futures together and returns their values in their order.
pub(crate) async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut values: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut are_done = true;
        for (future, value) in running.iter_mut().zip(&mut values).filter(|(_, value)| value.is_none()) {
            match future.as_mut().poll(context) {
                Poll::Ready(ready) => *value = Some(ready),
                Poll::Pending => are_done = false,
            }
        }
        if are_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    values.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
