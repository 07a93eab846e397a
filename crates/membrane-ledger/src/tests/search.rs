//! Runs are found by what they were about.

use membrane_model::{Action, FieldRef, LineageEdge, RevealLevel, RunId, Transformation};
use sqlx::AssertSqlSafe;

use super::log::fault;
use super::{decision, edge, instant, new_run, outcome, tamper, version};
use crate::{
    ColumnDecision, Decision, LeafRow, Ledger, LedgerError, LogFault, NewRun, RunDetail, RunMark, RunOutcome,
    RunRecord, RunSearch, RunState, RunStatus, RunWindow,
};

fn column(name: &str, level: RevealLevel) -> ColumnDecision {
    ColumnDecision {
        column: name.parse().unwrap(),
        level: Some(level),
        factors: vec![format!("policy.{name}")],
    }
}

/// A run that was permitted to take phones at a level, and took what it says.
async fn act(ledger: &Ledger, new: NewRun, level: RevealLevel, took: &[&str], state: RunState) -> RunId {
    let started = new.started;
    let mut run = ledger.open_run(new).await.unwrap();
    let columns = vec![column("city", RevealLevel::Clear), column("phone", level)];
    run.record_decision(&Decision { columns, ..decision("crm_members") }).await.unwrap();
    let edges = took
        .iter()
        .map(|field| edge(FieldRef::dataset("crm_members", field), FieldRef::answer("run", field)));
    let outcome = RunOutcome {
        state,
        edges: edges.collect(),
        inputs: vec![version("crm_members", 3)],
        finished: started,
        ..outcome(0)
    };
    run.close(outcome).await.unwrap().run
}

async fn found(ledger: &Ledger, search: &RunSearch, size: u32) -> Vec<RunId> {
    let mut all: Vec<RunId> = Vec::new();
    loop {
        let page = ledger.search_runs(search, all.last().copied(), size).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page.iter().map(|run| run.run));
    }
}

/// Forty runs of all sorts, the newest first.
async fn of_all_sorts(ledger: &Ledger) -> Vec<RunRecord> {
    let mut runs: Vec<RunRecord> = Vec::new();
    for number in 0..40_i64 {
        let who = ["analyst:ana", "analyst:lee", "partner:acme"][usize::try_from(number % 3).unwrap()];
        let mut new = new_run(who, number / 4);
        if number % 5 == 0 {
            new.on_behalf_of = Some("analyst:lee".parse().unwrap());
        }
        if number % 7 == 0 {
            new.purpose = Some("customer_service".parse().unwrap());
        }
        if who == "partner:acme" {
            new.action = Action::Release;
        }
        let level = if number % 4 == 0 { RevealLevel::Clear } else { RevealLevel::Partial };
        let took: &[&str] = if number % 2 == 0 { &["phone", "city"] } else { &["city"] };
        let state = if number % 6 == 5 { RunState::Fail } else { RunState::Complete };
        let run = act(ledger, new, level, took, state).await;
        runs.push(ledger.run(&run).await.unwrap().unwrap());
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.run));
    runs
}

/// Each filter, alone and with others, in pages of any size, finds what a look at every run finds.
pub(super) async fn check_runs_are_found_by_what_they_were_about(ledger: Ledger) {
    let runs = of_all_sorts(&ledger).await;
    let open = ledger.open_run(new_run("analyst:zoe", 3)).await.unwrap();
    let principals = [None, Some("analyst:lee"), Some("analyst:zoe")];
    let levels = [None, Some(RevealLevel::Clear), Some(RevealLevel::Partial)];
    let mut matched = 0;
    for principal in principals {
        for level in levels {
            for name in [None, Some("phone"), Some("city"), Some("tier")] {
                for (action, status, purpose) in [
                    (None, None, None),
                    (Some(Action::Read), None, Some("customer_service")),
                    (Some(Action::Read), Some(RunStatus::Closed(RunState::Fail)), None),
                    (None, Some(RunStatus::Closed(RunState::Complete)), Some("marketing_analysis")),
                    (None, Some(RunStatus::Open), None),
                ] {
                    for (dataset, window) in
                        [(None, None), (Some("crm_members"), Some((3, 7))), (Some("web_events"), None)]
                    {
                        let search = RunSearch {
                            principal: principal.map(|name| name.parse().unwrap()),
                            action,
                            purpose: purpose.map(|name| name.parse().unwrap()),
                            status,
                            dataset: dataset.map(|name| name.parse().unwrap()),
                            column: name.map(|name| name.parse().unwrap()),
                            level,
                            since: window.map(|(since, _)| instant(since)),
                            until: window.map(|(_, until)| instant(until)),
                        };
                        let expected: Vec<RunId> =
                            runs.iter().filter(|run| is_meant(run, &search)).map(|run| run.run).collect();
                        let mut told = found(&ledger, &search, 7).await;
                        told.retain(|run| *run != open.id());
                        assert_eq!(told, expected, "{search:?}");
                        let (mut entries, looked) = ledger.search_entries(&search, 0, 40).await.unwrap();
                        entries.sort_by_key(|run| std::cmp::Reverse(run.run));
                        let entries: Vec<RunId> = entries.iter().map(|run| run.run).collect();
                        assert_eq!((entries, looked), (expected, 40), "{search:?}");
                        matched += told.len();
                    }
                }
            }
        }
    }
    assert!(matched > 500, "{matched}");
    let of_zoe = RunSearch { principal: Some("analyst:zoe".parse().unwrap()), ..RunSearch::default() };
    assert_eq!(found(&ledger, &of_zoe, 10).await, [open.id()]);
    // The page of the record by a column is of the same runs.
    let window = RunWindow { column: Some("phone".parse().unwrap()), ..RunWindow::default() };
    let page = ledger.page_of_runs(&window, RunDetail::Reads, None, 12).await.unwrap();
    let last = page.last().map(|run| RunMark { at: run.started, run: run.run });
    let rest = ledger.page_of_runs(&window, RunDetail::Reads, last, 12).await.unwrap();
    assert_eq!((page.len(), rest.len()), (12, 8));
}

