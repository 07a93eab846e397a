use super::*;
use crate::release::fixture::{Row, ask, lines_table, mechanism, options, sampling};

/// All steps but the permit and the stored tables: 200 members in SH, none elsewhere, at an epsilon that
/// leaves little noise. Six deviations either way: error rate below 1e-8.
#[tokio::test]
async fn a_release_is_near_the_bounded_truth_and_says_how_near() {
    let question =
        ask("SELECT region, COUNT(*) AS n, SUM(amount) AS s FROM lines GROUP BY region ORDER BY n DESC")
            .await
            .expect("a question");
    let mechanism = mechanism(&question, &options(4.0)).expect("a mechanism");
    let rows: Vec<Row> =
        (0..200).map(|member| Row { member: Some(member), amount: Some(10_000), ..Row::default() }).collect();
    let plan = rows::plan(&question, &[lines_table(&[rows])]).expect("a plan");
    let exact = exact(&question, &mechanism, &plan, &Limits::default()).await.expect("totals");
    let totals = exact.finish(&mechanism, &sampling()).expect("totals");
    let groups = mechanism.release(totals).expect("a release");
    let summary = mechanism.describe().expect("a summary");
    let answer = answer(&question, &mechanism, summary, Vec::new(), &groups).expect("an answer");

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
    assert_eq!(answer.price, mechanism.price());
    assert!(answer.epsilon <= 4.0 && answer.epsilon > 3.9);
    assert!(answer.notes.iter().any(|note| note.contains("at most 2 groups, with at most 3 rows")));
    assert_eq!(answer.to_batch().expect("a batch").num_rows(), 3);
}

#[tokio::test]
async fn planning_a_release_never_scans() {
    let scope = crate::release::fixture::scope();
    let state = user_session(scope.planning_tables(), &Limits::default()).expect("a session");
    let statement = Statement::parse("SELECT COUNT(*) FROM lines", &Limits::default()).expect("a statement");
    let plan = state.statement_to_plan(statement.for_planner()).await.expect("a plan");
    let scanned = state.create_physical_plan(&plan).await;
    assert!(scanned.is_err(), "the planner's tables cannot be read");
}
