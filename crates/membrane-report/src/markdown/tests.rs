//! Tests. What is written is read by a parser of GitHub's Markdown, as a reader's program would.

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser};

use super::*;
use crate::testing::{every_block, hostile};
use crate::visible::is_hidden;

/// Parses Markdown with everything that GitHub has switched on.
fn events(markdown: &str) -> Vec<Event<'_>> {
    let mut options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
    options |= Options::ENABLE_TASKLISTS | Options::ENABLE_GFM | Options::ENABLE_MATH;
    Parser::new_ext(markdown, options).collect()
}

/// Returns the structure: everything but the texts. Line breaks and code in a cell are the text's own.
fn structure(markdown: &str) -> Vec<String> {
    let own = |html: &str| matches!(html, "<br>" | "<code>" | "</code>");
    events(markdown)
        .into_iter()
        .filter(|event| !matches!(event, Event::Text(_) | Event::Code(_)))
        .filter(|event| !matches!(event, Event::InlineHtml(html) if own(html)))
        .map(|event| format!("{event:?}"))
        .collect()
}

/// Returns the texts, with breaks as newlines.
fn text_of(markdown: &str) -> String {
    let mut out = String::new();
    for event in events(markdown) {
        match event {
            Event::Text(text) | Event::Code(text) => out.push_str(&text),
            Event::InlineHtml(html) if &*html == "<br>" => out.push('\n'),
            _ => {}
        }
    }
    out
}

#[track_caller]
fn check(input: &str, expected: &str) {
    assert_eq!(text(input), expected);
}

#[test]
fn golden() {
    assert_eq!(to_markdown(&every_block(str::to_owned)), include_str!("golden.md"));
}

#[test]
fn escapes() {
    check("a|b", "a\\|b");
    check("a\\|b", "a\\\\\\|b");
    check("`x` *y* _z_", "\\`x\\` \\*y\\* \\_z\\_");
    check("1. one", "1\\. one");
    check("2026-10-01", "2026-10-01");
    check("- x - y", "\\- x - y");
    check("---", "\\---");
    check("-5", "-5");
    check("0.25", "0.25");
    check("<b>&amp;", "&lt;b&gt;&amp;amp;");
    check("a\nb\u{202e}", "a<br>b\\\\u{202e}");
    check("see https://evil.example or WWW.evil.example", "see https\\://evil.example or WWW\\.evil.example");
}

#[test]
fn code_in_cells() {
    assert_eq!(code_cell("claims_2026"), "`claims_2026`");
    assert_eq!(code_cell("a|b"), "<code>a\\|b</code>");
    assert_eq!(code_cell("a`b"), "<code>a\\`b</code>");
    assert_eq!(code_cell(" "), "");
}

#[test]
fn fences_are_longer_than_those_in_the_code() {
    assert_eq!(fenced("a"), "```text\na\n```");
    assert_eq!(fenced("````\nb"), "`````text\n````\nb\n`````");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_is_markup(text in prop_oneof![hostile(), any::<String>()]) {
        let benign = to_markdown(&every_block(str::to_owned));
        let markdown = to_markdown(&every_block(|benign| format!("{text}{benign}{text}")));
        prop_assert_eq!(structure(&markdown), structure(&benign));
        prop_assert!(markdown.chars().all(|c| c == '\n' || !is_hidden(c)));
    }

    #[test]
    fn texts_are_read_as_they_were(input in prop_oneof![hostile(), any::<String>()]) {
        let read = text_of(&text(&input));
        let shown = lines(input.trim());
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(squeeze(&read), squeeze(&shown.join("\n")));
    }
}
