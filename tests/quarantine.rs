//! What was set aside, by the doors that operators and analysts have: counted, shown to few, taken in again after a fix.

use membrane::Hub;
use membrane::flow::{self, QualityRequest};
use membrane_ingest::{AsideFilter, Silent};
use membrane_model::{DatasetName, FixedClock};

use crate::policy::copy;
use crate::program::Program;
use crate::world::{CANARIES, World, canary_deliveries, configuration, files_with, repository};

fn dataset(name: &str) -> DatasetName {
    name.parse().unwrap()
}

const FILTER: AsideFilter = AsideFilter { run: None, rows_max: 100 };

async fn counts(world: &World, hub: &Hub, name: &str) -> Vec<String> {
    let (_, counts) =
        flow::count_quarantine(&world.ctx("service:ingestor"), hub, &dataset(name)).await.unwrap();
    counts.into_iter().map(|count| format!("{} {}", count.reasons, count.rows)).collect()
}

/// Opens the hub of a world once more, with a contract in which something was replaced.
async fn with_contract(world: &World, name: &str, from: &str, to: &str) -> Hub {
    let catalog = tempfile::tempdir().unwrap().keep();
    copy(&repository().join("catalog"), &catalog);
    let path = catalog.join(format!("contracts/{name}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(&path, text.replace(from, to)).unwrap();
    let mut config = configuration(world.dir.path());
    config.catalog.dir = catalog.display().to_string();
    Hub::open(&config, std::sync::Arc::new(FixedClock(world.hub.clock().now()))).await.unwrap()
}

const STORES: &str = "store_id,name,city,region,opened_on
S101,North,Shanghai,SH,2020-01-02
S102,South,Wuhan,HU,2020-01-03
S103,East,Wuhan,HU,soon
S101,North,Shanghai,SH,2020-01-02
";

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_contract_takes_rows_in_again() {
    let world = World::empty().await;
    let path = world.write("stores.csv", STORES);
    world.ingest("dim_stores", &path).await.unwrap();
    let all = [
        "duplicate:store_id,duplicate:store_id 1",
        "not_in_enumeration:region 1",
        "not_in_enumeration:region,wrong_type:opened_on 1",
    ];
    let before = counts(&world, &world.hub, "dim_stores").await;
    assert_eq!(before.len(), all.len(), "{before:?}");
    let hub = with_contract(
        &world,
        "dim_stores",
        "[SH, BJ, GD, ZJ, JS, SC, HB, SN]",
        "[SH, BJ, GD, ZJ, JS, SC, HB, SN, HU]",
    )
    .await;
    let ctx = world.ctx("service:ingestor");
    let (_, report) =
        flow::replay_quarantine(&ctx, &hub, (&dataset("dim_stores"), None), &Silent).await.unwrap();
    assert_eq!(
        (report.rows_tried, report.rows_accepted, report.rows_refused, report.rows_left),
        (2, 1, 1, 1)
    );
    assert_eq!(world.count("analyst:lee", "SELECT count(*) FROM dim_stores").await, 2);
    let after = counts(&world, &hub, "dim_stores").await;
    assert_eq!(after.len(), 2, "{after:?}");
    let (_, again) =
        flow::replay_quarantine(&ctx, &hub, (&dataset("dim_stores"), None), &Silent).await.unwrap();
    assert_eq!((again.rows_accepted, again.rows_refused), (0, 1));

    // The day's quality has both.
    let request = QualityRequest { dataset: None, days: 1, objective: None };
    let (_, quality) = flow::quality(&world.ctx("compliance:olga"), &hub, request.clone()).await.unwrap();
    let [(day, broken)] = quality.days.as_slice() else { panic!("{quality:?}") };
    assert_eq!(broken, &[flow::Promise::ErrorRate]);
    assert_eq!((day.deliveries, day.rows_in, day.rows_accepted, day.rows_quarantined), (2, 5, 2, 3));
    assert!(!day.meets_objective);
    // Analysts do not audit.
    let refused = flow::quality(&world.ctx("analyst:lee"), &hub, request).await.unwrap_err();
    assert_eq!(refused.error.code(), "not_permitted");
}

/// In a bad row anything may stand anywhere: its values are for whoever may see all of them, and for nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_shown_to_whoever_may_see_everything() {
    let world = World::empty().await;
    world.ingest("dim_stores", &world.write("stores.csv", STORES)).await.unwrap();
    let (_, text, _) =
        canary_deliveries().into_iter().find(|(dataset, ..)| *dataset == "crm_members").unwrap();
    let members = world.write("members.csv", &text);
    world.ingest("crm_members", &members).await.unwrap();
    std::fs::remove_file(members).unwrap();
    let show = async |principal: &str, name: &str, purpose: Option<&str>| {
        let purpose = purpose.map(|purpose| purpose.parse().unwrap());
        let shown =
            flow::show_quarantine(&world.ctx(principal), &world.hub, (&dataset(name), purpose), FILTER).await;
        shown.map(|(_, shown)| shown).map_err(|failure| failure.error.code())
    };
    let stores = show("analyst:lee", "dim_stores", Some("marketing_analysis")).await.unwrap();
    assert!(stores.opened && stores.rows.iter().all(|row| row.row.as_ref().unwrap().contains("store_id")));
    for (principal, purpose) in [("analyst:lee", "marketing_analysis"), ("analyst:kim", "customer_service")] {
        let shown = show(principal, "crm_members", Some(purpose)).await.unwrap();
        // How many rows are bad, and why, tells of rows that policy hides.
        assert!(!shown.opened && shown.rows.is_empty(), "{principal}");
    }
    let own = show("service:ingestor", "crm_members", None).await.unwrap();
    assert_eq!((own.opened, own.rows.len()), (false, 2));
    assert_eq!(show("partner:acme", "crm_members", None).await.unwrap_err(), "not_permitted");
    assert!(show("partner:acme", "crm_members", Some("partner_reporting")).await.is_err());
    for canary in CANARIES {
        assert_eq!(files_with(world.dir.path(), canary), Vec::<std::path::PathBuf>::new(), "{canary}");
    }
}

#[test]
fn the_command_line_counts_shows_and_replays() {
    let program = Program::new();
    std::fs::write(program.path("stores.csv"), STORES).unwrap();
    program.ok(&["ingest", "dim_stores", "stores.csv"]);
    assert!(program.ok(&["quarantine", "list", "dim_stores"]).contains("not_in_enumeration:region"));
    let sealed = program.ok(&["quarantine", "show", "dim_stores"]);
    assert!(sealed.contains("(sealed)") && !sealed.contains("Wuhan"), "{sealed}");
    let opened = program.ok(&[
        "quarantine",
        "show",
        "dim_stores",
        "--as",
        "analyst:lee",
        "--purpose",
        "marketing_analysis",
        "--json",
    ]);
    assert!(opened.contains("Wuhan"), "{opened}");
    let replayed = program.ok(&["quarantine", "replay", "dim_stores"]);
    assert!(replayed.contains("0 of 2 rows taken in, 2 still break the contract, 1 not tried"), "{replayed}");
    let quality = program.ok(&["quality"]);
    assert!(quality.contains("25.00 % below"), "{quality}");
    assert_eq!(program.run(&["quality", "--check"]).status.code(), Some(1));
    assert_eq!(program.run(&["quality", "--check", "--objective", "0.2"]).status.code(), Some(0));
    assert_eq!(program.run(&["quality", "--days", "0"]).status.code(), Some(1));
}
