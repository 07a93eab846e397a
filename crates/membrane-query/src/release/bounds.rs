//! How much of one member a release may use: from the request, or else from the contract.

mod asked;
mod made;
mod open;

use std::collections::BTreeMap;

use membrane_catalog::DatasetPrivacy;
use membrane_model::{ColumnName, DatasetName, Delta, Epsilon, Limits, ReleaseName};
use membrane_privacy::{
    AggregateKind, AggregateSpec, Chosen, KeyDomain, Mechanism, NoiseKind, PilotReport, PriceAsked,
    PrivacyError, ReleaseSpec, RowBounds,
};

pub(super) use self::made::{Made, made_column, made_of};
use self::open::OpenBounds;
pub(super) use self::open::{PilotOf, widest};
use super::counter::CounterOptions;
use super::exact::size_bound;
use super::named::aggregate_names;
use super::question::{Aggregate, Block, ColumnRef, Fold, Question, Scalar, Table, TypeOf};
use super::refusal::{refuse, refuse_named};
use super::scalar::Reach;
use super::scope::Scope;
use crate::QueryError;

/// What a release asks besides the statement.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseOptions {
    /// What the answer may cost.
    pub price: PriceAsked,
    /// The failure probability at which epsilon is stated.
    pub delta: Delta,
    /// Which noise is drawn.
    pub noise: NoiseKind,
    /// Groups that one member may count in; the contract's when absent.
    pub groups_max: Option<u32>,
    /// Rows of one member that may count in one group; the contract's when absent.
    pub rows_max: Option<u32>,
    /// Fewest members of a group with a key from the data.
    pub cohort_min: u32,
    /// Least and greatest value of one row of a summed column, in place of the contract's.
    pub bounds: BTreeMap<ColumnName, (f64, f64)>,
    /// Half of the width that the 95 % interval of a column of the answer may have.
    pub targets: BTreeMap<ColumnName, f64>,
    /// Half of the width that the 95 % interval of a column may have, as a share of what a typical group comes to; a pilot
    /// says what that is.
    pub shares: BTreeMap<ColumnName, f64>,
    /// Have all bounds chosen that are not stated here, also those that the contract states.
    pub choose_bounds: bool,
    /// What a pilot found, from which open bounds are chosen.
    pub pilot: Option<FoundPilot>,
    /// The edition of a standing release that this is: its name, whatever the versions of the data.
    pub edition: Option<EditionKey>,
    /// Which refresh of a counter it is.
    pub counter: Option<CounterOptions>,
}

/// The name of an edition of a standing release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditionKey {
    /// The release.
    pub release: ReleaseName,
    /// The period.
    pub edition: String,
    /// What tells one definition of the release from another.
    pub definition: String,
}

/// What a pilot found, and whether it was paid for out of the same price.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundPilot {
    /// What it found.
    pub report: PilotReport,
    /// Whether its price is to be taken off what is asked.
    pub is_own: bool,
}

impl ReleaseOptions {
    /// Asks for an epsilon at a delta, with the contract's bounds.
    #[must_use]
    pub const fn new(epsilon: Epsilon, delta: Delta) -> Self {
        Self {
            price: PriceAsked::Epsilon(epsilon),
            delta,
            noise: NoiseKind::Auto,
            groups_max: None,
            rows_max: None,
            cohort_min: 0,
            bounds: BTreeMap::new(),
            targets: BTreeMap::new(),
            shares: BTreeMap::new(),
            choose_bounds: false,
            pilot: None,
            edition: None,
            counter: None,
        }
    }
}

/// Decimals of the sums of a floating-point column, where its bounds allow.
const NUMBER_DECIMALS: i8 = 6;
/// Fixed-point bounds of a floating-point column stay below this.
const NUMBER_UNITS_MAX: f64 = 1e6;
/// What one member adds to one group stays below this, in units of the last decimal; decimals are left out before it does
/// not.
const CONTRIBUTION_UNITS_MAX: f64 = 2_147_483_647.0;

/// Values of one member and group that are kept for quantiles and for counting distinct ones.
const SAMPLES_MAX: u32 = 64;

/// What can be made of a statement.
#[derive(Debug)]
pub(super) enum Calibrated {
    /// The release itself.
    Release(Mechanism),
    /// A pilot that finds out about bounds first.
    Pilot(PilotOf),
}

