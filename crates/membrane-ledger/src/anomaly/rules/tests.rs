use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use proptest::prelude::*;

use super::{FACTOR, HISTORY_DAYS, compare, judge, median, suspects, usual_of};
use crate::{ActivityDay, ActivityHour, Anomaly, AnomalyFloors, AnomalyKind, UsualOf};

const FLOORS: AnomalyFloors = AnomalyFloors { cells: 500, odd_cells: 50, rows: 5_000, lookups: 20 };

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 30).unwrap()
}

fn back(days: u64) -> NaiveDate {
    today().checked_sub_days(Days::new(days)).unwrap()
}

fn day(principal: &str, day: NaiveDate) -> ActivityDay {
    ActivityDay {
        principal: principal.parse().unwrap(),
        day,
        runs: 1,
        refused: 0,
        cells: 0,
        rows: 0,
        lookups: 0,
        reads_narrow: 0,
        cells_in_hour: 0,
        lookups_in_hour: 0,
    }
}

/// Two peers and Ana, at work for four weeks, each day with these cells.
fn four_weeks(peers: u64, own: u64) -> Vec<ActivityDay> {
    let of = |principal, cells| (1..=28).map(move |ago| ActivityDay { cells, ..day(principal, back(ago)) });
    of("analyst:lee", peers).chain(of("analyst:kim", peers)).chain(of("analyst:ana", own)).collect()
}

fn check(mut days: Vec<ActivityDay>, now: ActivityDay, expected: &[(AnomalyKind, u64, u64, UsualOf)]) {
    days.push(now);
    let found = judge(&days, &BTreeMap::new(), today(), &FLOORS);
    let told = |one: &Anomaly| (one.kind, one.measured, one.usual, one.usual_of);
    assert_eq!(found.iter().map(told).collect::<Vec<_>>(), expected);
}

fn ana() -> ActivityDay {
    day("analyst:ana", today())
}

#[test]
fn many_times_more_cells_than_peers_and_before_stand_out() {
    let cells = |cells| ActivityDay { cells, ..ana() };
    let found = [(AnomalyKind::Cells, 2_001, 400, UsualOf::Own)];
    check(four_weeks(100, 400), cells(2_001), &found);
    check(four_weeks(100, 400), cells(2_000), &[]);
    // What is usual for one of them is no anomaly, however much it is beside others.
    check(four_weeks(10, 3_000), cells(3_500), &[]);
    check(four_weeks(3_000, 10), cells(3_500), &[]);
    // Small figures never stand out.
    check(four_weeks(1, 1), cells(500), &[]);
    check(four_weeks(0, 0), cells(501), &[(AnomalyKind::Cells, 501, 0, UsualOf::Own)]);
    // Who is new is held against peers, who is alone against the past, and who is both against nothing.
    let days = four_weeks(100, 1);
    let of = |name: &str| days.iter().filter(|one| one.principal.name() == name).cloned().collect::<Vec<_>>();
    let peers = [of("lee"), of("kim")].concat();
    check(peers.clone(), cells(501), &[(AnomalyKind::Cells, 501, 100, UsualOf::Peers)]);
    check(of("ana"), cells(501), &[(AnomalyKind::Cells, 501, 1, UsualOf::Own)]);
    check(of("lee"), cells(1_000_000), &[]);
    // A service is no peer of an analyst.
    check(peers, ActivityDay { cells: 9_999, ..day("service:loader", today()) }, &[]);
}

/// One wild day, or none on most of them, does not change what is usual.
#[test]
fn the_usual_is_robust() {
    let mut days = four_weeks(100, 100);
    for one in days.iter_mut().filter(|one| one.day == back(3)) {
        one.cells = 1_000_000;
    }
    check(days.clone(), ActivityDay { cells: 501, ..ana() }, &[(AnomalyKind::Cells, 501, 100, UsualOf::Own)]);
    for one in days.iter_mut().filter(|one| one.principal.name() == "ana") {
        one.cells = if one.day == back(7) || one.day == back(14) { 2_000 } else { 0 };
    }
    check(days, ActivityDay { cells: 2_100, ..ana() }, &[]);
}

