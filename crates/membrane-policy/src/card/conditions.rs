//! Conditions of a card that no row can be asked: told in the words of the card, where Cedar would speak of a policy that
//! nobody wrote.
//!
//! Only what is surely wrong is told. All else is for Cedar's validator, which reads the policy that the card becomes.

use std::collections::BTreeSet;

use cedar_policy::EvalResult;
use membrane_catalog::yaml::{At, did_you_mean};
use membrane_catalog::{Catalog, Column, Dataset};
use membrane_model::{PrincipalId, PrincipalKind, Protection};

use super::words::plural;
use super::{Bound, Card, Condition, Literal, Test};
use crate::schema::row_attribute;
use crate::world::World;

/// Lists what is wrong with the conditions of a card.
pub(super) fn impossible(card: &Card, world: &World, catalog: &Catalog) -> Vec<At<String>> {
    let Some((datasets, conditions)) = card.rule.rows(catalog) else { return Vec::new() };
    if datasets.is_empty() {
        // None of the names is one of a dataset, which is told of each of them.
        return Vec::new();
    }
    let mut found = Vec::new();
    for condition in conditions {
        match askable(condition, &datasets) {
            Ok(columns) => {
                found.extend(columns.iter().flat_map(|(dataset, column)| unlike(condition, dataset, column)));
                found.extend(no_such_set(condition, &columns, card, world));
            }
            Err(message) => found.push(At { value: message, mark: condition.mark }),
        }
    }
    found
}

/// Returns the columns that a condition asks, or why there is none.
fn askable<'c>(
    condition: &Condition,
    datasets: &[&'c Dataset],
) -> Result<Vec<(&'c Dataset, &'c Column)>, String> {
    let name = &condition.column;
    let columns: Vec<_> =
        datasets.iter().filter_map(|dataset| Some((*dataset, dataset.column(name)?))).collect();
    let can_be_asked = |column: &Column| row_attribute(column).is_some();
    let asked: Vec<_> = columns.iter().filter(|(_, column)| can_be_asked(column)).copied().collect();
    let other = |(dataset, column): &(&Dataset, &Column)| {
        let attribute = column.attribute();
        (attribute != &column.name).then(|| {
            format!(
                "`{name}` of `{}` is called `{attribute}` in policies: that has no words in cards",
                dataset.name
            )
        })
    };
    if let Some(message) = asked.iter().find_map(other) {
        return Err(message);
    }
    if !asked.is_empty() {
        return Ok(asked);
    }
    if let Some((dataset, column)) = columns.first() {
        let why = match column.protection {
            Protection::Clear | Protection::Generalise(_) => {
                format!("is of the type {}", column.logical_type)
            }
            kept => format!("is kept as `{kept}`"),
        };
        return Err(format!("`{name}` of `{}` {why}, so that no condition can ask for it", dataset.name));
    }
    let known: BTreeSet<&str> = datasets
        .iter()
        .flat_map(|dataset| &dataset.columns)
        .filter(|column| can_be_asked(column))
        .map(|column| column.name.as_str())
        .collect();
    let hint = did_you_mean(name.as_str(), known);
    Err(match datasets {
        [one] => format!("`{}` has no column `{name}`{hint}", one.name),
        _ => format!("no dataset of the card has a column `{name}`{hint}"),
    })
}

