//! What services send by themselves: JSON or XML as they have it, made into events that a contract can check.
//!
//! Nothing is judged here. What cannot be read is a message as it came, which the contract's check sets aside; a column that is not where the
//! source says is not there. Numbers and texts keep their digits and letters.

mod xml;

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_catalog::{HookField, UnixUnit, WebhookSource};
use serde_json::value::RawValue;

use crate::stream::Messages;

/// Members of an object, as they stand there.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// Makes messages of the body of a request: one for each event in it.
#[must_use]
pub fn hook_messages(webhook: &WebhookSource, body: &[u8]) -> Messages {
    let mut messages = Messages::default();
    let converted = is_xml(body).then(|| xml::to_json(body)).flatten();
    let body = converted.as_ref().map_or(body, String::as_bytes);
    if collect(webhook, body, &mut messages).is_none() {
        messages = Messages::default();
        messages.push(body);
    }
    messages
}

/// Reads a text of an XML document's root: what an envelope has beside the message.
#[must_use]
pub fn hook_text(body: &[u8], name: &str) -> Option<String> {
    let converted = is_xml(body).then(|| xml::to_json(body)).flatten();
    let body = converted.as_ref().map_or(body, String::as_bytes);
    let members: Members<'_> = serde_json::from_slice(body).ok()?;
    serde_json::from_str(members.get(name)?.get()).ok()
}

fn is_xml(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// Puts each event behind the others. `None`: the body is no JSON, or has none where they should be.
fn collect(webhook: &WebhookSource, body: &[u8], messages: &mut Messages) -> Option<()> {
    let body: &RawValue = serde_json::from_slice(body).ok()?;
    let events = match &webhook.events {
        Some(pointer) => find(body, pointer)?,
        None => body,
    };
    if !events.get().starts_with('[') {
        messages.push(event(webhook, events).as_bytes());
        return Some(());
    }
    let events: Vec<&RawValue> = serde_json::from_str(events.get()).ok()?;
    for one in events {
        messages.push(event(webhook, one).as_bytes());
    }
    Some(())
}

/// Gives columns the names that the contract has; the other members stay.
fn event(webhook: &WebhookSource, event: &RawValue) -> String {
    let members = serde_json::from_str::<Members<'_>>(event.get());
    let (false, Ok(mut members)) = (webhook.columns.is_empty(), members) else {
        return event.get().to_owned();
    };
    let found: Vec<(&str, Option<Box<RawValue>>)> = webhook
        .columns
        .iter()
        .map(|(column, field)| (column.as_str(), value(event, &members, field)))
        .collect();
    for (column, value) in &found {
        match value {
            Some(value) => drop(members.insert((*column).to_owned(), value)),
            // What has the name of the column there is something else.
            None => drop(members.remove(*column)),
        }
    }
    // It cannot fail: all of it was JSON.
    serde_json::to_string(&members).unwrap_or_else(|_| event.get().to_owned())
}

fn value(event: &RawValue, members: &Members<'_>, field: &HookField) -> Option<Box<RawValue>> {
    let found =
        if field.at.starts_with('/') { find(event, &field.at)? } else { members.get(&field.at).copied()? };
    let made = match field.unix {
        Some(unit) => instant(found.get(), unit),
        None if field.text
            && found.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()) =>
        {
            RawValue::from_string(format!("\"{}\"", found.get())).ok()
        }
        None => None,
    };
    Some(made.unwrap_or_else(|| found.to_owned()))
}

/// Writes an instant as RFC 3339 has it; what is none stays as it is.
fn instant(number: &str, unit: UnixUnit) -> Option<Box<RawValue>> {
    let number: i64 = number.trim_matches('"').parse().ok()?;
    let instant: DateTime<Utc> = match unit {
        UnixUnit::Seconds => DateTime::from_timestamp_secs(number)?,
        UnixUnit::Milliseconds => DateTime::from_timestamp_millis(number)?,
    };
    RawValue::from_string(format!("\"{}\"", instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))).ok()
}

/// Follows a JSON Pointer (RFC 6901).
fn find<'a>(value: &'a RawValue, pointer: &str) -> Option<&'a RawValue> {
    let mut found = value;
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        found = if found.get().starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(found.get()).ok()?;
            items.get(part.parse::<usize>().ok()?).copied()?
        } else {
            let members: Members<'_> = serde_json::from_str(found.get()).ok()?;
            members.get(&part).copied()?
        };
    }
    Some(found)
}

#[cfg(test)]
mod tests;
