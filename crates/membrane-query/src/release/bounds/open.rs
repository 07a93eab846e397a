//! Bounds that nobody stated: how wide they may be while a pilot looks, and what it chose.
//!
//! A bound is open when neither the request nor a contract states it, or when the request asks for all bounds to be
//! chosen; then what contracts state about one row still holds. The widest bounds that may be chosen are constants and
//! types: they follow from the statement alone.

use membrane_model::Price;
use membrane_privacy::{
    AggregateKind, AggregateSpec, Chosen, KeyDomain, Open, Pilot, PrivacyError, ReleaseSpec, RowBounds,
    pilot_price, price_max,
};

use super::{SAMPLES_MAX, Stated, whole};
use crate::QueryError;
use crate::release::exact::size_bound;
use crate::release::question::{Aggregate, Output, Question, Scalar, Shows, TypeOf};
use crate::release::refusal::refuse_named;

/// The most groups of one member that a pilot looks at.
const GROUPS_MAX: u32 = 128;
/// The most rows of one member in one group that may be chosen.
const ROWS_MAX: u32 = 1024;
/// Where one member has no more rows than this by how rows are made, that is the bound.
const FEW: u32 = 4;
/// What one member adds to one group, in units of the last decimal, stays below this.
const AMOUNT_MAX: i64 = 2_147_483_647;
/// What one row adds stays below this where nothing is known of it.
const ROW_MAX: i64 = (1 << 42) - 1;
/// Decimals of a sum of which no bounds are known.
const DECIMALS_MAX: i8 = 2;

/// Which bounds of a release are open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenBounds {
    pub(super) of_member: Open,
    /// The positions of the sums whose bounds are open.
    pub(super) amounts: Vec<usize>,
    /// Whether anything is counted by rows.
    by_rows: bool,
    /// Whether a pilot is needed to know what a typical group comes to.
    by_shares: bool,
}

/// A pilot, and the question that it asks.
#[derive(Debug)]
pub(in crate::release) struct PilotOf {
    pub(in crate::release) question: Question,
    pub(in crate::release) pilot: Pilot,
    /// What pilot and release may cost together at most.
    pub(in crate::release) whole: Price,
}

impl OpenBounds {
    /// Tells whether a pilot has anything to find out.
    pub(super) const fn any(&self) -> bool {
        self.of_member.groups || self.of_member.rows || !self.amounts.is_empty() || self.by_shares
    }
}

