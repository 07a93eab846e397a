//! Rows that refer to other datasets: those whose value is not there are set aside or counted, by the contract's rule, and nobody
//! learns more of the other dataset than who may bring it in knows.

use std::fs;
use std::path::Path;

use membrane::error::Failure;
use membrane::flow::{self, IngestRequest, Ingested};
use membrane_ingest::{Format, InputSource, Reading, Silent};
use membrane_model::DatasetName;

use crate::world::{World, files_with, repository};

const SHOPS: &str = "shop_id,district\nS1,10\nS2,20\nS3,\n";
const VISITS: &str =
    "visit_id,card,shop,district\nv1,C1,S1,10\nv2,C2,SECRET9,10\nv3,C3,,\nv4,C1,S2,77\nv5,C1,SECRET9,77\n";

async fn world() -> World {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("references");
    let policies = tempfile::tempdir().unwrap().keep();
    crate::policy::copy(&here.join("policies"), &policies);
    fs::copy(repository().join("policies/membrane.cedarschema"), policies.join("membrane.cedarschema"))
        .unwrap();
    World::with(|config| {
        config.catalog.dir = here.join("catalog").display().to_string();
        config.policies.dir = policies.display().to_string();
    })
    .await
}

async fn ingest(world: &World, who: &str, dataset: &str, text: &str) -> Result<Ingested, Failure> {
    let path = world.write(&format!("{dataset}-{}.csv", text.len()), text);
    let request = IngestRequest {
        dataset: dataset.parse().unwrap(),
        reader: InputSource::File(path.clone()),
        format: Format::Csv,
        reading: Reading::default(),
        source: None,
        control: None,
    };
    let done = flow::ingest(&world.ctx(who), &world.hub, request, &Silent).await;
    fs::remove_file(path).unwrap();
    done
}

fn visits() -> DatasetName {
    "visits".parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_what_is_not_there_are_set_aside_or_counted() {
    let world = world().await;
    // Before there are shops, none of these rows could be good.
    let refused = ingest(&world, "service:ingestor", "visits", VISITS).await.unwrap_err();
    assert_eq!(refused.error.code(), "no_dimension");
    assert!(refused.error.to_string().contains("column `shop` refers to `shops`"), "{}", refused.error);
    ingest(&world, "service:ingestor", "shops", SHOPS).await.unwrap();
    let done = ingest(&world, "service:ingestor", "visits", VISITS).await.unwrap();
    let report = &done.report;
    assert_eq!((report.rows_accepted, report.rows_quarantined), (3, 2), "{:?}", report.reasons);
    let reasons: Vec<(&str, u64)> =
        report.reasons.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    assert_eq!(reasons, [("not_in_dimension:shop", 2), ("orphan:district", 1)]);
    // What was looked at is on record, and no value of a bad row is anywhere in clear.
    let record = world.hub.ledger().run(&done.run).await.unwrap().unwrap();
    assert!(record.inputs.iter().any(|input| input.dataset.as_str() == "shops"), "{:?}", record.inputs);
    assert!(record.decisions.iter().any(|one| one.allowed && format!("{one:?}").contains("shops")));
    assert!(files_with(world.dir.path(), "SECRET9").is_empty());

    // Once the shop is there, the rows come in from the quarantine.
    ingest(&world, "service:ingestor", "shops", "shop_id,district\nSECRET9,77\n").await.unwrap();
    let ctx = world.ctx("service:ingestor");
    let (_, replayed) = flow::replay_quarantine(&ctx, &world.hub, (&visits(), None), &Silent).await.unwrap();
    assert_eq!((replayed.rows_tried, replayed.rows_accepted), (2, 2));
}

/// A row that is set aside is nobody's original, and one that is not taken in has no orphan that is counted.
#[tokio::test(flavor = "multi_thread")]
async fn orphans_are_set_aside_before_duplicates_and_counted_after() {
    let world = world().await;
    ingest(&world, "service:ingestor", "shops", SHOPS).await.unwrap();
    let text = "visit_id,card,shop,district\nv1,C1,S9,10\nv1,C1,S1,77\nv1,C1,S2,77\nv2,C2,S1,10\n";
    let done = ingest(&world, "service:ingestor", "visits", text).await.unwrap();
    let reasons: Vec<(&str, u64)> =
        done.report.reasons.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    assert_eq!(reasons, [("duplicate:visit_id", 1), ("not_in_dimension:shop", 1), ("orphan:district", 1)]);
    assert_eq!((done.report.rows_accepted, done.report.rows_quarantined), (2, 2));
}

/// Whether a shop is there is told to whoever may bring shops in, and to nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_bring_in_the_other_dataset_is_refused() {
    let world = world().await;
    ingest(&world, "service:shopkeeper", "shops", SHOPS).await.unwrap();
    for service in ["service:tills", "service:shopkeeper"] {
        let refused = ingest(&world, service, "visits", VISITS).await.unwrap_err();
        assert_eq!(refused.error.code(), "not_found", "{service}: {}", refused.error);
    }
    // Nothing was read: a third delivery is the first.
    assert_eq!(ingest(&world, "service:ingestor", "visits", VISITS).await.unwrap().report.rows_accepted, 3);
}
