use super::*;

fn check(seconds: u64, expected: &str) {
    assert_eq!(in_words(Duration::from_secs(seconds)), expected);
}

#[test]
fn times_are_told_in_the_largest_unit() {
    check(0, "a second");
    check(1, "a second");
    check(2, "2 seconds");
    check(119, "119 seconds");
    check(120, "2 minutes");
    check(33_333, "9 hours");
    check(2 * DAY, "2 days");
    check(2_000 * YEAR, "2,000 years");
    check(u64::MAX, "584,942,417,355 years");
}

#[test]
fn digits_stand_in_threes() {
    let check = |number: u64, expected: &str| assert_eq!(grouped(number), expected);
    check(0, "0");
    check(999, "999");
    check(1_000, "1,000");
    check(100_000_000_000, "100,000,000,000");
}
