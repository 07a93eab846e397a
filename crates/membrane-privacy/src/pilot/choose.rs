//! Choosing bounds from what a pilot found: the least error that is to be expected.
//!
//! For bounds L (groups of one member), C (rows in one group) and V (what a member adds to one group) the error of a typical
//! group is, as a share of its total,
//!
//! - of the noise, which is calibrated to `sqrt(L) * C` (Gaussian) or `L * C` (Laplace), by its mean distance from zero;
//! - of what the bounds cut off: the share of all groups beyond L, of all rows beyond C, of all amounts beyond V. No error
//!   bar shows it, so it counts [`CUT_WEIGHT`] times.
//!
//! The typical group has its share of all members: their number times the groups of each, divided by the number of
//! groups.

use super::PilotReport;
use super::spread::{Spread, float, float_of, whole};
use crate::budget::{Share, Unit};
use crate::mechanism::budget;
use crate::{AggregateKind, Mechanism, NoiseDrawn, NoiseKind, PrivacyError, ReleaseSpec};

const CUT_WEIGHT: f64 = 2.0;
/// The mean distance from zero of a Gaussian, in deviations.
const GAUSSIAN_MEAN: f64 = 0.798;

/// Which bounds are to be chosen. The statement's own are the widest that may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Groups of one member.
    pub groups: bool,
    /// Rows of one member in one group.
    pub rows: bool,
}

/// Bounds that were chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Groups of one member.
    pub groups_max: u32,
    /// Rows of one member in one group.
    pub rows_max: u32,
    /// What one member adds to one group at most in magnitude, for each sum whose bounds are open.
    pub amounts_max: Vec<i64>,
}

/// What a pilot says of a typical group.
#[derive(Debug, Clone, PartialEq)]
pub struct Typical {
    /// Members in all.
    pub members: f64,
    /// Groups in which somebody is, about: as many as there must be for so many to be named.
    pub groups: f64,
    /// Members of a typical group.
    pub group_members: f64,
    /// Rows of a member in a group.
    pub rows: f64,
    /// What a member adds to a group in magnitude, for each sum whose bounds are open.
    pub amounts: Vec<f64>,
}

/// How many groups a release will show, as far as a pilot can tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Survival {
    /// Groups that there are, about.
    pub groups: f64,
    /// Those of them that will be shown, about.
    pub shown: f64,
}

impl Survival {
    /// Tells whether it is more likely than not that nothing will be shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown < 0.5
    }

    /// Returns how many groups there are, about.
    #[must_use]
    pub fn groups_about(&self) -> u64 {
        whole(self.groups)
    }
}

/// What an aggregate of the release depends on.
enum Looks {
    Members,
    Rows,
    Amount(usize),
}

/// Everything that the error depends on.
struct Error<'a> {
    groups: &'a Spread,
    rows: &'a Spread,
    amounts: &'a [Spread],
    typical: &'a Typical,
    share: Share,
    weights: f64,
    noise: NoiseDrawn,
}

impl Error<'_> {
    /// Returns the mean distance from zero of noise that hides so much.
    fn noise(&self, weight: u32, groups: u64, most: u64) -> f64 {
        let (groups, most) = (float_of(groups), float_of(most));
        let part = f64::from(weight) / self.weights;
        match (self.noise, self.share.unit) {
            (NoiseDrawn::Gaussian, _) => {
                GAUSSIAN_MEAN * groups.sqrt() * most / (self.share.loss() * part.sqrt())
            }
            (NoiseDrawn::Laplace, Unit::Rho) => groups * most / (self.share.loss() * part.sqrt()),
            (NoiseDrawn::Laplace, Unit::Epsilon) => groups * most / (self.share.loss() * part),
        }
    }

    fn of(&self, looks: &Looks, weight: u32, groups: u64, most: u64) -> f64 {
        let (each, cut) = match looks {
            Looks::Members => (1.0, 0.0),
            Looks::Rows => (self.typical.rows, self.rows.cut(most)),
            Looks::Amount(index) => (
                self.typical.amounts.get(*index).copied().unwrap_or(1.0),
                self.amounts.get(*index).map_or(0.0, |spread| spread.cut(most)),
            ),
        };
        let total = (self.typical.group_members * each).max(1.0);
        let most = if matches!(looks, Looks::Members) { 1 } else { most };
        let error = self.noise(weight, groups, most) / total + CUT_WEIGHT * (cut + self.groups.cut(groups));
        f64::from(weight) * error
    }
}

