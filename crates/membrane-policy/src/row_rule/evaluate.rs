//! The meaning of a row rule, row by row.

use membrane_model::ColumnName;

use super::{CompareOperator, RowExpr, RowRule, RowValue};

impl RowRule {
    /// Tells whether a row is shown. `cell` gives the value of a column, or nothing for NULL.
    #[must_use]
    pub fn shows(&self, cell: &dyn Fn(&ColumnName) -> Option<RowValue>) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::When(condition) => condition.evaluate(cell) == Some(true),
        }
    }
}

impl RowExpr {
    /// Evaluates the condition for one row in three-valued logic; nothing means NULL. `cell` gives the
    /// value of a column, or nothing for NULL.
    #[must_use]
    pub fn evaluate(&self, cell: &dyn Fn(&ColumnName) -> Option<RowValue>) -> Option<bool> {
        match self {
            Self::Constant(constant) => Some(*constant),
            Self::Has(column) => Some(cell(column).is_some()),
            Self::IsTrue(column) => match cell(column)? {
                RowValue::Boolean(value) => Some(value),
                _ => None,
            },
            Self::Compare { column, operator, value } => compare(&cell(column)?, *operator, value),
            Self::In { column, values } => cell(column).map(|found| values.contains(&found)),
            Self::Like { column, pattern } => match cell(column)? {
                RowValue::String(text) => Some(matches_pattern(pattern, &text)),
                _ => None,
            },
            Self::And(parts) => join(parts, cell, false),
            Self::Or(parts) => join(parts, cell, true),
            Self::Not(inner) => inner.evaluate(cell).map(|value| !value),
        }
    }
}

// AND is decided by one false, OR by one true, even beside NULL.
fn join(parts: &[RowExpr], cell: &dyn Fn(&ColumnName) -> Option<RowValue>, deciding: bool) -> Option<bool> {
    let mut unknown = false;
    for part in parts {
        match part.evaluate(cell) {
            Some(value) if value == deciding => return Some(deciding),
            Some(_) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(!deciding) }
}

fn compare(found: &RowValue, operator: CompareOperator, value: &RowValue) -> Option<bool> {
    let order = match (found, value) {
        (RowValue::String(left), RowValue::String(right)) => left.cmp(right),
        (RowValue::Integer(left), RowValue::Integer(right)) => left.cmp(right),
        (RowValue::Boolean(left), RowValue::Boolean(right)) => left.cmp(right),
        (RowValue::Date(left), RowValue::Date(right)) => left.cmp(right),
        (RowValue::Timestamp(left), RowValue::Timestamp(right)) => left.cmp(right),
        (
            RowValue::Decimal { unscaled: left, scale },
            RowValue::Decimal { unscaled: right, scale: of_right },
        ) if scale == of_right => left.cmp(right),
        _ => return None,
    };
    Some(operator.holds(order))
}

fn matches_pattern(pattern: &str, text: &str) -> bool {
    // `None` is a wildcard.
    let mut elements = Vec::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        elements.push(match letter {
            '%' => None,
            '\\' => letters.next(),
            other => Some(other),
        });
    }
    let text: Vec<char> = text.chars().collect();
    // reachable[i]: the elements so far can match the first i letters.
    let mut reachable = vec![false; text.len() + 1];
    if let Some(start) = reachable.first_mut() {
        *start = true;
    }
    for element in elements {
        reachable = step(&reachable, element, &text);
    }
    reachable.last().copied().unwrap_or(false)
}

fn step(reachable: &[bool], element: Option<char>, text: &[char]) -> Vec<bool> {
    match element {
        None => reachable
            .iter()
            .scan(false, |seen, here| {
                *seen |= *here;
                Some(*seen)
            })
            .collect(),
        Some(wanted) => std::iter::once(false)
            .chain(reachable.iter().zip(text).map(|(here, letter)| *here && *letter == wanted))
            .collect(),
    }
}
