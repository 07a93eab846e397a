//! The hash that stands for columns and rows, as JSON shows them.
//!
//! SHA-256 over these bytes, from which columns and rows can be read back in one way only:
//!
//! ```text
//! membrane-result/1 LF
//! how many columns LF       then of each: text of its name, text of its role
//! how many rows LF          then of each row, in the order of the columns: a cell
//!
//! text      how many bytes of UTF-8, ":", those bytes, LF
//! cell      a text, or "null" LF, "true" LF, "false" LF, or
//! number    "#", the 16 hexadecimal digits of the IEEE 754 double that it is, most significant first, LF; zero is 0
//! ```
//!
//! Numbers are doubles, as every reader of JSON takes them, so that a file that was read and written again is the same.

use membrane_query::ReleaseAnswer;
use sha2::{Digest, Sha256};

use super::json::Json;
use crate::answer::{AnswerFormat, Encoder};

const HEAD: &str = "membrane-result/1\n";

/// Returns the hash of an answer: of what its JSON form shows.
pub(super) fn hash_of(answer: &ReleaseAnswer, columns: &Json) -> Option<String> {
    let batch = answer.to_batch().ok()?;
    let mut encoder = Encoder::start(AnswerFormat::Json, &batch.schema(), Vec::new()).ok()?;
    let mut bytes = encoder.write(&batch).ok()?;
    bytes.append(&mut encoder.finish().ok()?);
    let shown = Json::parse(std::str::from_utf8(&bytes).ok()?).ok()?;
    hash(columns, shown.get("rows")?).ok()
}

/// Returns the hash of columns and rows.
///
/// # Errors
/// Where they do not fit together.
pub(super) fn hash(columns: &Json, rows: &Json) -> Result<String, String> {
    let columns = columns.list().ok_or("`columns` is no list")?;
    let rows = rows.list().ok_or("`rows` is no list")?;
    let mut sum = Sum(Sha256::new_with_prefix(HEAD));
    let mut names = Vec::with_capacity(columns.len());
    sum.count(columns.len());
    for column in columns {
        let of = |member| column.get(member).and_then(Json::text);
        let (name, role) = of("name").zip(of("role")).ok_or("a column has no name or no role")?;
        sum.text(name);
        sum.text(role);
        names.push(name);
    }
    sum.count(rows.len());
    for (number, row) in (1_u64..).zip(rows) {
        let members = row.members().map(<[_]>::len);
        let cells: Option<Vec<&Json>> = names.iter().map(|name| row.get(name)).collect();
        let cells = cells.filter(|cells| Some(cells.len()) == members);
        for cell in cells.ok_or_else(|| format!("row {number} has other columns than those listed"))? {
            sum.cell(cell).ok_or_else(|| format!("row {number} has a cell that is no single value"))?;
        }
    }
    Ok(hex::encode(sum.0.finalize()))
}

struct Sum(Sha256);

impl Sum {
    fn count(&mut self, count: usize) {
        self.0.update(format!("{count}\n"));
    }

    fn text(&mut self, text: &str) {
        self.0.update(format!("{}:{text}\n", text.len()));
    }

    fn cell(&mut self, cell: &Json) -> Option<()> {
        match cell {
            Json::Null => self.0.update("null\n"),
            Json::Truth(true) => self.0.update("true\n"),
            Json::Truth(false) => self.0.update("false\n"),
            Json::Number(number) => self.0.update(format!("#{:016x}\n", number.to_bits())),
            Json::Text(text) => self.text(text),
            Json::List(_) | Json::Object(_) => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
