//! FROM, read as one dataset about members and any number without subject, joined by equality.
//!
//! A join must not multiply rows: see [`super::join`].

use datafusion::common::{Column, JoinType, NullEquality};
use datafusion::logical_expr::{BinaryExpr, Expr, Join as JoinNode, LogicalPlan, Operator};
use membrane_model::ColumnName;

use super::join;
use super::question::{ColumnRef, Join, TableUse, TypeOf};
use super::read::{dataset_name, unknown_table};
use super::refusal::{refuse, refuse_named};
use super::scope::{Scope, ScopeTable};
use crate::QueryError;
use crate::plain_name::plain_name;

const TABLES_MAX: usize = 8;
const JOIN_FORM: &str = "write INNER JOIN dataset ON a.column = b.column";

/// The tables of a statement and how they meet.
pub(super) struct From<'a> {
    scope: &'a Scope,
    tables: Vec<TableUse>,
    /// Columns that must be equal: of an earlier table, of a later one.
    equal: Vec<(ColumnRef, ColumnRef)>,
}

impl<'a> From<'a> {
    /// Reads the part of a plan below WHERE.
    pub(super) fn read(plan: &LogicalPlan, scope: &'a Scope) -> Result<Self, QueryError> {
        let mut from = Self { scope, tables: Vec::new(), equal: Vec::new() };
        from.add(plan)?;
        Ok(from)
    }

    /// Returns the position of the one table about members.
    pub(super) fn private(&self) -> Result<usize, QueryError> {
        let mut private = (0..self.tables.len()).filter(|index| self.subject_of(*index).is_some());
        match (private.next(), private.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(refuse(
                "a statement about no dataset with a subject",
                "nothing in it needs noise: ask it as a query",
            )),
            (Some(_), Some(_)) => Err(refuse(
                "a join of two datasets with subjects",
                "join one dataset about members with datasets that have no subject",
            )),
        }
    }

    /// Orders the joins, or refuses one that could multiply rows, and returns them with the tables.
    pub(super) fn into_parts(self, private: usize) -> Result<(Vec<TableUse>, Vec<Join>), QueryError> {
        let joins = join::order(self.scope, &self.tables, private, self.equal)?;
        Ok((self.tables, joins))
    }

    /// Finds the column that an expression names. Only columns shown in clear exist.
    pub(super) fn resolve(&self, expression: &Expr) -> Result<ColumnRef, QueryError> {
        let Expr::Column(column) = expression else {
            return Err(refuse("an expression in the place of a column", "name a column"));
        };
        let (index, name) = self.locate(column)?;
        let table = self.scope_of(index).ok_or(QueryError::Failed)?;
        if table.subject() == Some(&name) && !table.clear.contains(&name) {
            return Err(refuse_named(
                "the member's own column",
                name.as_str(),
                "it can be counted, as COUNT(DISTINCT column), and nothing else",
            ));
        }
        let contract = table
            .dataset
            .column(&name)
            .filter(|_| table.clear.contains(&name))
            .ok_or_else(|| unknown_column(name.as_str()))?;
        let logical = TypeOf::from(contract.logical_type);
        Ok(ColumnRef { table: index, column: name, logical, required: contract.required })
    }

    /// Tells whether an expression names the column that tells members apart.
    pub(super) fn is_subject(&self, expression: &Expr) -> bool {
        let Expr::Column(column) = expression else { return false };
        self.locate(column).is_ok_and(|(index, name)| self.subject_of(index) == Some(&name))
    }

    fn locate(&self, column: &Column) -> Result<(usize, ColumnName), QueryError> {
        let name: ColumnName = column.name.parse().map_err(|_| unknown_column(&column.name))?;
        let index = match &column.relation {
            Some(relation) => self.tables.iter().position(|table| table.alias == relation.table()),
            None => {
                let holds = |index: &usize| {
                    self.scope_of(*index).is_some_and(|table| table.dataset.column(&name).is_some())
                };
                (0..self.tables.len()).find(holds)
            }
        };
        index.map(|index| (index, name)).ok_or_else(|| unknown_column(&column.name))
    }

