use std::collections::HashSet;

use rand::RngExt;

use super::{Draw, Seeds};

#[test]
fn permutations_hit_everything_once() {
    for domain in [1, 2, 3, 7, 64, 1_000, 4_099] {
        for round in 0..3 {
            let hits: HashSet<u64> =
                (0..domain).map(|index| Seeds::new(7).permute(Draw::Visit, round, index, domain)).collect();
            assert_eq!(hits.len() as u64, domain);
            assert!(hits.iter().all(|hit| *hit < domain));
        }
    }
}

#[test]
fn rounds_differ() {
    let order = |round| {
        (0..100).map(|index| Seeds::new(7).permute(Draw::Visit, round, index, 100)).collect::<Vec<_>>()
    };
    assert_ne!(order(0), order(1));
}

#[test]
fn streams_repeat_and_differ() {
    let draw = |seed, draw, index| Seeds::new(seed).rng(draw, index).random::<u64>();
    assert_eq!(draw(1, Draw::Person, 5), draw(1, Draw::Person, 5));
    assert_ne!(draw(1, Draw::Person, 5), draw(2, Draw::Person, 5));
    assert_ne!(draw(1, Draw::Person, 5), draw(1, Draw::Person, 6));
    assert_ne!(draw(1, Draw::Person, 5), draw(1, Draw::Web, 5));
}

#[test]
fn mixed_numbers_are_distinct() {
    let numbers: HashSet<u64> = (0..10_000).map(|index| Seeds::new(3).mix(Draw::OrderId, index)).collect();
    assert_eq!(numbers.len(), 10_000);
}
