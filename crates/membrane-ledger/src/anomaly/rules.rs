//! What stands out of what principals did. Pure: kept figures go in, flags come out, and each says the two figures that it was found by.
//!
//! A figure of a day is held against two samples of the 28 days before: that of peers (principals of the same kind, without the one who is judged)
//! and their own. It stands out where it goes beyond the bound of every sample there is enough of:
//!
//! ```text
//! bound = max(floor, 5 x median, median + 8 x MAD)        median, MAD: of those days on which the figure was not 0
//! ```
//!
//! | kind | figure of a day | where there is no sample |
//! | --- | --- | --- |
//! | `cells` | sealed cells that were opened | nothing stands out |
//! | `members` | rows that reads were answered with: each may be of another member, so they are an upper bound of members | nothing |
//! | `lookups` | the most exact values that were looked up within an hour, in answers of four rows for each at most | the floor alone |
//! | `hours` | cells that were opened in an hour of the clock in which, or beside which, the principal did nothing in 28 days | nothing |
//!
//! Median and median absolute deviation, and not mean and variance: one wild day among the 28 does not hide the next one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use membrane_model::PrincipalId;

use super::{Anomaly, AnomalyFloors, AnomalyKind, UsualOf};
use crate::{ActivityDay, ActivityHour};

/// Days before a day that say what is usual on it.
pub(super) const HISTORY_DAYS: u64 = 28;
/// How many times what is usual is many.
const FACTOR: u64 = 5;
/// How many median absolute deviations above what is usual is far: 5 standard deviations, were it a normal distribution.
const SPREAD: u64 = 8;
/// Days of activity that a sample has at least.
const SAMPLE_DAYS_MIN: usize = 5;
/// Peers that a sample is of at least.
const PEERS_MIN: usize = 2;
/// Days on which somebody was active before any hour is odd for them.
const HOUR_DAYS_MIN: usize = 10;
const HOURS: u8 = 24;

/// What is usual, by one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Usual {
    figure: u64,
    of: UsualOf,
    bound: u64,
}

/// Returns of whom it is to be known what they did hour by hour, to judge a day.
pub(super) fn suspects<'a>(
    days: &'a [ActivityDay],
    day: NaiveDate,
    floors: &AnomalyFloors,
) -> BTreeSet<&'a PrincipalId> {
    let beyond = |figure: u64, floor: u64| floor > 0 && figure > floor;
    let is_suspect = |one: &&ActivityDay| {
        beyond(one.cells_in_hour, floors.odd_cells) || beyond(one.lookups_in_hour, floors.lookups)
    };
    days.iter().filter(|one| one.day == day).filter(is_suspect).map(|one| &one.principal).collect()
}

/// Judges one day. `days` has what everybody did on it and in the 28 days before; `hours` the same of suspects, hour by hour.
pub(super) fn judge(
    days: &[ActivityDay],
    hours: &BTreeMap<PrincipalId, Vec<ActivityHour>>,
    day: NaiveDate,
    floors: &AnomalyFloors,
) -> Vec<Anomaly> {
    let first = day.checked_sub_days(Days::new(HISTORY_DAYS)).unwrap_or(NaiveDate::MIN);
    let before: Vec<&ActivityDay> = days.iter().filter(|one| first <= one.day && one.day < day).collect();
    let mut found = Vec::new();
    for today in days.iter().filter(|one| one.day == day) {
        let hours = hours.get(&today.principal).map_or(&[][..], Vec::as_slice);
        let mut flag = |kind, hour, measured, usual: Usual| {
            found.push(Anomaly {
                principal: today.principal.clone(),
                kind,
                day,
                hour,
                measured,
                usual: usual.figure,
                usual_of: usual.of,
                bound: usual.bound,
            });
        };
        let judged = |figure: fn(&ActivityDay) -> u64, floor, alone| {
            let measured = figure(today);
            let compared = || compare(measured, floor, &samples(&before, &today.principal, figure), alone);
            (floor > 0 && measured > floor).then(compared).flatten().map(|usual| (measured, usual))
        };
        if let Some((measured, usual)) = judged(|one| one.cells, floors.cells, false) {
            flag(AnomalyKind::Cells, None, measured, usual);
        }
        if let Some((hour, measured)) = odd_hour(hours, (first, day), floors.odd_cells) {
            let usual = Usual { figure: 0, of: UsualOf::Own, bound: floors.odd_cells };
            flag(AnomalyKind::Hours, Some(hour), measured, usual);
        }
        if let Some((measured, usual)) = judged(|one| one.rows, floors.rows, false) {
            flag(AnomalyKind::Members, None, measured, usual);
        }
        if let Some((measured, usual)) = judged(|one| one.lookups_in_hour, floors.lookups, true) {
            let in_hour = |one: &&ActivityHour| one.day == day && one.lookups_narrow == measured;
            let hour = hours.iter().find(in_hour).map(|one| one.hour);
            flag(AnomalyKind::Lookups, hour, measured, usual);
        }
    }
    found
}

