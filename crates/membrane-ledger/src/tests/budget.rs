//! Budgets and releases.

use chrono::{DateTime, TimeDelta, Utc};
use membrane_model::{Price, RunId};

use super::{caps, full_text, instant, new_run, outcome, price};
use crate::{Ledger, LedgerError, OpenRun, Reservation, ReserveRequest, Reserved, Scope};

pub(super) fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

pub(super) async fn asking(ledger: &Ledger, partner: &str) -> OpenRun {
    ledger.open_run(new_run(partner, 0)).await.unwrap()
}

/// A question of acme that costs (20, 3) where (100, 10) may be spent on each of three scopes.
pub(super) fn request(run: RunId, query_key: &str) -> ReserveRequest {
    let scopes = ["partner:acme", "partner:acme/dataset:pos_orders", "dataset:pos_orders"];
    ReserveRequest {
        run,
        partner: "partner:acme".parse().unwrap(),
        query_key: query_key.to_owned(),
        shape: None,
        resumes: false,
        price: price(20, 3),
        caps: scopes.map(|text| (scope(text), caps(price(100, 10)))).to_vec(),
        terms: crate::Terms::default(),
        now: instant(0),
    }
}

pub(super) async fn granted(ledger: &Ledger, request: &ReserveRequest) -> Reservation {
    match ledger.reserve(request).await.unwrap() {
        Reserved::Granted(reservation) => reservation,
        other => panic!("expected a reservation, got {other:?}"),
    }
}

