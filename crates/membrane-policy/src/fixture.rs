//! Small catalogs and policy folders for tests, made in code.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use membrane_catalog::Catalog;
use membrane_ledger::{Ledger, NewRun, OpenRun};
use membrane_model::{Action, Channel, DatasetName, PrincipalId, Purpose};
use tempfile::TempDir;

use crate::judge::{Judgement, judge};
use crate::permit::GrantedDataset;
use crate::{Authorizer, Fault, Policies, PolicyError, Refused, Request};

/// The fixed schema of the repository's own policies.
pub(crate) const SCHEMA: &str = include_str!("../../../policies/membrane.cedarschema");

const CLASSES: [&str; 7] =
    ["business", "geo", "pii", "pii.birth_date", "pii.identifier", "pii.name", "pii.phone"];
const PURPOSES: [&str; 2] = ["marketing", "service"];

/// A dataset of visits, whose rows are kept for three years and for marketing for one.
pub(crate) const VISITS: Contract<'_> = (
    "kept_visits",
    Some("member_no"),
    &["member_no string pii.identifier token required", "at timestamp business clear"],
);

/// A dataset as `name`, subject or nothing, and a line per column: name, type, class, protection, and
/// perhaps the words `required`, `values=A,B` (the only values), `consent=PURPOSE` and `attribute=NAME`.
pub(crate) type Contract<'a> = (&'a str, Option<&'a str>, &'a [&'a str]);

/// Members and stores: one dataset with a subject and one without.
pub(crate) const MEMBERS: [Contract<'_>; 2] = [
    (
        "members",
        Some("member_no"),
        &[
            "member_no string pii.identifier sealed+token required",
            "name string pii.name sealed",
            "phone string pii.phone sealed+token",
            "device string pii.identifier token",
            "born date pii.birth_date sealed",
            "born_month date pii.birth_date generalise(month)",
            "note string business drop",
            "region string geo clear required",
            "city string geo clear",
            "points integer business clear required",
            "visits integer business clear",
            "consent boolean business clear required",
            "premium boolean business clear",
            "joined date business clear",
        ],
    ),
    ("stores", None, &["store_id string business clear required", "region string geo clear required"]),
];

/// Ana of the group `marketing`, Acme the partner, Olga of compliance, Omar the operator.
pub(crate) const PEOPLE: &str = r#"[
  { "uid": { "type": "Group", "id": "marketing" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Group", "id": "other" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Analyst", "id": "ana" },
    "attrs": { "regions": ["SH", "BJ"], "clearance": 1 },
    "parents": [{ "type": "Group", "id": "marketing" }] },
  { "uid": { "type": "Partner", "id": "acme" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Compliance", "id": "olga" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Operator", "id": "omar" }, "attrs": {}, "parents": [] }
]"#;

