//! Widths of columns of the answer as shares of what a typical group comes to, as the command line says them.

use std::collections::BTreeMap;
use std::str::FromStr;

use membrane_model::ColumnName;

use crate::cli::CliError;

const FORM: &str = "expected COLUMN=PERCENT%, like lines=2%";

/// Half of the width that the 95 % interval of a column may have, written `lines=2%`.
///
/// INVARIANT: it is finite and above zero.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ColumnShare {
    column: ColumnName,
    share: f64,
}

impl FromStr for ColumnShare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (column, share) = text.split_once('=').ok_or(FORM)?;
        let column = column.trim().parse().map_err(|error| format!("{error}; {FORM}"))?;
        let share = share.trim().strip_suffix('%').and_then(|percent| percent.trim().parse::<f64>().ok());
        let share = share.filter(|share| share.is_finite() && *share > 0.0).map(|percent| percent / 100.0);
        Ok(Self {
            column,
            share: share.ok_or_else(|| format!("PERCENT is no number above 0 with %; {FORM}"))?,
        })
    }
}

/// Puts shares by their column; a column has one.
pub(super) fn by_column(all: Vec<ColumnShare>) -> Result<BTreeMap<ColumnName, f64>, CliError> {
    let mut found = BTreeMap::new();
    for ColumnShare { column, share } in all {
        if found.insert(column.clone(), share).is_some() {
            return Err(CliError::usage(format!("--within says column `{column}` twice")));
        }
    }
    Ok(found)
}
