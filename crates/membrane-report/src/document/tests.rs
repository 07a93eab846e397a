//! Tests.

use super::*;
use crate::testing::{column, slug};
use crate::{ColumnKind, Table};

/// Returns a section with a table.
fn section(id: &str, table: &str) -> Section {
    let table = Table::new(slug(table), vec![column("a", "A", ColumnKind::Text)]).unwrap();
    Section { blocks: vec![Block::Table(table)], ..Section::new(slug(id), Level::One, "A section") }
}

#[test]
fn no_id_is_there_twice() {
    let mut document = Document::new("Title", "id");
    document.push_section(section("a", "b")).unwrap();
    document.push_section(section("c", "d")).unwrap();
    assert_eq!(document.push_section(section("b", "e")), Err(ReportError::Twice(slug("b"))));
    assert_eq!(document.push_section(section("e", "c")), Err(ReportError::Twice(slug("c"))));
    assert_eq!(document.push_section(section("f", "f")), Err(ReportError::Twice(slug("f"))));
    assert_eq!(document.sections().len(), 2);
    document.push_section(section("e", "f")).unwrap();
}
