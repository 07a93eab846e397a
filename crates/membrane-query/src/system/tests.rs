use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, cast, col, lit};
use membrane_ledger::RunWindow;
use membrane_model::Limits;

use super::SystemTable;
use super::window::{Bounded, narrow, narrows};
use crate::QueryError;
use crate::gate::Statement;

#[test]
fn every_column_has_a_name_of_its_own_and_says_what_it_is() {
    for table in SystemTable::ALL {
        let names: BTreeSet<&str> = table.columns().iter().map(|column| column.name).collect();
        assert_eq!(names.len(), table.columns().len(), "{}", table.name());
        assert_eq!(SystemTable::of(table.name()), Some(table));
        for column in table.columns() {
            assert!(
                column.says.ends_with('.') && !column.says.contains('|'),
                "{}.{}",
                table.name(),
                column.name
            );
            assert!(SystemTable::knows(column.name) && SystemTable::knows(table.name()));
        }
    }
    assert!(SystemTable::knows("system") && !SystemTable::knows("phone"));
}

/// Reads a statement for data, and for the record.
fn parsed(sql: &str) -> (Result<Statement, QueryError>, Result<Statement, QueryError>) {
    let limits = Limits::default();
    (Statement::parse(sql, &limits), Statement::parse_for_record(sql, &limits))
}

#[test]
fn the_tables_are_there_for_the_record_alone() {
    for sql in [
        "SELECT * FROM system.runs",
        "SELECT * FROM membrane.system.runs",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM System.Runs)",
        "DESCRIBE system.runs",
        "SHOW COLUMNS FROM system.runs",
        "EXPLAIN SELECT run FROM system.runs",
    ] {
        let (data, record) = parsed(sql);
        assert!(matches!(data, Err(QueryError::UnknownTable { .. })), "{sql}");
        assert_eq!(record.unwrap().system(), [SystemTable::Runs], "{sql}");
        let (nowhere, _) = parsed(&sql.replace("system", "nobody").replace("System", "nobody"));
        assert_eq!(data.unwrap_err(), nowhere.unwrap_err(), "{sql}");
    }
    for sql in
        ["SELECT * FROM system.nothing", "SELECT * FROM \"System\".runs", "SELECT * FROM a.system.runs"]
    {
        let (data, record) = parsed(sql);
        assert_eq!(data.unwrap_err(), record.unwrap_err(), "{sql}");
    }
    let (data, record) = parsed("WITH runs AS (SELECT 1 AS a) SELECT * FROM runs, system, crm_members");
    for read in [data.unwrap(), record.unwrap()] {
        assert!(read.system().is_empty());
        assert_eq!(read.tables().len(), 2);
    }
}

fn at(micros: i64) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())))
}

fn moment(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
}

const BOUNDED: Bounded =
    Bounded { moment: "started", run: Some("run"), leaf: Some("leaf"), column: Some("column_name") };

fn check(condition: Expr, since: Option<i64>, until: Option<i64>) {
    let bounded = BOUNDED;
    let mut window = RunWindow::default();
    narrow(&mut window, bounded, &condition);
    let expected =
        RunWindow { since: since.and_then(moment), until: until.and_then(moment), ..RunWindow::default() };
    assert_eq!(window, expected, "{condition}");
    assert_eq!(narrows(bounded, &condition), window != RunWindow::default());
}

