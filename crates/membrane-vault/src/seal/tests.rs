use super::*;

/// The GCM specification (McGrew and Viega), test case 16: the cipher we picked is AES-256-GCM.
#[test]
fn known_answer() {
    let mut key = [0_u8; 32];
    hex::decode_to_slice("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", &mut key)
        .unwrap();
    let sealed = [
        "01",
        "cafebabefacedbaddecaf888",
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        "76fc6ece0f4e1768cddf8853bb2d551b",
    ]
    .concat();
    let associated = hex::decode("feedfacedeadbeeffeedfacedeadbeefabaddad2").unwrap();
    let mut opened = Vec::new();
    open(&cipher(&key), &associated, &hex::decode(sealed).unwrap(), &mut opened).unwrap();
    let expected = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
    assert_eq!(hex::encode(opened), expected);
}

#[test]
fn nonces_do_not_repeat_within_and_across_threads() {
    let draw = || -> Vec<[u8; 12]> { (0..5_000).map(|_| random::bytes().unwrap()).collect() };
    let mut nonces: Vec<[u8; 12]> =
        (0..4).map(|_| std::thread::spawn(draw)).flat_map(|thread| thread.join().unwrap()).collect();
    nonces.extend(draw());
    let count = nonces.len();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), count);
}

#[test]
fn other_versions_and_short_cells_are_refused() {
    let cipher = cipher(&[5; 32]);
    let mut sealed = Vec::new();
    seal(&cipher, b"", b"", &mut sealed).unwrap();
    assert_eq!(sealed.len(), SEALED_OVERHEAD);
    open(&cipher, b"", &sealed, &mut Vec::new()).unwrap();
    for length in 0..sealed.len() {
        assert!(matches!(open(&cipher, b"", &sealed[..length], &mut Vec::new()), Err(VaultError::Open)));
    }
    sealed[0] = 2;
    assert!(matches!(open(&cipher, b"", &sealed, &mut Vec::new()), Err(VaultError::Open)));
}
