//! What a column of the answer shows: a key, or something made of released values.
//!
//! All of it is post-processing: it reads noisy numbers only, and costs nothing.

use membrane_privacy::{
    AggregateKind, Estimate, Moments, NoisyValue, Part, Spread, estimate, estimate_from, estimate_mean,
    estimate_ratio, estimate_variance,
};
use serde::Serialize;

use super::question::TypeOf;
use super::scalar::{CompareOperator, Function, Literal};

/// One column of the answer, as the statement asks for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Output {
    /// Its name.
    pub(crate) name: String,
    /// What it shows.
    pub(crate) shows: Shows,
}

/// What a column of the answer shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) enum Shows {
    /// The key at this position.
    Key(usize),
    /// The aggregate at this position.
    Aggregate(usize),
    /// The first aggregate divided by the second.
    Ratio(usize, usize),
    /// A variance or a standard deviation.
    Spread(SpreadOf),
    /// The quantile at the second position of those of the aggregate at the first.
    Quantile(usize, usize),
    /// Which of the keys at these positions were summed up, as bits.
    Grouping(Vec<usize>),
    /// Something computed of released values.
    Computed(Value),
}

impl Shows {
    /// Tells whether it is no released value, but tells groups apart.
    pub(crate) const fn is_key(&self) -> bool {
        matches!(self, Self::Key(_) | Self::Grouping(_))
    }
}

/// A variance or a standard deviation, and the positions of what it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct SpreadOf {
    /// Which of the two, of the rows or of more rows like them.
    #[serde(serialize_with = "word")]
    pub(crate) spread: Spread,
    pub(crate) count: usize,
    pub(crate) sum: usize,
    pub(crate) squares: usize,
}

fn word<S: serde::Serializer>(spread: &Spread, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{spread:?}"))
}

/// An expression on released values and keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) enum Value {
    /// The key at this position, of this type.
    Key(usize, TypeOf),
    /// The aggregate at this position.
    Aggregate(usize),
    /// The first aggregate divided by the second.
    Ratio(usize, usize),
    /// A variance or a standard deviation.
    Spread(SpreadOf),
    /// A quantile.
    Quantile(usize, usize),
    /// Which of the keys at these positions were summed up: a bit for each, the last one the least.
    Grouping(Vec<usize>),
    /// A number.
    Number(f64),
    /// Any other constant, of a key's type.
    Constant(Literal, TypeOf),
    /// Arithmetic.
    Call(Function, Vec<Self>),
    /// A comparison.
    Compare(Box<Self>, CompareOperator, Box<Self>),
    /// Whether there is no value.
    IsNull(Box<Self>),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

impl Value {
    /// Returns the positions of the keys and the aggregates that it reads.
    pub(crate) fn reads(&self) -> (Vec<usize>, Vec<usize>) {
        let (mut keys, mut aggregates) = (Vec::new(), Vec::new());
        self.collect(&mut keys, &mut aggregates);
        (keys, aggregates)
    }

    /// Tells whether something that is released is divided by something else that is.
    pub(super) fn divides(&self) -> bool {
        let reads = |value: &Self| !value.reads().1.is_empty();
        match self {
            Self::Call(function, parts) => {
                let divided = matches!((function, parts.as_slice()), (Function::Divide, [top, bottom]) if reads(top) && reads(bottom));
                divided || parts.iter().any(Self::divides)
            }
            _ => false,
        }
    }

    /// Tells whether it is made of a variance or a deviation.
    pub(super) fn reads_spread(&self) -> bool {
        match self {
            Self::Spread(_) => true,
            Self::Call(_, parts) => parts.iter().any(Self::reads_spread),
            _ => false,
        }
    }

