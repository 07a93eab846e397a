//! The part of a statement below its aggregates, read as [`Block`]s: joins, filters, subqueries, UNION ALL.
//!
//! Projections, aliases, WITH and derived tables vanish: what a column is is written into the expressions that read it
//! ([`Entry`]). What remains of any nest of SELECTs over joins is one flat [`Draft`], whose tables are put in an order
//! in which they can be joined when it is closed ([`close`]).
//!
//! ```text
//! SELECT b.band, COUNT(*)                                      Draft  tables   lines, products, visits
//! FROM (SELECT *, CASE WHEN amount > 50 ..  AS band             =>    equal    lines.product_id = products.product_id
//!       FROM lines JOIN products USING (product_id)) b                same     lines, visits
//! JOIN visits v ON v.member_no = b.member_no                          entries  .., band: CASE WHEN amount > 50 ..
//! ```
//!
//! INVARIANT: tables about members meet on the member, and on nothing less: a row of the whole is about one member.

mod close;
mod join;
mod per_member;
mod subquery;
mod union;

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::Field;
use datafusion::logical_expr::{BinaryExpr, Distinct, Expr, LogicalPlan, Operator, TableScan};
use membrane_model::{ColumnName, IdentityKind};

use super::question::{self, ColumnRef, Join, Table, TypeOf};
use super::read::{dataset_name, unknown_table};
use super::refusal::refuse;
use super::scalar::{CompareOperator, Entry, Env, Scalar, compare, read, truth};
use super::scope::Scope;
use crate::QueryError;

pub(super) use self::close::Closed;
pub(super) use self::per_member::{DECIMALS_MAX, MEAN_DECIMALS, fold_type};

/// Tables of one statement, uses of one dataset counted apart.
const TABLES_MAX: usize = 24;

/// Reads relations, and keeps the tables that they are made of.
pub(super) struct Reader<'a> {
    scope: &'a Scope,
    pub(super) tables: Vec<Table>,
}

/// Rows that are not yet in an order in which they can be made.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// The tables of inner joins, in the order of FROM.
    tables: Vec<usize>,
    /// Pairs of tables whose member must be the same.
    same: Vec<(usize, usize)>,
    /// What must be equal.
    equal: Vec<(Scalar, Scalar)>,
    /// What must be true.
    conditions: Vec<Scalar>,
    /// Joins that are not inner joins, in the order of FROM.
    joins: Vec<Join>,
    /// Comparisons with the statement around: a column of it, and what equals it here.
    outer: Vec<(Expr, Entry)>,
    /// What the columns are.
    pub(super) entries: Vec<Entry>,
}

impl<'a> Reader<'a> {
    /// Starts without tables.
    pub(super) const fn new(scope: &'a Scope) -> Self {
        Self { scope, tables: Vec::new() }
    }

