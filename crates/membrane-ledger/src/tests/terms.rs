//! Terms: nothing is reserved on what somebody changed meanwhile.

use std::sync::Arc;

use chrono::TimeDelta;
use membrane_model::Price;

use super::budget::{asking, granted, request, scope};
use super::{instant, new_run, price};
use crate::{DocumentKind, Ledger, Month, NewDocument, OpenRun, ReserveRequest, Reserved, Terms};

fn step(number: u64, signature: &str) -> NewDocument {
    NewDocument {
        kind: DocumentKind::Budget,
        number,
        body: "{}".to_owned(),
        signature: signature.to_owned(),
        files: Vec::new(),
    }
}

async fn stepping(ledger: &Ledger) -> OpenRun {
    ledger.open_run(new_run("operator:omar", 0)).await.unwrap()
}

fn after(number: u64, signature: &str) -> Terms {
    Terms { last_step: (number, signature.to_owned()), ..Terms::default() }
}

async fn spent(ledger: &Ledger) -> Price {
    ledger.spent(&scope("partner:acme")).await.unwrap()
}

pub(super) async fn check_outdated_terms_reserve_nothing(ledger: Ledger) {
    let run = asking(&ledger, "partner:acme").await;
    let on =
        |terms: Terms, key: &str| ReserveRequest { terms, price: price(20, 2), ..request(run.id(), key) };
    let outdated = async |terms: Terms, key: &str| {
        matches!(ledger.reserve(&on(terms, key)).await.unwrap(), Reserved::Outdated)
    };
    // A step that nobody has written is not the last one.
    assert!(outdated(after(1, "a"), "q1").await);
    drop(granted(&ledger, &on(Terms::default(), "q1")).await);
    let mut operator = stepping(&ledger).await;
    operator.add_document(&step(1, "a")).await.unwrap();
    assert!(outdated(Terms::default(), "q2").await);
    // Another step in the place of the one that is known.
    assert!(outdated(after(1, "b"), "q2").await);
    drop(granted(&ledger, &on(after(1, "a"), "q2")).await);
    // Documents of other kinds are no step.
    let other = NewDocument { kind: DocumentKind::Delegation, ..step(1, "c") };
    operator.add_document(&other).await.unwrap();
    drop(granted(&ledger, &on(after(1, "a"), "q3")).await);
    // Caps that were read for another month.
    let of = |month| Terms { month: Some(month), ..after(1, "a") };
    let (month, next) = (Month::of(instant(0)), Month::of(Month::of(instant(0)).end().unwrap()));
    assert!(outdated(of(next), "q4").await);
    drop(granted(&ledger, &on(of(month), "q4")).await);
    // As the latest reservation says, whatever the clock.
    let earlier = ReserveRequest { now: instant(0) - TimeDelta::days(40), ..on(of(month), "q5") };
    drop(granted(&ledger, &earlier).await);
    assert_eq!(spent(&ledger).await, price(100, 10));
    ledger.verify_log().await.unwrap();
}

pub(super) async fn check_a_closed_budget_gives_what_was_paid_for(ledger: Ledger) {
    let run = asking(&ledger, "partner:acme").await;
    let closed = Terms { is_closed: true, ..Terms::default() };
    let first = granted(&ledger, &request(run.id(), "q1")).await;
    let of = |key: &str, resumes| ReserveRequest { terms: closed.clone(), resumes, ..request(run.id(), key) };
    // What is under way is not joined, and not given up either.
    assert!(matches!(ledger.reserve(&of("q1", false)).await.unwrap(), Reserved::Closed));
    ledger.commit_release(&first, b"answer", instant(1)).await.unwrap();
    assert!(matches!(ledger.reserve(&of("q1", false)).await.unwrap(), Reserved::Replay(_)));
    assert!(matches!(ledger.reserve(&of("q2", false)).await.unwrap(), Reserved::Closed));
    // What was paid for and lost is not taken up while it is closed.
    let lost = granted(&ledger, &request(run.id(), "edition")).await;
    ledger.burn(&lost).await.unwrap();
    assert!(matches!(ledger.reserve(&of("edition", true)).await.unwrap(), Reserved::Closed));
    // Nor is an answer made of outdated terms, but one that is stored is given.
    let outdated = ReserveRequest { terms: after(3, "x"), ..request(run.id(), "q1") };
    assert!(matches!(ledger.reserve(&outdated).await.unwrap(), Reserved::Replay(_)));
    assert_eq!(spent(&ledger).await, price(40, 6));
}

/// Many reserve while somebody takes a step: once the step is durable, nothing is reserved on the terms of before.
pub(super) async fn check_a_step_and_reservations_race(ledger: Ledger) {
    let ledger = Arc::new(ledger);
    let tasks: Vec<_> = (0..24)
        .map(|number| {
            let ledger = Arc::clone(&ledger);
            tokio::spawn(async move {
                let run = asking(&ledger, "partner:acme").await;
                let mut asked = request(run.id(), &format!("q{number}"));
                asked.price = price(1, 0);
                match ledger.reserve(&asked).await.unwrap() {
                    Reserved::Granted(_) => true,
                    Reserved::Outdated => false,
                    other => panic!("unexpected {other:?}"),
                }
            })
        })
        .collect();
    let mut operator = stepping(&ledger).await;
    operator.add_document(&step(1, "a")).await.unwrap();
    let at_the_step = spent(&ledger).await;
    let mut count = 0;
    for task in tasks {
        count += u64::from(task.await.unwrap());
    }
    assert_eq!(spent(&ledger).await, at_the_step, "nothing was reserved after the step was durable");
    assert_eq!(at_the_step.rho_nano, count);
}

pub(super) async fn check_the_pace_of_a_scope(ledger: Ledger) {
    let acme = scope("partner:acme");
    assert_eq!(ledger.pace(&acme, instant(0)).await.unwrap(), crate::Pace::default());
    let run = asking(&ledger, "partner:acme").await;
    for (key, second) in [("q1", 0), ("q2", 100), ("q3", 200)] {
        let asked = ReserveRequest { now: instant(second), ..request(run.id(), key) };
        drop(granted(&ledger, &asked).await);
    }
    for (since, expected) in [(0, price(60, 9)), (1, price(40, 6)), (200, price(20, 3)), (201, price(0, 0))] {
        let pace = ledger.pace(&acme, instant(since)).await.unwrap();
        assert_eq!((pace.spent, pace.first), (expected, Some(instant(0))), "{since}");
    }
    let other = ledger.pace(&scope("partner:bolt"), instant(0)).await.unwrap();
    assert_eq!(other, crate::Pace::default());
}
