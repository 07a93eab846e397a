use std::collections::HashSet;

use super::household_identity;

#[test]
fn identities_repeat_and_are_distinct() {
    assert_eq!(household_identity(1, 42), household_identity(1, 42));
    assert_ne!(household_identity(1, 42), household_identity(2, 42));
    let all: Vec<_> = (1..=2_500).map(|id| household_identity(1, id)).collect();
    let distinct = |texts: Vec<&str>| texts.into_iter().collect::<HashSet<_>>().len();
    assert_eq!(distinct(all.iter().map(|one| one.phone.as_str()).collect()), 2_500);
    assert_eq!(distinct(all.iter().map(|one| one.email.as_str()).collect()), 2_500);
    assert_eq!(distinct(all.iter().map(|one| one.member_no.as_str()).collect()), 2_500);
}

#[test]
fn nobody_has_these_numbers() {
    for id in 0..500 {
        let identity = household_identity(3, id);
        assert_eq!(identity.phone.len(), 12);
        assert!(identity.phone.starts_with("+1") && identity.phone.get(5..10).unwrap() == "55501");
        assert!(identity.email.contains("example."));
    }
}
