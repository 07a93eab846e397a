//! Tests.

use super::*;
use crate::testing::{column, slug};

#[test]
fn columns_have_different_ids() {
    let columns = vec![column("a", "A", ColumnKind::Text), column("a", "B", ColumnKind::Text)];
    assert_eq!(Table::new(slug("t"), columns), Err(ReportError::Twice(slug("a"))));
    assert_eq!(Table::new(slug("t"), Vec::new()), Err(ReportError::NoColumns(slug("t"))));
}

#[test]
fn rows_are_as_wide_as_the_table() {
    let columns = vec![column("a", "A", ColumnKind::Text), column("b", "B", ColumnKind::Number)];
    let mut table = Table::new(slug("t"), columns).unwrap();
    table.push_row(vec!["x".into(), 1_u64.into()]).unwrap();
    let refused = table.push_row(vec!["x".into()]);
    assert_eq!(refused, Err(ReportError::RowWidth { table: slug("t"), cells: 1, columns: 2 }));
    assert_eq!(table.rows().len(), 1);
}
