//! Sections and their parts on paper.

use super::columns::Measure;
use super::flow::Flow;
use super::head::{Contents, put_pairs, short};
use super::row::{Ground, Part, Row};
use super::sheet::{Item, SIDE};
use super::style::{BODY, CODE, FAULT, HEADINGS, INFO, LABEL, SMALL, STRONG, Style, TERM, TINT, WARNING};
use super::table::{Grid, put_empty};
use super::tree::{Node, Role};
use crate::{Block, FindingKind, Limits, Section, words};

/// The room below a block.
const GAP: f32 = 8.0;
/// How far text is from the edge of a ground or frame.
const INSET: f32 = 10.0;
/// The height of a line to write on by hand.
const HAND: f32 = 19.0;

/// Puts the sections. The measures are those of the tables that have rows, in their order.
pub(super) fn put_sections(
    flow: &mut Flow<'_>,
    sections: &[Section],
    measures: &[Measure],
    limits: &Limits,
    contents: &mut Contents,
) {
    let mut measures = measures.iter();
    for section in sections {
        let node = flow.tree.add(Role::Section, None);
        let tables = section.blocks.iter().map(|block| match block {
            Block::Table(table) if !table.rows().is_empty() => {
                measures.next().map(|measure| Grid::new(flow, table, measure))
            }
            _ => None,
        });
        let grids: Vec<Option<Grid<'_>>> = tables.collect();
        put_heading(flow, section, grids.first().and_then(Option::as_ref), node, contents);
        for (block, grid) in section.blocks.iter().zip(&grids) {
            match grid {
                Some(grid) => grid.put(flow, limits, node),
                None => put_block(flow, block, node),
            }
        }
    }
}

/// Puts a heading on the sheet on which what it stands above begins.
fn put_heading(
    flow: &mut Flow<'_>,
    section: &Section,
    grid: Option<&Grid<'_>>,
    under: Node,
    contents: &mut Contents,
) {
    let depth = section.level.depth();
    let style = HEADINGS.get(usize::from(depth - 1)).copied().unwrap_or(BODY);
    let node = flow.tree.add(Role::Heading(depth + 1, short(&section.heading)), Some(under));
    let room = (0.0, flow.paper.prose_width());
    let part = Part::wrap(flow.fonts, style, words::title(&section.heading), room, Some(node));
    let row = Row { splits: false, ..Row::of(part, 5.0) };
    let lead = grid.map_or(4.0 * BODY.leading(), |grid| grid.lead(flow));
    let above = if depth == 1 { 16.0 } else { 9.0 };
    flow.keep(above + row.height(row.lines()) + row.gap + lead);
    flow.skip(above);
    contents.note(flow);
    flow.put(row, None);
}

/// Puts a block.
fn put_block(flow: &mut Flow<'_>, block: &Block, under: Node) {
    let prose = (0.0, flow.paper.prose_width());
    match block {
        Block::Paragraph(text) => {
            let node = flow.tree.add(Role::Paragraph, Some(under));
            flow.put(Row::of(Part::wrap(flow.fonts, BODY, text, prose, Some(node)), GAP), None);
        }
        Block::Finding { kind, text } => put_finding(flow, *kind, text, under),
        Block::List(items) => put_list(flow, items, under),
        Block::Definitions(pairs) => {
            let pairs = pairs.iter().map(|(term, text)| (term.as_str(), text.as_str()));
            put_pairs(flow, pairs, TERM, Some(under));
            flow.skip(GAP - 3.0);
        }
        Block::Table(table) => put_empty(flow, table, under),
        Block::Code(text) => {
            let node = flow.tree.add(Role::Code, Some(under));
            let ground = Ground { width: flow.paper.body_width(), fill: TINT, bar: None };
            put_boxed(flow, &[(CODE, text, node)], ground);
        }
        Block::ToFill { id: _, question, lines } => put_question(flow, question, *lines, under),
    }
}

/// Puts a finding: its kind in words and in colour, and what was found.
fn put_finding(flow: &mut Flow<'_>, kind: FindingKind, text: &str, under: Node) {
    let ink = match kind {
        FindingKind::Info => INFO,
        FindingKind::Warning => WARNING,
        FindingKind::Fault => FAULT,
    };
    let word = flow.tree.add(Role::Paragraph, Some(under));
    let node = flow.tree.add(Role::Paragraph, Some(under));
    let ground = Ground { width: flow.paper.prose_width(), fill: TINT, bar: Some(ink) };
    put_boxed(flow, &[(TERM.with_ink(ink), words::finding(kind), word), (BODY, text, node)], ground);
}

/// Puts texts one below the other on a ground.
fn put_boxed(flow: &mut Flow<'_>, texts: &[(Style, &str, Node)], ground: Ground) {
    let room = (INSET, ground.width - 2.0 * INSET);
    let rows: Vec<Row> = texts
        .iter()
        .map(|(style, text, node)| Row {
            pad: 3.0,
            ground: Some(ground),
            ..Row::of(Part::wrap(flow.fonts, *style, text, room, Some(*node)), 0.0)
        })
        .collect();
    flow.keep(rows.iter().map(|row| row.height(row.lines().min(2))).sum());
    for row in rows {
        flow.put(row, None);
    }
    flow.skip(GAP + 2.0);
}

/// Puts a list.
fn put_list(flow: &mut Flow<'_>, items: &[String], under: Node) {
    let list = flow.tree.add(Role::List, Some(under));
    let room = (14.0, flow.paper.prose_width() - 14.0);
    for item in items {
        let node = flow.tree.add(Role::ListItem, Some(list));
        let (label, body) = (flow.tree.add(Role::Label, Some(node)), flow.tree.add(Role::Body, Some(node)));
        let bullet = Part::wrap(flow.fonts, LABEL, "•", (3.0, 10.0), Some(label));
        let text = Part::wrap(flow.fonts, BODY, item, room, Some(body));
        flow.put(Row { splits: true, parts: vec![bullet, text], gap: 2.5, ..Row::default() }, None);
    }
    flow.skip(GAP - 2.5);
}

/// Puts a question with a frame for the answer.
fn put_question(flow: &mut Flow<'_>, question: &str, lines: u8, under: Node) {
    let prose = (0.0, flow.paper.prose_width());
    let hint = flow.tree.add(Role::Paragraph, Some(under));
    let node = flow.tree.add(Role::Paragraph, Some(under));
    let hint = Row::of(Part::wrap(flow.fonts, SMALL, words::TO_FILL, prose, Some(hint)), 0.0);
    let question = Row::of(Part::wrap(flow.fonts, TERM, question, prose, Some(node)), 4.0);
    let height = (HAND * f32::from(lines.max(1))).min(flow.paper.body_height() / 2.0);
    let asked = question.height(question.lines());
    flow.keep(hint.height(1) + asked.min(flow.paper.body_height() / 3.0) + height + 4.0);
    flow.put(hint, None);
    flow.put(question, None);
    flow.keep(height);
    flow.push(Item::Frame { x: SIDE, y: flow.y, width: prose.1, height, ink: STRONG });
    flow.y += height;
    flow.skip(GAP + 6.0);
}
