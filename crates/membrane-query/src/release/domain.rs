//! Which keys a release may show without looking at members: those that anyone can list from the contract, the
//! policy, the statement, and datasets without subject whose contracts say so ([`super::listed`]).

mod span;

use membrane_model::DatasetName;
use membrane_policy::{RowExpr, RowRule, RowValue};
use membrane_privacy::{GroupKey, KeyDomain};

use super::bounds::{Made, made_column, made_of};
use super::calendar::values_of;
use super::cell::{shown, texts};
use super::listed::Listed;
use super::literal::typed;
use super::question::{ColumnRef, Function, Literal, Question, Scalar, Table, TypeOf};
use super::refusal::refuse;
use super::scalar::{arrow_type, typed_scalar};
use super::scope::Scope;
use crate::QueryError;

/// More public groups than this are treated like keys from the data, or a product of lists could be
/// longer than any answer.
pub(super) const PUBLIC_GROUPS_MAX: usize = 10_000;

/// One key cell: its text, and its value where conditions can be decided on it.
struct Cell {
    text: Option<String>,
    value: Option<Literal>,
}

/// Finds the domain of the keys. `listed` is what datasets without subject list of them; nothing else is looked at.
pub(super) fn key_domain(
    question: &Question,
    scope: &Scope,
    listed: &[Listed],
) -> Result<KeyDomain, QueryError> {
    if question.keys.is_empty() {
        return Ok(KeyDomain::None);
    }
    let mut keys: Vec<GroupKey> = vec![vec![None; question.keys.len()]];
    let mut nested = Vec::new();
    for (position, key) in question.keys.iter().enumerate() {
        let (positions, lists) = match listed.iter().find(|listed| listed.keys.contains(&position)) {
            // All of them were set together with the first.
            Some(listed) if listed.keys.first() != Some(&position) => continue,
            Some(listed) => (listed.keys.clone(), reachable(listed, question, scope)),
            None => {
                if let Some(within) = span::finer(position, question) {
                    nested.push((position, within));
                    continue;
                }
                let Some(cells) = cells(key, question, scope) else { return Ok(KeyDomain::Unknown) };
                (vec![position], cells.into_iter().map(|cell| vec![cell.text]).collect())
            }
        };
        if lists.is_empty() {
            return Err(refuse("a condition that no public key satisfies", "look at the names of the keys"));
        }
        if keys.len().saturating_mul(lists.len()) > PUBLIC_GROUPS_MAX {
            return Ok(KeyDomain::Unknown);
        }
        let with = |key: &GroupKey, list: &GroupKey| {
            let mut key = key.clone();
            for (place, text) in positions.iter().zip(list) {
                if let Some(cell) = key.get_mut(*place) {
                    cell.clone_from(text);
                }
            }
            key
        };
        keys = keys
            .iter()
            .flat_map(|key| lists.iter().map(|list| with(key, list)).collect::<Vec<_>>())
            .collect();
    }
    for (position, within) in nested {
        for key in &mut keys {
            let start = key.get(within).and_then(Option::as_deref);
            let start = start.and_then(|text| span::around(text, (within, position), question));
            if let Some(cell) = key.get_mut(position) {
                *cell = start;
            }
        }
    }
    Ok(KeyDomain::Public(keys))
}

/// Leaves of what is listed what conditions on one key alone let through.
fn reachable(listed: &Listed, question: &Question, scope: &Scope) -> Vec<GroupKey> {
    let passes = |position: &usize, text: &Option<String>| {
        let Some(Scalar::Column(column)) = question.keys.get(*position) else { return true };
        let value = text.as_deref().and_then(|text| typed(text, column.logical));
        // A text without value is one that conditions cannot be decided on here.
        let cell = Cell { text: text.clone(), value };
        (cell.text.is_some() && cell.value.is_none()) || is_reachable(column, &cell, question, scope)
    };
    let all = |list: &&GroupKey| listed.keys.iter().zip(list.iter()).all(|(key, text)| passes(key, text));
    listed.cells.iter().filter(all).cloned().collect()
}

