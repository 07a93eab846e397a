//! Tests.

use proptest::prelude::*;

use super::*;
use crate::pdf::style::{BODY, CODE};
use crate::testing::hostile;

thread_local! {
    static FONTS: Fonts = Fonts::bundled().unwrap();
}

/// Wraps to a room of so many letters of equal width.
#[track_caller]
fn check(text: &str, letters: f32, expected: &[&str]) {
    FONTS.with(|fonts| {
        let room = fonts.advance(CODE.cut, 'm') * CODE.size * (letters + 0.01);
        assert_eq!(wrap(fonts, CODE, text, room), expected);
    });
}

#[test]
fn lines_end_behind_spaces() {
    check("one two three", 7.0, &["one two ", "three"]);
    check("one two three", 13.0, &["one two three"]);
    check("one  two", 3.0, &["one  ", "two"]);
    check("one\ntwo\n", 9.0, &["one", "two", ""]);
    check("", 9.0, &[""]);
}

#[test]
fn long_words_are_broken_at_signs_else_anywhere() {
    check("https://example.org/claims", 12.0, &["https://", "example.org/", "claims"]);
    check("aaaaaaaaaa", 4.0, &["aaaa", "aaaa", "aa"]);
    check("x aaaaaaaaaa", 4.0, &["x ", "aaaa", "aaaa", "aa"]);
    check("abc", 0.5, &["a", "b", "c"]);
}

#[test]
fn what_no_font_has_is_written_as_code_points() {
    check("王x", 40.0, &["[U+738B]x"]);
    check("\u{10900}", 40.0, &["[U+10900]"]);
    check("\u{202e}", 40.0, &["\\u{202e}"]);
}

#[test]
fn ideographs_are_parted_but_for_closing_signs() {
    assert!(breaks_word('王', '小'));
    assert!(!breaks_word('王', '。'));
    assert!(!breaks_word('a', 'b'));
}

#[test]
fn lines_are_cut_with_an_ellipsis() {
    FONTS.with(|fonts| {
        let cut = cut_line(fonts, BODY, &"long ".repeat(100), 100.0);
        assert!(cut.ends_with('…'));
        assert!(fonts.width(BODY.cut, &cut) * BODY.size <= 100.0);
        assert_eq!(cut_line(fonts, BODY, "short", 100.0), "short");
    });
}

proptest! {
    #[test]
    fn nothing_is_lost_and_no_line_is_too_wide(
        text in prop_oneof![hostile(), any::<String>()],
        room in 8.0_f32..200.0,
    ) {
        FONTS.with(|fonts| {
            let lines = wrap(fonts, BODY, &text, room);
            let all: String = visible::lines(&text).iter().map(|line| shown(fonts, line)).collect();
            prop_assert_eq!(lines.concat(), all);
            for line in &lines {
                let width = fonts.width(BODY.cut, line.trim_end_matches(' ')) * BODY.size;
                prop_assert!(width <= room + 0.01 || line.trim_end().chars().count() == 1);
            }
            Ok(())
        })?;
    }
}
