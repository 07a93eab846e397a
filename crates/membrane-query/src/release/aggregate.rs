//! The aggregates of a release: what can be bounded, and by which words it is asked.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::AggregateFunction;
use membrane_privacy::Spread;

use super::literal::{constant, is_constant};
use super::question::{Aggregate, Scalar, SpreadOf, Value};
use super::refusal::{refuse, refuse_named};
use super::relation::without_alias;
use super::scalar::{Env, read, truth};
use crate::QueryError;

const KNOWN: &str = "use COUNT, COUNT(DISTINCT ..), SUM, AVG, VAR_SAMP, VAR_POP, STDDEV, STDDEV_POP, MEDIAN, percentile_cont, MIN or MAX";

/// The aggregates of a release, each once: what is asked twice is paid for once.
#[derive(Debug, Default)]
pub(super) struct Aggregates(Vec<Aggregate>);

impl Aggregates {
    /// Reads one aggregate of the statement.
    pub(super) fn read(&mut self, expression: &Expr, env: &Env<'_>) -> Result<Value, QueryError> {
        match without_alias(expression) {
            Expr::AggregateFunction(call) => self.read_call(call, env),
            _ => Err(refuse("this aggregate", KNOWN)),
        }
    }

    /// Returns the aggregates.
    pub(super) fn into_inner(self) -> Vec<Aggregate> {
        self.0
    }

    fn read_call(&mut self, call: &AggregateFunction, env: &Env<'_>) -> Result<Value, QueryError> {
        let params = &call.params;
        let name = call.func.name();
        let share = share(call)?;
        if params.null_treatment.is_some() || (!params.order_by.is_empty() && share.is_none()) {
            return Err(refuse("an aggregate with ORDER BY or a treatment of NULL", KNOWN));
        }
        let argument = match (params.args.as_slice(), params.order_by.as_slice()) {
            ([argument] | [argument, _], []) => argument,
            // `percentile_cont(0.9) WITHIN GROUP (ORDER BY x)` has `x` as its first argument too.
            ([argument, ..], [_]) => argument,
            _ => return Err(refuse_named("aggregate", name, KNOWN)),
        };
        if params.args.len() > 1 && share.is_none() {
            return Err(refuse_named("aggregate", name, KNOWN));
        }
        let filter = params.filter.as_deref();
        if let Some(share) = share {
            let argument = summed(argument, filter, env)?;
            return Ok(self.quantile(argument, share));
        }
        match (name, params.distinct) {
            ("count", true) if env.member(argument).is_some() => {
                if filter.is_some() {
                    return Err(refuse("COUNT(DISTINCT member) with FILTER", "put the condition into WHERE"));
                }
                Ok(self.value(Aggregate::Members))
            }
            ("count", true) => {
                let argument = filtered(valued(argument, env)?, filter, env)?;
                Ok(self.value(Aggregate::Distinct(argument)))
            }
            ("count", false) if is_everything(argument)? => {
                let condition = filtered(Scalar::truth(true), filter, env)?;
                Ok(self.value(counted(condition)))
            }
            // There is a member in every row that counts.
            ("count", false) if env.member(argument).is_some() && filter.is_none() => {
                Ok(self.value(Aggregate::Rows))
            }
            ("count", false) => Ok(self.value(counted(filtered(valued(argument, env)?, filter, env)?))),
            ("sum", false) => {
                let argument = summed(argument, filter, env)?;
                Ok(self.value(Aggregate::Sum(argument)))
            }
            ("avg", false) => {
                let argument = summed(argument, filter, env)?;
                let count = counted(argument.clone());
                Ok(Value::Ratio(self.position(Aggregate::MeanSum(argument)), self.position(count)))
            }
            (_, true) => Err(refuse("an aggregate of DISTINCT values", KNOWN)),
            (name, false) => {
                let spread = spread(name).ok_or_else(|| refuse_named("aggregate", name, KNOWN))?;
                let argument = summed(argument, filter, env)?;
                let count = self.position(counted(argument.clone()));
                let sum = self.position(Aggregate::MeanSum(argument.clone()));
                let squares = self.position(Aggregate::MeanSquares(argument));
                Ok(Value::Spread(SpreadOf { spread, count, sum, squares }))
            }
        }
    }

    /// Quantiles of one expression are of one price, however many they are.
    fn quantile(&mut self, argument: Scalar, share: f64) -> Value {
        let known = self.0.iter_mut().enumerate().find_map(|(index, one)| match one {
            Aggregate::Quantiles(of, shares) if *of == argument => Some((index, shares)),
            _ => None,
        });
        if let Some((index, shares)) = known {
            let place = shares.iter().position(|known| known.to_bits() == share.to_bits());
            return Value::Quantile(
                index,
                place.unwrap_or_else(|| {
                    shares.push(share);
                    shares.len() - 1
                }),
            );
        }
        self.0.push(Aggregate::Quantiles(argument, vec![share]));
        Value::Quantile(self.0.len() - 1, 0)
    }