async fn check_over_budget(ledger: &Ledger, request: &ReserveRequest, expected: &str, left: Price) {
    match ledger.reserve(request).await.unwrap() {
        Reserved::OverBudget(shortage) => {
            assert_eq!((shortage.account.to_string().as_str(), shortage.remaining), (expected, left));
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

async fn spent(ledger: &Ledger, text: &str) -> Price {
    ledger.spent(&scope(text)).await.unwrap()
}

pub(super) async fn check_a_release_is_paid_once(ledger: Ledger) {
    let run = asking(&ledger, "partner:acme").await;
    let request = request(run.id(), "q1");
    let reservation = granted(&ledger, &request).await;
    assert!(ledger.find_release("q1").await.unwrap().is_none());
    assert!(matches!(ledger.reserve(&request).await.unwrap(), Reserved::InFlight { .. }));
    let answer = b"{\"rows\":[[\"SH\",42]]}\x00\xff";
    ledger.commit_release(&reservation, answer, instant(3)).await.unwrap();

    let again = asking(&ledger, "partner:acme").await;
    for run in [run.id(), again.id()] {
        match ledger.reserve(&self::request(run, "q1")).await.unwrap() {
            Reserved::Replay(release) => {
                assert_eq!(release.answer, answer);
                assert_eq!(release.run, request.run);
                assert_eq!((release.price, release.committed), (price(20, 3), instant(3)));
                assert!(!format!("{release:?}").contains("SH"));
                assert_eq!(ledger.find_release("q1").await.unwrap(), Some(release));
            }
            other => panic!("expected the stored answer, got {other:?}"),
        }
    }
    for text in ["partner:acme", "partner:acme/dataset:pos_orders", "dataset:pos_orders"] {
        assert_eq!(spent(&ledger, text).await, price(20, 3), "{text}");
    }
    assert_eq!(spent(&ledger, "partner:bolt").await, Price::default());
    // The right to store an answer is used up.
    let error = ledger.commit_release(&reservation, b"other", instant(4)).await.unwrap_err();
    assert!(matches!(error, LedgerError::NotReserved));
    assert!(matches!(ledger.burn(&reservation).await.unwrap_err(), LedgerError::NotReserved));
    assert_eq!(ledger.find_release("q1").await.unwrap().unwrap().answer, answer);
}

pub(super) async fn check_all_scopes_or_none(ledger: Ledger) {
    let run = asking(&ledger, "partner:acme").await;
    drop(granted(&ledger, &request(run.id(), "q1")).await);
    let mut tight = request(run.id(), "q2");
    tight.caps[2].1 = caps(price(30, 10));
    check_over_budget(&ledger, &tight, "dataset:pos_orders", price(10, 7)).await;
    tight.caps[2].1 = caps(price(100, 5));
    check_over_budget(&ledger, &tight, "dataset:pos_orders", price(80, 2)).await;
    // A cap that was lowered below what is spent leaves nothing.
    tight.caps[2].1 = caps(price(1, 1));
    check_over_budget(&ledger, &tight, "dataset:pos_orders", price(0, 0)).await;
    for text in ["partner:acme", "partner:acme/dataset:pos_orders", "dataset:pos_orders"] {
        assert_eq!(spent(&ledger, text).await, price(20, 3), "{text}");
    }
    // Up to the cap is within it, and a scope that is stated twice is charged once, at its smaller cap.
    let mut exact = request(run.id(), "q3");
    exact.price = price(80, 7);
    exact.caps.push((scope("partner:acme"), caps(price(1_000, 1_000))));
    drop(granted(&ledger, &exact).await);
    assert_eq!(spent(&ledger, "partner:acme").await, price(100, 10));
    let mut over = request(run.id(), "q4");
    over.price = price(1, 0);
    over.caps.push((scope("partner:acme"), caps(price(1_000, 1_000))));
    // Of several that do not allow it, one of the partner's own is told.
    check_over_budget(&ledger, &over, "partner:acme", price(0, 0)).await;
    ledger.verify_log().await.unwrap();
}

/// 32 tasks ask different questions of which five can be paid for.
pub(super) async fn check_racing_reservations_stay_within_the_cap(ledger: Ledger) {
    check_race(&[ledger]).await;
}

/// The race, on any of these handles of an empty ledger.
pub(super) async fn check_race(ledgers: &[Ledger]) {
    let tasks: Vec<_> = (0..32)
        .zip(ledgers.iter().cycle())
        .map(|(number, ledger)| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                let run = asking(&ledger, "partner:acme").await;
                let mut request = request(run.id(), &format!("q{number}"));
                // Scopes in any order: no order may lead into a deadlock.
                request.caps.rotate_left(number % 3);
                request.caps[0].1 = caps(price(100, 1_000));
                request.caps[1].1 = caps(price(100, 1_000));
                request.caps[2].1 = caps(price(100, 1_000));
                match ledger.reserve(&request).await.unwrap() {
                    Reserved::Granted(reservation) => {
                        ledger.commit_release(&reservation, b"{}", instant(1)).await.unwrap();
                        true
                    }
                    Reserved::OverBudget(shortage) => {
                        assert!(shortage.remaining.rho_nano < 20);
                        false
                    }
                    other => panic!("unexpected {other:?}"),
                }
            })
        })
        .collect();
    let mut count = 0;
    for task in tasks {
        count += u64::from(task.await.unwrap());
    }
    assert_eq!(count, 5);
    let ledger = &ledgers[0];
    assert_eq!(spent(ledger, "partner:acme").await, price(100, 15));
    assert_eq!(spent(ledger, "dataset:pos_orders").await, price(100, 15));
    ledger.verify_log().await.unwrap();
}

/// 32 tasks ask the same question: it is paid once, whoever comes first.
pub(super) async fn check_racing_for_one_question(ledger: Ledger) {
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                let run = asking(&ledger, "partner:acme").await;
                match ledger.reserve(&request(run.id(), "same")).await.unwrap() {
                    Reserved::Granted(reservation) => {
                        ledger.commit_release(&reservation, b"answer", instant(1)).await.unwrap();
                        1
                    }
                    Reserved::Replay(release) => {
                        assert_eq!(release.answer, b"answer");
                        0
                    }
                    Reserved::InFlight { .. } => 0,
                    other => panic!("the question was charged more than once: {other:?}"),
                }
            })
        })
        .collect();
    let mut paid = 0;
    for task in tasks {
        paid += task.await.unwrap();
    }
    assert_eq!(paid, 1);
    assert_eq!(spent(&ledger, "partner:acme").await, price(20, 3));
}

