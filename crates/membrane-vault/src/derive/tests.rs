use super::*;

const ALL: [KeyUse; 12] = [
    KeyUse::Subject,
    KeyUse::Token,
    KeyUse::ShownToken,
    KeyUse::BucketWrap,
    KeyUse::Quarantine,
    KeyUse::Bearer,
    KeyUse::Sampling,
    KeyUse::QueryKey,
    KeyUse::Check,
    KeyUse::Delivery,
    KeyUse::Receipt,
    KeyUse::Log,
];

/// RFC 5869, appendix A.1; its 42 bytes of output start with one block of 32.
#[test]
fn expand_is_hkdf_expand() {
    let mut prk = [0_u8; 32];
    hex::decode_to_slice("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", &mut prk)
        .unwrap();
    let info = hex::decode("f0f1f2f3f4f5f6f7f8f9").unwrap();
    let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf";
    assert_eq!(hex::encode(*expand(&keyed_hash(&prk), &[&info])), expected);
    let (head, tail) = info.split_at(3);
    assert_eq!(hex::encode(*expand(&keyed_hash(&prk), &[head, tail])), expected);
}

/// The stored formats rest on these: a change here makes every stored token and key unreadable.
#[test]
fn derived_keys_are_golden() {
    let root = keyed_hash(&[7_u8; 32]);
    let derived: Vec<String> = ALL
        .into_iter()
        .map(|key_use| format!("{} {}", key_use.label(), hex::encode(*derive(&root, key_use, b"scope"))))
        .collect();
    assert_eq!(derived, include_str!("golden.txt").lines().collect::<Vec<_>>());
}

#[test]
fn uses_and_scopes_do_not_run_together() {
    let root = keyed_hash(&[7_u8; 32]);
    let mut keys = Vec::new();
    for key_use in ALL {
        assert!(!key_use.label().contains('\0'), "{key_use:?}");
        for scope in ["", "phone", "phone\0", "-token"] {
            keys.push(*derive(&root, key_use, scope.as_bytes()));
        }
    }
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

/// Keyed hashes and ciphers hold what their keys became: they are wiped when they are dropped.
#[test]
fn states_are_wiped_with_their_keys() {
    fn wiped<T: zeroize::ZeroizeOnDrop>() {}
    wiped::<Sha256>();
    wiped::<<Sha256 as hmac::digest::block_api::CoreProxy>::Core>();
    wiped::<crate::seal::Cipher>();
    wiped::<aes::Aes256>();
    // `Hmac` does not say so itself: it is two of the cores above and a buffer that is wiped too.
    assert!(std::mem::needs_drop::<KeyedHash>(), "a keyed hash is left in memory");
    let table = include_str!("../../../../Cargo.toml");
    for name in ["hmac", "sha2", "aes-gcm", "aes"] {
        let line = table.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap();
        assert!(line.contains(r#"features = ["zeroize"]"#), "{line}");
    }
}
