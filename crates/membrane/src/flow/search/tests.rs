//! The newest entries are those of the log, however long their runs lasted.

use membrane_ledger::{Entrance, NewRun, OpenRun, RunOutcome, RunState};

use super::*;
use crate::ctx::Channel;
use crate::testing::{World, now, world};

async fn begin(world: &World, who: &str, second: i64) -> OpenRun {
    let run = NewRun {
        principal: who.parse().expect("principal"),
        on_behalf_of: None,
        channel: Channel::Cli,
        entrance: Entrance::default(),
        action: Action::Read,
        purpose: None,
        job: format!("{second}"),
        statement: None,
        started: now() + TimeDelta::seconds(second),
    };
    world.hub.ledger().open_run(run).await.expect("run")
}

async fn end(run: OpenRun) {
    let outcome = RunOutcome::ended(RunState::Complete, now() + TimeDelta::seconds(100));
    run.close(outcome).await.expect("close");
}

#[tokio::test]
async fn a_run_that_began_first_and_ended_last_is_the_newest() {
    let world = world(|_| {}).await;
    // By when they began: 1 to 6; by when they ended, and so in the log: 2 3 4 5 1, then others, and 6 is open.
    let long = begin(&world, "analyst:ana", 1).await;
    for second in 2..6 {
        end(begin(&world, "analyst:ana", second).await).await;
    }
    end(long).await;
    for second in 7..10 {
        end(begin(&world, "analyst:lee", second).await).await;
    }
    let _open = begin(&world, "analyst:ana", 6).await;
    let size = world.hub.ledger().log_head().await.expect("head").size;
    let search =
        RunSearch { principal: Some("analyst:ana".parse().expect("principal")), ..RunSearch::default() };
    // One entry after the other; by index; and, as there are more than so many pages, one after the other again.
    for (leaves, pages) in [(10_000, 5), (2, 5), (0, 5), (4, 5), (2, 0), (2, 1)] {
        for (most, expected) in [(0, ""), (1, "1"), (2, "5 1"), (4, "3 4 5 1"), (9, "2 3 4 5 1")] {
            let request = TailRequest { search: search.clone(), newest: most, follow: false };
            let found = newest(&world.hub, &request, size, Effort { leaves, pages }).await.expect("found");
            let jobs: Vec<&str> = found.iter().map(|run| run.job.as_str()).collect();
            assert_eq!(jobs.join(" "), expected, "{leaves} {pages} {most}");
        }
    }
}
