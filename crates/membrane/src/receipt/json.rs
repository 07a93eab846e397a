//! JSON as a receipt is about it: every member once, every number the double that readers take it for.
//!
//! Written out because the usual reader takes the last of two members of one name, of which a person may see the first, and
//! may be one place off in the last digit of a number.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Objects and lists within one another at most.
const DEPTH_MAX: usize = 16;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Truth(bool),
    /// A number, as a double; there is one zero.
    Number(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object, its members in the order of their names.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong with it and where, in words that repeat nothing of it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
            let what = if error.is_eof() { "breaks off" } else { "is not JSON" };
            format!("{what} at line {}, column {}", error.line(), error.column())
        })?;
        read(raw, 0).map_err(ToOwned::to_owned)
    }

    /// Finds a member of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        let place = members.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        members.get(place).map(|(_, value)| value)
    }

    /// Returns the members of an object.
    pub(super) fn members(&self) -> Option<&[(String, Self)]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// Returns the values of a list.
    pub(super) fn list(&self) -> Option<&[Self]> {
        if let Self::List(values) = self { Some(values) } else { None }
    }

    /// Returns a text.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

fn read(raw: &RawValue, depth: usize) -> Result<Json, &'static str> {
    let text = raw.get();
    if depth > DEPTH_MAX {
        return Err("has too many objects and lists within one another");
    }
    match text.as_bytes().first() {
        Some(b'{') => object(text, depth),
        Some(b'[') => {
            let values: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| "has a list that is none")?;
            values.into_iter().map(|value| read(value, depth + 1)).collect::<Result<_, _>>().map(Json::List)
        }
        Some(b'"') => serde_json::from_str(text).map(Json::Text).map_err(|_| "has a text that is none"),
        Some(b't' | b'f') => Ok(Json::Truth(text == "true")),
        Some(b'n') => Ok(Json::Null),
        _ => match text.parse::<f64>() {
            // Minus zero becomes zero.
            Ok(number) if number.is_finite() => Ok(Json::Number(number + 0.0)),
            _ => Err("has a number that is too large"),
        },
    }
}

fn object(text: &str, depth: usize) -> Result<Json, &'static str> {
    let Members(members) = serde_json::from_str(text).map_err(|_| "has an object that is none")?;
    let mut read_members = Vec::with_capacity(members.len());
    for (name, value) in members {
        read_members.push((name, read(value, depth + 1)?));
    }
    read_members.sort_by(|(one, _), (other, _)| one.cmp(other));
    let twice = |pair: &[(String, Json)]| matches!(pair, [(one, _), (other, _)] if one == other);
    if read_members.windows(2).any(twice) {
        return Err("has an object with two members of one name");
    }
    Ok(Json::Object(read_members))
}

/// The members of an object, as they stand.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests;
