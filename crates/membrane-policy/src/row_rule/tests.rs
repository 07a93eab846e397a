use membrane_model::ColumnName;

use super::{CompareOperator, RowExpr, RowRule, RowValue};

fn name(text: &str) -> ColumnName {
    text.parse().unwrap()
}

fn text(value: &str) -> RowValue {
    RowValue::String(value.to_owned())
}

fn compare(operator: CompareOperator, value: RowValue) -> RowExpr {
    RowExpr::Compare { column: name("a"), operator, value }
}

/// Evaluates a condition for a row in which `a` has a value or not, and `b` is NULL.
fn check(condition: &RowExpr, a: Option<RowValue>, expected: Option<bool>) {
    let cell = |column: &ColumnName| if column.as_str() == "a" { a.clone() } else { None };
    assert_eq!(condition.evaluate(&cell), expected, "{condition:?} of {a:?}");
    let shown = RowRule::When(condition.clone()).shows(&cell);
    assert_eq!(shown, expected == Some(true));
}

fn null() -> RowExpr {
    RowExpr::IsTrue(name("b"))
}

#[test]
fn null_is_neither_true_nor_false() {
    let equal = compare(CompareOperator::Eq, text("x"));
    check(&equal, Some(text("x")), Some(true));
    check(&equal, Some(text("y")), Some(false));
    check(&equal, None, None);
    check(&RowExpr::Not(Box::new(equal.clone())), None, None);
    check(&RowExpr::Has(name("a")), None, Some(false));
    check(&RowExpr::In { column: name("a"), values: vec![text("x")] }, None, None);
    check(&RowExpr::And(vec![null(), RowExpr::Constant(false)]), None, Some(false));
    check(&RowExpr::And(vec![null(), RowExpr::Constant(true)]), None, None);
    check(&RowExpr::Or(vec![null(), RowExpr::Constant(true)]), None, Some(true));
    check(&RowExpr::Or(vec![null(), RowExpr::Constant(false)]), None, None);
}

#[test]
fn a_value_of_another_type_compares_to_nothing() {
    let cents = |scale| RowValue::Decimal { unscaled: 1, scale };
    for (value, found) in [
        (text("1"), RowValue::Integer(1)),
        (RowValue::Date(1), RowValue::Timestamp(1)),
        (RowValue::Timestamp(1), RowValue::Integer(1)),
        (cents(2), cents(1)),
    ] {
        check(&compare(CompareOperator::Eq, value), Some(found), None);
    }
}

#[test]
fn values_are_shown_as_people_write_them() {
    let decimal = |unscaled, scale| RowValue::Decimal { unscaled, scale };
    for (value, expected) in [
        (text("x"), "`x`"),
        (RowValue::Date(0), "1970-01-01"),
        (RowValue::Date(-1), "1969-12-31"),
        (RowValue::Date(i32::MAX), "day 2147483647"),
        (RowValue::Timestamp(1_000), "1970-01-01T00:00:00.001Z"),
        (RowValue::Timestamp(-1), "1969-12-31T23:59:59.999999Z"),
        (RowValue::Timestamp(i64::MAX), "microsecond 9223372036854775807"),
        (decimal(1250, 2), "12.50"),
        (decimal(-5, 2), "-0.05"),
        (decimal(0, 4), "0.0000"),
        (decimal(-12, 0), "-12"),
    ] {
        assert_eq!(value.to_string(), expected);
    }
}

#[test]
fn every_operator_and_its_opposite() {
    use CompareOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    for (operator, less, same, more) in [
        (Eq, false, true, false),
        (NotEq, true, false, true),
        (Lt, true, false, false),
        (LtEq, true, true, false),
        (Gt, false, false, true),
        (GtEq, false, true, true),
    ] {
        for (value, expected) in [(4, less), (5, same), (6, more)] {
            for of in [
                |number: i32| RowValue::Date(number),
                |number: i32| RowValue::Timestamp(number.into()),
                |number: i32| RowValue::Decimal { unscaled: number.into(), scale: 2 },
            ] {
                check(&compare(operator, of(5)), Some(of(value)), Some(expected));
            }
            let condition = compare(operator, RowValue::Integer(5));
            let value = RowValue::Integer(value.into());
            check(&condition, Some(value.clone()), Some(expected));
            check(&condition.clone().negated(), Some(value.clone()), Some(!expected));
            check(&condition.negated(), None, None);
            // `5 < a` is `a > 5`.
            let turned = compare(operator.mirrored(), value.clone());
            check(&turned, Some(RowValue::Integer(5)), Some(expected));
        }
    }
}

#[test]
fn patterns() {
    let like = |pattern: &str| RowExpr::Like { column: name("a"), pattern: pattern.to_owned() };
    for (pattern, value, expected) in [
        ("", "", true),
        ("%", "", true),
        ("%", "anything", true),
        ("a%", "abc", true),
        ("a%", "bac", false),
        ("%c", "abc", true),
        ("%b%", "abc", true),
        ("a%c%e", "abcde", true),
        ("a%c%e", "abde", false),
        ("ab", "abc", false),
        (r"100\%", "100%", true),
        (r"100\%", "1000", false),
        (r"\\\_", r"\_", true),
        ("上海%", "上海市", true),
    ] {
        check(&like(pattern), Some(text(value)), Some(expected));
    }
}

#[test]
fn joining_keeps_no_needless_parts() {
    let a = || compare(CompareOperator::Eq, text("x"));
    let b = || RowExpr::Has(name("b"));
    assert_eq!(RowExpr::all([]), RowExpr::Constant(true));
    assert_eq!(RowExpr::any([]), RowExpr::Constant(false));
    assert_eq!(RowExpr::all([a(), RowExpr::Constant(true)]), a());
    assert_eq!(RowExpr::all([a(), RowExpr::Constant(false)]), RowExpr::Constant(false));
    assert_eq!(RowExpr::any([a(), RowExpr::Constant(true)]), RowExpr::Constant(true));
    assert_eq!(RowExpr::all([RowExpr::all([a(), b()]), a()]), RowExpr::And(vec![a(), b()]));
    assert_eq!(RowExpr::any([RowExpr::all([a(), b()]), a()]).columns().len(), 2);
    assert_eq!(RowExpr::Not(Box::new(b())).negated(), b());
}
