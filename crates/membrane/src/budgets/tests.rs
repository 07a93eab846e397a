use chrono::TimeDelta;
use membrane_ledger::Document;
use membrane_model::RunId;
use membrane_vault::{KeyProvider, TextKey, Vault};

use super::*;
use crate::error::Error;
use crate::steps;
use crate::testing::now;

const ACME: &str = "partner:acme";
const GLOBEX: &str = "partner:globex";
const CONFIGURED: Price = rho(300);

const fn rho(rho_nano: u64) -> Price {
    Price { rho_nano, delta_atto: 7 }
}

fn ticket(text: &str) -> Ticket {
    text.parse().expect("ticket")
}

fn month(text: &str) -> Month {
    text.parse().expect("month")
}

fn cap(of: Bounded, rho_nano: u64) -> What {
    What::Cap { of, dataset: None, rho_nano: Some(rho_nano), delta_atto: None, before: rho(1), after: rho(2) }
}

fn refill(of: Bounded, month: Option<&str>, rho_nano: u64) -> What {
    let add = Price { rho_nano, delta_atto: 0 };
    let month = month.map(str::to_owned);
    What::Refill { of, dataset: None, month, add, before: rho(1), after: rho(2) }
}

/// Steps as documents, numbered from 1: of whom, for which ticket, what.
fn folded(steps: &[(&str, &str, What)]) -> Result<Vec<PartnerBudget>, Error> {
    let signer = Vault::new(&TextKey::new("a".repeat(64)).root_key().expect("key")).signer("hub");
    let documents: Vec<Document> = steps
        .iter()
        .zip(1_u64..)
        .map(|((partner, case, what), number)| {
            let who = (partner.parse().expect("partner"), "operator:omar".parse().expect("operator"));
            let at = now() + TimeDelta::minutes(i64::try_from(number).expect("a small number"));
            let step = Step::new(who, at, (BudgetReason::Review, ticket(case)), what.clone());
            let body = steps::text_of(&step).expect("text");
            let signature = signer.sign(&Document::signed_text(DocumentKind::Budget, number, &body));
            Document { kind: DocumentKind::Budget, number, run: RunId::new(now()), body, signature }
        })
        .collect();
    steps::fold(&[], 0, &documents, &signer)
}

fn only(steps: &[(&str, &str, What)]) -> PartnerBudget {
    let [budget] = folded(steps).expect("steps").try_into().expect("one partner");
    budget
}

fn in_month(budget: &PartnerBudget, of: &str) -> u64 {
    budget.allowed((Bounded::Month, None), Some(month(of)), CONFIGURED).rho_nano
}

#[test]
fn what_nobody_capped_is_as_configured() {
    let budget = only(&[(ACME, "OPS-1", What::Open)]);
    for of in [Bounded::Month, Bounded::Lifetime, Bounded::Release] {
        assert_eq!(budget.allowed((of, None), None, CONFIGURED), CONFIGURED);
    }
    assert_eq!(budget.state.map(|state| state.is_open), Some(true));
}

