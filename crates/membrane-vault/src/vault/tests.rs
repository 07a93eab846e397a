use super::*;

#[test]
fn one_root_key_gives_one_vault() {
    let root = RootKey::from_hex(&"5a".repeat(32)).unwrap();
    let kind: IdentityKind = "member_no".parse().unwrap();
    let (once, twice) = (Vault::new(&root), Vault::new(&root));
    assert_eq!(once.subject_id(&kind, b"M00000001"), twice.subject_id(&kind, b"M00000001"));
    assert_eq!(*once.bearer_key(), *twice.bearer_key());
    assert_ne!(*once.bearer_key(), *Vault::new(&RootKey::generate()).bearer_key());
    assert_eq!(once.query_key_hasher().hash(&[b"a"]), twice.query_key_hasher().hash(&[b"a"]));
}

#[test]
fn hubs_and_uses_have_signers_of_their_own() {
    let vault = Vault::new(&RootKey::generate());
    let signers =
        [vault.signer("a"), vault.signer("b"), vault.receipt_signer("a"), vault.receipt_signer("b")];
    let mut keys = signers.map(|signer| signer.public_key());
    keys.sort_unstable();
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
    let keys = [vault.log_key("a", 1), vault.log_key("a", 2), vault.log_key("b", 1), vault.bearer_key()];
    let mut keys = keys.map(|key| *key);
    keys.sort_unstable();
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(vault.receipt_signer("a").public_key(), vault.clone().receipt_signer("a").public_key());
}

#[test]
fn the_check_tells_root_keys_apart() {
    let root = RootKey::generate();
    assert_eq!(Vault::new(&root).key_check(), Vault::new(&root).key_check());
    assert_ne!(Vault::new(&root).key_check(), Vault::new(&RootKey::generate()).key_check());
    assert_eq!(Vault::new(&root).key_check().len(), 32);
}

#[test]
fn debug_shows_the_kind_only() {
    assert_eq!(format!("{:?}", Vault::new(&RootKey::generate())), "Vault(..)");
}

#[test]
fn a_vault_is_shared_between_threads() {
    fn check<T: Send + Sync + Clone>() {}
    check::<Vault>();
    check::<DataKey>();
    check::<Tokenizer>();
}
