//! Bounds of summed columns, as the command line says them.

use std::collections::BTreeMap;
use std::str::FromStr;

use membrane_model::ColumnName;

use crate::cli::CliError;

const FORM: &str = "expected COLUMN=LOWER..UPPER, like amount=0..300";

/// The least and the greatest value that one row of a column adds to a sum, written `amount=0..300`.
///
/// INVARIANT: both are finite, and the first is not above the second.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ColumnBounds {
    column: ColumnName,
    lower: f64,
    upper: f64,
}

impl FromStr for ColumnBounds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (column, range) = text.split_once('=').ok_or(FORM)?;
        let (lower, upper) = range.split_once("..").ok_or(FORM)?;
        let column = column.trim().parse().map_err(|error| format!("{error}; {FORM}"))?;
        let (lower, upper) = (number(lower, "LOWER")?, number(upper, "UPPER")?);
        if lower > upper {
            return Err("LOWER is above UPPER: say the smaller number first".to_owned());
        }
        Ok(Self { column, lower, upper })
    }
}

fn number(text: &str, which: &str) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| format!("{which} is not a number; {FORM}"))
}

/// Puts bounds by their column; a column has one pair of them.
pub(super) fn by_column(all: Vec<ColumnBounds>) -> Result<BTreeMap<ColumnName, (f64, f64)>, CliError> {
    let mut found = BTreeMap::new();
    for ColumnBounds { column, lower, upper } in all {
        if found.insert(column.clone(), (lower, upper)).is_some() {
            return Err(CliError::usage(format!("--bounds says column `{column}` twice")));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