    fn value(&mut self, aggregate: Aggregate) -> Value {
        Value::Aggregate(self.position(aggregate))
    }

    fn position(&mut self, aggregate: Aggregate) -> usize {
        if let Some(index) = self.0.iter().position(|known| *known == aggregate) {
            return index;
        }
        self.0.push(aggregate);
        self.0.len() - 1
    }
}

/// Returns the share of values that lie below what a quantile is asked for; none for another aggregate.
fn share(call: &AggregateFunction) -> Result<Option<f64>, QueryError> {
    let stated = |expression: Option<&Expr>| {
        let value = match expression.filter(|one| is_constant(one)).map(constant).transpose()? {
            Some(value) => value.cast_to(&DataType::Float64).ok(),
            None => None,
        };
        match value {
            Some(ScalarValue::Float64(Some(share))) if (0.0..=1.0).contains(&share) => Ok(Some(share)),
            _ => Err(refuse("this share of a percentile", "a number from 0 to 1, written out")),
        }
    };
    match call.func.name() {
        "median" | "approx_median" => Ok(Some(0.5)),
        "min" => Ok(Some(0.0)),
        "max" => Ok(Some(1.0)),
        "percentile_cont" | "approx_percentile_cont" => stated(call.params.args.get(1)),
        _ => Ok(None),
    }
}

fn spread(name: &str) -> Option<Spread> {
    match name {
        "var" => Some(Spread::VarianceSample),
        "var_pop" => Some(Spread::VariancePopulation),
        "stddev" => Some(Spread::DeviationSample),
        "stddev_pop" => Some(Spread::DeviationPopulation),
        _ => None,
    }
}

/// Tells whether COUNT of this counts every row.
pub(super) fn is_everything(argument: &Expr) -> Result<bool, QueryError> {
    if !is_constant(argument) {
        return Ok(false);
    }
    if constant(argument)?.is_null() {
        return Err(nothing());
    }
    Ok(true)
}

/// Makes the value NULL where FILTER leaves a row out.
pub(super) fn filtered(value: Scalar, filter: Option<&Expr>, env: &Env<'_>) -> Result<Scalar, QueryError> {
    match filter {
        None => Ok(value),
        Some(filter) => Ok(Scalar::when(truth(filter, env)?, value)),
    }
}

/// Counting what has a value in every row is counting rows.
fn counted(argument: Scalar) -> Aggregate {
    if argument.is_required() { Aggregate::Rows } else { Aggregate::NonNull(argument) }
}

/// Reads what is aggregated; NULL alone is nothing to aggregate.
pub(super) fn valued(argument: &Expr, env: &Env<'_>) -> Result<Scalar, QueryError> {
    match read(argument, env)? {
        Scalar::Null(_) => Err(nothing()),
        value => Ok(value),
    }
}

fn nothing() -> QueryError {
    refuse("an aggregate of what is NULL in every row", "name a column, or write COUNT(*)")
}

fn summed(argument: &Expr, filter: Option<&Expr>, env: &Env<'_>) -> Result<Scalar, QueryError> {
    let value = valued(argument, env)?;
    if value.logical().is_numeric() {
        return filtered(value, filter, env);
    }
    let name = match without_alias(argument) {
        Expr::Column(column) => column.name.as_str(),
        _ => "",
    };
    let rewrite = "use COUNT or COUNT(DISTINCT ..); MIN and MAX of days and instants are exact in a subquery that groups by the \
                   member";
    Err(refuse_named(
        "SUM, AVG, MIN, MAX, a variance or a quantile of something that is not a number",
        name,
        rewrite,
    ))
}

/// Names a column of the answer that the statement does not name, after what it counts.
pub(super) fn default_name(expression: &Expr, env: &Env<'_>) -> Option<String> {
    let Expr::AggregateFunction(call) = without_alias(expression) else { return None };
    let argument = call.params.args.first().map(without_alias);
    let is_member = argument.is_some_and(|argument| env.member(argument).is_some());
    let name = call.func.name();
    Some(match argument {
        Some(Expr::Column(column)) if name == "count" && call.params.distinct => {
            if is_member {
                "members".to_owned()
            } else {
                format!("distinct_{}", column.name)
            }
        }
        Some(Expr::Column(column)) => format!("{name}_{}", column.name),
        _ => name.to_owned(),
    })
}
