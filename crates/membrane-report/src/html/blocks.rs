//! The parts of sections in HTML.

use super::escape::{push_line, push_text};
use crate::{Block, ColumnKind, Limits, Table, words};

/// Letters of a word that is not broken.
const WORD_MAX: usize = 24;

/// Adds a block.
pub(super) fn push_block(out: &mut String, block: &Block, limits: &Limits) {
    match block {
        Block::Paragraph(text) => push_tagged(out, "<p>", text, "</p>\n"),
        Block::Finding { kind, text } => {
            let (slug, word) = (words::finding_slug(*kind), words::finding(*kind));
            out.push_str(&format!("<div class=\"finding {slug}\" role=\"note\"><strong>{word}</strong>"));
            push_tagged(out, "<p>", text, "</p></div>\n");
        }
        Block::List(items) => {
            out.push_str("<ul>\n");
            for item in items {
                push_tagged(out, "<li>", item, "</li>\n");
            }
            out.push_str("</ul>\n");
        }
        Block::Definitions(pairs) => {
            let pairs = pairs.iter().map(|(term, text)| (term.as_str(), text.as_str()));
            push_pairs(out, "definitions", pairs);
        }
        Block::Table(table) => push_table(out, table, limits),
        // A newline behind `<pre>` is not of the text, so one is given away.
        Block::Code(text) => push_tagged(out, "<pre><code>\n", text, "</code></pre>\n"),
        Block::ToFill { id, question, lines } => {
            out.push_str(&format!("<div class=\"fill\" id=\"{id}\"><strong>{}</strong>", words::TO_FILL));
            push_tagged(out, "<p>", question, "</p>");
            out.push_str("<div class=\"answer\">");
            for _ in 0..(*lines).max(1) {
                out.push_str("<br>");
            }
            out.push_str("</div></div>\n");
        }
    }
}

/// Adds labels with their values.
pub(super) fn push_pairs<'a>(out: &mut String, class: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    out.push_str(&format!("<dl class=\"{class}\">\n"));
    for (label, value) in pairs {
        push_tagged(out, "<dt>", label, "</dt>");
        push_tagged(out, "<dd>", value, "</dd>\n");
    }
    out.push_str("</dl>\n");
}

/// Adds a text between tags.
fn push_tagged(out: &mut String, open: &str, text: &str, close: &str) {
    out.push_str(open);
    push_text(out, text);
    out.push_str(close);
}

/// Adds a table, in a frame that scrolls on narrow screens.
fn push_table(out: &mut String, table: &Table, limits: &Limits) {
    let id = table.id();
    if table.rows().is_empty() {
        out.push_str(&format!("<div id=\"{id}\">"));
        if !table.caption().trim().is_empty() {
            push_tagged(out, "<p class=\"caption\">", table.caption(), "</p>");
        }
        return push_tagged(out, "<p class=\"empty\">", table.empty(), "</p></div>\n");
    }
    out.push_str(&format!("<div class=\"frame\" tabindex=\"0\"><table id=\"{id}\">\n"));
    if !table.caption().trim().is_empty() {
        push_tagged(out, "<caption>", table.caption(), "</caption>\n");
    }
    out.push_str("<thead><tr>");
    for column in table.columns() {
        out.push_str(&format!("<th scope=\"col\"{}>", class(column.kind)));
        push_line(out, &column.name);
        out.push_str("</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in table.rows().iter().take(limits.rows_max) {
        out.push_str("<tr>");
        for (column, cell) in table.columns().iter().zip(row) {
            out.push_str("<td");
            out.push_str(if is_long(cell.text()) { long_class(column.kind) } else { class(column.kind) });
            push_tagged(out, ">", cell.text(), "</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
    if let Some(left) = words::rows_left(table.rows().len(), limits.rows_max) {
        push_tagged(out, "<p class=\"left\">", &left, "</p>\n");
    }
}

/// Returns the class of a column's cells, as an attribute.
fn class(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "",
        ColumnKind::Number => " class=\"number\"",
        ColumnKind::Moment => " class=\"moment\"",
        ColumnKind::Code => " class=\"code\"",
    }
}

/// Returns the class of a cell with a word that may be broken anywhere.
fn long_class(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => " class=\"long\"",
        ColumnKind::Number => " class=\"number long\"",
        ColumnKind::Moment => " class=\"moment long\"",
        ColumnKind::Code => " class=\"code long\"",
    }
}

/// Says whether a text has a word that would widen its column too much. Only such cells are broken inside
/// words: were all, a browser would break names to make room for paragraphs.
fn is_long(text: &str) -> bool {
    text.split_whitespace().any(|word| word.chars().nth(WORD_MAX).is_some())
}
