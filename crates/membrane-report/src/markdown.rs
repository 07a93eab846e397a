//! A document as Markdown (GitHub's), for reviews and diffs.
//!
//! Cells are not padded and no line is wrapped: a change of one value is a change of one line.

mod escape;

use escape::{code_cell, line, text};

use crate::visible::lines;
use crate::{Block, Cell, ColumnKind, Document, Section, Table, words};

/// Writes a document as Markdown. All rows of tables are in it.
#[must_use]
pub fn to_markdown(document: &Document) -> String {
    let mut out = String::new();
    push(&mut out, &format!("# {}", line(words::title(&document.title))));
    if !document.subject.trim().is_empty() {
        push(&mut out, &text(&document.subject));
    }
    let id = ("Report".to_owned(), document.id.clone());
    let facts = document.facts.iter().map(|fact| (fact.label.clone(), fact.value.clone()));
    push(&mut out, &pairs(&std::iter::once(id).chain(facts).collect::<Vec<_>>()));
    for section in document.sections() {
        push_section(&mut out, section);
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Adds a block with an empty line behind it.
fn push(out: &mut String, block: &str) {
    if !block.is_empty() {
        out.push_str(block);
        out.push_str("\n\n");
    }
}

/// Adds a section. GitHub derives anchors from headings; the one written here outlives a new heading.
fn push_section(out: &mut String, section: &Section) {
    let marks = match section.level.depth() {
        1 => "##",
        2 => "###",
        _ => "####",
    };
    push(out, &format!("<a id=\"{}\"></a>", section.id));
    push(out, &format!("{marks} {}", line(words::title(&section.heading))));
    for block in &section.blocks {
        push_block(out, block);
    }
}

/// Adds a block.
fn push_block(out: &mut String, block: &Block) {
    match block {
        Block::Paragraph(paragraph) => push(out, &text(paragraph)),
        Block::Finding { kind, text: found } => {
            push(out, &format!("> **{}:** {}", words::finding(*kind), text(found)));
        }
        Block::List(items) => {
            let items: Vec<String> = items.iter().map(|item| format!("- {}", text(item))).collect();
            push(out, &end_list(items.join("\n")));
        }
        Block::Definitions(definitions) => push(out, &pairs(definitions)),
        Block::Table(table) => push_table(out, table),
        Block::Code(code) => push(out, &fenced(code)),
        Block::ToFill { id, question, lines: _ } => {
            let question = text(question);
            push(out, &format!("<a id=\"{id}\"></a>"));
            push(out, &format!("> **{}:** {question}\n>\n> *{}:*", words::TO_FILL, words::ANSWER));
        }
    }
}

/// Writes labels and values as a list.
fn pairs(pairs: &[(String, String)]) -> String {
    let items: Vec<String> =
        pairs.iter().map(|(label, value)| format!("- **{}:** {}", line(label), text(value))).collect();
    end_list(items.join("\n"))
}

/// Ends a list, so that one behind it is a list of its own.
fn end_list(list: String) -> String {
    if list.is_empty() { list } else { list + "\n\n<!-- -->" }
}

/// Writes a block of code between fences that are longer than any in it.
fn fenced(code: &str) -> String {
    let lines = lines(code);
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}", lines.join("\n"))
}

/// Adds a table.
fn push_table(out: &mut String, table: &Table) {
    push(out, &format!("<a id=\"{}\"></a>", table.id()));
    if !table.caption().trim().is_empty() {
        push(out, &format!("*{}*", line(table.caption())));
    }
    if table.rows().is_empty() {
        return push(out, &text(table.empty()));
    }
    let mut rule = String::new();
    for column in table.columns() {
        out.push_str("| ");
        out.push_str(&line(&column.name));
        out.push(' ');
        rule.push_str(if column.kind == ColumnKind::Number { "| ---: " } else { "| --- " });
    }
    out.push_str("|\n");
    out.push_str(&rule);
    out.push_str("|\n");
    for row in table.rows() {
        push_row(out, table, row);
    }
    out.push('\n');
}

/// Adds a row.
fn push_row(out: &mut String, table: &Table, row: &[Cell]) {
    for (column, cell) in table.columns().iter().zip(row) {
        out.push_str("| ");
        let code = column.kind == ColumnKind::Code;
        out.push_str(&if code { code_cell(cell.text()) } else { text(cell.text()) });
        out.push(' ');
    }
    out.push_str("|\n");
}

#[cfg(test)]
mod tests;
