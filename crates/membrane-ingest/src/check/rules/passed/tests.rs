use super::*;

#[test]
fn short_texts_are_remembered_and_no_others() {
    let mut passed = Passed::default();
    let long = "x".repeat(17);
    let texts = ["", "\0", "a", "a\0", "P00017", "2025-11", "\u{4e0a}\u{6d77}", "exactly 16 bytes"];
    for text in texts {
        assert!(!passed.contains(text), "{text:?}");
        passed.insert(text);
        assert!(passed.contains(text), "{text:?}");
    }
    passed.insert(&long);
    assert!(!passed.contains(&long));
}

#[test]
fn a_remembered_text_is_itself() {
    // Far more than there are places: whatever is told to be there was put there.
    let mut passed = Passed::default();
    for number in 0..10_000 {
        passed.insert(&format!("S{number}"));
    }
    let kept = (0..10_000).filter(|number| passed.contains(&format!("S{number}"))).count();
    assert!((SLOTS / 2..=SLOTS).contains(&kept), "{kept}");
    assert!((0..10_000).all(|number| !passed.contains(&format!("T{number}"))));
}
