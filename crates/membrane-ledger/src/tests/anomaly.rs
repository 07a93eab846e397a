//! What principals did by the hour, and what stood out of it.

use chrono::{DateTime, TimeDelta, Utc};
use membrane_model::{Action, Channel};

use super::{change_tables, decision, full_text, new_run, outcome, tamper};
use crate::{
    Anomaly, AnomalyFloors, AnomalyKind, Decision, DocumentKind, Ledger, LedgerError, NewRun, OpenRun,
    RunOutcome, RunState, UsualOf,
};

const FLOORS: AnomalyFloors = AnomalyFloors { cells: 500, odd_cells: 50, rows: 5_000, lookups: 20 };

/// Ten in the morning, so many days ago.
fn at(days_ago: i64) -> DateTime<Utc> {
    "2026-11-30T10:00:00Z".parse::<DateTime<Utc>>().unwrap() - TimeDelta::days(days_ago)
}

async fn open_at(ledger: &Ledger, principal: &str, started: DateTime<Utc>) -> OpenRun {
    ledger.open_run(NewRun { started, ..new_run(principal, 0) }).await.unwrap()
}

async fn close_with(run: OpenRun, started: DateTime<Utc>, state: RunState, (rows, cells): (u64, u64)) {
    let outcome = RunOutcome {
        state,
        rows_out: Some(rows),
        cells_opened: Some(cells),
        finished: started + TimeDelta::seconds(1),
        ..outcome(0)
    };
    run.close(outcome).await.unwrap();
}

async fn acted(ledger: &Ledger, principal: &str, started: DateTime<Utc>, figures: (u64, u64)) {
    close_with(open_at(ledger, principal, started).await, started, RunState::Complete, figures).await;
}

/// Looks so many values up in one statement, answered with so many rows.
async fn looked_up(ledger: &Ledger, started: DateTime<Utc>, values: u64, rows: u64) {
    let mut run = open_at(ledger, "analyst:kim", started).await;
    let lookup = Decision { reason: crate::LOOKED_UP.to_owned(), ..decision("crm_members") };
    run.record_decision(&decision("crm_members")).await.unwrap();
    for _ in 0..values {
        run.record_decision(&lookup).await.unwrap();
    }
    close_with(run, started, RunState::Complete, (rows, 0)).await;
}

pub(super) async fn check_activity_is_added_up(ledger: Ledger) {
    let now = at(0);
    for (minutes, figures) in [(0, (3, 40)), (59, (1, 2)), (60, (0, 1))] {
        acted(&ledger, "analyst:ana", now + TimeDelta::minutes(minutes), figures).await;
    }
    let refused = open_at(&ledger, "analyst:ana", now).await;
    close_with(refused, now, RunState::Refused, (0, 0)).await;
    looked_up(&ledger, now, 3, 2).await;
    looked_up(&ledger, now, 1, 5).await;
    acted(&ledger, "analyst:lee", at(1), (9, 9)).await;
    // What the hub does by itself is nobody's, and rows are of reads.
    for (channel, action) in [(Channel::Schedule, Action::Read), (Channel::Http, Action::Audit)] {
        let run = NewRun { channel, action, started: now, ..new_run("compliance:olga", 0) };
        let run = ledger.open_run(run).await.unwrap();
        close_with(run, now, RunState::Complete, (7, 7)).await;
    }
    // Left open: not counted until it is closed.
    let open = open_at(&ledger, "analyst:lee", now).await;
    let today = now.date_naive();
    let days = ledger.activity(today, today).await.unwrap();
    let told: Vec<_> = days
        .iter()
        .map(|one| {
            (
                one.principal.name(),
                [one.runs, one.refused, one.cells, one.rows, one.lookups, one.reads_narrow],
            )
        })
        .collect();
    assert_eq!(
        told,
        [("ana", [4, 1, 43, 4, 0, 2]), ("kim", [2, 0, 0, 7, 4, 0]), ("olga", [1, 0, 7, 0, 0, 0])]
    );
    let most: Vec<_> = days.iter().map(|one| (one.cells_in_hour, one.lookups_in_hour)).collect();
    assert_eq!(most, [(42, 0), (0, 3), (7, 0)]);
    let hours = ledger.activity_of(&"analyst:ana".parse().unwrap(), today, today).await.unwrap();
    assert_eq!(hours.iter().map(|one| (one.hour, one.cells)).collect::<Vec<_>>(), [(10, 42), (11, 1)]);
    drop(open);
    ledger.abandon_stale_runs(now + TimeDelta::hours(1), now + TimeDelta::hours(1)).await.unwrap();
    let days = ledger.activity(at(1).date_naive(), today).await.unwrap();
    let lee: Vec<_> =
        days.iter().filter(|one| one.principal.name() == "lee").map(|one| (one.runs, one.cells)).collect();
    assert_eq!(lee, [(1, 9), (1, 0)]);
}

