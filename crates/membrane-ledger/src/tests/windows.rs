//! Months and the lifetime: what refills, what never does, and what clocks cannot do to either.

use chrono::{DateTime, Utc};
use membrane_model::Price;

use super::budget::{asking, granted, request, scope};
use super::{caps, price, tamper};
use crate::{Caps, LastRelease, Ledger, ReserveRequest, Reserved, Shortage, Standing};

fn at(moment: &str) -> DateTime<Utc> {
    moment.parse().unwrap()
}

/// A question of acme that costs (20, 3), where a month has room for two and a lifetime for five.
async fn ask(ledger: &Ledger, query_key: &str, moment: &str) -> ReserveRequest {
    let run = asking(ledger, "partner:acme").await;
    let mut request = ReserveRequest { now: at(moment), ..request(run.id(), query_key) };
    for (_, caps) in &mut request.caps {
        *caps = Caps { month: price(40, 100), lifetime: price(100, 100) };
    }
    // Its run stays open: closing it would burn the reservation.
    std::mem::forget(run);
    request
}

async fn paid(ledger: &Ledger, query_key: &str, moment: &str) {
    let request = ask(ledger, query_key, moment).await;
    let reservation = granted(ledger, &request).await;
    ledger.commit_release(&reservation, query_key.as_bytes(), at(moment)).await.unwrap();
}

async fn refused(ledger: &Ledger, query_key: &str, moment: &str) -> Shortage {
    let request = ask(ledger, query_key, moment).await;
    match ledger.reserve(&request).await.unwrap() {
        Reserved::OverBudget(shortage) => shortage,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

async fn spent(ledger: &Ledger, account: &str) -> u64 {
    ledger.standing(&account.parse().unwrap()).await.unwrap().spent.rho_nano
}

fn shortage(account: &str, rho_nano: u64, refills: Option<&str>) -> impl Fn(&Shortage) -> bool {
    let (account, refills) = (account.parse().unwrap(), refills.map(at));
    move |told| {
        assert_eq!((&told.account, told.remaining.rho_nano, told.refills), (&account, rho_nano, refills));
        true
    }
}

pub(super) async fn check_a_month_fills_and_refills(ledger: Ledger) {
    paid(&ledger, "q1", "2026-01-31T10:00:00Z").await;
    paid(&ledger, "q2", "2026-01-31T23:59:59.999999Z").await;
    let told = refused(&ledger, "q3", "2026-01-31T23:59:59.999999Z").await;
    assert!(shortage("partner:acme@2026-01", 0, Some("2026-02-01T00:00:00Z"))(&told));
    paid(&ledger, "q3", "2026-02-01T00:00:00Z").await;
    for account in ["partner:acme", "partner:acme/dataset:pos_orders", "dataset:pos_orders"] {
        assert_eq!(spent(&ledger, account).await, 60, "{account}");
        assert_eq!(spent(&ledger, &format!("{account}@2026-01")).await, 40, "{account}");
        assert_eq!(spent(&ledger, &format!("{account}@2026-02")).await, 20, "{account}");
    }
    // One of the six accounts is enough to refuse, and then none is charged.
    let mut tight = ask(&ledger, "q4", "2026-02-02T00:00:00Z").await;
    tight.caps[2].1.month = price(39, 100);
    let Reserved::OverBudget(told) = ledger.reserve(&tight).await.unwrap() else { panic!("refused") };
    assert!(shortage("dataset:pos_orders@2026-02", 19, Some("2026-03-01T00:00:00Z"))(&told));
    assert_eq!(spent(&ledger, "partner:acme").await, 60);
    assert_eq!(spent(&ledger, "partner:acme@2026-02").await, 20);
    ledger.verify_log().await.unwrap();
}

pub(super) async fn check_a_lifetime_never_refills(ledger: Ledger) {
    for (number, month) in [1, 1, 2, 2, 3].into_iter().enumerate() {
        paid(&ledger, &format!("q{number}"), &format!("2026-0{month}-05T00:00:00Z")).await;
    }
    for moment in ["2026-03-06T00:00:00Z", "2026-04-06T00:00:00Z", "2099-01-01T00:00:00Z"] {
        let told = refused(&ledger, "more", moment).await;
        assert!(shortage("partner:acme", 0, None)(&told), "{moment}");
    }
}

pub(super) async fn check_a_price_beyond_a_whole_month_waits_for_nothing(ledger: Ledger) {
    let mut dear = ask(&ledger, "dear", "2026-01-05T00:00:00Z").await;
    dear.price = price(41, 1);
    let Reserved::OverBudget(told) = ledger.reserve(&dear).await.unwrap() else { panic!("refused") };
    assert!(shortage("partner:acme@2026-01", 40, None)(&told));
}

pub(super) async fn check_a_clock_that_goes_back_finds_no_fresh_month(ledger: Ledger) {
    paid(&ledger, "q1", "2026-01-10T00:00:00Z").await;
    paid(&ledger, "q2", "2026-02-10T00:00:00Z").await;
    // January has room for one, and it stays unused: the clock was in February already.
    for moment in ["2026-01-20T00:00:00Z", "2025-12-31T23:59:59Z", "1970-01-01T00:00:00Z"] {
        assert_eq!(ledger.month(at(moment)).await.unwrap().to_string(), "2026-02", "{moment}");
    }
    paid(&ledger, "q3", "2025-12-31T23:59:59Z").await;
    assert_eq!(spent(&ledger, "partner:acme@2026-02").await, 40);
    assert_eq!(spent(&ledger, "partner:acme@2025-12").await, 0);
    for moment in ["2026-01-20T00:00:00Z", "2025-12-01T00:00:00Z", "1970-01-01T00:00:00Z"] {
        let told = refused(&ledger, "q4", moment).await;
        assert!(shortage("partner:acme@2026-02", 0, Some("2026-03-01T00:00:00Z"))(&told), "{moment}");
    }
    assert_eq!(spent(&ledger, "partner:acme@2026-01").await, 20);
}

pub(super) async fn check_a_clock_that_jumped_ahead_stays_there(ledger: Ledger) {
    paid(&ledger, "q1", "2026-01-10T00:00:00Z").await;
    paid(&ledger, "q2", "2030-06-10T00:00:00Z").await;
    // Put right, it goes on in the month that it jumped to, and no month of between is fresh.
    paid(&ledger, "q3", "2026-02-10T00:00:00Z").await;
    let told = refused(&ledger, "q4", "2026-03-10T00:00:00Z").await;
    assert!(shortage("partner:acme@2030-06", 0, Some("2030-07-01T00:00:00Z"))(&told));
}

/// 64 ask on either side of midnight, by clocks that differ: each month is filled at most once.
pub(super) async fn check_many_ask_while_the_month_ends(ledger: Ledger) {
    paid(&ledger, "early", "2026-01-01T00:00:00Z").await;
    let tasks: Vec<_> = (0..64)
        .map(|number| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                let moment = if number % 3 == 0 { "2026-02-01T00:00:00Z" } else { "2026-01-31T23:59:59Z" };
                let request = ask(&ledger, &format!("q{number}"), moment).await;
                match ledger.reserve(&request).await.unwrap() {
                    Reserved::Granted(_) => 20,
                    Reserved::OverBudget(_) => 0,
                    other => panic!("unexpected {other:?}"),
                }
            })
        })
        .collect();
    let mut granted = 20;
    for task in tasks {
        granted += task.await.unwrap();
    }
    let (january, february) =
        (spent(&ledger, "partner:acme@2026-01").await, spent(&ledger, "partner:acme@2026-02").await);
    assert!(january <= 40, "{january}");
    assert_eq!(february, 40, "there were more who asked than it has room for");
    assert_eq!(january + february, granted);
    assert_eq!(spent(&ledger, "partner:acme").await, granted);
    ledger.verify_log().await.unwrap();
}

