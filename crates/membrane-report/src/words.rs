//! The words that renderers add. They are English; the texts of a document are the caller's.

use crate::FindingKind;

/// Stands above the list of sections.
pub(crate) const CONTENTS: &str = "Contents";
/// Stands before a question.
pub(crate) const TO_FILL: &str = "To be filled in";
/// Stands where the answer goes.
pub(crate) const ANSWER: &str = "Answer";
/// Is said instead of a table without rows, when the table does not say it better.
pub(crate) const NO_ROWS: &str = "There are no rows.";
/// Stands for a title or a heading that is blank.
pub(crate) const UNTITLED: &str = "(untitled)";

/// Returns the word for a kind of finding.
pub(crate) fn finding(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Info => "Note",
        FindingKind::Warning => "Warning",
        FindingKind::Fault => "Fault",
    }
}

/// Returns the name of a kind of finding in JSON and in HTML classes.
pub(crate) fn finding_slug(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Info => "info",
        FindingKind::Warning => "warning",
        FindingKind::Fault => "fault",
    }
}

/// Returns a title or heading as it is shown: never blank.
pub(crate) fn title(text: &str) -> &str {
    if text.trim().is_empty() { UNTITLED } else { text }
}

/// Says that rows were left out; nothing when none were.
pub(crate) fn rows_left(rows: usize, rows_max: usize) -> Option<String> {
    match rows.saturating_sub(rows_max) {
        0 => None,
        1 => Some("1 more row is in the JSON form.".to_owned()),
        left => Some(format!("{left} more rows are in the JSON form.")),
    }
}
