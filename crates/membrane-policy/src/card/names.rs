//! Names in a card that name nothing: told where they stand, with the name that may be meant.

use std::collections::BTreeSet;

use membrane_catalog::Catalog;
use membrane_catalog::yaml::{At, did_you_mean};

use super::Card;
use super::places::Named;
use crate::world::World;

/// Lists the names that name nothing.
pub(super) fn unknown(card: &Card, world: &World, catalog: &Catalog) -> Vec<At<String>> {
    let told = |name: &Named| Some(At { value: missing(name, world, catalog)?, mark: name.mark });
    card.places.names.iter().filter_map(told).collect()
}

fn missing(name: &Named, world: &World, catalog: &Catalog) -> Option<String> {
    let (text, datasets) = (name.text.as_str(), catalog.datasets().map(|dataset| dataset.name.to_string()));
    match name.key {
        "classes" => {
            let classes = catalog.classes().flat_map(|class| class.ancestry().collect::<Vec<_>>());
            not_in(text, "class", "`classes.yaml`", classes.map(|class| class.to_string()))
        }
        "datasets" => not_in(text, "dataset", "the catalog", datasets),
        "purposes" => {
            let purposes = catalog.purposes().map(|entry| entry.name.to_string());
            not_in(text, "purpose", "`purposes.yaml`", purposes)
        }
        "groups" => not_in(text, "group", "`principals.json`", world.groups()),
        "principals" => {
            let principals = world.principals.keys().map(ToString::to_string);
            not_in(text, "principal", "`principals.json`", principals)
        }
        "columns" => {
            let (of, column) = text.split_once('.')?;
            let Some(dataset) = catalog.datasets().find(|dataset| dataset.name.as_str() == of) else {
                return not_in(of, "dataset", "the catalog", datasets);
            };
            let columns = dataset.columns.iter().map(|column| column.name.to_string());
            not_in(column, "column", &format!("`{of}`"), columns)
        }
        _ => None,
    }
}

fn not_in(text: &str, kind: &str, place: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let known: BTreeSet<String> = known.collect();
    if known.contains(text) {
        return None;
    }
    let hint = did_you_mean(text, known.iter().map(String::as_str));
    Some(format!("there is no {kind} `{text}` in {place}{hint}"))
}

#[cfg(test)]
mod tests;