#[test]
fn what_is_older_than_four_weeks_is_forgotten() {
    let mut days = four_weeks(0, 0);
    for one in &mut days {
        one.day = one.day.checked_sub_days(Days::new(HISTORY_DAYS)).unwrap();
        one.cells = 1;
    }
    check(days, ActivityDay { cells: 1_000_000, ..ana() }, &[]);
}

#[test]
fn many_rows_stand_out() {
    let found = [(AnomalyKind::Members, 5_001, 0, UsualOf::Own)];
    check(four_weeks(0, 0), ActivityDay { rows: 5_001, ..ana() }, &found);
    check(four_weeks(0, 0), ActivityDay { rows: 5_000, ..ana() }, &[]);
    check(Vec::new(), ActivityDay { rows: 5_001, ..ana() }, &[]);
}

#[test]
fn a_walk_by_lookups_stands_out_without_any_past() {
    let walked = ActivityDay { lookups_in_hour: 21, lookups: 21, ..ana() };
    check(Vec::new(), walked.clone(), &[(AnomalyKind::Lookups, 21, 0, UsualOf::Nobody)]);
    check(Vec::new(), ActivityDay { lookups_in_hour: 20, ..walked.clone() }, &[]);
    // Whose work it is to look callers up.
    let mut days = four_weeks(0, 0);
    days.iter_mut().filter(|one| one.principal.name() == "ana").for_each(|one| one.lookups_in_hour = 12);
    check(days.clone(), walked.clone(), &[]);
    let many = ActivityDay { lookups_in_hour: 61, ..walked };
    check(days, many, &[(AnomalyKind::Lookups, 61, 12, UsualOf::Own)]);
}

fn check_hours(known: &[(u64, u8)], now: &[(u8, u64)], expected: Option<(u8, u64)>) {
    let mut hours: Vec<ActivityHour> = known
        .iter()
        .map(|(ago, hour)| ActivityHour { day: back(*ago), hour: *hour, cells: 0, lookups_narrow: 0 })
        .collect();
    hours.extend(now.iter().map(|(hour, cells)| ActivityHour {
        day: today(),
        hour: *hour,
        cells: *cells,
        lookups_narrow: 0,
    }));
    let most = now.iter().map(|(_, cells)| *cells).max().unwrap();
    let days = [ActivityDay { cells_in_hour: most, ..ana() }];
    let who = suspects(&days, today(), &FLOORS);
    let hours = who.into_iter().map(|who| (who.clone(), hours.clone())).collect();
    let found = judge(&days, &hours, today(), &FLOORS);
    let told = found.first().map(|one| (one.hour.unwrap(), one.measured));
    assert_eq!(told, expected);
    assert!(found.iter().all(|one| (one.kind, one.usual) == (AnomalyKind::Hours, 0)) && found.len() < 2);
}

#[test]
fn cells_that_are_opened_at_night_stand_out() {
    let office: Vec<(u64, u8)> = (1..=10).flat_map(|ago| (9..18).map(move |hour| (ago, hour))).collect();
    check_hours(&office, &[(3, 51)], Some((3, 51)));
    check_hours(&office, &[(2, 51), (3, 90), (4, 90), (9, 900)], Some((3, 90)));
    check_hours(&office, &[(3, 50)], None);
    // A little earlier or later is no other hour.
    check_hours(&office, &[(8, 400), (18, 400)], None);
    check_hours(&office, &[(19, 400)], Some((19, 400)));
    // Nine days are too few to know somebody's hours, and what is older counts no more.
    check_hours(&office[9..], &[(3, 400)], None);
    let old: Vec<(u64, u8)> = office.iter().map(|(ago, hour)| (ago + 28, *hour)).collect();
    check_hours(&old, &[(3, 400)], None);
    let night: Vec<(u64, u8)> = (1..=10).map(|ago| (ago, 0)).collect();
    check_hours(&night, &[(23, 400), (1, 400)], None);
    check_hours(&night, &[(22, 400)], Some((22, 400)));
}

