use datafusion::arrow::array::Array as _;
use membrane_catalog::Column;
use membrane_model::{LogicalType, PartialMask, Protection, Shown};
use membrane_policy::{CompareOperator, RowExpr, RowRule, RowValue};

use crate::rules::{Case, ColumnRule, ScanRules};
use crate::testing::{
    Asker, CANARY, ROWS, contract_column, count, half, member_rules, members, rows, way, wire,
};
use std::sync::Arc;

fn compare(column: &str, operator: CompareOperator, value: RowValue) -> RowExpr {
    RowExpr::Compare { column: column.parse().unwrap(), operator, value }
}

fn by(column: &Column, cases: &[(RowExpr, Shown)], otherwise: Shown) -> ColumnRule {
    let cases = cases
        .iter()
        .map(|(condition, shown)| Case { condition: condition.clone(), way: way(column, *shown).unwrap() });
    ColumnRule::new(column.name.clone(), cases.collect(), way(column, otherwise).unwrap()).unwrap()
}

/// `note` in clear below spend 100 in region S1, as its first four characters where `active` is true, else NULL.
fn rules(rule: RowRule) -> ScanRules {
    let mut rules = member_rules(rule);
    let clear = RowExpr::And(vec![
        compare("region", CompareOperator::Eq, RowValue::String("S1".to_owned())),
        compare("spend", CompareOperator::Lt, RowValue::Integer(100)),
    ]);
    let note = by(
        &contract_column("note", LogicalType::String, Protection::Clear),
        &[
            (clear, Shown::Clear),
            (RowExpr::IsTrue("active".parse().unwrap()), Shown::Partial(PartialMask::FirstFour)),
        ],
        Shown::Null,
    );
    let place = rules.columns.iter().position(|column| column.name.as_str() == "note").unwrap();
    rules.columns[place] = note;
    rules
}

#[tokio::test]
async fn the_first_condition_that_is_true_counts_and_null_is_not_true() {
    for rule in [RowRule::All, half()] {
        let asker = Asker::new(rules(rule.clone()), Some(Arc::new(members()))).await;
        // Even rows are in S1; every third is neither active nor not.
        let clear = asker.number("select count(*) from member where note like 'a shown note%'").await;
        assert_eq!(clear, Ok(50), "{rule:?}");
        let shape = asker.number("select count(*) from member where note like 'a sh%x%'").await;
        let active = (100..ROWS).filter(|id| id % 3 != 0 && id % 2 == 0).count();
        assert_eq!(shape, Ok(i64::try_from(active).unwrap()), "{rule:?}");
        let rest = asker.number("select count(*) - count(note) - 50 from member").await.unwrap();
        let all = if rule == RowRule::All { ROWS } else { ROWS / 2 };
        assert_eq!(rest, all - 100 - shape.unwrap(), "{rule:?}");
    }
}

/// What is not shown in a row is not in the bytes of those that show it, nor in those of a statement that reads one row.
#[tokio::test]
async fn no_byte_of_a_masked_row_leaves() {
    let asker = Asker::new(rules(RowRule::All), Some(Arc::new(members()))).await;
    for sql in
        ["select note from member", "select note from member where id = 2", "select note from member limit 3"]
    {
        let batches = asker.ask(sql).await.unwrap();
        assert!(rows(&batches) > 0);
        assert_eq!(count(&wire(&batches), CANARY), 0, "{sql}");
    }
}

/// The condition reads the original of a column that is itself masked, and which is not among the asked ones.
#[tokio::test]
async fn conditions_read_originals() {
    let mut rules = member_rules(RowRule::All);
    let phone = contract_column("phone", LogicalType::String, Protection::Clear);
    let spend = contract_column("spend", LogicalType::Integer, Protection::Clear);
    let is = |phone: &str| compare("phone", CompareOperator::Eq, RowValue::String(phone.to_owned()));
    for column in &mut rules.columns {
        match column.name.as_str() {
            "phone" => *column = by(&phone, &[], Shown::Null),
            "spend" => *column = by(&spend, &[(is("13800000007"), Shown::Clear)], Shown::Null),
            _ => {}
        }
    }
    let asker = Asker::new(rules, Some(Arc::new(members()))).await;
    assert_eq!(asker.number("select count(spend) from member").await, Ok(1));
    assert_eq!(asker.number("select sum(spend) from member").await, Ok(7));
    // The statement's own phone is NULL, and its spend is what is shown.
    assert_eq!(asker.number("select count(*) from member where phone = '13800000007'").await, Ok(0));
    assert_eq!(asker.number("select count(*) from member where spend = 8").await, Ok(0));
}

/// A condition that does not fit the stored columns closes the table.
#[tokio::test]
async fn a_condition_that_does_not_fit_closes_the_table() {
    let mut rules = member_rules(RowRule::All);
    let note = contract_column("note", LogicalType::String, Protection::Clear);
    let wrong = compare("spend", CompareOperator::Eq, RowValue::String("7".to_owned()));
    for column in &mut rules.columns {
        if column.name.as_str() == "note" {
            *column = by(&note, &[(wrong.clone(), Shown::Clear)], Shown::Null);
        }
    }
    let asker = Asker::new(rules, Some(Arc::new(members()))).await;
    assert!(asker.ask("select note from member").await.is_err());
    assert_eq!(asker.number("select count(id) from member").await, Ok(ROWS));
    let batches = asker.ask("select id from member limit 1").await.unwrap();
    assert!(batches[0].column(0).is_valid(0));
}
