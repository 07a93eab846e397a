use chrono::{DateTime, TimeDelta};
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::physical_plan::{ExecutionPlanProperties as _, displayable};
use membrane_ledger::{Caps, Ledger, NewRun, ReserveRequest, Reserved, Terms};
use membrane_model::{Action, Channel, LogicalType, Protection, RevealLevel};
use membrane_policy::{CompareOperator, RowExpr, RowRule, RowValue};

use super::*;
use crate::open::Opener;
use crate::release::bounds::ReleaseOptions;
use crate::release::execution::brake_of;
use crate::release::fixture::{
    DECIMAL, Row, ask, lines_table, mechanism, options, products_table, sampling, scope,
};
use crate::release::notes::notes;
use crate::rules::ScanRules;
use crate::session::trusted_session;
use crate::table::GovernedTable;
use crate::testing::{ledger, rule, vault};

/// A plan of a statement over these tables, as [`Engine::plan_release`] makes it under a permit.
async fn plan_of(sql: &str, options: &ReleaseOptions, providers: Vec<Arc<dyn TableProvider>>) -> ReleasePlan {
    let question = ask(sql).await.expect("a question");
    let mechanism = mechanism(&question, options).expect("a mechanism");
    ReleasePlan {
        unit: unit(&question, &scope()).expect("a unit"),
        notes: notes(&question, &mechanism, false),
        survival: None,
        names: Names::default(),
        counting: None,
        summary: mechanism.describe().expect("a summary"),
        query_key: "q1".to_owned(),
        datasets: Vec::new(),
        inputs: Vec::new(),
        edges: Vec::new(),
        source: Source {
            providers: providers.into_iter().map(Some).collect(),
            sampling: sampling(),
            limits: Limits::default(),
        },
        question,
        mechanism,
    }
}

/// All steps but the permit and the stored tables: 200 members in SH, none elsewhere, at an epsilon that
/// leaves little noise. Six deviations either way: error rate below 1e-8.
#[tokio::test]
async fn a_release_is_near_the_bounded_truth_and_says_how_near() {
    let sql = "SELECT region, COUNT(*) AS n, SUM(amount) AS s FROM lines GROUP BY region ORDER BY n DESC";
    let rows: Vec<Row> =
        (0..200).map(|member| Row { member: Some(member), amount: Some(10_000), ..Row::default() }).collect();
    let plan = plan_of(sql, &options(4.0), vec![lines_table(&[rows])]).await;
    let (price, told) = (plan.price(), plan.notes().to_vec());
    let (limits, brake) = (Limits::default(), brake());
    let exact = exact(&plan.question, &plan.mechanism, &plan.source.providers, sampling(), &limits, &brake)
        .await
        .expect("totals");
    let answer = plan.answer(exact).await.expect("an answer");

    let names: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["region", "n", "n_lo95", "n_hi95", "n_sd", "s", "s_lo95", "s_hi95", "s_sd"]);
    assert_eq!(answer.rows.len(), 3, "every public region is there");
    let number = |row: usize, column: usize| -> f64 {
        answer.rows[row][column].as_deref().and_then(|cell| cell.parse().ok()).expect("a number")
    };
    assert_eq!(answer.rows[0][0].as_deref(), Some("SH"), "the largest first");
    for (column, truth) in [(1, 200.0), (5, 20_000.0)] {
        let (value, low, high, sd) =
            (number(0, column), number(0, column + 1), number(0, column + 2), number(0, column + 3));
        assert!((value - truth).abs() < 6.0 * sd, "{value}, not near {truth}, sd {sd}");
        assert!(low < value && value < high && high - low > 3.0 * sd && high - low < 5.0 * sd);
    }
    assert_eq!(answer.price, price);
    assert_eq!(answer.unit.as_ref().map(|unit| unit.identity.as_str()), Some("member_no"));
    assert_eq!(answer.notes[..told.len()], told, "what was told before is told again");
    let clipped = answer.clipped.expect("a share");
    assert!(clipped.share < 0.5 && clipped.low95 <= clipped.share && clipped.share <= clipped.high95);
    assert!(answer.epsilon <= 4.0 && answer.epsilon > 3.9);
    assert!(answer.notes.iter().any(|note| note.contains("at most 2 groups, with at most 3 rows")));
    assert_eq!(answer.to_batch().expect("a batch").num_rows(), 3);
}

