use super::*;
use crate::delegations::Delegation;
use crate::flow::{self, NewDelegation};
use crate::testing::{World, world};

async fn make(world: &World, days: u32) {
    let new = NewDelegation {
        to: "analyst:chen".parse().expect("principal"),
        purposes: vec!["marketing_analysis".parse().expect("purpose")],
        datasets: vec!["crm_members".parse().expect("dataset")],
        days,
        ticket: "HR-12".parse().expect("ticket"),
    };
    flow::make_delegation(&world.ctx("analyst:ana"), &world.hub, new).await.expect("made");
}

/// What a hub at work has seen: so many steps of which the last is not the one that stands in the record now.
async fn other(world: &World, last: u64) -> Steps<Delegation> {
    let steps = Steps::new(world.hub.ledger().clone(), world.hub.signer().clone());
    *steps.known.lock().await = Known { last: (last, "another".to_owned()), all: Arc::default() };
    steps
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_in_the_place_of_another_is_altered_for_as_long_as_the_hub_works() {
    let world = world(|_| ()).await;
    make(&world, 1).await;
    let (replaced, taken) = (other(&world, 1).await, other(&world, 2).await);
    assert!(replaced.are_altered().await && taken.are_altered().await);
    // Another hub goes on: it fills the number that was freed, and the next.
    for days in [3, 5] {
        make(&world, days).await;
        assert!(replaced.are_altered().await && taken.are_altered().await, "{days}");
    }
    let fresh = Steps::<Delegation>::new(world.hub.ledger().clone(), world.hub.signer().clone());
    assert_eq!(fresh.all().await.expect("steps").0, 3);
    assert!(!world.hub.delegations().are_altered().await);
}