/// The same, and Bea, an analyst of the group `other`, and Cho, one of none.
pub(crate) const PAIR: &str = r#"[
  { "uid": { "type": "Group", "id": "marketing" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Group", "id": "other" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Analyst", "id": "ana" },
    "attrs": { "regions": ["SH", "BJ"], "clearance": 1 },
    "parents": [{ "type": "Group", "id": "marketing" }] },
  { "uid": { "type": "Analyst", "id": "bea" },
    "attrs": { "regions": ["SH", "GD"], "clearance": 2 },
    "parents": [{ "type": "Group", "id": "other" }] },
  { "uid": { "type": "Analyst", "id": "cho" }, "attrs": { "regions": [], "clearance": 1 }, "parents": [] },
  { "uid": { "type": "Partner", "id": "acme" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Partner", "id": "bolt" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Compliance", "id": "olga" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Operator", "id": "omar" }, "attrs": {}, "parents": [] }
]"#;

/// Builds a catalog.
pub(crate) fn catalog(contracts: &[Contract<'_>]) -> Catalog {
    let dir = TempDir::new().unwrap();
    let list = |key: &str, names: &[&str]| {
        let entries: String =
            names.iter().map(|name| format!("  - {{ name: {name}, description: x }}\n")).collect();
        format!("{key}:\n{entries}")
    };
    fs::write(dir.path().join("classes.yaml"), list("classes", &CLASSES)).unwrap();
    fs::write(dir.path().join("purposes.yaml"), list("purposes", &PURPOSES)).unwrap();
    fs::create_dir(dir.path().join("contracts")).unwrap();
    for (name, subject, columns) in contracts {
        let text = contract(name, *subject, columns);
        fs::write(dir.path().join(format!("contracts/{name}.yaml")), text).unwrap();
    }
    Catalog::load(dir.path()).unwrap()
}

fn contract(name: &str, subject: Option<&str>, columns: &[&str]) -> String {
    let mut text = format!(
        "apiVersion: v3.0.2\nkind: DataContract\nid: {name}\nname: {name}\nversion: 1.0.0\nstatus: active\n\
         schema:\n  - name: {name}\n    physicalType: table\n"
    );
    if let Some(subject) = subject {
        writeln!(text, "    customProperties:\n      - {{ property: membrane.subject, value: {subject} }}")
            .unwrap();
    }
    if name == VISITS.0 {
        text.push_str(
            "      - { property: membrane.eventTime, value: at }\n      - { property: membrane.retention, \
             value: [{ keep: 3 y }, { keep: 1 y, purpose: marketing }] }\n",
        );
    }
    text.push_str("    properties:\n");
    for column in columns {
        let mut words = column.split(' ');
        let mut word = || words.next().unwrap();
        let (column, logical, class, protection) = (word(), word(), word(), word());
        let (logical, physical) = match logical {
            "timestamp" => ("date", logical),
            decimal if decimal.starts_with("decimal") => ("number", logical),
            other => (other, "any"),
        };
        writeln!(
            text,
            "      - name: {column}\n        logicalType: {logical}\n        physicalType: {physical}\n        \
             classification: {class}"
        )
        .unwrap();
        let mut settings =
            format!("          - {{ property: membrane.protection, value: \"{protection}\" }}\n");
        for word in words {
            match word.split_once('=') {
                None => text.push_str("        required: true\n"),
                Some(("values", values)) => {
                    writeln!(settings, "          - {{ property: membrane.enumeration, value: [{values}] }}")
                        .unwrap();
                }
                Some(("consent", purpose)) => {
                    writeln!(settings, "          - {{ property: membrane.consentFor, value: [{purpose}] }}")
                        .unwrap();
                }
                Some((_, name)) => {
                    writeln!(settings, "          - {{ property: membrane.attribute, value: {name} }}")
                        .unwrap();
                }
            }
        }
        text.push_str("        customProperties:\n");
        text.push_str(&settings);
        if subject == Some(column) {
            writeln!(text, "          - {{ property: membrane.identity, value: {column} }}").unwrap();
        }
    }
    text
}

/// Writes a policy folder with one file of policies.
pub(crate) fn folder(schema: &str, people: &str, policies: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("membrane.cedarschema", schema);
    write("principals.json", people);
    write("test.cedar", policies);
    dir
}

/// Loads policies for a catalog.
pub(crate) fn load(catalog: &Catalog, policies: &str) -> Result<Policies, PolicyError> {
    Policies::load(folder(SCHEMA, PEOPLE, policies).path(), catalog)
}

/// Loads policies and the cards of one file, `cards/test.yaml`, for a catalog.
pub(crate) fn load_cards(catalog: &Catalog, policies: &str, cards: &str) -> Result<Policies, PolicyError> {
    let folder = folder(SCHEMA, PEOPLE, policies);
    fs::create_dir(folder.path().join("cards")).unwrap();
    fs::write(folder.path().join("cards/test.yaml"), cards).unwrap();
    Policies::load(folder.path(), catalog)
}

/// The faults of a file of cards, each as `LINE:COLUMN: message`.
pub(crate) fn told<'f>(faults: impl IntoIterator<Item = &'f Fault>) -> Vec<String> {
    faults.into_iter().map(|fault| format!("{}:{}: {}", fault.line, fault.column, fault.message)).collect()
}

/// A catalog with its policies.
pub(crate) struct Hub {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) policies: Arc<Policies>,
}

