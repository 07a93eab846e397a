use super::*;

#[test]
fn a_root_key_survives_its_text_form() {
    let key = RootKey::generate();
    let text = key.to_hex();
    assert_eq!(text.len(), 64);
    let again = RootKey::from_hex(&format!("  {}\n", *text)).unwrap();
    assert_eq!(again.as_bytes(), key.as_bytes());
}

#[test]
fn two_root_keys_differ() {
    assert_ne!(RootKey::generate().as_bytes(), RootKey::generate().as_bytes());
}

#[test]
fn other_texts_are_refused_and_not_repeated() {
    for wrong in ["", "ab", &"a".repeat(63), &"a".repeat(65), &"g".repeat(64), &"é".repeat(32)] {
        let error = RootKey::from_hex(wrong).unwrap_err();
        assert!(matches!(error, VaultError::RootKeyForm));
        assert!(wrong.is_empty() || !error.to_string().contains(wrong));
    }
}

#[test]
fn debug_shows_the_kind_only() {
    assert_eq!(format!("{:?}", RootKey::generate()), "RootKey(..)");
}