    fn collect(&self, keys: &mut Vec<usize>, aggregates: &mut Vec<usize>) {
        match self {
            Self::Key(index, _) => keys.push(*index),
            Self::Aggregate(index) => aggregates.push(*index),
            Self::Ratio(one, other) => aggregates.extend([*one, *other]),
            Self::Spread(of) => aggregates.extend([of.count, of.sum, of.squares]),
            Self::Quantile(one, _) => aggregates.push(*one),
            Self::Grouping(_) | Self::Number(_) | Self::Constant(..) => {}
            Self::IsNull(inner) | Self::Not(inner) => inner.collect(keys, aggregates),
            Self::Compare(left, _, right) => {
                left.collect(keys, aggregates);
                right.collect(keys, aggregates);
            }
            Self::Call(_, parts) | Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|part| part.collect(keys, aggregates));
            }
        }
    }
}

/// The released values of one group.
pub(super) struct Group<'a> {
    /// The keys, as text.
    pub(super) keys: &'a [Option<String>],
    /// The aggregates.
    pub(super) values: &'a [NoisyValue],
    /// What each aggregate is.
    pub(super) kinds: &'a [AggregateKind],
    /// The quantiles of each aggregate that has some, in their order.
    pub(super) quantiles: &'a [Vec<Estimate>],
    /// How many of the last keys were summed up.
    pub(super) rolled: usize,
}

/// What a [`Value`] is for one group.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    Null,
    Number(f64),
    Truth(bool),
    Text(String),
}

impl Value {
    /// Computes a number with its error bars, in the units of columns: a ratio of two aggregates by Fieller's interval,
    /// other totals to first order, the noises of aggregates being independent, and what is made of averages, deviations
    /// or quantiles from the intervals of these ([`estimate_from`]), which know how such numbers bend and where they end.
    pub(super) fn estimate(&self, group: &Group<'_>) -> Option<Estimate> {
        let at = |set: Option<(&Self, f64)>| match self.find(group, set) {
            Found::Number(value) if value.is_finite() => Some(value),
            _ => None,
        };
        let value = at(None)?;
        if let Self::Call(Function::Divide, parts) = self
            && let [Self::Aggregate(top), Self::Aggregate(bottom)] = parts.as_slice()
            && top != bottom
        {
            let (above, below) = (group.noisy(*top)?, group.noisy(*bottom)?);
            let ratio = estimate_ratio(&above, &below, f64::NEG_INFINITY, f64::INFINITY);
            return Some(scaled(ratio, group.unit(*top) / group.unit(*bottom)));
        }
        let mut atoms = Vec::new();
        self.collect_atoms(&mut atoms);
        if atoms.iter().all(|atom| matches!(atom, Self::Aggregate(_))) {
            let terms = atoms.into_iter().map(|atom| {
                let noisy = group.noisy(atom.reads().1.first().copied()?).filter(|noisy| noisy.sd > 0.0)?;
                let Estimate { value, sd, .. } = atom.own_estimate(group)?;
                // Both ways, so that what bends one way and the other is met in the middle.
                let slope =
                    (at(Some((atom, value + sd)))? - at(Some((atom, value - sd)))?) / (2.0 * noisy.sd);
                Some((slope, noisy))
            });
            return Some(estimate(value, &terms.collect::<Option<Vec<_>>>()?));
        }
        let parts = atoms.iter().map(|atom| {
            let own = atom.own_estimate(group)?;
            Some(Part { estimate: own, of: Box::new(move |moved| at(Some((*atom, moved)))) })
        });
        let parts = parts.collect::<Option<Vec<Part<'_>>>>()?;
        Some(estimate_from(value, &parts, share_noise(&atoms)))
    }

