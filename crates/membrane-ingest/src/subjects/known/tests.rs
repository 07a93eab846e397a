//! What was added is found, and nothing else.

use super::*;

fn subject(number: u32) -> SubjectId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_le_bytes());
    SubjectId::from_bytes(id)
}

fn add(known: &mut Known, number: u32) -> Place {
    let fingerprint = known.fingerprint(&number.to_string());
    known.add(fingerprint, subject(number), [1; TOKEN_LENGTH]).unwrap()
}

#[test]
fn everybody_who_was_added_is_found() {
    let mut known = Known::new();
    let count = u32::try_from(3 * CHUNK + 7).unwrap();
    let places: Vec<Place> = (0..count).map(|number| add(&mut known, number)).collect();
    assert_eq!(known.len(), usize::try_from(count).unwrap());
    for (number, place) in (0..count).zip(&places) {
        assert_eq!(known.find(known.fingerprint(&number.to_string())), Some(*place));
        assert_eq!(known.at(*place).unwrap().id, subject(number));
    }
    for stranger in ["", "-1", "0.0", "x"] {
        assert_eq!(known.find(known.fingerprint(stranger)), None);
    }
}

#[test]
fn entries_stay_where_they_are() {
    let mut known = Known::new();
    let first = add(&mut known, 0);
    let lies_at = std::ptr::from_ref(known.at(first).unwrap());
    for number in 1..10_000 {
        add(&mut known, number);
    }
    assert_eq!(
        std::ptr::from_ref(known.at(first).unwrap()),
        lies_at,
        "a key that moved would leave a copy behind"
    );
}

#[test]
fn who_was_forgotten_is_not_found() {
    let mut known = Known::new();
    let place = add(&mut known, 1);
    known.clear();
    assert_eq!((known.len(), known.find(known.fingerprint("1"))), (0, None));
    assert!(known.at(place).is_none());
    let again = add(&mut known, 1);
    assert_eq!(known.find(known.fingerprint("1")), Some(again));
}
