//! What is drawn: each kind of part with each noise, and neighbours on which it loses the most.

use std::collections::BTreeMap;

use membrane_model::{Delta, Price};

use super::{DELTA, GRID_MAX, evidence};
use crate::mechanism::{Mechanism, Noise};
use crate::{
    AggregateKind, AggregateSpec, Counter, ExactTotals, GroupKey, GroupTotals, KeyDomain, NoiseKind, Pilot,
    PriceAsked, PrivacyError, ReleaseSpec, SizeBound, epsilon_of,
};

/// Groups that are drawn at once, each of which stands for a draw.
const GROUPS: usize = 5_000;
/// The same of quantiles, each of which takes many draws of noise.
const GROUPS_OF_QUANTILES: usize = 500;
/// What every total has without the member.
const BASE: i64 = 1_000;
/// Groups of one member, where a member is in several.
const SEVERAL: usize = 4;
const ROWS_MAX: u32 = 3;
/// A counter of so many refreshes, which has so many levels of nodes.
const COUNTER_REFRESHES: u32 = 7;
const COUNTER_LEVELS: usize = 3;
const MEMBER_BYTES: u64 = 1_000;
/// What every release states, half of it for the choice of groups.
const DELTA_STATED: f64 = 2e-3;
/// A quantile takes as many times as long to draw as a number.
const QUANTILE_DEARER: usize = 4;
/// Where Laplace noise on several numbers has to be seen together, it takes so many more draws, as long as those are few: what
/// each of them says is bounded, and all of them seldom say it at once.
const SEVERAL_MORE: usize = 5;
const SEVERAL_DRAWS_MAX: usize = 100_000;
/// Shares of the price, as one in so many.
const SIZE_SHARE: u64 = 50;
const CLIPPING_SHARE: u64 = 20;

/// One part, with one noise.
pub(super) struct Case {
    part: Part,
    noise: NoiseKind,
}

/// Which part.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// One number of each of so many groups.
    Aggregate(AggregateKind, usize),
    /// The path of a row through a tree.
    Path,
    /// A quantile of a group with one row, or none.
    Quantile,
    /// The count by which a group was chosen.
    Choice,
    /// The total of several groups, which adds up with theirs: all of a member's lie in it.
    Levels,
    /// All nodes of a counter in which a member's rows lie.
    Counter,
    Clipping,
    Size,
    Whole,
    Pilot,
}

/// Scores of draws of two neighbours, and of which step their grid is to be seen, if they have one.
pub(super) struct Drawn {
    pub(super) one: Vec<f64>,
    pub(super) other: Vec<f64>,
    pub(super) grid: Option<u8>,
}

const TREE: AggregateKind = AggregateKind::Quantile { lower: 0, upper: 32_767, scale: 0 };
const SUM: AggregateKind = AggregateKind::Sum { lower: -10, upper: 900, scale: 0 };
const WITHIN: AggregateKind =
    AggregateKind::SumWithin { lower: -10, upper: 900, scale: 0, least: -5, most: 70 };

/// Returns all of them.
pub(super) fn cases() -> Vec<Case> {
    let kinds = [
        AggregateKind::Rows,
        AggregateKind::NonNull,
        AggregateKind::Members,
        SUM,
        WITHIN,
        AggregateKind::MeanSum { lower: 100, upper: 900, scale: 0 },
        AggregateKind::mean_squares(0, 90, 0, ROWS_MAX),
        AggregateKind::Distinct { values_max: 4 },
    ];
    let one = kinds.into_iter().map(|kind| Part::Aggregate(kind, 1));
    let others = [
        Part::Aggregate(SUM, SEVERAL),
        Part::Path,
        Part::Quantile,
        Part::Choice,
        Part::Levels,
        Part::Counter,
        Part::Clipping,
        Part::Size,
        Part::Whole,
        Part::Pilot,
    ];
    let parts: Vec<Part> = one.chain(others).collect();
    let with = |noise| parts.iter().map(move |part| Case { part: *part, noise });
    // What counts on has Gaussian noise alone.
    let laplace = with(NoiseKind::Laplace).filter(|case| !matches!(case.part, Part::Counter));
    with(NoiseKind::Gaussian).chain(laplace).collect()
}