fn cells(key: &Scalar, question: &Question, scope: &Scope) -> Option<Vec<Cell>> {
    let mut cells = values(key, question, scope)?;
    // A comparison that has to be true lets no NULL through.
    if key.is_required() || span::is_held(key, &question.block.conditions) {
        cells.retain(|cell| cell.text.is_some());
    } else if cells.iter().all(|cell| cell.text.is_some()) {
        cells.push(Cell { text: None, value: None });
    }
    if let Scalar::Column(column) = key {
        cells.retain(|cell| is_reachable(column, cell, question, scope));
    }
    Some(cells)
}

/// Returns the values that an expression can have, where they are few and the same for everyone. NULL may be one.
fn values(scalar: &Scalar, question: &Question, scope: &Scope) -> Option<Vec<Cell>> {
    match scalar {
        _ if scalar.logical() == TypeOf::Boolean => {
            let cell = |truth: bool| cell_of(Literal::Boolean(truth), TypeOf::Boolean);
            Some(vec![cell(false)?, cell(true)?])
        }
        Scalar::Column(column) => match question.tables.get(column.table)? {
            Table::Dataset { name, .. } => {
                let listed = public_values(column, name, scope);
                listed.or_else(|| span::starts(scalar, &question.block.conditions))
            }
            table => {
                let made = match table {
                    Table::PerMember(groups) if !matches!(made_column(groups, column)?, Made::Key(_)) => {
                        return None;
                    }
                    _ => made_of(table, column)?,
                };
                let mut cells = Vec::new();
                for one in &made {
                    cells.extend(values(one, question, scope)?);
                }
                Some(once(cells))
            }
        },
        Scalar::Constant(literal, logical) => Some(vec![cell_of(literal.clone(), *logical)?]),
        Scalar::Null(_) => Some(vec![Cell { text: None, value: None }]),
        Scalar::Case { arms, otherwise } => {
            let mut cells = Vec::new();
            for value in arms.iter().map(|(_, value)| value).chain([otherwise.as_ref()]) {
                cells.extend(values(value, question, scope)?);
                if !value.is_required() {
                    cells.push(Cell { text: None, value: None });
                }
            }
            Some(once(cells))
        }
        Scalar::Call(Function::Part(part), ..) => {
            let cell = |value| cell_of(Literal::Integer(value), TypeOf::Integer);
            values_of(*part)?.map(cell).collect()
        }
        _ => span::starts(scalar, &question.block.conditions),
    }
}

/// Returns each value once.
fn once(cells: Vec<Cell>) -> Vec<Cell> {
    let mut seen = std::collections::BTreeSet::new();
    cells.into_iter().filter(|cell| seen.insert(cell.text.clone())).collect()
}

/// Writes a value as keys are written.
fn cell_of(literal: Literal, logical: TypeOf) -> Option<Cell> {
    let array = typed_scalar(&literal, &arrow_type(logical)).ok()?.to_array().ok()?;
    // As the keys of rows are shown.
    let text = texts(shown(&array).as_ref()).ok()?.pop()?;
    Some(Cell { text, value: Some(literal) })
}

fn public_values(column: &ColumnRef, dataset: &DatasetName, scope: &Scope) -> Option<Vec<Cell>> {
    let contract = scope.table(dataset)?.dataset.column(&column.column)?;
    let listed = contract.rules.enumeration.as_ref().filter(|_| contract.privacy.public_keys)?;
    let cell =
        |text: &String| Some(Cell { text: Some(text.clone()), value: Some(typed(text, column.logical)?) });
    listed.iter().map(cell).collect()
}