/// Calibrates a release, or the pilot that it needs first. Where one member could take too much memory, it is told in how
/// many groups a member may count.
pub(super) fn calibrate(
    question: &Question,
    scope: &Scope,
    keys: KeyDomain,
    options: &ReleaseOptions,
    limits: &Limits,
) -> Result<Calibrated, QueryError> {
    let stated = Stated { question, scope, options };
    stated.check_names()?;
    stated.check_conflicts()?;
    stated.check_levels(&keys)?;
    let most = multiplicity(question, &question.block);
    let open = stated.open(&keys, most);
    if options.counter.is_some() && open.any() {
        return Err(refuse(
            "a counter with open bounds",
            "state bounds of what is summed, in the contract or with the release",
        ));
    }
    let mut spec = stated.spec(&keys, &open, None, limits)?;
    if open.any() {
        match stated.choose(&spec, &open)? {
            Some(chosen) => {
                spec = stated.spec(&keys, &open, Some(&chosen), limits)?;
                stated.aim(&mut spec)?;
            }
            None => return stated.pilot(&spec, &open, limits).map(Calibrated::Pilot),
        }
    }
    let (groups_max, rows_max) = (spec.groups_max, spec.rows_max);
    let calibrated = Mechanism::calibrate(spec).map_err(|error| match error {
        PrivacyError::MemberTooLarge { member_max } => {
            let fits =
                |groups: u32| size_bound(question, &keys, groups, rows_max, limits).member_max <= member_max;
            QueryError::MemberTooLarge { groups_max: greatest(groups_max, fits) }
        }
        other => QueryError::Privacy(other),
    });
    calibrated.map(Calibrated::Release)
}

/// Returns the greatest number from 1 to `most` that fits, where all below one that fits do.
fn greatest(most: u32, fits: impl Fn(u32) -> bool) -> Option<u32> {
    let (mut within, mut beyond) = (0, most.saturating_add(1));
    while beyond - within > 1 {
        let middle = within.midpoint(beyond);
        if fits(middle) {
            within = middle;
        } else {
            beyond = middle;
        }
    }
    (within > 0).then_some(within)
}

/// Returns the datasets about members.
pub(super) fn datasets(question: &Question) -> impl Iterator<Item = &DatasetName> {
    question.tables.iter().filter_map(|table| match table {
        Table::Dataset { name, private: true } => Some(name),
        _ => None,
    })
}

/// Returns how many rows of a block one member has at most, where that follows from how it is made.
pub(super) fn multiplicity(question: &Question, block: &Block) -> Option<u32> {
    let of_table = |table: usize| match question.tables.get(table)? {
        Table::PerMember(groups) if groups.keys.is_empty() => Some(1),
        Table::PerMember(groups) => Some(groups.groups_max),
        Table::Kept(kept) => Some(kept.rows_max),
        Table::Dataset { .. } | Table::Union(_) => None,
    };
    block.joins.iter().try_fold(of_table(block.source)?, |rows, join| rows.checked_mul(join.rows_max))
}

/// What was stated about columns: with the request, in contracts, or by how a column is made.
struct Stated<'a> {
    question: &'a Question,
    scope: &'a Scope,
    options: &'a ReleaseOptions,
}

