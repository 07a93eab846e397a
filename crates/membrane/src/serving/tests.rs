use std::fs;
use std::path::{Path, PathBuf};

use membrane_ledger::{DocumentKind, Ledger, NewDocument};
use membrane_model::Action;
use membrane_policy::publication::Meant;

use super::*;
use crate::config::{Config, Serve};
use crate::ctx::Channel;
use crate::error::Error;
use crate::flow::{self, PublishRequest, QueryRequest};
use crate::open::OpenError;
use crate::testing::{World, clock, world};

/// A hub, and a folder of policies that can be changed.
struct Bench {
    world: World,
    policies: PathBuf,
}

async fn bench() -> Bench {
    let world = world(|_| {}).await;
    let policies = Path::new(&world.config.keys.file).with_file_name("policies");
    copy(Path::new(&world.config.policies.dir), &policies);
    Bench { world, policies }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

impl Bench {
    fn published(&self) -> Config {
        let mut config = self.world.config.clone();
        config.policies.serve = Serve::Published;
        config
    }

    async fn publish(&self, hub: &Hub, by: &str) -> Result<flow::Publication, crate::error::Failure> {
        let request = PublishRequest {
            catalog: PathBuf::from(&self.world.config.catalog.dir),
            policies: self.policies.clone(),
            solver: "cvc5".to_owned(),
            meant: Meant::default(),
        };
        flow::publish(&hub.ctx(by.parse().unwrap(), Channel::Cli), hub, &request).await
    }

    fn change(&self, file: &str, from: &str, to: &str) {
        let path = self.policies.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        fs::write(path, text.replace(from, to)).unwrap();
    }
}

async fn may_ask(hub: &Hub) -> bool {
    let request = QueryRequest {
        sql: "SELECT count(*) FROM dim_stores".to_owned(),
        purpose: Some("marketing_analysis".parse().unwrap()),
        on_behalf_of: None,
        parameters: Vec::new(),
    };
    let ctx = hub.ctx("analyst:lee".parse().unwrap(), Channel::Cli);
    flow::query(&ctx, hub, request).await.is_ok()
}

/// Published, changed, published again: what is served changes under the hub, and whoever began with the old version keeps it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_served_and_nothing_else() {
    let bench = bench().await;
    let refused = Hub::open(&bench.published(), clock()).await;
    assert!(matches!(refused, Err(OpenError::Unpublished)), "{refused:?}");

    let first = bench.publish(&bench.world.hub, "operator:omar").await.unwrap();
    assert!(first.new && first.record.number == 1 && first.record.previous.is_none());
    // A hub that did not see it does not publish over it.
    let unseen = bench.publish(&bench.world.hub, "operator:omar").await.unwrap_err();
    assert!(matches!(unseen.error, Error::InTheWay), "{:?}", unseen.error);
    let seen = Hub::open_to_publish(&bench.world.config, clock()).await.unwrap();
    let again = bench.publish(&seen, "operator:omar").await.unwrap();
    assert!(!again.new && again.record == first.record);

    let hub = Arc::new(Hub::open(&bench.published(), clock()).await.unwrap());
    assert_eq!((hub.publication(), hub.policies().version()), (Some(1), first.record.version.as_str()));
    let serving = Serving::new(Arc::clone(&hub));
    assert!(!serving.renew().await.unwrap());
    assert!(may_ask(&serving.hub()).await);

    // The folder alone changes nothing.
    bench.change("cards/insight.yaml", "  - id: insight.read\n", "  - id: insight.used\n");
    assert!(!serving.renew().await.unwrap());
    let second = bench.publish(&serving.hub(), "operator:omar").await.unwrap();
    assert_eq!(second.record.number, 2);
    assert!(serving.renew().await.unwrap());
    assert_ne!(serving.hub().policies().version(), hub.policies().version());
    assert_eq!(hub.policies().version(), first.record.version);
    assert!(may_ask(&hub).await && may_ask(&serving.hub()).await);

    let ctx = hub.ctx("compliance:olga".parse().unwrap(), Channel::Cli);
    let history = flow::history(&ctx, &hub, Some(1)).await.unwrap();
    assert_eq!(history.lines.len(), 2);
    let bundle = history.lines[0].files.as_ref().unwrap();
    assert!(bundle.files().iter().any(|file| file.text.contains("insight.read")));
    membrane_vault::verify_signature(
        &history.public_key,
        &history.lines[1].signed,
        &history.lines[1].signature,
    )
    .unwrap();
    hub.ledger().verify_log().await.unwrap();

    // A claim that says something else under its name is told.
    bench.change("claims/marketing-needs-consent.cedar", "Group::\"marketing\"", "Group::\"service\"");
    let told = bench.publish(&serving.hub(), "operator:omar").await.unwrap_err();
    assert!(told.error.to_string().contains("`--changed-claim marketing-needs-consent`"), "{}", told.error);

    // A claim that is gone is told, unless it is meant.
    fs::remove_file(bench.policies.join("claims/the-service-desk-looks-up.cedar")).unwrap();
    let told = bench.publish(&serving.hub(), "operator:omar").await.unwrap_err();
    assert!(told.error.to_string().contains("claim `the-service-desk-looks-up`"), "{}", told.error);
}

