//! XML of messages, made into JSON: an element with elements in it is an object, one that comes several times a list, any other a text.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value};

use crate::xml::append;

/// How deep elements may lie in each other.
const DEPTH_MAX: usize = 32;

/// Makes JSON of a document. `None`: it is none, or has something that messages do not: attributes are left out, document types refused.
pub(super) fn to_json(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                if open.len() == DEPTH_MAX {
                    return None;
                }
                open.push(Element::new(tag.local_name().as_ref())?);
            }
            Event::Empty(tag) => {
                let element = Element::new(tag.local_name().as_ref())?;
                match open.last_mut() {
                    Some(parent) => parent.add(element),
                    None => return ends(&mut reader).then(|| "{}".to_owned()),
                }
            }
            Event::End(_) => {
                let element = open.pop()?;
                match open.last_mut() {
                    Some(parent) => parent.add(element),
                    None => {
                        return ends(&mut reader)
                            .then(|| serde_json::to_string(&Value::Object(element.members)).ok())?;
                    }
                }
            }
            piece @ (Event::Text(_) | Event::CData(_) | Event::GeneralRef(_)) => match open.last_mut() {
                Some(element) => append(&piece, &mut element.text)?,
                // Before the root there is white space.
                None => append(&piece, &mut String::new())?,
            },
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::DocType(_) | Event::Eof => return None,
        }
    }
}

/// Tells whether nothing comes behind the root but white space and remarks.
fn ends(reader: &mut Reader<&[u8]>) -> bool {
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return true,
            Ok(Event::Comment(_) | Event::PI(_)) => {}
            Ok(Event::Text(text)) if text.iter().all(u8::is_ascii_whitespace) => {}
            _ => return false,
        }
    }
}

/// An element of which not all was read.
struct Element {
    name: String,
    text: String,
    members: Map<String, Value>,
}

impl Element {
    fn new(name: &[u8]) -> Option<Self> {
        let name = std::str::from_utf8(name).ok()?.to_owned();
        Some(Self { name, text: String::new(), members: Map::new() })
    }

    fn add(&mut self, Self { name, text, members }: Self) {
        let value = if members.is_empty() { Value::String(text) } else { Value::Object(members) };
        match self.members.get_mut(&name) {
            None => drop(self.members.insert(name, value)),
            Some(Value::Array(items)) => items.push(value),
            Some(first) => {
                let first = std::mem::take(first);
                self.members.insert(name, Value::Array(vec![first, value]));
            }
        }
    }
}
