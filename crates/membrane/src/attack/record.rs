//! The doors of others: other people's runs, lineage, budgets, deliveries.

use membrane_model::PrincipalKind;

use super::{Ask, Attack, By, Expect, Family, Request};

pub(super) const FAMILY: Family = Family {
    number: 26,
    title: "the doors of others",
    channel: "runs, lineage, budgets and deliveries of other people",
    attacks,
};

const REFUSED: &[u16] = &[400, 403, 404, 405];

/// Those who have no business with the record.
const OUTSIDERS: By = By::Kinds(&[PrincipalKind::Analyst, PrincipalKind::Partner, PrincipalKind::Service]);
/// Those who bring nothing in.
const READERS: By = By::Kinds(&[PrincipalKind::Analyst, PrincipalKind::Partner, PrincipalKind::Compliance]);

fn attacks() -> Vec<Attack> {
    let mut attacks: Vec<Attack> =
        PATHS.iter().map(|(title, path)| get(title, path, Expect::Status(REFUSED)).by(OUTSIDERS)).collect();
    attacks.extend(ALIKE.iter().map(|(title, one, other)| {
        let other = Expect::SameWords(Box::new(Ask::Http(request("GET", other, Vec::new()))));
        get(title, one, other).by(OUTSIDERS)
    }));
    attacks.extend(
        LISTED
            .iter()
            .map(|(title, path, statuses)| get(title, path, Expect::Status(statuses)).by(By::Anyone)),
    );
    attacks.extend(DELIVERIES.iter().map(|(title, path, body)| {
        let request = Request {
            headers: vec![
                ("authorization", "Bearer {bearer}".to_owned()),
                ("content-type", "text/csv".to_owned()),
            ],
            ..request("POST", path, body.as_bytes().to_vec())
        };
        Attack::new(*title, Ask::Http(request), Expect::Status(REFUSED)).by(READERS)
    }));
    attacks
}

fn request(method: &'static str, path: &str, body: Vec<u8>) -> Request {
    Request {
        method,
        path: path.to_owned(),
        headers: vec![("authorization", "Bearer {bearer}".to_owned())],
        body,
    }
}

fn get(title: &'static str, path: &str, expect: Expect) -> Attack {
    Attack::new(title, Ask::Http(request("GET", path, Vec::new())), expect)
}

const PATHS: &[(&str, &str)] = &[
    ("all runs", "/v1/runs"),
    ("the runs of another", "/v1/runs?principal=compliance:olga"),
    ("one's own runs", "/v1/runs?principal=analyst:ana"),
    ("the runs of a dataset", "/v1/runs?dataset=crm_members&limit=1"),
    ("a run that is none", "/v1/runs/00000000-0000-7000-8000-000000000000"),
    ("a run by a name", "/v1/runs/latest"),
    ("lineage of a column", "/v1/lineage/crm_members/phone"),
    ("lineage of what is stored", "/v1/lineage/crm_members/phone__sealed"),
    ("lineage without end", "/v1/lineage/crm_members/phone?depth=4294967295"),
];

/// What may be listed: twins list the same.
const LISTED: &[(&str, &str, &[u16])] = &[
    ("the datasets", "/v1/datasets?purpose={purpose}", &[200, 403, 404]),
    ("the datasets, for no purpose", "/v1/datasets", &[200, 400, 403, 404]),
    ("the datasets, for another purpose", "/v1/datasets?purpose=compliance_review", &[200, 403, 404]),
    ("the datasets, for a purpose that is none", "/v1/datasets?purpose=curiosity", &[200, 400, 403]),
    ("the datasets, for a purpose in wide letters", "/v1/datasets?purpose=%EF%BD%8Darketing", &[400]),
    ("the budgets", "/v1/budget", &[200, 403, 404]),
    ("the budget of another", "/v1/budget?partner=globex", &[200, 400, 403, 404]),
    ("what the hub is", "/openapi.json", &[200]),
];

/// What is there for others, and what is not there, told alike.
const ALIKE: &[(&str, &str, &str)] = &[
    ("lineage of a dataset that is there", "/v1/lineage/crm_members/phone", "/v1/lineage/crm_nobodys/phone"),
    ("lineage of a column that is there", "/v1/lineage/crm_members/phone", "/v1/lineage/crm_members/nothing"),
    ("runs of a dataset that is there", "/v1/runs?dataset=crm_members", "/v1/runs?dataset=crm_nobodys"),
    ("runs of somebody who is there", "/v1/runs?principal=analyst:lee", "/v1/runs?principal=analyst:nobody"),
];

const DELIVERIES: &[(&str, &str, &str)] = &[
    (
        "a delivery",
        "/v1/ingest/dim_products",
        "product_id,name,category,brand,price\nP00099,Nothing,snacks,Acme,1.00\n",
    ),
    ("a delivery of members", "/v1/ingest/crm_members", "member_no\nM00000001\n"),
    ("a delivery to nowhere", "/v1/ingest/crm_nobodys", "member_no\nM00000001\n"),
    ("a delivery to what is above", "/v1/ingest/..%2Fcrm_members", "member_no\nM00000001\n"),
];