    fn scope_of(&self, index: usize) -> Option<&'a ScopeTable> {
        self.tables.get(index).and_then(|table| self.scope.table(&table.dataset))
    }

    fn subject_of(&self, index: usize) -> Option<&'a ColumnName> {
        self.scope_of(index).and_then(ScopeTable::subject)
    }

    fn add(&mut self, plan: &LogicalPlan) -> Result<(), QueryError> {
        match plan {
            LogicalPlan::Join(join) => self.add_join(join),
            LogicalPlan::SubqueryAlias(alias) => match alias.input.as_ref() {
                LogicalPlan::TableScan(scan) => self.add_table(scan.table_name.table(), alias.alias.table()),
                _ => Err(refuse("WITH or a subquery", "write one SELECT over datasets")),
            },
            LogicalPlan::TableScan(scan) => self.add_table(scan.table_name.table(), scan.table_name.table()),
            LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => {
                Err(refuse("a statement without a dataset", "name one dataset about members in FROM"))
            }
            LogicalPlan::Window(_) => Err(refuse("a window function", "write GROUP BY, with aggregates")),
            _ => Err(refuse("WITH or a subquery", "write one SELECT over datasets")),
        }
    }

    fn add_table(&mut self, dataset: &str, alias: &str) -> Result<(), QueryError> {
        let name = dataset_name(dataset)?;
        if self.scope.table(&name).is_none() {
            return Err(unknown_table(dataset));
        }
        if self.tables.len() == TABLES_MAX {
            return Err(refuse("a join of more than 8 datasets", "join fewer"));
        }
        self.tables.push(TableUse { dataset: name, alias: alias.to_owned() });
        Ok(())
    }

    fn add_join(&mut self, join: &JoinNode) -> Result<(), QueryError> {
        if join.join_type != JoinType::Inner || join.null_equality != NullEquality::NullEqualsNothing {
            return Err(refuse("a join that is not an inner join", JOIN_FORM));
        }
        self.add(&join.left)?;
        let first_new = self.tables.len();
        self.add(&join.right)?;
        if self.tables.len() != first_new + 1 {
            return Err(refuse("a join inside parentheses", "join one dataset after the other"));
        }
        let mut pairs: Vec<(&Expr, &Expr)> = join.on.iter().map(|(left, right)| (left, right)).collect();
        if let Some(filter) = &join.filter {
            equalities(filter, &mut pairs)?;
        }
        if pairs.is_empty() {
            return Err(refuse("a join without ON", JOIN_FORM));
        }
        for (left, right) in pairs {
            let pair = self.pair(left, right, first_new)?;
            self.equal.push(pair);
        }
        Ok(())
    }

    fn pair(&self, left: &Expr, right: &Expr, new: usize) -> Result<(ColumnRef, ColumnRef), QueryError> {
        let plain = |expression: &Expr| match expression {
            Expr::Column(_) => self.resolve(expression),
            _ => Err(refuse("a join on something other than two columns of one type", JOIN_FORM)),
        };
        let (left, right) = (plain(left)?, plain(right)?);
        let (earlier, new_one) = if left.table == new { (right, left) } else { (left, right) };
        if earlier.table == new || new_one.table != new {
            return Err(refuse("a join condition that does not name both datasets", JOIN_FORM));
        }
        if earlier.logical != new_one.logical || earlier.logical == TypeOf::Number {
            return Err(refuse("a join on something other than two columns of one type", JOIN_FORM));
        }
        Ok((earlier, new_one))
    }
}

/// Splits a join condition into equalities.
fn equalities<'a>(filter: &'a Expr, pairs: &mut Vec<(&'a Expr, &'a Expr)>) -> Result<(), QueryError> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            equalities(left, pairs)?;
            equalities(right, pairs)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            pairs.push((left, right));
            Ok(())
        }
        _ => Err(refuse("a join condition other than equality", "put other conditions into WHERE")),
    }
}

fn unknown_column(name: &str) -> QueryError {
    QueryError::UnknownColumn { name: plain_name(name), position: None }
}
