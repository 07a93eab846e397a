//! `partial(prefix, suffix)`: the first and the last characters, the rest starred out.
//!
//! It never shows a short value whole: at least two characters and at least half of the value are hidden,
//! counted both in what a reader takes for characters and in code points. Where the window is too wide for
//! a value, the end gives way first, then the beginning. One star stands for each hidden character, and at
//! least two stars stand, so that a value of one character is not told from one of two.
//!
//! | value | `partial(3,4)` | `partial(1,0)` |
//! | --- | --- | --- |
//! | `13800138000` | `138******00` | `1**********` |
//! | `欧阳修` | `欧**` | `欧**` |
//! | `张伟` | `**` | `**` |
//! | `张` | `**` | `**` |

use unicode_segmentation::UnicodeSegmentation as _;

use crate::mask::doc::MaskDoc;

pub(crate) const DOC: MaskDoc = MaskDoc {
    name: "partial(3,4)",
    level: "partial",
    types: "text",
    shows: "so many characters at the start and at the end, fewer of a short value, the rest starred out",
    examples: &[
        ("13800138000", Some("138******00")),
        ("欧阳修", Some("欧**")),
        ("张伟", Some("**")),
        ("e\u{301}tienne", Some("e\u{301}ti****")),
    ],
};

/// Characters that are always hidden.
const HIDDEN_MIN: usize = 2;

/// Appends the masked form of `text` to `out`.
pub(super) fn window(text: &str, prefix: u8, suffix: u8, out: &mut String) {
    let shown = Shown::of(text, prefix, suffix);
    push(text, shown.head_end, shown.tail_start, shown.hidden, out);
}

/// Cuts a text into the first characters that may be shown, those that are hidden, and the last that may be shown.
pub(super) fn split(text: &str, prefix: u8, suffix: u8) -> (&str, &str, &str) {
    let shown = Shown::of(text, prefix, suffix);
    let (head, rest) = text.split_at_checked(shown.head_end).unwrap_or_default();
    let middle = shown.tail_start.saturating_sub(shown.head_end);
    let (hidden, tail) = rest.split_at_checked(middle).unwrap_or_default();
    (head, hidden, tail)
}

/// Returns the first characters of a text, as many as may be shown of it: none of a short one.
pub(super) fn head(text: &str, prefix: u8) -> &str {
    text.get(..Shown::of(text, prefix, 0).head_end).unwrap_or_default()
}

/// What a window shows of a text: bytes up to `head_end` and from `tail_start`, and how many characters it hides.
struct Shown {
    head_end: usize,
    tail_start: usize,
    hidden: usize,
}

impl Shown {
    fn of(text: &str, prefix: u8, suffix: u8) -> Self {
        let (prefix, suffix) = (usize::from(prefix), usize::from(suffix));
        if text.is_ascii() {
            let (head, tail) = fit(text.len(), prefix, suffix);
            return Self { head_end: head, tail_start: text.len() - tail, hidden: text.len() - head - tail };
        }
        let starts: Vec<usize> = text.grapheme_indices(true).map(|(start, _)| start).collect();
        let offset = |cluster: usize| starts.get(cluster).copied().unwrap_or(text.len());
        let (mut head, mut tail) = fit(starts.len(), prefix, suffix);
        let all = text.chars().count();
        // A cluster may be many code points: the shown ones must not be most of the value.
        while head + tail > 0 {
            let shown = length(text.get(..offset(head))) + length(text.get(offset(starts.len() - tail)..));
            if shown * 2 <= all && shown + HIDDEN_MIN <= all {
                break;
            }
            if tail > 0 { tail -= 1 } else { head -= 1 }
        }
        Self {
            head_end: offset(head),
            tail_start: offset(starts.len() - tail),
            hidden: starts.len() - head - tail,
        }
    }
}

/// Narrows a window until it hides at least two characters and half of the value.
fn fit(length: usize, prefix: usize, suffix: usize) -> (usize, usize) {
    let shown_max = (length / 2).min(length.saturating_sub(HIDDEN_MIN));
    let head = prefix.min(shown_max);
    (head, suffix.min(shown_max - head))
}

fn push(text: &str, head_end: usize, tail_start: usize, hidden: usize, out: &mut String) {
    out.push_str(text.get(..head_end).unwrap_or_default());
    out.extend(std::iter::repeat_n('*', hidden.max(HIDDEN_MIN)));
    out.push_str(text.get(tail_start..).unwrap_or_default());
}

fn length(text: Option<&str>) -> usize {
    text.unwrap_or_default().chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, prefix: u8, suffix: u8, expected: &str) {
        let mut out = String::new();
        window(text, prefix, suffix, &mut out);
        assert_eq!(out, expected, "{text:?}");
    }

    #[test]
    fn windows_are_cut() {
        check("13800138000", 3, 4, "138******00");
        check("13800138000", 3, 2, "138******00");
        check("13800138000", 0, 4, "*******8000");
        check("+8613800138000", 3, 4, "+86*******8000");
        check("4111111111111111", 0, 4, "************1111");
    }

    #[test]
    fn short_values_are_never_whole() {
        check("", 3, 4, "**");
        check("1", 3, 4, "**");
        check("12", 3, 4, "**");
        check("123", 3, 4, "1**");
        check("1234", 3, 4, "12**");
        check("张", 1, 0, "**");
        check("张伟", 1, 0, "**");
        check("欧阳修", 1, 0, "欧**");
        check("欧阳娜娜", 1, 1, "欧**娜");
    }

    #[test]
    fn letters_are_not_cut_in_two() {
        check("e\u{301}tienne", 1, 0, "e\u{301}******");
        check("👨\u{200D}👩\u{200D}👧abcdefgh", 1, 0, "👨\u{200D}👩\u{200D}👧********");
        // The one shown cluster would be most of the value.
        check("👨\u{200D}👩\u{200D}👧ab", 1, 0, "***");
    }

    #[test]
    fn at_least_half_and_two_are_hidden_whatever_the_window() {
        for text in [
            "",
            "a",
            "ab",
            "abc",
            "abcd",
            "abcdefghijk",
            "张伟",
            "欧阳修",
            "e\u{301}e\u{301}e\u{301}e\u{301}",
        ] {
            for prefix in 0..12 {
                for suffix in 0..12 {
                    let mut out = String::new();
                    window(text, prefix, suffix, &mut out);
                    let hidden = out.chars().filter(|letter| *letter == '*').count();
                    let shown = out.chars().count() - hidden;
                    assert!(hidden >= HIDDEN_MIN, "{text:?}");
                    assert!(shown * 2 <= text.chars().count(), "{text:?} {prefix} {suffix}");
                    assert!(shown == 0 || shown + HIDDEN_MIN <= text.chars().count(), "{text:?}");
                }
            }
        }
    }
}
