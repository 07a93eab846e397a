//! Runs and decisions.

use membrane_model::{AddressClass, FieldRef, RevealLevel};

use super::{closed_run, decision, edge, full_text, instant, new_run, open, outcome, version};
use crate::{
    ColumnDecision, Entrance, Evidence, Ledger, LedgerError, NewRun, RunFilter, RunOutcome, RunState,
    RunStatus,
};

fn all() -> RunFilter {
    RunFilter { principal: None, dataset: None, limit: 100 }
}

fn entrance() -> Entrance {
    Entrance {
        session: Some("019a0000-0000-7000-8000-000000000000".to_owned()),
        address: AddressClass::Private,
        publication: Some(3),
    }
}

fn evidence() -> Evidence {
    Evidence {
        plan: Some("33".repeat(32)),
        answer: Some("44".repeat(32)),
        obligations: vec!["rows pos_orders".to_owned()],
        grants: vec!["break-glass 2".to_owned(), "delegation 1".to_owned()],
    }
}

pub(super) async fn check_a_run_is_recorded(ledger: Ledger) {
    let (entrance, evidence) = (entrance(), evidence());
    let new = NewRun { entrance: entrance.clone(), ..new_run("analyst:ana", 0) };
    let mut run = ledger.open_run(new).await.unwrap();
    let id = run.id();
    assert_eq!(run.principal().to_string(), "analyst:ana");
    assert_eq!(run.action(), membrane_model::Action::Read);
    assert_eq!(run.purpose().unwrap().as_str(), "marketing_analysis");
    let mut allowed = decision("crm_members");
    allowed.columns = vec![
        ColumnDecision {
            column: "phone".parse().unwrap(),
            level: Some(RevealLevel::Partial),
            factors: vec!["mask_phone".to_owned()],
        },
        ColumnDecision { column: "id_number".parse().unwrap(), level: None, factors: Vec::new() },
    ];
    let mut denied = decision("pos_orders");
    denied.allowed = false;
    let mut hub = decision("pos_orders");
    hub.dataset = None;
    for decision in [&allowed, &denied, &hub] {
        run.record_decision(decision).await.unwrap();
    }
    let first = edge(FieldRef::dataset("crm_members", "city"), FieldRef::answer(id, "city"));
    let second = edge(FieldRef::dataset("crm_members", "tier"), FieldRef::answer(id, "city"));
    let closed = run
        .close(RunOutcome {
            state: RunState::Refused,
            error_code: Some("limit_rows".to_owned()),
            inputs: vec![version("pos_orders", 9), version("crm_members", 0)],
            outputs: vec![version("web_events", 1)],
            edges: vec![second.clone(), first.clone(), second.clone()],
            evidence: evidence.clone(),
            ..outcome(5)
        })
        .await
        .unwrap();
    assert_eq!((closed.run, closed.leaf_index), (id, 0));
    assert_eq!(closed.tree_root.len(), 64);

    let record = ledger.run(&id).await.unwrap().unwrap();
    assert_eq!(record.run, id);
    assert_eq!(record.principal.to_string(), "analyst:ana");
    assert_eq!(record.statement.as_deref(), Some("SELECT city FROM crm_members WHERE tier = ?"));
    assert_eq!((record.started, record.finished), (instant(0), Some(instant(5))));
    assert_eq!(record.status, RunStatus::Closed(RunState::Refused));
    assert_eq!(record.error_code.as_deref(), Some("limit_rows"));
    assert_eq!((record.rows_in, record.rows_out, record.rows_quarantined), (Some(20_000), Some(12), None));
    assert_eq!((record.bytes_out, record.duration_ms), (Some(345), Some(67)));
    assert_eq!(record.decisions, [allowed, denied, hub]);
    let told = record.circumstances.clone().unwrap();
    assert_eq!(told.entrance, entrance);
    assert_eq!(
        (told.plan, told.obligations, told.grants),
        (evidence.plan, evidence.obligations, evidence.grants)
    );
    let (salt, commitment) = (told.answer_salt.unwrap(), told.answer_commitment.unwrap());
    assert!(crate::opens(&salt, evidence.answer.as_deref().unwrap(), &commitment));
    assert_eq!(record.inputs, [version("pos_orders", 9), version("crm_members", 0)]);
    assert_eq!(record.outputs, [version("web_events", 1)]);
    assert_eq!(record.edges, [first, second]);
    assert_eq!(record.leaf_index, Some(0));
    assert_eq!(ledger.runs(all()).await.unwrap(), [record]);
    ledger.ping().await.unwrap();
}

