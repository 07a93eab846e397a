use membrane_model::{ColumnName, DatasetName};
use proptest::prelude::*;

use super::*;
use crate::{RootKey, SEALED_OVERHEAD, Vault};

struct Place {
    dataset: DatasetName,
    column: ColumnName,
    subject: SubjectId,
}

impl Place {
    fn context(&self) -> CellContext<'_> {
        CellContext { dataset: &self.dataset, column: &self.column, subject: &self.subject }
    }
}

fn place(dataset: &str, column: &str, subject: [u8; 16]) -> Place {
    Place {
        dataset: dataset.parse().unwrap(),
        column: column.parse().unwrap(),
        subject: SubjectId::from_bytes(subject),
    }
}

fn key(byte: u8) -> DataKey {
    DataKey::new(Zeroizing::new([byte; 32]))
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Checks that nothing opens and that nothing is left in the output.
fn check_refused(key: &DataKey, place: &Place, sealed: &[u8]) {
    let mut out = b"before".to_vec();
    let error = key.open(&place.context(), sealed, &mut out).unwrap_err();
    assert!(matches!(error, VaultError::Open));
    assert_eq!(error.to_string(), "a sealed value cannot be opened");
    assert_eq!(out, b"before");
}

proptest! {
    #[test]
    fn what_is_sealed_opens(value in proptest::collection::vec(any::<u8>(), 0..600), name in "[a-z][a-z0-9]{0,62}", subject: [u8; 16]) {
        let place = place(&name, "phone", subject);
        let column = ColumnContext::new(&place.dataset, &place.column);
        let mut sealed = b"before".to_vec();
        key(1).seal(&place.context(), &value, &mut sealed).unwrap();
        prop_assert!(sealed.starts_with(b"before"));
        let cell = &sealed[6..];
        prop_assert_eq!(cell.len(), value.len() + SEALED_OVERHEAD);
        let mut opened = b"before".to_vec();
        key(1).open(&place.context(), cell, &mut opened).unwrap();
        prop_assert_eq!(&opened[6..], &value);

        let mut opened = Vec::new();
        key(1).cipher().open_in(&column, &place.subject, cell, &mut opened).unwrap();
        prop_assert_eq!(&opened, &value);
        let mut sealed = Vec::new();
        key(1).cipher().seal_in(&column, &place.subject, &value, &mut sealed).unwrap();
        let mut opened = Vec::new();
        key(1).cipher().open(&place.context(), &sealed, &mut opened).unwrap();
        prop_assert_eq!(&opened, &value);
    }

    #[test]
    fn no_clear_bytes_are_in_a_sealed_cell(value in proptest::collection::vec(any::<u8>(), 4..64)) {
        let place = place("crm_members", "phone", [3; 16]);
        let (mut once, mut twice) = (Vec::new(), Vec::new());
        key(1).seal(&place.context(), &value, &mut once).unwrap();
        key(1).seal(&place.context(), &value, &mut twice).unwrap();
        // Four bytes in a row meet by chance once in 2^32 places; a leak would show all of them.
        prop_assert!(!value.chunks_exact(4).all(|part| contains(&once, part)));
        prop_assert!(!contains(&once, &[3; 16]));
        prop_assert_ne!(once, twice);
    }

    #[test]
    fn any_changed_byte_is_noticed(value in proptest::collection::vec(any::<u8>(), 0..40), flip in 1_u8..) {
        let place = place("crm_members", "phone", [3; 16]);
        let mut sealed = Vec::new();
        key(1).seal(&place.context(), &value, &mut sealed).unwrap();
        for position in 0..sealed.len() {
            sealed[position] ^= flip;
            check_refused(&key(1), &place, &sealed);
            sealed[position] ^= flip;
        }
        sealed.push(flip);
        check_refused(&key(1), &place, &sealed);
    }

    #[test]
    fn a_moved_cell_does_not_open(value in proptest::collection::vec(any::<u8>(), 0..40)) {
        let here = place("crm_members", "phone", [3; 16]);
        let mut sealed = Vec::new();
        key(1).seal(&here.context(), &value, &mut sealed).unwrap();
        key(1).open(&here.context(), &sealed, &mut Vec::new()).unwrap();
        check_refused(&key(2), &here, &sealed);
        check_refused(&key(1), &place("crm_member", "sphone", [3; 16]), &sealed);
        check_refused(&key(1), &place("pos_orders", "phone", [3; 16]), &sealed);
        check_refused(&key(1), &place("crm_members", "email", [3; 16]), &sealed);
        check_refused(&key(1), &place("crm_members", "phone", [4; 16]), &sealed);
    }
}

#[test]
fn quarantine_keys_are_per_dataset_and_stable() {
    let root = RootKey::generate();
    let here = place("crm_members", "record", [0; 16]);
    let mut sealed = Vec::new();
    Vault::new(&root)
        .quarantine_key(&here.dataset)
        .seal(&here.context(), b"13800138000", &mut sealed)
        .unwrap();
    let mut opened = Vec::new();
    Vault::new(&root).quarantine_key(&here.dataset).open(&here.context(), &sealed, &mut opened).unwrap();
    assert_eq!(opened, b"13800138000");
    check_refused(&Vault::new(&root).quarantine_key(&"pos_orders".parse().unwrap()), &here, &sealed);
    check_refused(&Vault::new(&RootKey::generate()).quarantine_key(&here.dataset), &here, &sealed);
}

#[test]
fn debug_shows_kinds_only() {
    assert_eq!(format!("{:?}", key(1)), "DataKey(..)");
    assert_eq!(format!("{:?}", key(1).cipher()), "CellCipher(..)");
}
