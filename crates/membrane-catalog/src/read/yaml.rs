//! YAML with places. The only file that names the YAML parser.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use saphyr::{LoadableYamlNode as _, MarkedYaml, Marker, Scalar, YamlData};

use super::{At, Mark, Report};

/// Nested lists and mappings on one line or one another; a contract needs eight.
const NESTING_MAX: usize = 64;

/// What the parser says of a key that stands twice.
const DUPLICATED: &str = "duplicated key in mapping";

/// First letters of keys that stand twice, for private use: nobody writes them. As many are reported.
const SECOND_KEYS: RangeInclusive<char> = '\u{e000}'..='\u{e01f}';

/// A parsed file.
#[derive(Debug)]
pub struct Document(MarkedYaml<'static>);

impl Document {
    /// Parses a file that holds one document.
    pub fn parse(text: &str, report: &mut Report) -> Option<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if let Some(line) = first_deep_line(text) {
            report.fault(Mark { line, column: 1 }, format!("nested deeper than {NESTING_MAX}"));
            return None;
        }
        let mut documents = load(text, report)?.into_iter();
        match (documents.next(), documents.next()) {
            (Some(document), None) => Some(Self(document)),
            (None, _) => {
                report.fault(Mark::START, "the file is empty");
                None
            }
            (_, Some(second)) => {
                report.fault(mark(second.span.start), "a second document: one file holds one");
                None
            }
        }
    }

    /// Returns the outermost node.
    #[must_use]
    pub const fn root(&self) -> Node<'_> {
        Node(&self.0)
    }
}

/// A node of a document.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a>(&'a MarkedYaml<'static>);

/// What a node is. A number or a flag in quotes is a text.
#[derive(Debug)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// Text.
    Text(&'a str),
    /// A list.
    List(Vec<Node<'a>>),
    /// Keys and values in the file's order.
    Map(Vec<(Node<'a>, Node<'a>)>),
    /// A tagged node or a scalar that is not what its tag says.
    Other,
}

impl Value<'_> {
    /// Names what the node is, for a fault.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Flag(_) => "a boolean",
            Self::Integer(_) | Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
            Self::Other => "a tagged value",
        }
    }
}

impl<'a> Node<'a> {
    /// Returns where it begins.
    #[must_use]
    pub fn mark(self) -> Mark {
        mark(self.0.span.start)
    }

    /// Puts a value in its place.
    pub fn at<T>(self, value: T) -> At<T> {
        At { value, mark: self.mark() }
    }

    /// Tells whether this is a key that stood there before; it was reported.
    fn is_second(self) -> bool {
        let first = match &self.0.data {
            YamlData::Value(Scalar::String(text)) => text.chars().next(),
            _ => None,
        };
        first.is_some_and(|first| SECOND_KEYS.contains(&first))
    }

    /// Returns what it is.
    #[must_use]
    pub fn value(self) -> Value<'a> {
        match &self.0.data {
            YamlData::Value(Scalar::Null) => Value::Null,
            YamlData::Value(Scalar::Boolean(flag)) => Value::Flag(*flag),
            YamlData::Value(Scalar::Integer(number)) => Value::Integer(*number),
            YamlData::Value(Scalar::FloatingPoint(number)) => Value::Number(number.0),
            YamlData::Value(Scalar::String(text)) => Value::Text(text),
            YamlData::Sequence(items) => Value::List(items.iter().map(Node).collect()),
            YamlData::Mapping(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| (Node(key), Node(value)));
                Value::Map(pairs.filter(|(key, _)| !key.is_second()).collect())
            }
            YamlData::Representation(..) | YamlData::Tagged(..) | YamlData::Alias(_) | YamlData::BadValue => {
                Value::Other
            }
        }
    }
}

/// Parses text. A key that stands twice in a mapping is a fault, and the file is read on without its second
/// value, so that no other fault is hidden.
fn load(text: &str, report: &mut Report) -> Option<Vec<MarkedYaml<'static>>> {
    let mut readable = Cow::Borrowed(text);
    // Each round finds one doubled key.
    for second in SECOND_KEYS {
        let error = match MarkedYaml::load_from_str(&readable) {
            Ok(documents) => return Some(documents),
            Err(error) => error,
        };
        report.fault(mark(*error.marker()), format!("not YAML: {}", error.info()));
        if error.info() != DUPLICATED {
            return None;
        }
        readable = Cow::Owned(rename_key(&readable, mark(*error.marker()), second)?);
    }
    None
}

/// Gives the key at a place another first letter, so that all places stay where they are.
fn rename_key(text: &str, place: Mark, letter: char) -> Option<String> {
    let before: usize = text.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
    let (head, tail) = text.split_at_checked(before)?;
    let mut letters: Vec<char> = tail.chars().collect();
    let quoted = letters.get(place.column - 1).is_some_and(|first| matches!(first, '"' | '\''));
    // Keys that are neither plain nor quoted words stay: the file is refused then.
    let first = letters.get_mut(place.column - 1 + usize::from(quoted))?;
    if !first.is_alphanumeric() && *first != '_' {
        return None;
    }
    *first = letter;
    Some(head.chars().chain(letters).collect())
}

fn mark(marker: Marker) -> Mark {
    Mark { line: marker.line().max(1), column: marker.col() + 1 }
}

/// Finds a line that opens too many lists or mappings: the parser takes them without recursion, but
/// freeing the tree recurses. Brackets in texts and comments count too, which no real contract notices.
fn first_deep_line(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (index, line) in text.lines().enumerate() {
        let compact = line.split_whitespace().take_while(|word| matches!(*word, "-" | "?")).count();
        for letter in line.chars() {
            match letter {
                '[' | '{' => open += 1,
                ']' | '}' => open = open.saturating_sub(1),
                _ => {}
            }
            if open.max(compact) > NESTING_MAX {
                return Some(index + 1);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests;
