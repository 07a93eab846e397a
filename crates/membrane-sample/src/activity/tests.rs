use super::Activity;
use crate::calendar::Calendar;
use crate::seeds::{Draw, Seeds};

fn years(count: u64) -> Vec<Activity> {
    let calendar = Calendar::new();
    (0..count).map(|member| Activity::of(Seeds::new(2), &calendar, member)).collect()
}

#[test]
fn orders_are_skewed() {
    let mut orders: Vec<u64> = years(20_000).iter().map(|year| year.orders).collect();
    orders.sort_unstable();
    let mean = orders.iter().sum::<u64>() as f64 / orders.len() as f64;
    let median = orders[orders.len() / 2];
    let top_tenth: u64 = orders[orders.len() * 9 / 10..].iter().sum();
    let share = top_tenth as f64 / orders.iter().sum::<u64>() as f64;
    assert!((5..=7).contains(&median), "median {median}");
    assert!((8.5..=11.5).contains(&mean), "mean {mean}");
    assert!((0.35..=0.55).contains(&share), "the top tenth has {share} of the orders");
}

#[test]
fn some_leave_and_some_had_left() {
    let years = years(10_000);
    let left = years.iter().filter(|year| year.to > year.from && year.to < 1.0).count();
    let had_left = years.iter().filter(|year| year.to <= year.from).count();
    assert!((1_700..=2_700).contains(&left), "{left} left");
    assert!((500..=1_000).contains(&had_left), "{had_left} had left");
    assert!(years.iter().all(|year| year.from <= year.to));
}

#[test]
fn months_share_out_all_events() {
    let calendar = Calendar::new();
    for (member, year) in years(200).into_iter().enumerate() {
        let schedule = || Seeds::new(2).rng(Draw::Schedule, member as u64);
        let mut events: Vec<u64> = Vec::new();
        for month in calendar.months() {
            for (event, share) in year.within(schedule(), year.orders, *month) {
                assert!(share >= year.from && share <= year.to, "an event outside of the membership");
                events.push(event);
            }
        }
        events.sort_unstable();
        assert_eq!(events, (0..year.orders).collect::<Vec<_>>());
    }
}

#[test]
fn there_are_all_tiers() {
    let years = years(5_000);
    let share = |tier| years.iter().filter(|year| year.tier() == tier).count() * 100 / years.len();
    let shares = ["bronze", "silver", "gold", "platinum"].map(share);
    assert!(shares.windows(2).all(|pair| pair[0] > pair[1]) && shares[3] >= 2, "{shares:?} percent");
}