    /// Reads a relation.
    pub(super) fn read(&mut self, plan: &LogicalPlan) -> Result<Draft, QueryError> {
        match plan {
            LogicalPlan::TableScan(scan) => self.read_scan(scan),
            LogicalPlan::SubqueryAlias(alias) => self.read(&alias.input),
            LogicalPlan::Subquery(subquery) => self.read(&subquery.subquery),
            LogicalPlan::Projection(projection) => {
                let mut draft = self.read(&projection.input)?;
                let env = Env { schema: projection.input.schema(), entries: &draft.entries };
                let entries = projection.expr.iter().map(|expression| entry(expression, &env));
                draft.entries = entries.collect::<Result<_, QueryError>>()?;
                Ok(draft)
            }
            LogicalPlan::Filter(filter) => {
                let draft = self.read(&filter.input)?;
                self.filter(draft, &filter.input, &filter.predicate)
            }
            LogicalPlan::Join(join) => self.read_join(join),
            LogicalPlan::Aggregate(aggregate) => self.read_aggregate(aggregate),
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let draft = self.read(input)?;
                self.distinct(&draft)
            }
            LogicalPlan::Union(union) => self.read_union(union),
            // Order has no meaning below an aggregate.
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => self.read(&sort.input),
            other => Err(misfit(other)),
        }
    }

    fn read_scan(&mut self, scan: &TableScan) -> Result<Draft, QueryError> {
        let name = dataset_name(scan.table_name.table())?;
        let table = self.scope.table(&name).ok_or_else(|| unknown_table(name.as_str()))?;
        let (subject, private) = (table.subject().cloned(), table.subject().is_some());
        let position = self.add(Table::Dataset { name, private })?;
        let entry = |field: &Field| {
            let column: ColumnName = field.name().parse().map_err(|_| QueryError::Failed)?;
            let member = (subject.as_ref() == Some(&column)).then_some(position);
            let contract = table.dataset.column(&column).ok_or(QueryError::Failed)?;
            let scalar = if table.clear.contains(&column) {
                let logical = TypeOf::from(contract.logical_type);
                Scalar::Column(ColumnRef { table: position, column, logical, required: contract.required })
            } else {
                Scalar::Member(position)
            };
            Ok(Entry { scalar, member })
        };
        let entries = scan.projected_schema.fields().iter().map(|field| entry(field));
        let entries = entries.collect::<Result<_, QueryError>>()?;
        Ok(Draft { tables: vec![position], entries, ..Draft::default() })
    }

    /// Adds a table and returns its position.
    fn add(&mut self, table: Table) -> Result<usize, QueryError> {
        if self.tables.len() == TABLES_MAX {
            return Err(refuse("a statement of more than 24 tables", "use fewer"));
        }
        self.tables.push(table);
        Ok(self.tables.len() - 1)
    }

    /// Tells whether the rows of a table are about members.
    pub(super) fn is_private(&self, table: usize) -> bool {
        !matches!(self.tables.get(table), Some(Table::Dataset { private: false, .. }) | None)
    }

    /// Tells whether the rows of a draft are about members.
    fn is_about_members(&self, draft: &Draft) -> bool {
        draft.tables.iter().any(|table| self.is_private(*table))
    }

    /// Adds a condition: subqueries become joins, equalities of two tables may become keys of joins.
    fn filter(
        &mut self,
        mut draft: Draft,
        input: &LogicalPlan,
        predicate: &Expr,
    ) -> Result<Draft, QueryError> {
        for condition in conjuncts(predicate) {
            match condition {
                Expr::InSubquery(subquery) => {
                    let join = self.in_subquery(&draft, input, subquery)?;
                    draft = join;
                }
                Expr::Exists(exists) => {
                    draft = self.exists(&draft, input, &exists.subquery, exists.negated)?
                }
                Expr::Not(inner) if matches!(inner.as_ref(), Expr::Exists(_)) => {
                    let Expr::Exists(exists) = inner.as_ref() else { return Err(QueryError::Failed) };
                    draft = self.exists(&draft, input, &exists.subquery, !exists.negated)?;
                }
                other => self.add_condition(&mut draft, input, other)?,
            }
        }
        Ok(draft)
    }

    fn add_condition(
        &self,
        draft: &mut Draft,
        input: &LogicalPlan,
        condition: &Expr,
    ) -> Result<(), QueryError> {
        let env = Env { schema: input.schema(), entries: &draft.entries };
        if let Some((left, right)) = equality(condition) {
            if let Some(pair) = correlated(left, right).or_else(|| correlated(right, left)) {
                let here = entry(pair.1, &env)?;
                draft.outer.push((pair.0.clone(), here));
                return Ok(());
            }
            if let (Some(one), Some(other)) = (env.member(left), env.member(right)) {
                if one != other {
                    self.check_kinds(one, other)?;
                    draft.same.push((one, other));
                }
                return Ok(());
            }
        }
        match truth(condition, &env)? {
            Scalar::Compare(one, CompareOperator::Eq, other) if is_key(&one, &other) => {
                draft.equal.push((*one, *other));
            }
            condition => draft.conditions.extend(condition.conjuncts()),
        }
        Ok(())
    }

    /// Refuses tables whose members are told apart by identities of two kinds: nothing says which belong together.
    fn check_kinds(&self, one: usize, other: usize) -> Result<(), QueryError> {
        match (self.kind_of(one), self.kind_of(other)) {
            (Some(one), Some(other)) if one == other => Ok(()),
            (Some(one), Some(other)) => Err(QueryError::NotBounded {
                what: "members of two kinds of identity:",
                // PRIVACY: names of the contract.
                name: Some(format!("{one}, {other}")),
                rewrite: "join and unite datasets whose contracts name members by the same kind of identity",
            }),
            _ => Err(QueryError::Failed),
        }
    }

    /// Returns the kind of identity by which the members of a table are told apart.
    fn kind_of(&self, table: usize) -> Option<&'a IdentityKind> {
        match self.tables.get(table)? {
            Table::Dataset { name, .. } => {
                self.scope.table(name)?.dataset.subject.as_ref().map(|subject| &subject.kind)
            }
            Table::Kept(kept) => self.kind_of(kept.of),
            Table::PerMember(groups) => self.kind_of(groups.block.source),
            Table::Union(parts) => self.kind_of(parts.first()?.block.source),
        }
    }

    /// Closes a draft about members.
    pub(super) fn close(&mut self, draft: Draft) -> Result<Closed, QueryError> {
        close::close(self, draft)
    }
}

