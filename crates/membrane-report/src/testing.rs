//! Documents for tests.

use proptest::strategy::Strategy as _;

use crate::{Block, Cell, Column, ColumnKind, Document, FindingKind, Level, Number, Section, Slug, Table};

/// Returns an id.
pub(crate) fn slug(text: &str) -> Slug {
    Slug::new(text).unwrap()
}

/// Returns a column.
pub(crate) fn column(id: &str, name: &str, kind: ColumnKind) -> Column {
    Column { id: slug(id), name: name.to_owned(), kind }
}

/// Returns a small document with each kind of block, all texts of which come from `text`.
pub(crate) fn every_block(text: impl Fn(&str) -> String) -> Document {
    let mut document = Document::new(text("Who accessed what"), text("rep-7f3a"));
    document.subject = text("Dataset claims, all purposes");
    document.push_fact(text("Period"), text("2026-10-01 to 2026-10-31"));
    document.push_fact(text("Made by"), text("dpo@example.org"));
    let mut first = Section::new(slug("summary"), Level::One, text("Summary"));
    first.blocks = vec![
        Block::Paragraph(text("Two people read the dataset.\nNone of them was refused.")),
        Block::Finding { kind: FindingKind::Warning, text: text("One purpose has no retention period.") },
        Block::List(vec![text("analysis"), text("billing")]),
        Block::Definitions(vec![(text("Controller"), text("Example Insurance AG"))]),
    ];
    let mut second = Section::new(slug("accesses"), Level::Two, text("Accesses"));
    second.blocks = vec![
        Block::Table(accesses(&text)),
        Block::Code(text("permit (principal, action);\n  when { true };")),
        Block::Table(refusals(&text)),
        Block::ToFill { id: slug("basis"), question: text("What is the legal basis?"), lines: 3 },
    ];
    document.push_section(first).unwrap();
    document.push_section(second).unwrap();
    document
}

/// Returns a table with each kind of column.
fn accesses(text: impl Fn(&str) -> String) -> Table {
    let columns = vec![
        column("at", &text("At"), ColumnKind::Moment),
        column("who", &text("Who"), ColumnKind::Text),
        column("dataset", &text("Dataset"), ColumnKind::Code),
        column("rows", &text("Rows"), ColumnKind::Number),
    ];
    let mut table = Table::new(slug("accesses-table"), columns).unwrap().with_caption(text("All accesses"));
    let row = |at: &str, who: &str, rows: Cell| {
        vec![text(at).into(), text(who).into(), text("claims_2026").into(), rows]
    };
    table.push_row(row("2026-10-02T08:15:00Z", "Ada Lovelace", 1_204_u64.into())).unwrap();
    let noisy = Number::from_f64(0.25).unwrap();
    table.push_row(row("2026-10-09T17:40:11Z", "Grace Hopper", noisy.into())).unwrap();
    table.push_row(row("2026-10-10T09:00:00Z", "Mary Shelley", Cell::Empty)).unwrap();
    table
}

/// Returns a table without rows.
fn refusals(text: impl Fn(&str) -> String) -> Table {
    let columns = vec![column("who", &text("Who"), ColumnKind::Text)];
    let table = Table::new(slug("refusals"), columns).unwrap();
    table.with_caption(text("Refusals")).with_empty(text("Nobody was refused."))
}

/// Returns texts that try to break out of a renderer: its signs, in runs that a random text would not have.
pub(crate) fn hostile() -> impl proptest::strategy::Strategy<Value = String> {
    let pieces = proptest::sample::select(HOSTILE.to_vec());
    proptest::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

/// What hostile texts are made of.
const HOSTILE: [&str; 64] = [
    "|",
    "\\",
    "\\|",
    "`",
    "``",
    "```",
    "~~~",
    "*",
    "**",
    "_",
    "__",
    "#",
    "# ",
    "-",
    "- ",
    "---",
    "+ ",
    "1. ",
    "1) ",
    "=",
    "===",
    ">",
    "> ",
    "<",
    "</td>",
    "</table>",
    "<script>",
    "</style>",
    "<!--",
    "-->",
    "<b>",
    "&",
    "&lt;",
    "&#60;",
    "&amp;",
    "\"",
    "'",
    "[",
    "]",
    "[a](b)",
    "![a](b)",
    "[^1]",
    "[ ]",
    "http://x.y",
    "www.x.y",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\t",
    "    ",
    " ",
    "\0",
    "\u{1b}[0m",
    "\u{202e}",
    "\u{200b}",
    "\u{2028}",
    "\u{a0}",
    "a",
    "z9",
    "é",
    "王",
    "$x$",
    ":",
];
