//! Joins that do not multiply rows: each row of the dataset about members meets one row of every other at most.
//!
//! Why it must be so: a join that matches many rows makes as many of one. Whoever knows an order number could join its
//! one line with the products of its category, those again with the products of theirs, and so on, until a million
//! groups come of it if the line is there, and none if it is not; and that the release then fails, or takes long, is an
//! exact answer to whether it is there.
//!
//! The rule: starting at the dataset about members, a dataset without subject may join when its columns that must equal
//! columns of those already joined hold a key of it: a unique column or the whole primary key, by its contract. In what
//! order the statement names them does not matter, as inner joins do not care. The contract's word is not relied on
//! alone, since uniqueness is checked within one delivery only: rows that share a key are reduced to one when they are
//! read ([`super::dimension`]).
//!
//! Example: `products p JOIN lines l ON l.product_id = p.product_id JOIN shelves s ON s.shelf = p.shelf` begins at
//! `lines`; `products` joins by its primary key `product_id`, then `shelves` by its primary key `shelf`.

use std::collections::BTreeSet;

use membrane_model::ColumnName;

use super::question::{ColumnRef, Join, TableUse};
use super::scope::{Scope, ScopeTable};
use crate::QueryError;
use crate::plain_name::plain_name;

/// Orders the joins that these equalities make, or refuses the first table that has no key among them.
pub(super) fn order(
    scope: &Scope,
    tables: &[TableUse],
    private: usize,
    mut equal: Vec<(ColumnRef, ColumnRef)>,
) -> Result<Vec<Join>, QueryError> {
    let mut joined = BTreeSet::from([private]);
    let mut joins = Vec::new();
    while joined.len() < tables.len() {
        let mut waiting = (0..tables.len()).filter(|table| !joined.contains(table));
        let next = waiting.find_map(|table| {
            let on = meeting(table, &joined, &equal);
            let columns: BTreeSet<&ColumnName> = on.iter().map(|(_, new)| &new.column).collect();
            let key = keys(scope_of(scope, tables, table)?)
                .into_iter()
                .find(|key| key.iter().all(|column| columns.contains(column)))?;
            Some(Join { table, key, on })
        });
        let Some(join) = next else { return Err(refuse_fan_out(scope, tables, &joined, &equal)) };
        joined.insert(join.table);
        equal.retain(|(one, other)| !(joined.contains(&one.table) && joined.contains(&other.table)));
        joins.push(join);
    }
    Ok(joins)
}

/// Returns the equalities between a table and those already joined, its own column last.
fn meeting(
    table: usize,
    joined: &BTreeSet<usize>,
    equal: &[(ColumnRef, ColumnRef)],
) -> Vec<(ColumnRef, ColumnRef)> {
    let oriented = equal.iter().filter_map(|(one, other)| {
        let pair = if other.table == table { (one, other) } else { (other, one) };
        (pair.1.table == table && joined.contains(&pair.0.table)).then(|| (pair.0.clone(), pair.1.clone()))
    });
    oriented.collect()
}

/// Returns the keys of a dataset of which the asker sees every column.
fn keys(table: &ScopeTable) -> Vec<Vec<ColumnName>> {
    let dataset = &table.dataset;
    let unique =
        dataset.columns.iter().filter(|column| column.unique).map(|column| vec![column.name.clone()]);
    let mut keys: Vec<Vec<ColumnName>> = unique.collect();
    if !dataset.primary_key.is_empty() && !keys.contains(&dataset.primary_key) {
        keys.push(dataset.primary_key.clone());
    }
    keys.retain(|key| key.iter().all(|column| table.clear.contains(column)));
    keys
}

fn scope_of<'a>(scope: &'a Scope, tables: &[TableUse], table: usize) -> Option<&'a ScopeTable> {
    tables.get(table).and_then(|table| scope.table(&table.dataset))
}

/// Says which table could match more than one row, and by which columns it would not.
fn refuse_fan_out(
    scope: &Scope,
    tables: &[TableUse],
    joined: &BTreeSet<usize>,
    equal: &[(ColumnRef, ColumnRef)],
) -> QueryError {
    let waiting = || (0..tables.len()).filter(|table| !joined.contains(table));
    let near = waiting().find(|table| !meeting(*table, joined, equal).is_empty());
    let Some(table) = near.or_else(|| waiting().next()).and_then(|table| scope_of(scope, tables, table))
    else {
        return QueryError::Failed;
    };
    let dataset = &table.dataset.name;
    let keys: Vec<String> = keys(table)
        .iter()
        .map(|key| key.iter().map(ColumnName::as_str).collect::<Vec<_>>().join(", "))
        .collect();
    if keys.is_empty() {
        return QueryError::NotBounded {
            what: "a join with a dataset that has no key which you may use:",
            name: plain_name(dataset.as_str()),
            rewrite: "its contract must name a unique column or a primary key, or one line could match many rows",
        };
    }
    QueryError::NotBounded {
        what: "a join that could match many rows, of a dataset whose key is another:",
        // PRIVACY: names of the contract, of columns that the asker sees.
        name: Some(format!("{dataset} ({})", keys.join(" or "))),
        rewrite: "join each dataset without subject on the columns in brackets, a unique column or the whole primary key",
    }
}

#[cfg(test)]
mod tests;
