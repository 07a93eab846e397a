use std::sync::Arc;

use datafusion::arrow::array::AsArray as _;
use futures::TryStreamExt as _;
use membrane_policy::RowRule;

use super::*;
use crate::engine::Planned;
use crate::gate::Statement;
use crate::testing::{Asker, half, member_rules, members};

async fn explained(rule: RowRule, stored: bool, sql: &str) -> String {
    let inner = stored.then(|| Arc::new(members()) as Arc<dyn datafusion::catalog::TableProvider>);
    let asker = Asker::new(member_rules(rule), inner).await;
    let statement = Statement::parse(sql, &asker.limits).unwrap();
    assert!(statement.explains());
    let planned = Planned::new(&asker.state, &statement, &asker.limits).await.unwrap();
    let answer = answer(&planned.analysed, &asker.state, &asker.limits).unwrap();
    let batches: Vec<RecordBatch> = answer.stream.try_collect().await.unwrap();
    let lines = batches.iter().flat_map(|batch| batch.column(0).as_string_view().iter().flatten());
    lines.collect::<Vec<_>>().join("\n")
}

/// Under a row rule, without one, and of a table of which nothing is stored, the plan is the same.
#[tokio::test]
async fn the_plan_tells_of_no_rule_and_no_row() {
    for sql in [
        "EXPLAIN SELECT region, count(*) FROM member WHERE spend > 10 GROUP BY region",
        "explain select phone from member where phone like '138%' order by id limit 3",
        "EXPLAIN SELECT max(spend) FROM member",
        "EXPLAIN SELECT m.id FROM member m JOIN member n ON m.id = n.spend WHERE 1 / (m.spend - 777) > 0",
    ] {
        let ruled = explained(half(), true, sql).await;
        assert!(ruled.contains("TableScan: member") || ruled.contains("TableScan: m"), "{ruled}");
        assert!(!ruled.contains("S1"), "{ruled}");
        assert_eq!(ruled, explained(RowRule::All, true, sql).await);
        assert_eq!(ruled, explained(RowRule::None, true, sql).await);
        assert_eq!(ruled, explained(half(), false, sql).await);
    }
}

#[test]
fn only_the_plain_form_is_taken() {
    let limits = Limits::default();
    for sql in [
        "EXPLAIN ANALYZE SELECT 1",
        "EXPLAIN VERBOSE SELECT 1",
        "EXPLAIN FORMAT TREE SELECT 1",
        "EXPLAIN (ANALYZE) SELECT 1",
        "EXPLAIN EXPLAIN SELECT 1",
        "EXPLAIN INSERT INTO member VALUES (1)",
        "EXPLAIN member",
        "EXPLAIN",
    ] {
        assert!(Statement::parse(sql, &limits).is_err(), "{sql}");
    }
}
