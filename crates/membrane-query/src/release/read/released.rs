//! What stands above the aggregates of a statement: it reads released values only, so that anything goes that has a
//! value.

use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{
    Aggregate as AggregateNode, BinaryExpr, Distinct, Expr, Limit, LogicalPlan, Operator,
};

use super::check_key;
use super::levels::Levels;
use crate::QueryError;
use crate::release::aggregate::{Aggregates, default_name};
use crate::release::calendar::MICROS_PER_DAY;
use crate::release::literal::{constant, is_constant, natural, no_moment, text, typed};
use crate::release::question::{Block, CompareOperator, Function, Literal, Order, Scalar, TypeOf, Value};
use crate::release::refusal::{refuse, refuse_named};
use crate::release::relation::{Closed, Reader, without_alias};
use crate::release::scalar::{ASKING, Entry, Env, read as read_scalar, to_number};

const PLANNER_COUNT: &str = "count(*)";
const COMPUTED: &str =
    "use + - * /, abs, round, floor, ceil, comparisons, AND, OR and NOT on keys and aggregates";

/// The aggregates, and the rows below them.
pub(super) struct Core {
    pub(super) block: Block,
    pub(super) keys: Vec<Scalar>,
    pub(super) rollup: Vec<usize>,
    pub(super) aggregates: Aggregates,
}

/// A statement as far as it was read, from the aggregates upward.
pub(super) struct Released {
    pub(super) core: Core,
    /// The columns, and their names where the statement gives one.
    pub(super) columns: Vec<(Option<String>, Value)>,
    pub(super) having: Option<Value>,
    pub(super) order: Vec<Order>,
    pub(super) offset: usize,
    pub(super) limit: Option<usize>,
}

/// What the columns of a node above the aggregates are.
struct Columns<'a> {
    schema: &'a DFSchema,
    values: &'a [(Option<String>, Value)],
}

/// Reads a statement.
pub(super) fn read(plan: &LogicalPlan, reader: &mut Reader<'_>) -> Result<Released, QueryError> {
    match plan {
        LogicalPlan::Aggregate(aggregate) => read_aggregate(aggregate, reader),
        LogicalPlan::SubqueryAlias(alias) => read(&alias.input, reader),
        LogicalPlan::Projection(projection) => {
            let mut below = read(&projection.input, reader)?;
            let columns = Columns { schema: projection.input.schema(), values: &below.columns };
            let shown = projection.expr.iter().map(|expression| {
                let name = match expression {
                    // `count(*)` is what the planner itself calls it, with the text of FILTER behind it.
                    Expr::Alias(alias) if !alias.name.starts_with(PLANNER_COUNT) => Some(alias.name.clone()),
                    _ => None,
                };
                let (known, value) = columns.column(expression)?;
                Ok((name.or(known), value))
            });
            below.columns = shown.collect::<Result<_, QueryError>>()?;
            Ok(below)
        }
        LogicalPlan::Filter(filter) => {
            let mut below = read(&filter.input, reader)?;
            if below.limit.is_some() || below.offset > 0 {
                return Err(refuse("WHERE on an answer that LIMIT has cut", "put the condition into HAVING"));
            }
            let columns = Columns { schema: filter.input.schema(), values: &below.columns };
            let condition = columns.truth(&filter.predicate)?;
            below.having = Some(match below.having {
                None => condition,
                Some(earlier) => Value::And(vec![earlier, condition]),
            });
            Ok(below)
        }
        LogicalPlan::Sort(sort) => {
            let mut below = read(&sort.input, reader)?;
            if below.limit.is_some() || sort.fetch.is_some() {
                return Err(refuse("ORDER BY on an answer that LIMIT has cut", "sort before LIMIT"));
            }
            let columns = Columns { schema: sort.input.schema(), values: &below.columns };
            let order = sort.expr.iter().map(|criterion| {
                let by = columns.value(&criterion.expr)?;
                Ok(Order { by, ascending: criterion.asc, nulls_first: criterion.nulls_first })
            });
            below.order = order.collect::<Result<_, QueryError>>()?;
            Ok(below)
        }
        LogicalPlan::Limit(limit) => {
            let mut below = read(&limit.input, reader)?;
            if below.limit.is_some() || below.offset > 0 {
                return Err(refuse("LIMIT on an answer that LIMIT has cut", "write LIMIT once"));
            }
            (below.offset, below.limit) = bounds(limit)?;
            Ok(below)
        }
        LogicalPlan::Distinct(Distinct::All(input)) if stands_on_aggregate(input) => {
            let below = read(input, reader)?;
            let shown = |index: usize| {
                below.columns.iter().any(|(_, value)| matches!(value, Value::Key(key, _) if *key == index))
            };
            if (0..below.core.keys.len()).all(shown) {
                Ok(below)
            } else {
                Err(refuse("DISTINCT", "write GROUP BY, with an aggregate"))
            }
        }
        other => Err(misfit(other)),
    }
}

