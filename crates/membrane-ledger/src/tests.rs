//! The ledger's behaviour, checked on both databases by the same functions.

mod anomaly;
mod budget;
mod documents;
mod keys;
pub(crate) mod kills;
mod lineage;
mod log;
mod page;
mod postgres;
mod runs;
mod search;
mod sources;
mod tag;
mod terms;
mod windows;

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_model::{Action, FieldRef, LineageEdge, Price, TableVersion, Transformation};
use sqlx::AssertSqlSafe;
use tempfile::TempDir;

use crate::{Caps, DatasetVersion, Decision, Ledger, NewRun, OpenRun, RunOutcome, RunState};

/// Runs each `check_*` function on SQLite as a test of its own, and all of them on PostgreSQL as one
/// test on one server, each in a new database.
macro_rules! on_both_databases {
    ($($module:ident :: $check:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $check() {
                    let (ledger, _folder) = super::new_file().await;
                    super::$module::$check(ledger).await;
                }
            )+
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn postgresql() {
            let Some(server) = postgres::Server::start() else { return };
            server.check_settings().await;
            $(
                eprintln!(concat!(stringify!($module), "::", stringify!($check)));
                let ledger = server.new_ledger(stringify!($check)).await;
                $module::$check(ledger.clone()).await;
                ledger.disconnect().await;
            )+
        }
    };
}

on_both_databases!(
    sources::check_sources_stand_somewhere,
    sources::check_one_holder_at_a_time,
    sources::check_upkeep_is_held_and_noted,
    runs::check_the_oldest_open_run,
    sources::check_files_and_deliveries_are_noted,
    sources::check_a_refused_delivery_is_noted_once_a_day,
    sources::check_a_broken_promise_is_told_once,
    sources::check_a_replay_is_planned_by_one,
    runs::check_a_run_is_recorded,
    runs::check_an_open_run_is_listed_as_open,
    runs::check_runs_are_filtered,
    runs::check_many_columns_and_edges,
    runs::check_abandoned_runs,
    runs::check_an_abandoned_run_takes_no_more,
    runs::check_a_ledger_is_somebodys,
    runs::check_numbers_that_do_not_fit,
    runs::check_any_letter_is_recorded,
    documents::check_documents_are_kept,
    documents::check_documents_are_found_by_what_they_are_about,
    documents::check_a_document_that_was_altered_is_noticed,
    log::check_entries_are_those_of_the_leaves,
    log::check_what_was_published_is_known,
    runs::check_uses_are_counted,
    anomaly::check_activity_is_added_up,
    anomaly::check_large_figures_add_up,
    anomaly::check_activity_of_before_is_counted_alike,
    anomaly::check_anomalies_are_found_once,
    anomaly::check_a_flag_is_part_of_the_record,
    anomaly::check_a_note_is_what_a_run_says,
    anomaly::check_a_walk_is_not_hidden_by_more_rows,
    tag::check_builds_of_tags_are_numbered_and_read,
    tag::check_one_at_a_time_builds_a_tag,
    lineage::check_lineage_is_followed,
    lineage::check_lineage_in_circles_ends,
    lineage::check_edges_of_runs_that_did_the_same_are_one,
    lineage::check_runs_are_paged_from_a_moment,
    page::check_runs_are_paged_to_the_first,
    page::check_deliveries_are_paged,
    search::check_runs_are_found_by_what_they_were_about,
    search::check_columns_are_taken_down_as_they_were_read,
    runs::check_runs_are_read_while_they_are_decided,
    search::check_nothing_altered_is_found,
    search::check_leaves_are_paged,
    keys::check_keys_are_kept,
    keys::check_the_first_key_wins,
    keys::check_large_batches,
    keys::check_buckets_are_fresh,
    keys::check_a_failed_batch_stores_nothing,
    budget::check_a_release_is_paid_once,
    budget::check_what_was_lost_is_taken_up,
    budget::check_one_price_pays_for_several,
    budget::check_all_scopes_or_none,
    budget::check_racing_reservations_stay_within_the_cap,
    budget::check_racing_for_one_question,
    budget::check_burned_releases_stay_spent,
    budget::check_stale_reservations,
    budget::check_closing_burns,
    budget::check_refused_requests,
    budget::check_budget_lines,
    terms::check_outdated_terms_reserve_nothing,
    terms::check_a_closed_budget_gives_what_was_paid_for,
    terms::check_a_step_and_reservations_race,
    terms::check_the_pace_of_a_scope,
    windows::check_a_month_fills_and_refills,
    windows::check_a_lifetime_never_refills,
    windows::check_a_price_beyond_a_whole_month_waits_for_nothing,
    windows::check_a_clock_that_goes_back_finds_no_fresh_month,
    windows::check_a_clock_that_jumped_ahead_stays_there,
    windows::check_many_ask_while_the_month_ends,
    windows::check_sixty_four_ask_for_the_last_unit,
    windows::check_an_answer_is_free_in_later_months,
    windows::check_caps_that_change_forget_nothing,
    windows::check_what_was_spent_before_months_counts_for_ever,
    windows::check_burned_releases_are_told_apart,
    windows::check_the_last_release_of_a_partner,
    log::check_the_log_grows_and_verifies,
    log::check_concurrent_closings,
    log::check_altered_rows_are_noticed,
    log::check_altered_budgets_are_noticed,
    log::check_removed_and_reordered_rows_are_noticed,
);

