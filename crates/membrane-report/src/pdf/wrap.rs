//! Breaks text into lines.
//!
//! A line ends behind a space when there is one, else behind a sign inside a word (`/`, `-`, `_`), else where
//! the room ends. Nothing is hyphenated: what is copied out of the file is what went in.

use super::fonts::Fonts;
use super::style::Style;
use crate::visible;

/// Returns a text as lines that are no wider than the room, as far as single characters are.
pub(super) fn wrap(fonts: &Fonts, style: Style, text: &str, room: f32) -> Vec<String> {
    let mut lines = Vec::new();
    for line in visible::lines(text) {
        break_line(fonts, style, &shown(fonts, &line), room, &mut lines);
    }
    lines
}

/// Returns a text on one line.
pub(super) fn one_line(fonts: &Fonts, text: &str) -> String {
    shown(fonts, &visible::one_line(text))
}

/// Returns a text on one line that is cut where the room ends.
pub(super) fn cut_line(fonts: &Fonts, style: Style, text: &str, room: f32) -> String {
    let line = one_line(fonts, text);
    if fonts.width(style.cut, &line) * style.size <= room {
        return line;
    }
    let mut left = room / style.size - fonts.advance(style.cut, '…');
    let mut cut: String = line
        .chars()
        .take_while(|c| {
            left -= fonts.advance(style.cut, *c);
            left >= 0.0
        })
        .collect();
    cut.push('…');
    cut
}

/// Returns the widths of the longest line of a text and of the longest part of it that is not parted by choice.
pub(super) fn measure(fonts: &Fonts, style: Style, text: &str) -> (f32, f32) {
    let (mut longest, mut longest_word) = (0.0_f32, 0.0_f32);
    for line in visible::lines(text) {
        let (mut width, mut word) = (0.0_f32, 0.0_f32);
        let mut before: Option<char> = None;
        for c in shown(fonts, &line).chars() {
            let advance = fonts.advance(style.cut, c);
            let parted = before.is_some_and(|last| breaks_word(last, c) || breaks_sign(last, c));
            word = if parted { advance } else { word + advance };
            if c != ' ' {
                longest_word = longest_word.max(word);
            }
            width += advance;
            before = Some(c);
        }
        longest = longest.max(width);
    }
    (longest * style.size, longest_word * style.size)
}

/// Writes the characters that no font has as code points in brackets, so that nothing is lost silently.
fn shown(fonts: &Fonts, line: &str) -> String {
    if line.is_ascii() {
        return line.to_owned();
    }
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if fonts.has(c) {
            out.push(c);
        } else {
            out.push_str(&format!("[U+{:04X}]", u32::from(c)));
        }
    }
    out
}

/// Breaks one line. Each character is looked at once for every line that it might have stood on: at most two.
fn break_line(fonts: &Fonts, style: Style, line: &str, room: f32, lines: &mut Vec<String>) {
    let room = room / style.size;
    let mut rest = line;
    loop {
        let end = first_line(fonts, style, rest, room);
        let (first, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        lines.push(first.to_owned());
        if behind.is_empty() {
            return;
        }
        rest = behind;
    }
}

/// Returns how many bytes go on the first line: at least one character.
fn first_line(fonts: &Fonts, style: Style, text: &str, room: f32) -> usize {
    let (mut width, mut soft, mut hard) = (0.0_f32, None, None);
    let mut before: Option<char> = None;
    for (place, c) in text.char_indices() {
        match before {
            Some(last) if breaks_word(last, c) => soft = Some(place),
            Some(last) if breaks_sign(last, c) => hard = Some(place),
            _ => {}
        }
        width += fonts.advance(style.cut, c);
        // A space at the end of a line needs no room.
        if width > room && c != ' ' && place > 0 {
            return soft.or(hard).unwrap_or(place);
        }
        before = Some(c);
    }
    text.len()
}

/// Says whether a line may end between two characters: behind a space, between ideographs.
fn breaks_word(last: char, next: char) -> bool {
    let glued = matches!(
        next,
        '、' | '。' | '，' | '．' | '！' | '？' | '：' | '；' | '）' | '」' | '』' | '】' | '》'
    );
    (last == ' ' && next != ' ') || ((is_ideograph(last) || is_ideograph(next)) && !glued && next != ' ')
}

/// Says whether a line may end between two characters of a word that is too long.
fn breaks_sign(last: char, next: char) -> bool {
    matches!(last, '-' | '/' | '_' | '.' | ',' | ';' | ':' | '@' | '=' | '?' | '&' | '|' | '\\')
        && next.is_alphanumeric()
}

/// Says whether a character is of a script without spaces between words.
fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c), 0x2E80..=0x9FFF | 0xF900..=0xFAFF | 0xFF00..=0xFFEF | 0x20000..=0x3FFFF)
}

#[cfg(test)]
mod tests;