impl PilotReport {
    fn spread(&self, list: &[i64]) -> Spread {
        Spread::of(list, self.sd, self.noise)
    }

    /// Returns what a typical group looks like. `listed` is how many groups there are, where that is known.
    #[must_use]
    pub fn typical(&self, listed: Option<u64>) -> Typical {
        let spread = |list: &[i64]| self.spread(list);
        let groups = spread(&self.groups);
        let members = groups.count();
        let named = float(self.named).max(1.0);
        let reckoned = groups_for(named, members);
        let found = match listed.map(float_of) {
            // Of groups that are known, all may be there unless the pilot saw clearly fewer.
            Some(listed) if named + 4.0 * self.sd >= listed => listed,
            Some(listed) => reckoned.min(listed),
            None => reckoned,
        };
        let found = found.max(1.0);
        Typical {
            members,
            groups: found,
            group_members: (members * groups.mean() / found).min(members),
            rows: spread(&self.rows).mean(),
            amounts: self.amounts.iter().map(|list| spread(list).mean()).collect(),
        }
    }

    /// Reckons how many groups a release will show: those that the pilot saw by their sizes, and the others as typical ones.
    ///
    /// # Errors
    /// [`PrivacyError::Library`] when a chance cannot be computed.
    pub fn survival(&self, mechanism: &Mechanism) -> Result<Survival, PrivacyError> {
        let typical = self.typical(mechanism.spec().groups_listed());
        let each = self.spread(&self.groups).mean();
        let chance = |members: f64| {
            let members = whole(members).max(1);
            mechanism.forecast(members).map(|forecast| forecast.shown)
        };
        let (mut seen, mut shown) = (0.0, 0.0);
        for (_, named, groups) in self.spread(&self.sizes).seen {
            let groups = groups.min(typical.groups - seen).max(0.0);
            seen += groups;
            shown += groups * chance(named * each)?;
        }
        shown += (typical.groups - seen).max(0.0) * chance(typical.group_members)?;
        Ok(Survival { groups: typical.groups, shown })
    }

    /// Chooses bounds for a release whose statement has the widest that may be chosen.
    ///
    /// # Errors
    /// When the statement's price makes no sense; see [`PrivacyError`].
    pub fn choose(&self, spec: &ReleaseSpec, open: Open) -> Result<Chosen, PrivacyError> {
        let typical = self.typical(spec.groups_listed());
        let spread = |list: &[i64]| self.spread(list);
        let (groups, rows) = (spread(&self.groups), spread(&self.rows));
        let amounts: Vec<Spread> = self.amounts.iter().map(|list| spread(list)).collect();
        let looks = looks(spec);
        let mut best: Option<(f64, Chosen)> = None;
        for noise in drawn(spec) {
            let one = ReleaseSpec { noise: kind_of(noise), ..spec.clone() };
            let (unit, nano) = budget(&one)?;
            // Each level of totals that add up has a share of its own.
            let levels = f64::from(u32::try_from(1 + spec.rollup.len()).unwrap_or(u32::MAX));
            let weights = looks.iter().map(|(_, weight)| f64::from(*weight)).sum::<f64>() * levels;
            let error = Error {
                groups: &groups,
                rows: &rows,
                amounts: &amounts,
                typical: &typical,
                share: Share { unit, nano },
                weights,
                noise,
            };
            for found in error.candidates(spec, open, &looks) {
                if best.as_ref().is_none_or(|(least, _)| found.0 < *least) {
                    best = Some(found);
                }
            }
        }
        best.map(|(_, chosen)| chosen).ok_or(PrivacyError::Shape)
    }
}

impl Typical {
    /// Returns what a typical group comes to in each aggregate of a statement, in fixed-point units; none for what is no
    /// count and no sum whose bounds were open.
    #[must_use]
    pub fn totals(&self, spec: &ReleaseSpec) -> Vec<Option<f64>> {
        let mut amounts = self.amounts.iter();
        let of = |kind: AggregateKind| match kind {
            AggregateKind::Members => Some(self.group_members),
            AggregateKind::Rows | AggregateKind::NonNull => Some(self.group_members * self.rows),
            AggregateKind::SumWithin { .. } => amounts.next().map(|amount| self.group_members * amount),
            _ => None,
        };
        spec.aggregates.iter().map(|aggregate| aggregate.kind).map(of).collect()
    }
}

