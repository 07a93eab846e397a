//! Everything that a channel is drawn from: small, read only, shared by the threads.

use std::path::PathBuf;

use crate::SampleOptions;
use crate::activity::Activity;
use crate::calendar::Calendar;
use crate::goods::Goods;
use crate::member::Member;
use crate::seeds::{Draw, Rng, Seeds};
use crate::shops::Shops;

/// The world of one sample. No member is kept in it: they are drawn when they are needed.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seeds: Seeds,
    pub(crate) members: u64,
    pub(crate) out: PathBuf,
    pub(crate) dirty_rate: f64,
    pub(crate) calendar: Calendar,
    pub(crate) shops: Shops,
    pub(crate) goods: Goods,
}

impl World {
    pub(crate) fn new(options: &SampleOptions) -> Self {
        let seeds = Seeds::new(options.seed);
        Self {
            seeds,
            members: options.members,
            out: options.out.clone(),
            dirty_rate: options.dirty_rate,
            calendar: Calendar::new(),
            shops: Shops::new(seeds),
            goods: Goods::new(seeds),
        }
    }

    /// Draws a member.
    pub(crate) fn member(&self, index: u64) -> Member {
        Member::of(self.seeds, index)
    }

    /// Draws what a member does in the year.
    pub(crate) fn activity(&self, index: u64) -> Activity {
        Activity::of(self.seeds, &self.calendar, index)
    }

    /// Returns every visit of the year: month by month, in each all members in another order, so that
    /// files grow over the year and a member's rows lie apart, as in a real export.
    pub(crate) fn visits(&self) -> impl Iterator<Item = Visit> {
        self.calendar.months().iter().zip(0_u64..).flat_map(move |(share, month)| {
            (0..self.members).map(move |turn| Visit {
                member: self.seeds.permute(Draw::Visit, month, turn, self.members),
                month,
                share: *share,
            })
        })
    }
}

/// A member's turn in a month.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    pub(crate) member: u64,
    month: u64,
    share: (f64, f64),
}

impl Visit {
    /// Draws which of a member's events in a channel are in this month: number and share of the year.
    pub(crate) fn events(
        &self,
        world: &World,
        activity: &Activity,
        channel: Draw,
        count: u64,
    ) -> impl Iterator<Item = (u64, f64)> + use<> {
        let schedule = world.seeds.rng(Draw::Schedule, self.member * 32 + channel as u64);
        activity.within(schedule, count, self.share)
    }

    /// Returns the draws for what happens in these events.
    pub(crate) fn rng(&self, world: &World, channel: Draw) -> Rng {
        world.seeds.rng(channel, self.member * 16 + self.month)
    }
}