pub(super) async fn check_burned_releases_stay_spent(ledger: Ledger) {
    let run = asking(&ledger, "partner:acme").await;
    let first = granted(&ledger, &request(run.id(), "q1")).await;
    ledger.burn(&first).await.unwrap();
    assert!(matches!(ledger.burn(&first).await.unwrap_err(), LedgerError::NotReserved));
    let late = ledger.commit_release(&first, b"late", instant(1)).await.unwrap_err();
    assert!(matches!(late, LedgerError::NotReserved));
    assert!(ledger.find_release("q1").await.unwrap().is_none());
    assert_eq!(spent(&ledger, "partner:acme").await, price(20, 3));
    // The question may be asked anew, at its price.
    let second = granted(&ledger, &request(run.id(), "q1")).await;
    ledger.commit_release(&second, b"answer", instant(2)).await.unwrap();
    assert_eq!(spent(&ledger, "partner:acme").await, price(40, 6));
    assert_eq!(ledger.find_release("q1").await.unwrap().unwrap().answer, b"answer");
}

pub(super) async fn check_stale_reservations(ledger: Ledger) {
    let run = asking(&ledger, "partner:acme").await;
    let at = |query_key: &str, now: DateTime<Utc>| ReserveRequest { now, ..request(run.id(), query_key) };
    let dead = granted(&ledger, &at("q1", instant(0))).await;
    drop(granted(&ledger, &at("q2", instant(10))).await);
    assert_eq!(ledger.burn_stale(instant(-1)).await.unwrap(), 0);
    assert_eq!(ledger.burn_stale(instant(5)).await.unwrap(), 1);
    assert_eq!(ledger.burn_stale(instant(5)).await.unwrap(), 0);
    assert!(matches!(
        ledger.commit_release(&dead, b"late", instant(6)).await.unwrap_err(),
        LedgerError::NotReserved
    ));
    // A reservation whose process hangs holds its question for a quarter of an hour, then loses it.
    let hung = |minutes| at("q2", instant(10) + TimeDelta::minutes(minutes));
    assert!(matches!(ledger.reserve(&hung(14)).await.unwrap(), Reserved::InFlight { .. }));
    drop(granted(&ledger, &hung(15)).await);
    assert_eq!(spent(&ledger, "partner:acme").await, price(60, 9));
    ledger.verify_log().await.unwrap();
}

pub(super) async fn check_closing_burns(ledger: Ledger) {
    let run = asking(&ledger, "partner:acme").await;
    let id = run.id();
    let committed = granted(&ledger, &request(id, "q1")).await;
    ledger.commit_release(&committed, b"answer", instant(1)).await.unwrap();
    let forgotten = granted(&ledger, &request(id, "q2")).await;
    run.close(outcome(2)).await.unwrap();
    let late = ledger.commit_release(&forgotten, b"late", instant(3)).await.unwrap_err();
    assert!(matches!(late, LedgerError::NotReserved));
    let states: Vec<_> = ledger.run(&id).await.unwrap().unwrap().releases;
    let texts: Vec<_> = states.iter().map(|release| release.state.as_str()).collect();
    assert_eq!(texts, ["committed", "burned"]);
    assert_eq!(states[0].accounts.len(), 6);
    assert_eq!(spent(&ledger, "partner:acme").await, price(40, 6));
    // A closed run pays for nothing more.
    let error = ledger.reserve(&request(id, "q3")).await.unwrap_err();
    assert!(matches!(error, LedgerError::RunNotOpen));
    ledger.verify_log().await.unwrap();
}