#[tokio::test]
async fn planning_a_release_never_scans() {
    let scope = scope();
    let state = user_session(scope.planning_tables(), &Limits::default()).expect("a session");
    let statement = Statement::parse("SELECT COUNT(*) FROM lines", &Limits::default()).expect("a statement");
    let plan = state.statement_to_plan(statement.for_planner()).await.expect("a plan");
    let scanned = state.create_physical_plan(&plan).await;
    assert!(scanned.is_err(), "the planner's tables cannot be read");
}

#[test]
fn a_dataset_that_was_never_written_has_no_data() {
    let read = |name: &str, version: Option<u64>| ReleasedDataset {
        dataset: name.parse().expect("a dataset name"),
        version: version.map(membrane_model::TableVersion),
    };
    let check = |datasets: &[ReleasedDataset], expected: Option<&str>| {
        assert_eq!(without_data(datasets).map(DatasetName::as_str), expected);
    };
    check(&[read("lines", Some(0)), read("products", Some(3))], None);
    check(&[read("lines", None)], Some("lines"));
    check(&[read("lines", Some(0)), read("products", None)], Some("products"));
}

/// A stored table behind a governed one, as a release sees it.
/// A rule that hides no row; but a rule it is.
fn kept() -> RowRule {
    RowRule::When(RowExpr::Compare {
        column: "product_id".parse().expect("a column name"),
        operator: CompareOperator::NotEq,
        value: RowValue::String("nowhere".to_owned()),
    })
}

fn governed(
    name: &str,
    stored: Arc<dyn TableProvider>,
    columns: &[(&str, LogicalType)],
    private: bool,
    opener: &Arc<Opener>,
) -> Arc<dyn TableProvider> {
    let shown =
        |(name, logical): &(&str, LogicalType)| rule(name, *logical, Protection::Clear, RevealLevel::Clear);
    let rules = ScanRules {
        dataset: name.parse().expect("a dataset name"),
        columns: columns.iter().map(shown).collect(),
        rows: if private { kept() } else { RowRule::All },
        with_subject: private,
    };
    let trusted = trusted_session().expect("a session");
    Arc::new(GovernedTable::new(rules, Some(stored), trusted, Arc::clone(opener)))
}

const BY_BRAND: &str = "SELECT brand, COUNT(*) AS n, SUM(amount) AS s FROM lines JOIN products USING (product_id) GROUP BY brand";

/// A question about lines and products, over governed tables.
async fn governed_plan(ledger: &Ledger) -> ReleasePlan {
    governed_plan_of(ledger, BY_BRAND, 1).await
}

/// The same of any question that joins lines with products so many times.
async fn governed_plan_of(ledger: &Ledger, sql: &str, joins: usize) -> ReleasePlan {
    let opener = Arc::new(Opener::new(ledger.clone(), vault()));
    let text = LogicalType::String;
    let rows: Vec<Row> =
        (0..200).map(|member| Row { member: Some(member), product: member % 3, ..Row::default() }).collect();
    let products = products_table(&[(0, Some("a")), (1, Some("b")), (1, Some("c")), (2, Some("a"))]);
    let lines = [("product_id", text), ("amount", DECIMAL)];
    let lines = governed("lines", lines_table(&[rows]), &lines, true, &opener);
    let columns = [("product_id", text), ("brand", text), ("kind", text)];
    let products = governed("products", products, &columns, false, &opener);
    let tables = std::iter::once(lines).chain(std::iter::repeat_n(products, joins)).collect();
    plan_of(sql, &options(8.0), tables).await
}

async fn reserve(ledger: &Ledger, plan: &ReleasePlan, key: &str, seconds: i64, lease: i64) -> Reserved {
    let at = |seconds| DateTime::from_timestamp(1_900_000_000 + seconds, 0).expect("a moment");
    let run = ledger
        .open_run(NewRun {
            entrance: membrane_ledger::Entrance::default(),
            principal: "partner:acme".parse().expect("a principal"),
            on_behalf_of: None,
            channel: Channel::Http,
            action: Action::Release,
            purpose: None,
            job: "release".to_owned(),
            statement: None,
            started: at(seconds),
        })
        .await
        .expect("a run");
    let cap = Price { rho_nano: u64::MAX >> 2, delta_atto: u64::MAX >> 2 };
    let request = ReserveRequest {
        run: run.id(),
        partner: "partner:acme".parse().expect("a principal"),
        query_key: key.to_owned(),
        shape: None,
        resumes: false,
        price: plan.price(),
        caps: vec![("partner:acme".parse().expect("a scope"), Caps { month: cap, lifetime: cap })],
        terms: Terms::default(),
        now: at(seconds),
    };
    // The run stays open: closing it would burn the reservation.
    std::mem::forget(run);
    ledger.reserve_for(&request, TimeDelta::seconds(lease)).await.expect("a decision")
}