pub(super) async fn check_an_open_run_is_listed_as_open(ledger: Ledger) {
    let mut run = ledger.open_run(new_run("service:loader", 0)).await.unwrap();
    let id = run.id();
    run.record_decision(&decision("crm_members")).await.unwrap();
    drop(run);
    let record = ledger.run(&id).await.unwrap().unwrap();
    assert_eq!(record.status, RunStatus::Open);
    assert_eq!(record.decisions, [decision("crm_members")]);
    assert_eq!((record.finished, record.leaf_index), (None, None));
    let other = membrane_model::RunId::new(instant(0));
    assert_eq!(ledger.run(&other).await.unwrap(), None);
}

pub(super) async fn check_runs_are_filtered(ledger: Ledger) {
    let early = closed_run(&ledger, 0).await.run;
    let late = closed_run(&ledger, 10).await.run;
    let mut asked = ledger.open_run(new_run("partner:acme", 20)).await.unwrap();
    asked.record_decision(&decision("pos_orders")).await.unwrap();
    let asked = asked.id();
    let list = async |principal: Option<&str>, dataset: Option<&str>, limit: u32| {
        let filter = RunFilter {
            principal: principal.map(|text| text.parse().unwrap()),
            dataset: dataset.map(|text| text.parse().unwrap()),
            limit,
        };
        ledger.runs(filter).await.unwrap().into_iter().map(|record| record.run).collect::<Vec<_>>()
    };
    assert_eq!(list(None, None, 100).await, [asked, late, early]);
    assert_eq!(list(None, None, 2).await, [asked, late]);
    assert_eq!(list(None, None, 0).await, []);
    assert_eq!(list(None, None, u32::MAX).await, [asked, late, early]);
    assert_eq!(list(Some("analyst:ana"), None, 100).await, [late, early]);
    assert_eq!(list(Some("partner:acme"), None, 100).await, [asked]);
    assert_eq!(list(Some("partner:none"), None, 100).await, []);
    assert_eq!(list(None, Some("crm_members"), 100).await, [late, early]);
    assert_eq!(list(None, Some("pos_orders"), 100).await, [asked]);
    assert_eq!(list(Some("analyst:ana"), Some("pos_orders"), 100).await, []);
}

pub(super) async fn check_many_columns_and_edges(ledger: Ledger) {
    let mut run = open(&ledger, 0).await;
    let id = run.id();
    let mut wide = decision("crm_members");
    wide.columns = (0..237)
        .map(|number| ColumnDecision {
            column: format!("c{number}").parse().unwrap(),
            level: RevealLevel::HIGHEST_FIRST.get(number % 6).copied(),
            factors: vec![number.to_string()],
        })
        .collect();
    run.record_decision(&wide).await.unwrap();
    let mut edges: Vec<_> = (0..1_111)
        .map(|number| edge(FieldRef::source("file", number), FieldRef::dataset("crm_members", number)))
        .collect();
    run.close(RunOutcome { edges: edges.clone(), ..outcome(1) }).await.unwrap();
    edges.sort();
    let record = ledger.run(&id).await.unwrap().unwrap();
    assert_eq!(record.decisions, [wide]);
    assert_eq!(record.edges, edges);
    ledger.verify_log().await.unwrap();
}

