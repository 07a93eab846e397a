//! How much a member does, and from when to when.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use crate::calendar::{Calendar, round_randomly};
use crate::pick::{chance, whole};
use crate::seeds::{Draw, Rng, Seeds};

/// The most orders that anybody has in the year.
const ORDERS_MAX: f64 = 600.0;

/// A member's year.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Activity {
    /// Days after the start of the year; negative before.
    pub(crate) joined: i64,
    /// The stretch of the year's business in which the member is active.
    from: f64,
    to: f64,
    pub(crate) orders: u64,
    /// How much more than usual is in a basket: 1 and more.
    pub(crate) appetite: f64,
    pub(crate) app_events: u64,
    pub(crate) mini_program_events: u64,
    pub(crate) web_events: u64,
    pub(crate) follows: u64,
}

impl Activity {
    /// Draws a member's year. Half of the members order six times or less, a few every day
    /// (lognormal); baskets have a heavy tail (Pareto). A quarter of the members go away in the year,
    /// one in fourteen had gone before it.
    pub(crate) fn of(seeds: Seeds, calendar: &Calendar, member: u64) -> Self {
        let mut rng = seeds.rng(Draw::Activity, member);
        let joined = if chance(&mut rng, 0.82) {
            -1 - days(rng.random::<f64>().powi(2) * 2_500.0)
        } else {
            days(rng.random::<f64>() * 345.0)
        };
        let gone_before = joined < -60 && chance(&mut rng, 0.09);
        let leaves = (chance(&mut rng, 0.25)).then(|| rng.random_range(joined.max(0) + 14..=380));
        let from = calendar.share_before(joined);
        let to = match (gone_before, leaves) {
            (true, _) => from,
            (false, Some(day)) => calendar.share_before(day),
            (false, None) => 1.0,
        };
        let present = to - from;

        let rate = lognormal(&mut rng, 8.4, 0.98);
        let orders = if gone_before { 0 } else { round_randomly(&mut rng, (rate * present).min(ORDERS_MAX)) };
        let appetite = rng.random::<f64>().max(1e-3).powf(-1.0 / 3.0).min(6.0);
        let mut events = |share: f64, median: f64| {
            let has = chance(&mut rng, share);
            let rate = lognormal(&mut rng, median, 0.9) * present;
            if has && !gone_before { 1 + round_randomly(&mut rng, rate.min(200.0)) } else { 0 }
        };
        let app_events = events(0.55, 6.0);
        let mini_program_events = events(0.6, 5.0);
        let web_events = events(0.45, 5.0);
        let follows =
            if chance(&mut rng, 0.35) && !gone_before { 1 + u64::from(chance(&mut rng, 0.3)) } else { 0 };
        Self { joined, from, to, orders, appetite, app_events, mini_program_events, web_events, follows }
    }

    /// Returns the loyalty tier that the year's orders earn.
    pub(crate) fn tier(&self) -> &'static str {
        let size = whole(self.appetite * 100.0).saturating_mul(self.orders);
        match size {
            0..800 => "bronze",
            800..2_400 => "silver",
            2_400..7_000 => "gold",
            _ => "platinum",
        }
    }

    /// Returns which of a member's `count` events fall into a month, and at which share of the year.
    pub(crate) fn within(
        &self,
        mut schedule: Rng,
        count: u64,
        month: (f64, f64),
    ) -> impl Iterator<Item = (u64, f64)> + use<> {
        let Self { from, to, .. } = *self;
        let overlaps = from < month.1 && to > month.0;
        (0..if overlaps { count } else { 0 })
            .map(move |event| (event, from + schedule.random::<f64>() * (to - from)))
            .filter(move |(_, share)| month.0 <= *share && *share < month.1)
    }
}

fn lognormal(rng: &mut Rng, median: f64, sigma: f64) -> f64 {
    let normal: f64 = StandardNormal.sample(rng);
    median * (sigma * normal).exp()
}

fn days(number: f64) -> i64 {
    i64::try_from(whole(number)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
