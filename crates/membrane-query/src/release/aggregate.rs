//! The aggregates of a release: what can be bounded, and by which words it is asked.

use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::AggregateFunction;

use super::from::From;
use super::literal::{constant, is_constant};
use super::question::{Aggregate, ColumnRef, Shows, TypeOf};
use super::refusal::{refuse, refuse_named};
use crate::QueryError;

const KNOWN: &str = "use COUNT(*), COUNT(column), COUNT(DISTINCT member), SUM(column) or AVG(column)";

/// The aggregates of a release, each once: what is asked twice is paid for once.
#[derive(Debug, Default)]
pub(super) struct Aggregates(Vec<Aggregate>);

impl Aggregates {
    /// Reads one aggregate of the statement.
    pub(super) fn read(&mut self, expression: &Expr, from: &From<'_>) -> Result<Shows, QueryError> {
        match expression {
            Expr::Alias(alias) => self.read(&alias.expr, from),
            Expr::AggregateFunction(call) => self.read_call(call, from),
            _ => Err(refuse("this aggregate", KNOWN)),
        }
    }

    /// Returns the name of a column of the answer that the statement does not name.
    pub(super) fn name(&self, shows: Shows) -> String {
        let at = |index: usize| self.0.get(index);
        match shows {
            Shows::Key(_) => String::new(),
            Shows::Aggregate(index) => at(index).map(output_name).unwrap_or_default(),
            Shows::Ratio(sum, _) => match at(sum) {
                Some(Aggregate::MeanSum(column)) => format!("avg_{}", column.column),
                _ => String::new(),
            },
        }
    }

    /// Returns the aggregates.
    pub(super) fn into_inner(self) -> Vec<Aggregate> {
        self.0
    }

    fn read_call(&mut self, call: &AggregateFunction, from: &From<'_>) -> Result<Shows, QueryError> {
        let params = &call.params;
        if params.filter.is_some() {
            return Err(refuse("an aggregate with FILTER", "put the condition into WHERE"));
        }
        if !params.order_by.is_empty() || params.null_treatment.is_some() {
            return Err(refuse("an aggregate with ORDER BY or a treatment of NULL", KNOWN));
        }
        let [argument] = params.args.as_slice() else {
            return Err(refuse_named("aggregate", call.func.name(), KNOWN));
        };
        match (call.func.name(), params.distinct) {
            ("count", true) if from.is_subject(argument) => Ok(self.shows(Aggregate::Members)),
            ("count", true) => Err(refuse(
                "COUNT(DISTINCT ..) of something other than the member",
                "count the column that identifies the member, or group by the column and count the groups",
            )),
            ("count", false) => self.read_count(argument, from),
            ("sum", false) => {
                let column = summed(argument, from)?;
                Ok(self.shows(Aggregate::Sum(column)))
            }
            ("avg", false) => {
                let column = summed(argument, from)?;
                let count = counted(&column);
                Ok(Shows::Ratio(self.position(Aggregate::MeanSum(column)), self.position(count)))
            }
            ("sum" | "avg", true) => Err(refuse("an aggregate of DISTINCT values", KNOWN)),
            (name, _) => Err(refuse_named("aggregate", name, KNOWN)),
        }
    }

    fn read_count(&mut self, argument: &Expr, from: &From<'_>) -> Result<Shows, QueryError> {
        if is_constant(argument) {
            if constant(argument)?.is_null() {
                return Err(refuse("COUNT(NULL)", "write COUNT(*)"));
            }
            return Ok(self.shows(Aggregate::Rows));
        }
        if !matches!(argument, Expr::Column(_)) {
            return Err(refuse("COUNT of an expression", "count a column, or filter in WHERE and COUNT(*)"));
        }
        let column = from.resolve(argument)?;
        Ok(self.shows(counted(&column)))
    }

    fn shows(&mut self, aggregate: Aggregate) -> Shows {
        Shows::Aggregate(self.position(aggregate))
    }

    fn position(&mut self, aggregate: Aggregate) -> usize {
        if let Some(index) = self.0.iter().position(|known| *known == aggregate) {
            return index;
        }
        self.0.push(aggregate);
        self.0.len() - 1
    }
}

/// Counting a column that has a value in every row is counting rows.
fn counted(column: &ColumnRef) -> Aggregate {
    if column.required { Aggregate::Rows } else { Aggregate::NonNull(column.clone()) }
}

fn summed(argument: &Expr, from: &From<'_>) -> Result<ColumnRef, QueryError> {
    if !matches!(argument, Expr::Column(_)) {
        return Err(refuse("SUM or AVG of an expression", "sum a column as it is"));
    }
    let column = from.resolve(argument)?;
    match column.logical {
        TypeOf::Integer | TypeOf::Decimal(..) | TypeOf::Number => Ok(column),
        _ => Err(refuse_named("SUM or AVG of a column that is not a number", column.column.as_str(), KNOWN)),
    }
}

/// Names a column of the answer after what it counts.
fn output_name(aggregate: &Aggregate) -> String {
    match aggregate {
        Aggregate::Rows => "count".to_owned(),
        Aggregate::Members => "members".to_owned(),
        Aggregate::NonNull(column) => format!("count_{}", column.column),
        Aggregate::Sum(column) => format!("sum_{}", column.column),
        Aggregate::MeanSum(column) => format!("avg_{}_sum", column.column),
    }
}

/// Names an aggregate for the mechanism: after the column, with the table where it is not the private one, so
/// that no two share a name. Never the alias: errors and summaries repeat it.
pub(super) fn aggregate_name(aggregate: &Aggregate, private: usize) -> String {
    let name = output_name(aggregate);
    match aggregate.column() {
        Some(column) if column.table != private => format!("{name}_{}", column.table),
        _ => name,
    }
}
