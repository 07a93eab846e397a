use std::collections::HashMap;

use datafusion::catalog::TableProvider;
use membrane_policy::RowRule;

use super::*;
use crate::open::Opener;
use crate::session::trusted_session;
use crate::table::GovernedTable;
use crate::testing::{ROWS, half, ledger, member_rules, members, vault};

/// What the scan of `id, spend, phone` tells under a rule and a condition.
async fn told(rule: RowRule, filters: &[Expr]) -> Statistics {
    let (ledger, _folder) = ledger().await;
    let opener = Arc::new(Opener::new(ledger, vault()));
    let last = i128::from(ROWS) - 1;
    let ranges = HashMap::from([("id".to_owned(), (0, last)), ("spend".to_owned(), (0, last))]);
    let extent = Extent { rows: u64::try_from(ROWS).unwrap(), ranges };
    let trusted = trusted_session().unwrap();
    let inner = Arc::new(members()) as Arc<dyn TableProvider>;
    let table = GovernedTable::new(member_rules(rule), Some(inner), Arc::clone(&trusted), opener);
    let table = table.of_extent(Some(Arc::new(extent)));
    let scan = table.scan(trusted.as_ref(), Some(&vec![0, 2, 5]), filters, None).await.unwrap();
    let told = scan.statistics_from_inputs(&[], &StatisticsArgs::new()).unwrap();
    let of_part = scan.statistics_from_inputs(&[], &StatisticsArgs::new().with_partition(Some(0))).unwrap();
    assert_eq!(of_part.num_rows, Precision::Absent);
    Statistics::clone(&told)
}

fn above(spend: i64) -> Expr {
    let column = Expr::Column(datafusion::common::Column::new_unqualified("spend"));
    column.gt(Expr::Literal(ScalarValue::Int64(Some(spend)), None))
}

/// Under a row rule nothing is known, whatever is stored: what is supposed is the same for all.
#[tokio::test]
async fn under_a_row_rule_nothing_is_known() {
    for rule in [half(), RowRule::None] {
        for (filters, supposed) in [(vec![], 250_000), (vec![above(900)], 50_000)] {
            let told = told(rule.clone(), &filters).await;
            assert_eq!(
                (told.num_rows, told.total_byte_size),
                (Precision::Inexact(supposed), Precision::Absent)
            );
            assert!(told.column_statistics.iter().all(|column| *column == ColumnStatistics::new_unknown()));
        }
    }
}

/// Without one, rows are estimated, and between which values clear columns lie; never exactly, so that no answer is taken
/// from it, and of a masked column nothing.
#[tokio::test]
async fn without_a_row_rule_rows_are_estimated() {
    let all = told(RowRule::All, &[]).await;
    assert_eq!(all.num_rows, Precision::Inexact(usize::try_from(ROWS).unwrap()));
    assert_eq!(all.column_statistics[0].max_value, Precision::Inexact(ScalarValue::Int64(Some(ROWS - 1))));
    assert_eq!(all.column_statistics[2], ColumnStatistics::new_unknown());
    let some = told(RowRule::All, &[above(899)]).await;
    assert!(matches!(some.num_rows, Precision::Inexact(50..=200)), "{:?}", some.num_rows);
    assert!(some.column_statistics.iter().all(|column| column.max_value.is_exact() != Some(true)));
}