async fn new_file() -> (Ledger, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (open_file(&folder).await, folder)
}

async fn open_file(folder: &TempDir) -> Ledger {
    Ledger::connect(&format!("sqlite://{}/ledger.sqlite", folder.path().display())).await.unwrap()
}

/// Handles of their own stand for processes of their own: each has its own connections to the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledgers = Vec::new();
    for _ in 0..4 {
        ledgers.push(open_file(&folder).await);
    }
    budget::check_race(&ledgers).await;
    log::check_closings(&ledgers).await;
}

/// What was granted is there after the process is gone, and what it left open is closed by the next.
#[tokio::test]
async fn a_ledger_outlives_its_process() {
    let (ledger, folder) = new_file().await;
    let left = budget::leave_open(&ledger).await;
    // No farewell: the connections are dropped as a killed process drops them.
    drop(ledger);
    let ledger = open_file(&folder).await;
    budget::check_left_behind(&ledger, left).await;
}

fn instant(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 123_456_000).unwrap() + TimeDelta::seconds(second)
}

fn price(rho_nano: u64, delta_atto: u64) -> Price {
    Price { rho_nano, delta_atto }
}

fn caps(both: Price) -> Caps {
    Caps { month: both, lifetime: both }
}

fn new_run(principal: &str, second: i64) -> NewRun {
    NewRun {
        entrance: crate::Entrance::default(),
        channel: membrane_model::Channel::Cli,
        principal: principal.parse().unwrap(),
        on_behalf_of: None,
        action: Action::Read,
        purpose: Some("marketing_analysis".parse().unwrap()),
        job: "query".to_owned(),
        statement: Some("SELECT city FROM crm_members WHERE tier = ?".to_owned()),
        started: instant(second),
    }
}

async fn open(ledger: &Ledger, second: i64) -> OpenRun {
    ledger.open_run(new_run("analyst:ana", second)).await.unwrap()
}

fn decision(dataset: &str) -> Decision {
    Decision {
        allowed: true,
        dataset: Some(dataset.parse().unwrap()),
        reason: "permitted".to_owned(),
        factors: vec!["analysts.cedar#1".to_owned(), "会员 \"quoted\"".to_owned()],
        policy_version: "c0ffee".to_owned(),
        columns: Vec::new(),
    }
}

fn version(dataset: &str, version: u64) -> DatasetVersion {
    DatasetVersion { dataset: dataset.parse().unwrap(), version: TableVersion(version) }
}

fn edge(from: FieldRef, to: FieldRef) -> LineageEdge {
    LineageEdge { from, to, transformation: Transformation::Identity, masking: false }
}

fn outcome(second: i64) -> RunOutcome {
    RunOutcome {
        rows_in: Some(20_000),
        rows_out: Some(12),
        bytes_out: Some(345),
        duration_ms: 67,
        inputs: vec![version("crm_members", 3)],
        edges: vec![edge(FieldRef::dataset("crm_members", "city"), FieldRef::answer("run", "city"))],
        ..RunOutcome::ended(RunState::Complete, instant(second))
    }
}

/// Closes a run that did an ordinary thing.
async fn closed_run(ledger: &Ledger, second: i64) -> crate::ClosedRun {
    let mut run = open(ledger, second).await;
    run.record_decision(&decision("crm_members")).await.unwrap();
    run.close(outcome(second + 1)).await.unwrap()
}

/// Alters the ledger behind its back.
async fn tamper(ledger: &Ledger, sql: &str) {
    let changed = sqlx::query(AssertSqlSafe(sql)).execute(&ledger.pools.write).await.unwrap();
    assert!(changed.rows_affected() > 0, "the test changes something: {sql}");
}

/// Makes or drops a table of the test's own.
async fn change_tables(ledger: &Ledger, sql: &str) {
    sqlx::query(AssertSqlSafe(sql)).execute(&ledger.pools.write).await.unwrap();
}

/// Joins an error and its causes.
fn full_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, ": {error}").unwrap();
        cause = error.source();
    }
    text
}
