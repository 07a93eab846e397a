use proptest::prelude::*;

use super::*;
use crate::{RootKey, Vault};

/// RFC 4231, test case 5: HMAC-SHA-256 cut to 128 bits.
#[test]
fn a_token_is_truncated_hmac_sha_256() {
    let token = Tokenizer::new(&[0x0c_u8; 20]).token(b"Test With Truncation");
    assert_eq!(hex::encode(token), "a3b6167473100ee06e0c796c2955552b");
}

/// RFC 4231, test cases 1 and 2, cut to 128 bits.
#[test]
fn tokens_match_the_other_known_answers() {
    let hi_there = Tokenizer::new(&[0x0b_u8; 20]).token(b"Hi There");
    assert_eq!(hex::encode(hi_there), "b0344c61d8db38535ca8afceaf0bf12b");
    let what = Tokenizer::new(b"Jefe").token(b"what do ya want for nothing?");
    assert_eq!(hex::encode(what), "5bdcc146bf60754e6a042426089575c7");
}

#[test]
fn query_keys_keep_their_parts_apart() {
    let hasher = QueryKeyHasher::new(&[1; 32]);
    assert_eq!(hasher.hash(&[b"ab", b"c"]), hasher.hash(&[b"ab", b"c"]));
    assert_ne!(hasher.hash(&[b"ab", b"c"]), hasher.hash(&[b"a", b"bc"]));
    assert_ne!(hasher.hash(&[b"ab"]), hasher.hash(&[b"ab", b""]));
    assert_ne!(hasher.hash(&[b"ab"]), QueryKeyHasher::new(&[2; 32]).hash(&[b"ab"]));
    assert_eq!(hasher.hash(&[]).len(), 64);
}

#[test]
fn deliveries_are_named_by_key_and_parts() {
    let vault = |digits: &str| Vault::new(&RootKey::from_hex(&digits.repeat(32)).unwrap());
    let name = vault("11").delivery_hasher().hash(&[b"members", b"content"]);
    assert_eq!(name, vault("11").delivery_hasher().hash(&[b"members", b"content"]));
    assert_ne!(name, vault("22").delivery_hasher().hash(&[b"members", b"content"]));
    assert_ne!(name, vault("11").delivery_hasher().hash(&[b"member", b"scontent"]));
    assert_ne!(name, vault("11").query_key_hasher().hash(&[b"members", b"content"]), "a use of its own");
    assert_eq!(name.len(), 64);
}

#[test]
fn debug_shows_kinds_only() {
    let vault = Vault::new(&RootKey::generate());
    assert_eq!(format!("{:?}", vault.tokenizer("phone")), "Tokenizer(..)");
    assert_eq!(format!("{:?}", vault.subject_hasher(&"openid".parse().unwrap())), "SubjectHasher(..)");
    assert_eq!(format!("{:?}", vault.query_key_hasher()), "QueryKeyHasher(..)");
    assert_eq!(format!("{:?}", vault.delivery_hasher()), "DeliveryHasher(..)");
}

proptest! {
    #[test]
    fn tokens_depend_on_value_domain_scope_use_and_root(value in proptest::collection::vec(any::<u8>(), 0..200)) {
        let vault = Vault::new(&RootKey::from_hex(&"11".repeat(32)).unwrap());
        let other = Vault::new(&RootKey::from_hex(&"22".repeat(32)).unwrap());
        let phone = vault.tokenizer("phone").token(&value);
        prop_assert_eq!(phone, vault.clone().tokenizer("phone").token(&value));
        let mut changed = value.clone();
        changed.push(0);
        let openid = vault.subject_id(&"openid".parse().unwrap(), &value);
        let unionid = vault.subject_id(&"unionid".parse().unwrap(), &value);
        let mut tokens = vec![
            phone,
            vault.tokenizer("phone").token(&changed),
            vault.tokenizer("email").token(&value),
            vault.shown_tokenizer("phone").token(&value),
            vault.shown_tokenizer("partner:acme").token(&value),
            vault.shown_tokenizer("partner:bolt").token(&value),
            other.tokenizer("phone").token(&value),
            *openid.as_bytes(),
            *unionid.as_bytes(),
        ];
        let count = tokens.len();
        tokens.sort_unstable();
        tokens.dedup();
        prop_assert_eq!(tokens.len(), count);
    }
}
