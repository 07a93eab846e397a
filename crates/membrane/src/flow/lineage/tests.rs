//! What is told of a hub in which something was brought in, asked and released.

use futures::TryStreamExt as _;

use super::{Subject, TraceRequest, What, trace_lineage};
use crate::flow::tests::{LINES, STORES};
use crate::flow::{ReleaseRequest, release};
use crate::lineage::Direction;
use crate::testing::{World, world};

async fn ask(world: &World, sql: &str) {
    let answer = world.ask("analyst:ana", sql).await.expect("answer");
    answer.batches.try_collect::<Vec<_>>().await.expect("batches");
}

/// The places that are told, each as a line.
async fn traced(world: &World, of: &str, direction: Direction, depth_max: u32) -> Vec<String> {
    let of: Subject = of.parse().expect("subject");
    let request = TraceRequest { of, direction, depth_max, places_max: 100 };
    let found = trace_lineage(&world.ctx("compliance:olga"), &world.hub, request).await.expect("found");
    assert!(!found.is_cut);
    let told = |place: &super::Place| {
        let name = match &place.what {
            What::Column { dataset, column } => format!("{dataset}.{column}"),
            What::Delivered { name, field } => format!("{name}.{field}"),
            What::Tag { name } => format!("tag {name}"),
            What::Answers { made_by, .. } => format!("{} by {}", made_by.job, made_by.principal),
            What::Standing { name, .. } => format!("standing {name}"),
        };
        let value = place.value.or(place.influence).map_or("-", crate::lineage::Reach::as_str);
        format!("{} {name} {} {value} {}", place.distance, place.how.as_str(), place.evidence.runs)
    };
    found.places.iter().map(told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_of_a_column_is_told_by_job_and_not_by_run() {
    let world = world(|_| ()).await;
    world.bring_in(STORES).await.expect("stores");
    world.deliver("pos_order_lines", LINES).await.expect("lines");
    for store in ["S001", "S002", "S001"] {
        let sql = format!("SELECT amount, member_no FROM pos_order_lines WHERE store_id = '{store}'");
        ask(&world, &sql).await;
    }
    let sql = "SELECT category, SUM(amount) AS s FROM pos_order_lines GROUP BY category";
    let request = ReleaseRequest {
        sql: sql.into(),
        bounds: [("amount".parse().expect("column"), (0.0, 100.0))].into(),
        ..ReleaseRequest::default()
    };
    release(&world.ctx("partner:acme"), &world.hub, request).await.expect("release");
    let down = traced(&world, "pos_order_lines.amount", Direction::Down, 9).await;
    assert_eq!(
        down,
        ["1 query by analyst:ana IDENTITY clear 3", "1 release by partner:acme AGGREGATION noise 1"]
    );
    let of_things = traced(&world, "dim_stores.store_id", Direction::Down, 9).await;
    assert_eq!(of_things, Vec::<String>::new(), "nobody asked about stores");
    let influence = traced(&world, "pos_order_lines.store_id", Direction::Down, 9).await;
    assert_eq!(influence, ["1 query by analyst:ana FILTER clear 3"]);
    let up = traced(&world, "partner:acme", Direction::Up, 9).await;
    assert_eq!(
        up,
        [
            "1 pos_order_lines.amount AGGREGATION noise 1",
            "1 pos_order_lines.category IDENTITY clear 1",
            "2 csv delivery.amount AGGREGATION noise 1",
            "2 csv delivery.category IDENTITY clear 1",
        ]
    );
    assert_eq!(traced(&world, "partner:acme", Direction::Up, 1).await.len(), 2);
    assert_eq!(traced(&world, "partner:bolt", Direction::Up, 9).await, Vec::<String>::new());
    // A run that is made later is in the next answer.
    ask(&world, "SELECT MAX(amount) AS most FROM pos_order_lines").await;
    assert_eq!(traced(&world, "pos_order_lines.amount", Direction::Down, 9).await.len(), 3);
}

#[test]
fn what_may_be_asked_of_is_told_apart() {
    let told = |text: &str| text.parse::<Subject>().map(|subject| (subject.to_string(), subject));
    assert!(
        matches!(told("crm_members.phone"), Ok((text, Subject::Column(..))) if text == "crm_members.phone")
    );
    assert!(matches!(told("partner:acme"), Ok((text, Subject::Principal(_))) if text == "partner:acme"));
    assert!(matches!(told("release:monthly"), Ok((text, Subject::Release(_))) if text == "release:monthly"));
    let run = "01a22c56-dea7-7560-9c9b-2277f5124f32";
    assert!(matches!(told(run), Ok((text, Subject::Run(_))) if text == run));
    for wrong in ["", "crm_members", "a.b.c d", "nobody:x", "release:No Such", "13800138001"] {
        assert!(told(wrong).is_err(), "{wrong}");
    }
}
