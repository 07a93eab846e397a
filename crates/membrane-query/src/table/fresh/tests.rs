//! Rows that are not committed yet are rows like others: the same answers, the same errors, nothing of a hidden one.

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::datasource::MemTable;
use membrane_model::Limits;

use super::*;
use crate::testing::{Asker, CANARY, HIDDEN_SPEND, ROWS, count, half, member_batch, member_rules, wire};

/// Returns rows as a stream has them: with text that is no view.
fn as_streamed(batch: &RecordBatch) -> RecordBatch {
    let texts = |field: &FieldRef| match field.data_type() {
        DataType::Utf8View => Field::new(field.name(), DataType::Utf8, true),
        other => Field::new(field.name(), other.clone(), true),
    };
    let schema = Arc::new(Schema::new(batch.schema().fields().iter().map(texts).collect::<Vec<_>>()));
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type()).unwrap()).collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

/// Asks over the members, of whom the first so many are stored, and the others come in batches of some rows.
async fn asker(stored: usize, each: usize) -> Asker {
    let all = member_batch();
    let inner: Option<Arc<dyn TableProvider>> = (stored > 0).then(|| {
        let rows = all.slice(0, stored);
        Arc::new(MemTable::try_new(all.schema(), vec![vec![rows]]).unwrap()) as _
    });
    let fresh = (stored..all.num_rows())
        .step_by(each)
        .map(|from| as_streamed(&all.slice(from, each.min(all.num_rows() - from))))
        .collect();
    Asker::with_fresh(member_rules(half()), inner, fresh, Limits::default()).await
}

#[tokio::test]
async fn answers_are_the_same_wherever_rows_are() {
    let statements = [
        "select count(*) from member".to_owned(),
        "select count(*), sum(spend), min(phone), count(addr), max(note) from member".to_owned(),
        "select * from member where spend between 10 and 40 order by id".to_owned(),
        "select region, active, count(*) from member group by region, active order by 1, 2".to_owned(),
        "select id, phone from member".to_owned(),
        "select id from member limit 3".to_owned(),
        format!("select count(*) from member where 1/(spend-{HIDDEN_SPEND}) > -5"),
        format!("select count(*) from member where spend = {HIDDEN_SPEND}"),
        "select m.id from member m join member w on m.id = w.spend order by 1 limit 5".to_owned(),
        "select 1/(spend-500) from member".to_owned(),
    ];
    let rows = usize::try_from(ROWS).unwrap();
    let (all_stored, all_fresh) = (asker(rows, 1).await, asker(0, 7).await);
    let askers = [asker(rows / 2, rows).await, asker(rows / 3, 13).await, all_fresh];
    for sql in statements {
        let expected = all_stored.ask(&sql).await.map(|answer| wire(&answer));
        for asker in &askers {
            let found = asker.ask(&sql).await.map(|answer| wire(&answer));
            match (&expected, &found) {
                (Ok(expected), Ok(found)) => {
                    assert_eq!(count(found, CANARY), 0, "{sql}");
                    assert!(expected == found, "{sql}");
                }
                (Err(expected), Err(found)) => assert_eq!(expected.code(), found.code(), "{sql}"),
                _ => panic!("{sql}: {:?}, {:?}", expected.is_ok(), found.is_ok()),
            }
        }
    }
}

/// A column that the contract has got, and rows of before have not.
#[tokio::test]
async fn a_column_that_rows_do_not_have_has_no_value_in_them() {
    let all = member_batch();
    let keep: Vec<usize> =
        (0..all.num_columns()).filter(|at| all.schema().field(*at).name() != "note").collect();
    let old = as_streamed(&all.project(&keep).unwrap());
    let inner = Arc::new(MemTable::try_new(all.schema(), vec![vec![all]]).unwrap());
    let asker = Asker::with_fresh(member_rules(half()), Some(inner), vec![old], Limits::default()).await;
    assert_eq!(asker.number("select count(*) from member").await, Ok(ROWS));
    assert_eq!(asker.number("select count(note) from member").await, Ok(ROWS / 2));
}