fn stands_on_aggregate(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(_) => true,
        LogicalPlan::Projection(node) => stands_on_aggregate(&node.input),
        LogicalPlan::Filter(node) => stands_on_aggregate(&node.input),
        LogicalPlan::SubqueryAlias(node) => stands_on_aggregate(&node.input),
        _ => false,
    }
}

fn read_aggregate(node: &AggregateNode, reader: &mut Reader<'_>) -> Result<Released, QueryError> {
    let draft = reader.read(&node.input)?;
    let Closed { block, entries } = reader.close(draft)?;
    let env = Env { schema: node.input.schema(), entries: &entries };
    let levels = Levels::read(&node.group_expr)?;
    let mut keys = Vec::with_capacity(levels.keys.len());
    for expression in &levels.keys {
        if matches!(env.entry(expression), Some(Entry { scalar: Scalar::Member(_), .. })) {
            return Err(refuse(
                "a group for each member",
                "group by something that members share, or aggregate such groups once more: SELECT AVG(n) FROM (SELECT \
                 member, COUNT(*) AS n .. GROUP BY member)",
            ));
        }
        let key = read_scalar(expression, &env)?;
        check_key(&key)?;
        keys.push(key);
    }
    let mut aggregates = Aggregates::default();
    let mut columns: Vec<(Option<String>, Value)> = Vec::new();
    for place in &levels.places {
        let expression = levels.keys.get(*place).ok_or(QueryError::Failed)?;
        let logical = keys.get(*place).map(Scalar::logical).ok_or(QueryError::Failed)?;
        columns.push((key_name(expression), Value::Key(*place, logical)));
    }
    if levels.are_several {
        // What the planner itself calls `__grouping_id`.
        columns.push((None, Value::Grouping(levels.places.clone())));
    }
    if node.aggr_expr.is_empty() {
        return Err(refuse("a list of keys alone", "ask for at least one aggregate, such as COUNT(*)"));
    }
    for expression in &node.aggr_expr {
        let name = default_name(expression, &env).map(|name| {
            let taken = columns.iter().any(|(known, _)| known.as_ref() == Some(&name));
            if taken { format!("{name}_{}", columns.len() + 1) } else { name }
        });
        let value = match levels.grouping(expression)? {
            Some(places) => Value::Grouping(places),
            None => aggregates.read(expression, &env)?,
        };
        columns.push((name, value));
    }
    let core = Core { block, keys, rollup: levels.rollup, aggregates };
    Ok(Released { core, columns, having: None, order: Vec::new(), offset: 0, limit: None })
}

/// Names a key that the statement does not name: after the column that it is made from, and what of it.
fn key_name(expression: &Expr) -> Option<String> {
    match without_alias(expression) {
        Expr::Column(column) => Some(column.name.clone()),
        Expr::ScalarFunction(call) => match call.args.as_slice() {
            [which, Expr::Column(column)] => {
                let which = text(which).ok()?.to_ascii_lowercase();
                Some(format!("{}_{which}", column.name))
            }
            _ => Some(call.func.name().to_owned()),
        },
        _ => None,
    }
}

/// Reads LIMIT and OFFSET.
fn bounds(limit: &Limit) -> Result<(usize, Option<usize>), QueryError> {
    let number = |expression: &Expr| match constant(expression)? {
        ScalarValue::Int64(Some(rows)) if rows >= 0 => {
            usize::try_from(rows).map(Some).map_err(|_| QueryError::Failed)
        }
        value if value.is_null() => Ok(None),
        _ => Err(refuse("this LIMIT or OFFSET", "write a whole number, 0 or more")),
    };
    let read = |expression: &Option<Box<Expr>>| expression.as_deref().map_or(Ok(None), number);
    Ok((read(&limit.skip)?.unwrap_or(0), read(&limit.fetch)?))
}

