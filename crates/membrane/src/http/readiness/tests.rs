use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::{Parts, Readiness};

const WELL: Parts = Parts { ledger: true, lake: true, log: true, answers_wait: true, altered: None };
const LONG: Duration = Duration::from_secs(3600);

/// Counts the looks; each waits until it is let go on.
#[derive(Default)]
struct Looks {
    count: AtomicUsize,
    go_on: Notify,
}

fn look(looks: &Arc<Looks>) -> impl Future<Output = Parts> + Send + 'static {
    let looks = Arc::clone(looks);
    async move {
        looks.count.fetch_add(1, Ordering::SeqCst);
        looks.go_on.notified().await;
        WELL
    }
}

async fn check(lasts: Duration, expected: usize) {
    let (readiness, looks) = (Readiness::lasting(lasts), Arc::new(Looks::default()));
    for _ in 0..3 {
        looks.go_on.notify_one();
        assert_eq!(readiness.unless_fresh(look(&looks)).await, WELL);
    }
    assert_eq!(looks.count.load(Ordering::SeqCst), expected);
}

#[tokio::test]
async fn one_look_serves_all_who_ask_while_it_counts() {
    check(LONG, 1).await;
}

#[tokio::test]
async fn a_look_that_counts_no_longer_is_repeated() {
    check(Duration::ZERO, 3).await;
}

#[tokio::test]
async fn those_who_ask_at_once_or_go_away_share_one_look() {
    let (readiness, looks) = (Readiness::lasting(LONG), Arc::new(Looks::default()));
    let first = tokio::spawn({
        let (readiness, look) = (readiness.clone(), look(&looks));
        async move { readiness.unless_fresh(look).await }
    });
    while looks.count.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert!(first.await.is_err());
    let asking = (0..5).map(|_| readiness.unless_fresh(look(&looks)));
    let asking = futures::future::join_all(asking);
    looks.go_on.notify_one();
    assert_eq!(asking.await, [WELL; 5]);
    assert_eq!(looks.count.load(Ordering::SeqCst), 1);
}

#[test]
fn a_log_that_is_not_published_keeps_the_hub_from_work_where_answers_wait() {
    for (log, answers_wait, expected) in [
        (true, true, None),
        (true, false, None),
        (false, false, None),
        (false, true, Some("log_unavailable")),
    ] {
        assert_eq!(Parts { log, answers_wait, ..WELL }.fault(), expected);
    }
    assert_eq!(Parts { log: false, lake: false, ..WELL }.fault(), Some("lake_unreachable"));
}
