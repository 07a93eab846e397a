//! Expressions on one row that cannot fail: for every row there is a value or NULL.
//!
//! A failure on some member's row would tell that the row is there. So arithmetic is in fixed point and stays at the
//! end of its range in place of overflowing, division by zero is NULL, and what cannot be cast exactly is not offered.
//!
//! | part | computed by |
//! | --- | --- |
//! | comparisons, IN, LIKE, IS NULL, AND, OR, NOT, CASE | DataFusion, on operands of one type |
//! | arithmetic, casts, parts of dates, functions of text | [`total`], our own kernels |

mod express;
mod fixed;
mod function;
mod reach;
mod read;
mod total;

use std::collections::BTreeSet;

pub(crate) use membrane_policy::CompareOperator;
use serde::Serialize;

pub(super) use self::express::{alias, arrow_type, express, named, typed_scalar, unit_of};
pub(super) use self::fixed::{divide, narrow, of_number, rescale};
pub(crate) use self::function::Function;
pub(super) use self::reach::{Reach, number as to_number};
pub(super) use self::read::{ASKING, Entry, Env, compare, read, to_type as as_type, truth, type_of_all};
pub(super) use self::total::{fixed, is_total};
use super::question::{ColumnRef, TypeOf};

/// An expression on one row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) enum Scalar {
    Column(ColumnRef),
    /// The member of a table's row. Only compared with NULL, which tells whether a LEFT JOIN found a row.
    Member(usize),
    Constant(Literal, TypeOf),
    Null(TypeOf),
    Compare(Box<Self>, CompareOperator, Box<Self>),
    In(Box<Self>, Vec<Literal>),
    Like {
        value: Box<Self>,
        pattern: String,
        ignore_case: bool,
    },
    IsNull(Box<Self>),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    /// The value of the first arm whose condition is true, or the last.
    Case {
        arms: Vec<(Self, Self)>,
        otherwise: Box<Self>,
    },
    Call(Function, Vec<Self>, TypeOf),
}

/// A constant.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Literal {
    Text(String),
    Integer(i64),
    Number(f64),
    /// In units of the last decimal.
    Decimal(i128),
    Boolean(bool),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970, UTC.
    Timestamp(i64),
}

impl Scalar {
    /// Returns the type of the value. A member has none that anything could be done with.
    pub(crate) fn logical(&self) -> TypeOf {
        match self {
            Self::Column(column) => column.logical,
            Self::Constant(_, logical) | Self::Null(logical) | Self::Call(_, _, logical) => *logical,
            Self::Case { otherwise, .. } => otherwise.logical(),
            Self::Member(_) => TypeOf::Text,
            Self::Compare(..)
            | Self::In(..)
            | Self::Like { .. }
            | Self::IsNull(_)
            | Self::Not(_)
            | Self::And(_)
            | Self::Or(_) => TypeOf::Boolean,
        }
    }

    /// Tells whether every row has a value.
    pub(crate) fn is_required(&self) -> bool {
        match self {
            Self::Column(column) => column.required,
            Self::Constant(..) | Self::IsNull(_) => true,
            Self::Null(_) | Self::Member(_) => false,
            Self::Compare(left, _, right) => left.is_required() && right.is_required(),
            Self::In(inner, _) | Self::Like { value: inner, .. } | Self::Not(inner) => inner.is_required(),
            Self::And(parts) | Self::Or(parts) => parts.iter().all(Self::is_required),
            Self::Case { arms, otherwise } => {
                otherwise.is_required() && arms.iter().all(|(_, value)| value.is_required())
            }
            Self::Call(function, arguments, _) => {
                function.keeps_values() && arguments.iter().all(Self::is_required)
            }
        }
    }

    /// Returns the column, if it is nothing but one.
    pub(crate) const fn as_column(&self) -> Option<&ColumnRef> {
        match self {
            Self::Column(column) => Some(column),
            _ => None,
        }
    }