pub(super) async fn check_abandoned_runs(ledger: Ledger) {
    let closed = closed_run(&ledger, 0).await.run;
    let (stale, live) = (open(&ledger, 1).await.id(), open(&ledger, 3).await.id());
    ledger.touch_run(&closed, instant(9)).await.unwrap();
    assert_eq!(ledger.abandon_stale_runs(instant(0), instant(5)).await.unwrap().len(), 0);
    assert_eq!(ledger.abandon_stale_runs(instant(2), instant(5)).await.unwrap().len(), 1);
    assert_eq!(ledger.abandon_stale_runs(instant(2), instant(5)).await.unwrap().len(), 0);
    let status = async |run| ledger.run(&run).await.unwrap().unwrap().status;
    assert_eq!(status(closed).await, RunStatus::Closed(RunState::Complete));
    assert_eq!(status(stale).await, RunStatus::Abandoned);
    assert_eq!(status(live).await, RunStatus::Open);
    let record = ledger.run(&stale).await.unwrap().unwrap();
    assert_eq!(record.leaf_index, Some(1));
    assert_eq!(record.error_code.as_deref(), Some("abandoned"));
    assert_eq!((record.finished, record.duration_ms), (Some(instant(5)), Some(4_000)));
    assert_eq!(ledger.verify_log().await.unwrap().size, 2);
    // Who is heard of stays, however long ago it began.
    ledger.touch_run(&live, instant(60)).await.unwrap();
    assert_eq!(ledger.abandon_stale_runs(instant(59), instant(70)).await.unwrap().len(), 0);
    ledger.require_open(&live).await.unwrap();
    assert!(matches!(ledger.require_open(&stale).await.unwrap_err(), LedgerError::RunNotOpen));
    assert_eq!(ledger.abandon_stale_runs(instant(60), instant(70)).await.unwrap().len(), 1);
}

pub(super) async fn check_the_oldest_open_run(ledger: Ledger) {
    assert_eq!(ledger.oldest_open_run().await.unwrap(), None);
    closed_run(&ledger, 0).await;
    let _ = (open(&ledger, 5).await.id(), open(&ledger, 3).await.id());
    assert_eq!(ledger.oldest_open_run().await.unwrap(), Some(instant(3)), "closed runs need nothing");
    ledger.abandon_stale_runs(instant(4), instant(9)).await.unwrap();
    assert_eq!(ledger.oldest_open_run().await.unwrap(), Some(instant(5)));
}

pub(super) async fn check_a_ledger_is_somebodys(ledger: Ledger) {
    let identity = |hub: &str, key: &str| crate::Identity { hub: hub.to_owned(), key_check: key.to_owned() };
    let first = identity("one", "k1");
    assert_eq!(ledger.identify(&first).await.unwrap(), first);
    assert_eq!(ledger.identify(&identity("two", "k2")).await.unwrap(), first);
}

pub(super) async fn check_an_abandoned_run_takes_no_more(ledger: Ledger) {
    let mut run = open(&ledger, 0).await;
    run.record_decision(&decision("crm_members")).await.unwrap();
    ledger.abandon_stale_runs(instant(0), instant(1)).await.unwrap();
    let refused = run.record_decision(&decision("crm_members")).await.unwrap_err();
    assert!(matches!(refused, LedgerError::RunNotOpen));
    let id = run.id();
    assert!(matches!(run.close(outcome(1)).await.unwrap_err(), LedgerError::RunNotOpen));
    let record = ledger.run(&id).await.unwrap().unwrap();
    assert_eq!((record.status, record.decisions.len()), (RunStatus::Abandoned, 1));
    assert_eq!(ledger.verify_log().await.unwrap().size, 1);
}

