//! Measures how long each form takes for 10,000 and 100,000 rows: `cargo run --example measure`.

use std::time::Instant;

use membrane_report::{
    Block, Column, ColumnKind, Document, Fonts, Level, Limits, Section, Slug, Table, to_html, to_json,
    to_markdown, to_pdf,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let fonts = Fonts::bundled()?;
    for rows in [10_000_u64, 100_000] {
        let document = document(rows)?;
        let limits = Limits { rows_max: usize::MAX };
        report(rows, "markdown", || Ok(to_markdown(&document).len()))?;
        report(rows, "json", || Ok(to_json(&document).len()))?;
        report(rows, "html", || Ok(to_html(&document, &limits).len()))?;
        report(rows, "pdf", || Ok(to_pdf(&document, &fonts, &limits)?.len()))?;
    }
    Ok(())
}

/// Prints how long a form took and how large it is.
#[expect(clippy::print_stdout, reason = "a program for people")]
fn report(
    rows: u64,
    form: &str,
    write: impl FnOnce() -> Result<usize, Box<dyn std::error::Error>>,
) -> Result<(), Box<dyn std::error::Error>> {
    let began = Instant::now();
    let bytes = write()?;
    println!("{rows} rows, {form}: {} ms, {bytes} bytes", began.elapsed().as_millis());
    Ok(())
}

/// Returns a document with one table.
fn document(rows: u64) -> Result<Document, Box<dyn std::error::Error>> {
    let column = |id: &str, kind| -> Result<Column, Box<dyn std::error::Error>> {
        Ok(Column { id: Slug::new(id)?, name: id.to_owned(), kind })
    };
    let columns = vec![
        column("at", ColumnKind::Moment)?,
        column("who", ColumnKind::Text)?,
        column("dataset", ColumnKind::Code)?,
        column("purpose", ColumnKind::Text)?,
        column("rows", ColumnKind::Number)?,
    ];
    let mut table = Table::new(Slug::new("t")?, columns)?;
    for row in 0..rows {
        let who = format!("Person {row} of the claims department in Graz");
        let at = format!("2026-10-{:02}T08:15:00Z", row % 31 + 1);
        table.push_row(vec![at.into(), who.into(), "claims_2026".into(), "billing".into(), row.into()])?;
    }
    let mut section = Section::new(Slug::new("s")?, Level::One, "Reads");
    section.blocks.push(Block::Table(table));
    let mut document = Document::new("Who accessed what", "rep-1");
    document.push_section(section)?;
    Ok(document)
}