    /// Collects the released numbers that it is made of, each once.
    fn collect_atoms<'a>(&'a self, atoms: &mut Vec<&'a Self>) {
        match self {
            Self::Aggregate(_) | Self::Ratio(..) | Self::Spread(_) | Self::Quantile(..) => {
                if !atoms.contains(&self) {
                    atoms.push(self);
                }
            }
            Self::Key(..) | Self::Grouping(_) | Self::Number(_) | Self::Constant(..) => {}
            Self::IsNull(inner) | Self::Not(inner) => inner.collect_atoms(atoms),
            Self::Compare(left, _, right) => {
                left.collect_atoms(atoms);
                right.collect_atoms(atoms);
            }
            Self::Call(_, parts) | Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|part| part.collect_atoms(atoms));
            }
        }
    }

    /// Returns a released number with its error bars, in the units of its column.
    fn own_estimate(&self, group: &Group<'_>) -> Option<Estimate> {
        match self {
            Self::Aggregate(index) => group.total(*index),
            Self::Ratio(sum, count) => group.mean(*sum, *count),
            Self::Spread(of) => group.spread(of),
            Self::Quantile(index, place) => group.quantile(*index, *place),
            _ => None,
        }
    }

    /// Tells whether a condition on released values is true.
    pub(super) fn holds(&self, group: &Group<'_>) -> bool {
        self.find(group, None) == Found::Truth(true)
    }

    /// Computes the value; `set` takes another number for one of those that it is made of.
    pub(super) fn find(&self, group: &Group<'_>, set: Option<(&Self, f64)>) -> Found {
        let inner = |one: &Self| one.find(group, set);
        match self {
            Self::Key(index, logical) => group.key(*index, *logical),
            Self::Aggregate(_) | Self::Ratio(..) | Self::Spread(_) | Self::Quantile(..) => {
                let own = || self.own_estimate(group).map(|found| found.value);
                let value = set.filter(|(which, _)| *which == self).map(|(_, value)| value).or_else(own);
                value.map_or(Found::Null, Found::Number)
            }
            Self::Grouping(keys) => Found::Number(f64::from(group.grouping(keys))),
            Self::Number(value) => Found::Number(*value),
            Self::Constant(literal, _) => of_literal(literal),
            Self::Call(function, parts) => {
                let numbers = parts.iter().map(|part| match inner(part) {
                    Found::Number(value) => Some(value),
                    _ => None,
                });
                let numbers: Option<Vec<f64>> = numbers.collect();
                numbers
                    .and_then(|numbers| compute(*function, &numbers))
                    .filter(|value| value.is_finite())
                    .map_or(Found::Null, Found::Number)
            }
            Self::Compare(left, comparison, right) => {
                let order = match (inner(left), inner(right)) {
                    (Found::Number(one), Found::Number(other)) => one.partial_cmp(&other),
                    (Found::Text(one), Found::Text(other)) => Some(one.cmp(&other)),
                    (Found::Truth(one), Found::Truth(other)) => Some(one.cmp(&other)),
                    _ => None,
                };
                order.map_or(Found::Null, |order| Found::Truth(comparison.holds(order)))
            }
            Self::IsNull(one) => Found::Truth(inner(one) == Found::Null),
            Self::Not(one) => match inner(one) {
                Found::Truth(truth) => Found::Truth(!truth),
                _ => Found::Null,
            },
            Self::And(parts) => all(parts.iter().map(inner), false),
            Self::Or(parts) => all(parts.iter().map(inner), true),
        }
    }
}

/// Tells whether two of these numbers are made of the same total.
fn share_noise(atoms: &[&Value]) -> bool {
    let mut seen = Vec::new();
    atoms.iter().any(|atom| {
        let (_, reads) = atom.reads();
        let shared = reads.iter().any(|index| seen.contains(index));
        seen.extend(reads);
        shared
    })
}

