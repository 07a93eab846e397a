//! Expressions of a statement, read as [`Scalar`]s: what could fail on a row is refused by name.

mod call;
mod types;

use datafusion::common::DFSchema;
use datafusion::logical_expr::expr::Case as CaseExpr;
use datafusion::logical_expr::{BinaryExpr, Expr, Like, Operator};

pub(in crate::release) use self::call::ASKING;
use self::types::{check_moment, converted, of_one_type, unify};
pub(in crate::release) use self::types::{to_type, type_of_all};
use super::{CompareOperator, Function, Literal, Scalar};
use crate::QueryError;
use crate::plain_name::plain_name;
use crate::release::literal::{constant, is_constant, natural, text};
use crate::release::question::TypeOf;
use crate::release::refusal::{refuse, refuse_named};

const PATTERN_LENGTH_MAX: usize = 256;
/// Decimals of products and quotients.
const SCALE_MAX: i8 = 12;
/// Decimals that a quotient has beyond those of its operands.
const QUOTIENT_DECIMALS: i8 = 4;
pub(super) const TOTAL: &str = "use comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL, CASE, arithmetic and date_trunc or \
                     date_part";

/// What the columns of a plan's node are.
pub(in crate::release) struct Env<'a> {
    /// The columns, in order.
    pub(in crate::release) schema: &'a DFSchema,
    /// What each of them is.
    pub(in crate::release) entries: &'a [Entry],
}

/// What one column of a plan's node is.
#[derive(Debug, Clone)]
pub(in crate::release) struct Entry {
    /// Its value.
    pub(in crate::release) scalar: Scalar,
    /// The table whose member it names, if that is what it does.
    pub(in crate::release) member: Option<usize>,
}

impl Env<'_> {
    /// Finds what a column is.
    pub(in crate::release) fn entry(&self, expression: &Expr) -> Option<&Entry> {
        match expression {
            Expr::Alias(alias) => self.entry(&alias.expr),
            Expr::Column(column) => {
                let index = self.schema.maybe_index_of_column(column)?;
                self.entries.get(index)
            }
            _ => None,
        }
    }

    /// Tells whose member an expression names.
    pub(in crate::release) fn member(&self, expression: &Expr) -> Option<usize> {
        self.entry(expression).and_then(|entry| entry.member)
    }
}

/// Reads an expression.
pub(in crate::release) fn read(expression: &Expr, env: &Env<'_>) -> Result<Scalar, QueryError> {
    match expression {
        Expr::Alias(alias) => read(&alias.expr, env),
        Expr::Column(column) => {
            let entry = env.entry(expression).ok_or_else(|| unknown_column(&column.name))?;
            match entry.scalar {
                Scalar::Member(_) => Err(refuse_named(
                    "the member's own column",
                    &column.name,
                    "it can be counted, as COUNT(DISTINCT column), joined on and grouped by in a subquery, and nothing else",
                )),
                _ => Ok(entry.scalar.clone()),
            }
        }
        _ if is_constant(expression) => {
            let value = constant(expression)?;
            natural(&value).ok_or_else(|| refuse("a constant of this type", TOTAL))
        }
        Expr::Not(inner) => truth(inner, env).map(Scalar::not),
        Expr::IsNull(inner) => is_null(inner, env),
        Expr::IsNotNull(inner) => is_null(inner, env).map(Scalar::not),
        Expr::IsTrue(inner) => is(inner, true, env),
        Expr::IsFalse(inner) => is(inner, false, env),
        Expr::IsNotTrue(inner) => is(inner, true, env).map(Scalar::not),
        Expr::IsNotFalse(inner) => is(inner, false, env).map(Scalar::not),
        Expr::IsUnknown(inner) => Ok(Scalar::IsNull(Box::new(truth(inner, env)?))),
        Expr::IsNotUnknown(inner) => Ok(Scalar::IsNull(Box::new(truth(inner, env)?)).not()),
        Expr::BinaryExpr(binary) => read_binary(binary, env),
        Expr::Between(between) => {
            let value = read(&between.expr, env)?;
            let within = Scalar::And(vec![
                compare(value.clone(), CompareOperator::GtEq, read(&between.low, env)?)?,
                compare(value, CompareOperator::LtEq, read(&between.high, env)?)?,
            ]);
            Ok(if between.negated { within.not() } else { within })
        }
        Expr::InList(list) => {
            let value = read(&list.expr, env)?;
            let within = read_list(value, &list.list, env)?;
            Ok(if list.negated { within.not() } else { within })
        }
        Expr::Like(like) => read_like(like, env),
        Expr::Case(case) => read_case(case, env),
        Expr::Negative(inner) => {
            let value = read(inner, env)?;
            arithmetic(Function::Subtract, Scalar::Constant(Literal::Integer(0), TypeOf::Integer), value)
        }
        Expr::Cast(cast) => call::cast(read(&cast.expr, env)?, cast.field.data_type()),
        Expr::TryCast(cast) => call::cast(read(&cast.expr, env)?, cast.field.data_type()),
        Expr::ScalarFunction(function) => call::read(function, env),
        Expr::InSubquery(_) | Expr::Exists(_) | Expr::ScalarSubquery(_) | Expr::SetComparison(_) => {
            Err(refuse(
                "a subquery in this place",
                "write IN (SELECT ..) or EXISTS as a condition of WHERE of its own, not under OR; or join",
            ))
        }
        Expr::OuterReferenceColumn(..) => Err(refuse(
            "a subquery that reads the statement around it in this way",
            "compare with equality, as `a.column = b.column`, or join",
        )),
        Expr::AggregateFunction(_) | Expr::WindowFunction(_) => {
            Err(refuse("an aggregate or a window function in this place", "write GROUP BY in a subquery"))
        }
        _ => Err(refuse("this expression", TOTAL)),
    }
}

