//! Keys that a dataset without subject lists: its contract says that they are public, and no row about a member is read
//! for them.
//!
//! Listed are the values of the version that the release reads, as the asker's row rule and the statement's conditions on
//! the dataset leave them. Columns of one dataset are listed together: a store's region with its city, and with no other.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use futures::StreamExt as _;
use membrane_model::{ColumnName, DatasetName, Limits};
use membrane_privacy::GroupKey;

use super::cell::{shown, texts};
use super::dimension;
use super::domain::PUBLIC_GROUPS_MAX;
use super::execution::{Machine, StopOnDrop, brake_of};
use super::question::{Join, JoinKind, Question, Scalar, Table};
use super::scope::Scope;
use crate::QueryError;
use crate::sanitise::sanitise;

/// What one dataset lists of the keys of a question.
#[derive(Debug)]
pub(super) struct Listed {
    /// The positions of the keys.
    pub(super) keys: Vec<usize>,
    /// Their values, as keys are written: one for each of `keys`.
    pub(super) cells: Vec<GroupKey>,
}

/// Reads what datasets without subject list of the keys of a question. `providers` has the provider of each table; a dataset
/// that was never `written` lists nothing.
pub(super) async fn listed(
    question: &Question,
    scope: &Scope,
    providers: &[Option<Arc<dyn TableProvider>>],
    written: &(dyn Fn(&DatasetName) -> bool + Sync),
    limits: &Limits,
) -> Result<Vec<Listed>, QueryError> {
    let mut found: Vec<Listed> = Vec::new();
    for join in &question.block.joins {
        let taken = |key: usize| found.iter().any(|listed| listed.keys.contains(&key));
        let columns = match question.tables.get(join.table) {
            Some(Table::Dataset { name, private: false }) if written(name) => {
                columns_of(join, question, scope)
            }
            _ => continue,
        };
        let columns: Vec<_> = columns.into_iter().filter(|(key, _)| !taken(*key)).collect();
        let provider = providers.get(join.table).and_then(Option::as_ref);
        let (Some(provider), false) = (provider, columns.is_empty()) else { continue };
        let names: Vec<ColumnName> = columns.iter().map(|(_, name)| (*name).clone()).collect();
        if let Some(mut cells) = read(join, question, (&names, provider), limits).await? {
            if join.kind == JoinKind::Left {
                cells.insert(vec![None; names.len()]);
            }
            let keys = columns.into_iter().map(|(key, _)| key).collect();
            found.push(Listed { keys, cells: cells.into_iter().collect() });
        }
    }
    Ok(found)
}

/// Tells whether rows of a dataset without subject say which groups there are.
pub(super) fn is_listed_by_rows(question: &Question, scope: &Scope) -> bool {
    question.block.joins.iter().any(|join| !columns_of(join, question, scope).is_empty())
}

/// Returns the keys that are public columns of a joined dataset, if there is one among them that only its rows list.
fn columns_of<'a>(join: &'a Join, question: &'a Question, scope: &Scope) -> Vec<(usize, &'a ColumnName)> {
    let Some(Table::Dataset { name, private: false }) = question.tables.get(join.table) else {
        return Vec::new();
    };
    let Some(table) = scope.table(name) else { return Vec::new() };
    let public = question.keys.iter().enumerate().filter_map(|(position, key)| {
        let column = column_of(join, key)?;
        let contract = table.dataset.column(column).filter(|contract| contract.privacy.public_keys)?;
        Some((position, column, contract.rules.enumeration.is_none()))
    });
    let public: Vec<_> = public.collect();
    if !public.iter().any(|(_, _, by_rows)| *by_rows) {
        return Vec::new();
    }
    public.into_iter().map(|(position, column, _)| (position, column)).collect()
}

/// Returns the column of a joined dataset that a key is, or that it must be equal to.
fn column_of<'a>(join: &'a Join, key: &'a Scalar) -> Option<&'a ColumnName> {
    let own = key.as_column().filter(|column| column.table == join.table);
    let own = own.filter(|_| matches!(join.kind, JoinKind::Inner | JoinKind::Left));
    let equal = || {
        let mut pairs = join.on.iter().filter(|_| matches!(join.kind, JoinKind::Inner | JoinKind::Semi));
        let pair = pairs.find(|(one, column)| one == key && column.logical == key.logical())?;
        Some(&pair.1)
    };
    own.or_else(equal).map(|column| &column.column)
}

/// Reads the distinct values of columns; nothing where there are more than are ever listed.
async fn read(
    join: &Join,
    question: &Question,
    (columns, provider): (&[ColumnName], &Arc<dyn TableProvider>),
    limits: &Limits,
) -> Result<Option<BTreeSet<GroupKey>>, QueryError> {
    let brake = brake_of(limits);
    let _stop = StopOnDrop(Arc::clone(&brake));
    let machine = Machine::new(limits, &brake)?;
    // What the statement says of the dataset alone, it says of every row that meets it.
    let alone = question.block.conditions.iter().filter(|one| one.tables().iter().eq([&join.table]));
    let mut rows = machine.stream(dimension::plan(join, alone, columns, provider)?).await?;
    let mut found = BTreeSet::new();
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|error| sanitise(&error, limits))?;
        let columns = batch.columns().iter().map(|array| texts(shown(array).as_ref()));
        let columns = columns.collect::<Result<Vec<_>, QueryError>>()?;
        for row in 0..batch.num_rows() {
            let key = columns.iter().map(|cells| cells.get(row).cloned().flatten());
            found.insert(key.collect());
            if found.len() > PUBLIC_GROUPS_MAX {
                return Ok(None);
            }
        }
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests;