impl Stated<'_> {
    /// States a release for the mechanism: with the bounds that were chosen, or else as wide as those that are open may be.
    fn spec(
        &self,
        keys: &KeyDomain,
        open: &OpenBounds,
        chosen: Option<&Chosen>,
        limits: &Limits,
    ) -> Result<ReleaseSpec, QueryError> {
        let Self { question, options, .. } = self;
        let most = multiplicity(question, &question.block);
        let contract = self.contract(&question.block);
        // A member cannot have more than there are.
        let bound = |asked: Option<u32>, contract: Option<u32>| match (asked.or(contract), most) {
            (Some(stated), Some(most)) if stated >= 1 => stated.min(most).max(1),
            (Some(stated), _) => stated,
            (None, most) => most.unwrap_or(1),
        };
        let rows_max = match (chosen, self.rows_widest(open, most)) {
            _ if options.counter.is_some() => most.unwrap_or(1),
            (Some(chosen), Some(_)) => chosen.rows_max,
            (None, Some(widest)) => widest,
            (_, None) => bound(options.rows_max, contract.map(|privacy| privacy.rows_max)),
        };
        let groups_max = match (chosen, Self::groups_widest(open, most)) {
            // Without keys there is one group.
            _ if *keys == KeyDomain::None => 1,
            _ if options.counter.is_some() => most.unwrap_or(1),
            (Some(chosen), Some(_)) => chosen.groups_max,
            (None, Some(widest)) => widest,
            (_, None) => bound(options.groups_max, contract.map(|privacy| privacy.groups_max)),
        };
        Ok(ReleaseSpec {
            groups_max,
            rows_max,
            aggregates: self.aggregates(rows_max, groups_max, open, chosen)?,
            rollup: question.rollup.clone(),
            counter: options.counter.as_ref().map(CounterOptions::counter),
            price: options.price,
            spent: options.pilot.as_ref().filter(|pilot| pilot.is_own).map(|pilot| pilot.report.spent()),
            delta: options.delta,
            noise: options.noise,
            cohort_min: options.cohort_min,
            size: size_bound(question, keys, groups_max, rows_max, limits),
            keys: keys.clone(),
        })
    }

    /// Returns the bounds that the contract of a block's rows states.
    fn contract(&self, block: &Block) -> Option<DatasetPrivacy> {
        match self.question.tables.get(block.source)? {
            Table::Dataset { name, .. } => self.scope.table(name)?.dataset.privacy,
            Table::Kept(kept) => {
                let block = Block { source: kept.of, joins: Vec::new(), conditions: Vec::new() };
                self.contract(&block)
            }
            Table::PerMember(groups) => self.contract(&groups.block),
            Table::Union(parts) => {
                let parts = parts.iter().map(|part| self.contract(&part.block));
                // Rows of all parts are rows of one member.
                parts.reduce(|one, other| {
                    let (one, other) = (one?, other?);
                    Some(DatasetPrivacy {
                        groups_max: one.groups_max.max(other.groups_max),
                        rows_max: one.rows_max.saturating_add(other.rows_max),
                    })
                })?
            }
        }
    }

    /// States the aggregates for the mechanism.
    fn aggregates(
        &self,
        rows_max: u32,
        groups_max: u32,
        open: &OpenBounds,
        chosen: Option<&Chosen>,
    ) -> Result<Vec<AggregateSpec>, QueryError> {
        // A coarser group may hold all groups of a member.
        let groups = if self.question.rollup.is_empty() { 1 } else { groups_max };
        let aggregates = &self.question.aggregates;
        let mut stated = Vec::with_capacity(aggregates.len());
        for (index, (aggregate, name)) in aggregates.iter().zip(aggregate_names(self.question)).enumerate() {
            let amount = open.amounts.iter().position(|open| *open == index);
            let kind = match (aggregate, amount) {
                (Aggregate::Sum(argument), Some(amount)) => {
                    let chosen = chosen.and_then(|chosen| chosen.amounts_max.get(amount)).copied();
                    self.amount(index, argument, &name, chosen)?
                }
                _ => self.kind(index, aggregate, &name, rows_max, rows_max.saturating_mul(groups))?,
            };
            let quantiles = match aggregate {
                Aggregate::Quantiles(_, shares) => shares.clone(),
                _ => Vec::new(),
            };
            let target95 = self.target(index, kind)?;
            stated.push(AggregateSpec { quantiles, target95, ..AggregateSpec::new(name, kind) });
        }
        Ok(stated)
    }

    fn kind(
        &self,
        index: usize,
        aggregate: &Aggregate,
        name: &str,
        rows_max: u32,
        rows_together: u32,
    ) -> Result<AggregateKind, QueryError> {
        let bounds = |argument: &Scalar| self.row_bounds(index, argument, name, rows_max);
        Ok(match aggregate {
            Aggregate::Rows => AggregateKind::Rows,
            Aggregate::NonNull(_) => AggregateKind::NonNull,
            Aggregate::Members => AggregateKind::Members,
            Aggregate::Sum(argument) => {
                let RowBounds { lower, upper, scale } = bounds(argument)?;
                AggregateKind::Sum { lower, upper, scale }
            }
            Aggregate::MeanSum(argument) => {
                let RowBounds { lower, upper, scale } = bounds(argument)?;
                AggregateKind::MeanSum { lower, upper, scale }
            }
            Aggregate::MeanSquares(argument) => {
                let RowBounds { lower, upper, scale } = bounds(argument)?;
                AggregateKind::mean_squares(lower, upper, scale, rows_together)
            }
            Aggregate::Distinct(_) => AggregateKind::Distinct { values_max: rows_max.min(SAMPLES_MAX) },
            Aggregate::Quantiles(argument, _) => {
                if rows_max > SAMPLES_MAX {
                    let rewrite = "state rows_max of 64 or less with the request";
                    return Err(refuse_named("quantiles of more than 64 rows of each member", name, rewrite));
                }
                let RowBounds { lower, upper, scale } = bounds(argument)?;
                AggregateKind::Quantile { lower, upper, scale }
            }
        })
    }

    /// Returns the columns of datasets that an expression is made from.
    fn bases(&self, scalar: &Scalar) -> Vec<ColumnRef> {
        let mut found = Vec::new();
        for column in scalar.columns() {
            match self.question.tables.get(column.table).and_then(|table| made_of(table, column)) {
                Some(made) => made.iter().for_each(|one| found.extend(self.bases(one))),
                None => found.push(column.clone()),
            }
        }
        found
    }

    /// Returns between which numbers a column lies.
    fn interval(&self, column: &ColumnRef) -> Option<(f64, f64)> {
        if let Some(bounds) = self.options.bounds.get(&column.column) {
            return Some(*bounds);
        }
        let of = |scalar: &Scalar| self.reach(scalar);
        match self.question.tables.get(column.table)? {
            Table::Dataset { name, .. } => {
                self.scope.table(name)?.dataset.column(&column.column)?.privacy.bounds
            }
            Table::Kept(kept) => self.interval(&ColumnRef { table: kept.of, ..column.clone() }),
            Table::PerMember(groups) => match made_column(groups, column)? {
                Made::Key(key) => of(key),
                Made::Fold(fold) => {
                    let contract = self.contract(&groups.block).map(|privacy| privacy.rows_max);
                    let rows = f64::from(self.options.rows_max.or(contract)?);
                    match fold {
                        Fold::Rows | Fold::NonNull(_) => Some((0.0, rows)),
                        Fold::Sum(one) => {
                            of(one).map(|(low, high)| (low.min(0.0) * rows, high.max(0.0) * rows))
                        }
                        Fold::Mean(one) | Fold::Least(one) | Fold::Greatest(one) => of(one),
                    }
                }
            },
            table @ Table::Union(_) => {
                let parts = made_of(table, column)?;
                let hull = parts.iter().map(of).reduce(|one, other| {
                    let ((low, high), (least, most)) = (one?, other?);
                    Some((low.min(least), high.max(most)))
                });
                hull.flatten()
            }
        }
    }

    fn reach(&self, scalar: &Scalar) -> Option<(f64, f64)> {
        Reach { stated: &|column| self.interval(column) }.interval(scalar)
    }

    /// Turns the bounds of what is summed into fixed-point integers, outward.
    fn row_bounds(
        &self,
        aggregate: usize,
        argument: &Scalar,
        name: &str,
        rows_max: u32,
    ) -> Result<RowBounds, QueryError> {
        let found = self.asked(aggregate).next().map(|(_, bounds)| *bounds).or_else(|| self.reach(argument));
        let plain = argument.as_column().filter(|column| {
            matches!(self.question.tables.get(column.table), Some(Table::Dataset { .. } | Table::Kept(_)))
        });
        let name = plain.map_or(name, |column| column.column.as_str());
        let (lower, upper) = found.ok_or_else(|| {
            let rewrite = "state bounds in the contract (`membrane.privacy.bounds`) or with the request, for its columns or \
                           for the column of the answer";
            refuse_named("SUM or AVG of something without bounds", name, rewrite)
        })?;
        let fault = || {
            let rewrite = "state two numbers, the smaller one first, that fit the column's type";
            refuse_named("the bounds of a column", name, rewrite)
        };
        if !(lower.is_finite() && upper.is_finite() && lower <= upper) {
            return Err(fault());
        }
        let largest = lower.abs().max(upper.abs());
        let scale = match argument.logical() {
            TypeOf::Integer => 0,
            TypeOf::Decimal(_, scale) => {
                let rows = f64::from(rows_max);
                let fits =
                    |scale: &i8| largest * 10_f64.powi(i32::from(*scale)) * rows < CONTRIBUTION_UNITS_MAX;
                // Where it fits with no decimals, the mechanism says so.
                (0..=scale).rev().find(fits).unwrap_or(scale)
            }
            _ => number_scale(largest),
        };
        let factor = 10_f64.powi(i32::from(scale));
        let units = |value: f64| whole(value).ok_or_else(fault);
        Ok(RowBounds {
            lower: units(settle(lower * factor).floor())?,
            upper: units(settle(upper * factor).ceil())?,
            scale,
        })
    }
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
