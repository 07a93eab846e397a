use proptest::prelude::*;

use super::*;
use crate::{RootKey, Vault};

fn cipher(scope: &str) -> FormatCipher {
    Vault::new(&RootKey::from_hex(&"07".repeat(32)).unwrap()).shown_format(scope).unwrap()
}

fn digits(text: &str) -> Vec<u16> {
    text.chars().map(|digit| u16::try_from(digit.to_digit(10).unwrap()).unwrap()).collect()
}

/// NIST's sample for FF1 with AES-256, radix 10, an empty tweak (FF1samples, number 7).
#[test]
fn the_published_sample_comes_out() {
    let key: [u8; 32] = hex::decode("2b7e151628aed2a6abf7158809cf4f3cef4359d8d580aa4f7f036d6f04fc6a94")
        .unwrap()
        .try_into()
        .unwrap();
    let cipher = FormatCipher::new(&key).unwrap();
    assert_eq!(cipher.encrypt(&[], &digits("0123456789")).unwrap(), digits("6657667009"));
}

#[test]
fn scopes_and_tweaks_never_match() {
    let value = digits("13800138000");
    let one = cipher("partner:acme").encrypt(b"phone", &value).unwrap();
    assert_ne!(one, cipher("partner:globex").encrypt(b"phone", &value).unwrap());
    assert_ne!(one, cipher("partner:acme").encrypt(b"card", &value).unwrap());
    assert_eq!(one, cipher("partner:acme").encrypt(b"phone", &value).unwrap());
}

#[test]
fn small_domains_and_other_letters_are_refused() {
    let cipher = cipher("partner:acme");
    assert!(matches!(cipher.encrypt(&[], &digits("12345")), Err(VaultError::Format)));
    assert!(cipher.encrypt(&[], &digits("123456")).is_ok());
    assert!(matches!(cipher.encrypt(&[], &[1, 2, 3, 4, 5, 10]), Err(VaultError::Format)));
    assert!(matches!(cipher.decrypt(&[], &[]), Err(VaultError::Format)));
}

proptest! {
    #[test]
    fn what_is_encrypted_can_be_decrypted(value in proptest::collection::vec(0_u16..10, 6..30), tweak in "[a-z]{0,8}") {
        let cipher = cipher("purpose:test");
        let made = cipher.encrypt(tweak.as_bytes(), &value).unwrap();
        prop_assert_eq!(made.len(), value.len());
        prop_assert_eq!(cipher.decrypt(tweak.as_bytes(), &made).unwrap(), value);
    }
}
