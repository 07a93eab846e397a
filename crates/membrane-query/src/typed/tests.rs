use datafusion::arrow::array::{Int64Array, StringArray};

use super::*;

fn build(logical: LogicalType, cells: &[Option<&str>]) -> Result<ArrayRef, ScanFault> {
    let mut builder = TypedBuilder::new(logical, cells.len(), None)?;
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
    let mut builder = TypedBuilder::new(LogicalType::String, 1, None).unwrap();
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

#[test]
fn opened_cells_are_made_coarser_before_they_are_kept() {
    for (logical, how, cell, expected) in [
        (LogicalType::Date, Generalisation::Month, "1990-02-28", Some("1990-02-01")),
        (
            LogicalType::Timestamp,
            Generalisation::Year,
            "2026-03-17T10:00:00Z",
            Some("2026-01-01T00:00:00.000000Z"),
        ),
        (LogicalType::Integer, Generalisation::Width(10), "-3", Some("-10")),
        (LogicalType::Number, Generalisation::Width(10), "19.5", Some("10")),
        (LogicalType::Decimal { precision: 12, scale: 2 }, Generalisation::Width(10), "19.99", Some("10.00")),
        (LogicalType::String, Generalisation::Prefix(2), "上海市浦东", Some("上海")),
        (LogicalType::String, Generalisation::Prefix(2), "上海市", Some("上")),
        (LogicalType::String, Generalisation::Prefix(2), "上海", None),
        (LogicalType::String, Generalisation::Year, "1990", None),
    ] {
        let mut builder = TypedBuilder::new(logical, 1, Some(how)).unwrap();
        builder.push(Some(cell.as_bytes())).unwrap();
        let found = texts(builder.finish().as_ref(), logical);
        assert_eq!(found, [expected.map(str::to_owned)], "{logical} {how}");
    }
}
