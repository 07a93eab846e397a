use super::*;

const fn rho(rho_nano: u64) -> Price {
    Price { rho_nano, delta_atto: 0 }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

/// What is left in rho of the month, of each later month and for ever; what was spent in how many days; when it is asked.
fn check(left: [u64; 3], (spent, days): (u64, u64), now: &str, expected: (Option<&str>, Option<&str>, &str)) {
    let [month, next_month, lifetime] = left.map(rho);
    let left = Left { month, next_month, lifetime };
    let pace = Pace { spent: rho(spent), span_ms: days * DAY_MS };
    let (month, lifetime) = left.ends(at(now), pace);
    let told = sentence(pace, at(now), (month, lifetime));
    let day = |moment: Option<DateTime<Utc>>| moment.map(|moment| moment.date_naive().to_string());
    let (month, lifetime) = (day(month), day(lifetime));
    assert_eq!((month.as_deref(), lifetime.as_deref()), (expected.0, expected.1), "{told}");
    assert!(told.contains(expected.2), "{told}");
}

#[test]
fn what_is_left_is_spent_as_before() {
    let now = "2026-02-09T12:00:00Z";
    // Ten a day, and a hundred left: ten days.
    check([100, 310, 50_000], (70, 7), now, (Some("2026-02-19"), None, "the month ends on the 19th; "));
    check([1_000, 310, 50_000], (70, 7), now, (None, None, "it lasts beyond the month; the lifetime lasts"));
    check([0, 310, 50_000], (70, 7), now, (Some("2026-02-09"), None, "the month is used up; "));
    check([0, 0, 0], (70, 7), now, (Some("2026-02-09"), Some("2026-02-09"), "the lifetime is used up"));
    check([100, 310, 5_000], (0, 7), now, (None, None, "nothing was spent"));
    check([100, 310, 5_000], (0, 0), now, (None, None, "nothing was spent"));
}

/// Ten a day would use up a lifetime of 500 in 50 days; a month of 100 at most holds some of that back.
#[test]
fn a_months_cap_holds_the_lifetime_back() {
    let now = "2026-02-01T00:00:00Z";
    let sooner = (None, Some("2026-03-23"), "the lifetime ends on 2026-03-23");
    check([1_000, 1_000, 500], (10, 1), now, sooner);
    // 100 in each of February to May, and the fifth hundred in June, ten a day.
    let later = (Some("2026-02-11"), Some("2026-06-11"), "the lifetime ends on 2026-06-11");
    check([100, 100, 500], (10, 1), now, later);
    // More was added to this month, which later ones have not.
    let refilled = (Some("2026-02-21"), Some("2026-05-11"), "the month ends on the 21st");
    check([200, 100, 500], (10, 1), now, refilled);
    // The lifetime ends within the month.
    let within = (Some("2026-02-06"), Some("2026-02-06"), "the month ends on the 6th");
    check([100, 100, 50], (10, 1), now, within);
}

#[test]
fn the_first_of_rho_and_delta_ends_it() {
    let all = |rho_nano, delta_atto| Price { rho_nano, delta_atto };
    let left = Left { month: all(100, 30), next_month: all(100, 100), lifetime: all(5_000, 60) };
    let pace = Pace { spent: all(10, 10), span_ms: DAY_MS };
    let (month, lifetime) = left.ends(at("2026-02-01T00:00:00Z"), pace);
    assert_eq!(month, Some(at("2026-02-04T00:00:00Z")));
    assert_eq!(lifetime, Some(at("2026-03-04T00:00:00Z")));
}

#[test]
fn the_faster_pace_counts() {
    let pace = |spent, days: u64| Pace { spent: rho(spent), span_ms: days * DAY_MS };
    assert!(pace(70, 7).is_faster(pace(70, 30)) && !pace(70, 30).is_faster(pace(70, 7)));
    assert!(pace(70, 7).is_faster(pace(300, 30)));
    assert!((pace(70_000_000, 7).rho_a_day() - 0.01).abs() < 1e-12);
    assert!(pace(0, 0).rho_a_day().abs() < f64::EPSILON);
}

#[test]
fn numbers_neither_overflow_nor_end_in_a_panic() {
    let most = Price { rho_nano: u64::MAX, delta_atto: u64::MAX };
    let left = Left { month: most, next_month: most, lifetime: most };
    for pace in [Pace { spent: rho(1), span_ms: u64::MAX }, Pace { spent: most, span_ms: 1 }] {
        let (month, lifetime) = left.ends(at("2026-02-01T00:00:00Z"), pace);
        assert_eq!(month.is_some(), lifetime.is_some());
    }
}

#[test]
fn days_are_written_as_people_say_them() {
    for (day, told) in [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (22, "22nd"),
        (23, "23rd"),
        (30, "30th"),
        (31, "31st"),
    ] {
        assert_eq!(ordinal(at(&format!("2026-03-{day:02}T00:00:00Z"))), told);
    }
}