impl Case {
    pub(super) fn name(&self) -> String {
        let part = match self.part {
            Part::Aggregate(kind, groups) => match (named(kind), groups) {
                (name, 1) => name.to_owned(),
                (name, groups) => format!("{name} in {groups} groups"),
            },
            Part::Path => "quantiles, the path of a row through the tree".to_owned(),
            Part::Quantile => "quantiles, the median that is shown".to_owned(),
            Part::Choice => "choice of groups, the count that is shown".to_owned(),
            Part::Levels => "levels that add up, the total of several groups".to_owned(),
            Part::Counter => "counter, the nodes of a member".to_owned(),
            Part::Clipping => "counts of members and of those clipped".to_owned(),
            Part::Size => "limit on the size".to_owned(),
            Part::Whole => "a whole release: count, sum, members, choice of groups".to_owned(),
            Part::Pilot => "pilot".to_owned(),
        };
        format!("{part}, {}", if self.noise == NoiseKind::Laplace { "Laplace" } else { "Gaussian" })
    }

    /// Tells whether half of the noise must be seen in the scores: where a walk through a tree is all that is shown, much of
    /// what its noise loses is not.
    pub(super) const fn is_sharp(&self) -> bool {
        match self.part {
            Part::Quantile => false,
            // The total is all that Gaussian noise says of the member; of Laplace noise each part says more.
            Part::Levels => matches!(self.noise, NoiseKind::Gaussian),
            _ => true,
        }
    }

    /// Returns how many draws are made where so many are made of a number.
    pub(super) fn draws(&self, draws: usize) -> usize {
        let together = match self.part {
            Part::Aggregate(_, groups) => groups > 1,
            Part::Path | Part::Whole | Part::Pilot | Part::Levels => true,
            _ => false,
        };
        match self.part {
            Part::Quantile => draws / QUANTILE_DEARER,
            _ if together && self.noise == NoiseKind::Laplace => {
                draws.saturating_mul(SEVERAL_MORE).min(SEVERAL_DRAWS_MAX).max(draws)
            }
            _ => draws,
        }
    }

    /// Returns the price of a release of which the part costs about so much.
    const fn whole_price(&self, rho_nano: u64) -> u64 {
        match self.part {
            Part::Size => rho_nano.saturating_mul(SIZE_SHARE),
            Part::Clipping => rho_nano.saturating_mul(CLIPPING_SHARE),
            _ => rho_nano,
        }
    }

    /// Returns the epsilon that the part costs, and at which delta.
    pub(super) fn claim(&self, rho_nano: u64) -> Result<(f64, f64), PrivacyError> {
        if matches!(self.part, Part::Pilot) {
            return claim_of(self.pilot(rho_nano)?.noise());
        }
        let mechanism = self.mechanism(rho_nano)?;
        match self.part {
            Part::Whole => match mechanism.pure_epsilon() {
                Some(epsilon) => Ok((epsilon, DELTA_STATED)),
                None => Ok((epsilon_of(mechanism.price(), Delta::new(DELTA)?)?, DELTA)),
            },
            Part::Levels => claim_of_all(&noises(&mechanism)),
            Part::Counter => {
                let noise = self.noise_of(&mechanism)?;
                claim_of_all(&[noise; COUNTER_LEVELS])
            }
            _ => claim_of(self.noise_of(&mechanism)?),
        }
    }