impl Columns<'_> {
    /// Reads a column of a SELECT list, and the name that it has below.
    fn column(&self, expression: &Expr) -> Result<(Option<String>, Value), QueryError> {
        match self.find(without_alias(expression)) {
            Some(found) => Ok(found.clone()),
            None => Ok((None, self.value(expression)?)),
        }
    }

    fn find(&self, expression: &Expr) -> Option<&(Option<String>, Value)> {
        let index = match expression {
            Expr::Column(column) => self.schema.maybe_index_of_column(column)?,
            _ => return None,
        };
        self.values.get(index)
    }

    fn value(&self, expression: &Expr) -> Result<Value, QueryError> {
        let expression = without_alias(expression);
        if let Some((_, value)) = self.find(expression) {
            return Ok(value.clone());
        }
        let all = |function, parts: &[&Expr]| {
            let parts = parts.iter().map(|part| self.number(part));
            Ok(Value::Call(function, parts.collect::<Result<_, QueryError>>()?))
        };
        match expression {
            _ if is_constant(expression) => of_constant(&constant(expression)?),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
                Operator::Plus => all(Function::Add, &[left, right]),
                Operator::Minus => all(Function::Subtract, &[left, right]),
                Operator::Multiply => all(Function::Multiply, &[left, right]),
                Operator::Divide => all(Function::Divide, &[left, right]),
                _ => self.condition(expression),
            },
            Expr::Negative(inner) => {
                Ok(Value::Call(Function::Subtract, vec![Value::Number(0.0), self.number(inner)?]))
            }
            Expr::Cast(cast) if cast.field.data_type().is_numeric() => self.number(&cast.expr),
            Expr::TryCast(cast) if cast.field.data_type().is_numeric() => self.number(&cast.expr),
            Expr::ScalarFunction(call) => match (call.func.name(), call.args.as_slice()) {
                ("abs", [one]) => all(Function::Absolute, &[one]),
                ("floor", [one]) => all(Function::Floor, &[one]),
                ("ceil", [one]) => all(Function::Ceiling, &[one]),
                ("round", [one]) => all(Function::Round(0), &[one]),
                ("round", [one, decimals]) => {
                    let decimals = match constant(decimals)? {
                        ScalarValue::Int64(Some(decimals)) => i8::try_from(decimals).ok(),
                        _ => None,
                    };
                    let decimals = decimals.filter(|decimals| (0..=12).contains(decimals));
                    let decimals = decimals.ok_or_else(|| refuse("these decimals of round", "0 to 12"))?;
                    all(Function::Round(decimals), &[one])
                }
                // Division by zero is NULL here without it.
                ("nullif", [one, zero]) if matches!(self.value(zero)?, Value::Number(zero) if zero.abs() <= 0.0) => {
                    self.number(one)
                }
                (name @ ("now" | "current_date" | "current_time" | "today"), _) => {
                    Err(refuse_named("the moment of asking:", name, ASKING))
                }
                (name, _) => Err(refuse_named("a function of released values:", name, COMPUTED)),
            },
            Expr::Column(column) => {
                Err(refuse_named("a column that is neither a key nor an aggregate:", &column.name, COMPUTED))
            }
            Expr::WindowFunction(_) => Err(refuse("a window function", "compute it with the answer")),
            Expr::Case(_) => Err(refuse("CASE on released values", "compute it with the answer")),
            _ => self.condition(expression),
        }
    }

    fn number(&self, expression: &Expr) -> Result<Value, QueryError> {
        let value = self.value(expression)?;
        let numeric = match &value {
            Value::Key(_, logical) => logical.is_numeric(),
            Value::Aggregate(_)
            | Value::Ratio(..)
            | Value::Spread(_)
            | Value::Grouping(_)
            | Value::Number(_)
            | Value::Call(..) => true,
            Value::Quantile(..) => {
                return Err(refuse(
                    "arithmetic on a quantile",
                    "select it alone, and compute with the answer",
                ));
            }
            _ => false,
        };
        if numeric { Ok(value) } else { Err(refuse("arithmetic on something other than numbers", COMPUTED)) }
    }

    fn truth(&self, expression: &Expr) -> Result<Value, QueryError> {
        let value = self.value(expression)?;
        let boolean = match &value {
            Value::Key(_, logical) | Value::Constant(_, logical) => *logical == TypeOf::Boolean,
            Value::Compare(..) | Value::IsNull(_) | Value::Not(_) | Value::And(_) | Value::Or(_) => true,
            _ => false,
        };
        if boolean { Ok(value) } else { Err(refuse("a value that is not boolean as a condition", COMPUTED)) }
    }

    fn condition(&self, expression: &Expr) -> Result<Value, QueryError> {
        match expression {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                let comparison = match op {
                    Operator::And => return Ok(Value::And(vec![self.truth(left)?, self.truth(right)?])),
                    Operator::Or => return Ok(Value::Or(vec![self.truth(left)?, self.truth(right)?])),
                    Operator::Eq => CompareOperator::Eq,
                    Operator::NotEq => CompareOperator::NotEq,
                    Operator::Lt => CompareOperator::Lt,
                    Operator::LtEq => CompareOperator::LtEq,
                    Operator::Gt => CompareOperator::Gt,
                    Operator::GtEq => CompareOperator::GtEq,
                    _ => return Err(refuse("this operator on released values", COMPUTED)),
                };
                self.compared(left, comparison, right)
            }
            Expr::Between(between) => {
                let within = Value::And(vec![
                    self.compared(&between.expr, CompareOperator::GtEq, &between.low)?,
                    self.compared(&between.expr, CompareOperator::LtEq, &between.high)?,
                ]);
                Ok(if between.negated { Value::Not(Box::new(within)) } else { within })
            }
            Expr::InList(list) => {
                let one = |value: &Expr| self.compared(&list.expr, CompareOperator::Eq, value);
                let within = Value::Or(list.list.iter().map(one).collect::<Result<_, QueryError>>()?);
                Ok(if list.negated { Value::Not(Box::new(within)) } else { within })
            }
            Expr::Not(inner) => Ok(Value::Not(Box::new(self.truth(inner)?))),
            Expr::IsNull(inner) => Ok(Value::IsNull(Box::new(self.value(inner)?))),
            Expr::IsNotNull(inner) => Ok(Value::Not(Box::new(Value::IsNull(Box::new(self.value(inner)?))))),
            _ => Err(refuse("this expression on released values", COMPUTED)),
        }
    }

    fn compared(&self, left: &Expr, comparison: CompareOperator, right: &Expr) -> Result<Value, QueryError> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        let logical = |value: &Value| match value {
            Value::Key(_, logical) => Some(*logical),
            _ => None,
        };
        let (one, other) = (logical(&left), logical(&right));
        let (left, right) = (as_key(left, other)?, as_key(right, one)?);
        Ok(Value::Compare(Box::new(left), comparison, Box::new(right)))
    }
}

