//! Tables for people.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table};

/// Starts a table with a header line.
pub(crate) fn new_table<S: AsRef<str>>(header: &[S]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().map(|name| name.as_ref().to_owned()));
    table
}

/// The width of what goes into a file or another program.
const WIDTH: u16 = 100;

/// Keeps a table within the terminal, or 100 columns: some of its columns stay in one line, the others are wrapped.
pub(crate) fn narrow(table: &mut Table, whole: &[usize]) {
    if !table.is_tty() {
        table.set_width(WIDTH);
    }
    for column in whole {
        if let Some(column) = table.column_mut(*column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

/// Shortens a moment of RFC 3339 to the minute.
pub(crate) fn minute(moment: &str) -> String {
    moment.get(..16).map_or_else(|| moment.to_owned(), |minute| minute.replace('T', " "))
}

/// Writes how many there are of something.
pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Sets these columns flush right, as numbers are read.
pub(crate) fn right(table: &mut Table, columns: &[usize]) {
    for column in columns {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// Sets the columns that hold numbers flush right.
pub(crate) fn right_numbers(table: &mut Table, schema: &Schema) {
    let numeric = schema.fields().iter().enumerate().filter(|(_, field)| field.data_type().is_numeric());
    let columns: Vec<usize> = numeric.map(|(index, _)| index).collect();
    right(table, &columns);
}

/// Adds the rows of a batch, up to a number of rows in all; returns how many were added.
pub(crate) fn add_batch(table: &mut Table, batch: &RecordBatch, most: usize) -> Result<usize, ArrowError> {
    let options = FormatOptions::default().with_null("NULL");
    let columns = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
        .collect::<Result<Vec<_>, _>>()?;
    let rows = batch.num_rows().min(most);
    for row in 0..rows {
        table.add_row(columns.iter().map(|column| column.value(row).to_string()));
    }
    Ok(rows)
}

/// Writes a count with commas.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
