use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use super::*;
use crate::testing::{World, world};

const ACME: &str = "partner:acme";

fn refill(ticket: u64) -> NewBudgetStep {
    let amount = NewAmount { of: Bounded::Month, dataset: None, rho: Some(0.0001), delta: None };
    NewBudgetStep {
        partner: ACME.parse().expect("partner"),
        step: NewStep::Refill(amount),
        reason: BudgetReason::Campaign,
        ticket: format!("OPS-{ticket}").parse().expect("ticket"),
    }
}

async fn in_month(world: &World) -> u64 {
    let held = Held::now(&world.ctx("operator:omar"), &world.hub).await.expect("steps");
    let slot = (Bounded::Month, None);
    held.of_slot(&ACME.parse().expect("partner"), slot).expect("a price").1.rho_nano
}

/// Takes a step and goes away after so many polls; tells whether it was heard of before.
async fn heard_of(world: &World, ticket: u64, polls: u64) -> bool {
    let ctx = world.ctx("operator:omar");
    let mut step = pin!(take_budget_step(&ctx, &world.hub, refill(ticket)));
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        step.as_mut().poll(context).map(|taken| taken.is_ok())
    })
    .await
}

/// Whoever takes a step goes away after one poll, after two, and so on, until it hears of the step; each asks again. How many
/// polls a step takes differs: so that is done several times over.
#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_at_any_moment_and_asks_again_refills_once() {
    const ROUNDS: u64 = 8;
    let world = world(|config| config.privacy.ceiling = 10).await;
    let (ctx, hub) = (world.ctx("operator:omar"), &world.hub);
    let (mut tries, mut already) = (0, 0);
    for _ in 0..ROUNDS {
        let (mut polls, mut heard) = (0, false);
        while !heard {
            (tries, polls) = (tries + 1, polls + 1);
            assert!(polls < 500, "a step takes fewer polls");
            heard = heard_of(&world, tries, polls).await;
            let again = take_budget_step(&ctx, hub, refill(tries)).await;
            let (_, settled) = again.expect("taken, or taken before");
            already += u64::from(settled.already);
            assert_eq!((settled.step.place, in_month(&world).await), (tries, 310_000_000 + 100_000 * tries));
        }
    }
    assert!(already > ROUNDS, "some were stored and not heard of: {already} of {tries}");
    let olga = world.ctx("compliance:olga");
    let (_, history) = budget_history(&olga, hub, None).await.expect("history");
    assert_eq!(u64::try_from(history.steps.len()).expect("few"), tries);
    assert!(hub.tasks().wait(std::time::Duration::from_secs(30)).await);
    hub.ledger().verify_log().await.expect("the log holds");
}

/// Many take steps at the same moment: all are taken, one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn steps_of_many_are_all_taken() {
    let world = world(|config| config.privacy.ceiling = 10).await;
    let (ctx, hub) = (world.ctx("operator:omar"), &world.hub);
    // Each twice: as whoever gave up too early, and asked again.
    let taking = (0..8_u64).map(|number| take_budget_step(&ctx, hub, refill(number / 2)));
    let taken = futures::future::join_all(taking).await;
    let already = taken.into_iter().map(|taken| taken.expect("taken").1.already);
    assert_eq!(already.filter(|already| *already).count(), 4);
    assert_eq!(in_month(&world).await, 310_000_000 + 4 * 100_000);
}