/// Whoever may not administer by the policies that are served does not publish, whatever the new ones say.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_fit_is_not_published() {
    let bench = bench().await;
    let refused = bench.publish(&bench.world.hub, "analyst:ana").await.unwrap_err();
    assert!(matches!(refused.error, Error::Refused(_)), "{:?}", refused.error);

    let unfit = |failure: crate::error::Failure| match failure.error {
        Error::Unfit(reasons) => reasons.join("\n"),
        other => panic!("{other:?}"),
    };
    // A case, the matrix and a claim, all at once.
    bench.change(
        "floor.cedar",
        "resource in Class::\"pii\")\nunless",
        "resource in Class::\"pii.name\")\nunless",
    );
    fs::write(
        bench.policies.join("more.cedar"),
        "@id(\"more\")\npermit (principal is Analyst, action == Action::\"readClear\", resource in Class::\"pii.phone\");\n",
    )
    .unwrap();
    let told = unfit(bench.publish(&bench.world.hub, "operator:omar").await.unwrap_err());
    for word in [
        "case `",
        "who sees what is not as `matrix.txt` says",
        "claim `identifiers-are-never-in-clear`",
        "more",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    fs::write(bench.policies.join("more.cedar"), "permit (").unwrap();
    let told = unfit(bench.publish(&bench.world.hub, "operator:omar").await.unwrap_err());
    assert!(told.contains("more.cedar:1"), "{told}");
    assert_eq!(bench.world.hub.last_publication().await.unwrap(), 0);
}

/// What somebody wrote into the ledger without the key is not served; what was served before is.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_signed_is_not_served() {
    let bench = bench().await;
    let first = bench.publish(&bench.world.hub, "operator:omar").await.unwrap();
    let hub = Arc::new(Hub::open(&bench.published(), clock()).await.unwrap());
    let serving = Serving::new(Arc::clone(&hub));
    let body = first.record.text().unwrap().replace("\"number\":1", "\"number\":2");
    forge(hub.ledger(), body).await;
    let error = serving.renew().await.unwrap_err();
    assert!(error.to_string().contains("publication 2 was not signed by this hub"), "{error}");
    assert!(Arc::ptr_eq(&serving.hub(), &hub));
    // It is told once.
    assert!(!serving.renew().await.unwrap());
    let opened = Hub::open(&bench.published(), clock()).await;
    assert!(matches!(opened, Err(OpenError::Published(_))), "{opened:?}");
}

async fn forge(ledger: &Ledger, body: String) {
    let run = membrane_ledger::NewRun {
        entrance: membrane_ledger::Entrance::default(),
        principal: "operator:omar".parse().unwrap(),
        on_behalf_of: None,
        channel: Channel::Cli,
        action: Action::Administer,
        purpose: None,
        job: "forged".to_owned(),
        statement: None,
        started: crate::testing::now(),
    };
    let mut run = ledger.open_run(run).await.unwrap();
    let kind = DocumentKind::Publication;
    let document = NewDocument { kind, number: 2, body, signature: "00".repeat(64), files: Vec::new() };
    run.add_document(&document).await.unwrap();
}
