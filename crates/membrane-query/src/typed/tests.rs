use datafusion::arrow::array::{Int64Array, StringArray};

use super::*;

fn build(logical: LogicalType, cells: &[Option<&str>]) -> Result<ArrayRef, ScanFault> {
    let mut builder = TypedBuilder::new(logical, cells.len())?;
    for cell in cells {
        builder.push(cell.map(str::as_bytes))?;
    }
    Ok(builder.finish())
}

fn texts(array: &dyn Array, logical: LogicalType) -> Vec<Option<String>> {
    let mut found = Vec::new();
    for_each_text(array, logical, |text| {
        found.push(text.map(str::to_owned));
        Ok(())
    })
    .unwrap();
    found
}

#[test]
fn what_is_written_reads_back() {
    for (logical, cells) in [
        (LogicalType::String, vec![Some("张伟"), None, Some("")]),
        (LogicalType::Integer, vec![Some("-7"), None, Some("9223372036854775807")]),
        (LogicalType::Number, vec![Some("1.5"), None]),
        (LogicalType::Decimal { precision: 12, scale: 2 }, vec![Some("12.50"), Some("-0.05"), None]),
        (LogicalType::Decimal { precision: 12, scale: 0 }, vec![Some("12"), Some("-3")]),
        (LogicalType::Boolean, vec![Some("true"), Some("false"), None]),
        (LogicalType::Date, vec![Some("1990-02-28"), Some("1969-12-31"), None]),
        (LogicalType::Timestamp, vec![Some("2026-03-17T10:00:00.000001Z"), None]),
    ] {
        let array = build(logical, &cells).unwrap();
        assert_eq!(*array.data_type(), crate::rules::arrow_type(logical));
        let expected: Vec<_> = cells.iter().map(|cell| cell.map(str::to_owned)).collect();
        assert_eq!(texts(array.as_ref(), logical), expected, "{logical}");
    }
}

#[test]
fn opened_cells_that_are_not_of_their_type_close_the_scan() {
    for (logical, cell) in [
        (LogicalType::Integer, "x"),
        (LogicalType::Number, "1,5"),
        (LogicalType::Decimal { precision: 4, scale: 2 }, "100.00"),
        (LogicalType::Decimal { precision: 12, scale: 2 }, "1.234"),
        (LogicalType::Boolean, "yes"),
        (LogicalType::Date, "28.02.1990"),
        (LogicalType::Timestamp, "2026-03-17"),
    ] {
        assert_eq!(build(logical, &[Some(cell)]).unwrap_err(), ScanFault::Cell, "{logical}");
    }
    let mut builder = TypedBuilder::new(LogicalType::String, 1).unwrap();
    assert_eq!(builder.push(Some(&[0xff, 0xfe])), Err(ScanFault::Cell));
}

#[test]
fn stored_arrays_of_another_type_close_the_scan() {
    let numbers = Int64Array::from(vec![1]);
    assert_eq!(for_each_text(&numbers, LogicalType::Date, |_| Ok(())), Err(ScanFault::Shape));
    let plain = StringArray::from(vec!["a"]);
    assert_eq!(texts(&plain, LogicalType::String), [Some("a".to_owned())]);
}

#[test]
fn decimals_are_read_exactly() {
    assert_eq!(parse_decimal("12.5", 12, 2), Some(1250));
    assert_eq!(parse_decimal("-12", 12, 2), Some(-1200));
    for wrong in ["", ".", ".5", "+1", "1e3", "1.005", "99999999999.99", "１"] {
        assert_eq!(parse_decimal(wrong, 12, 2), None, "{wrong}");
    }
}