pub(super) async fn check_refused_requests(ledger: Ledger) {
    let run = asking(&ledger, "partner:acme").await;
    let free = ReserveRequest { price: Price::default(), ..request(run.id(), "q1") };
    assert!(matches!(ledger.reserve(&free).await.unwrap_err(), LedgerError::NoPrice));
    let nowhere = ReserveRequest { caps: Vec::new(), ..request(run.id(), "q1") };
    assert!(matches!(ledger.reserve(&nowhere).await.unwrap_err(), LedgerError::NoScope));
    let unknown = request(RunId::new(instant(0)), "q1");
    assert!(matches!(ledger.reserve(&unknown).await.unwrap_err(), LedgerError::RunNotOpen));
    assert!(ledger.budget_lines(None).await.unwrap().is_empty());

    drop(granted(&ledger, &request(run.id(), "13800138000")).await);
    let mut stranger = request(run.id(), "13800138000");
    stranger.partner = "partner:bolt".parse().unwrap();
    let error = ledger.reserve(&stranger).await.unwrap_err();
    assert!(matches!(error, LedgerError::QueryKeyTaken));
    assert!(!full_text(&error).contains("138"));
    // The largest prices there are neither overflow nor wrap around.
    let mut huge = request(run.id(), "q2");
    huge.price = price(u64::MAX, u64::MAX);
    huge.caps.iter_mut().for_each(|(_, cap)| *cap = caps(price(u64::MAX, u64::MAX)));
    assert!(matches!(ledger.reserve(&huge).await.unwrap_err(), LedgerError::Price(_)));
    huge.price = price(i64::MAX.unsigned_abs(), 0);
    assert!(matches!(ledger.reserve(&huge).await.unwrap_err(), LedgerError::TooLarge("rho")));
    assert_eq!(spent(&ledger, "partner:acme").await, price(20, 3));
}

pub(super) async fn check_budget_lines(ledger: Ledger) {
    let acme = asking(&ledger, "partner:acme").await;
    drop(granted(&ledger, &request(acme.id(), "q1")).await);
    let bolt = asking(&ledger, "partner:bolt_").await;
    let mut other = request(bolt.id(), "q2");
    other.partner = "partner:bolt_".parse().unwrap();
    other.caps = vec!["partner:bolt_", "dataset:pos_orders"]
        .into_iter()
        .map(|text| (scope(text), caps(price(100, 10))))
        .collect();
    drop(granted(&ledger, &other).await);
    let lines = async |partner: Option<&str>| {
        let partner = partner.map(|text| text.parse().unwrap());
        let lines = ledger.budget_lines(partner.as_ref()).await.unwrap();
        lines.into_iter().map(|(scope, spent)| format!("{scope} {}", spent.rho_nano)).collect::<Vec<_>>()
    };
    let own = ["partner:acme 20", "partner:acme/dataset:pos_orders 20"];
    assert_eq!(lines(Some("partner:acme")).await, own);
    assert_eq!(lines(Some("partner:bolt_")).await, ["partner:bolt_ 20"]);
    assert_eq!(lines(Some("partner:boltx")).await, [""; 0]);
    assert_eq!(lines(None).await, ["dataset:pos_orders 40", own[0], own[1], "partner:bolt_ 20"]);
}

/// Leaves a committed and a live release behind, in an open run.
pub(super) async fn leave_open(ledger: &Ledger) -> RunId {
    let run = asking(ledger, "partner:acme").await;
    let committed = granted(ledger, &request(run.id(), "q1")).await;
    ledger.commit_release(&committed, b"answer", instant(1)).await.unwrap();
    drop(granted(ledger, &request(run.id(), "q2")).await);
    run.id()
}

pub(super) async fn check_left_behind(ledger: &Ledger, left: RunId) {
    assert_eq!(spent(ledger, "partner:acme").await, price(40, 6));
    assert_eq!(ledger.burn_stale(instant(5)).await.unwrap(), 1);
    assert_eq!(ledger.abandon_stale_runs(instant(5), instant(6)).await.unwrap().len(), 1);
    assert_eq!(ledger.run(&left).await.unwrap().unwrap().status, crate::RunStatus::Abandoned);
    assert_eq!(spent(ledger, "partner:acme").await, price(40, 6));
    assert_eq!(ledger.find_release("q1").await.unwrap().unwrap().answer, b"answer");
    assert!(ledger.find_release("q2").await.unwrap().is_none());
    ledger.verify_log().await.unwrap();
}