pub(super) async fn check_sixty_four_ask_for_the_last_unit(ledger: Ledger) {
    let january = "2026-01-05T00:00:00Z";
    let mut most = ask(&ledger, "most", january).await;
    most.price = price(39, 99);
    drop(granted(&ledger, &most).await);
    let tasks: Vec<_> = (0..64)
        .map(|number| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                let mut request = ask(&ledger, &format!("q{number}"), january).await;
                request.price = price(1, 1);
                matches!(ledger.reserve(&request).await.unwrap(), Reserved::Granted(_))
            })
        })
        .collect();
    let mut granted = 0;
    for task in tasks {
        granted += u32::from(task.await.unwrap());
    }
    assert_eq!(granted, 1);
    let standing = ledger.standing(&"partner:acme@2026-01".parse().unwrap()).await.unwrap();
    assert_eq!(standing.spent, price(40, 100));
    ledger.verify_log().await.unwrap();
}

pub(super) async fn check_an_answer_is_free_in_later_months(ledger: Ledger) {
    paid(&ledger, "q1", "2026-01-10T00:00:00Z").await;
    paid(&ledger, "q2", "2026-01-11T00:00:00Z").await;
    // In the same month, whose budget is used up; in later ones; when the clock has gone back; when all caps are gone.
    for moment in ["2026-01-12T00:00:00Z", "2026-07-01T00:00:00Z", "2025-01-01T00:00:00Z"] {
        let mut again = ask(&ledger, "q1", moment).await;
        again.caps.iter_mut().for_each(|(_, cap)| *cap = caps(Price::default()));
        match ledger.reserve(&again).await.unwrap() {
            Reserved::Replay(stored) => assert_eq!(stored.answer, b"q1", "{moment}"),
            other => panic!("expected the stored answer, got {other:?}"),
        }
    }
    assert_eq!(spent(&ledger, "partner:acme").await, 40);
    assert_eq!(spent(&ledger, "partner:acme@2026-07").await, 0);
}

