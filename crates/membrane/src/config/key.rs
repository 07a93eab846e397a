//! What a key of the configuration is: its name, its kind, its sentence; the check of a value against the kind, and
//! which locations may be shown.

use std::net::SocketAddr;

use membrane_log::{KeyKind, VerifierKey};
use membrane_model::{PrincipalId, PrincipalKind};
use toml::Value;
use url::{Host, Url};

/// What is shown in place of a value that is left out. No value itself.
pub(super) const LEFT_OUT: &str = "...";

/// A section of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// The name in brackets.
    pub name: &'static str,
    /// What the section is for.
    pub sentence: &'static str,
    /// Its keys, in the order of the reference file.
    pub keys: &'static [Key],
}

/// A key of a section.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// The name before the equals sign.
    pub name: &'static str,
    /// Which values it takes.
    pub kind: Kind,
    /// What it does.
    pub sentence: &'static str,
}

/// Which values a key takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// Text that is never shown.
    Secret,
    /// A path, or a URL with one of these schemes.
    Location(&'static [&'static str]),
    /// The URL of a service, HTTPS unless it is on this machine; or empty, for none.
    Endpoint,
    /// An IP address and a port.
    Address,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number within these bounds.
    Integer(i64, i64),
    /// A number above the first and at most the second bound.
    Number(f64, f64),
    /// A table of texts whose keys are not ours.
    Texts,
    /// A list of witnesses: each the URL of a service and the key that it signs with, with a space between.
    Witnesses,
    /// A table for each partner that is named, with any of these keys.
    Tables(&'static [Key]),
}

impl Kind {
    /// Reads a value from the text of a flag or of an environment variable.
    pub(super) fn read(self, text: &str) -> Value {
        match self {
            Self::Integer(..) => text.trim().replace('_', "").parse().map(Value::Integer).ok(),
            Self::Number(..) => text.trim().parse().map(Value::Float).ok(),
            Self::Witnesses => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
            }
            _ => None,
        }
        .unwrap_or_else(|| Value::String(text.to_owned()))
    }

    /// Says what is wrong with a value, if anything. The value is never repeated: it may be a secret in the wrong place.
    pub(super) fn fault(self, value: &Value) -> Option<String> {
        if self.is_left_out(value) {
            return Some(format!(
                "`{LEFT_OUT}` stands for a value that was left out: say the value itself, or remove the line"
            ));
        }
        let ok = match (self, value) {
            (Self::Text, Value::String(_)) | (Self::Secret, Value::String(_)) => true,
            (Self::Location(schemes), Value::String(text)) => is_location(text, schemes),
            (Self::Endpoint, Value::String(text)) => is_endpoint(text),
            (Self::Address, Value::String(text)) => text.parse::<SocketAddr>().is_ok(),
            (Self::Choice(words), Value::String(text)) => words.contains(&text.as_str()),
            (Self::Integer(low, high), Value::Integer(number)) => (low..=high).contains(number),
            (Self::Number(low, high), Value::Float(number)) => *number > low && *number <= high,
            #[expect(clippy::cast_precision_loss, reason = "a whole number where a fraction is allowed")]
            (Self::Number(low, high), Value::Integer(number)) => {
                (*number as f64) > low && (*number as f64) <= high
            }
            (Self::Texts, Value::Table(table)) => table.values().all(Value::is_str),
            (Self::Witnesses, Value::Array(items)) => {
                items.iter().all(|item| item.as_str().is_some_and(is_witness))
            }
            (Self::Tables(keys), Value::Table(partners)) => {
                partners.iter().all(|(name, own)| is_partner(name) && has_only(own, keys))
            }
            _ => false,
        };
        (!ok).then(|| format!("expected {}", self.expected()))
    }

    /// Tells whether this is what stands for a value that was left out, and not a value. As a location it would be a
    /// file of that name: a new record, with budgets of which nothing was spent.
    fn is_left_out(self, value: &Value) -> bool {
        let stands_for_another = |value: &Value| value.as_str().is_some_and(|text| text.trim() == LEFT_OUT);
        match (self, value) {
            (Self::Location(_) | Self::Endpoint, Value::String(text)) => {
                let place = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
                place.trim().trim_matches('/') == LEFT_OUT
            }
            (Self::Secret, value) => stands_for_another(value),
            (Self::Texts, Value::Table(table)) => table.values().any(stands_for_another),
            _ => false,
        }
    }

    fn expected(self) -> String {
        match self {
            Self::Text | Self::Secret => "text".to_owned(),
            Self::Location([]) => "a path".to_owned(),
            Self::Location(schemes) => {
                format!("a path, or a URL that starts with {}", listed(schemes, "://"))
            }
            Self::Endpoint => "an https:// URL, or an http:// one on this machine".to_owned(),
            Self::Address => "an IP address and a port, like 127.0.0.1:7878".to_owned(),
            Self::Choice(words) => format!("one of {}", listed(words, "")),
            Self::Integer(low, high) => format!("a whole number from {low} to {high}"),
            Self::Number(low, high) => format!("a number above {low} and at most {high}"),
            Self::Texts => "a table of texts".to_owned(),
            Self::Witnesses => {
                "a list of texts `URL KEY`: an https:// URL without a password, or an http:// one on this machine, and the key of a witness".to_owned()
            }
            Self::Tables(keys) => {
                let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
                format!("tables named after partners, like `partner:acme`, with {}", listed(&names, ""))
            }
        }
    }
}

fn is_partner(name: &str) -> bool {
    name.parse::<PrincipalId>().is_ok_and(|principal| principal.kind() == PrincipalKind::Partner)
}

fn has_only(table: &Value, keys: &[Key]) -> bool {
    let known = |(name, value): (&String, &Value)| {
        keys.iter().any(|key| key.name == name && key.kind.fault(value).is_none())
    };
    table.as_table().is_some_and(|table| table.iter().all(known))
}

/// PRIVACY: a URL that may hold a password is none of a witness, so all of them can be shown.
fn is_witness(text: &str) -> bool {
    let Some((url, key)) = text.split_once(' ') else { return false };
    let is_shown = !url.is_empty() && is_endpoint(url) && shown_location(url).is_some();
    is_shown && key.trim().parse::<VerifierKey>().is_ok_and(|key| key.kind() == KeyKind::Witness)
}

fn is_endpoint(text: &str) -> bool {
    let is_safe = |url: &Url| match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost",
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    };
    text.is_empty() || Url::parse(text).is_ok_and(|url| is_safe(&url))
}

fn is_location(text: &str, schemes: &[&str]) -> bool {
    match text.split_once("://") {
        Some((scheme, rest)) => schemes.contains(&scheme) && !rest.is_empty(),
        None => !text.is_empty(),
    }
}

/// Returns a location as it may be shown; nothing when it may hold a secret.
///
/// PRIVACY: the URL of a server may carry a password, before an `@` or in its query string. A file's cannot: there an
/// `@` is a letter like others.
pub(super) fn shown_location(location: &str) -> Option<&str> {
    let may_hold_secret = match location.split_once("://") {
        None | Some(("file" | "sqlite", _)) => false,
        Some((_, rest)) => rest.contains(['@', '?']),
    };
    (!may_hold_secret).then_some(location)
}

fn listed(words: &[&str], after: &str) -> String {
    words.iter().map(|word| format!("`{word}{after}`")).collect::<Vec<_>>().join(", ")
}