/// However much a run says, it is closed, and so is the next one.
pub(super) async fn check_large_figures_add_up(ledger: Ledger) {
    for minute in 0..3 {
        let most = u64::try_from(i64::MAX).unwrap();
        acted(&ledger, "analyst:ana", at(0) + TimeDelta::minutes(minute), (most, most)).await;
    }
    let days = ledger.activity(at(0).date_naive(), at(0).date_naive()).await.unwrap();
    assert_eq!((days[0].cells, days[0].rows), (3 << 40, 3 << 40));
}

/// What was done before it was added up is added up alike when the ledger is brought up to date.
pub(super) async fn check_activity_of_before_is_counted_alike(ledger: Ledger) {
    let now = at(0);
    acted(&ledger, "analyst:ana", now, (3, 40)).await;
    acted(&ledger, "analyst:ana", now + TimeDelta::minutes(61), (0, 0)).await;
    let refused = open_at(&ledger, "analyst:ana", now).await;
    close_with(refused, now, RunState::Refused, (0, 0)).await;
    looked_up(&ledger, now, 3, 2).await;
    looked_up(&ledger, at(3), 1, 5).await;
    looked_up(&ledger, at(3), 2, 8).await;
    let scheduled = NewRun { channel: Channel::Schedule, started: now, ..new_run("analyst:lee", 0) };
    close_with(ledger.open_run(scheduled).await.unwrap(), now, RunState::Complete, (7, 7)).await;
    let _left_open = open_at(&ledger, "analyst:lee", now).await;
    let whole = (at(9).date_naive(), at(0).date_naive());
    let counted = ledger.activity(whole.0, whole.1).await.unwrap();
    let migration = include_str!("../../migrations/0017_activity.sql");
    let (_, rest) = migration.split_once("-- Runs from before this was kept.").unwrap();
    let (fill, _) = rest.split_once(';').unwrap();
    tamper(&ledger, "DELETE FROM activity").await;
    change_tables(&ledger, fill).await;
    assert_eq!(ledger.activity(whole.0, whole.1).await.unwrap(), counted);
    assert_eq!(counted.len(), 3);
    assert_eq!(counted.iter().map(|one| one.lookups_in_hour).collect::<Vec<_>>(), [0, 2, 3]);
}

/// Whoever walks numbers cannot hide it by rows that each statement adds.
pub(super) async fn check_a_walk_is_not_hidden_by_more_rows(ledger: Ledger) {
    for minute in 0..21 {
        looked_up(&ledger, at(0) + TimeDelta::minutes(minute), 1, 4).await;
    }
    let found = ledger.find_anomalies(at(0).date_naive(), &FLOORS).await.unwrap();
    let told: Vec<_> = found.iter().map(|one| (one.principal.name(), one.kind, one.measured)).collect();
    assert_eq!(told, [("kim", AnomalyKind::Lookups, 21)]);
}

fn anomaly(kind: AnomalyKind) -> Anomaly {
    Anomaly {
        principal: "analyst:ana".parse().unwrap(),
        kind,
        day: at(0).date_naive(),
        hour: (kind == AnomalyKind::Hours).then_some(3),
        measured: 600,
        usual: 10,
        usual_of: UsualOf::Own,
        bound: 500,
    }
}