/// Reads a constant that is compared with a key as a value of the key's type.
fn as_key(value: Value, key: Option<TypeOf>) -> Result<Value, QueryError> {
    match (value, key) {
        (Value::Constant(Literal::Text(text), _), Some(logical @ (TypeOf::Date | TypeOf::Timestamp))) => {
            let literal = typed(&text, logical).ok_or_else(|| no_moment(&text))?;
            Ok(Value::Constant(literal, logical))
        }
        (Value::Constant(Literal::Date(days), _), Some(logical @ TypeOf::Timestamp)) => {
            Ok(Value::Constant(Literal::Timestamp(i64::from(days).saturating_mul(MICROS_PER_DAY)), logical))
        }
        (value, _) => Ok(value),
    }
}

fn of_constant(value: &ScalarValue) -> Result<Value, QueryError> {
    match natural(value) {
        Some(Scalar::Constant(literal, logical)) => Ok(match to_number(&literal, logical) {
            Some(number) => Value::Number(number),
            None => Value::Constant(literal, logical),
        }),
        _ => Err(refuse("this constant beside released values", COMPUTED)),
    }
}

/// Says why a plan does not have the shape.
fn misfit(plan: &LogicalPlan) -> QueryError {
    match plan {
        LogicalPlan::Distinct(_) => refuse("DISTINCT", "write GROUP BY, with an aggregate"),
        LogicalPlan::Union(_) => refuse("UNION of answers", "ask one release for each part"),
        LogicalPlan::Window(_) => refuse("a window function", "write GROUP BY, with aggregates"),
        LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => {
            refuse("a statement without a dataset", "name one dataset about members in FROM")
        }
        LogicalPlan::TableScan(_) => {
            refuse("rows", "select aggregates: COUNT(*), COUNT(column), COUNT(DISTINCT member), SUM, AVG")
        }
        LogicalPlan::Join(_) => {
            refuse("rows, or a join of answers", "aggregate what is joined, not join what is aggregated")
        }
        _ => refuse("this kind of statement", "write SELECT keys, aggregates FROM .. GROUP BY keys"),
    }
}
