//! A document as JSON, for programs.
//!
//! It has everything: limits on rows are for pages. The form is versioned by [`FORMAT`]; fields are only ever
//! added to a version. Each row of a table stands on its own line, so that forms diff.

mod writer;

use writer::Writer;

use crate::{Block, Cell, ColumnKind, Document, Section, Table, words};

/// The name and version of the JSON form.
pub const FORMAT: &str = "membrane-report/1";

/// Writes a document as JSON.
#[must_use]
pub fn to_json(document: &Document) -> String {
    let mut out = Writer::default();
    out.open('{');
    out.field("format", FORMAT);
    out.field("title", &document.title);
    out.field("subject", &document.subject);
    out.field("id", &document.id);
    out.field("language", document.language.as_str());
    match document.made_at {
        Some(made_at) => out.field("made_at", &made_at.to_string()),
        None => out.raw_field("made_at", "null"),
    }
    out.key("facts");
    out.open('[');
    for fact in &document.facts {
        out.flat(&[("label", &fact.label), ("value", &fact.value)]);
    }
    out.close(']');
    out.key("sections");
    out.open('[');
    for section in document.sections() {
        write_section(&mut out, section);
    }
    out.close(']');
    out.close('}');
    out.finish()
}

/// Writes a section.
fn write_section(out: &mut Writer, section: &Section) {
    out.open('{');
    out.field("id", section.id.as_str());
    out.raw_field("level", &section.level.depth().to_string());
    out.field("heading", &section.heading);
    out.key("blocks");
    out.open('[');
    for block in &section.blocks {
        write_block(out, block);
    }
    out.close(']');
    out.close('}');
}

/// Writes a block.
fn write_block(out: &mut Writer, block: &Block) {
    out.open('{');
    match block {
        Block::Paragraph(text) => {
            out.field("kind", "paragraph");
            out.field("text", text);
        }
        Block::Finding { kind, text } => {
            out.field("kind", "finding");
            out.field("finding", words::finding_slug(*kind));
            out.field("text", text);
        }
        Block::List(items) => {
            out.field("kind", "list");
            out.key("items");
            out.open('[');
            for item in items {
                out.text(item);
            }
            out.close(']');
        }
        Block::Definitions(pairs) => {
            out.field("kind", "definitions");
            out.key("items");
            out.open('[');
            for (term, text) in pairs {
                out.flat(&[("term", term), ("text", text)]);
            }
            out.close(']');
        }
        Block::Table(table) => write_table(out, table),
        Block::Code(text) => {
            out.field("kind", "code");
            out.field("text", text);
        }
        Block::ToFill { id, question, lines: _ } => {
            out.field("kind", "to_fill");
            out.field("id", id.as_str());
            out.field("question", question);
            out.raw_field("answer", "null");
        }
    }
    out.close('}');
}

/// Writes a table: its columns, and its rows as objects.
fn write_table(out: &mut Writer, table: &Table) {
    out.field("kind", "table");
    out.field("id", table.id().as_str());
    out.field("caption", table.caption());
    out.field("empty", table.empty());
    out.key("columns");
    out.open('[');
    for column in table.columns() {
        let kind = match column.kind {
            ColumnKind::Text => "text",
            ColumnKind::Number => "number",
            ColumnKind::Moment => "moment",
            ColumnKind::Code => "code",
        };
        out.flat(&[("id", column.id.as_str()), ("name", &column.name), ("kind", kind)]);
    }
    out.close(']');
    out.key("rows");
    out.open('[');
    for row in table.rows() {
        let cells = table.columns().iter().zip(row);
        out.row(cells.map(|(column, cell)| {
            let value = match cell {
                Cell::Empty => None,
                Cell::Text(text) => Some((text.as_str(), true)),
                Cell::Number(number) => Some((number.as_str(), false)),
            };
            (column.id.as_str(), value)
        }));
    }
    out.close(']');
}

#[cfg(test)]
mod tests;
