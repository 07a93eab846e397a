//! `IN (SELECT ..)` and `EXISTS (SELECT ..)` as conditions of their own: joins that only ask whether there is a row.
//!
//! About members, the question can only be about the same member: whether this member has a row there. Any other would
//! let what one member did decide about another's rows.

use datafusion::logical_expr::expr::InSubquery;
use datafusion::logical_expr::{Expr, LogicalPlan, Subquery};

use super::{Draft, Reader, equal, made_column};
use crate::QueryError;
use crate::release::question::{ColumnRef, Join, JoinKind, PerMember, Scalar, Table};
use crate::release::refusal::refuse;
use crate::release::scalar::{Entry, Env, read};

const MEMBER_FORM: &str =
    "compare the member: `member IN (SELECT member ..)`, or EXISTS with `a.member = b.member`";

const LISTED_FORM: &str = "compare a column of it with one of the statement around it: EXISTS (SELECT 1 FROM b WHERE b.column = a.column)";

impl Reader<'_> {
    /// Reads `x IN (SELECT y ..)`.
    pub(super) fn in_subquery(
        &mut self,
        draft: &Draft,
        input: &LogicalPlan,
        subquery: &InSubquery,
    ) -> Result<Draft, QueryError> {
        let inner = self.read(&subquery.subquery.subquery)?;
        let [found] = inner.entries.as_slice() else {
            return Err(refuse("IN with a subquery of several columns", "select one column in it"));
        };
        let found = found.clone();
        let env = Env { schema: input.schema(), entries: &draft.entries };
        let mut draft = draft.clone();
        if self.is_about_members(&inner) {
            let (Some(here), Some(there)) = (env.member(&subquery.expr), found.member) else {
                return Err(refuse(
                    "IN with a subquery about members, of something other than the member",
                    MEMBER_FORM,
                ));
            };
            self.check_kinds(here, there)?;
            let join = self.has_rows(inner, Vec::new(), subquery.negated)?;
            draft.joins.push(join);
            return Ok(draft);
        }
        let value = read(&subquery.expr, &env)?;
        if subquery.negated && !found.scalar.is_required() {
            return Err(refuse("NOT IN with a subquery that may hold NULL", "write NOT EXISTS"));
        }
        if subquery.negated && !value.is_required() {
            // Of NULL it is not known whether it is in there.
            draft.conditions.push(Scalar::IsNull(Box::new(value.clone())).not());
        }
        let join = self.is_listed(inner, vec![(value, found.scalar)], subquery.negated)?;
        draft.joins.push(join);
        Ok(draft)
    }

    /// Reads `EXISTS (SELECT ..)`.
    pub(super) fn exists(
        &mut self,
        draft: &Draft,
        input: &LogicalPlan,
        subquery: &Subquery,
        negated: bool,
    ) -> Result<Draft, QueryError> {
        let mut inner = self.read(&subquery.subquery)?;
        let env = Env { schema: input.schema(), entries: &draft.entries };
        let mut draft = draft.clone();
        let about_members = self.is_about_members(&inner);
        let mut member = false;
        let mut pairs = Vec::new();
        for (outer, here) in std::mem::take(&mut inner.outer) {
            let Expr::OuterReferenceColumn(_, column) = outer else { return Err(QueryError::Failed) };
            let outer = Expr::Column(column);
            if about_members && let (Some(one), Some(other)) = (env.member(&outer), here.member) {
                self.check_kinds(one, other)?;
                member = true;
            } else {
                pairs.push((read(&outer, &env)?, plain(here)?));
            }
        }
        if about_members && !member {
            return Err(refuse(
                "EXISTS with a subquery about members that is not about the same member",
                MEMBER_FORM,
            ));
        }
        if !about_members && pairs.is_empty() {
            return Err(refuse("EXISTS with a subquery that is not about the row that asks", LISTED_FORM));
        }
        let join = if about_members {
            self.has_rows(inner, pairs, negated)?
        } else {
            self.is_listed(inner, pairs, negated)?
        };
        draft.joins.push(join);
        Ok(draft)
    }

    /// Asks whether the member has a row, in which something equals something of the row that asks.
    fn has_rows(
        &mut self,
        inner: Draft,
        pairs: Vec<(Scalar, Scalar)>,
        negated: bool,
    ) -> Result<Join, QueryError> {
        let pairs = pairs.into_iter().map(|(one, other)| equal_sides(one, other));
        let (outer, keys): (Vec<Scalar>, Vec<Scalar>) =
            pairs.collect::<Result<Vec<_>, QueryError>>()?.into_iter().unzip();
        let mut inner = inner;
        inner.entries = keys.into_iter().map(|scalar| Entry { scalar, member: None }).collect();
        let closed = self.close(inner)?;
        let keys: Vec<Scalar> = closed.entries.into_iter().map(|entry| entry.scalar).collect();
        let columns = keys.iter().enumerate().map(|(index, key)| {
            let required = key.is_required();
            Ok::<_, QueryError>((made_column(index)?, key.logical(), required))
        });
        let columns = columns.collect::<Result<Vec<_>, QueryError>>()?;
        let groups_max = if keys.is_empty() { 1 } else { super::per_member::GROUPS_MAX };
        let table = self.add(Table::PerMember(PerMember {
            block: closed.block,
            keys,
            folds: Vec::new(),
            groups_max,
        }))?;
        let on = outer
            .into_iter()
            .zip(columns)
            .map(|(one, (column, logical, required))| (one, ColumnRef { table, column, logical, required }));
        let on = on.collect();
        self.held(table, kind(negated), true, on, Vec::new())
    }

    /// Asks whether a dataset without subject has a row with these values.
    fn is_listed(
        &mut self,
        inner: Draft,
        pairs: Vec<(Scalar, Scalar)>,
        negated: bool,
    ) -> Result<Join, QueryError> {
        let [table] = inner.tables.as_slice() else {
            return Err(refuse(
                "a subquery over several datasets without subject",
                "ask each in a subquery of its own",
            ));
        };
        if !(inner.equal.is_empty() && inner.joins.is_empty() && inner.outer.is_empty()) {
            return Err(refuse(
                "a subquery over several datasets without subject",
                "ask each in a subquery of its own",
            ));
        }
        let on = pairs.into_iter().map(|(one, other)| match equal_sides(one, other)? {
            (one, Scalar::Column(column)) => Ok((one, column)),
            _ => Err(refuse(
                "a subquery that compares something other than a column",
                "select a column as it is",
            )),
        });
        let on = on.collect::<Result<Vec<_>, QueryError>>()?;
        self.held(*table, kind(negated), false, on, inner.conditions)
    }
}

const fn kind(negated: bool) -> JoinKind {
    if negated { JoinKind::Anti } else { JoinKind::Semi }
}

fn plain(entry: Entry) -> Result<Scalar, QueryError> {
    match entry.scalar {
        Scalar::Member(_) => Err(refuse("a comparison of the member with something else", MEMBER_FORM)),
        scalar => Ok(scalar),
    }
}

/// Brings the two sides to one type and keeps which is which.
fn equal_sides(one: Scalar, other: Scalar) -> Result<(Scalar, Scalar), QueryError> {
    if matches!(one, Scalar::Constant(..)) || matches!(other, Scalar::Constant(..)) {
        return Err(refuse("a subquery that compares a constant", "compare it in WHERE"));
    }
    equal(one, other)
}
