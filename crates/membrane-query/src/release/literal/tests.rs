use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::lit;
use std::sync::Arc;

use super::*;

fn check(expression: &Expr, logical: TypeOf, expected: Option<Literal>) {
    assert_eq!(literal(expression, logical).ok(), expected, "{expression:?} as {logical:?}");
}

fn cast(expression: Expr, to: DataType) -> Expr {
    Expr::Cast(Cast { expr: Box::new(expression), field: Arc::new(Field::new("x", to, true)) })
}

const MONEY: TypeOf = TypeOf::Decimal(12, 2);

#[test]
fn constants_take_the_type_of_the_column_exactly() {
    check(&lit("SH"), TypeOf::Text, Some(Literal::Text("SH".into())));
    check(&lit(7_i64), TypeOf::Integer, Some(Literal::Integer(7)));
    check(&Expr::Negative(Box::new(lit(7_i64))), TypeOf::Integer, Some(Literal::Integer(-7)));
    check(&lit(7_i64), MONEY, Some(Literal::Decimal(700)));
    check(&lit(12.5), MONEY, Some(Literal::Decimal(1250)));
    check(&lit(0.1), MONEY, Some(Literal::Decimal(10)));
    check(&lit("-0.50"), MONEY, Some(Literal::Decimal(-50)));
    check(&lit(3_i64), TypeOf::Number, Some(Literal::Number(3.0)));
    check(&lit(true), TypeOf::Boolean, Some(Literal::Boolean(true)));
    check(&lit("2026-03-01"), TypeOf::Date, Some(Literal::Date(20_513)));
    check(&cast(lit("2026-03-01"), DataType::Date32), TypeOf::Date, Some(Literal::Date(20_513)));
    check(&lit("2026-03-01"), TypeOf::Timestamp, Some(Literal::Timestamp(1_772_323_200_000_000)));
    check(
        &cast(lit("2026-03-01 00:00:00"), DataType::Timestamp(TimeUnit::Nanosecond, None)),
        TypeOf::Timestamp,
        Some(Literal::Timestamp(1_772_323_200_000_000)),
    );
    check(
        &cast(lit("2026-03-01"), DataType::Date32),
        TypeOf::Timestamp,
        Some(Literal::Timestamp(1_772_323_200_000_000)),
    );
}

#[test]
fn constants_that_would_lose_something_are_refused() {
    for (expression, logical) in [
        (lit(0.005), MONEY),
        (lit("0.005"), MONEY),
        (lit(10_000_000_000_i64), MONEY),
        (lit(1.5), TypeOf::Integer),
        (lit("x"), TypeOf::Integer),
        (lit(""), MONEY),
        (lit("-"), MONEY),
        (lit(5_i64), TypeOf::Text),
        (lit("5"), TypeOf::Number),
        (lit(f64::NAN), TypeOf::Number),
        (lit(1_i64), TypeOf::Boolean),
        (lit("2026-02-30"), TypeOf::Date),
        (lit(20_513_i64), TypeOf::Date),
        (lit("yesterday"), TypeOf::Timestamp),
        (lit(ScalarValue::Utf8(None)), TypeOf::Text),
        (lit(i64::MAX) + lit(1_i64), TypeOf::Integer),
    ] {
        check(&expression, logical, None);
    }
}

#[test]
fn an_instant_is_a_day_only_at_midnight() {
    let instant = |text| cast(lit(text), DataType::Timestamp(TimeUnit::Microsecond, None));
    check(&instant("2026-03-01 00:00:00"), TypeOf::Date, Some(Literal::Date(20_513)));
    check(&instant("2026-03-01 00:00:01"), TypeOf::Date, None);
}