    /// Returns the noise that is looked at.
    fn noise_of<'a>(&self, mechanism: &'a Mechanism) -> Result<&'a Noise, PrivacyError> {
        match self.part {
            Part::Clipping => mechanism.clipping.as_ref().ok_or(PrivacyError::Shape),
            Part::Size => Ok(mechanism.size.noise()),
            _ => mechanism.parts.first().ok_or(PrivacyError::Shape).and_then(|part| mechanism.noise_of(part)),
        }
    }

    /// Calibrates the release that has the part.
    fn mechanism(&self, rho_nano: u64) -> Result<Mechanism, PrivacyError> {
        let listed = |groups| KeyDomain::Public((0..groups).map(key).collect());
        let (keys, kinds) = match self.part {
            Part::Aggregate(kind, _) => (listed(GROUPS), vec![kind]),
            Part::Path | Part::Quantile => (listed(GROUPS_OF_QUANTILES), vec![TREE]),
            Part::Choice => (KeyDomain::Unknown, vec![AggregateKind::Members]),
            Part::Levels => {
                (KeyDomain::Public((0..GROUPS).map(nested_key).collect()), vec![AggregateKind::Rows])
            }
            Part::Counter => (KeyDomain::None, vec![AggregateKind::Rows]),
            Part::Whole => (KeyDomain::Unknown, vec![AggregateKind::Rows, SUM, AggregateKind::Members]),
            Part::Clipping | Part::Size | Part::Pilot => (KeyDomain::None, vec![AggregateKind::Rows]),
        };
        let groups_max = match self.part {
            Part::Aggregate(_, groups) => u32::try_from(groups).unwrap_or(u32::MAX),
            Part::Levels => u32::try_from(SEVERAL).unwrap_or(u32::MAX),
            _ => 1,
        };
        let mut spec = self.spec(keys, groups_max, kinds, rho_nano)?;
        match self.part {
            Part::Levels => spec.rollup = vec![1],
            Part::Counter => spec.counter = Some(Counter { refreshes: COUNTER_REFRESHES }),
            _ => {}
        }
        Mechanism::calibrate(spec)
    }

    fn pilot(&self, rho_nano: u64) -> Result<Pilot, PrivacyError> {
        let spec = self.spec(KeyDomain::Unknown, 4, vec![AggregateKind::Rows, WITHIN], rho_nano)?;
        Pilot::calibrate(spec, true)
    }

    fn spec(
        &self,
        keys: KeyDomain,
        groups_max: u32,
        kinds: Vec<AggregateKind>,
        rho_nano: u64,
    ) -> Result<ReleaseSpec, PrivacyError> {
        let aggregate = |(index, kind): (usize, AggregateKind)| AggregateSpec {
            quantiles: if kind.tree().is_some() { vec![0.5] } else { Vec::new() },
            ..AggregateSpec::new(format!("a{index}"), kind)
        };
        Ok(ReleaseSpec {
            keys,
            groups_max,
            rows_max: if matches!(self.part, Part::Path | Part::Quantile) { 1 } else { ROWS_MAX },
            aggregates: kinds.into_iter().enumerate().map(aggregate).collect(),
            rollup: Vec::new(),
            counter: None,
            price: PriceAsked::Rho { rho_nano: self.whole_price(rho_nano) },
            spent: None,
            delta: Delta::new(DELTA_STATED)?,
            noise: self.noise,
            cohort_min: 0,
            size: SizeBound { member_max: MEMBER_BYTES, total_max: 1 << 40 },
        })
    }

    /// Draws with the member and without, so many times each.
    pub(super) fn draw(&self, rho_nano: u64, draws: usize) -> Result<Drawn, PrivacyError> {
        if matches!(self.part, Part::Pilot) {
            let pilot = self.pilot(rho_nano)?;
            return cells(pilot.noise(), usize::try_from(pilot.cells()).unwrap_or(1), 1, draws);
        }
        let mechanism = self.mechanism(rho_nano)?;
        let noise = self.noise_of(&mechanism)?;
        match self.part {
            Part::Aggregate(kind, groups) => aggregates(&mechanism, noise, (kind, groups), draws),
            Part::Path => cells(noise, usize::try_from(TREE.layers()).unwrap_or(1), 1, draws),
            Part::Levels => levels(&mechanism, draws),
            Part::Counter => cells(noise, COUNTER_LEVELS, i64::from(ROWS_MAX), draws),
            Part::Clipping => cells(noise, 2, 1, draws),
            Part::Quantile => quantiles(&mechanism, draws),
            Part::Choice => choices(&mechanism, noise, draws),
            Part::Size => sizes(&mechanism, draws),
            Part::Whole => wholes(&mechanism, draws),
            Part::Pilot => Err(PrivacyError::Shape),
        }
    }
}

const fn named(kind: AggregateKind) -> &'static str {
    match kind {
        AggregateKind::Rows => "COUNT(*)",
        AggregateKind::NonNull => "COUNT(x)",
        AggregateKind::Members => "COUNT(DISTINCT member)",
        AggregateKind::Sum { .. } => "SUM(x)",
        AggregateKind::SumWithin { .. } => "SUM(x) within bounds of the total",
        AggregateKind::MeanSum { .. } => "the sum of AVG(x)",
        AggregateKind::MeanSquares { .. } => "the squares of VAR(x)",
        AggregateKind::Distinct { .. } => "COUNT(DISTINCT x)",
        AggregateKind::Quantile { .. } => "quantiles",
    }
}

/// Returns the epsilon that noise costs: the pure one where there is one.
fn claim_of(noise: &Noise) -> Result<(f64, f64), PrivacyError> {
    match noise.epsilon {
        Some(epsilon) => Ok((epsilon, 0.0)),
        None => {
            let price = Price { delta_atto: 0, ..noise.price() };
            Ok((epsilon_of(price, Delta::new(DELTA)?)?, DELTA))
        }
    }
}

/// Returns the epsilon that noises cost together.
fn claim_of_all(noises: &[&Noise]) -> Result<(f64, f64), PrivacyError> {
    if let Some(epsilon) = noises.iter().map(|noise| noise.epsilon).sum::<Option<f64>>() {
        return Ok((epsilon, 0.0));
    }
    let rho_nano = noises.iter().map(|noise| noise.price().rho_nano).sum();
    Ok((epsilon_of(Price { rho_nano, delta_atto: 0 }, Delta::new(DELTA)?)?, DELTA))
}