/// A release runs for the reservation of its own question and for no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_runs_for_its_own_reservation_only() {
    let (ledger, _folder) = ledger().await;
    let plan = governed_plan(&ledger).await;
    let Reserved::Granted(other) = reserve(&ledger, &plan, "q2", 0, 60).await else { panic!("not granted") };
    assert_eq!(plan.run(&other, brake().deadline()).await, Err(QueryError::Failed));

    let plan = governed_plan(&ledger).await;
    let Reserved::Granted(own) = reserve(&ledger, &plan, "q1", 0, 60).await else { panic!("not granted") };
    assert_eq!(own.query_key(), plan.query_key());
    let answer = plan.run(&own, brake().deadline()).await.expect("an answer");
    let brands: Vec<_> = answer.rows.iter().map(|row| row[0].as_deref()).collect();
    assert_eq!(brands, [Some("a"), Some("b")], "product 1 is listed twice and is one product");
}

/// A question is in flight for as long as its release may take, and not longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_is_held_for_as_long_as_a_release_may_take() {
    let (ledger, _folder) = ledger().await;
    let plan = governed_plan(&ledger).await;
    let first = reserve(&ledger, &plan, "q1", 0, 3_900).await;
    assert!(matches!(first, Reserved::Granted(_)));
    assert!(matches!(reserve(&ledger, &plan, "q1", 3_899, 3_900).await, Reserved::InFlight { .. }));
    assert!(matches!(reserve(&ledger, &plan, "q1", 3_900, 3_900).await, Reserved::Granted(_)));
}

/// Joins of a release give way, hold the table without subject, and queue no row about a member.
#[tokio::test]
async fn joins_of_a_release_have_brakes_and_hold_no_members() {
    let (ledger, _folder) = ledger().await;
    for (more, joins) in [
        ("", 1),
        ("JOIN products q ON q.brand = p.brand", 2),
        ("JOIN products q ON q.brand = p.brand || l.product_id JOIN products r ON r.kind = q.kind", 3),
    ] {
        let sql = format!(
            "SELECT p.brand, COUNT(*) AS n FROM lines l JOIN products p ON p.product_id = l.product_id {more} GROUP BY p.brand"
        );
        let plan = governed_plan_of(&ledger, &sql, joins).await;
        let machine = Machine::new(&plan.source.limits, &brake()).expect("a machine");
        let bound = plan.mechanism.spec().size;
        let size = Size::start(bound, bound.total_max, machine.memory("release")).expect("a size");
        let tables = made::make(&plan.question, &plan.source.providers, &machine, &sampling(), &size).await;
        let rows = tables.expect("tables").plan(&plan.question.block, &columns_read(&plan.question));
        let physical = machine.physical(rows.expect("a plan")).await.expect("a plan");
        let shown = displayable(physical.as_ref()).indent(false).to_string();
        assert!(shown.contains("CooperativeExec"), "{shown}");
        assert_eq!(shown.matches("HashJoinExec: mode=CollectLeft").count(), joins, "{shown}");
        assert!(!shown.contains("RepartitionExec") && !shown.contains("CrossJoinExec"), "{shown}");
        // With several partitions of a scan with a row rule, rows of members would lie ready for the slower one.
        let mut scans = Vec::new();
        let found = physical.apply(|node| {
            if node.name() == "GovernedScanExec" {
                scans.push(node.output_partitioning().partition_count());
            }
            Ok(TreeNodeRecursion::Continue)
        });
        assert!(found.is_ok());
        // The one scan is the last line: on the right of each join, the side that passes by.
        assert_eq!(scans, [1], "{shown}");
        assert!(shown.trim_end().ends_with("GovernedScanExec"), "{shown}");
    }
}

#[test]
fn a_brake_is_stopped_when_nobody_waits_any_more() {
    let brake = brake();
    drop(StopOnDrop(Arc::clone(&brake)));
    assert!(format!("{brake:?}").contains("stopped: true"));
}

fn brake() -> Arc<Brake> {
    brake_of(&Limits::default())
}
