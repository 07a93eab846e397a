use membrane_ledger::Document;
use membrane_model::RunId;
use membrane_vault::{KeyProvider, Signer, TextKey, Vault};

use super::*;
use crate::steps;
use crate::testing::now;

fn vault(digit: &str) -> Vault {
    Vault::new(&TextKey::new(digit.repeat(64)).root_key().unwrap())
}

fn request() -> What {
    What::Request {
        purpose: "customer_service".parse().unwrap(),
        columns: vec![("crm_members".parse().unwrap(), "phone".parse().unwrap())],
        hours: 2,
        ticket: "INC-1234".parse().unwrap(),
    }
}

/// Steps as documents, numbered from 1: which grant, who, how many minutes after the first, what.
fn documents(steps: &[(u64, &str, i64, What)]) -> Vec<Document> {
    let document = |(index, (grant, who, minutes, what)): (usize, &(u64, &str, i64, What))| {
        let at = now() + TimeDelta::minutes(*minutes);
        let body = steps::text_of(&Step::new(*grant, who.parse().unwrap(), at, what.clone())).unwrap();
        Document {
            kind: DocumentKind::BreakGlass,
            number: u64::try_from(index).unwrap() + 1,
            run: RunId::new(now()),
            signature: {
                let number = u64::try_from(index).unwrap() + 1;
                vault("a").signer("hub").sign(&Document::signed_text(DocumentKind::BreakGlass, number, &body))
            },
            body,
        }
    };
    steps.iter().enumerate().map(document).collect()
}

fn fold(known: &[Grant], last: u64, documents: &[Document], signer: &Signer) -> Result<Vec<Grant>, Error> {
    steps::fold(known, last, documents, signer)
}

fn folded(steps: &[(u64, &str, i64, What)]) -> Result<Vec<Grant>, Error> {
    fold(&[], 0, &documents(steps), &vault("a").signer("hub"))
}

const LEE: &str = "analyst:lee";
const OLGA: &str = "compliance:olga";

#[test]
fn a_grant_is_open_between_two_people_and_its_end() {
    let after = |minutes| now() + TimeDelta::minutes(minutes);
    let [grant] = folded(&[(1, LEE, 0, request())]).unwrap().try_into().unwrap();
    assert_eq!(grant.state(after(0)), GrantState::Requested);
    assert_eq!(grant.state(after(24 * 60)), GrantState::Lapsed);

    let steps = [(1, LEE, 0, request()), (1, OLGA, 30, What::Approve)];
    let [grant] = folded(&steps).unwrap().try_into().unwrap();
    assert_eq!((grant.state(after(30)), grant.state(after(149))), (GrantState::Open, GrantState::Open));
    assert_eq!(grant.state(after(150)), GrantState::Expired);

    // A clock that is ahead opens nothing before its time, and gives no hours.
    assert_eq!(grant.state(after(20)), GrantState::Requested);
    // Read on from what is known.
    let steps = documents(&[(1, LEE, 0, request()), (1, OLGA, 30, What::Approve)]);
    let signer = vault("a").signer("hub");
    let known = fold(&[], 0, &steps[..1], &signer).unwrap();
    assert_eq!(fold(&known, 1, &steps[1..], &signer).unwrap(), [grant]);
    assert!(fold(&known, 1, &steps[..1], &signer).is_err(), "the same again");

    let steps = [(1, LEE, 0, request()), (1, OLGA, 30, What::Approve), (1, LEE, 40, What::End)];
    let [grant] = folded(&steps).unwrap().try_into().unwrap();
    assert_eq!(grant.state(after(41)), GrantState::Ended);
}

/// Steps that no flow writes: one that does not fit is altered, and nothing is decided on it.
#[test]
fn what_does_not_fit_is_altered() {
    let wrong: [&[(u64, &str, i64, What)]; 8] = [
        &[(1, LEE, 0, request()), (1, LEE, 1, What::Approve)],
        &[(1, LEE, 0, request()), (1, "compliance:lee", 1, What::Approve)],
        &[(1, LEE, 0, request()), (1, OLGA, 24 * 60, What::Approve)],
        &[(1, LEE, 0, request()), (1, OLGA, 1, What::Approve), (1, OLGA, 2, What::Approve)],
        &[(1, LEE, 0, request()), (1, "compliance:Lee", 1, What::Approve)],
        &[
            (1, LEE, 0, request()),
            (1, OLGA, 1, What::Approve),
            (1, LEE, 2, What::End),
            (1, LEE, 3, What::End),
        ],
        &[(2, LEE, 0, request())],
        &[(1, OLGA, 0, What::Approve)],
    ];
    for steps in wrong {
        assert!(folded(steps).is_err(), "{steps:?}");
    }
    // Ended in the moment in which it was over anyway: nothing is opened by that.
    let late = [(1, LEE, 0, request()), (1, OLGA, 1, What::Approve), (1, OLGA, 200, What::End)];
    assert_eq!(folded(&late).unwrap()[0].state(now()), GrantState::Ended);
    let good = documents(&[(1, LEE, 0, request()), (1, OLGA, 1, What::Approve)]);
    assert!(fold(&[], 0, &good, &vault("b").signer("hub")).is_err(), "another key");
    assert!(fold(&[], 0, &good, &vault("a").signer("other")).is_err(), "another hub");
    let mut moved = good.clone();
    moved.swap(0, 1);
    assert!(fold(&[], 0, &moved, &vault("a").signer("hub")).is_err(), "another place");
    let mut renumbered = good.clone();
    renumbered[1].number = 9;
    assert!(fold(&[], 0, &renumbered, &vault("a").signer("hub")).is_err(), "another number");
    let mut longer = good.clone();
    longer[0].body = longer[0].body.replace("\"hours\":2", "\"hours\":9");
    assert!(fold(&[], 0, &longer, &vault("a").signer("hub")).is_err(), "another text");
}

#[test]
fn the_stored_form_is_golden() {
    let steps = documents(&[(1, LEE, 0, request()), (1, OLGA, 1, What::Approve), (1, OLGA, 2, What::End)]);
    let text: Vec<&str> = steps.iter().map(|document| document.body.as_str()).collect();
    assert_eq!(text.join("\n"), include_str!("golden.txt").trim_end());
}