#[test]
fn bounds_on_the_moment_narrow_what_is_read() {
    let started = || col("started");
    check(started().gt_eq(at(5)), Some(5), None);
    check(started().gt(at(5)).and(started().lt(at(9))), Some(5), Some(10));
    check(at(5).lt(started()), Some(5), None);
    check(started().between(at(5), at(9)), Some(5), Some(10));
    check(started().not_between(at(5), at(9)), None, None);
    check(started().eq(at(5)), Some(5), Some(6));
    let utc = || Some("UTC".into());
    let fine = DataType::Timestamp(TimeUnit::Nanosecond, utc());
    check(cast(started(), fine).gt(lit(ScalarValue::TimestampNanosecond(Some(5_999), utc()))), Some(5), None);
    check(cast(started(), DataType::Timestamp(TimeUnit::Microsecond, utc())).lt(at(9)), None, Some(10));
    // What says less than it seems to narrows nothing.
    check(started().gt(at(5)).or(col("run").eq(lit("x"))), None, None);
    check(started().not_eq(at(5)), None, None);
    check(col("finished").gt(at(5)), None, None);
    check(cast(started(), DataType::Date32).gt(at(5)), None, None);
    check(col("run").eq(lit("no id")), None, None);
}

/// A second has moments that are not its first: what is equal to it, or not after it, began later.
#[test]
fn a_moment_that_was_rounded_narrows_nothing() {
    let utc = || Some("UTC".into());
    let second = || lit(ScalarValue::TimestampSecond(Some(1), Some("UTC".into())));
    let millisecond = || lit(ScalarValue::TimestampMillisecond(Some(1), Some("UTC".into())));
    let day = || lit(ScalarValue::Date32(Some(1)));
    for (to, bound) in [
        (DataType::Timestamp(TimeUnit::Second, utc()), second()),
        (DataType::Timestamp(TimeUnit::Millisecond, utc()), millisecond()),
        (DataType::Date32, day()),
        (
            DataType::Timestamp(TimeUnit::Microsecond, None),
            lit(ScalarValue::TimestampMicrosecond(Some(1), None)),
        ),
        (
            DataType::Timestamp(TimeUnit::Nanosecond, None),
            lit(ScalarValue::TimestampNanosecond(Some(1), None)),
        ),
    ] {
        let started = || cast(col("started"), to.clone());
        check(started().eq(bound.clone()), None, None);
        check(started().lt_eq(bound.clone()), None, None);
        check(started().gt(bound.clone()), None, None);
        check(started().between(bound.clone(), bound.clone()), None, None);
        // Made finer again, it is as coarse as it was.
        let again = cast(started(), DataType::Timestamp(TimeUnit::Microsecond, utc()));
        check(again.lt_eq(at(1)), None, None);
    }
}

#[test]
fn one_run_is_read_alone() {
    let id = "01929292-0000-7000-8000-000000000001";
    let bounded = BOUNDED;
    let mut window = RunWindow::default();
    narrow(&mut window, bounded, &col("run").eq(lit(id)));
    assert_eq!(window.run.unwrap().to_string(), id);
    assert!(!narrows(Bounded { run: None, ..bounded }, &col("run").eq(lit(id))));
}

#[test]
fn leaves_and_columns_are_read_alone() {
    let narrowed = |condition: Expr| {
        let mut window = RunWindow::default();
        narrow(&mut window, BOUNDED, &condition);
        (window.leaf_first, window.leaf_last, window.column.map(|column| column.to_string()))
    };
    let leaf = || col("leaf");
    assert_eq!(narrowed(leaf().gt_eq(lit(5_i64)).and(leaf().lt(lit(9_i64)))), (Some(5), Some(9), None));
    assert_eq!(narrowed(leaf().eq(lit(5_i64))), (Some(5), Some(5), None));
    assert_eq!(narrowed(leaf().gt(lit(-1_i64)).and(leaf().not_eq(lit(3_i64)))), (None, None, None));
    assert_eq!(narrowed(leaf().between(lit(2_i64), lit(4_i64))), (Some(2), Some(4), None));
    assert_eq!(narrowed(col("column_name").eq(lit("phone"))), (None, None, Some("phone".to_owned())));
    assert_eq!(narrowed(col("column_name").eq(lit("No Name"))), (None, None, None));
    let none = Bounded { leaf: None, column: None, ..BOUNDED };
    assert!(!narrows(none, &leaf().eq(lit(5_i64))) && !narrows(none, &col("column_name").eq(lit("phone"))));
}