#[test]
fn a_floor_of_none_is_never() {
    let none = AnomalyFloors { cells: 0, odd_cells: 0, rows: 0, lookups: 0 };
    let wild = ActivityDay {
        cells: u64::MAX,
        rows: u64::MAX,
        cells_in_hour: u64::MAX,
        lookups_in_hour: u64::MAX,
        ..ana()
    };
    let mut days = four_weeks(1, 1);
    days.push(wild);
    assert!(suspects(&days, today(), &none).is_empty());
    assert_eq!(judge(&days, &BTreeMap::new(), today(), &none), []);
    assert_eq!(judge(&days, &BTreeMap::new(), today(), &FLOORS).len(), 3);
}

proptest! {
    #[test]
    fn half_of_all_are_on_each_side_of_the_median(figures in proptest::collection::vec(any::<u64>(), 1..40)) {
        let middle = median(figures.clone());
        prop_assert!(figures.contains(&middle));
        prop_assert!(figures.iter().filter(|one| **one <= middle).count() * 2 >= figures.len());
        prop_assert!(figures.iter().filter(|one| **one >= middle).count() * 2 >= figures.len());
    }

    /// More stands out wherever less does; and never what is within the floor, or within so many times what is usual of either.
    #[test]
    fn more_stands_out_where_less_does(
        measured in any::<u64>(), more in any::<u64>(), floor in 1..u64::MAX, alone in any::<bool>(),
        samples in proptest::collection::vec(proptest::collection::vec(0..1_000_000_u64, 5..20), 0..3),
    ) {
        let of = [UsualOf::Peers, UsualOf::Own];
        let samples: Vec<_> = of.into_iter().zip(samples).collect();
        let found = compare(measured, floor, &samples, alone);
        if let Some(usual) = found {
            prop_assert_eq!(compare(measured.saturating_add(more), floor, &samples, alone), Some(usual));
            prop_assert!(measured > floor && measured > usual.bound && usual.bound >= floor);
            for (of, figures) in &samples {
                prop_assert!(measured > usual_of(figures, *of, floor).figure.saturating_mul(FACTOR));
            }
        }
        prop_assert!(compare(floor, floor, &samples, alone).is_none());
    }

    /// Whatever is done, a flag is about who did it, says what is kept, and goes beyond its bound; a kind is there once.
    #[test]
    fn a_flag_says_what_is_kept(cells in proptest::collection::vec(0..100_000_u64, 87), rows in 0..1_000_000_u64) {
        let mut days: Vec<ActivityDay> = Vec::new();
        for (index, cells) in cells.iter().enumerate() {
            let name = ["analyst:ana", "analyst:lee", "analyst:kim"][index % 3];
            let ago = u64::try_from(index / 3).unwrap();
            days.push(ActivityDay { cells: *cells, rows, ..day(name, back(ago)) });
        }
        let found = judge(&days, &BTreeMap::new(), today(), &FLOORS);
        for one in &found {
            let of = days.iter().find(|day| day.day == today() && day.principal == one.principal).unwrap();
            prop_assert_eq!(one.measured, if one.kind == AnomalyKind::Cells { of.cells } else { of.rows });
            prop_assert!(one.measured > one.bound);
            prop_assert_eq!(found.iter().filter(|two| (&two.principal, two.kind) == (&one.principal, one.kind)).count(), 1);
        }
        let other: Vec<ActivityDay> = days.iter().rev().cloned().collect();
        let mut again = judge(&other, &BTreeMap::new(), today(), &FLOORS);
        again.sort_by_key(|one| (one.principal.clone(), one.kind));
        let mut found = found;
        found.sort_by_key(|one| (one.principal.clone(), one.kind));
        prop_assert_eq!(found, again);
    }
}
