//! Tests.

use super::*;

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(lines(text), expected);
}

#[test]
fn hidden_characters_are_shown() {
    check("evil\u{202e}gpj.exe", &["evil\\u{202e}gpj.exe"]);
    check("a\u{200b}b\u{feff}", &["a\\u{200b}b\\u{feff}"]);
    check("bell\u{7}, nul\0, escape\u{1b}[31m", &["bell\\u{7}, nul\\u{0}, escape\\u{1b}[31m"]);
    check(
        "soft\u{ad}hyphen \u{2028} \u{e000} \u{1fffe}",
        &["soft\\u{ad}hyphen \\u{2028} \\u{e000} \\u{1fffe}"],
    );
}

#[test]
fn what_has_a_shape_stays() {
    check("Ελένη Иван José 王小明 ﷼ no\u{a0}break", &["Ελένη Иван José 王小明 ﷼ no\u{a0}break"]);
}

#[test]
fn lines_end_as_on_any_system() {
    check("a\nb\r\nc\rd\n", &["a", "b", "c\\u{d}d", ""]);
    check("a\tb", &["a    b"]);
    check("", &[""]);
    assert_eq!(one_line("a\nb"), "a b");
}

#[test]
fn every_bidi_control_and_format_character_is_hidden() {
    let bidi = ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter().chain('\u{202a}'..='\u{202e}');
    for c in bidi.chain('\u{2066}'..='\u{2069}').chain('\u{fff9}'..='\u{fffb}').chain('\u{0}'..='\u{1f}') {
        assert!(is_hidden(c), "{}", c.escape_unicode());
    }
    for c in (' '..='~').chain('\u{a1}'..='\u{ac}').chain('\u{ae}'..='\u{24f}') {
        assert!(!is_hidden(c), "{c}");
    }
}