impl Stated<'_> {
    /// Finds the bounds that are open. `most` is how many rows one member has, where that follows from how they are made.
    pub(super) fn open(&self, keys: &KeyDomain, most: Option<u32>) -> OpenBounds {
        let Self { question, options, .. } = self;
        let contract = self.contract(&question.block).is_some() && !options.choose_bounds;
        let counts = options.counter.is_some();
        let is_open = |asked: Option<u32>| {
            asked.is_none() && !counts && !contract && most.is_none_or(|most| most > FEW)
        };
        let aggregates = || question.aggregates.iter().enumerate();
        let by_shares = !options.shares.is_empty();
        let amounts = aggregates().filter(|(index, aggregate)| match aggregate {
            Aggregate::Sum(argument) => {
                let stated = self.asked(*index).next().is_some() || self.has_bounds_asked(argument);
                by_shares || (!stated && (options.choose_bounds || self.reach(argument).is_none()))
            }
            _ => false,
        });
        let amounts: Vec<usize> = amounts.map(|(index, _)| index).collect();
        // Only what is counted by rows needs a bound on them.
        let by_rows = aggregates()
            .any(|(index, aggregate)| !matches!(aggregate, Aggregate::Members) && !amounts.contains(&index));
        let of_member = Open {
            groups: is_open(options.groups_max) && *keys != KeyDomain::None,
            rows: is_open(options.rows_max) && by_rows,
        };
        OpenBounds { of_member, amounts, by_rows, by_shares }
    }

    /// Returns the most groups of one member that may be chosen, where they are open.
    pub(super) fn groups_widest(open: &OpenBounds, most: Option<u32>) -> Option<u32> {
        open.of_member.groups.then(|| within(most, GROUPS_MAX))
    }

    /// Returns the most rows of one member in one group that may be chosen, where they are open or do not matter.
    pub(super) fn rows_widest(&self, open: &OpenBounds, most: Option<u32>) -> Option<u32> {
        let kept = self.question.aggregates.iter().any(|one| matches!(one, Aggregate::Quantiles(..)));
        match (open.of_member.rows, open.by_rows) {
            (true, _) => Some(within(most, if kept { SAMPLES_MAX } else { ROWS_MAX })),
            (false, true) => None,
            (false, false) => Some(1),
        }
    }

    /// Returns the kind of a sum whose bounds were chosen, or are as wide as they may be.
    pub(super) fn amount(
        &self,
        index: usize,
        argument: &Scalar,
        name: &str,
        chosen: Option<i64>,
    ) -> Result<AggregateKind, QueryError> {
        let RowBounds { lower, upper, scale } = match self.reach(argument) {
            Some(_) => self.row_bounds(index, argument, name, 1)?,
            None => RowBounds { lower: -ROW_MAX, upper: ROW_MAX, scale: decimals(argument.logical()) },
        };
        let amount = chosen.unwrap_or(AMOUNT_MAX).clamp(1, AMOUNT_MAX);
        let side = |bound: i64, side: i64| if bound == 0 { 0 } else { side };
        let (least, most) = (side(lower.min(0), -amount), side(upper.max(0), amount));
        Ok(AggregateKind::SumWithin { lower, upper, scale, least, most })
    }

    /// States the pilot of a release.
    pub(super) fn pilot(
        &self,
        wide: &ReleaseSpec,
        open: &OpenBounds,
        limits: &membrane_model::Limits,
    ) -> Result<PilotOf, QueryError> {
        let question = self.pilot_question(open);
        let amounts = open.amounts.iter().filter_map(|index| wide.aggregates.get(*index));
        let amounts =
            amounts.enumerate().map(|(index, one)| AggregateSpec::new(format!("amount {index}"), one.kind));
        let spec = ReleaseSpec {
            aggregates: std::iter::once(AggregateSpec::new("rows", AggregateKind::Rows))
                .chain(amounts)
                .collect(),
            rollup: Vec::new(),
            counter: None,
            price: pilot_price(wide).map_err(QueryError::Privacy)?,
            size: size_bound(&question, &wide.keys, wide.groups_max, wide.rows_max, limits),
            ..wide.clone()
        };
        let pilot =
            Pilot::calibrate(spec, open.of_member.rows || open.by_shares).map_err(QueryError::Privacy)?;
        let whole = price_max(wide).map_err(QueryError::Privacy)?;
        Ok(PilotOf { question, pilot, whole })
    }

    fn pilot_question(&self, open: &OpenBounds) -> Question {
        let amounts = open.amounts.iter().filter_map(|index| self.question.aggregates.get(*index)).cloned();
        Question {
            aggregates: std::iter::once(Aggregate::Rows).chain(amounts).collect(),
            rollup: Vec::new(),
            outputs: Vec::new(),
            having: None,
            order: Vec::new(),
            offset: 0,
            limit: None,
            ..self.question.clone()
        }
    }

    /// Chooses bounds from what a pilot found.
    pub(super) fn choose(&self, wide: &ReleaseSpec, open: &OpenBounds) -> Result<Option<Chosen>, QueryError> {
        let Some(found) = &self.options.pilot else { return Ok(None) };
        let chosen = found.report.choose(wide, open.of_member).map_err(QueryError::Privacy)?;
        if chosen.amounts_max.len() != open.amounts.len() {
            return Err(QueryError::Privacy(PrivacyError::Shape));
        }
        Ok(Some(chosen))
    }

    /// Turns widths that are asked for as shares into targets.
    pub(super) fn aim(&self, spec: &mut ReleaseSpec) -> Result<(), QueryError> {
        let Some(found) = &self.options.pilot else { return Ok(()) };
        let totals = found.report.typical(spec.groups_listed()).totals(spec);
        for (name, share) in &self.options.shares {
            let fault = || {
                let rewrite = "state a share above 0 for a column of the answer that is a count or a sum";
                refuse_named("a share of the column", name.as_str(), rewrite)
            };
            let shows = |output: &&Output| output.name == name.as_str();
            let Some(Shows::Aggregate(index)) =
                self.question.outputs.iter().find(shows).map(|output| &output.shows)
            else {
                return Err(fault());
            };
            let total = totals.get(*index).copied().flatten().ok_or_else(fault)?;
            let target = whole((total * share).floor()).filter(|_| *share > 0.0).ok_or_else(fault)?.max(1);
            let aggregate = spec.aggregates.get_mut(*index).ok_or_else(fault)?;
            aggregate.target95 = Some(aggregate.target95.map_or(target, |known| known.min(target)));
        }
        Ok(())
    }

    fn has_bounds_asked(&self, argument: &Scalar) -> bool {
        self.bases(argument).iter().any(|column| self.options.bounds.contains_key(&column.column))
    }
}

/// Returns a statement that lets in as much of each member as any choice can.
pub(in crate::release) fn widest(spec: &ReleaseSpec) -> ReleaseSpec {
    let kept = spec.aggregates.iter().any(|one| one.kind.samples_max(1).is_some());
    let rows_max = if kept { SAMPLES_MAX } else { ROWS_MAX };
    let aggregates = spec.aggregates.iter().map(|aggregate| {
        let kind = match aggregate.kind {
            AggregateKind::Distinct { .. } => AggregateKind::Distinct { values_max: rows_max },
            kind => kind,
        };
        AggregateSpec { kind, ..aggregate.clone() }
    });
    ReleaseSpec { groups_max: GROUPS_MAX, rows_max, aggregates: aggregates.collect(), ..spec.clone() }
}

fn within(most: Option<u32>, ceiling: u32) -> u32 {
    most.map_or(ceiling, |most| most.min(ceiling).max(1))
}

/// Returns the decimals of a sum of which nothing but the type is known.
fn decimals(logical: TypeOf) -> i8 {
    match logical {
        TypeOf::Integer => 0,
        TypeOf::Decimal(_, scale) => scale.clamp(0, DECIMALS_MAX),
        _ => DECIMALS_MAX,
    }
}