/// Reads a condition.
pub(in crate::release) fn truth(expression: &Expr, env: &Env<'_>) -> Result<Scalar, QueryError> {
    let scalar = read(expression, env)?;
    match scalar.logical() {
        TypeOf::Boolean => Ok(scalar),
        _ if matches!(scalar, Scalar::Null(_)) => Ok(Scalar::Null(TypeOf::Boolean)),
        _ => Err(refuse("a value that is not boolean as a condition", "compare it with a constant")),
    }
}

fn is_null(inner: &Expr, env: &Env<'_>) -> Result<Scalar, QueryError> {
    match env.entry(inner) {
        // A LEFT JOIN may have found no row; else there is a member in every row that counts.
        Some(Entry { scalar: member @ Scalar::Member(_), .. }) => {
            Ok(Scalar::IsNull(Box::new(member.clone())))
        }
        _ => Ok(Scalar::IsNull(Box::new(read(inner, env)?))),
    }
}

fn is(inner: &Expr, wanted: bool, env: &Env<'_>) -> Result<Scalar, QueryError> {
    let condition = truth(inner, env)?;
    let condition = if wanted { condition } else { condition.not() };
    let arms = vec![(condition, Scalar::truth(true))];
    Ok(Scalar::Case { arms, otherwise: Box::new(Scalar::truth(false)) })
}

fn read_binary(binary: &BinaryExpr, env: &Env<'_>) -> Result<Scalar, QueryError> {
    let both = || Ok::<_, QueryError>((read(&binary.left, env)?, read(&binary.right, env)?));
    let comparison = match binary.op {
        Operator::And | Operator::Or => {
            let parts = vec![truth(&binary.left, env)?, truth(&binary.right, env)?];
            return Ok(flatten(parts, binary.op == Operator::And));
        }
        Operator::Eq => CompareOperator::Eq,
        Operator::NotEq => CompareOperator::NotEq,
        Operator::Lt => CompareOperator::Lt,
        Operator::LtEq => CompareOperator::LtEq,
        Operator::Gt => CompareOperator::Gt,
        Operator::GtEq => CompareOperator::GtEq,
        operator => {
            let function = match operator {
                Operator::Plus => Function::Add,
                Operator::Minus => Function::Subtract,
                Operator::Multiply => Function::Multiply,
                Operator::Divide => Function::Divide,
                Operator::Modulo => Function::Modulo,
                Operator::StringConcat => Function::Concat,
                Operator::IsDistinctFrom | Operator::IsNotDistinctFrom => {
                    return Err(refuse("IS DISTINCT FROM", "compare, and say IS NULL where that counts"));
                }
                Operator::LikeMatch
                | Operator::ILikeMatch
                | Operator::NotLikeMatch
                | Operator::NotILikeMatch
                | Operator::RegexMatch
                | Operator::RegexIMatch
                | Operator::RegexNotMatch
                | Operator::RegexNotIMatch => return Err(refuse("this operator", "write LIKE")),
                _ => return Err(refuse("this operator", TOTAL)),
            };
            let (left, right) = both()?;
            return arithmetic(function, left, right);
        }
    };
    let (left, right) = both()?;
    compare(left, comparison, right)
}

/// Compares two values, brought to one type.
pub(in crate::release) fn compare(
    left: Scalar,
    comparison: CompareOperator,
    right: Scalar,
) -> Result<Scalar, QueryError> {
    if matches!(left, Scalar::Null(_)) || matches!(right, Scalar::Null(_)) {
        return Err(refuse("a comparison with NULL", "write IS NULL or IS NOT NULL"));
    }
    let (left, right) = unify(left, right)?;
    Ok(match (left, right) {
        (Scalar::Constant(one, _), Scalar::Constant(other, _)) => {
            Scalar::truth(one.partial_cmp(&other).is_some_and(|order| comparison.holds(order)))
        }
        // Constants come last, so that a comparison has one form.
        (left @ Scalar::Constant(..), right) => {
            Scalar::Compare(Box::new(right), comparison.mirrored(), Box::new(left))
        }
        (left, right) => Scalar::Compare(Box::new(left), comparison, Box::new(right)),
    })
}

