//! What can go wrong with a report.

/// What can be wrong with the parts of a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// A text cannot be an id: 1 to 64 lower-case letters, digits, `-` and `_`, the first a letter.
    #[error("not an id: 1 to 64 of `a-z`, `0-9`, `-` and `_`, beginning with a letter")]
    Slug,
    /// A text is not the tag of a language.
    #[error("not the tag of a language, such as `en` or `de-AT`")]
    Language,
    /// A moment is not in the calendar.
    #[error("not a moment of the calendar")]
    Moment,
    /// A number has no decimal form.
    #[error("not a finite number")]
    Number,
    /// Two sections or tables of a document, or two columns of a table, have one id.
    #[error("the id `{0}` is used twice")]
    Twice(crate::Slug),
    /// A table has no columns.
    #[error("the table `{0}` has no columns")]
    NoColumns(crate::Slug),
    /// A row is longer or shorter than the table is wide.
    #[error("a row of `{table}` has {cells} cells for {columns} columns")]
    RowWidth {
        /// The table.
        table: crate::Slug,
        /// Cells of the row.
        cells: usize,
        /// Columns of the table.
        columns: usize,
    },
}

/// What can go wrong while a PDF is written.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// Bytes are not a font that can be embedded.
    #[error("not a TrueType or OpenType font")]
    Font,
    /// The library refused a setting: a fault of this crate.
    #[error("the library that writes PDF refused `{0}`")]
    Setting(&'static str),
    /// The library that writes PDF refused the document.
    #[error("the document cannot be written as PDF: {0}")]
    Write(String),
}
