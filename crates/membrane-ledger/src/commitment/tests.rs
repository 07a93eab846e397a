use super::*;

#[test]
fn a_commitment_is_golden() {
    let told = commitment_of("00112233445566778899aabbccddeeff", "SELECT 1");
    let expected =
        hex::encode(Sha256::digest(b"membrane-commitment/1\x0000112233445566778899aabbccddeeffSELECT 1"));
    assert_eq!(told, expected);
}

#[test]
fn no_two_commitments_to_one_text_are_alike() {
    let (one, other) = (Commitment::to("SELECT 1").unwrap(), Commitment::to("SELECT 1").unwrap());
    assert_ne!(one, other);
    assert_eq!(one.salt.len(), 32);
    assert_eq!(commitment_of(&one.salt, "SELECT 1"), one.commitment);
    assert_ne!(commitment_of(&one.salt, "SELECT 2"), one.commitment);
    assert_ne!(commitment_of(&other.salt, "SELECT 1"), one.commitment);
    assert!(opens(&one.salt, "SELECT 1", &one.commitment));
}

/// Where the salt ends is not to be chosen by whoever shows it.
#[test]
fn a_salt_takes_up_no_part_of_the_text() {
    let made = Commitment::to("SELECT 1 UNION SELECT 2").unwrap();
    let longer = format!("{}SELECT 1 UNION ", made.salt);
    assert_eq!(commitment_of(&longer, "SELECT 2"), made.commitment, "the hash alone does not tell");
    assert!(!opens(&longer, "SELECT 2", &made.commitment));
    let (shorter, rest) = made.salt.split_at(31);
    assert!(!opens(shorter, &format!("{rest}SELECT 1 UNION SELECT 2"), &made.commitment));
    assert!(!opens(&made.salt.to_uppercase(), "SELECT 1 UNION SELECT 2", &made.commitment));
}
