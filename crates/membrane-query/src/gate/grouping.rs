//! How many groupings a GROUP BY asks for.
//!
//! DataFusion writes every grouping set down before it looks at its own limit: `CUBE` of forty keys is 2^40 of them,
//! and ends the process. So they are counted on the syntax tree, where counting costs nothing.

use datafusion::sql::sqlparser::ast::{Expr, GroupByExpr};

use crate::error::QueryError;

/// Groupings that one GROUP BY may ask for: the product of its ROLLUPs and GROUPING SETS.
const GROUPINGS_MAX: usize = 64;

/// What is said of CUBE, wherever it stands.
pub(super) const CUBE: &str = "CUBE; name the groupings that you need with GROUPING SETS";

/// Checks a GROUP BY.
pub(super) fn check(group_by: &GroupByExpr) -> Result<(), QueryError> {
    let unsupported = |what| Err(QueryError::Unsupported { what, position: None });
    let (keys, modifiers) = match group_by {
        GroupByExpr::All(_) => return unsupported("GROUP BY ALL; name the columns"),
        GroupByExpr::Expressions(keys, modifiers) => (keys, modifiers),
    };
    if !modifiers.is_empty() {
        return unsupported(
            "WITH ROLLUP, WITH CUBE and WITH TOTALS; write ROLLUP (..) or GROUPING SETS (..)",
        );
    }
    let mut groupings: usize = 1;
    for key in keys {
        let own = match key {
            Expr::Cube(_) => return unsupported(CUBE),
            Expr::Rollup(levels) => levels.len().saturating_add(1),
            Expr::GroupingSets(sets) => sets.len().max(1),
            _ => 1,
        };
        groupings = groupings.saturating_mul(own);
    }
    if groupings > GROUPINGS_MAX {
        return Err(QueryError::TooComplex {
            reason: "ROLLUP and GROUPING SETS ask for more than 64 groupings; name fewer with GROUPING SETS",
        });
    }
    Ok(())
}
