use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, StringViewArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::Field;
use datafusion::arrow::record_batch::RecordBatch;
use membrane_policy::RowRule;
use proptest::prelude::*;

use super::*;
use crate::predicate::Predicate;
use crate::session::trusted_session;

const TEXTS: [Option<&str>; 5] = [Some("S1"), Some("S2"), Some("50%_a\\b"), Some(""), None];
const NUMBERS: [Option<i64>; 4] = [Some(0), Some(7), Some(-1), None];
const FLAGS: [Option<bool>; 3] = [Some(true), Some(false), None];
/// A day, an instant and hundredths: the least, the greatest, both sides of a constant, none.
const MOMENTS: [Moment; 6] = [
    (Some(-1), Some(-1), Some(-1)),
    (Some(0), Some(999), Some(1250)),
    (Some(20_000), Some(1_000), Some(1251)),
    (Some(i32::MAX), Some(i64::MAX), Some(9999)),
    (Some(i32::MIN), Some(i64::MIN), Some(-9999)),
    (None, None, None),
];

type Moment = (Option<i32>, Option<i64>, Option<i128>);
type Row = (Option<&'static str>, Option<i64>, Option<bool>, Moment);

fn decimal(unscaled: i128) -> RowValue {
    RowValue::Decimal { unscaled, scale: 2 }
}

/// Every combination of the cells above.
fn table() -> (RecordBatch, Vec<Row>) {
    let mut cells = Vec::new();
    for text in TEXTS {
        for number in NUMBERS {
            for flag in FLAGS {
                cells.extend(MOMENTS.map(|moment| (text, number, flag, moment)));
            }
        }
    }
    let schema = Schema::new(vec![
        Field::new("text", DataType::Utf8View, true),
        Field::new("number", DataType::Int64, true),
        Field::new("flag", DataType::Boolean, true),
        Field::new("day", DataType::Date32, true),
        Field::new("instant", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Field::new("money", DataType::Decimal128(4, 2), true),
    ]);
    let money = cells.iter().map(|row| row.3.2).collect::<Decimal128Array>();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(cells.iter().map(|row| row.0).collect::<StringViewArray>()),
        Arc::new(cells.iter().map(|row| row.1).collect::<Int64Array>()),
        Arc::new(cells.iter().map(|row| row.2).collect::<BooleanArray>()),
        Arc::new(cells.iter().map(|row| row.3.0).collect::<Date32Array>()),
        Arc::new(cells.iter().map(|row| row.3.1).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
        Arc::new(money.with_precision_and_scale(4, 2).unwrap()),
    ];
    (RecordBatch::try_new(Arc::new(schema), columns).unwrap(), cells)
}

fn shown_by_engine(rule: &RowExpr, batch: &RecordBatch) -> Vec<bool> {
    let schema = batch.schema();
    let conditions = conjuncts(rule, &schema).unwrap();
    match Predicate::bind(&conditions, &schema, &trusted_session().unwrap()).unwrap() {
        Some(predicate) => predicate.verdict(batch).unwrap().values().iter().collect(),
        None => vec![true; batch.num_rows()],
    }
}

fn name(column: &str) -> ColumnName {
    column.parse().unwrap()
}

fn check(rule: &RowExpr) {
    let (batch, cells) = table();
    let reference = RowRule::When(rule.clone());
    let expected: Vec<bool> = cells
        .iter()
        .map(|(text, number, flag, (day, instant, money))| {
            reference.shows(&|column| match column.as_str() {
                "text" => text.map(|text| RowValue::String(text.to_owned())),
                "number" => number.map(RowValue::Integer),
                "day" => day.map(RowValue::Date),
                "instant" => instant.map(RowValue::Timestamp),
                "money" => money.map(decimal),
                _ => flag.map(RowValue::Boolean),
            })
        })
        .collect();
    assert_eq!(shown_by_engine(rule, &batch), expected, "{rule:?}");
}

fn leaf() -> impl Strategy<Value = RowExpr> {
    let operator = prop_oneof![
        Just(CompareOperator::Eq),
        Just(CompareOperator::NotEq),
        Just(CompareOperator::Lt),
        Just(CompareOperator::LtEq),
        Just(CompareOperator::Gt),
        Just(CompareOperator::GtEq)
    ];
    let text = prop_oneof![Just("S1"), Just("S2"), Just(""), Just("other")]
        .prop_map(|text| RowValue::String(text.to_owned()));
    let number = prop_oneof![Just(0), Just(7), Just(8)].prop_map(RowValue::Integer);
    let other = prop_oneof![
        prop_oneof![Just(0), Just(20_000), Just(i32::MAX), Just(i32::MIN)]
            .prop_map(|days| (name("day"), RowValue::Date(days))),
        prop_oneof![Just(0), Just(1_000), Just(i64::MAX), Just(i64::MIN)]
            .prop_map(|micros| (name("instant"), RowValue::Timestamp(micros))),
        prop_oneof![Just(1250), Just(0), Just(9999), Just(-9999)]
            .prop_map(|unscaled| (name("money"), decimal(unscaled))),
    ];
    let pattern = prop_oneof![Just("S%"), Just("%"), Just("50\\%\\_a\\\\b"), Just("%1"), Just("")];
    prop_oneof![
        any::<bool>().prop_map(RowExpr::Constant),
        (operator.clone(), number.clone()).prop_map(|(operator, value)| RowExpr::Compare {
            column: name("number"),
            operator,
            value
        }),
        (operator.clone(), text.clone()).prop_map(|(operator, value)| RowExpr::Compare {
            column: name("text"),
            operator,
            value
        }),
        (operator, other).prop_map(|(operator, (column, value))| RowExpr::Compare {
            column,
            operator,
            value
        }),
        proptest::collection::vec(number, 1..3)
            .prop_map(|values| RowExpr::In { column: name("number"), values }),
        proptest::collection::vec(text, 1..3).prop_map(|values| RowExpr::In { column: name("text"), values }),
        pattern.prop_map(|pattern| RowExpr::Like { column: name("text"), pattern: pattern.to_owned() }),
        Just(RowExpr::IsTrue(name("flag"))),
        prop_oneof![Just("text"), Just("number"), Just("flag"), Just("day"), Just("instant"), Just("money")]
            .prop_map(|column| RowExpr::Has(name(column))),
    ]
}

fn rules() -> impl Strategy<Value = RowExpr> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(RowExpr::And),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(RowExpr::Or),
            inner.prop_map(|rule| RowExpr::Not(Box::new(rule))),
        ]
    })
}