pub(super) async fn check_numbers_that_do_not_fit(ledger: Ledger) {
    let run = open(&ledger, 0).await;
    let id = run.id();
    let most = i64::MAX.unsigned_abs();
    let error = run.close(RunOutcome { rows_in: Some(most + 1), ..outcome(1) }).await.unwrap_err();
    assert!(matches!(error, LedgerError::TooLarge("rows_in")));
    assert!(!full_text(&error).contains("9223372"), "{error}");
    assert_eq!(ledger.run(&id).await.unwrap().unwrap().status, RunStatus::Open);

    let run = open(&ledger, 1).await;
    let id = run.id();
    let inputs = vec![version("crm_members", most)];
    run.close(RunOutcome { rows_in: Some(most), inputs, ..outcome(1) }).await.unwrap();
    assert_eq!(ledger.run(&id).await.unwrap().unwrap().rows_in, Some(most));
    ledger.verify_log().await.unwrap();
}

/// A header of a file may hold any letter; PostgreSQL holds any but one.
pub(super) async fn check_any_letter_is_recorded(ledger: Ledger) {
    let mut run = ledger
        .open_run(NewRun {
            channel: membrane_model::Channel::Cli,
            job: "ingest \0 会员 👤".to_owned(),
            statement: Some("SELECT '\0', $1, ?".to_owned()),
            ..new_run("analyst:ana", 0)
        })
        .await
        .unwrap();
    let id = run.id();
    let mut odd = decision("crm_members");
    odd.reason = "\0".to_owned();
    odd.factors = vec!["\0\"\\".to_owned()];
    run.record_decision(&odd).await.unwrap();
    let field = FieldRef::source("file", "a\0b'\"");
    let edges = vec![edge(field.clone(), FieldRef::dataset("crm_members", "name"))];
    run.close(RunOutcome { edges, error_code: Some("\0".to_owned()), ..outcome(1) }).await.unwrap();
    let record = ledger.run(&id).await.unwrap().unwrap();
    assert_eq!(record.job, "ingest \u{fffd} 会员 👤");
    assert_eq!(record.statement.as_deref(), Some("SELECT '\u{fffd}', $1, ?"));
    assert_eq!(record.decisions[0].factors, odd.factors);
    assert_eq!(record.edges[0].from.field, "a\u{fffd}b'\"");
    let found = ledger.lineage(&field, crate::Direction::Downstream, 1).await.unwrap();
    assert_eq!(found, record.edges);
    ledger.verify_log().await.unwrap();
}

/// What was read is what edges say; a column that could have been read and was not counts for nobody.
pub(super) async fn check_uses_are_counted(ledger: Ledger) {
    for second in [0, 10, 20] {
        let mut run = open(&ledger, second).await;
        let mut shown = decision("crm_members");
        shown.columns = ["city", "phone"]
            .map(|column| ColumnDecision {
                column: column.parse().unwrap(),
                level: Some(RevealLevel::Clear),
                factors: vec![format!("shows.{column}")],
            })
            .to_vec();
        run.record_decision(&shown).await.unwrap();
        run.close(outcome(second + 1)).await.unwrap();
    }
    let [of_city] = ledger.column_uses(instant(5)).await.unwrap().try_into().unwrap();
    assert_eq!((of_city.column.as_str(), of_city.runs), ("city", 2));
    assert_eq!((of_city.principal.to_string(), of_city.latest), ("analyst:ana".to_owned(), instant(20)));
    let used = ledger.factor_uses(instant(0)).await.unwrap();
    let factors: Vec<&str> = used.iter().flat_map(|used| &used.factors).map(String::as_str).collect();
    assert!(factors.contains(&"shows.city") && factors.contains(&"analysts.cedar#1"), "{factors:?}");
    assert!(!factors.contains(&"shows.phone"), "{factors:?}");
    assert_eq!(ledger.column_uses(instant(21)).await.unwrap(), []);
}

/// Runs are listed while others are decided about.
pub(super) async fn check_runs_are_read_while_they_are_decided(ledger: Ledger) {
    let writer = ledger.clone();
    let deciding = tokio::spawn(async move {
        for second in 0..40 {
            let mut run = open(&writer, second).await;
            for _ in 0..3 {
                run.record_decision(&decision("crm_members")).await.unwrap();
            }
        }
    });
    while !deciding.is_finished() {
        ledger.runs(all()).await.unwrap();
    }
    deciding.await.unwrap();
}