impl Group<'_> {
    /// Returns a total.
    fn total(&self, index: usize) -> Option<Estimate> {
        let noisy = self.noisy(index)?;
        let whole = Estimate {
            value: float(noisy.value),
            low95: float(noisy.low95),
            high95: float(noisy.high95),
            sd: noisy.sd,
        };
        Some(scaled(whole, self.unit(index)))
    }

    /// Returns an average.
    fn mean(&self, sum: usize, count: usize) -> Option<Estimate> {
        let mean = estimate_mean(*self.kinds.get(sum)?, &self.noisy(sum)?, &self.noisy(count)?)?;
        Some(scaled(mean, self.unit(sum)))
    }

    /// Returns a variance or a standard deviation, in the units of the column.
    pub(super) fn spread(&self, of: &SpreadOf) -> Option<Estimate> {
        let kind = *self.kinds.get(of.squares)?;
        let moments = Moments {
            count: self.noisy(of.count)?,
            sum: self.noisy(of.sum)?,
            squares: self.noisy(of.squares)?,
        };
        let unit = self.unit(of.squares);
        let unit = match of.spread {
            Spread::VariancePopulation | Spread::VarianceSample => unit * unit,
            Spread::DeviationPopulation | Spread::DeviationSample => unit,
        };
        estimate_variance(kind, &moments, of.spread).map(|found| scaled(found, unit))
    }

    /// Returns a quantile, in the units of the column.
    pub(super) fn quantile(&self, index: usize, place: usize) -> Option<Estimate> {
        let is_one = |kind: &&AggregateKind| matches!(kind, AggregateKind::Quantile { .. });
        let before = self.kinds.get(..index)?.iter().filter(is_one).count();
        let found = self.quantiles.get(before)?.get(place)?;
        Some(scaled(*found, self.unit(index)))
    }

    /// Returns which of these keys were summed up.
    pub(super) fn grouping(&self, keys: &[usize]) -> u32 {
        let kept = self.keys.len().saturating_sub(self.rolled);
        keys.iter().fold(0, |bits, key| bits << 1 | u32::from(*key >= kept))
    }

    fn noisy(&self, index: usize) -> Option<NoisyValue> {
        self.values.get(index).copied()
    }

    fn unit(&self, index: usize) -> f64 {
        let bounds = self.kinds.get(index).and_then(|kind| kind.row_bounds());
        10_f64.powi(i32::from(bounds.map_or(0, |bounds| bounds.scale)))
    }

    fn key(&self, index: usize, logical: TypeOf) -> Found {
        let Some(text) = self.keys.get(index).and_then(Option::as_ref) else { return Found::Null };
        match logical {
            TypeOf::Integer | TypeOf::Number | TypeOf::Decimal(..) => {
                text.parse().map_or(Found::Null, Found::Number)
            }
            TypeOf::Boolean => text.parse().map_or(Found::Null, Found::Truth),
            // Days and instants are written so that they sort as they are.
            TypeOf::Text | TypeOf::Date | TypeOf::Timestamp => Found::Text(text.clone()),
        }
    }
}

fn scaled(found: Estimate, unit: f64) -> Estimate {
    Estimate {
        value: found.value / unit,
        low95: found.low95 / unit,
        high95: found.high95 / unit,
        sd: found.sd / unit,
    }
}

#[expect(clippy::cast_precision_loss, reason = "the noise is larger than what is lost")]
const fn float(value: i64) -> f64 {
    value as f64
}

fn of_literal(literal: &Literal) -> Found {
    match literal {
        Literal::Text(text) => Found::Text(text.clone()),
        Literal::Boolean(truth) => Found::Truth(*truth),
        Literal::Number(value) => Found::Number(*value),
        Literal::Date(days) => Found::Text(super::calendar::date_text(i64::from(*days))),
        Literal::Timestamp(micros) => Found::Text(super::calendar::instant_text(*micros)),
        Literal::Integer(_) | Literal::Decimal(_) => Found::Null,
    }
}

fn compute(function: Function, numbers: &[f64]) -> Option<f64> {
    match (function, numbers) {
        (Function::Add, [one, other]) => Some(one + other),
        (Function::Subtract, [one, other]) => Some(one - other),
        (Function::Multiply, [one, other]) => Some(one * other),
        (Function::Divide, [one, other]) => (other.abs() > 0.0).then(|| one / other),
        (Function::Absolute, [one]) => Some(one.abs()),
        (Function::Floor, [one]) => Some(one.floor()),
        (Function::Ceiling, [one]) => Some(one.ceil()),
        (Function::Round(decimals), [one]) => {
            let unit = 10_f64.powi(i32::from(decimals));
            Some((one * unit).round() / unit)
        }
        _ => None,
    }
}

fn all(parts: impl Iterator<Item = Found>, decisive: bool) -> Found {
    let mut result = Found::Truth(!decisive);
    for part in parts {
        match part {
            Found::Truth(truth) if truth == decisive => return Found::Truth(decisive),
            Found::Truth(_) => {}
            _ => result = Found::Null,
        }
    }
    result
}

#[cfg(test)]
mod tests;
