use super::*;
use crate::{CellContext, RootKey, Vault};

const BUCKET: BucketId = BucketId(7);

fn subject(byte: u8) -> SubjectId {
    SubjectId::from_bytes([byte; 16])
}

fn changed(wrapped: &WrappedKey, position: usize) -> WrappedKey {
    let mut bytes = wrapped.as_bytes().to_vec();
    bytes[position] ^= 1;
    WrappedKey::from_bytes(bytes)
}

#[test]
fn keys_survive_wrapping() {
    let root = RootKey::generate();
    let (bucket, wrapped_bucket) = Vault::new(&root).new_bucket(BUCKET).unwrap();
    let (key, wrapped_key) = bucket.new_data_key(&subject(1)).unwrap();
    assert_eq!(wrapped_key.as_bytes().len(), 61);

    let stored = WrappedKey::from_bytes(wrapped_bucket.clone().into_bytes());
    let bucket = Vault::new(&root).open_bucket(BUCKET, &stored).unwrap();
    assert_eq!(bucket.id(), BUCKET);
    let again = bucket.open_data_key(&subject(1), &wrapped_key).unwrap();
    let (dataset, column) = ("crm_members".parse().unwrap(), "phone".parse().unwrap());
    let context = CellContext { dataset: &dataset, column: &column, subject: &subject(1) };
    let (mut sealed, mut opened) = (Vec::new(), Vec::new());
    key.seal(&context, b"13800138000", &mut sealed).unwrap();
    again.open(&context, &sealed, &mut opened).unwrap();
    assert_eq!(opened, b"13800138000");
}

#[test]
fn a_bucket_key_opens_in_its_place_only() {
    let root = RootKey::generate();
    let vault = Vault::new(&root);
    let (_, wrapped) = vault.new_bucket(BUCKET).unwrap();
    assert!(vault.open_bucket(BUCKET, &wrapped).is_ok());
    assert!(matches!(vault.open_bucket(BucketId(8), &wrapped), Err(VaultError::Open)));
    assert!(matches!(Vault::new(&RootKey::generate()).open_bucket(BUCKET, &wrapped), Err(VaultError::Open)));
    for position in 0..wrapped.as_bytes().len() {
        assert!(matches!(vault.open_bucket(BUCKET, &changed(&wrapped, position)), Err(VaultError::Open)));
    }
    assert!(matches!(vault.open_bucket(BUCKET, &WrappedKey::from_bytes(Vec::new())), Err(VaultError::Open)));
}

#[test]
fn a_data_key_opens_in_its_place_only() {
    let vault = Vault::new(&RootKey::generate());
    let (bucket, _) = vault.new_bucket(BUCKET).unwrap();
    let (_, wrapped) = bucket.new_data_key(&subject(1)).unwrap();
    assert!(bucket.open_data_key(&subject(1), &wrapped).is_ok());
    assert!(matches!(bucket.open_data_key(&subject(2), &wrapped), Err(VaultError::Open)));
    let (other, _) = vault.new_bucket(BUCKET).unwrap();
    assert!(matches!(other.open_data_key(&subject(1), &wrapped), Err(VaultError::Open)));
    for position in 0..wrapped.as_bytes().len() {
        let changed = changed(&wrapped, position);
        assert!(matches!(bucket.open_data_key(&subject(1), &changed), Err(VaultError::Open)));
    }
}

/// A wrapped bucket key is no wrapped data key, even where both are wrapped under one key.
#[test]
fn kinds_of_wrapped_keys_do_not_mix() {
    let cipher = seal::cipher(&[1; 32]);
    let wrapped = wrap(&cipher, &bucket_context(BUCKET), &[2; 32]).unwrap();
    let context = data_key_context(BUCKET, &subject(1));
    assert!(matches!(unwrap_key(&cipher, &context, &wrapped), Err(VaultError::Open)));
}

#[test]
fn debug_shows_kinds_only() {
    let (bucket, wrapped) = Vault::new(&RootKey::generate()).new_bucket(BUCKET).unwrap();
    assert_eq!(format!("{bucket:?} {wrapped:?}"), "BucketKey(..) WrappedKey(61 bytes)");
}
