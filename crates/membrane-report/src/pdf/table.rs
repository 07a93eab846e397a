//! Tables on paper: the names of the columns at the top of every sheet, hairlines between rows, numbers to
//! the right.

use super::columns::{Measure, cell_style};
use super::flow::Flow;
use super::row::{Part, Row};
use super::style::{BODY, CAPTION, COLUMN, RULE, SMALL, STRONG};
use super::tree::{Node, Role};
use crate::{Cell, ColumnKind, Limits, Table, words};

/// The room above and below the texts of a row.
const PAD: f32 = 3.2;
/// The room below a table.
const GAP_BELOW: f32 = 12.0;

/// A table with its columns on the page.
pub(super) struct Grid<'a> {
    table: &'a Table,
    /// Where each column begins, and how wide it is.
    columns: Vec<(f32, f32)>,
}

impl<'a> Grid<'a> {
    /// Divides the page among the columns.
    pub(super) fn new(flow: &Flow<'_>, table: &'a Table, measure: &Measure) -> Self {
        Self { table, columns: measure.places(flow.paper.body_width()) }
    }

    /// Returns the height of what must stand on the sheet on which the table begins.
    pub(super) fn lead(&self, flow: &Flow<'_>) -> f32 {
        let caption = self.caption(flow, None).map_or(0.0, |row| row.height(row.lines()) + row.gap);
        let (head, first) = (self.head(flow, |_| None), self.table.rows().first());
        let first = first.map_or(0.0, |cells| {
            let row = self.row(flow, cells, |_| None);
            row.height(row.lines())
        });
        // A first row that is as high as a page begins where it is.
        caption + head.height(head.lines()) + first.min(120.0)
    }

    /// Puts the table.
    pub(super) fn put(&self, flow: &mut Flow<'_>, limits: &Limits, under: Node) {
        flow.keep(self.lead(flow));
        let table = flow.tree.add(Role::Table, Some(under));
        let caption =
            (!self.table.caption().trim().is_empty()).then(|| flow.tree.add(Role::Caption, Some(table)));
        if let Some(row) = self.caption(flow, caption) {
            flow.put(row, None);
        }
        let head = flow.tree.add(Role::TableHead, Some(table));
        let head = flow.tree.add(Role::TableRow, Some(head));
        let names: Vec<Node> =
            self.table.columns().iter().map(|_| flow.tree.add(Role::HeadCell, Some(head))).collect();
        let row = self.head(flow, |place| names.get(place).copied());
        flow.put(row, None);
        let body = flow.tree.add(Role::TableBody, Some(table));
        // At the top of later sheets the names of the columns are decoration: they are read aloud once. Names
        // that would fill the sheets are not said again.
        let again = self.head(flow, |_| None);
        let again = (again.height(again.lines()) <= flow.paper.body_height() / 3.0).then_some(again);
        for cells in self.table.rows().iter().take(limits.rows_max) {
            let node = flow.tree.add(Role::TableRow, Some(body));
            let nodes: Vec<Node> = cells.iter().map(|_| flow.tree.add(Role::Cell, Some(node))).collect();
            let row = self.row(flow, cells, |place| nodes.get(place).copied());
            flow.put(row, again.as_ref());
        }
        if let Some(left) = words::rows_left(self.table.rows().len(), limits.rows_max) {
            flow.skip(4.0);
            let node = flow.tree.add(Role::Paragraph, Some(under));
            let room = (0.0, flow.paper.prose_width());
            flow.put(Row::of(Part::wrap(flow.fonts, SMALL, &left, room, Some(node)), 0.0), None);
        }
        flow.skip(GAP_BELOW);
    }

    /// Returns what stands above the table.
    fn caption(&self, flow: &Flow<'_>, node: Option<Node>) -> Option<Row> {
        caption(flow, self.table, node)
    }

    /// Returns the row of the names of columns.
    fn head(&self, flow: &Flow<'_>, node: impl Fn(usize) -> Option<Node>) -> Row {
        let columns = self.table.columns().iter().zip(&self.columns);
        let parts = columns.enumerate().map(|(at, (column, place))| {
            let mut part = Part::wrap(flow.fonts, COLUMN, &column.name, *place, node(at));
            part.right = column.kind == ColumnKind::Number;
            part
        });
        Row { parts: parts.collect(), pad: PAD, rule: Some((0.9, STRONG)), ..Row::default() }
    }

    /// Returns a row of cells.
    fn row(&self, flow: &Flow<'_>, cells: &[Cell], node: impl Fn(usize) -> Option<Node>) -> Row {
        let columns = self.table.columns().iter().zip(&self.columns);
        let parts = columns.zip(cells).enumerate().map(|(at, ((column, place), cell))| {
            let mut part = Part::wrap(flow.fonts, cell_style(column), cell.text(), *place, node(at));
            part.right = column.kind == ColumnKind::Number;
            part
        });
        Row { parts: parts.collect(), pad: PAD, rule: Some((0.4, RULE)), ..Row::default() }
    }
}

/// Says that a table has no rows.
pub(super) fn put_empty(flow: &mut Flow<'_>, table: &Table, under: Node) {
    let node = flow.tree.add(Role::Paragraph, Some(under));
    if let Some(row) = caption(flow, table, Some(node)) {
        flow.keep(row.height(row.lines()) + 2.0 * BODY.leading());
        flow.put(row, None);
    }
    let node = flow.tree.add(Role::Paragraph, Some(under));
    let part = Part::wrap(flow.fonts, BODY, table.empty(), (0.0, flow.paper.prose_width()), Some(node));
    flow.put(Row::of(part, GAP_BELOW), None);
}

/// Returns what stands above a table.
fn caption(flow: &Flow<'_>, table: &Table, node: Option<Node>) -> Option<Row> {
    let room = (0.0, flow.paper.body_width());
    let part = || Part::wrap(flow.fonts, CAPTION, table.caption(), room, node);
    (!table.caption().trim().is_empty()).then(|| Row::of(part(), 2.0))
}
