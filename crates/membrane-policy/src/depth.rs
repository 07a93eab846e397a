//! How deep a Cedar text is nested, told without parsing it: Cedar's parser, validator and printer recurse, and a thread
//! that runs out of stack takes the whole process with it.
//!
//! Two things make an expression deep: brackets, and what is joined in one chain, which becomes a tree as deep as the chain
//! is long (`a && b && c`, `if .. else if ..`, `a.b.c`, one `when` after another). What stands side by side, such as the
//! items of a list or policies, does not.

use membrane_model::FileLimits;

/// What a text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Policies,
    /// In a schema `<` opens a bracket: `Set<String>`.
    Schema,
}

/// Words that join what stands before and after them. `has` takes a chain of attributes.
const JOINING: [&str; 4] = ["if", "when", "unless", "has"];

/// Says where a text is deeper than it may be, as the byte offset and a message; nothing when it is not.
pub(crate) fn too_deep(text: &str, kind: Kind) -> Option<(usize, String)> {
    let FileLimits { nesting_max, joined_max, .. } = FileLimits::FIXED;
    // What was joined on each level of brackets, the outermost first.
    let mut levels = vec![0_usize];
    for token in Tokens::new(text) {
        match token.text {
            "(" | "[" | "{" => levels.push(0),
            "<" if kind == Kind::Schema => levels.push(0),
            ")" | "]" | "}" if levels.len() > 1 => drop(levels.pop()),
            ">" if kind == Kind::Schema && levels.len() > 1 => drop(levels.pop()),
            // What follows stands beside what came before.
            "," | ";" => levels.last_mut().into_iter().for_each(|joined| *joined = 0),
            "&&" | "||" | "+" | "-" | "*" | "." => add(&mut levels),
            word if JOINING.contains(&word) => add(&mut levels),
            _ => continue,
        }
        if levels.len() > nesting_max + 1 {
            return Some((token.start, format!("nested deeper than {nesting_max}")));
        }
        if levels.iter().sum::<usize>() > joined_max {
            let message =
                format!("more than {joined_max} operators in one policy: write a set, or several policies");
            return Some((token.start, message));
        }
    }
    None
}

fn add(levels: &mut [usize]) {
    if let Some(joined) = levels.last_mut() {
        *joined += 1;
    }
}

struct Token<'a> {
    start: usize,
    text: &'a str,
}

/// The words and signs of a text, without its comments and strings.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes past what is no token.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let length = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if let Some(inside) = rest.strip_prefix('"') {
                string_length(inside) + 1
            } else {
                rest.find(|letter: char| !letter.is_whitespace()).unwrap_or(rest.len())
            };
            if length == 0 {
                return;
            }
            self.at += length;
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let length = if word(first) {
            rest.find(|letter| !word(letter)).unwrap_or(rest.len())
        } else if rest.starts_with("&&") || rest.starts_with("||") {
            2
        } else {
            first.len_utf8()
        };
        let start = self.at;
        self.at += length;
        Some(Token { start, text: rest.get(..length).unwrap_or_default() })
    }
}

/// The bytes up to the end of a string, its closing quote included.
fn string_length(inside: &str) -> usize {
    let mut escaped = false;
    for (index, letter) in inside.char_indices() {
        match letter {
            '"' if !escaped => return index + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    inside.len()
}

#[cfg(test)]
mod tests;