/// The same without an index.
fn is_meant(run: &RunRecord, search: &RunSearch) -> bool {
    let is = |wanted: &Option<_>, who: Option<&membrane_model::PrincipalId>| {
        wanted.as_ref().is_none_or(|wanted| Some(wanted) == who)
    };
    let is_of_columns = search.column.is_some() || search.level.is_some();
    let named = |decision: &Decision| decision.dataset == search.dataset;
    let reads = run.columns_read();
    let took = |name: &str| {
        reads.iter().any(|read| {
            search.dataset.as_ref().is_none_or(|dataset| dataset.as_str() == read.dataset)
                && (name.is_empty() || read.column == name)
                && search.level.is_none_or(|level| read.level == Some(level.as_str()))
        })
    };
    let column = search.column.as_ref().map_or("", |column| column.as_str());
    (is(&search.principal, Some(&run.principal)) || is(&search.principal, run.on_behalf_of.as_ref()))
        && search.action.is_none_or(|action| run.action == action)
        && (search.purpose.is_none() || run.purpose == search.purpose)
        && search.status.is_none_or(|status| run.status == status)
        && search.since.is_none_or(|since| run.started >= since)
        && search.until.is_none_or(|until| run.started < until)
        && (search.dataset.is_none() || is_of_columns || run.decisions.iter().any(named))
        && (!is_of_columns || took(column))
}

/// What is taken down of a run is what its record says.
pub(super) async fn check_columns_are_taken_down_as_they_were_read(ledger: Ledger) {
    let release = NewRun { action: Action::Release, ..new_run("partner:acme", 1) };
    act(&ledger, release, RevealLevel::Clear, &["phone"], RunState::Complete).await;
    act(&ledger, new_run("analyst:ana", 2), RevealLevel::Token, &["phone", "tier"], RunState::Complete).await;
    let mut run = ledger.open_run(new_run("analyst:ana", 3)).await.unwrap();
    for (level, allowed) in
        [(RevealLevel::Partial, true), (RevealLevel::Clear, false), (RevealLevel::Null, true)]
    {
        let columns = vec![column("phone", level)];
        run.record_decision(&Decision { allowed, columns, ..decision("crm_members") }).await.unwrap();
    }
    let filter = LineageEdge {
        transformation: Transformation::Filter,
        ..edge(FieldRef::dataset("crm_members", "phone"), FieldRef::answer("run", "n"))
    };
    run.close(RunOutcome { edges: vec![filter], ..outcome(4) }).await.unwrap();
    // Twice: what is known is not taken down again.
    ledger.index_columns().await.unwrap();
    ledger.index_columns().await.unwrap();
    let rows = sqlx::query(AssertSqlSafe(
        "SELECT run, dataset, column_name, level FROM column_read ORDER BY 1, 2, 3",
    ))
    .fetch_all(&ledger.pools.read)
    .await
    .unwrap();
    let mut stored = Vec::new();
    for row in &rows {
        let mut cells = crate::row::Cells::of(row);
        let mut text = || cells.text().unwrap();
        stored.push([text(), text(), text(), text()]);
    }
    let mut expected = Vec::new();
    for record in ledger.search_runs(&RunSearch::default(), None, 10).await.unwrap() {
        for read in record.columns_read() {
            let level = read.level.unwrap_or_default();
            expected.push([record.run.to_string(), read.dataset.into(), read.column.into(), level.into()]);
        }
    }
    expected.sort();
    assert_eq!(stored, expected);
    let levels: Vec<&str> = stored.iter().map(|[_, _, _, level]| level.as_str()).collect();
    assert_eq!(levels, ["noise", "token", "", "partial"]);
    let newest = ledger.search_runs(&RunSearch::default(), None, 1).await.unwrap();
    let reads = newest[0].columns_read();
    assert_eq!((reads[0].is_direct, reads[0].is_indirect), (false, true));
    assert_eq!(reads[0].factors, ["policy.phone"]);
}

