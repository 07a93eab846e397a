use super::*;

/// Judges a column of these values, each once.
fn verdict(name: &str, values: impl IntoIterator<Item = String>) -> Verdict {
    let mut evidence = Evidence::default();
    for value in values {
        evidence.shape.values += 1;
        evidence.shape.different += 1;
        evidence.see(&value);
    }
    judge(name, &evidence, 2026)
}

/// Numbers that look drawn.
fn scattered(row: u64) -> u64 {
    (row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

#[test]
fn one_column_is_judged_by_all_of_its_values() {
    let phone = |row: u64| format!("1{}{:09}", 3 + scattered(row) % 7, scattered(row * 3) % 1_000_000_000);
    let found = verdict("c3", (0..200).map(phone));
    assert_eq!((found.kind, found.is_sure, found.class), (Some(Kind::CnMobile), true, Some("pii.phone")));
    // As many digits, and one of ten that looks like a telephone.
    let number = |row: u64| format!("{:011}", scattered(row) % 100_000_000_000);
    let found = verdict("c3", (0..200).map(number));
    assert_eq!((found.kind, found.class), (None, None));
}

#[test]
fn a_name_alone_protects_in_doubt() {
    let found = verdict("phone_hash", (0..50).map(|row| format!("x{row}y")));
    assert_eq!((found.kind, found.is_sure, found.class), (None, false, Some("pii.phone")));
    assert!(found.because.iter().any(|because| because.contains("`phone`")), "{:?}", found.because);
    let found = verdict("member_no", (0..50).map(|row| format!("M{row:08}")));
    assert_eq!(found.class, Some("pii.identifier"));
}

#[test]
fn few_addresses_among_other_texts_are_in_doubt() {
    let mixed =
        |row: u64| if row.is_multiple_of(10) { format!("m{row}@example.com") } else { format!("shop {row}") };
    let found = verdict("contact", (0..200).map(mixed));
    assert_eq!((found.kind, found.is_sure, found.class), (Some(Kind::Email), false, Some("pii.email")));
    let remark = |row: u64| format!("please call 13{} after six", 800_000_000 + scattered(row) % 99_999_999);
    let found = verdict("remark", (0..50).map(remark));
    assert_eq!((found.is_sure, found.class), (false, Some("pii")));
}

#[test]
fn codes_of_sole_traders_are_of_people() {
    // The check character is found by trying.
    let code = |row: u64, start: &str| {
        let body = format!("{start}310115{:09}", scattered(row) % 1_000_000_000);
        let letters = "0123456789ABCDEFGHJKLMNPQRTUWXY".chars();
        letters
            .map(|last| format!("{body}{last}"))
            .find(|text| Evidence::would_match(Kind::CreditCode, text))
            .unwrap()
    };
    let found = verdict("seller", (0..60).map(|row| code(row, "91")));
    assert_eq!((found.kind, found.class), (Some(Kind::CreditCode), Some("business")));
    let found = verdict("seller", (0..60).map(|row| code(row, if row % 3 == 0 { "92" } else { "91" })));
    assert_eq!(found.class, Some("pii.identifier"));
}

#[test]
fn evidence_has_counts_and_no_values() {
    let found = verdict("email", (0..50).map(|row| format!("qxjzv{row}@example.com")));
    let text = format!("{found:?}");
    assert!(text.contains("100.0 %") && !text.contains("qxjzv"), "{text}");
}
