//! Rows that were set aside are taken in again, each once, whatever dies when.

use chrono::TimeDelta;
use membrane_model::{Clock, FixedClock};

use super::*;
use crate::replay::half;
use crate::{AsideCount, AsideFilter, ReplayReport, count_aside, replay, show_aside};

const HEADER: &str = "member_no,phone,name,amount\n";
/// Good, an amount of the wrong type, a duplicate, a number that the contract learns, one that it never does, no record.
const DELIVERY: &str = "M000001,13800138001,canary zhang,1.00
M000002,13800138002,canary li,much
M000001,13800138001,canary zhang,1.00
X000003,13800138003,canary wang,3.00
Y000004,13800138004,canary zhao,4.00
M000005,13800138005
";

fn now(minute: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 0, 0, 0).unwrap() + TimeDelta::minutes(minute)
}

impl World {
    /// A hub after the contract was corrected.
    fn corrected(&self) -> Arc<Dataset> {
        let mut dataset = Dataset::clone(&self.dataset());
        dataset.version = "1.0.1".to_owned();
        let number = dataset.columns.iter_mut().find(|column| column.name.as_str() == "member_no").unwrap();
        number.rules.pattern = Some(regex::Regex::new("^(?:[MX][0-9]{6})$").unwrap());
        Arc::new(dataset)
    }

    async fn replayed(&self, dataset: &Arc<Dataset>, minute: i64) -> Result<ReplayReport, IngestError> {
        let permit = self.permit().await;
        let clock: Arc<dyn Clock> = Arc::new(FixedClock(now(minute)));
        replay(&self.hub, &permit, dataset, (None, &clock), &crate::Silent).await
    }

    async fn aside(&self) -> Vec<String> {
        let counts = count_aside(&self.hub, &self.permit().await, &self.dataset()).await.unwrap();
        counts.iter().map(|AsideCount { reasons, rows, .. }| format!("{reasons} {rows}")).collect()
    }

    /// Returns the rows that a reader of the table would see; nothing ever goes from it.
    fn table_rows(&self) -> u64 {
        self.visible("tables")
    }
}

async fn world() -> World {
    let world = World::new().await;
    let bytes = Cursor::new(format!("{HEADER}{DELIVERY}").into_bytes());
    let report = world.bring(InputSource::Stream(Box::pin(bytes)), Format::Csv).await.unwrap();
    assert_eq!((report.rows_accepted, report.rows_quarantined), (1, 5));
    world
}

const LEFT: [&str; 4] =
    ["duplicate:member_no 1", "malformed 1", "pattern_mismatch:member_no 1", "wrong_type:amount 1"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fits_after_a_fix_comes_in_once() {
    let world = world().await;
    // Nothing fits better without a fix.
    let nothing = world.replayed(&world.dataset(), 0).await.unwrap();
    assert_eq!(
        (nothing.rows_tried, nothing.rows_accepted, nothing.rows_refused, nothing.rows_left),
        (3, 0, 3, 2)
    );
    let dataset = world.corrected();
    let first = world.replayed(&dataset, 1).await.unwrap();
    assert_eq!((first.rows_tried, first.rows_accepted, first.rows_refused, first.rows_left), (3, 1, 2, 2));
    assert_eq!((world.table_rows(), world.aside().await), (2, LEFT.map(str::to_owned).to_vec()));
    let again = world.replayed(&dataset, 2).await.unwrap();
    assert_eq!((again.rows_accepted, again.rows_refused, again.settled), (0, 2, false));
    assert_eq!(world.table_rows(), 2);
    // What stays keeps its place in its delivery, and what comes later is set aside beside it.
    let filter = AsideFilter { run: None, rows_max: 100 };
    let shown = show_aside(&world.hub, &world.permit().await, &dataset, filter).await.unwrap();
    let mut positions: Vec<i64> = shown.iter().map(|row| row.position).collect();
    positions.sort_unstable();
    assert_eq!(positions, [2, 3, 5, 6]);
    assert!(shown.iter().all(|row| row.row.is_none()), "who brings rows in sees none of them");
}

/// Killed between the two commits, the next replay ends the first, by what that one decided.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_that_was_killed_is_ended_by_the_next() {
    let world = world().await;
    let dataset = world.corrected();
    let permit = world.permit().await;
    let begun = half(&world.hub, &permit, &dataset, now(0), std::future::ready(())).await;
    assert_eq!(begun.unwrap().rows_accepted, 1);
    assert_eq!((world.table_rows(), world.aside().await.len()), (2, 4));
    // It may be at work still: it is free a minute after it was held last.
    assert!(matches!(world.replayed(&dataset, 0).await, Err(IngestError::ReplayHeld)));
    // Rows that come meanwhile are no part of it.
    let more = Cursor::new(format!("{HEADER}Z000009,13800138009,canary qian,9.00\n").into_bytes());
    world.bring(InputSource::Stream(Box::pin(more)), Format::Csv).await.unwrap();
    // The contract went back to what it was: what came in stays in, and goes out of the quarantine.
    let ended = world.replayed(&world.dataset(), 2).await.unwrap();
    assert_eq!((ended.settled, ended.rows_accepted), (true, 0));
    assert_eq!(world.table_rows(), 2);
    let mut left = LEFT.map(str::to_owned).to_vec();
    left.insert(2, "pattern_mismatch:member_no 1".to_owned());
    let mut aside = world.aside().await;
    aside.sort();
    assert_eq!(aside, left);
    let last = world.replayed(&dataset, 3).await.unwrap();
    assert_eq!((last.settled, last.rows_accepted, world.table_rows()), (false, 0, 2));
}

/// One that was silent while another took its place cannot commit any more, whatever the other one's contract says: otherwise its rows
/// would be in the table by one plan, and in the quarantine by another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_that_was_silent_for_too_long_is_barred() {
    let world = world().await;
    let dataset = world.corrected();
    let permit = world.permit().await;
    let other = async {
        // By the contract as it was, nothing fits.
        let report = world.replayed(&world.dataset(), 2).await.unwrap();
        assert_eq!((report.settled, report.rows_accepted), (false, 0));
    };
    let silent = Box::pin(half(&world.hub, &permit, &dataset, now(0), other)).await;
    assert!(
        matches!(silent, Err(IngestError::Lake(membrane_lake::LakeError::Overtaken { .. }))),
        "{silent:?}"
    );
    assert_eq!((world.table_rows(), world.aside().await.len()), (1, 4));
    let last = world.replayed(&dataset, 5).await.unwrap();
    assert_eq!((last.settled, last.rows_accepted, world.table_rows()), (false, 1, 2));
    assert_eq!(world.aside().await, LEFT.map(str::to_owned).to_vec());
    assert_eq!(world.replayed(&dataset, 8).await.unwrap().rows_accepted, 0);
}

/// A plan whose rows never came to the table is forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_alone_is_nothing() {
    let world = world().await;
    let (dataset, holder) = (world.corrected(), "somebody");
    let plan = membrane_ledger::ReplayPlan {
        version: TableVersion(1),
        files: vec!["gone.parquet".to_owned()],
        taken: vec![0xff],
    };
    assert!(world.hub.ledger.hold_replay(&dataset.name, holder, now(0), now(1)).await.unwrap());
    assert!(world.hub.ledger.set_replay_plan(&dataset.name, holder, Some(&plan)).await.unwrap());
    let report = world.replayed(&dataset, 2).await.unwrap();
    assert_eq!((report.settled, report.rows_accepted, world.table_rows()), (false, 1, 2));
}