/// What is found is held against the log, and what it is found by as well.
pub(super) async fn check_nothing_altered_is_found(ledger: Ledger) {
    let mut made = Vec::new();
    for second in 0..3 {
        let run = new_run("analyst:ana", second);
        made.push(act(&ledger, run, RevealLevel::Clear, &["phone", "tier"], RunState::Complete).await);
    }
    let phones = RunSearch { column: Some("phone".parse().unwrap()), ..RunSearch::default() };
    let found = async || ledger.search_runs(&phones, None, 10).await.map(|runs| runs.len());
    assert_eq!(found().await.unwrap(), 3);
    ledger.verify_log().await.unwrap();
    for (alter, left) in [
        (format!("UPDATE column_read SET level = 'token' WHERE run = '{}'", made[1]), 3),
        (format!("DELETE FROM column_read WHERE run = '{}' AND column_name = 'phone'", made[1]), 2),
        ("DELETE FROM column_read".to_owned(), 0),
        (
            format!(
                "UPDATE column_read SET column_name = 'name' WHERE run = '{}' AND column_name = 'tier'",
                made[1]
            ),
            3,
        ),
    ] {
        tamper(&ledger, &alter).await;
        assert_eq!(found().await.unwrap(), left, "{alter}");
        assert!(matches!(fault(&ledger).await, LogFault::Columns { .. }), "{alter}");
        assert!(ledger.mend_columns().await.unwrap() && !ledger.mend_columns().await.unwrap());
        assert_eq!(found().await.unwrap(), 3);
        ledger.verify_log().await.unwrap();
    }
    // A run that was altered is in no answer, whether it is found by index, entry by entry, or asked for.
    tamper(&ledger, &format!("UPDATE run SET principal = 'analyst:lee' WHERE run = '{}'", made[1])).await;
    let is_altered = |error: &LedgerError| matches!(error, LedgerError::Altered(LogFault::RunAltered { leaf: 1, run }) if *run == made[1]);
    assert!(is_altered(&found().await.unwrap_err()));
    let entries = ledger.search_entries(&RunSearch::default(), 0, 3).await;
    assert!(is_altered(&entries.unwrap_err()));
    assert!(is_altered(&ledger.require_unaltered(&made).await.unwrap_err()));
    ledger.require_unaltered(&[made[0], made[2]]).await.unwrap();
    tamper(&ledger, &format!("DELETE FROM audit_leaf WHERE run = '{}'", made[1])).await;
    let told = ledger.require_unaltered(&made).await.unwrap_err();
    assert!(matches!(told, LedgerError::Altered(LogFault::NoLeaf { run }) if run == made[1]));
}

pub(super) async fn check_leaves_are_paged(ledger: Ledger) {
    let mut made = Vec::new();
    // Closed in another order than they began.
    for second in [3, 1, 2, 2] {
        let run =
            act(&ledger, new_run("analyst:ana", second), RevealLevel::Clear, &["city"], RunState::Complete);
        made.push(run.await);
    }
    let pages = async |window: RunWindow| {
        let mut all: Vec<LeafRow> = Vec::new();
        loop {
            let page = ledger.page_of_leaves(&window, all.last(), 2).await.unwrap();
            if page.is_empty() {
                return all.iter().map(|row| row.leaf).collect::<Vec<_>>();
            }
            all.extend(page);
        }
    };
    assert_eq!(pages(RunWindow::default()).await, [3, 2, 1, 0]);
    let some = RunWindow { leaf_first: Some(1), leaf_last: Some(2), ..RunWindow::default() };
    assert_eq!(pages(some.clone()).await, [2, 1]);
    assert_eq!(pages(RunWindow { since: Some(instant(2)), ..some }).await, [2]);
    let lately = RunWindow { since: Some(instant(2)), ..RunWindow::default() };
    let mut told = pages(lately).await;
    assert_eq!(told.remove(0), 0);
    told.sort_unstable();
    assert_eq!(told, [2, 3]);
    assert_eq!(pages(RunWindow { run: Some(made[1]), ..RunWindow::default() }).await, [1]);
    let row = &ledger.page_of_leaves(&RunWindow::default(), None, 1).await.unwrap()[0];
    let hash = ledger.leaf_hashes(3, 4).await.unwrap()[0];
    assert_eq!(
        (row.run, row.hash.as_str(), row.status),
        (made[3], hex::encode(hash.0).as_str(), RunStatus::Closed(RunState::Complete))
    );
}