/// Reads a column of a SELECT list.
fn entry(expression: &Expr, env: &Env<'_>) -> Result<Entry, QueryError> {
    match env.entry(expression) {
        Some(entry) => Ok(entry.clone()),
        None => Ok(Entry { scalar: read(expression, env)?, member: None }),
    }
}

/// Returns the expression under aliases.
pub(super) fn without_alias(mut expression: &Expr) -> &Expr {
    while let Expr::Alias(alias) = expression {
        expression = alias.expr.as_ref();
    }
    expression
}

/// Splits a condition at its outermost ANDs.
fn conjuncts(predicate: &Expr) -> Vec<&Expr> {
    match without_alias(predicate) {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            let mut parts = conjuncts(left);
            parts.extend(conjuncts(right));
            parts
        }
        other => vec![other],
    }
}

fn equality(condition: &Expr) -> Option<(&Expr, &Expr)> {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => Some((left, right)),
        _ => None,
    }
}

/// Tells whether two tables may be joined on this: a column of one, and something of others.
fn is_key(one: &Scalar, other: &Scalar) -> bool {
    let (tables, others) = (one.tables(), other.tables());
    let apart = !tables.is_empty() && !others.is_empty() && tables.is_disjoint(&others);
    let by_key = one.as_column().is_some() || other.as_column().is_some();
    apart && by_key && one.logical() != TypeOf::Number
}

/// Returns a column of the statement around, and what equals it here.
fn correlated<'a>(outer: &'a Expr, inner: &'a Expr) -> Option<(&'a Expr, &'a Expr)> {
    matches!(without_alias(outer), Expr::OuterReferenceColumn(..)).then_some((without_alias(outer), inner))
}

/// Puts the side that is a column of the table last.
fn oriented((one, other): (Scalar, Scalar), table: usize) -> Option<(Scalar, ColumnRef)> {
    let is_of = |scalar: &Scalar| scalar.as_column().is_some_and(|column| column.table == table);
    if is_of(&other) && !one.tables().contains(&table) {
        return Some((one, other.as_column()?.clone()));
    }
    (is_of(&one) && !other.tables().contains(&table)).then(|| Some((other, one.as_column()?.clone())))?
}

/// Rebuilds an expression over another table that has the same columns.
pub(super) fn moved(scalar: &Scalar, from: usize, to: usize) -> Scalar {
    scalar.map(&|part| match part {
        Scalar::Column(column) if column.table == from => {
            Some(Scalar::Column(ColumnRef { table: to, ..column.clone() }))
        }
        Scalar::Member(table) if *table == from => Some(Scalar::Member(to)),
        _ => None,
    })
}

/// Names a column of a table that the plan makes.
fn made_column(index: usize) -> Result<ColumnName, QueryError> {
    question::made_column(index).parse().map_err(|_| QueryError::Failed)
}

/// Compares two values for equality, brought to one type.
fn equal(one: Scalar, other: Scalar) -> Result<(Scalar, Scalar), QueryError> {
    match compare(one, CompareOperator::Eq, other)? {
        Scalar::Compare(one, _, other) => Ok((*one, *other)),
        _ => Err(refuse("a comparison of two constants", "leave it out")),
    }
}

/// Returns the tables that expressions read.
fn tables_of<'a>(scalars: impl Iterator<Item = &'a Scalar>) -> BTreeSet<usize> {
    scalars.flat_map(Scalar::tables).collect()
}

/// Says why a plan is no relation that can be bounded.
fn misfit(plan: &LogicalPlan) -> QueryError {
    match plan {
        LogicalPlan::Window(_) => refuse("a window function", "write GROUP BY, with aggregates"),
        LogicalPlan::Limit(_) | LogicalPlan::Sort(_) => refuse(
            "LIMIT in a subquery",
            "which rows come first would depend on other members: filter with conditions",
        ),
        LogicalPlan::Distinct(_) => refuse("DISTINCT ON", "write GROUP BY, with aggregates"),
        LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => {
            refuse("rows without a dataset", "name one dataset about members in FROM")
        }
        _ => refuse("this kind of relation", "write SELECT, JOIN, WHERE, UNION ALL and GROUP BY the member"),
    }
}