proptest! {
    /// The engine shows exactly the rows that the rule's own definition shows, NULLs included.
    #[test]
    fn the_engine_agrees_with_the_definition(rule in rules()) {
        check(&rule);
    }
}

#[test]
fn null_hides_the_row_also_under_not() {
    let equal = RowExpr::Compare {
        column: name("text"),
        operator: CompareOperator::Eq,
        value: RowValue::String("S1".to_owned()),
    };
    check(&RowExpr::Not(Box::new(equal.clone())));
    let (batch, cells) = table();
    let shown = shown_by_engine(&RowExpr::Not(Box::new(equal)), &batch);
    assert!(shown.iter().zip(&cells).all(|(shown, row)| !(*shown && row.0.is_none())));
    assert!(shown.iter().any(|shown| *shown));
}

#[test]
fn rules_that_do_not_fit_are_refused() {
    let (batch, _) = table();
    let schema = batch.schema();
    let compare =
        |column, value| RowExpr::Compare { column: name(column), operator: CompareOperator::Eq, value };
    for wrong in [
        compare("absent", RowValue::Integer(1)),
        compare("text", RowValue::Integer(1)),
        compare("number", RowValue::String("1".to_owned())),
        compare("number", RowValue::Timestamp(1)),
        compare("day", RowValue::Timestamp(1)),
        compare("day", RowValue::Integer(1)),
        compare("instant", RowValue::Date(1)),
        compare("money", RowValue::Decimal { unscaled: 1, scale: 1 }),
        compare("money", decimal(10_000)),
        RowExpr::IsTrue(name("number")),
        RowExpr::Has(name("absent")),
        RowExpr::Like { column: name("number"), pattern: "%".to_owned() },
        RowExpr::Not(Box::new(compare("flag", RowValue::Integer(1)))),
    ] {
        assert_eq!(conjuncts(&wrong, &schema), Err(ScanFault::Rule), "{wrong:?}");
    }
}