/// Lists what a column is compared with and cannot be.
fn unlike(condition: &Condition, dataset: &Dataset, column: &Column) -> Vec<At<String>> {
    let Some(kind) = row_attribute(column).and_then(kind) else { return Vec::new() };
    let compared: Vec<Kind> = match &condition.test {
        Test::Among(_) => return Vec::new(),
        Test::Is(wanted) | Test::IsNot(wanted) => vec![Kind::of(wanted)],
        Test::OneOf(wanted) => wanted.iter().map(Kind::of).collect(),
        Test::AtLeast(Bound::Number(_)) | Test::AtMost(Bound::Number(_)) => vec![Kind::Integer],
        Test::AtLeast(Bound::Day(_)) | Test::AtMost(Bound::Day(_)) => vec![Kind::Day],
    };
    let wrong = compared.into_iter().zip(&condition.marks).filter(|(compared, _)| *compared != kind);
    wrong
        .map(|(compared, mark)| {
            let value = format!(
                "`{}` of `{}` is {}, and is compared with {}",
                column.name,
                dataset.name,
                kind.words(),
                compared.words()
            );
            At { value, mark: *mark }
        })
        .collect()
}

/// What a value is, to Cedar and to a reader.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Truth,
    Day,
}

impl Kind {
    const fn of(literal: &Literal) -> Self {
        match literal {
            Literal::Text(_) => Self::Text,
            Literal::Integer(_) => Self::Integer,
            Literal::Truth(_) => Self::Truth,
        }
    }

    const fn of_result(value: &EvalResult) -> Option<Self> {
        match value {
            EvalResult::String(_) => Some(Self::Text),
            EvalResult::Long(_) => Some(Self::Integer),
            EvalResult::Bool(_) => Some(Self::Truth),
            _ => None,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "a whole number",
            Self::Truth => "a truth value",
            Self::Day => "a date",
        }
    }
}

/// What values of a Cedar type are; none for types that cards have no values of.
fn kind(cedar_type: &str) -> Option<Kind> {
    match cedar_type {
        "String" => Some(Kind::Text),
        "Long" => Some(Kind::Integer),
        "Bool" => Some(Kind::Truth),
        "datetime" => Some(Kind::Day),
        _ => None,
    }
}

/// Tells that those whom the card is about have no set of the name, or one of something else.
fn no_such_set(
    condition: &Condition,
    columns: &[(&Dataset, &Column)],
    card: &Card,
    world: &World,
) -> Option<At<String>> {
    let Test::Among(wanted) = &condition.test else { return None };
    let kinds: BTreeSet<PrincipalKind> = match (card.who.kind, card.who.principals.as_slice()) {
        (Some(kind), _) => BTreeSet::from([kind]),
        (None, []) => PrincipalKind::ALL.into_iter().collect(),
        (None, named) => named.iter().map(PrincipalId::kind).collect(),
    };
    // Of a kind of which there is nobody it is not known what they would have.
    let sets: Vec<_> = kinds.into_iter().filter_map(|kind| Some((kind, world.sets_of(kind)?))).collect();
    let having = sets.iter().find_map(|(kind, sets)| Some((*kind, sets.get(wanted)?)));
    let without = sets.iter().find(|(_, sets)| !sets.contains_key(wanted)).map(|(kind, _)| *kind);
    let value = match (having, without) {
        (None, None) => return None,
        (None, Some(kind)) => {
            let known = sets.iter().flat_map(|(_, sets)| sets.keys()).map(String::as_str);
            let hint = did_you_mean(wanted, known);
            format!("{} have no set `{wanted}`{hint}", plural(kind).to_lowercase())
        }
        (Some((kind, _)), Some(_)) => {
            format!("only some have the set `{wanted}`: add `kind: {}`", kind.as_str())
        }
        (Some((_, element)), None) => {
            let of = element.as_ref().and_then(Kind::of_result)?;
            let other = |(_, column): &&(&Dataset, &Column)| {
                row_attribute(column).and_then(kind).is_some_and(|kind| kind != of)
            };
            let (dataset, column) = columns.iter().find(other)?;
            let is = row_attribute(column).and_then(kind)?.words();
            let (name, dataset) = (&column.name, &dataset.name);
            format!("`{name}` of `{dataset}` is {is}, and what is in `{wanted}` is {}", of.words())
        }
    };
    Some(At { value, mark: condition.marks.first().copied().unwrap_or(condition.mark) })
}

#[cfg(test)]
mod tests;