#[test]
fn a_cap_holds_from_now_on_and_a_refill_for_its_month() {
    let budget = only(&[
        (ACME, "OPS-1", cap(Bounded::Month, 200)),
        (ACME, "OPS-2", refill(Bounded::Month, Some("2026-02"), 50)),
        (ACME, "OPS-3", refill(Bounded::Month, Some("2026-02"), 5)),
        (ACME, "OPS-3", refill(Bounded::Lifetime, None, 9)),
    ]);
    assert_eq!(["2026-01", "2026-02", "2026-03"].map(|of| in_month(&budget, of)), [200, 255, 200]);
    assert_eq!(budget.allowed((Bounded::Month, None), None, CONFIGURED).rho_nano, 200, "a month to come");
    assert_eq!(budget.allowed((Bounded::Lifetime, None), None, CONFIGURED), rho(309));
    let delta = budget.allowed((Bounded::Month, None), None, CONFIGURED).delta_atto;
    assert_eq!(delta, CONFIGURED.delta_atto, "what was not said is as configured");
    let dataset: DatasetName = "pos_orders".parse().expect("dataset");
    assert_eq!(budget.allowed((Bounded::Month, Some(&dataset)), None, CONFIGURED), CONFIGURED);
    assert_eq!(budget.history.iter().map(|step| step.place).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

/// A cap says what may be spent in all: also of a month to which something was added.
#[test]
fn a_cap_takes_back_what_was_added_before_it() {
    let budget = only(&[
        (ACME, "OPS-1", refill(Bounded::Month, Some("2026-02"), 50)),
        (ACME, "OPS-2", cap(Bounded::Month, 100)),
        (ACME, "OPS-3", refill(Bounded::Month, Some("2026-02"), 5)),
    ]);
    assert_eq!(in_month(&budget, "2026-02"), 105);
}

#[test]
fn partners_have_steps_of_their_own() {
    let all = folded(&[
        (ACME, "OPS-1", What::Close),
        (GLOBEX, "OPS-1", cap(Bounded::Month, 1)),
        (ACME, "OPS-2", What::Reopen),
    ])
    .expect("steps");
    let of = |name: &str| PartnerBudget::of(&all, &name.parse().expect("partner")).expect("a budget");
    assert_eq!((in_month(of(ACME), "2026-01"), in_month(of(GLOBEX), "2026-01")), (300, 1));
    assert!(of(ACME).state.as_ref().is_some_and(|state| state.is_open) && of(GLOBEX).state.is_none());
    let places: Vec<_> = of(ACME).history.iter().map(|step| (step.place, step.number)).collect();
    assert_eq!(places, [(1, 1), (2, 3)]);
}

/// Steps that no flow writes: one that does not fit is altered, and nothing is reserved on it.
#[test]
fn what_does_not_fit_is_altered() {
    let nothing = What::Refill {
        of: Bounded::Lifetime,
        dataset: None,
        month: None,
        add: Price::default(),
        before: rho(1),
        after: rho(1),
    };
    let no_cap = What::Cap {
        of: Bounded::Month,
        dataset: None,
        rho_nano: None,
        delta_atto: None,
        before: rho(1),
        after: rho(1),
    };
    let wrong: [&[(&str, &str, What)]; 11] = [
        &[("analyst:ana", "OPS-1", What::Open)],
        &[(ACME, "OPS-1", What::Reopen)],
        &[(ACME, "OPS-1", What::Open), (ACME, "OPS-2", What::Open)],
        &[(ACME, "OPS-1", What::Close), (ACME, "OPS-2", What::Close)],
        &[(ACME, "OPS-1", What::Close), (ACME, "OPS-2", What::Open)],
        &[(ACME, "OPS-1", nothing)],
        &[(ACME, "OPS-1", no_cap)],
        &[(ACME, "OPS-1", refill(Bounded::Release, None, 1))],
        &[(ACME, "OPS-1", refill(Bounded::Month, None, 1))],
        &[(ACME, "OPS-1", refill(Bounded::Month, Some("2026-2"), 1))],
        // One ticket refills one budget once, whatever the month and the amount.
        &[
            (ACME, "OPS-1", refill(Bounded::Month, Some("2026-01"), 1)),
            (ACME, "OPS-1", refill(Bounded::Month, Some("2026-02"), 2)),
        ],
    ];
    for steps in wrong {
        assert!(folded(steps).is_err(), "{steps:?}");
    }
}

#[test]
fn what_is_asked_again_is_found_and_undoes_nothing() {
    let repeated = |steps: &[(&str, &str, What)], what: &What, case: &str| {
        only(steps).repeated(what, &ticket(case)).map(|(step, holds)| (step.place, holds))
    };
    let added = refill(Bounded::Month, Some("2026-01"), 5);
    let steps = [(ACME, "OPS-1", added.clone()), (ACME, "OPS-2", cap(Bounded::Month, 9))];
    // In the next month, too: whoever asks again does not know when the first try was counted.
    assert_eq!(repeated(&steps, &refill(Bounded::Month, Some("2026-02"), 5), "OPS-1"), Some((1, true)));
    assert_eq!(repeated(&steps, &refill(Bounded::Month, Some("2026-01"), 6), "OPS-1"), Some((1, false)));
    assert_eq!(repeated(&steps, &refill(Bounded::Lifetime, None, 5), "OPS-1"), None);
    assert_eq!(repeated(&steps, &added, "OPS-3"), None);

    let steps = [
        (ACME, "OPS-1", cap(Bounded::Month, 500)),
        (ACME, "OPS-2", cap(Bounded::Lifetime, 9)),
        (ACME, "OPS-3", cap(Bounded::Month, 100)),
    ];
    assert_eq!(repeated(&steps, &cap(Bounded::Month, 100), "OPS-3"), Some((3, true)));
    assert_eq!(repeated(&steps, &cap(Bounded::Month, 500), "OPS-1"), Some((1, false)), "lowered since");
    assert_eq!(repeated(&steps, &cap(Bounded::Lifetime, 9), "OPS-2"), Some((2, true)));
    assert_eq!(repeated(&steps, &cap(Bounded::Month, 200), "OPS-3"), None);

    let mut steps =
        vec![(ACME, "OPS-1", What::Close), (ACME, "OPS-2", What::Reopen), (ACME, "OPS-3", What::Close)];
    assert_eq!(repeated(&steps, &What::Close, "OPS-3"), Some((3, true)));
    assert_eq!(repeated(&steps, &What::Reopen, "OPS-2"), Some((2, false)), "closed since");
    steps.push((ACME, "OPS-4", What::Reopen));
    // To close is never in anybody's way.
    assert_eq!(repeated(&steps, &What::Close, "OPS-3"), None);
}

#[test]
fn the_stored_form_is_golden() {
    let steps = [
        (ACME, "OPS-1", What::Open),
        (ACME, "OPS-2", cap(Bounded::Release, 12_000_000)),
        (ACME, "OPS-3", refill(Bounded::Month, Some("2026-02"), 100_000_000)),
        (ACME, "OPS-4", What::Close),
        (ACME, "OPS-5", What::Reopen),
    ];
    let text: Vec<String> = steps
        .into_iter()
        .map(|(partner, case, what)| {
            let who = (partner.parse().expect("partner"), "operator:omar".parse().expect("operator"));
            let step = Step::new(who, now(), (BudgetReason::Agreement, ticket(case)), what);
            steps::text_of(&step).expect("text")
        })
        .collect();
    assert_eq!(text.join("\n"), include_str!("golden.txt").trim_end());
}
