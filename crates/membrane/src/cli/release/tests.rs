use super::{ReleaseRequest, flow};
use crate::testing::world;

/// Nobody pays for noise: a dataset into which nothing was brought has a price, but no answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_of_nothing_is_refused_before_it_costs() {
    let world = world(|_| ()).await;
    let acme = world.ctx("partner:acme");
    let ask = |dry_run: bool| ReleaseRequest {
        sql: "SELECT category, COUNT(*) AS lines FROM pos_order_lines GROUP BY category".into(),
        dry_run,
        ..ReleaseRequest::default()
    };
    let priced = flow::release(&acme, &world.hub, ask(true)).await.expect("price");
    assert!(priced.price.rho_nano > 0 && priced.answer.is_none());
    let refused = flow::release(&acme, &world.hub, ask(false)).await.expect_err("nothing to release");
    assert_eq!(refused.error.code(), "no_data");
    let spent = world.hub.ledger().budget_lines(None).await.expect("budgets");
    assert!(spent.iter().all(|(_, spent)| spent.rho_nano == 0), "{spent:?}");
}