/// Tells whether WHERE and the row rule let a row with this key through. What cannot be told here may.
fn is_reachable(column: &ColumnRef, cell: &Cell, question: &Question, scope: &Scope) -> bool {
    let value = cell.value.as_ref();
    let only_this = |condition: &&Scalar| condition.columns().iter().all(|one| *one == column);
    let by_condition = question
        .block
        .conditions
        .iter()
        .filter(only_this)
        .all(|condition| decide(condition, value).is_none_or(|truth| truth == Some(true)));
    let rule = match question.tables.get(column.table) {
        // What a LEFT JOIN did not find is shown whatever the rule says.
        Some(Table::Dataset { name, .. }) if cell.text.is_some() => {
            scope.table(name).map(|table| &table.row_rule)
        }
        Some(Table::Dataset { name, private: true }) => scope.table(name).map(|table| &table.row_rule),
        _ => None,
    };
    by_condition && rule.is_none_or(|rule| by_rule(rule, column, value))
}

/// Decides a condition for one value of its only column: true, false, or NULL as `None`. The outer `None` means that it
/// cannot be told here.
pub(super) fn decide(condition: &Scalar, value: Option<&Literal>) -> Option<Option<bool>> {
    match condition {
        Scalar::Constant(Literal::Boolean(truth), _) => Some(Some(*truth)),
        Scalar::Column(column) if column.logical == TypeOf::Boolean => match value {
            None => Some(None),
            Some(Literal::Boolean(truth)) => Some(Some(*truth)),
            Some(_) => None,
        },
        Scalar::Compare(left, comparison, right) => {
            let (Scalar::Column(_), Scalar::Constant(constant, _)) = (left.as_ref(), right.as_ref()) else {
                return None;
            };
            let Some(value) = value else { return Some(None) };
            Some(Some(comparison.holds(value.partial_cmp(constant)?)))
        }
        Scalar::In(inner, values) if matches!(inner.as_ref(), Scalar::Column(_)) => {
            Some(value.map(|value| values.contains(value)))
        }
        Scalar::IsNull(inner) if matches!(inner.as_ref(), Scalar::Column(_)) => Some(Some(value.is_none())),
        Scalar::Not(inner) => decide(inner, value).map(|truth| truth.map(|truth| !truth)),
        Scalar::And(parts) => all(parts, value, false),
        Scalar::Or(parts) => all(parts, value, true),
        _ => None,
    }
}

/// AND and OR with NULL: `decisive` decides alone, NULL wins over the other.
fn all(parts: &[Scalar], value: Option<&Literal>, decisive: bool) -> Option<Option<bool>> {
    let mut result = Some(!decisive);
    for part in parts {
        match decide(part, value)? {
            Some(truth) if truth == decisive => return Some(Some(decisive)),
            None => result = None,
            Some(_) => {}
        }
    }
    Some(result)
}

fn by_rule(rule: &RowRule, column: &ColumnRef, value: Option<&Literal>) -> bool {
    let RowRule::When(condition) = rule else { return true };
    let parts = match condition {
        RowExpr::And(parts) => parts.as_slice(),
        other => std::slice::from_ref(other),
    };
    let value = match value.map(row_value) {
        // Row rules know no value of this type: it cannot be told.
        Some(None) => return true,
        Some(Some(value)) => Some(value),
        None => None,
    };
    let only_this = |part: &&RowExpr| part.columns().iter().all(|name| *name == column.column);
    parts.iter().filter(only_this).all(|part| part.evaluate(&|_| value.clone()) == Some(true))
}

fn row_value(value: &Literal) -> Option<RowValue> {
    match value {
        Literal::Text(text) => Some(RowValue::String(text.clone())),
        Literal::Integer(number) => Some(RowValue::Integer(*number)),
        Literal::Boolean(truth) => Some(RowValue::Boolean(*truth)),
        Literal::Date(days) => Some(RowValue::Date(*days)),
        Literal::Timestamp(micros) => Some(RowValue::Timestamp(*micros)),
        Literal::Number(_) | Literal::Decimal(_) => None,
    }
}

#[cfg(test)]
mod tests;
