//! The statement of a tag, in its file or in one beside it.

use std::collections::BTreeSet;

use membrane_model::{ColumnName, TagId};

use super::super::column::parse;
use super::super::fields::Fields;
use super::super::suggest::did_you_mean;
use super::super::yaml::Node;
use super::super::{At, Mark, Report};
use super::{TagFiles, read_listed};
use crate::TAG_COLUMN;

/// What `source` says.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) file: Option<String>,
    pub(super) place: (usize, usize),
    pub(super) column: ColumnName,
    pub(super) uses: Vec<At<TagId>>,
    /// Where the tag's file says it, for faults.
    pub(super) mark: Mark,
}

/// Reads the statement.
pub(super) fn read_source(
    node: Node<'_>,
    files: &TagFiles,
    used: &mut BTreeSet<String>,
    report: &mut Report,
) -> Option<Statement> {
    let what = "`source`";
    let fields = Fields::read(node, what, &["sql", "query", "column", "uses"], report)?;
    let column = fields.text("column", report).unwrap_or(At { value: TAG_COLUMN, mark: fields.mark() });
    let column: Option<At<ColumnName>> = parse(column, "`column`", report);
    let uses = read_listed::<TagId>(fields.get("uses"), "`uses`", report);
    let (file, query) = (fields.text("sql", report), fields.text("query", report));
    let (sql, file, place, mark) = match (file, query) {
        (Some(file), None) => {
            let text = read_beside(file, ".sql", files, used, report)?;
            if text.trim().is_empty() {
                report.fault(file.mark, format!("`{}` is empty", file.value));
                return None;
            }
            (text, Some(file.value.to_owned()), (1, 1), file.mark)
        }
        (None, Some(query)) => {
            (query.value.to_owned(), None, (query.mark.line, query.mark.column), query.mark)
        }
        (Some(_), Some(query)) => {
            report.fault(query.mark, "`source` says `sql` and `query`: the statement stands in one place");
            return None;
        }
        (None, None) => {
            if fields.get("sql").is_none() && fields.get("query").is_none() {
                report.fault(
                    fields.mark(),
                    "`source` needs `sql`, a file beside this one, or `query`, the statement itself",
                );
            }
            return None;
        }
    };
    Some(Statement { sql, file, place, column: column?.value, uses, mark })
}

/// Finds a file beside the tag's: `NAME.sql` there, or `fixtures/NAME.csv`.
pub(super) fn read_beside(
    name: At<&str>,
    ending: &str,
    files: &TagFiles,
    used: &mut BTreeSet<String>,
    report: &mut Report,
) -> Option<String> {
    if let Some(found) = files.get(name.value).filter(|_| name.value.ends_with(ending)) {
        used.insert(name.value.to_owned());
        // One that cannot be read is told of where it lies.
        return found.clone();
    }
    let known = files.keys().map(String::as_str).filter(|known| known.ends_with(ending));
    let hint = did_you_mean(name.value, known);
    let form = if ending == ".sql" { "`NAME.sql` beside the tag's" } else { "`fixtures/NAME.csv`" };
    report.fault(name.mark, format!("there is no such file: it is {form}{hint}"));
    None
}
