//! Column lineage of a release, from the question. Every edge into a value is masking: noise.

use std::collections::BTreeSet;

use membrane_model::{ColumnName, DatasetName, FieldRef, LineageEdge, RunId, Transformation};

use super::bounds::made_of;
use super::made::blocks;
use super::question::{Aggregate, ColumnRef, Question, Scalar, Shows, Table};
use super::read::column_names;
use crate::lineage::recorded_names;

/// Returns the edges from dataset columns to the columns of the answer.
pub(super) fn edges(question: &Question, run: RunId) -> Vec<LineageEdge> {
    let names: Vec<Vec<String>> = question.outputs.iter().map(column_names).collect();
    let recorded = recorded_names(names.iter().flatten().map(String::as_str));
    let mut recorded = recorded.into_iter();
    let mut edges = BTreeSet::new();
    let everywhere = everywhere(question);
    for (output, names) in question.outputs.iter().zip(&names) {
        for name in names.iter().filter_map(|_| recorded.next()) {
            let to = FieldRef::answer(run, &name);
            let direct = direct(question, &output.shows);
            for ((dataset, column), transformation) in direct.into_iter().chain(everywhere.iter().cloned()) {
                let from = FieldRef::dataset(&dataset, &column);
                let masking = !output.shows.is_key();
                edges.insert(LineageEdge { from, to: to.clone(), transformation, masking });
            }
        }
    }
    edges.into_iter().collect()
}

type Origin = ((DatasetName, ColumnName), Transformation);

/// Returns what a column of the answer is made of.
fn direct(question: &Question, shows: &Shows) -> Vec<Origin> {
    let aggregate = |index: &usize| {
        let argument = question.aggregates.get(*index).and_then(Aggregate::argument);
        argument.map(|one| origins(question, one, Transformation::Aggregation)).unwrap_or_default()
    };
    let key = |index: &usize| match question.keys.get(*index) {
        Some(key @ Scalar::Column(_)) => origins(question, key, Transformation::Identity),
        Some(key) => origins(question, key, Transformation::Transformation),
        None => Vec::new(),
    };
    match shows {
        Shows::Key(index) => key(index),
        Shows::Grouping(_) => Vec::new(),
        Shows::Aggregate(index) => aggregate(index),
        Shows::Ratio(sum, count) => aggregate(sum).into_iter().chain(aggregate(count)).collect(),
        Shows::Spread(of) => [of.count, of.sum].iter().flat_map(aggregate).collect(),
        Shows::Quantile(index, _) => aggregate(index),
        Shows::Computed(value) => {
            let (keys, aggregates) = value.reads();
            keys.iter().flat_map(key).chain(aggregates.iter().flat_map(aggregate)).collect()
        }
    }
}

/// Returns what decides which rows and groups there are: it is in every column of the answer.
fn everywhere(question: &Question) -> Vec<Origin> {
    let mut found = Vec::new();
    let mut add = |scalar: &Scalar, how| found.extend(origins(question, scalar, how));
    question.keys.iter().for_each(|key| add(key, Transformation::GroupBy));
    for table in &question.tables {
        match table {
            Table::Kept(kept) => kept.conditions.iter().for_each(|one| add(one, Transformation::Filter)),
            Table::PerMember(groups) => groups.keys.iter().for_each(|one| add(one, Transformation::GroupBy)),
            Table::Dataset { .. } | Table::Union(_) => {}
        }
    }
    for block in blocks(question) {
        block.conditions.iter().for_each(|one| add(one, Transformation::Filter));
        for join in &block.joins {
            join.conditions.iter().for_each(|one| add(one, Transformation::Filter));
            for (one, column) in &join.on {
                add(one, Transformation::Join);
                add(&Scalar::Column(column.clone()), Transformation::Join);
            }
        }
    }
    found
}

fn origins(question: &Question, scalar: &Scalar, how: Transformation) -> Vec<Origin> {
    let mut found = Vec::new();
    for column in scalar.columns() {
        bases(question, column, &mut found);
    }
    found.into_iter().map(|base| (base, how)).collect()
}

fn bases(question: &Question, column: &ColumnRef, found: &mut Vec<(DatasetName, ColumnName)>) {
    match question.tables.get(column.table) {
        Some(Table::Dataset { name, .. }) => found.push((name.clone(), column.column.clone())),
        Some(table) => {
            for one in made_of(table, column).unwrap_or_default() {
                one.columns().into_iter().for_each(|column| bases(question, column, found));
            }
        }
        None => {}
    }
}
