use std::collections::{HashMap, HashSet};

use super::{Household, Slot};
use crate::seeds::Seeds;

fn slots(count: u64) -> Vec<Slot> {
    (0..count).map(|member| Slot::of(Seeds::new(5), member)).collect()
}

#[test]
fn every_place_is_taken_once() {
    let slots = slots(64 * 20);
    let people: HashSet<u64> = slots.iter().filter(|slot| !slot.again).map(|slot| slot.person).collect();
    let again = slots.iter().filter(|slot| slot.again).count();
    assert_eq!(people.len() + again, slots.len());
    assert!((5..=60).contains(&again), "{again} second registrations");
    for slot in slots.iter().filter(|slot| slot.again) {
        assert!(people.contains(&slot.person), "the first registration is in the same block");
    }
}

#[test]
fn sizes_are_those_of_households() {
    let mut sizes: HashMap<u64, HashSet<u64>> = HashMap::new();
    for slot in slots(64 * 50) {
        sizes.entry(slot.household).or_default().insert(slot.person);
    }
    assert!(sizes.values().all(|people| (1..=5).contains(&people.len())));
    let alone = sizes.values().filter(|people| people.len() == 1).count();
    assert!(alone * 100 / sizes.len() > 35 && alone * 100 / sizes.len() < 55);
}

#[test]
fn people_of_a_household_share_it() {
    let seeds = Seeds::new(5);
    for slot in slots(640) {
        let (mine, again) = (Household::of(seeds, &slot), Household::of(seeds, &slot));
        assert_eq!(mine.home.chinese(), again.home.chinese());
        let mut rng = seeds.rng(crate::seeds::Draw::Person, slot.person);
        let (_, born, surname) = mine.person(&mut rng, &slot);
        assert!(born.to_string().as_str() >= "1933-01-01" && born.to_string().as_str() < "2010-01-01");
        assert!([mine.surname.written, mine.partner_surname.written].contains(&surname.written));
    }
}