async fn auditing(ledger: &Ledger, job: &str, started: DateTime<Utc>) -> OpenRun {
    let run = NewRun { action: Action::Audit, job: job.to_owned(), started, ..new_run("compliance:olga", 0) };
    ledger.open_run(run).await.unwrap()
}

pub(super) async fn check_anomalies_are_found_once(ledger: Ledger) {
    for days_ago in 1..=12 {
        for principal in ["analyst:ana", "analyst:lee", "analyst:kim"] {
            acted(&ledger, principal, at(days_ago), (12, 40)).await;
        }
    }
    let today = at(0).date_naive();
    acted(&ledger, "analyst:ana", at(0), (12, 200)).await;
    assert_eq!(ledger.find_anomalies(today, &FLOORS).await.unwrap(), []);
    // In the ordinary hour, then at three in the night; and a day on which nobody looked.
    acted(&ledger, "analyst:ana", at(0), (12, 400)).await;
    acted(&ledger, "analyst:ana", at(0) - TimeDelta::hours(7), (1, 60)).await;
    acted(&ledger, "analyst:lee", at(2), (5_001, 1)).await;
    for minute in 0..21 {
        looked_up(&ledger, at(0) + TimeDelta::minutes(minute), 1, 1).await;
    }
    let found = ledger.find_anomalies(today, &FLOORS).await.unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|one| (one.principal.name(), one.kind, one.hour, one.measured, one.usual, one.bound))
        .collect();
    assert_eq!(
        told,
        [
            ("lee", AnomalyKind::Members, None, 5_013, 12, 5_000),
            ("ana", AnomalyKind::Cells, None, 660, 40, 500),
            ("ana", AnomalyKind::Hours, Some(3), 60, 0, 50),
            ("kim", AnomalyKind::Lookups, Some(10), 21, 0, 20),
        ]
    );
    let mut run = auditing(&ledger, "flag anomalies", at(0)).await;
    for (number, one) in (1..).zip(&found) {
        assert!(run.add_anomaly(number, one, "signed").await.unwrap());
    }
    // More of the same is the same flag.
    acted(&ledger, "analyst:ana", at(0), (12, 4_000)).await;
    assert_eq!(ledger.find_anomalies(today, &FLOORS).await.unwrap(), []);
    let counted = ledger.count_anomalies().await.unwrap();
    assert_eq!(counted.into_iter().collect::<Vec<_>>(), AnomalyKind::ALL.map(|kind| (kind, 1)));
    drop(run);
}

pub(super) async fn check_a_flag_is_part_of_the_record(ledger: Ledger) {
    let mut run = auditing(&ledger, "flag anomalies", at(1)).await;
    let id = run.id();
    assert!(run.add_anomaly(1, &anomaly(AnomalyKind::Cells), "s1").await.unwrap());
    assert!(!run.add_anomaly(2, &anomaly(AnomalyKind::Cells), "s2").await.unwrap());
    let taken = run.add_anomaly(1, &anomaly(AnomalyKind::Hours), "s1").await;
    assert!(matches!(taken, Err(LedgerError::DocumentTaken)), "{taken:?}");
    run.close(outcome(1)).await.unwrap();
    let mut later = auditing(&ledger, "flag anomalies", at(0)).await;
    let later_id = later.id();
    assert!(later.add_anomaly(2, &anomaly(AnomalyKind::Hours), "s2").await.unwrap());
    later.close(outcome(2)).await.unwrap();
    for (id, number) in [(id, 1), (later_id, 2)] {
        let record = ledger.run(&id).await.unwrap().unwrap();
        let written: Vec<_> = record.documents.iter().map(|one| (one.kind, one.number)).collect();
        assert_eq!(written, [(DocumentKind::Anomaly, number)]);
    }
    let document = ledger.document(DocumentKind::Anomaly, 2).await.unwrap().unwrap();
    assert_eq!(
        document.body,
        "{\"format\":\"membrane-anomaly/1\",\"principal\":\"analyst:ana\",\"kind\":\"hours\",\"day\":\"2026-11-30\",\"hour\":3,\
         \"measured\":600,\"usual\":10,\"usual_of\":\"own\",\"bound\":500}"
    );
    ledger.verify_log().await.unwrap();

    let whole = (None, None);
    let flags = ledger.page_of_anomalies(whole, None, 10).await.unwrap();
    let told: Vec<_> = flags.iter().map(|flag| (flag.number, flag.run, flag.flagged)).collect();
    assert_eq!(told, [(2, later_id, at(0)), (1, id, at(1))]);
    assert_eq!(flags[1].anomaly, anomaly(AnomalyKind::Cells));
    assert_eq!(ledger.page_of_anomalies(whole, Some(2), 10).await.unwrap(), flags[1..]);
    assert_eq!(ledger.page_of_anomalies(whole, None, 1).await.unwrap(), flags[..1]);
    assert_eq!(ledger.page_of_anomalies((Some(at(0)), None), None, 10).await.unwrap(), flags[..1]);
    assert_eq!(ledger.page_of_anomalies((None, Some(at(1))), None, 10).await.unwrap(), flags[1..]);

    // A figure that was altered is not told as if it had been found.
    tamper(&ledger, "UPDATE anomaly SET measured = 501 WHERE number = 1").await;
    let altered = ledger.page_of_anomalies(whole, None, 10).await.unwrap_err();
    assert_eq!(full_text(&altered), "a stored `anomaly` cannot be read");
    tamper(&ledger, "UPDATE anomaly SET measured = 600 WHERE number = 1").await;
    assert_eq!(ledger.page_of_anomalies(whole, None, 10).await.unwrap(), flags);
    tamper(&ledger, "DELETE FROM anomaly WHERE number = 1").await;
    assert!(ledger.page_of_anomalies(whole, None, 10).await.is_err());
}

