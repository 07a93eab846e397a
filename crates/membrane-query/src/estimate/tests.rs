use datafusion::catalog::TableProvider;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use membrane_policy::RowRule;

use super::*;
use crate::testing::{Asker, ROWS, half, member_rules, members};

async fn told(rule: RowRule, sql: &str) -> Arc<Statistics> {
    let asker = Asker::new(member_rules(rule), Some(Arc::new(members()) as Arc<dyn TableProvider>)).await;
    let plan = asker.plan(sql).await;
    StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new()).unwrap()
}

fn nothing(statistics: &Statistics) -> bool {
    statistics.num_rows == Precision::Absent
        && statistics.total_byte_size == Precision::Absent
        && statistics.column_statistics.iter().all(|column| *column == ColumnStatistics::new_unknown())
}

/// What would tell of hidden rows is told under no row rule, whatever it keeps.
#[tokio::test]
async fn under_a_row_rule_nothing_is_told() {
    for sql in ["select id, spend from member", "select id from member where spend > 10"] {
        assert!(nothing(told(half(), sql).await.as_ref()), "{sql}");
        assert!(nothing(told(RowRule::None, sql).await.as_ref()), "{sql}");
    }
}

/// Without one, rows are estimated, and nothing is exact: no answer is taken from statistics.
#[tokio::test]
async fn without_one_rows_are_estimated() {
    let rows = usize::try_from(ROWS).unwrap();
    let all = told(RowRule::All, "select id, phone from member").await;
    assert_eq!(all.num_rows, Precision::Inexact(rows));
    let exact = |column: &ColumnStatistics| {
        column.min_value.is_exact() == Some(true) || column.null_count.is_exact() == Some(true)
    };
    assert!(!all.column_statistics.iter().any(exact));
    assert_eq!(all.column_statistics[1], ColumnStatistics::new_unknown(), "a masked column");
    let some = told(RowRule::All, "select id from member where spend > 10").await;
    assert!(some.num_rows.get_value().is_some_and(|some| *some <= rows), "{:?}", some.num_rows);
}
