//! Fingerprints of keys.

use std::collections::HashSet;

use super::*;

#[test]
fn fingerprints_are_of_the_value_and_of_nothing_else() {
    let fingerprint = Fingerprint(RandomState::new());
    let mut seen = HashSet::new();
    let (mut high, mut low) = (HashSet::new(), HashSet::new());
    for number in 0..20_000_u32 {
        let key = fingerprint.of(number.to_string().as_bytes());
        assert_eq!(key, fingerprint.of(number.to_string().as_bytes()));
        seen.insert(key);
        high.insert(key >> 64);
        low.insert(key & u128::from(u64::MAX));
    }
    assert_eq!(
        (seen.len(), high.len(), low.len()),
        (20_000, 20_000, 20_000),
        "both halves tell values apart"
    );
    assert_ne!(fingerprint.of(b"a"), Fingerprint(RandomState::new()).of(b"a"), "they are keyed");
    assert_ne!(fingerprint.of(b""), fingerprint.of(b"\xff"));
}
