use membrane_model::RunId;
use membrane_vault::{KeyProvider, TextKey, Vault};

use super::*;
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
        let body = Step::new(*grant, who.parse().unwrap(), at, what.clone()).text().unwrap();
        Document {
            kind: DocumentKind::BreakGlass,
            number: u64::try_from(index).unwrap() + 1,
            run: RunId::new(now()),
            signature: {
                let number = u64::try_from(index).unwrap() + 1;
                vault("a").signer().sign(&Document::signed_text(DocumentKind::BreakGlass, number, &body))
            },
            body,
        }
    };
    steps.iter().enumerate().map(document).collect()
}

fn folded(steps: &[(u64, &str, i64, What)]) -> Result<Vec<Grant>, Error> {
    fold(&documents(steps), &vault("a").signer())
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

    let steps = [(1, LEE, 0, request()), (1, OLGA, 30, What::Approve), (1, LEE, 40, What::End)];
    let [grant] = folded(&steps).unwrap().try_into().unwrap();
    assert_eq!(grant.state(after(41)), GrantState::Ended);
}

/// Steps that no flow writes: one that does not fit is altered, and nothing is decided on it.
#[test]
fn what_does_not_fit_is_altered() {
    let wrong: [&[(u64, &str, i64, What)]; 7] = [
        &[(1, LEE, 0, request()), (1, LEE, 1, What::Approve)],
        &[(1, LEE, 0, request()), (1, "compliance:lee", 1, What::Approve)],
        &[(1, LEE, 0, request()), (1, OLGA, 24 * 60, What::Approve)],
        &[(1, LEE, 0, request()), (1, OLGA, 1, What::Approve), (1, OLGA, 2, What::Approve)],
        &[(1, LEE, 0, request()), (1, OLGA, 1, What::Approve), (1, OLGA, 200, What::End)],
        &[(2, LEE, 0, request())],
        &[(1, OLGA, 0, What::Approve)],
    ];
    for steps in wrong {
        assert!(folded(steps).is_err(), "{steps:?}");
    }
    let good = documents(&[(1, LEE, 0, request()), (1, OLGA, 1, What::Approve)]);
    assert!(fold(&good, &vault("b").signer()).is_err(), "another key");
    let mut moved = good.clone();
    moved.swap(0, 1);
    assert!(fold(&moved, &vault("a").signer()).is_err(), "another place");
    let mut renumbered = good.clone();
    renumbered[1].number = 9;
    assert!(fold(&renumbered, &vault("a").signer()).is_err(), "another number");
    let mut longer = good.clone();
    longer[0].body = longer[0].body.replace("\"hours\":2", "\"hours\":9");
    assert!(fold(&longer, &vault("a").signer()).is_err(), "another text");
}

#[test]
fn the_stored_form_is_golden() {
    let steps = documents(&[(1, LEE, 0, request()), (1, OLGA, 1, What::Approve), (1, OLGA, 2, What::End)]);
    let text: Vec<&str> = steps.iter().map(|document| document.body.as_str()).collect();
    assert_eq!(text.join("\n"), include_str!("golden.txt").trim_end());
}

#[test]
fn a_ticket_has_no_place_for_a_number_or_a_name() {
    for good in ["INC-1234", "A-1", "ABCDEFGH-12345678"] {
        assert!(good.parse::<Ticket>().is_ok(), "{good}");
    }
    for bad in
        ["13800138000", "TEL-13800138000", "ZHANGSAN WEI-1", "inc-1", "INC", "INC-", "-1", "INC-1-2", "张-1"]
    {
        assert!(bad.parse::<Ticket>().is_err(), "{bad}");
    }
}
