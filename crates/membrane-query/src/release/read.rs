//! DataFusion's plan of a statement, read as a [`Question`]. What does not fit is refused by name.
//!
//! The shape that fits, top down:
//!
//! ```text
//! Limit  Sort  Projection  Filter      any of them, on released values: ORDER BY, LIMIT, HAVING, arithmetic
//!   Aggregate                          the keys, also of several levels that nest, the aggregates
//!     any relation                     rows about members: see `relation`
//! ```

mod levels;
mod released;

use std::collections::BTreeSet;

use datafusion::logical_expr::LogicalPlan;
use membrane_model::DatasetName;

use self::released::Released;
use super::canonical::normalise;
use super::labels;
use super::prune::prune;
use super::question::{Output, Question, Scalar, Shows, TypeOf, Value};
use super::refusal::{refuse, refuse_named};
use super::relation::Reader;
use super::scope::Scope;
use super::work;
use crate::QueryError;
use crate::plain_name::plain_name;

const NAME_LENGTH_MAX: usize = 63;
const OUTPUTS_MAX: usize = 64;

/// Reads a plan, made over [`Scope::planning_tables`].
pub(super) fn read(plan: &LogicalPlan, scope: &Scope) -> Result<Question, QueryError> {
    let mut reader = Reader::new(scope);
    let Released { core, columns, having, order, offset, limit } = released::read(plan, &mut reader)?;
    let outputs = columns.into_iter().enumerate().map(|(index, (name, value))| {
        let shows = match value {
            Value::Key(index, _) => Shows::Key(index),
            Value::Aggregate(index) => Shows::Aggregate(index),
            Value::Ratio(sum, count) => Shows::Ratio(sum, count),
            Value::Spread(of) => Shows::Spread(of),
            Value::Quantile(index, place) => Shows::Quantile(index, place),
            Value::Grouping(keys) => Shows::Grouping(keys),
            computed => Shows::Computed(computed),
        };
        Output { name: name.unwrap_or_else(|| format!("column{}", index + 1)), shows }
    });
    let outputs: Vec<Output> = outputs.collect();
    check_names(&outputs)?;
    let mut question = Question {
        tables: reader.tables,
        block: core.block,
        keys: core.keys,
        rollup: core.rollup,
        aggregates: core.aggregates.into_inner(),
        outputs,
        having,
        order,
        offset,
        limit,
    };
    labels::check(&question)?;
    normalise(&mut question);
    prune(&mut question)?;
    work::check(&question)?;
    Ok(question)
}

/// Every column of the answer has a name of its own, the error bars too.
fn check_names(outputs: &[Output]) -> Result<(), QueryError> {
    if outputs.len() > OUTPUTS_MAX {
        return Err(refuse("an answer with more than 64 columns", "ask for fewer at once"));
    }
    let mut names = BTreeSet::new();
    for output in outputs {
        let length = output.name.chars().count();
        if length == 0 || length > NAME_LENGTH_MAX {
            return Err(refuse(
                "a column of the answer with an empty name, or one longer than 63 characters",
                "use AS",
            ));
        }
        for name in column_names(output) {
            if !names.insert(name) {
                let rewrite =
                    "give each column a name of its own with AS; `_lo95`, `_hi95` and `_sd` are taken";
                return Err(refuse_named("two columns of the answer with one name", &output.name, rewrite));
            }
        }
    }
    Ok(())
}

/// Returns the names of the columns that an output becomes.
pub(super) fn column_names(output: &Output) -> Vec<String> {
    let name = &output.name;
    match output.shows {
        Shows::Key(_) | Shows::Grouping(_) => vec![name.clone()],
        Shows::Aggregate(_)
        | Shows::Ratio(..)
        | Shows::Spread(_)
        | Shows::Quantile(..)
        | Shows::Computed(_) => {
            vec![name.clone(), format!("{name}_lo95"), format!("{name}_hi95"), format!("{name}_sd")]
        }
    }
}

/// Refuses keys that cannot tell groups apart.
fn check_key(key: &Scalar) -> Result<(), QueryError> {
    match key.logical() {
        TypeOf::Number => {
            let name = key.as_column().map_or("", |column| column.column.as_str());
            let rewrite = "round it, or CAST it to a decimal";
            Err(refuse_named("a key that is a floating-point number", name, rewrite))
        }
        _ => Ok(()),
    }
}

/// Says that a dataset does not exist for the asker.
pub(super) fn unknown_table(name: &str) -> QueryError {
    QueryError::UnknownTable { name: plain_name(name), position: None }
}

/// Reads a dataset's name.
pub(super) fn dataset_name(name: &str) -> Result<DatasetName, QueryError> {
    name.parse().map_err(|_| unknown_table(name))
}

#[cfg(test)]
mod tests;
