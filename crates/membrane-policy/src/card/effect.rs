//! Cards without effect, whoever there is: what they speak of is not in the catalog, or cannot be shown like that.

use std::collections::BTreeSet;

use membrane_catalog::yaml::At;
use membrane_catalog::{Catalog, Column, Dataset};
use membrane_model::{DatasetName, Shown};

use super::words::any_of;
use super::{Card, Columns, Condition, Literal, Rule, Test};
use crate::column::hindrance;

/// Lists why a card, or a part of it, has no effect.
pub(super) fn without(card: &Card, catalog: &Catalog) -> Vec<At<String>> {
    match &card.rule {
        Rule::See { columns, shown } => {
            let meant = columns.of(catalog);
            nowhere(card, columns, &meant).or_else(|| never_so(card, *shown, &meant)).into_iter().collect()
        }
        Rule::LookUp(columns) => nowhere(card, columns, &columns.of(catalog)).into_iter().collect(),
        Rule::SeeRows { .. } | Rule::NeverSeeRows { .. } => rows(card, catalog),
        _ => Vec::new(),
    }
}

fn nowhere(card: &Card, columns: &Columns, meant: &[(&Dataset, &Column)]) -> Option<At<String>> {
    if !meant.is_empty() {
        return None;
    }
    let classes = any_of(&columns.classes);
    let value = if columns.datasets.is_empty() {
        format!("it has no effect: no dataset has a column of class {classes}")
    } else {
        format!("it has no effect: there is no column of class {classes} in {}", any_of(&columns.datasets))
    };
    Some(At { value, mark: card.mark_of("classes") })
}

fn never_so(card: &Card, shown: Shown, meant: &[(&Dataset, &Column)]) -> Option<At<String>> {
    let why: Option<Vec<String>> = meant.iter().map(|(_, column)| hindrance(column, shown)).collect();
    let why = why?.into_iter().next()?;
    let (dataset, column) = meant.first()?;
    let others = match meant.len() {
        1 => String::new(),
        count => format!(", and so with {} more", count - 1),
    };
    let value = format!(
        "none of its columns can be shown as {shown}: {why}, as with `{}.{}`{others}",
        dataset.name, column.name
    );
    Some(At { value, mark: card.mark_of("as") })
}

/// Conditions on a column that a dataset of the card does not have, and on values that the column never has.
fn rows(card: &Card, catalog: &Catalog) -> Vec<At<String>> {
    let Some((datasets, conditions)) = card.rule.rows(catalog) else { return Vec::new() };
    let named: BTreeSet<&str> = card
        .places
        .names
        .iter()
        .filter(|name| name.key == "datasets")
        .map(|name| name.text.as_str())
        .collect();
    let mut found = Vec::new();
    for condition in conditions {
        let lacks = |dataset: &&&Dataset| {
            named.contains(dataset.name.as_str()) && dataset.column(&condition.column).is_none()
        };
        let lacking: Vec<&DatasetName> = datasets.iter().filter(lacks).map(|dataset| &dataset.name).collect();
        // What none of them has is told as a fault.
        if !lacking.is_empty() && lacking.len() < datasets.len() {
            let value = format!(
                "its condition on `{}` is true of no row of {}, where there is no such column",
                condition.column,
                any_of(&lacking)
            );
            found.push(At { value, mark: condition.mark });
        }
        found.extend(never_has(condition, &datasets));
    }
    found
}

/// PRIVACY: the value is not repeated, its place says which it is.
fn never_has(condition: &Condition, datasets: &[&Dataset]) -> Vec<At<String>> {
    let wanted: Vec<String> = match &condition.test {
        Test::Is(wanted) | Test::IsNot(wanted) => vec![canonical(wanted)],
        Test::OneOf(wanted) => wanted.iter().map(canonical).collect(),
        Test::Among(_) | Test::AtLeast(_) | Test::AtMost(_) => return Vec::new(),
    };
    let columns = datasets.iter().filter_map(|dataset| dataset.column(&condition.column));
    let listed: Option<Vec<&Vec<String>>> = columns.map(|column| column.rules.enumeration.as_ref()).collect();
    let Some(listed) = listed.filter(|listed| !listed.is_empty()) else { return Vec::new() };
    let never = |value: &String| !listed.iter().any(|values| values.contains(value));
    let found = wanted.iter().zip(&condition.marks).filter(|(value, _)| never(value));
    found
        .map(|(_, mark)| {
            let value = format!(
                "`{}` never has this value: the contract's `membrane.enumeration` does not list it",
                condition.column
            );
            At { value, mark: *mark }
        })
        .collect()
}

/// As the contract writes it.
fn canonical(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => text.clone(),
        Literal::Integer(number) => number.to_string(),
        Literal::Truth(truth) => truth.to_string(),
    }
}

#[cfg(test)]
mod tests;
