//! Which keys a release may show without looking: those that anyone can list from the contract, the
//! policy and the statement.

use membrane_policy::{RowExpr, RowRule, RowValue};
use membrane_privacy::{GroupKey, KeyDomain};

use super::calendar::values_of;
use super::literal::typed;
use super::question::{ColumnRef, Condition, Key, Literal, Question, TypeOf};
use super::refusal::refuse;
use super::scope::Scope;
use crate::QueryError;

/// More public groups than this are treated like keys from the data, or a product of lists could be
/// longer than any answer.
const PUBLIC_GROUPS_MAX: usize = 10_000;

/// One key cell: its text, and its value where conditions can be decided on it.
struct Cell {
    text: Option<String>,
    value: Option<Literal>,
}

/// Finds the domain of the keys. Touches no data.
pub(super) fn key_domain(question: &Question, scope: &Scope) -> Result<KeyDomain, QueryError> {
    if question.keys.is_empty() {
        return Ok(KeyDomain::None);
    }
    let mut keys: Vec<GroupKey> = vec![Vec::new()];
    for key in &question.keys {
        let Some(cells) = cells(key, question, scope) else { return Ok(KeyDomain::Unknown) };
        if cells.is_empty() {
            return Err(refuse("a condition that no public key satisfies", "look at the names of the keys"));
        }
        if keys.len().saturating_mul(cells.len()) > PUBLIC_GROUPS_MAX {
            return Ok(KeyDomain::Unknown);
        }
        let longer = |key: &GroupKey| {
            let append = |cell: &Cell| key.iter().cloned().chain([cell.text.clone()]).collect();
            cells.iter().map(append).collect::<Vec<GroupKey>>()
        };
        keys = keys.iter().flat_map(longer).collect();
    }
    Ok(KeyDomain::Public(keys))
}

fn cells(key: &Key, question: &Question, scope: &Scope) -> Option<Vec<Cell>> {
    let mut cells = match key {
        Key::Column(column) => public_values(column, question, scope)?,
        Key::Truncate(..) => return None,
        Key::Part(part, _) => values_of(*part)?
            .map(|value| Cell { text: Some(value.to_string()), value: Some(Literal::Integer(value)) })
            .collect(),
    };
    let column = key.column();
    if !column.required {
        cells.push(Cell { text: None, value: None });
    }
    if matches!(key, Key::Column(_)) {
        cells.retain(|cell| is_reachable(column, cell, question, scope));
    }
    Some(cells)
}

fn public_values(column: &ColumnRef, question: &Question, scope: &Scope) -> Option<Vec<Cell>> {
    if column.logical == TypeOf::Boolean {
        let cell = |truth: bool| Cell { text: Some(truth.to_string()), value: Some(Literal::Boolean(truth)) };
        return Some(vec![cell(false), cell(true)]);
    }
    let table = question.tables.get(column.table).and_then(|table| scope.table(&table.dataset))?;
    let contract = table.dataset.column(&column.column)?;
    let listed = contract.rules.enumeration.as_ref().filter(|_| contract.privacy.public_keys)?;
    let cell =
        |text: &String| Some(Cell { text: Some(text.clone()), value: Some(typed(text, column.logical)?) });
    listed.iter().map(cell).collect()
}

/// Tells whether WHERE and the row rule let a row with this key through. What cannot be told here may.
fn is_reachable(column: &ColumnRef, cell: &Cell, question: &Question, scope: &Scope) -> bool {
    let value = cell.value.as_ref();
    let only_this = |condition: &&Condition| condition.columns().iter().all(|one| *one == column);
    let by_condition = question
        .conditions
        .iter()
        .filter(only_this)
        .all(|condition| condition.decide(value).is_none_or(|truth| truth == Some(true)));
    let rule = question
        .tables
        .get(column.table)
        .and_then(|table| scope.table(&table.dataset))
        .map(|table| &table.row_rule);
    by_condition && rule.is_none_or(|rule| by_rule(rule, column, value))
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