/// Returns what peers and what the principal itself had of a figure, of those that there is enough of.
fn samples(
    before: &[&ActivityDay],
    who: &PrincipalId,
    figure: fn(&ActivityDay) -> u64,
) -> Vec<(UsualOf, Vec<u64>)> {
    let own: Vec<u64> = before.iter().filter(|one| one.principal == *who).map(|one| figure(one)).collect();
    let of_peers = || before.iter().filter(|one| one.principal != *who && one.principal.kind() == who.kind());
    let peers: BTreeSet<&PrincipalId> = of_peers().map(|one| &one.principal).collect();
    let figures: Vec<u64> = of_peers().map(|one| figure(one)).collect();
    let mut samples = Vec::new();
    if peers.len() >= PEERS_MIN && figures.len() >= SAMPLE_DAYS_MIN {
        samples.push((UsualOf::Peers, figures));
    }
    if own.len() >= SAMPLE_DAYS_MIN {
        samples.push((UsualOf::Own, own));
    }
    samples
}

/// Holds a figure against samples. It stands out where it goes beyond the bounds of all of them; the widest is told. Without any,
/// it does if the floor counts alone.
fn compare(measured: u64, floor: u64, samples: &[(UsualOf, Vec<u64>)], alone: bool) -> Option<Usual> {
    let usual = samples.iter().map(|(of, figures)| usual_of(figures, *of, floor));
    let nobody = Usual { figure: 0, of: UsualOf::Nobody, bound: floor };
    let widest = usual.max_by_key(|usual| usual.bound).or(alone.then_some(nobody));
    widest.filter(|usual| measured > usual.bound)
}

fn usual_of(figures: &[u64], of: UsualOf, floor: u64) -> Usual {
    // A day without any says nothing of how much it is when there is some.
    let some: Vec<u64> = figures.iter().copied().filter(|figure| *figure > 0).collect();
    let figure = median(some.clone());
    let deviation = median(some.into_iter().map(|one| one.abs_diff(figure)).collect());
    let far = figure.saturating_add(deviation.saturating_mul(SPREAD));
    Usual { figure, of, bound: floor.max(figure.saturating_mul(FACTOR)).max(far) }
}

/// The middle one, the lower of two; 0 of none.
fn median(mut figures: Vec<u64>) -> u64 {
    figures.sort_unstable();
    figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

/// Returns the odd hour of a day in which most cells were opened, and how many. An hour is odd when nothing was done in it, nor in the one before or
/// after it, on any of the days before, and those were enough.
fn odd_hour(hours: &[ActivityHour], (first, day): (NaiveDate, NaiveDate), floor: u64) -> Option<(u8, u64)> {
    if floor == 0 {
        return None;
    }
    let before = || hours.iter().filter(|one| first <= one.day && one.day < day);
    let days: BTreeSet<NaiveDate> = before().map(|one| one.day).collect();
    if days.len() < HOUR_DAYS_MIN {
        return None;
    }
    let known: BTreeSet<u8> = before().map(|one| one.hour % HOURS).collect();
    let is_odd = |hour: u8| {
        [hour, (hour + 1) % HOURS, (hour + HOURS - 1) % HOURS].iter().all(|near| !known.contains(near))
    };
    let odd = hours.iter().filter(|one| one.day == day && one.cells > floor && is_odd(one.hour % HOURS));
    // Of hours with equally many the first.
    odd.rev().max_by_key(|one| one.cells).map(|one| (one.hour, one.cells))
}

#[cfg(test)]
mod tests;
