use membrane_lake::LakeError;
use membrane_ledger::{RunFilter, RunStatus};
use membrane_model::{Action, Limits};
use membrane_query::{QueryError, RecordFacts, RecordParts, Statement};

use super::{CatalogRequest, gather, show_catalog, show_dataset, words};
use crate::flow::run::{ActiveRun, RunHead};
use crate::flow::tests::STORES;
use crate::testing::world;

#[test]
fn a_search_is_words_in_small_letters() {
    assert_eq!(words("  Phone  会员 ").expect("words"), ["phone", "会员"]);
    for wrong in ["", "   ", &"a ".repeat(17), &"a".repeat(257)] {
        assert_eq!(words(wrong).expect_err("wrong").code(), "bad_request", "{wrong}");
    }
}

/// What counts all rows, and rows of the record, take a permit to audit: one to read gives neither, whoever has it and whatever it lists.
#[tokio::test(flavor = "multi_thread")]
async fn no_permit_but_one_to_audit_opens_the_record() {
    let world = world(|_| ()).await;
    world.bring_in(STORES).await.expect("stores");
    let hub = &world.hub;
    let stores = "dim_stores".parse().expect("dataset");
    let limits = Limits::default();
    for (who, action, may) in [
        ("analyst:ana", Action::Read, false),
        ("compliance:olga", Action::Read, false),
        ("compliance:olga", Action::Audit, true),
        ("operator:omar", Action::Audit, true),
    ] {
        let ctx = world.ctx(who);
        let purpose = Some("marketing_analysis".parse().expect("purpose"));
        let head = RunHead { action, purpose, job: "test".to_owned(), statement: None };
        let mut run = ActiveRun::open(&ctx, hub, head).await.expect("run");
        let permit =
            if action == Action::Read { run.listing(hub).await } else { run.permit(hub, Vec::new()).await };
        let permit = permit.expect("permit");
        let footprint = hub.lake().footprint(&permit, &stores).await;
        assert_eq!(footprint.as_ref().is_ok_and(|found| found.is_some_and(|one| one.rows == Some(2))), may);
        assert_eq!(matches!(footprint, Err(LakeError::NotPermitted { .. })), !may, "{who}");
        let sql = "SELECT count(*) AS n FROM system.runs";
        let statement = Statement::parse_for_record(sql, &limits).expect("statement");
        let parts = || RecordParts { catalog: hub.catalog().clone(), facts: RecordFacts::default() };
        let looked = hub.engine().look(&permit, &statement, parts()).await;
        assert_eq!(looked.is_ok(), may, "{who}");
        // Nor is it there for a permit to read that comes to it by another way.
        assert!(hub.engine().query(&permit, &statement).await.is_err(), "{who}");
        let data = Statement::parse_for_record("SELECT name FROM dim_stores", &limits).expect("statement");
        let refused = hub.engine().look(&permit, &data, parts()).await.err();
        let is_refused = matches!(refused, Some(QueryError::Unsupported { .. } | QueryError::NotPermitted));
        assert!(is_refused, "{who}: {refused:?}");
        if may {
            let facts = gather(hub, &permit, ctx.now()).await.expect("facts");
            let of_stores = facts.iter().find(|facts| facts.name == stores);
            assert_eq!(of_stores.and_then(|facts| facts.rows), Some(2));
        }
        run.complete().await.expect("closed");
    }
}

/// No record, no act: who is refused, and who looks, is there.
#[tokio::test(flavor = "multi_thread")]
async fn looking_is_on_record_and_says_nothing_that_was_typed() {
    let world = world(|_| ()).await;
    let search = |text: &str| CatalogRequest { search: Some(text.to_owned()), purpose: None };
    let olga = world.ctx("compliance:olga");
    show_catalog(&olga, &world.hub, search("13800138001")).await.expect("found");
    let typed = "m13800138001".parse().expect("a name");
    show_dataset(&olga, &world.hub, &typed, None).await.expect_err("no such dataset");
    show_catalog(&world.ctx("analyst:ana"), &world.hub, search("phone")).await.expect_err("no purpose");
    let filter = RunFilter { principal: None, dataset: None, limit: 9 };
    let runs = world.hub.ledger().runs(filter).await.expect("runs");
    let told: Vec<_> = runs.iter().map(|run| (run.job.as_str(), run.status)).collect();
    assert_eq!(told.len(), 3);
    assert!(
        told.iter().all(|(job, status)| !job.contains("138001") && *status != RunStatus::Open),
        "{told:?}"
    );
    assert!(runs.iter().all(|run| !run.decisions.is_empty()), "{runs:?}");
}
