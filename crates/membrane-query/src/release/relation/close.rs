//! The order in which the tables of a draft are joined, such that each row meets a bounded number of rows.
//!
//! Why bounded: a join that matches many rows makes as many of one. Whoever knows an order number could join its one line
//! with the products of its category, those again with the products of theirs, and so on, until a million groups come
//! of it if the line is there, and none if it is not; and that the release then fails, or takes long, is an exact
//! answer to whether it is there.
//!
//! One table about members streams; every other table is held in memory, and a row meets of it
//!
//! | table | joined on | rows that one row meets |
//! | --- | --- | --- |
//! | without subject | a unique column, or the whole primary key, by its contract | 1 |
//! | without subject | other columns | [`FANOUT_MAX`], the first in the order of all its columns |
//! | about members | the member, and a key | 1 |
//! | about members | the member | 1 if it has one row for each member, or as many as are kept of each member |
//!
//! The contract's word is not relied on alone, since uniqueness is checked within one delivery only: rows that share a
//! key are reduced when they are read ([`crate::release::dimension`]).

use std::collections::BTreeSet;

use membrane_model::ColumnName;

use super::{Draft, Reader, moved, oriented, tables_of};
use crate::QueryError;
use crate::release::question::{
    Block, ColumnRef, CompareOperator, Join, JoinKind, Kept, PerMember, Scalar, Table,
};
use crate::release::refusal::{refuse, refuse_named};
use crate::release::scalar::Entry;
use crate::release::scope::ScopeTable;

/// Rows of a table without subject that one row meets where no key is named.
const FANOUT_MAX: u32 = 16;
/// Rows that joins may make of one row of a dataset, all together, also those below a UNION ALL.
const MULTIPLES_MAX: u32 = 256;
/// Rows of each member that are held of a table about members, and that one row meets.
const KEPT_ROWS_MAX: u32 = 64;
/// Rows of each member that are held of a table about members where a key says which one a row meets.
const KEYED_ROWS_MAX: u32 = 128;

/// Rows that can be made, and what their columns are.
pub(in crate::release) struct Closed {
    pub(in crate::release) block: Block,
    pub(in crate::release) entries: Vec<Entry>,
}

/// Orders the joins of a draft.
pub(super) fn close(reader: &mut Reader<'_>, draft: Draft) -> Result<Closed, QueryError> {
    if !draft.outer.is_empty() {
        return Err(refuse(
            "a subquery that reads the statement around it in this way",
            "compare with equality in the WHERE of the subquery itself",
        ));
    }
    let Draft { tables, same, mut equal, mut conditions, joins, entries, .. } = draft;
    let source = source(reader, &tables)?;
    let mut linked = BTreeSet::from([source]);
    let mut joined = BTreeSet::from([source]);
    let mut waiting: Vec<usize> = tables.iter().copied().filter(|table| *table != source).collect();
    let mut later = joins;
    let mut block = Block { source, joins: Vec::new(), conditions: Vec::new() };
    let mut renamed: Vec<(usize, usize)> = Vec::new();
    while !(waiting.is_empty() && later.is_empty()) {
        if let Some(place) = later.iter().position(|join| is_ready(join, &joined)) {
            let join = later.remove(place);
            joined.insert(join.table);
            block.joins.push(join);
            continue;
        }
        let next = next(reader, &waiting, &joined, &linked, &same, &equal);
        let Some((place, member)) = next else {
            return Err(stuck(reader, &waiting, &joined, &equal));
        };
        let table = waiting.remove(place);
        let on = meeting(table, &joined, &equal);
        equal.retain(|pair| {
            oriented(pair.clone(), table).is_none_or(|(one, _)| !one.tables().is_subset(&joined))
        });
        // What is said of a table about members alone is asked before its rows are kept.
        let (mine, others) = if reader.is_private(table) {
            conditions.into_iter().partition(|one| one.tables().iter().eq([&table]))
        } else {
            (Vec::new(), conditions)
        };
        conditions = others;
        let join = reader.held(table, JoinKind::Inner, member, on, mine)?;
        if member {
            linked.insert(table);
        }
        joined.insert(table);
        if join.table != table {
            renamed.push((table, join.table));
            joined.insert(join.table);
            linked.insert(join.table);
        }
        block.joins.push(join);
    }
    for (one, other) in equal {
        conditions.push(Scalar::Compare(Box::new(one), CompareOperator::Eq, Box::new(other)));
    }
    if reader.multiples(&block).is_none_or(|multiples| multiples > MULTIPLES_MAX) {
        return Err(refuse(
            "joins that could make more than 256 rows of one",
            "join datasets without subject by their keys, and members' datasets with one row for each member \
             (GROUP BY the member in a subquery)",
        ));
    }
    block.conditions = conditions;
    Ok(renamed_in(Closed { block, entries }, &renamed))
}

