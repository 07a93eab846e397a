//! Bounds that a pilot chooses, through the flow that serves partners: paid for once, used again, and never in the way of a
//! stored answer.

use membrane::error::Failure;
use membrane::flow::{self, ReleaseRequest, Released};

use crate::world::World;

const BY_REGION: &str =
    "SELECT region, COUNT(*) AS lines, SUM(amount) AS sales FROM pos_order_lines GROUP BY region";

fn ask(sql: &str) -> ReleaseRequest {
    ReleaseRequest {
        sql: sql.to_owned(),
        epsilon: Some(0.9),
        choose_bounds: true,
        ..ReleaseRequest::default()
    }
}

async fn release(world: &World, request: ReleaseRequest) -> Result<Released, Failure> {
    flow::release(&world.ctx("partner:acme"), &world.hub, request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pilot_is_paid_for_once_and_serves_again() {
    let (world, _) = World::populated(500).await;
    let told = release(&world, ReleaseRequest { dry_run: true, ..ask(BY_REGION) }).await.unwrap();
    assert!(told.mechanism.is_none() && told.pilot.as_ref().unwrap().is_own);
    assert!((told.epsilon - 0.9).abs() < 0.001, "{}", told.epsilon);
    assert_eq!(world.spent().await, 0, "a dry run costs nothing");

    let first = release(&world, ask(BY_REGION)).await.unwrap();
    let pilot = first.pilot.clone().unwrap();
    assert!(pilot.is_own && pilot.price.rho_nano * 9 < first.price.rho_nano);
    assert_eq!(first.charged, first.price, "pilot and release");
    assert!(first.price.rho_nano <= told.price.rho_nano && first.epsilon <= 0.9 + 1e-6);
    let mechanism = first.mechanism.clone().unwrap();
    assert!((1..=8).contains(&mechanism.groups_max), "{}", mechanism.groups_max);
    assert!(first.notes.iter().any(|note| note.contains("chosen by a pilot")));
    let paid = world.spent().await;

    // The same again is the stored answer, with the same bounds.
    let again = release(&world, ask(&BY_REGION.to_lowercase())).await.unwrap();
    assert_eq!((again.charged.rho_nano, again.replay_of), (0, Some(first.run)));
    assert_eq!(world.spent().await, paid);

    // Another question of the same form: its pilot was paid for.
    let sql = BY_REGION.replace(" GROUP", " WHERE quantity > 1 GROUP");
    let other = release(&world, ask(&sql)).await.unwrap();
    assert!(other.pilot.unwrap().is_own, "another condition is another form");
    let sql = BY_REGION.replace(" GROUP", " WHERE quantity > 2 GROUP");
    let other = release(&world, ask(&sql)).await.unwrap();
    assert!(!other.pilot.unwrap().is_own && other.charged == other.price);
    // Nobody else has a part in it.
    let globex = flow::release(&world.ctx("partner:globex"), &world.hub, ask(&sql)).await.unwrap();
    assert!(globex.pilot.unwrap().is_own);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pilot_that_stands_alone_is_not_paid_for_again() {
    let (world, _) = World::populated(300).await;
    // The pilot fits into the budget, and its release does not fit any more once another was paid.
    let request = ReleaseRequest { shares: within("lines", 0.000_1), ..ask(BY_REGION) };
    let missed = release(&world, request.clone()).await.unwrap_err();
    assert_eq!(missed.error.code(), "release_parameters");
    let paid = world.spent().await;
    assert!(paid > 0, "the pilot was paid for");
    let missed = release(&world, request.clone()).await.unwrap_err();
    assert_eq!((missed.error.code(), world.spent().await), ("release_parameters", paid));
    // What could be had is had for what the target needs.
    let sql = "SELECT region, COUNT(*) AS lines FROM pos_order_lines GROUP BY region";
    let met = ReleaseRequest { shares: within("lines", 0.9), ..ask(sql) };
    let met = release(&world, met).await.unwrap();
    assert!(met.price.rho_nano < 24_000_000 && met.epsilon < 0.9);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_to_show_is_refused_for_the_price_of_the_pilot() {
    let (world, _) = World::populated(200).await;
    let sql = "SELECT order_id, COUNT(*) AS lines FROM pos_order_lines GROUP BY order_id";
    let refused = release(&world, ask(sql)).await.unwrap_err();
    assert_eq!(refused.error.code(), "nothing_shown");
    let paid = world.spent().await;
    assert!(paid > 0 && paid < 6 * 3_000_000, "{paid}");
    let refused = release(&world, ask(sql)).await.unwrap_err();
    assert_eq!((refused.error.code(), world.spent().await), ("nothing_shown", paid));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_cannot_be_paid_for_pays_for_no_pilot() {
    let world = World::with(|config| {
        config.privacy.partner_rho = 0.01;
        config.privacy.release_rho_max = 0.024;
    })
    .await;
    world.populate(100).await;
    let refused = release(&world, ask(BY_REGION)).await.unwrap_err();
    assert_eq!((refused.error.code(), world.spent().await), ("over_budget", 0));
    let dear = release(&world, ReleaseRequest { epsilon: Some(2.0), ..ask(BY_REGION) }).await.unwrap_err();
    assert_eq!((dear.error.code(), world.spent().await), ("over_price", 0));
}

fn within(column: &str, share: f64) -> std::collections::BTreeMap<membrane_model::ColumnName, f64> {
    std::iter::once((column.parse().unwrap(), share)).collect()
}
