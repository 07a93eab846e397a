//! Joins of FROM: inner ones become conditions of the whole, outer ones a table that may be missing.

use datafusion::common::{JoinType, NullEquality};
use datafusion::logical_expr::{BinaryExpr, Expr, Join as JoinNode, LogicalPlan, Operator};

use super::{Draft, Reader, conjuncts, moved, oriented};
use crate::QueryError;
use crate::release::question::{ColumnRef, Join, JoinKind};
use crate::release::refusal::refuse;
use crate::release::scalar::{Entry, Scalar};

/// How to write a join that can be bounded.
pub(super) const JOIN_FORM: &str = "write JOIN dataset ON a.column = b.column, or LEFT JOIN";

impl Reader<'_> {
    /// Reads a join.
    pub(super) fn read_join(&mut self, join: &JoinNode) -> Result<Draft, QueryError> {
        if join.null_equality != NullEquality::NullEqualsNothing {
            return Err(refuse("a join on IS NOT DISTINCT FROM", JOIN_FORM));
        }
        let (left, right) = (self.read(&join.left)?, self.read(&join.right)?);
        match join.join_type {
            JoinType::Inner => {
                let mut draft = merged(left, right);
                self.add_on(&mut draft, join)?;
                Ok(draft)
            }
            JoinType::Left => self.outer_join(left, right, join, true),
            JoinType::Right => self.outer_join(right, left, join, false),
            JoinType::Full => Err(refuse("FULL JOIN", JOIN_FORM)),
            _ => Err(refuse("this kind of join", JOIN_FORM)),
        }
    }

    /// Adds what ON says of an inner join: the same as if WHERE said it.
    fn add_on(&self, draft: &mut Draft, join: &JoinNode) -> Result<(), QueryError> {
        // The conditions name columns of both sides, in the order of the join's own schema.
        let whole = LogicalPlan::Join(join.clone());
        for (left, right) in &join.on {
            let equal = BinaryExpr::new(Box::new(left.clone()), Operator::Eq, Box::new(right.clone()));
            self.add_condition(draft, &whole, &Expr::BinaryExpr(equal))?;
        }
        for condition in join.filter.iter().flat_map(conjuncts) {
            self.add_condition(draft, &whole, condition)?;
        }
        Ok(())
    }

    /// Joins a table such that rows that meet none of it stay.
    fn outer_join(
        &mut self,
        kept: Draft,
        other: Draft,
        node: &JoinNode,
        kept_first: bool,
    ) -> Result<Draft, QueryError> {
        if !self.is_about_members(&kept) {
            return Err(refuse(
                "an outer join that keeps the rows of a dataset without subject",
                "name the dataset about members first, and LEFT JOIN the other",
            ));
        }
        let [table] = other.tables.as_slice() else {
            return Err(refuse(
                "an outer join with more than one table on the side that may be missing",
                "join its tables one after the other, each with LEFT JOIN",
            ));
        };
        let table = *table;
        if !(other.equal.is_empty() && other.joins.is_empty() && other.outer.is_empty()) {
            return Err(refuse(
                "an outer join with a subquery of its own joins",
                "join its tables one after the other",
            ));
        }
        // ON is read over both, and then taken apart: what it says of the kept side alone cannot be told here.
        let mut both = if kept_first {
            merged(kept.clone(), other.clone())
        } else {
            merged(other.clone(), kept.clone())
        };
        (both.same, both.equal, both.conditions) = (Vec::new(), Vec::new(), Vec::new());
        self.add_on(&mut both, node)?;
        let own = |condition: &Scalar| condition.tables().iter().all(|one| *one == table);
        let (mine, others): (Vec<Scalar>, Vec<Scalar>) = both.conditions.into_iter().partition(own);
        if !others.is_empty() {
            return Err(refuse(
                "a condition in ON of an outer join that is not about the joined table alone",
                "put conditions on the other tables into WHERE",
            ));
        }
        let conditions = other.conditions.into_iter().chain(mine).collect();
        let member = !both.same.is_empty();
        if both.same.iter().any(|(one, other)| ![one, other].contains(&&table)) {
            return Err(refuse(
                "a condition in ON of an outer join that is not about the joined table",
                "put conditions on the other tables into WHERE",
            ));
        }
        let on = both.equal.into_iter().map(|pair| {
            oriented(pair, table).ok_or_else(|| {
                refuse("a join on something other than a column of the joined table", JOIN_FORM)
            })
        });
        let on = on.collect::<Result<Vec<(Scalar, ColumnRef)>, QueryError>>()?;
        let join = self.held(table, JoinKind::Left, member, on, conditions)?;
        let marker = marker(&join)?;
        let entries = other
            .entries
            .into_iter()
            .map(|entry| Entry { scalar: or_null(entry.scalar, &marker, table, join.table), member: None });
        let entries: Vec<Entry> = entries.collect();
        let mut draft = kept;
        draft.joins.push(join);
        draft.entries = if kept_first {
            draft.entries.into_iter().chain(entries).collect()
        } else {
            entries.into_iter().chain(draft.entries).collect()
        };
        Ok(draft)
    }
}

fn merged(left: Draft, right: Draft) -> Draft {
    fn both<T>(one: Vec<T>, other: Vec<T>) -> Vec<T> {
        one.into_iter().chain(other).collect()
    }
    Draft {
        tables: both(left.tables, right.tables),
        same: both(left.same, right.same),
        equal: both(left.equal, right.equal),
        conditions: both(left.conditions, right.conditions),
        joins: both(left.joins, right.joins),
        outer: both(left.outer, right.outer),
        entries: both(left.entries, right.entries),
    }
}

/// Returns what is NULL where a LEFT JOIN found no row, and nowhere else: something that had to be equal.
fn marker(join: &Join) -> Result<Scalar, QueryError> {
    if join.member {
        return Ok(Scalar::Member(join.table));
    }
    let first = join
        .on
        .first()
        .map(|(_, column)| column.clone())
        .ok_or_else(|| refuse("a join without ON", JOIN_FORM))?;
    Ok(Scalar::Column(ColumnRef { required: false, ..first }))
}

/// Makes the value of a column of a table that a LEFT JOIN may not have found.
fn or_null(scalar: Scalar, marker: &Scalar, table: usize, held: usize) -> Scalar {
    let moved = moved(&scalar, table, held);
    match moved {
        Scalar::Column(column) => Scalar::Column(ColumnRef { required: false, ..column }),
        Scalar::Member(_) | Scalar::Null(_) => moved,
        computed => Scalar::when(Scalar::IsNull(Box::new(marker.clone())).not(), computed),
    }
}