/// Returns the noises of all levels of the first aggregate.
fn noises(mechanism: &Mechanism) -> Vec<&Noise> {
    let finest = mechanism.parts.first().and_then(|part| mechanism.noise_of(part).ok());
    finest.into_iter().chain(mechanism.coarser.first().into_iter().flatten()).collect()
}

/// Names a group by that which it lies in, and by itself.
fn nested_key(number: usize) -> GroupKey {
    vec![Some((number / SEVERAL).to_string()), Some((number % SEVERAL).to_string())]
}

fn key(number: usize) -> GroupKey {
    vec![Some(number.to_string())]
}

/// Returns the step of the grid that noise as wide as this must show.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held within 2 and 16")]
fn step(noise: &Noise) -> u8 {
    (noise.sd * 2.0).clamp(2.0, GRID_MAX) as u8
}

/// Makes exact totals of so many groups that are all alike.
fn totals(groups: usize, of_group: &GroupTotals) -> ExactTotals {
    let groups: BTreeMap<GroupKey, GroupTotals> =
        (0..groups).map(|number| (key(number), of_group.clone())).collect();
    ExactTotals { groups, members: BASE, members_clipped: 0 }
}

/// Draws an aggregate through whole releases of many groups; a score is made of so many of them.
fn aggregates(
    mechanism: &Mechanism,
    noise: &Noise,
    (kind, groups): (AggregateKind, usize),
    draws: usize,
) -> Result<Drawn, PrivacyError> {
    let most = kind.contribution_max(ROWS_MAX).ok_or(PrivacyError::Shape)?;
    let (one, other) = (float(BASE + most), float(BASE));
    let scores = |total: i64| {
        let exact = totals(GROUPS, &GroupTotals { members: BASE, values: vec![total], cells: Vec::new() });
        let mut scores = Vec::with_capacity(draws);
        while scores.len() < draws {
            let released = mechanism.release(&exact)?.groups;
            let values =
                released.iter().filter_map(|group| group.values.first()).map(|value| float(value.value));
            let values: Vec<f64> = values.collect();
            if groups == 1 {
                scores.extend(values);
                continue;
            }
            let of_member = |values: &[f64]| {
                values
                    .iter()
                    .map(|value| evidence(noise.drawn, noise.scale, *value, (one, other)))
                    .sum::<f64>()
            };
            scores.extend(values.chunks_exact(groups).map(of_member));
        }
        scores.truncate(draws);
        Ok::<_, PrivacyError>(scores)
    };
    let grid = (groups == 1).then(|| step(noise));
    Ok(Drawn { one: scores(BASE + most)?, other: scores(BASE)?, grid })
}

/// Draws cells that a member moves by so much each.
fn cells(noise: &Noise, cells: usize, most: i64, draws: usize) -> Result<Drawn, PrivacyError> {
    let (one, other) = (float(BASE + most), float(BASE));
    let scores = |total: i64| {
        let mut scores = Vec::with_capacity(draws);
        while scores.len() < draws {
            let drawn = noise.add(vec![total; GROUPS.saturating_mul(cells)])?;
            let of_member = |values: &[i64]| {
                let speaks = |value: &i64| evidence(noise.drawn, noise.scale, float(*value), (one, other));
                values.iter().map(speaks).sum::<f64>()
            };
            scores.extend(drawn.chunks_exact(cells).map(of_member));
        }
        scores.truncate(draws);
        Ok::<_, PrivacyError>(scores)
    };
    Ok(Drawn { one: scores(BASE + most)?, other: scores(BASE)?, grid: None })
}

/// Draws totals of so many groups as a member may have, each of which has all of one member's or none.
fn levels(mechanism: &Mechanism, draws: usize) -> Result<Drawn, PrivacyError> {
    let scores = |total: i64| {
        let of_group = GroupTotals { members: BASE, values: vec![total], cells: Vec::new() };
        let groups = (0..GROUPS).map(|number| (nested_key(number), of_group.clone())).collect();
        let exact = ExactTotals { groups, members: BASE, members_clipped: 0 };
        let mut scores = Vec::with_capacity(draws);
        while scores.len() < draws {
            let released = mechanism.release(&exact)?.groups;
            let sums = released.iter().filter(|group| group.rolled == 1);
            scores.extend(sums.filter_map(|group| group.values.first()).map(|value| float(value.value)));
        }
        scores.truncate(draws);
        Ok::<_, PrivacyError>(scores)
    };
    Ok(Drawn { one: scores(BASE + i64::from(ROWS_MAX))?, other: scores(BASE)?, grid: None })
}

