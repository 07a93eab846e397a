//! The set answers the same whether it fits in memory or not.

use std::hash::BuildHasher;

use super::*;

/// Spreads small numbers evenly.
fn key(number: u64) -> u128 {
    let hash = BuildHasherDefault::<std::hash::DefaultHasher>::default();
    u128::from(hash.hash_one(number)) << 64 | u128::from(hash.hash_one(!number))
}

#[test]
fn keys_are_found_in_memory_and_in_files() {
    let folder = tempfile::tempdir().unwrap();
    // 40 spills make files of three levels.
    let mut seen = Seen::with_entries(folder.path(), 500);
    // What a file says it has may be a lie: room is made for what fits in memory.
    seen.reserve(usize::MAX);
    assert!((500..5_000).contains(&seen.fresh.capacity()), "{}", seen.fresh.capacity());
    for number in 0..20_000 {
        assert!(!seen.contains(key(number)).unwrap(), "{number} was not inserted");
        seen.insert(key(number)).unwrap();
    }
    for number in 0..20_000 {
        assert!(seen.contains(key(number)).unwrap(), "{number} was inserted");
    }
    for number in 20_000..40_000 {
        assert!(!seen.contains(key(number)).unwrap(), "{number} was not inserted");
    }
    assert!(seen.runs.len() < 10, "files are merged: {}", seen.runs.len());
    assert!(seen.runs.iter().any(|run| run.level() == 2));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "files have no name");
}

#[test]
fn uneven_keys_are_found_too() {
    let folder = tempfile::tempdir().unwrap();
    let keys: Vec<u128> = (0..3000).chain((0..3000).map(|key| u128::MAX - key)).collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    let run = Run::write(folder.path(), &sorted).unwrap();
    assert!(keys.iter().all(|key| run.contains(*key).unwrap()));
    assert!(!run.contains(3000).unwrap() && !run.contains(1 << 100).unwrap());
    let empty = Run::write(folder.path(), &[]).unwrap();
    assert!(!empty.contains(0).unwrap());
}
