//! Reading a list of noisy counts by rung.
//!
//! Rungs far from all others are noise, or few: one false cell would move every mean, and of many empty cells the noise would
//! add up. So a list is read outward from its fullest rung, as far as there is surely somebody. Above that, members are
//! reckoned to become fewer as they did on the last rungs, but to be no more than were counted there, about: few members or a
//! cheap pilot make bounds somewhat wider, which costs less than what would be cut off.

use std::ops::RangeInclusive;

use super::ladder::{rung, rungs_to};
use crate::NoiseDrawn;

/// Members who were not seen are looked for on so many rungs above all that were: up to twice the number.
const HIDDEN: usize = 4;
/// From one of those rungs to the next members become fewer by this factor at least.
const FALL_MAX: f64 = 0.8;
/// Cells that are looked at together.
const WINDOWS: [usize; 3] = [1, 2, 4];
/// Empty rungs between numbers that belong together, at most: a factor of 4.
const GAP_MAX: usize = 8;
/// Numbers, and how many members stand for each: on which rung, the number itself as far as is known, the members.
pub(super) struct Spread {
    pub(super) seen: Vec<(u64, f64, f64)>,
    /// The same of those who may be there above all that was seen.
    hidden: Vec<(f64, f64)>,
}

impl Spread {
    /// Reads a list of noisy counts by rung.
    pub(super) fn of(list: &[i64], sd: f64, noise: NoiseDrawn) -> Self {
        let least = surely(list.len(), noise) * sd;
        let Some(held) = seen(list, least) else { return Self { seen: Vec::new(), hidden: Vec::new() } };
        let number = |index: usize| {
            let below = index.checked_sub(1).map_or(0, rung);
            // Numbers between two rungs are spread evenly.
            float_of(below + 1 + rung(index)) / 2.0
        };
        let cells = list.iter().enumerate().filter(|(index, _)| held.contains(index));
        let found = cells.map(|(index, count)| (rung(index), number(index), float(*count).max(0.0)));
        let seen: Vec<(u64, f64, f64)> = found.collect();
        let above = (held.end() + 1..list.len()).take(HIDDEN).zip(falling(&seen));
        let hidden = above.map(|(index, members)| {
            // Of what was counted, half a deviation is taken for noise; an eighth may be there even so.
            let counted = (list.get(index).copied().map_or(0.0, float) - sd / 2.0).max(0.0) + sd / 8.0;
            (number(index), members.min(counted))
        });
        Self { hidden: hidden.filter(|(_, members)| *members >= 1.0).collect(), seen }
    }

    pub(super) fn count(&self) -> f64 {
        self.seen.iter().map(|(.., count)| count).sum()
    }

    pub(super) fn mean(&self) -> f64 {
        let sum: f64 = self.seen.iter().map(|(_, number, count)| number * count).sum();
        if self.seen.is_empty() { 1.0 } else { sum / self.count().max(1.0) }
    }

    /// Returns the share of the sum of all numbers that a bound cuts off, or may.
    pub(super) fn cut(&self, most: u64) -> f64 {
        let most = float_of(most);
        let seen = self.seen.iter().map(|(_, number, count)| (*number, *count));
        let beyond =
            seen.chain(self.hidden.iter().copied()).map(|(number, count)| (number - most).max(0.0) * count);
        beyond.sum::<f64>() / (self.mean() * self.count()).max(1.0)
    }

    /// Returns bounds that may be chosen: the rungs on which somebody stands, or may.
    pub(super) fn bounds(&self, most: u64) -> Vec<u64> {
        let above = self.hidden.iter().map(|(number, _)| rung(rungs_to(whole(*number)) - 1));
        let mut found: Vec<u64> =
            self.seen.iter().map(|(rung, ..)| *rung).chain(above).map(|rung| rung.min(most)).collect();
        found.dedup();
        if found.is_empty() { vec![1] } else { found }
    }
}

/// Returns how many members there would be on the next rungs if they went on falling as on the last ones.
fn falling(seen: &[(u64, f64, f64)]) -> impl Iterator<Item = f64> {
    let (last, fall) = match seen {
        [.., (.., before), (.., last)] if *before > 0.0 => (*last, (last / before).min(FALL_MAX)),
        _ => (0.0, 0.0),
    };
    std::iter::successors(Some(last * fall), move |members| Some(members * fall))
}

/// Returns how many deviations of noise no cell of so many reaches, in all but some of a hundred lists.
fn surely(cells: usize, noise: NoiseDrawn) -> f64 {
    let cells = float_of(u64::try_from(cells.max(2)).unwrap_or(u64::MAX));
    match noise {
        NoiseDrawn::Gaussian => (2.0 * (cells * 10.0).ln()).sqrt(),
        NoiseDrawn::Laplace => (cells * 30.0).ln() / std::f64::consts::SQRT_2,
    }
}

/// Returns the rungs on which somebody stands: the fullest one, and outward from there for as long as a cell, or two or four
/// together, are surely more than noise, with no large gap between them.
fn seen(list: &[i64], least: f64) -> Option<RangeInclusive<usize>> {
    let is_full = |index: &usize| {
        WINDOWS.into_iter().any(|width| {
            let window = list.get(*index..(index + width).min(list.len())).unwrap_or_default();
            let sum: f64 = window.iter().map(|count| float(*count)).sum();
            let last = window.last().copied().map_or(0.0, float);
            let first = window.first().copied().map_or(0.0, float);
            // What a window gains at its ends must be something.
            first > 0.0 && last >= 0.0 && sum > least * float_of(u64::try_from(width).unwrap_or(1)).sqrt()
        })
    };
    let full: Vec<usize> = (0..list.len()).filter(is_full).collect();
    let fullest = full.iter().copied().max_by_key(|index| list.get(*index).copied().unwrap_or(0))?;
    let (mut low, mut high) = (fullest, fullest);
    for index in full.iter().copied().filter(|index| *index > fullest) {
        if index - high <= GAP_MAX + 1 {
            high = index;
        }
    }
    for index in full.iter().copied().rev().filter(|index| *index < fullest) {
        if low - index <= GAP_MAX + 1 {
            low = index;
        }
    }
    Some(low..=high)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate, above zero")]
pub(super) const fn whole(value: f64) -> u64 {
    value.round() as u64
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub(super) const fn float(value: i64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub(super) const fn float_of(value: u64) -> f64 {
    value as f64
}
