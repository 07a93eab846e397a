//! WHERE, read as a [`Condition`]: comparisons, AND, OR, NOT, IN, BETWEEN, LIKE and IS NULL on columns and
//! constants, and nothing that could fail on a row.

use std::collections::BTreeSet;

use datafusion::logical_expr::{BinaryExpr, Expr, Like, Operator};

use super::literal::{is_constant, literal, text};
use super::question::{ColumnRef, Comparison, Condition, Literal, TypeOf};
use super::refusal::refuse;
use crate::QueryError;

const PATTERN_LENGTH_MAX: usize = 256;
const TOTAL: &str = "WHERE may compare columns with constants and combine that with AND, OR, NOT, IN, BETWEEN, LIKE and IS NULL";

/// Finds the column that an expression names.
pub(super) type Resolve<'a> = dyn Fn(&Expr) -> Result<ColumnRef, QueryError> + 'a;

/// Reads a condition and splits it at its outermost ANDs.
pub(super) fn conjuncts(expression: &Expr, resolve: &Resolve<'_>) -> Result<Vec<Condition>, QueryError> {
    Ok(match condition(expression, resolve)? {
        Condition::And(parts) => parts,
        other => vec![other],
    })
}

fn condition(expression: &Expr, resolve: &Resolve<'_>) -> Result<Condition, QueryError> {
    match expression {
        Expr::Alias(alias) => condition(&alias.expr, resolve),
        Expr::Not(inner) => Ok(not(condition(inner, resolve)?)),
        Expr::IsNull(inner) => Ok(Condition::IsNull(plain_column(inner, resolve)?)),
        Expr::IsNotNull(inner) => Ok(not(Condition::IsNull(plain_column(inner, resolve)?))),
        Expr::BinaryExpr(binary) => binary_condition(binary, resolve),
        Expr::Between(between) => {
            let column = plain_column(&between.expr, resolve)?;
            let side = |comparison, bound| {
                let value = literal(bound, column.logical)?;
                Ok::<_, QueryError>(Condition::Compare { column: column.clone(), comparison, value })
            };
            let within = Condition::And(vec![
                side(Comparison::GtEq, &between.low)?,
                side(Comparison::LtEq, &between.high)?,
            ]);
            Ok(if between.negated { not(within) } else { within })
        }
        Expr::InList(list) => {
            let column = plain_column(&list.expr, resolve)?;
            let read = |value: &Expr| literal(value, column.logical);
            let values = list.list.iter().map(read).collect::<Result<Vec<Literal>, QueryError>>()?;
            let within = Condition::In { column, values };
            Ok(if list.negated { not(within) } else { within })
        }
        Expr::Like(like) => like_condition(like, resolve),
        Expr::Column(_) => {
            let column = resolve(expression)?;
            if column.logical == TypeOf::Boolean {
                Ok(Condition::IsTrue(column))
            } else {
                Err(refuse("a column that is not boolean as a condition", "compare it with a constant"))
            }
        }
        _ if is_constant(expression) => match literal(expression, TypeOf::Boolean)? {
            Literal::Boolean(truth) => Ok(Condition::Constant(truth)),
            _ => Err(QueryError::Failed),
        },
        Expr::InSubquery(_) | Expr::Exists(_) | Expr::ScalarSubquery(_) | Expr::SetComparison(_) => {
            Err(refuse("a subquery", "join a dataset without subject, or filter with constants"))
        }
        Expr::Cast(_) | Expr::TryCast(_) => Err(refuse("a cast of a column", TOTAL)),
        Expr::ScalarFunction(_) => Err(refuse("a function of a column in WHERE", TOTAL)),
        Expr::Case(_) => Err(refuse("CASE", TOTAL)),
        _ => Err(refuse("this condition", TOTAL)),
    }
}

fn binary_condition(binary: &BinaryExpr, resolve: &Resolve<'_>) -> Result<Condition, QueryError> {
    let both =
        || Ok::<_, QueryError>([condition(&binary.left, resolve)?, condition(&binary.right, resolve)?]);
    let comparison = match binary.op {
        Operator::And => return Ok(Condition::And(flatten(both()?, true))),
        Operator::Or => return Ok(Condition::Or(flatten(both()?, false))),
        Operator::Eq => Comparison::Eq,
        Operator::NotEq => Comparison::NotEq,
        Operator::Lt => Comparison::Lt,
        Operator::LtEq => Comparison::LtEq,
        Operator::Gt => Comparison::Gt,
        Operator::GtEq => Comparison::GtEq,
        Operator::LikeMatch | Operator::ILikeMatch | Operator::NotLikeMatch | Operator::NotILikeMatch => {
            return Err(refuse("this operator", "write LIKE"));
        }
        Operator::Divide
        | Operator::Modulo
        | Operator::Plus
        | Operator::Minus
        | Operator::Multiply
        | Operator::StringConcat => return Err(refuse("arithmetic in WHERE", TOTAL)),
        _ => return Err(refuse("this operator", TOTAL)),
    };
    match (is_constant(&binary.left), is_constant(&binary.right)) {
        (true, true) => Err(refuse("a comparison of two constants", "leave it out")),
        (false, true) => {
            let column = plain_column(&binary.left, resolve)?;
            let value = literal(&binary.right, column.logical)?;
            Ok(Condition::Compare { column, comparison, value })
        }
        (true, false) => {
            let column = plain_column(&binary.right, resolve)?;
            let value = literal(&binary.left, column.logical)?;
            Ok(Condition::Compare { column, comparison: comparison.mirrored(), value })
        }
        (false, false) => {
            let left = plain_column(&binary.left, resolve)?;
            let right = plain_column(&binary.right, resolve)?;
            if left.logical == right.logical {
                Ok(Condition::CompareColumns { left, comparison, right })
            } else {
                Err(refuse("a comparison of columns of two types", TOTAL))
            }
        }
    }
}

