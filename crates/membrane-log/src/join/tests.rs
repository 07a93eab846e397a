//! Tests.

use std::cell::Cell;

use super::*;
use crate::testing::run;

#[test]
fn all_run_together_and_values_keep_their_order() {
    let running = Cell::new(0);
    let most = Cell::new(0);
    let work = async |number: usize| {
        running.set(running.get() + 1);
        most.set(most.get().max(running.get()));
        for _ in 0..10 - number {
            tokio::task::yield_now().await;
        }
        running.set(running.get() - 1);
        number
    };
    let values = run(join_all((0..10).map(work)));
    assert_eq!(values, (0..10).collect::<Vec<_>>());
    assert_eq!(most.get(), 10);
    assert_eq!(run(join_all(Vec::<std::future::Ready<()>>::new())), []);
}