/// Names tables by what is held of them.
fn renamed_in(closed: Closed, renamed: &[(usize, usize)]) -> Closed {
    let rename =
        |scalar: &Scalar| renamed.iter().fold(scalar.clone(), |one, (from, to)| moved(&one, *from, *to));
    let Closed { mut block, mut entries } = closed;
    for join in &mut block.joins {
        join.on.iter_mut().for_each(|(one, _)| *one = rename(one));
    }
    block.conditions.iter_mut().for_each(|one| *one = rename(one));
    for entry in &mut entries {
        entry.scalar = rename(&entry.scalar);
    }
    Closed { block, entries }
}

/// Chooses the table that streams: the first about members that has more than one row for each.
fn source(reader: &Reader<'_>, tables: &[usize]) -> Result<usize, QueryError> {
    let private: Vec<usize> = tables.iter().copied().filter(|table| reader.is_private(*table)).collect();
    let many = private.iter().find(|table| !matches!(reader.tables.get(**table), Some(Table::PerMember(_))));
    many.or_else(|| private.first()).copied().ok_or_else(|| {
        refuse(
            "a statement about no dataset with a subject",
            "ask about a dataset whose rows are about members",
        )
    })
}

fn is_ready(join: &Join, joined: &BTreeSet<usize>) -> bool {
    tables_of(join.on.iter().map(|(one, _)| one)).is_subset(joined)
}

/// Finds the next table that can be joined, and whether it is by the member.
fn next(
    reader: &Reader<'_>,
    waiting: &[usize],
    joined: &BTreeSet<usize>,
    linked: &BTreeSet<usize>,
    same: &[(usize, usize)],
    equal: &[(Scalar, Scalar)],
) -> Option<(usize, bool)> {
    let is_linked = |table: usize| {
        same.iter().any(|(one, other)| {
            (*one == table && linked.contains(other)) || (*other == table && linked.contains(one))
        })
    };
    let member = waiting.iter().position(|table| is_linked(*table));
    let by_key = || {
        waiting.iter().position(|table| {
            !reader.is_private(*table) && reader.key(*table, &meeting(*table, joined, equal)).is_some()
        })
    };
    let fanning = || {
        waiting
            .iter()
            .position(|table| !reader.is_private(*table) && !meeting(*table, joined, equal).is_empty())
    };
    by_key()
        .map(|place| (place, false))
        .or_else(|| member.map(|place| (place, true)))
        .or_else(|| fanning().map(|place| (place, false)))
}

/// Returns what must be equal between a table and those already joined, its own column last.
fn meeting(table: usize, joined: &BTreeSet<usize>, equal: &[(Scalar, Scalar)]) -> Vec<(Scalar, ColumnRef)> {
    let pairs = equal.iter().filter_map(|pair| oriented(pair.clone(), table));
    pairs.filter(|(one, _)| one.tables().is_subset(joined)).collect()
}

/// Says why no table can be joined.
fn stuck(
    reader: &Reader<'_>,
    waiting: &[usize],
    joined: &BTreeSet<usize>,
    equal: &[(Scalar, Scalar)],
) -> QueryError {
    let near = waiting.iter().find(|table| !meeting(**table, joined, equal).is_empty());
    let Some(table) = near.or_else(|| waiting.first()) else { return QueryError::Failed };
    if reader.is_private(*table) {
        return refuse(
            "a join of two datasets with subjects that is not on the member",
            "add AND a.member = b.member, with the columns that tell members apart",
        );
    }
    let name = match reader.tables.get(*table) {
        Some(Table::Dataset { name, .. }) => name.as_str(),
        _ => "",
    };
    refuse_named("a join without ON, of", name, "write JOIN dataset ON a.column = b.column")
}

