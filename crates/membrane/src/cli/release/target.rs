//! Targets of columns of the answer, as the command line says them.

use std::collections::BTreeMap;
use std::str::FromStr;

use membrane_model::ColumnName;

use crate::cli::CliError;

const FORM: &str = "expected COLUMN=WIDTH, like lines=500";

/// Half of the width that the 95 % interval of a column may have, written `lines=500`.
///
/// INVARIANT: it is finite and above zero.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ColumnTarget {
    column: ColumnName,
    width: f64,
}

impl FromStr for ColumnTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (column, width) = text.split_once('=').ok_or(FORM)?;
        let column = column.trim().parse().map_err(|error| format!("{error}; {FORM}"))?;
        let width = width.trim().parse::<f64>().ok().filter(|width| width.is_finite() && *width > 0.0);
        Ok(Self { column, width: width.ok_or_else(|| format!("WIDTH is no number above 0; {FORM}"))? })
    }
}

/// Puts targets by their column; a column has one.
pub(super) fn by_column(all: Vec<ColumnTarget>) -> Result<BTreeMap<ColumnName, f64>, CliError> {
    let mut found = BTreeMap::new();
    for ColumnTarget { column, width } in all {
        if found.insert(column.clone(), width).is_some() {
            return Err(CliError::usage(format!("--target says column `{column}` twice")));
        }
    }
    Ok(found)
}