pub(super) async fn check_caps_that_change_forget_nothing(ledger: Ledger) {
    paid(&ledger, "q1", "2026-01-10T00:00:00Z").await;
    let with = async |month: u64, lifetime: u64| {
        let mut request = ask(&ledger, "q2", "2026-01-11T00:00:00Z").await;
        let both = Caps { month: price(month, 100), lifetime: price(lifetime, 100) };
        request.caps.iter_mut().for_each(|(_, caps)| *caps = both);
        ledger.reserve(&request).await.unwrap()
    };
    // Below what is spent there is nothing left, and nothing is forgotten.
    let Reserved::OverBudget(told) = with(10, 100).await else { panic!("refused") };
    assert!(shortage("partner:acme@2026-01", 0, None)(&told));
    let Reserved::OverBudget(told) = with(100, 30).await else { panic!("refused") };
    assert!(shortage("partner:acme", 10, None)(&told));
    assert!(matches!(with(100, 39).await, Reserved::OverBudget(_)));
    assert!(matches!(with(40, 40).await, Reserved::Granted(_)));
    assert_eq!(spent(&ledger, "partner:acme@2026-01").await, 40);
}

pub(super) async fn check_what_was_spent_before_months_counts_for_ever(ledger: Ledger) {
    for number in 0..4 {
        let mut old = ask(&ledger, &format!("old{number}"), "2025-12-10T00:00:00Z").await;
        old.caps.iter_mut().for_each(|(_, cap)| *cap = caps(price(100, 100)));
        drop(granted(&ledger, &old).await);
    }
    // Ledgers of before have accounts for ever only.
    tamper(&ledger, "DELETE FROM release_scope WHERE scope LIKE '%@%'").await;
    tamper(&ledger, "DELETE FROM budget_scope WHERE scope LIKE '%@%'").await;
    ledger.verify_log().await.unwrap();
    assert_eq!(ledger.budget_lines(None).await.unwrap().len(), 3);
    assert_eq!(spent(&ledger, "partner:acme").await, 80);
    paid(&ledger, "new", "2025-12-11T00:00:00Z").await;
    assert_eq!(spent(&ledger, "partner:acme@2025-12").await, 20, "no month had anything");
    assert!(shortage("partner:acme", 0, None)(&refused(&ledger, "newer", "2026-01-11T00:00:00Z").await));
    ledger.verify_log().await.unwrap();
}

pub(super) async fn check_burned_releases_are_told_apart(ledger: Ledger) {
    paid(&ledger, "q1", "2026-01-10T00:00:00Z").await;
    let lost = ask(&ledger, "q2", "2026-01-10T00:00:00Z").await;
    let reservation = granted(&ledger, &lost).await;
    let standing = async |account: &str| ledger.standing(&account.parse().unwrap()).await.unwrap();
    let clean = Standing { spent: price(40, 6), ..Standing::default() };
    assert_eq!(standing("partner:acme").await, clean);
    ledger.burn(&reservation).await.unwrap();
    let burned = Standing { burned: price(20, 3), burned_count: 1, ..clean };
    for account in ["partner:acme", "partner:acme@2026-01", "dataset:pos_orders@2026-01"] {
        assert_eq!(standing(account).await, burned, "{account}");
    }
    assert_eq!(standing("partner:acme@2026-02").await, Standing::default());
}

pub(super) async fn check_the_last_release_of_a_partner(ledger: Ledger) {
    let acme = "partner:acme".parse().unwrap();
    assert_eq!(ledger.last_release(&acme).await.unwrap(), None);
    paid(&ledger, "q1", "2026-01-10T00:00:00Z").await;
    let mut unanswered = ask(&ledger, "q2", "2026-01-10T00:00:00Z").await;
    unanswered.price = price(1, 1);
    drop(granted(&ledger, &unanswered).await);
    let scopes =
        ["dataset:pos_orders", "partner:acme", "partner:acme/dataset:pos_orders"].map(scope).to_vec();
    let expected = LastRelease { price: price(20, 3), scopes };
    assert_eq!(ledger.last_release(&acme).await.unwrap(), Some(expected));
    assert_eq!(ledger.last_release(&"partner:bolt".parse().unwrap()).await.unwrap(), None);
}
