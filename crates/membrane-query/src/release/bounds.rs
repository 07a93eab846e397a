//! How much of one member a release may use: from the request, or else from the contract.

use std::collections::BTreeMap;

use membrane_model::{ColumnName, Delta, Epsilon, Limits};
use membrane_privacy::{
    AggregateKind, AggregateSpec, KeyDomain, NoiseKind, PriceAsked, ReleaseSpec, RowBounds,
};

use super::aggregate::aggregate_name;
use super::exact::size_bound;
use super::question::{Aggregate, ColumnRef, Question, TypeOf};
use super::refusal::refuse_named;
use super::scope::Scope;
use crate::QueryError;

/// What a release asks besides the statement.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseOptions {
    /// The privacy loss that the answer may cost, at `delta`.
    pub epsilon: Epsilon,
    /// The failure probability at which `epsilon` is stated.
    pub delta: Delta,
    /// Groups that one member may count in; the contract's when absent.
    pub groups_max: Option<u32>,
    /// Rows of one member that may count in one group; the contract's when absent.
    pub rows_max: Option<u32>,
    /// Fewest members of a group with a key from the data.
    pub cohort_min: u32,
    /// Least and greatest value of one row of a summed column, in place of the contract's.
    pub bounds: BTreeMap<ColumnName, (f64, f64)>,
}

impl ReleaseOptions {
    /// Asks for an epsilon at a delta, with the contract's bounds.
    #[must_use]
    pub const fn new(epsilon: Epsilon, delta: Delta) -> Self {
        let bounds = BTreeMap::new();
        Self { epsilon, delta, groups_max: None, rows_max: None, cohort_min: 0, bounds }
    }
}

/// Decimals of the sums of a floating-point column, where its bounds allow.
const NUMBER_DECIMALS: i8 = 6;
/// Fixed-point bounds of a floating-point column stay below this.
const NUMBER_UNITS_MAX: f64 = 1e6;

/// States a release for the mechanism.
pub(super) fn spec(
    question: &Question,
    scope: &Scope,
    keys: KeyDomain,
    options: &ReleaseOptions,
    limits: &Limits,
) -> Result<ReleaseSpec, QueryError> {
    check_names(question, options)?;
    let private = question.tables.get(question.private).ok_or(QueryError::Failed)?;
    let contract = scope.table(&private.dataset).and_then(|table| table.dataset.privacy);
    let stated = |asked: Option<u32>, contract: Option<u32>, what| {
        asked.or(contract).ok_or_else(|| {
            let rewrite = "state groups_max and rows_max in the contract or with the request";
            refuse_named(what, private.dataset.as_str(), rewrite)
        })
    };
    let rows_max = stated(
        options.rows_max,
        contract.map(|privacy| privacy.rows_max),
        "a dataset without a bound on the rows of one member",
    )?;
    // Without keys there is one group.
    let groups_max = if keys == KeyDomain::None {
        1
    } else {
        stated(
            options.groups_max,
            contract.map(|privacy| privacy.groups_max),
            "a dataset without a bound on the groups of one member",
        )?
    };
    let aggregates = question.aggregates.iter().map(|aggregate| {
        let kind = match aggregate {
            Aggregate::Rows => AggregateKind::Rows,
            Aggregate::NonNull(_) => AggregateKind::NonNull,
            Aggregate::Members => AggregateKind::Members,
            Aggregate::Sum(column) => {
                let RowBounds { lower, upper, scale } = row_bounds(column, question, scope, options)?;
                AggregateKind::Sum { lower, upper, scale }
            }
            Aggregate::MeanSum(column) => {
                let RowBounds { lower, upper, scale } = row_bounds(column, question, scope, options)?;
                AggregateKind::MeanSum { lower, upper, scale }
            }
        };
        Ok(AggregateSpec::new(aggregate_name(aggregate, question.private), kind))
    });
    let size = size_bound(question, &keys, groups_max, limits);
    Ok(ReleaseSpec {
        groups_max,
        rows_max,
        aggregates: aggregates.collect::<Result<_, QueryError>>()?,
        price: PriceAsked::Epsilon(options.epsilon),
        delta: options.delta,
        noise: NoiseKind::Auto,
        cohort_min: options.cohort_min,
        size,
        keys,
    })
}

/// Bounds that would have no effect are a mistake, which is better told before it is paid for.
fn check_names(question: &Question, options: &ReleaseOptions) -> Result<(), QueryError> {
    let is_summed = |name: &ColumnName| {
        question.aggregates.iter().any(|aggregate| match aggregate {
            Aggregate::Sum(column) | Aggregate::MeanSum(column) => column.column == *name,
            Aggregate::Rows | Aggregate::NonNull(_) | Aggregate::Members => false,
        })
    };
    match options.bounds.keys().find(|name| !is_summed(name)) {
        None => Ok(()),
        Some(name) => {
            let rewrite = "state bounds for columns of SUM and AVG, and only for those";
            Err(refuse_named("bounds of a column that it does not sum:", name.as_str(), rewrite))
        }
    }
}

/// Turns the bounds of a summed column into fixed-point integers, outward.
fn row_bounds(
    column: &ColumnRef,
    question: &Question,
    scope: &Scope,
    options: &ReleaseOptions,
) -> Result<RowBounds, QueryError> {
    let contract = || {
        let table = question.tables.get(column.table).and_then(|table| scope.table(&table.dataset))?;
        table.dataset.column(&column.column)?.privacy.bounds
    };
    let (lower, upper) = options.bounds.get(&column.column).copied().or_else(contract).ok_or_else(|| {
        let rewrite = "state its bounds in the contract (`membrane.privacy.bounds`) or with the request";
        refuse_named("SUM or AVG of a column without bounds", column.column.as_str(), rewrite)
    })?;
    let fault = || {
        let rewrite = "state two numbers, the smaller one first, that fit the column's type";
        refuse_named("the bounds of a column", column.column.as_str(), rewrite)
    };
    if !(lower.is_finite() && upper.is_finite() && lower <= upper) {
        return Err(fault());
    }
    let scale = match column.logical {
        TypeOf::Integer => 0,
        TypeOf::Decimal(_, scale) => scale,
        _ => number_scale(lower.abs().max(upper.abs())),
    };
    let factor = 10_f64.powi(i32::from(scale));
    let units = |value: f64| whole(value).ok_or_else(fault);
    Ok(RowBounds {
        lower: units(settle(lower * factor).floor())?,
        upper: units(settle(upper * factor).ceil())?,
        scale,
    })
}

/// Chooses decimals for a floating-point column: as many as leave room for exact sums.
fn number_scale(largest: f64) -> i8 {
    let fits = |scale: &i8| largest * 10_f64.powi(i32::from(*scale)) <= NUMBER_UNITS_MAX;
    (0..=NUMBER_DECIMALS).rev().find(fits).unwrap_or(0)
}

/// Takes `4999.99 * 100`, which is not quite whole in binary, for the whole number that was meant.
fn settle(value: f64) -> f64 {
    let nearest = value.round();
    if (value - nearest).abs() <= nearest.abs() * 1e-12 { nearest } else { value }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to lie well within i64")]
fn whole(value: f64) -> Option<i64> {
    (value.abs() < 9.0e18).then_some(value as i64)
}

#[cfg(test)]
mod tests;
