//! The doors of others: other people's runs, lineage, budgets, deliveries, and what partners may spend.

use membrane_model::PrincipalKind;

use super::{Ask, Attack, By, Expect, Family, Request};

pub(super) const FAMILY: Family = Family {
    number: 26,
    title: "the doors of others",
    channel: "runs, lineage, budgets and deliveries of other people, and changes to budgets",
    attacks,
};

const REFUSED: &[u16] = &[400, 403, 404, 405];

/// Those who have no business with the record.
const OUTSIDERS: By = By::Kinds(&[PrincipalKind::Analyst, PrincipalKind::Partner, PrincipalKind::Service]);
/// Those who say nothing about what partners may spend.
const SPENDERS: By = By::Kinds(&[
    PrincipalKind::Analyst,
    PrincipalKind::Partner,
    PrincipalKind::Compliance,
    PrincipalKind::Service,
]);
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
    attacks.extend(
        CATALOG
            .iter()
            .map(|(title, path, statuses)| get(title, path, Expect::Status(statuses)).by(OUTSIDERS)),
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
    attacks.extend(STEPS.iter().map(|(title, body)| {
        let request = Request {
            headers: vec![
                ("authorization", "Bearer {bearer}".to_owned()),
                ("content-type", "application/json".to_owned()),
            ],
            ..request("POST", "/v1/budget/steps", body.as_bytes().to_vec())
        };
        Attack::new(*title, Ask::Http(request), Expect::Refused(&["not_permitted"])).by(SPENDERS)
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
    ("what was decided about budgets", "/v1/budget/history", &[200, 403, 404]),
    (
        "what was decided about another's budget",
        "/v1/budget/history?partner=partner:globex",
        &[200, 400, 403, 404],
    ),
    ("what the hub is", "/openapi.json", &[200]),
];

/// What contracts say of what policy shows. Whoever may look at the record is told how many rows there are.
const CATALOG: &[(&str, &str, &[u16])] = &[
    ("the catalog", "/v1/catalog?purpose={purpose}", &[200, 403, 404]),
    ("the catalog, by a word", "/v1/catalog?purpose={purpose}&search=identity", &[200, 403, 404]),
    ("a page of the catalog", "/v1/catalog/crm_members?purpose={purpose}", &[200, 403, 404]),
    ("a column of the catalog", "/v1/catalog/crm_members/id_number?purpose={purpose}", &[200, 400, 403, 404]),
];

/// What is there for others, and what is not there, told alike.
const ALIKE: &[(&str, &str, &str)] = &[
    ("lineage of a dataset that is there", "/v1/lineage/crm_members/phone", "/v1/lineage/crm_nobodys/phone"),
    ("lineage of a column that is there", "/v1/lineage/crm_members/phone", "/v1/lineage/crm_members/nothing"),
    ("runs of a dataset that is there", "/v1/runs?dataset=crm_members", "/v1/runs?dataset=crm_nobodys"),
    ("runs of somebody who is there", "/v1/runs?principal=analyst:lee", "/v1/runs?principal=analyst:nobody"),
    (
        "the history of a budget that is there",
        "/v1/budget/history?partner=partner:globex",
        "/v1/budget/history?partner=partner:nobody",
    ),
];

/// More to spend, or less for others.
const STEPS: &[(&str, &str)] = &[
    (
        "a refill of one's own",
        r#"{"partner": "partner:acme", "step": "refill", "of": "month", "rho": 0.1, "reason": "campaign", "ticket": "OPS-1"}"#,
    ),
    (
        "a cap without end",
        r#"{"partner": "partner:acme", "step": "cap", "of": "lifetime", "rho": 1e9, "reason": "agreement", "ticket": "OPS-2"}"#,
    ),
    (
        "another's budget, closed",
        r#"{"partner": "partner:globex", "step": "close", "reason": "incident", "ticket": "OPS-3"}"#,
    ),
    (
        "a budget, reopened",
        r#"{"partner": "partner:acme", "step": "reopen", "reason": "review", "ticket": "OPS-4"}"#,
    ),
    (
        "a budget of nobody",
        r#"{"partner": "partner:nobody", "step": "open", "reason": "request", "ticket": "OPS-5"}"#,
    ),
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