impl Hub {
    /// The members and stores under the given policies.
    pub(crate) fn new(policies: &str) -> Self {
        Self::of(&MEMBERS, policies)
    }

    /// The members and stores under the given policies, with these principals.
    pub(crate) fn with_people(policies: &str, people: &str) -> Self {
        let catalog = catalog(&MEMBERS);
        let policies = Policies::load(folder(SCHEMA, people, policies).path(), &catalog);
        let policies = policies.unwrap_or_else(|error| panic!("{error}"));
        Self { catalog: Arc::new(catalog), policies: Arc::new(policies) }
    }

    /// Datasets under the given policies.
    pub(crate) fn of(contracts: &[Contract<'_>], policies: &str) -> Self {
        let catalog = catalog(contracts);
        let policies = load(&catalog, policies).unwrap_or_else(|error| panic!("{error}"));
        Self { catalog: Arc::new(catalog), policies: Arc::new(policies) }
    }

    /// The repository's own catalog and policies, or an example's.
    pub(crate) fn repository(below: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(below);
        let catalog = Catalog::load(&root.join("catalog")).unwrap_or_else(|error| panic!("{error}"));
        let policies = Policies::load(&root.join("policies"), &catalog);
        let policies = policies.unwrap_or_else(|error| panic!("{error}"));
        Self { catalog: Arc::new(catalog), policies: Arc::new(policies) }
    }

    pub(crate) fn judge(&self, request: &Request) -> Judgement {
        judge(&self.policies, &self.catalog, request)
    }

    /// Asks for one dataset.
    pub(crate) fn ask(
        &self,
        who: &str,
        action: Action,
        purpose: &str,
        dataset: &str,
    ) -> Result<GrantedDataset, Refused> {
        self.judge(&request(who, action, purpose, &[dataset])).verdict.map(|mut granted| granted.remove(0))
    }
}

/// An authorizer, and the ledger that its decisions go to.
pub(crate) struct Recorded {
    pub(crate) authorizer: Authorizer,
    pub(crate) ledger: Ledger,
    _dir: TempDir,
}

impl Recorded {
    /// The members and stores under the given policies.
    pub(crate) async fn new(policies: &str) -> Self {
        Self::with_people(policies, PEOPLE).await
    }

    /// The members and stores under the given policies, with these principals.
    pub(crate) async fn with_people(policies: &str, people: &str) -> Self {
        let hub = Hub::with_people(policies, people);
        let dir = TempDir::new().unwrap();
        let ledger = Ledger::connect(&format!("sqlite://{}/ledger.db", dir.path().display())).await.unwrap();
        Self { authorizer: Authorizer::new(hub.policies, hub.catalog), ledger, _dir: dir }
    }

    /// Opens a run.
    pub(crate) async fn run(&self, who: &PrincipalId, action: Action, purpose: Option<&Purpose>) -> OpenRun {
        let run = NewRun {
            entrance: membrane_ledger::Entrance::default(),
            channel: Channel::Cli,
            principal: who.clone(),
            on_behalf_of: None,
            action,
            purpose: purpose.cloned(),
            job: "test".to_owned(),
            statement: None,
            started: noon(),
        };
        self.ledger.open_run(run).await.unwrap()
    }
}

/// A request at noon; an empty purpose is none.
pub(crate) fn request(who: &str, action: Action, purpose: &str, datasets: &[&str]) -> Request {
    Request {
        principal: who.parse::<PrincipalId>().unwrap(),
        action,
        purpose: (!purpose.is_empty()).then(|| purpose.parse::<Purpose>().unwrap()),
        datasets: datasets.iter().map(|name| name.parse::<DatasetName>().unwrap()).collect(),
        lookups: Vec::new(),
        lists: false,
        lookups_per_hour: 10,
        broken: Vec::new(),
        acting: None,
        now: noon(),
    }
}

/// The moment of every request in tests.
pub(crate) fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}
