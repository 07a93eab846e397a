use membrane_ledger::Document;
use membrane_model::RunId;
use membrane_vault::{KeyProvider, TextKey, Vault};

use super::*;
use crate::steps::{self, fold};
use crate::testing::now;

const ANA: &str = "analyst:ana";
const CHEN: &str = "analyst:chen";
const OLGA: &str = "compliance:olga";

fn signer(digit: &str, hub: &str) -> membrane_vault::Signer {
    Vault::new(&TextKey::new(digit.repeat(64)).root_key().unwrap()).signer(hub)
}

fn made(to: &str, days: u32) -> What {
    What::Made {
        to: to.parse().unwrap(),
        purposes: vec!["marketing_analysis".parse().unwrap()],
        datasets: vec!["crm_members".parse().unwrap()],
        days,
        ticket: "HR-12".parse().unwrap(),
    }
}

/// Steps as documents, numbered from 1: which delegation, who, how many hours after the first, what.
fn documents(steps: &[(u64, &str, i64, What)]) -> Vec<Document> {
    let numbered = (1_u64..).zip(steps);
    let document = |(number, (delegation, who, hours, what)): (u64, &(u64, &str, i64, What))| {
        let at = now() + TimeDelta::hours(*hours);
        let body = steps::text_of(&Step::new(*delegation, who.parse().unwrap(), at, what.clone())).unwrap();
        let kind = DocumentKind::Delegation;
        let signature = signer("a", "hub").sign(&Document::signed_text(kind, number, &body));
        Document { kind, number, run: RunId::new(now()), body, signature }
    };
    numbered.map(document).collect()
}

fn folded(steps: &[(u64, &str, i64, What)]) -> Result<Vec<Delegation>, Error> {
    fold(&[], 0, &documents(steps), &signer("a", "hub"))
}

#[test]
fn a_delegation_is_open_until_its_days_are_over_or_somebody_ends_it() {
    let after = |hours| now() + TimeDelta::hours(hours);
    let [one] = folded(&[(1, ANA, 0, made(CHEN, 7))]).unwrap().try_into().unwrap();
    let open = DelegationState::Open;
    assert_eq!((one.state(after(0)), one.state(after(7 * 24 - 1))), (open, open));
    assert_eq!(one.state(after(7 * 24)), DelegationState::Expired);
    // A clock that is ahead opens nothing before its time.
    assert_eq!(one.state(after(-1)), DelegationState::Ahead);
    for who in [ANA, CHEN, OLGA] {
        let steps = [(1, ANA, 0, made(CHEN, 7)), (1, who, 30, What::Ended)];
        let [one] = folded(&steps).unwrap().try_into().unwrap();
        assert_eq!(one.state(after(31)), DelegationState::Ended, "{who}");
    }
}

/// Steps that no flow writes: one that does not fit is altered, and nothing is decided on it.
#[test]
fn what_does_not_fit_is_altered() {
    let wrong: [&[(u64, &str, i64, What)]; 10] = [
        &[(1, ANA, 0, made(ANA, 7))],
        &[(1, ANA, 0, made("analyst:ANA", 7))],
        &[(1, ANA, 0, made("partner:acme", 7))],
        &[(1, "partner:acme", 0, made("partner:bolt", 7))],
        &[(1, "service:one", 0, made("service:two", 7))],
        &[(1, ANA, 0, made(CHEN, 0))],
        &[(1, ANA, 0, made(CHEN, DAYS_MAX + 1))],
        &[(2, ANA, 0, made(CHEN, 7))],
        &[(1, ANA, 0, made(CHEN, 7)), (1, "analyst:lee", 1, What::Ended)],
        &[(1, ANA, 0, made(CHEN, 7)), (1, ANA, 1, What::Ended), (1, ANA, 2, What::Ended)],
    ];
    for steps in wrong {
        assert!(folded(steps).is_err(), "{steps:?}");
    }
    let good = documents(&[(1, ANA, 0, made(CHEN, 7)), (1, ANA, 1, What::Ended)]);
    let fails = |documents: &[Document], digit, hub| {
        fold::<Delegation>(&[], 0, documents, &signer(digit, hub)).is_err()
    };
    assert!(!fails(&good, "a", "hub"));
    assert!(fails(&good, "b", "hub") && fails(&good, "a", "other"), "another key");
    assert!(fails(&good[1..], "a", "hub"), "another place");
    let mut longer = good;
    longer[0].body = longer[0].body.replace("\"days\":7", "\"days\":9");
    assert!(fails(&longer, "a", "hub"), "another text");
}

#[test]
fn the_stored_form_is_golden() {
    let steps = documents(&[(1, ANA, 0, made(CHEN, 7)), (1, OLGA, 1, What::Ended)]);
    let text: Vec<&str> = steps.iter().map(|document| document.body.as_str()).collect();
    assert_eq!(text.join("\n"), include_str!("golden.txt").trim_end());
}
