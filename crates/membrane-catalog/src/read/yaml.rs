//! YAML with places. The only file that names the YAML parser.

use saphyr::{LoadableYamlNode as _, MarkedYaml, Marker, Scalar, YamlData};

use super::{At, Mark, Report};

/// Nested lists and mappings on one line or one another; a contract needs eight.
const NESTING_MAX: usize = 64;

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Document(MarkedYaml<'static>);

impl Document {
    /// Parses a file that holds one document.
    pub(crate) fn parse(text: &str, report: &mut Report) -> Option<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if let Some(line) = first_deep_line(text) {
            report.fault(Mark { line, column: 1 }, format!("nested deeper than {NESTING_MAX}"));
            return None;
        }
        let mut documents = match MarkedYaml::load_from_str(text) {
            Ok(documents) => documents.into_iter(),
            Err(error) => {
                report.fault(mark(*error.marker()), format!("not YAML: {}", error.info()));
                return None;
            }
        };
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
    pub(crate) const fn root(&self) -> Node<'_> {
        Node(&self.0)
    }
}

/// A node of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a>(&'a MarkedYaml<'static>);

/// What a node is. A number or a flag in quotes is a text.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    Null,
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(&'a str),
    List(Vec<Node<'a>>),
    /// Keys and values in the file's order.
    Map(Vec<(Node<'a>, Node<'a>)>),
    /// A tagged node or a scalar that is not what its tag says.
    Other,
}

impl Value<'_> {
    /// Names what the node is, for a fault.
    pub(crate) const fn kind(&self) -> &'static str {
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
    pub(crate) fn mark(self) -> Mark {
        mark(self.0.span.start)
    }

    pub(crate) fn at<T>(self, value: T) -> At<T> {
        At { value, mark: self.mark() }
    }

    pub(crate) fn value(self) -> Value<'a> {
        match &self.0.data {
            YamlData::Value(Scalar::Null) => Value::Null,
            YamlData::Value(Scalar::Boolean(flag)) => Value::Flag(*flag),
            YamlData::Value(Scalar::Integer(number)) => Value::Integer(*number),
            YamlData::Value(Scalar::FloatingPoint(number)) => Value::Number(number.0),
            YamlData::Value(Scalar::String(text)) => Value::Text(text),
            YamlData::Sequence(items) => Value::List(items.iter().map(Node).collect()),
            YamlData::Mapping(pairs) => {
                Value::Map(pairs.iter().map(|(key, value)| (Node(key), Node(value))).collect())
            }
            YamlData::Representation(..) | YamlData::Tagged(..) | YamlData::Alias(_) | YamlData::BadValue => {
                Value::Other
            }
        }
    }
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
