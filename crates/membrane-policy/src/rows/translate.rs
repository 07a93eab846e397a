//! From what Cedar leaves over to a condition on stored columns.
//!
//! Translated are: the row's own attributes, constants, `== != < <= > >=` between the two, the `lessThan` and
//! its like of decimals, `has`, `like`, `[..].contains(attribute)`, `&& || !` and `if`, and of the set of
//! purposes that a row consents to `contains`, `containsAll` and `containsAny` of constants. Anything else,
//! an error node included, makes the whole condition untranslatable; the caller then takes the side that
//! hides.
//!
//! Why three-valued logic gives Cedar's answer: Cedar errs where an attribute is missing, and the strict
//! validator has made sure that a policy asks `has` before it reads an attribute that may be missing. So
//! every operand that Cedar evaluates is not NULL (what becomes of `consents` never is), and those that it skips behind `&&`, `||` or `if` are
//! decided by the operand that made it skip them.

mod cells;
mod consents;

use cedar_policy::Policy;
use cedar_policy::pst::{BinaryOp, Clause, EntityUID, Expr, Literal, PatternElem, UnaryOp, Var};
use membrane_catalog::{Column, Dataset};
use membrane_model::LogicalType;

use crate::schema::{ROW_NAMESPACE, row_attribute};
use crate::{CompareOperator, RowExpr, RowValue};

/// Translates the condition of a residual policy, or says nothing when it cannot.
pub(super) fn condition(policy: &Policy, dataset: &Dataset) -> Option<RowExpr> {
    let tree = policy.to_pst().ok()?;
    let clauses = tree.body().clauses().iter().map(|clause| match clause {
        Clause::When(expr) => boolean(expr, dataset),
        Clause::Unless(expr) => boolean(expr, dataset).map(RowExpr::negated),
    });
    Some(RowExpr::all(clauses.collect::<Option<Vec<_>>>()?))
}

fn boolean(expr: &Expr, dataset: &Dataset) -> Option<RowExpr> {
    match expr {
        Expr::Literal(Literal::Bool(value)) => Some(RowExpr::Constant(*value)),
        Expr::GetAttr { .. } => {
            let column = attribute(expr, dataset)?;
            matches!(column.logical_type, LogicalType::Boolean).then(|| RowExpr::IsTrue(column.name.clone()))
        }
        Expr::HasAttr { expr, attrs } if attrs.tail.is_empty() && is_row(expr, dataset) => {
            if consents::is_set(&attrs.head, dataset) {
                return Some(RowExpr::Constant(true));
            }
            Some(RowExpr::Has(named(&attrs.head, dataset)?.name.clone()))
        }
        Expr::UnaryOp { op: UnaryOp::Not, expr } => boolean(expr, dataset).map(RowExpr::negated),
        Expr::BinaryOp { op: BinaryOp::And, left, right } => {
            Some(RowExpr::all([boolean(left, dataset)?, boolean(right, dataset)?]))
        }
        Expr::BinaryOp { op: BinaryOp::Or, left, right } => {
            Some(RowExpr::any([boolean(left, dataset)?, boolean(right, dataset)?]))
        }
        Expr::BinaryOp { op, left, right } if consents::are_in(left, right, dataset) => {
            consents::condition(*op, left, right, dataset)
        }
        Expr::BinaryOp { op: BinaryOp::Contains, left, right } => contains(left, right, dataset),
        Expr::BinaryOp { op, left, right } => compare(operator(*op)?, left, right, dataset),
        Expr::Like { expr, pattern } => {
            let column = attribute(expr, dataset)?;
            matches!(column.logical_type, LogicalType::String)
                .then(|| RowExpr::Like { column: column.name.clone(), pattern: sql_pattern(pattern) })
        }
        Expr::IfThenElse { cond, then_expr, else_expr } => {
            let test = boolean(cond, dataset)?;
            let chosen = RowExpr::all([test.clone(), boolean(then_expr, dataset)?]);
            let other = RowExpr::all([test.negated(), boolean(else_expr, dataset)?]);
            Some(RowExpr::any([chosen, other]))
        }
        _ => None,
    }
}