/// Computes with two numbers, or puts texts together.
pub(super) fn arithmetic(function: Function, left: Scalar, right: Scalar) -> Result<Scalar, QueryError> {
    let result = match (function, left.logical(), right.logical()) {
        (Function::Concat, TypeOf::Text, TypeOf::Text) => TypeOf::Text,
        (Function::Subtract, TypeOf::Date, TypeOf::Date) => TypeOf::Integer,
        (Function::Concat, ..) => {
            return Err(refuse("`||` of something other than texts", "CAST it to text"));
        }
        (_, one, other) if !one.is_numeric() || !other.is_numeric() => {
            return Err(refuse("arithmetic on something other than numbers", "compute with numbers only"));
        }
        (Function::Modulo, TypeOf::Integer, TypeOf::Integer) => TypeOf::Integer,
        (Function::Modulo, ..) => return Err(refuse("`%` of something other than integers", TOTAL)),
        (_, TypeOf::Number, _) | (_, _, TypeOf::Number) => TypeOf::Number,
        (_, TypeOf::Integer, TypeOf::Integer) => TypeOf::Integer,
        (_, one, other) => {
            let (one, other) = (scale_of(one), scale_of(other));
            TypeOf::Decimal(
                38,
                match function {
                    Function::Multiply => one.saturating_add(other).min(SCALE_MAX.max(one).max(other)),
                    Function::Divide => {
                        one.max(other).saturating_add(QUOTIENT_DECIMALS).min(SCALE_MAX.max(one).max(other))
                    }
                    _ => one.max(other),
                },
            )
        }
    };
    Ok(Scalar::Call(function, vec![left, right], result))
}

pub(super) const fn scale_of(logical: TypeOf) -> i8 {
    match logical {
        TypeOf::Decimal(_, scale) => scale,
        _ => 0,
    }
}

fn read_list(value: Scalar, list: &[Expr], env: &Env<'_>) -> Result<Scalar, QueryError> {
    let logical = value.logical();
    let mut values = Vec::with_capacity(list.len());
    for one in list {
        let one = read(one, env)?;
        if matches!(one, Scalar::Null(_)) {
            return Err(refuse("NULL in a list of IN", "write IS NULL or IS NOT NULL"));
        }
        check_moment(&one, logical)?;
        let same = if one.logical() == logical { Some(one) } else { converted(&one, logical) };
        match same {
            Some(Scalar::Constant(literal, _)) => values.push(literal),
            _ => {
                return Err(refuse(
                    "something in a list of IN that is not a constant of exactly the same type",
                    "write the constants in the type and precision of what is compared",
                ));
            }
        }
    }
    Ok(Scalar::In(Box::new(value), values))
}

fn read_like(like: &Like, env: &Env<'_>) -> Result<Scalar, QueryError> {
    let value = read(&like.expr, env)?;
    if value.logical() != TypeOf::Text {
        return Err(refuse("LIKE on something that is not text", TOTAL));
    }
    let pattern = text(&like.pattern)?;
    let open_escape = pattern.chars().rev().take_while(|letter| *letter == '\\').count() % 2 == 1;
    if like.escape_char.is_some_and(|escape| escape != '\\')
        || open_escape
        || pattern.chars().count() > PATTERN_LENGTH_MAX
    {
        return Err(refuse(
            "this LIKE pattern",
            "at most 256 characters, `\\` as the escape, and something behind each",
        ));
    }
    let matches = Scalar::Like { value: Box::new(value), pattern, ignore_case: like.case_insensitive };
    Ok(if like.negated { matches.not() } else { matches })
}

fn read_case(case: &CaseExpr, env: &Env<'_>) -> Result<Scalar, QueryError> {
    let subject = case.expr.as_ref().map(|subject| read(subject, env)).transpose()?;
    let mut conditions = Vec::with_capacity(case.when_then_expr.len());
    let mut values = Vec::with_capacity(case.when_then_expr.len() + 1);
    for (when, then) in &case.when_then_expr {
        conditions.push(match &subject {
            Some(subject) => compare(subject.clone(), CompareOperator::Eq, read(when, env)?)?,
            None => truth(when, env)?,
        });
        values.push(read(then, env)?);
    }
    let last = case.else_expr.as_ref().map(|last| read(last, env)).transpose()?;
    values.push(last.unwrap_or(Scalar::Null(TypeOf::Text)));
    let mut values = of_one_type(values)?;
    let otherwise = Box::new(values.pop().ok_or(QueryError::Failed)?);
    Ok(Scalar::Case { arms: conditions.into_iter().zip(values).collect(), otherwise })
}

fn flatten(parts: Vec<Scalar>, of_and: bool) -> Scalar {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Scalar::And(inner) if of_and => flat.extend(inner),
            Scalar::Or(inner) if !of_and => flat.extend(inner),
            other => flat.push(other),
        }
    }
    if of_and { Scalar::And(flat) } else { Scalar::Or(flat) }
}

/// Says that a column does not exist for the asker.
pub(in crate::release) fn unknown_column(name: &str) -> QueryError {
    QueryError::UnknownColumn { name: plain_name(name), position: None }
}
