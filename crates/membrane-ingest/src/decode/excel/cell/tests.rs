//! Values of cells.

use super::*;

fn number(text: &str, style: NumberStyle) -> Cell {
    Cell { text: text.to_owned(), kind: CellKind::Number(style) }
}

#[test]
fn days_are_counted_as_excel_does() {
    let date = |text: &str, is_1904: bool| date(text, is_1904).unwrap_or_else(|| "none".to_owned());
    assert_eq!(date("1", false), "1900-01-01");
    assert_eq!(date("59", false), "1900-02-28");
    assert_eq!(date("60", false), "none", "1900 was no leap year");
    assert_eq!(date("61", false), "1900-03-01");
    assert_eq!(date("46082", false), "2026-03-01");
    assert_eq!(date("2958465", false), "9999-12-31");
    assert_eq!(date("0", false), "none");
    assert_eq!(date("-3", false), "none");
    assert_eq!(date("46082.5", false), "none");
    assert_eq!(date("0", true), "1904-01-01");
    assert_eq!(date("1e300", true), "none");
}

#[test]
fn instants_have_milliseconds() {
    assert_eq!(instant("46082.52083622685", false).as_deref(), Some("2026-03-01T12:30:00.250Z"));
    assert_eq!(instant("46082", false).as_deref(), Some("2026-03-01T00:00:00Z"));
    assert_eq!(instant("0.5", false), None, "a time of day is no instant");
    assert_eq!(instant("NaN", false), None);
    assert_eq!(instant("2958466", false), None);
}

#[test]
fn seventeen_digits_are_the_float_that_they_are() {
    let money = LogicalType::Decimal { precision: 12, scale: 2 };
    let shown = |text: &str| number(text, NumberStyle::Number).delivered(money, false).0.into_owned();
    assert_eq!(shown("19.989999999999998"), "19.99");
    assert_eq!(shown("0.10000000000000001"), "0.1");
    assert_eq!(shown("12.5"), "12.5");
    assert_eq!(shown("1.005"), "1.005");
}

#[test]
fn cells_that_fit_no_column_of_that_type_say_so() {
    let fits = |cell: Cell, wanted: LogicalType| cell.delivered(wanted, false).1;
    assert!(!fits(number("1", NumberStyle::Number), LogicalType::String));
    assert!(!fits(number("1", NumberStyle::Number), LogicalType::Date));
    assert!(!fits(number("1", NumberStyle::Date), LogicalType::Integer));
    assert!(!fits(Cell { text: "#N/A".to_owned(), kind: CellKind::Error }, LogicalType::String));
    assert!(!fits(Cell { text: "1".to_owned(), kind: CellKind::Boolean }, LogicalType::Integer));
    let iso = |text: &str| Cell { text: text.to_owned(), kind: CellKind::Instant };
    assert_eq!(iso("2026-03-01T00:00:00").delivered(LogicalType::Date, false).0, "2026-03-01");
    assert_eq!(iso("2026-03-01T01:00:00").delivered(LogicalType::Date, false).0, "2026-03-01T01:00:00");
    assert_eq!(iso("2026-03-01T01:00:00").delivered(LogicalType::Timestamp, false).0, "2026-03-01T01:00:00Z");
    assert_eq!(iso("2026-03-01").delivered(LogicalType::Timestamp, false).0, "2026-03-01T00:00:00Z");
}

#[test]
fn places_and_escapes() {
    assert_eq!(column("A1"), Some(0));
    assert_eq!(column("AB12"), Some(27));
    assert_eq!(column("XFD1"), Some(16_383));
    assert_eq!(column("12"), None);
    assert_eq!(column(&"Z".repeat(40)), None);
    assert_eq!(unescaped("a_x000D_b_x005F_x_xZZZZ__x00".to_owned()), "a\rb_x_xZZZZ__x00");
}