/// What a name of its own paid for and lost is taken up at no price, so often, and for no more than was paid.
pub(super) async fn check_what_was_lost_is_taken_up(ledger: Ledger) {
    let run = asking(&ledger, "partner:acme").await;
    let request = ReserveRequest { resumes: true, ..request(run.id(), "edition") };
    let paid = price(20, 3);
    for attempt in 0..4 {
        let reservation = granted(&ledger, &request).await;
        assert_eq!(reservation.is_resumed(), attempt > 0);
        assert_eq!(spent(&ledger, "partner:acme").await, paid, "charged once");
        assert!(matches!(ledger.reserve(&request).await.unwrap(), Reserved::InFlight { .. }));
        ledger.burn(&reservation).await.unwrap();
    }
    assert!(matches!(ledger.reserve(&request).await.unwrap(), Reserved::GivenUp));
    let lost =
        async |partner: &str, name: &str| ledger.lost_payment(&partner.parse().unwrap(), name).await.unwrap();
    assert_eq!(lost("partner:acme", "edition").await, Some(run.id()));
    assert_eq!(lost("partner:globex", "edition").await, None);
    assert_eq!(lost("partner:acme", "other").await, None);
    // Whoever does not resume pays; whoever asks for more than was paid does too.
    let dearer = ReserveRequest { price: price(21, 3), query_key: "dearer".to_owned(), ..request.clone() };
    let first = granted(&ledger, &ReserveRequest { price: paid, ..dearer.clone() }).await;
    ledger.burn(&first).await.unwrap();
    assert!(!granted(&ledger, &dearer).await.is_resumed());
    assert_eq!(spent(&ledger, "partner:acme").await, price(61, 9));
    // Another partner's loss is not one's own.
    let caps = vec![(scope("partner:globex"), caps(price(100, 10)))];
    let other = ReserveRequest { partner: "partner:globex".parse().unwrap(), caps, ..request };
    assert!(!granted(&ledger, &other).await.is_resumed());
    run.close(outcome(9)).await.unwrap();
    ledger.verify_log().await.unwrap();
}

/// Several answers under one price: each is stored once, none is charged, and none is there before the price was paid.
pub(super) async fn check_one_price_pays_for_several(ledger: Ledger) {
    let run = asking(&ledger, "partner:acme").await;
    let whole = request(run.id(), "whole");
    let part = |name: &str| ReserveRequest {
        query_key: name.to_owned(),
        price: Price::default(),
        resumes: true,
        ..whole.clone()
    };
    let lease = TimeDelta::minutes(15);
    let unpaid = ledger.reserve_under(&part("first"), "whole", lease).await;
    assert!(matches!(unpaid, Err(LedgerError::NoPrice)));
    let paying = granted(&ledger, &whole).await;
    let early = ledger.reserve_under(&part("first"), "whole", lease).await;
    assert!(matches!(early, Err(LedgerError::NoPrice)), "it is not committed yet");
    ledger.commit_release(&paying, b"paid", instant(1)).await.unwrap();
    for name in ["first", "second"] {
        let Reserved::Granted(reservation) = ledger.reserve_under(&part(name), "whole", lease).await.unwrap()
        else {
            panic!("it was paid for");
        };
        let again = ledger.reserve_under(&part(name), "whole", lease).await.unwrap();
        assert!(matches!(again, Reserved::InFlight { .. }));
        ledger.commit_release(&reservation, name.as_bytes(), instant(2)).await.unwrap();
        let again = ledger.reserve_under(&part(name), "whole", lease).await.unwrap();
        assert!(matches!(again, Reserved::Replay(stored) if stored.answer == name.as_bytes()));
    }
    assert_eq!(spent(&ledger, "partner:acme").await, price(20, 3));
    // What has a price is reserved in the other way, and another partner's payment is not one's own.
    let dear = ReserveRequest { price: price(1, 0), ..part("third") };
    assert!(matches!(ledger.reserve_under(&dear, "whole", lease).await, Err(LedgerError::NoPrice)));
    let other = ReserveRequest { partner: "partner:globex".parse().unwrap(), ..part("fourth") };
    assert!(matches!(ledger.reserve_under(&other, "whole", lease).await, Err(LedgerError::NoPrice)));
    run.close(outcome(9)).await.unwrap();
    ledger.verify_log().await.unwrap();
}
