use std::collections::HashMap;

use super::{Member, member_no};
use crate::identifiers::identity_check;
use crate::seeds::Seeds;

fn members(count: u64) -> Vec<Member> {
    (0..count).map(|index| Member::of(Seeds::new(11), index)).collect()
}

#[test]
fn identity_numbers_fit_the_person() {
    for member in members(2_000) {
        let Some(number) = member.identity_number else { continue };
        assert_eq!(number.chars().last().unwrap(), identity_check(number.get(..17).unwrap()));
        assert_eq!(number.get(6..14).unwrap(), member.born.format("%Y%m%d").to_string());
        let male = number.get(16..17).unwrap().parse::<u32>().unwrap() % 2 == 1;
        assert_eq!(male, member.sex == crate::names::Sex::Male);
    }
}

#[test]
fn addresses_lie_in_the_city() {
    for member in members(500) {
        assert!(
            member.address.contains(member.home.city.name)
                || member.address.contains(member.home.city.chinese)
        );
    }
}

#[test]
fn about_four_of_five_names_are_chinese() {
    let chinese = members(2_000).iter().filter(|member| !member.name.written.is_ascii()).count();
    assert!((1_450..=1_750).contains(&chinese), "{chinese} of 2,000");
}

#[test]
fn some_phones_are_shared_within_an_address_only() {
    let mut by_phone: HashMap<String, Vec<Member>> = HashMap::new();
    for member in members(3_000) {
        by_phone.entry(member.phone.clone()).or_default().push(member);
    }
    let shared: Vec<_> = by_phone.values().filter(|members| members.len() > 1).collect();
    assert!(shared.len() > 30, "{} phones are shared", shared.len());
    for members in shared {
        assert!(members.iter().all(|member| member.address == members[0].address));
    }
}

#[test]
fn numbers_have_eight_digits() {
    assert_eq!(member_no(0), "M00000001");
    assert_eq!(member_no(99_999_998), "M99999999");
}

#[test]
fn a_member_is_a_minor_up_to_the_day_of_being_eighteen() {
    let micros = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_micros();
    let mut member = members(1).remove(0);
    member.born = "2007-05-17".parse().unwrap();
    for (moment, expected) in [
        ("2024-12-31T10:00:00Z", true),
        ("2025-05-16T23:59:59Z", true),
        ("2025-05-17T00:00:00Z", false),
        ("2006-01-01T00:00:00Z", true),
    ] {
        assert_eq!(member.is_minor(micros(moment)), expected, "{moment}");
    }
}

#[test]
fn a_few_of_a_hundred_members_are_minors() {
    let summer = 1_751_328_000_000_000;
    let minors = members(5_000).iter().filter(|member| member.is_minor(summer)).count();
    assert!((100..=225).contains(&minors), "{minors} of 5,000");
}
