//! Where each column of an output came from.

use std::collections::{BTreeMap, BTreeSet};

use membrane_model::{FieldRef, LineageEdge, Transformation};
use serde_json::{Map, Value, json};

use super::event::Names;

/// The lineage of one output.
#[derive(Debug, Default)]
pub(super) struct Columns<'a> {
    /// What each column came from, besides what touches all of them.
    pub(super) fields: BTreeMap<&'a str, Inputs<'a>>,
    /// What decided about all rows: it is in every column, and told once.
    pub(super) dataset: Inputs<'a>,
}

/// The fields that something came from, and how.
pub(super) type Inputs<'a> = BTreeMap<&'a FieldRef, BTreeSet<(Transformation, bool)>>;

impl<'a> Columns<'a> {
    /// Sorts the edges that lead to one output.
    pub(super) fn of(edges: &[&'a LineageEdge]) -> Self {
        let mut columns = Self::default();
        let names: BTreeSet<&str> = edges.iter().map(|edge| edge.to.field.as_str()).collect();
        let mut seen: BTreeMap<(&FieldRef, Transformation), BTreeSet<&str>> = BTreeMap::new();
        for edge in edges {
            seen.entry((&edge.from, edge.transformation)).or_default().insert(&edge.to.field);
        }
        for edge in edges {
            let how = (edge.transformation, edge.masking);
            let is_everywhere = decides_about_rows(edge.transformation)
                && seen.get(&(&edge.from, edge.transformation)).is_some_and(|seen| *seen == names);
            let inputs = if is_everywhere {
                &mut columns.dataset
            } else {
                columns.fields.entry(&edge.to.field).or_default()
            };
            inputs.entry(&edge.from).or_default().insert(how);
        }
        columns
    }

    /// Writes OpenLineage's facet `columnLineage`.
    pub(super) fn facet(&self, names: &Names) -> Value {
        let fields: Map<String, Value> = self
            .fields
            .iter()
            .map(|(field, inputs)| {
                ((*field).to_owned(), json!({ "inputFields": listed(inputs, names, false) }))
            })
            .collect();
        let mut facet = json!({ "fields": fields });
        if let (false, Some(facet)) = (self.dataset.is_empty(), facet.as_object_mut()) {
            facet.insert("dataset".to_owned(), listed(&self.dataset, names, false));
        }
        facet
    }

    /// Writes OpenLineage's experimental facet `lineage`.
    pub(super) fn new_facet(&self, names: &Names) -> Value {
        let fields: Map<String, Value> = self
            .fields
            .iter()
            .map(|(field, inputs)| ((*field).to_owned(), json!({ "inputs": listed(inputs, names, true) })))
            .collect();
        json!({ "inputs": listed(&self.dataset, names, true), "fields": fields })
    }
}

/// Tells whether it decides which rows there are, and so touches every column.
const fn decides_about_rows(how: Transformation) -> bool {
    matches!(
        how,
        Transformation::Join | Transformation::GroupBy | Transformation::Filter | Transformation::Sort
    )
}

fn listed(inputs: &Inputs<'_>, names: &Names, typed: bool) -> Value {
    let input = |(from, how): (&&FieldRef, &BTreeSet<(Transformation, bool)>)| {
        let transformations: Vec<Value> = how
            .iter()
            .map(|(how, masking)| {
                let kind = if how.is_direct() { "DIRECT" } else { "INDIRECT" };
                json!({ "type": kind, "subtype": how.as_str(), "description": "", "masking": masking })
            })
            .collect();
        let mut input = json!({
            "namespace": names.namespace_of(&from.namespace),
            "name": from.name,
            "field": from.field,
            "transformations": transformations,
        });
        if let (true, Some(input)) = (typed, input.as_object_mut()) {
            input.insert("type".to_owned(), "DATASET".into());
        }
        input
    };
    inputs.iter().map(input).collect()
}
