//! Where values of tags come from.

use std::collections::BTreeSet;

use membrane_model::{FieldRef, LineageEdge, Transformation};
use membrane_query::TagAnswer;

use super::group::Group;

/// Returns where the values of a group's tags come from: from the columns of the statement to each tag, and from there to its table.
pub(super) fn edges(group: &Group, answer: &TagAnswer) -> Vec<LineageEdge> {
    let place = |field: &str| answer.answer.columns.iter().position(|column| column.name == field);
    let mut edges = BTreeSet::new();
    for tag in &group.tags {
        let of_tag = FieldRef { namespace: "tag".into(), name: tag.id.to_string(), field: "value".into() };
        if place(tag.column.as_str()).is_some() {
            for edge in answer.answer.edges.iter().filter(|edge| edge.to.field == tag.column.as_str()) {
                edges.insert(LineageEdge { to: of_tag.clone(), ..edge.clone() });
            }
        }
        edges.insert(LineageEdge {
            from: of_tag,
            to: FieldRef::dataset(&group.table, "value"),
            transformation: Transformation::Identity,
            masking: false,
        });
    }
    edges.into_iter().collect()
}