fn like_condition(like: &Like, resolve: &Resolve<'_>) -> Result<Condition, QueryError> {
    let column = plain_column(&like.expr, resolve)?;
    if column.logical != TypeOf::Text {
        return Err(refuse("LIKE on a column that is not text", TOTAL));
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
    let matches = Condition::Like { column, pattern, ignore_case: like.case_insensitive };
    Ok(if like.negated { not(matches) } else { matches })
}

fn plain_column(expression: &Expr, resolve: &Resolve<'_>) -> Result<ColumnRef, QueryError> {
    match expression {
        Expr::Column(_) => resolve(expression),
        Expr::Alias(alias) => plain_column(&alias.expr, resolve),
        Expr::Cast(_) | Expr::TryCast(_) => Err(refuse("a cast of a column", TOTAL)),
        Expr::ScalarFunction(_) => Err(refuse("a function of a column in WHERE", TOTAL)),
        Expr::BinaryExpr(_) => Err(refuse("arithmetic in WHERE", TOTAL)),
        Expr::ScalarSubquery(_) => {
            Err(refuse("a subquery", "join a dataset without subject, or filter with constants"))
        }
        _ => Err(refuse("this condition", TOTAL)),
    }
}

fn flatten(parts: [Condition; 2], of_and: bool) -> Vec<Condition> {
    let mut flat = Vec::with_capacity(2);
    for part in parts {
        match part {
            Condition::And(inner) if of_and => flat.extend(inner),
            Condition::Or(inner) if !of_and => flat.extend(inner),
            other => flat.push(other),
        }
    }
    flat
}

fn not(condition: Condition) -> Condition {
    match condition {
        Condition::Not(inner) => *inner,
        Condition::Constant(truth) => Condition::Constant(!truth),
        other => Condition::Not(Box::new(other)),
    }
}

impl Condition {
    /// Returns the columns that the condition reads.
    pub(super) fn columns(&self) -> BTreeSet<&ColumnRef> {
        let mut found = BTreeSet::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, found: &mut BTreeSet<&'a ColumnRef>) {
        match self {
            Self::Constant(_) => {}
            Self::Compare { column, .. } | Self::In { column, .. } | Self::Like { column, .. } => {
                found.insert(column);
            }
            Self::IsNull(column) | Self::IsTrue(column) => {
                found.insert(column);
            }
            Self::CompareColumns { left, right, .. } => {
                found.insert(left);
                found.insert(right);
            }
            Self::Not(inner) => inner.collect(found),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.collect(found)),
        }
    }

    /// Decides the condition for one value of its only column: true, false, or NULL as `None`. The
    /// outer `None` means that it cannot be told here.
    pub(super) fn decide(&self, value: Option<&Literal>) -> Option<Option<bool>> {
        match self {
            Self::Constant(truth) => Some(Some(*truth)),
            Self::Compare { comparison, value: constant, .. } => {
                let Some(value) = value else { return Some(None) };
                let order = value.partial_cmp(constant)?;
                Some(Some(match comparison {
                    Comparison::Eq => order.is_eq(),
                    Comparison::NotEq => order.is_ne(),
                    Comparison::Lt => order.is_lt(),
                    Comparison::LtEq => order.is_le(),
                    Comparison::Gt => order.is_gt(),
                    Comparison::GtEq => order.is_ge(),
                }))
            }
            Self::In { values, .. } => Some(value.map(|value| values.contains(value))),
            Self::IsNull(_) => Some(Some(value.is_none())),
            Self::IsTrue(_) => match value {
                None => Some(None),
                Some(Literal::Boolean(truth)) => Some(Some(*truth)),
                Some(_) => None,
            },
            Self::Not(inner) => inner.decide(value).map(|truth| truth.map(|truth| !truth)),
            Self::And(parts) => all(parts, value, false),
            Self::Or(parts) => all(parts, value, true),
            Self::Like { .. } | Self::CompareColumns { .. } => None,
        }
    }
}

/// AND and OR with NULL: `decisive` decides alone, NULL wins over the other.
fn all(parts: &[Condition], value: Option<&Literal>, decisive: bool) -> Option<Option<bool>> {
    let mut result = Some(!decisive);
    for part in parts {
        match part.decide(value)? {
            Some(truth) if truth == decisive => return Some(Some(decisive)),
            None => result = None,
            Some(_) => {}
        }
    }
    Some(result)
}

#[cfg(test)]
mod tests;