/// Draws the median of groups that have one row, at the upper end, or none.
fn quantiles(mechanism: &Mechanism, draws: usize) -> Result<Drawn, PrivacyError> {
    let tree = TREE.tree().ok_or(PrivacyError::Shape)?;
    let last = i64::try_from(tree.cell(i64::MAX)).map_err(|_| PrivacyError::Shape)?;
    let scores = |rows: usize| {
        let of_group = GroupTotals {
            members: BASE,
            values: vec![i64::try_from(rows).unwrap_or_default()],
            cells: vec![vec![last; rows]],
        };
        let exact = totals(GROUPS_OF_QUANTILES, &of_group);
        let mut scores = Vec::with_capacity(draws);
        while scores.len() < draws {
            let released = mechanism.release(&exact)?.groups;
            let found =
                released.iter().filter_map(|group| group.quantiles.first().and_then(|found| found.first()));
            scores.extend(found.map(|found| found.value));
        }
        scores.truncate(draws);
        Ok::<_, PrivacyError>(scores)
    };
    Ok(Drawn { one: scores(1)?, other: scores(0)?, grid: None })
}

/// Draws the counts by which groups are chosen that all have many members.
fn choices(mechanism: &Mechanism, noise: &Noise, draws: usize) -> Result<Drawn, PrivacyError> {
    let scores = |members: i64| {
        let exact = totals(GROUPS, &GroupTotals { members, values: vec![members], cells: Vec::new() });
        let mut scores = Vec::with_capacity(draws);
        while scores.len() < draws {
            let released = mechanism.release(&exact)?.groups;
            scores.extend(
                released.iter().filter_map(|group| group.values.first()).map(|value| float(value.value)),
            );
        }
        scores.truncate(draws);
        Ok::<_, PrivacyError>(scores)
    };
    Ok(Drawn { one: scores(BASE + 1)?, other: scores(BASE)?, grid: Some(step(noise)) })
}

/// Draws the limit on the size: what is told is whether it is passed.
#[expect(clippy::cast_precision_loss, reason = "sizes stay below 2^52")]
fn sizes(mechanism: &Mechanism, draws: usize) -> Result<Drawn, PrivacyError> {
    let scores = |size: u64| {
        let score = |_| Ok(size as f64 - mechanism.draw_size_limit()? as f64);
        (0..draws).map(score).collect::<Result<Vec<f64>, PrivacyError>>()
    };
    Ok(Drawn { one: scores(MEMBER_BYTES)?, other: scores(0)?, grid: None })
}

/// Draws whole releases of one group with many members: all of their numbers speak.
fn wholes(mechanism: &Mechanism, draws: usize) -> Result<Drawn, PrivacyError> {
    let most = |kind: AggregateKind| kind.contribution_max(ROWS_MAX).ok_or(PrivacyError::Shape);
    let adds = mechanism.kinds().map(most).collect::<Result<Vec<i64>, _>>()?;
    let scores = |times: i64| {
        let values = adds.iter().map(|most| BASE + most * times).collect();
        let of_group = GroupTotals { members: BASE + times, values, cells: Vec::new() };
        let exact = ExactTotals { members: BASE + times, members_clipped: times, ..totals(1, &of_group) };
        (0..draws).map(|_| score_of_whole(mechanism, &exact, &adds)).collect::<Result<Vec<f64>, _>>()
    };
    Ok(Drawn { one: scores(1)?, other: scores(0)?, grid: None })
}

fn score_of_whole(mechanism: &Mechanism, exact: &ExactTotals, adds: &[i64]) -> Result<f64, PrivacyError> {
    let released = mechanism.release(exact)?;
    let speaks = |noise: &Noise, value: i64, base: i64, adds: i64| {
        evidence(noise.drawn, noise.scale, float(value), (float(base + adds), float(base)))
    };
    let clipping = mechanism.clipping.as_ref().ok_or(PrivacyError::Shape)?;
    let mut score = speaks(clipping, released.members.value, BASE, 1)
        + speaks(clipping, released.members_clipped.value, 0, 1);
    for group in &released.groups {
        for ((part, value), adds) in mechanism.parts.iter().zip(&group.values).zip(adds) {
            score += speaks(mechanism.noise_of(part)?, value.value, BASE, *adds);
        }
    }
    Ok(score)
}

#[expect(clippy::cast_precision_loss, reason = "totals of the audit are small")]
const fn float(value: i64) -> f64 {
    value as f64
}