impl Reader<'_> {
    /// Makes the join of a table: what is held of it, and how many rows one row meets.
    pub(super) fn held(
        &mut self,
        table: usize,
        kind: JoinKind,
        member: bool,
        on: Vec<(Scalar, ColumnRef)>,
        conditions: Vec<Scalar>,
    ) -> Result<Join, QueryError> {
        if !self.is_private(table) {
            if member {
                return Err(QueryError::Failed);
            }
            if on.is_empty() {
                return Err(refuse("a join without ON", super::join::JOIN_FORM));
            }
            let key = self.key(table, &on);
            let rows_max = match (&key, kind) {
                (Some(_), _) | (None, JoinKind::Semi | JoinKind::Anti) => 1,
                (None, JoinKind::Inner | JoinKind::Left) => FANOUT_MAX,
            };
            let all = || {
                let mut names: Vec<ColumnName> = on.iter().map(|(_, column)| column.column.clone()).collect();
                names.sort();
                names.dedup();
                names
            };
            let key = key.unwrap_or_else(all);
            return Ok(Join { table, kind, member, on, conditions, key, rows_max });
        }
        if !member {
            return Err(refuse(
                "a join of two datasets with subjects that is not on the member",
                "add AND a.member = b.member, with the columns that tell members apart",
            ));
        }
        let whole = conditions.is_empty() && matches!(self.tables.get(table), Some(Table::PerMember(_)));
        let filter = matches!(kind, JoinKind::Semi | JoinKind::Anti);
        let one_each = self.has_one_row_each(table);
        if whole && (one_each || filter) {
            return Ok(Join { table, kind, member, on, conditions, key: Vec::new(), rows_max: 1 });
        }
        let key = self.key(table, &on);
        let (kept_max, rows_max, key) = match key {
            _ if one_each => (1, 1, Vec::new()),
            Some(key) => (KEYED_ROWS_MAX, 1, key),
            None => (KEPT_ROWS_MAX, KEPT_ROWS_MAX, Vec::new()),
        };
        let kept =
            Kept { of: table, conditions, columns: Vec::new(), key, rows_max: kept_max, earliest: None };
        let held = self.add(Table::Kept(kept))?;
        let on = on.into_iter().map(|(one, column)| (one, ColumnRef { table: held, ..column }));
        let on = on.collect();
        Ok(Join { table: held, kind, member, on, conditions: Vec::new(), key: Vec::new(), rows_max })
    }

    /// Returns how many rows of a block one row of a dataset can become; none beyond all numbers.
    fn multiples(&self, block: &Block) -> Option<u32> {
        let before = match self.tables.get(block.source) {
            Some(Table::Union(parts)) => {
                let parts = parts.iter().map(|part| self.multiples(&part.block));
                parts.collect::<Option<Vec<u32>>>()?.into_iter().max()?
            }
            // Groups of a member and rows that are kept of it are so many at most, whatever they are made of.
            _ => 1,
        };
        block.joins.iter().try_fold(before, |rows, join| rows.checked_mul(join.rows_max))
    }

    /// Tells whether a table has one row for each member, by how it is made or by its contract.
    fn has_one_row_each(&self, table: usize) -> bool {
        match self.tables.get(table) {
            Some(Table::PerMember(PerMember { keys, .. })) => keys.is_empty(),
            Some(Table::Dataset { name, private: true }) => self.scope.table(name).is_some_and(|table| {
                let subject = table.subject();
                let unique =
                    |column: &&ColumnName| table.dataset.column(column).is_some_and(|column| column.unique);
                subject.filter(unique).is_some()
                    || matches!(table.dataset.primary_key.as_slice(), [only] if Some(only) == subject)
            }),
            _ => false,
        }
    }

    /// Returns the key of a dataset that is among what must be equal.
    fn key(&self, table: usize, on: &[(Scalar, ColumnRef)]) -> Option<Vec<ColumnName>> {
        let Some(Table::Dataset { name, .. }) = self.tables.get(table) else { return None };
        let columns: BTreeSet<&ColumnName> = on.iter().map(|(_, column)| &column.column).collect();
        let mut keys = keys(self.scope.table(name)?).into_iter();
        keys.find(|key| key.iter().all(|column| columns.contains(column)))
    }
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
