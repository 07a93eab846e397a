//! The first page: title, facts, contents.

use super::flow::Flow;
use super::row::{Part, Row};
use super::sheet::{Item, SIDE};
use super::style::{BODY, LABEL, RULE, STRONG, SUBJECT, TERM, TITLE};
use super::tree::{Node, Role};
use crate::{Document, Section, words};

/// Sections from which on there is a list of them.
const SECTIONS_MIN: usize = 3;
/// Room for the number of a page.
const PAGE_WIDTH: f32 = 40.0;

/// Puts the title and the facts.
pub(super) fn put_head(flow: &mut Flow<'_>, document: &Document) {
    let (wide, room) = ((0.0, flow.paper.body_width()), (0.0, flow.paper.prose_width()));
    let node = flow.tree.add(Role::Heading(1, short(&document.title)), None);
    let title = Part::wrap(flow.fonts, TITLE, words::title(&document.title), wide, Some(node));
    flow.put(Row::of(title, 3.0), None);
    if !document.subject.trim().is_empty() {
        let node = flow.tree.add(Role::Paragraph, None);
        let subject = Part::wrap(flow.fonts, SUBJECT, &document.subject, room, Some(node));
        flow.put(Row::of(subject, 0.0), None);
    }
    flow.skip(12.0);
    flow.rule(1.0, STRONG);
    flow.skip(9.0);
    let id = ("Report", document.id.as_str());
    let facts = document.facts.iter().map(|fact| (fact.label.as_str(), fact.value.as_str()));
    put_pairs(flow, std::iter::once(id).chain(facts), LABEL, None);
    flow.skip(6.0);
    flow.rule(0.5, RULE);
    flow.skip(14.0);
}

/// Puts labels with their values, as a list for those who listen.
pub(super) fn put_pairs<'a>(
    flow: &mut Flow<'_>,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    label_style: super::style::Style,
    under: Option<Node>,
) {
    let (mut list, label_width) = (None, 122.0);
    let value_room = (label_width + 12.0, flow.paper.prose_width() - label_width - 12.0);
    for (label, value) in pairs {
        let list = *list.get_or_insert_with(|| flow.tree.add(Role::Pairs, under));
        let item = flow.tree.add(Role::ListItem, Some(list));
        let label_node = flow.tree.add(Role::Label, Some(item));
        let value_node = flow.tree.add(Role::Body, Some(item));
        let label = Part::wrap(flow.fonts, label_style, label, (0.0, label_width), Some(label_node));
        let value = Part::wrap(flow.fonts, BODY, value, value_room, Some(value_node));
        flow.put(Row { parts: vec![label, value], gap: 3.0, ..Row::default() }, None);
    }
}

/// Returns a title as outlines and trees have it: PDF has a limit, and no one reads more.
pub(super) fn short(title: &str) -> String {
    crate::visible::one_line(words::title(title)).chars().take(200).collect()
}

/// The list of sections, while the pages on which they begin are found out.
pub(super) struct Contents {
    /// The sheet and the item of each number of a page.
    numbers: Vec<(usize, usize)>,
    places: Vec<Place>,
}

/// Where a section begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) sheet: usize,
    pub(super) y: f32,
}

impl Contents {
    /// Puts the list, with room for the numbers of pages.
    pub(super) fn put(flow: &mut Flow<'_>, sections: &[Section]) -> Self {
        let mut contents = Self { numbers: Vec::new(), places: Vec::new() };
        if sections.len() < SECTIONS_MIN {
            return contents;
        }
        let room = (0.0, flow.paper.prose_width());
        let title = flow.tree.add(Role::Paragraph, None);
        let title = Part::wrap(flow.fonts, TERM, words::CONTENTS, room, Some(title));
        flow.keep(60.0);
        flow.put(Row::of(title, 4.0), None);
        let list = flow.tree.add(Role::Contents, None);
        for (place, section) in sections.iter().enumerate() {
            let item = flow.tree.add(Role::ContentsItem, Some(list));
            let node = flow.tree.add(Role::Link, Some(item));
            let indent = 14.0 * f32::from(section.level.depth() - 1);
            let room = (indent, flow.paper.prose_width() - indent - PAGE_WIDTH);
            let heading = words::title(&section.heading);
            let row = Row {
                splits: false,
                ..Row::of(Part::wrap(flow.fonts, BODY, heading, room, Some(node)), 1.5)
            };
            let height = row.height(row.lines());
            flow.keep(height);
            let (y, width) = (flow.y, flow.paper.prose_width());
            flow.push(Item::Link { x: SIDE, y, width, height, section: place, node });
            flow.put(row, None);
            contents.leave_number(flow, node);
        }
        flow.skip(8.0);
        contents
    }

    /// Notes where the section begins that is put next.
    pub(super) fn note(&mut self, flow: &Flow<'_>) {
        self.places.push(Place { sheet: flow.sheets.len() - 1, y: flow.y });
    }

    /// Fills the numbers in, and returns where the sections begin.
    pub(super) fn finish(self, flow: &mut Flow<'_>) -> Vec<Place> {
        let right = SIDE + flow.paper.prose_width();
        for ((sheet, at), place) in self.numbers.iter().zip(&self.places) {
            // The space parts the number from the heading for those who listen.
            let number = format!(" {}", place.sheet + 1);
            let width = flow.fonts.width(BODY.cut, &number) * BODY.size;
            let item = flow.sheets.get_mut(*sheet).and_then(|sheet| sheet.items.get_mut(*at));
            if let Some(Item::Text { x, line, .. }) = item {
                *x = right - width;
                *line = number;
            }
        }
        self.places
    }

    /// Leaves an empty text behind the heading that was put last, on its line.
    fn leave_number(&mut self, flow: &mut Flow<'_>, node: Node) {
        let Some(sheet) = flow.sheets.last_mut() else { return };
        let last = sheet.items.iter().rev().find_map(|item| match item {
            Item::Text { y, .. } => Some(*y),
            _ => None,
        });
        let y = last.unwrap_or(flow.y);
        sheet.items.push(Item::Text { x: SIDE, y, style: BODY, line: String::new(), node: Some(node) });
        self.numbers.push((flow.sheets.len() - 1, sheet_end(flow)));
    }
}

/// Returns the place of the last item.
fn sheet_end(flow: &Flow<'_>) -> usize {
    flow.sheets.last().map_or(0, |sheet| sheet.items.len().saturating_sub(1))
}
