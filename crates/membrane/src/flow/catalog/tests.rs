use super::words;

#[test]
fn a_search_is_words_in_small_letters() {
    assert_eq!(words("  Phone  会员 ").unwrap(), ["phone", "会员"]);
    for wrong in ["", "   ", &"a ".repeat(17), &"a".repeat(257)] {
        assert_eq!(words(wrong).unwrap_err().code(), "bad_request", "{wrong}");
    }
}