async fn noted(ledger: &Ledger) -> Vec<Option<String>> {
    let flags = ledger.page_of_anomalies((None, None), None, 10).await.unwrap();
    flags.iter().map(|flag| flag.acknowledged.as_ref().map(|(who, _)| who.to_string())).collect()
}

pub(super) async fn check_a_note_is_what_a_run_says(ledger: Ledger) {
    let mut run = auditing(&ledger, "flag anomalies", at(0)).await;
    for (number, kind) in [(1, AnomalyKind::Cells), (2, AnomalyKind::Hours)] {
        assert!(run.add_anomaly(number, &anomaly(kind), "signed").await.unwrap());
    }
    run.close(outcome(1)).await.unwrap();
    // It came to no good end: somebody else may.
    let first = format!("{} 1", crate::ACKNOWLEDGE);
    let mut failed = auditing(&ledger, &first, at(0)).await;
    assert!(failed.acknowledge_anomaly(1).await.unwrap());
    let mut noting = auditing(&ledger, &first, at(0)).await;
    assert!(!noting.acknowledge_anomaly(1).await.unwrap(), "one is at it");
    failed.close(RunOutcome { state: RunState::Fail, ..outcome(2) }).await.unwrap();
    assert_eq!(noted(&ledger).await, [None, None]);
    assert!(noting.acknowledge_anomaly(1).await.unwrap());
    assert!(!noting.acknowledge_anomaly(9).await.unwrap());
    let id = noting.id();
    noting.close(outcome(3)).await.unwrap();
    assert_eq!(noted(&ledger).await, [None, Some("compliance:olga".to_owned())]);
    let mut again = auditing(&ledger, &first, at(0)).await;
    assert!(!again.acknowledge_anomaly(1).await.unwrap());
    again.close(outcome(4)).await.unwrap();
    // What a run does not say of itself was not done in it.
    tamper(&ledger, &format!("UPDATE anomaly SET acknowledged = '{id}' WHERE number = 2")).await;
    assert_eq!(noted(&ledger).await, [None, Some("compliance:olga".to_owned())]);
    let mut second = auditing(&ledger, &format!("{} 2", crate::ACKNOWLEDGE), at(0)).await;
    assert!(second.acknowledge_anomaly(2).await.unwrap());
    second.close(outcome(5)).await.unwrap();
    assert_eq!(
        noted(&ledger).await,
        [Some("compliance:olga".to_owned()), Some("compliance:olga".to_owned())]
    );
}