const fn operator(op: BinaryOp) -> Option<CompareOperator> {
    match op {
        BinaryOp::Eq => Some(CompareOperator::Eq),
        BinaryOp::NotEq => Some(CompareOperator::NotEq),
        BinaryOp::Less => Some(CompareOperator::Lt),
        BinaryOp::LessEq => Some(CompareOperator::LtEq),
        BinaryOp::Greater => Some(CompareOperator::Gt),
        BinaryOp::GreaterEq => Some(CompareOperator::GtEq),
        BinaryOp::DecimalLessThan => Some(CompareOperator::Lt),
        BinaryOp::DecimalLessEq => Some(CompareOperator::LtEq),
        BinaryOp::DecimalGreater => Some(CompareOperator::Gt),
        BinaryOp::DecimalGreaterEq => Some(CompareOperator::GtEq),
        _ => None,
    }
}

fn compare(operator: CompareOperator, left: &Expr, right: &Expr, dataset: &Dataset) -> Option<RowExpr> {
    let (column, constant, operator) = match (attribute(left, dataset), attribute(right, dataset)) {
        (Some(column), None) => (column, right, operator),
        (None, Some(column)) => (column, left, operator.mirrored()),
        _ => return None,
    };
    compare_with(column, operator, constant)
}

fn compare_with(column: &Column, operator: CompareOperator, constant: &Expr) -> Option<RowExpr> {
    let Some(value) = value(constant, column) else { return cells::compare(column, operator, constant) };
    let ordered = matches!(value, RowValue::Integer(_));
    let equality = matches!(operator, CompareOperator::Eq | CompareOperator::NotEq);
    (ordered || equality).then(|| RowExpr::Compare { column: column.name.clone(), operator, value })
}

fn contains(set: &Expr, element: &Expr, dataset: &Dataset) -> Option<RowExpr> {
    let Expr::Set(elements) = set else { return None };
    let column = attribute(element, dataset)?;
    let values = elements.iter().map(|element| value(element, column)).collect::<Option<Vec<RowValue>>>();
    let Some(mut values) = values else {
        let equal = elements.iter().map(|element| cells::compare(column, CompareOperator::Eq, element));
        return Some(RowExpr::any(equal.collect::<Option<Vec<_>>>()?));
    };
    values.sort();
    values.dedup();
    if values.is_empty() {
        return Some(RowExpr::Constant(false));
    }
    Some(RowExpr::In { column: column.name.clone(), values })
}

fn value(expr: &Expr, column: &Column) -> Option<RowValue> {
    let Expr::Literal(literal) = expr else { return None };
    match (literal, column.logical_type) {
        (Literal::String(text), LogicalType::String) => Some(RowValue::String(text.to_string())),
        (Literal::Long(number), LogicalType::Integer) => Some(RowValue::Integer(*number)),
        (Literal::Bool(value), LogicalType::Boolean) => Some(RowValue::Boolean(*value)),
        _ => None,
    }
}

fn attribute<'a>(expr: &Expr, dataset: &'a Dataset) -> Option<&'a Column> {
    let Expr::GetAttr { expr, attr } = expr else { return None };
    if is_row(expr, dataset) { named(attr, dataset) } else { None }
}

fn named<'a>(name: &str, dataset: &'a Dataset) -> Option<&'a Column> {
    dataset
        .columns
        .iter()
        .find(|column| column.attribute().as_str() == name && row_attribute(column).is_some())
}

fn is_row(expr: &Expr, dataset: &Dataset) -> bool {
    match expr {
        Expr::Var(Var::Resource) => true,
        Expr::Literal(Literal::EntityUID(EntityUID { ty, .. })) => {
            ty.0.id.as_str() == dataset.name.as_str()
                && ty.0.namespace.iter().map(AsRef::as_ref).eq([ROW_NAMESPACE])
        }
        _ => false,
    }
}

fn sql_pattern(pattern: &[PatternElem]) -> String {
    let mut text = String::with_capacity(pattern.len());
    for element in pattern {
        match element {
            PatternElem::Wildcard => text.push('%'),
            PatternElem::Char(letter @ ('%' | '_' | '\\')) => {
                text.push('\\');
                text.push(*letter);
            }
            PatternElem::Char(letter) => text.push(*letter),
        }
    }
    text
}
