//! Column lineage of a release, from the question. Every edge into a value is masking: noise.

use std::collections::BTreeSet;

use membrane_model::{FieldRef, LineageEdge, RunId, Transformation};

use super::question::{Aggregate, ColumnRef, Key, Question, Shows};
use super::read::column_names;
use crate::lineage::recorded_names;

/// Returns the edges from dataset columns to the columns of the answer.
pub(super) fn edges(question: &Question, run: RunId) -> Vec<LineageEdge> {
    let names: Vec<Vec<String>> = question.outputs.iter().map(column_names).collect();
    let recorded = recorded_names(names.iter().flatten().map(String::as_str));
    let mut recorded = recorded.into_iter();
    let mut edges = BTreeSet::new();
    for (output, names) in question.outputs.iter().zip(&names) {
        for name in names.iter().filter_map(|_| recorded.next()) {
            let to = FieldRef::answer(run, &name);
            for (column, transformation) in origins(question, output.shows) {
                let Some(table) = question.tables.get(column.table) else { continue };
                let from = FieldRef::dataset(&table.dataset, &column.column);
                let masking = !matches!(output.shows, Shows::Key(_));
                edges.insert(LineageEdge { from, to: to.clone(), transformation, masking });
            }
        }
    }
    edges.into_iter().collect()
}

fn origins(question: &Question, shows: Shows) -> Vec<(&ColumnRef, Transformation)> {
    let mut origins: Vec<(&ColumnRef, Transformation)> = Vec::new();
    let mut aggregate = |index: usize| {
        let column = question.aggregates.get(index).and_then(Aggregate::column);
        origins.extend(column.map(|column| (column, Transformation::Aggregation)));
    };
    match shows {
        Shows::Key(index) => match question.keys.get(index) {
            Some(Key::Column(column)) => origins.push((column, Transformation::Identity)),
            Some(Key::Truncate(_, column) | Key::Part(_, column)) => {
                origins.push((column, Transformation::Transformation));
            }
            None => {}
        },
        Shows::Aggregate(index) => aggregate(index),
        Shows::Ratio(sum, count) => {
            aggregate(sum);
            aggregate(count);
        }
    }
    origins.extend(question.keys.iter().map(|key| (key.column(), Transformation::GroupBy)));
    for condition in &question.conditions {
        origins.extend(condition.columns().into_iter().map(|column| (column, Transformation::Filter)));
    }
    for (earlier, new) in question.joins.iter().flat_map(|join| &join.on) {
        origins.push((earlier, Transformation::Join));
        origins.push((new, Transformation::Join));
    }
    origins
}