impl Error<'_> {
    /// Returns the best bounds for each number of groups, and the error that they make.
    fn candidates(&self, spec: &ReleaseSpec, open: Open, looks: &[(Looks, u32)]) -> Vec<(f64, Chosen)> {
        let fixed = |is_open: bool, spread: &Spread, most: u32| {
            if is_open { spread.bounds(u64::from(most)) } else { vec![u64::from(most)] }
        };
        let of = |groups: u64| {
            let sum = |wanted: &dyn Fn(&Looks) -> bool, most: u64| -> f64 {
                let of = looks.iter().filter(|(looks, _)| wanted(looks));
                of.map(|(looks, weight)| self.of(looks, *weight, groups, most)).sum()
            };
            let by_members = sum(&|looks| matches!(looks, Looks::Members), 1);
            let rows = fixed(open.rows, self.rows, spec.rows_max);
            let (by_rows, rows_max) = least(rows, |most| sum(&|looks| matches!(looks, Looks::Rows), most));
            let amounts = self.amounts.iter().enumerate().map(|(index, spread)| {
                let is_it = move |looks: &Looks| matches!(looks, Looks::Amount(one) if *one == index);
                least(spread.bounds(amount_max(spec, index)), |most| sum(&is_it, most))
            });
            let amounts: Vec<(f64, u64)> = amounts.collect();
            let error = by_members + by_rows + amounts.iter().map(|(error, _)| error).sum::<f64>();
            let chosen = Chosen {
                groups_max: narrow(groups),
                rows_max: narrow(rows_max),
                amounts_max: amounts
                    .iter()
                    .map(|(_, most)| i64::try_from(*most).unwrap_or(i64::MAX))
                    .collect(),
            };
            (error, chosen)
        };
        fixed(open.groups, self.groups, spec.groups_effective()).into_iter().map(of).collect()
    }
}

/// Returns the bound of the least error.
fn least(bounds: Vec<u64>, error: impl Fn(u64) -> f64) -> (f64, u64) {
    let of = |bound: u64| (error(bound), bound);
    bounds.into_iter().map(of).min_by(|one, other| one.0.total_cmp(&other.0)).unwrap_or((0.0, 1))
}

/// Returns what the parts of a release look at, and how much each weighs: the choice of groups, then the aggregates.
fn looks(spec: &ReleaseSpec) -> Vec<(Looks, u32)> {
    let mut amounts = 0..;
    let mut found: Vec<(Looks, u32)> = Vec::new();
    if spec.chooses() {
        found.push((Looks::Members, 1));
    }
    for aggregate in &spec.aggregates {
        let looks = match aggregate.kind {
            AggregateKind::Members => Looks::Members,
            AggregateKind::SumWithin { .. } => Looks::Amount(amounts.next().unwrap_or(0)),
            _ => Looks::Rows,
        };
        found.push((looks, aggregate.weight));
    }
    found
}

/// Returns which noise may be drawn.
fn drawn(spec: &ReleaseSpec) -> Vec<NoiseDrawn> {
    match spec.noise {
        NoiseKind::LeastError => vec![NoiseDrawn::Gaussian, NoiseDrawn::Laplace],
        NoiseKind::Laplace => vec![NoiseDrawn::Laplace],
        NoiseKind::Auto if spec.is_pure() => vec![NoiseDrawn::Laplace],
        NoiseKind::Auto | NoiseKind::Gaussian => vec![NoiseDrawn::Gaussian],
    }
}

const fn kind_of(drawn: NoiseDrawn) -> NoiseKind {
    match drawn {
        NoiseDrawn::Gaussian => NoiseKind::Gaussian,
        NoiseDrawn::Laplace => NoiseKind::Laplace,
    }
}

/// Returns the widest bound of an open sum.
fn amount_max(spec: &ReleaseSpec, index: usize) -> u64 {
    super::amounts(spec).nth(index).map_or(1, i64::unsigned_abs)
}

/// Returns how many groups of one size there must be so that so many are named when each of so many members names one.
fn groups_for(named: f64, members: f64) -> f64 {
    if members <= named {
        return named.max(members) * 16.0;
    }
    // Of K groups, K * (1 - exp(-members / K)) are named.
    let (mut below, mut above) = (named, named * 16.0);
    for _ in 0..60 {
        let middle = f64::midpoint(below, above);
        if middle * (1.0 - (-members / middle).exp()) < named { below = middle } else { above = middle }
    }
    above
}

fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