    /// Returns the columns that it reads.
    pub(crate) fn columns(&self) -> BTreeSet<&ColumnRef> {
        let mut found = BTreeSet::new();
        self.visit(&mut |part| {
            if let Self::Column(column) = part {
                found.insert(column);
            }
        });
        found
    }

    /// Returns the tables that it reads.
    pub(crate) fn tables(&self) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        self.visit(&mut |part| match part {
            Self::Column(column) => {
                found.insert(column.table);
            }
            Self::Member(table) => {
                found.insert(*table);
            }
            _ => {}
        });
        found
    }

    /// Calls for every part, itself first.
    pub(crate) fn visit<'a>(&'a self, call: &mut dyn FnMut(&'a Self)) {
        call(self);
        match self {
            Self::Column(_) | Self::Member(_) | Self::Constant(..) | Self::Null(_) => {}
            Self::Compare(left, _, right) => {
                left.visit(call);
                right.visit(call);
            }
            Self::In(inner, _) | Self::Like { value: inner, .. } | Self::IsNull(inner) | Self::Not(inner) => {
                inner.visit(call)
            }
            Self::And(parts) | Self::Or(parts) | Self::Call(_, parts, _) => {
                parts.iter().for_each(|part| part.visit(call));
            }
            Self::Case { arms, otherwise } => {
                for (condition, value) in arms {
                    condition.visit(call);
                    value.visit(call);
                }
                otherwise.visit(call);
            }
        }
    }

    /// Rebuilds the expression with every column and member replaced.
    pub(crate) fn map(&self, replace: &dyn Fn(&Self) -> Option<Self>) -> Self {
        if let Some(replaced) = replace(self) {
            return replaced;
        }
        let inner = |one: &Self| Box::new(one.map(replace));
        let all = |parts: &[Self]| parts.iter().map(|part| part.map(replace)).collect();
        match self {
            Self::Column(_) | Self::Member(_) | Self::Constant(..) | Self::Null(_) => self.clone(),
            Self::Compare(left, comparison, right) => Self::Compare(inner(left), *comparison, inner(right)),
            Self::In(value, list) => Self::In(inner(value), list.clone()),
            Self::Like { value, pattern, ignore_case } => {
                Self::Like { value: inner(value), pattern: pattern.clone(), ignore_case: *ignore_case }
            }
            Self::IsNull(value) => Self::IsNull(inner(value)),
            Self::Not(value) => Self::Not(inner(value)),
            Self::And(parts) => Self::And(all(parts)),
            Self::Or(parts) => Self::Or(all(parts)),
            Self::Case { arms, otherwise } => Self::Case {
                arms: arms.iter().map(|(when, then)| (when.map(replace), then.map(replace))).collect(),
                otherwise: inner(otherwise),
            },
            Self::Call(function, arguments, logical) => Self::Call(*function, all(arguments), *logical),
        }
    }

    /// Splits at the outermost ANDs.
    pub(crate) fn conjuncts(self) -> Vec<Self> {
        match self {
            Self::And(parts) => parts.into_iter().flat_map(Self::conjuncts).collect(),
            Self::Constant(Literal::Boolean(true), _) => Vec::new(),
            other => vec![other],
        }
    }

    /// Negates.
    pub(crate) fn not(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            Self::Constant(Literal::Boolean(truth), logical) => {
                Self::Constant(Literal::Boolean(!truth), logical)
            }
            other => Self::Not(Box::new(other)),
        }
    }

    /// Returns a truth.
    pub(crate) const fn truth(truth: bool) -> Self {
        Self::Constant(Literal::Boolean(truth), TypeOf::Boolean)
    }

    /// Returns the value where the condition is true, and NULL elsewhere.
    pub(crate) fn when(condition: Self, value: Self) -> Self {
        let otherwise = Box::new(Self::Null(value.logical()));
        Self::Case { arms: vec![(condition, value)], otherwise }
    }
}
