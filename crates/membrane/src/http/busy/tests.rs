use super::Slots;
use crate::config::ServerSection;

fn slots(requests_max: usize, requests_each_max: usize) -> std::sync::Arc<Slots> {
    Slots::new(&ServerSection { requests_max, requests_each_max, ..ServerSection::default() })
}

#[test]
fn nobody_takes_more_than_their_share() {
    let slots = slots(3, 2);
    let [ana, lee] = ["analyst:ana", "analyst:lee"].map(|name| name.parse().expect("principal"));
    let first = slots.take(&ana).expect("place");
    let second = slots.take(&ana).expect("place");
    assert_eq!(slots.take(&ana).unwrap_err().code(), "requests_limit");
    let other = slots.take(&lee).expect("place");
    assert_eq!(slots.take(&lee).unwrap_err().code(), "busy");
    // A place is held by all who have a copy of it.
    let copy = first.clone();
    drop(first);
    assert_eq!(slots.take(&ana).unwrap_err().code(), "requests_limit");
    drop((copy, second, other));
    assert!(slots.taken.lock().expect("lock").is_empty());
    assert!(slots.take(&ana).is_ok());
}

#[test]
fn the_share_is_a_quarter_unless_it_is_said() {
    for (max, each, expected) in [(64, 0, 16), (1, 0, 1), (3, 0, 1), (64, 64, 64), (4, 100, 100)] {
        assert_eq!(slots(max, each).each_max, expected);
    }
}
