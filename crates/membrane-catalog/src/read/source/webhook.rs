//! What a source says of a webhook.

use std::collections::BTreeMap;

use membrane_model::ColumnName;

use super::super::column::parse;
use super::super::fields::{Fields, text};
use super::super::yaml::{Node, Value};
use super::{At, Report, one_of, read_secret, word};
use crate::source::{HookField, Secret, Signature, TagEncoding, UnixUnit, WebhookSource, Weixin};

/// Keys that only some signatures have.
const OWN: [(&str, &[&str]); 4] = [
    ("hmac-sha256", &["secret", "header", "prefix", "encoding", "id_header"]),
    ("standard-webhooks", &["secret"]),
    ("wechat", &["token", "aes_key", "app_id"]),
    ("wecom", &["token", "aes_key", "corp_id"]),
];

/// Reads a webhook.
pub(super) fn read_webhook(fields: &Fields<'_>, report: &mut Report) -> Option<WebhookSource> {
    let signature = read_signature(fields, report);
    let events = fields.text("events", report);
    if let Some(at) = &events
        && !is_pointer(at.value)
    {
        report.fault(at.mark, "`events` is a JSON Pointer: `/data/items`");
    }
    let columns = fields.get("columns").map_or_else(BTreeMap::new, |node| read_columns(node, report));
    Some(WebhookSource { signature: signature?, events: events.map(|at| at.value.to_owned()), columns })
}

fn read_signature(fields: &Fields<'_>, report: &mut Report) -> Option<Signature> {
    if fields.get("signature").is_none() {
        report
            .fault(fields.mark(), format!("the source has no `signature`: {}", Signature::WORDS.join(", ")));
    }
    let signature = one_of(fields, "signature", &Signature::WORDS, report)?;
    let own = OWN.iter().find(|(name, _)| *name == signature).map(|(_, own)| *own)?;
    for key in OWN.iter().flat_map(|(_, keys)| keys.iter()) {
        if let Some(node) = fields.get(key).filter(|_| !own.contains(key)) {
            report.fault(
                node.mark(),
                format!("`{key}` is not for `signature: {signature}`, which has {}", own.join(", ")),
            );
        }
    }
    match signature {
        "hmac-sha256" => {
            let secret = secret(fields, "secret", signature, report);
            let header = required(fields, "header", signature, report)
                .and_then(|at| header_name(&at, "header", report));
            let id_header = fields.text("id_header", report).map(|at| header_name(&at, "id_header", report));
            let encoding = one_of(fields, "encoding", &TagEncoding::ALL.map(TagEncoding::as_str), report);
            let encoding = TagEncoding::ALL.into_iter().find(|known| Some(known.as_str()) == encoding);
            let prefix = fields.text("prefix", report).map(|at| at.value.to_owned()).unwrap_or_default();
            let id_header = match id_header {
                None => None,
                Some(read) => Some(read?),
            };
            let encoding = encoding.unwrap_or_default();
            Some(Signature::Hmac { header: header?, prefix, encoding, id_header, secret: secret? })
        }
        "standard-webhooks" => {
            Some(Signature::Standard { secret: secret(fields, "secret", signature, report)? })
        }
        _ => {
            let (platform, id) = match signature {
                "wechat" => (Weixin::WeChat, "app_id"),
                _ => (Weixin::WeCom, "corp_id"),
            };
            let token = secret(fields, "token", signature, report);
            let aes_key = secret(fields, "aes_key", signature, report);
            let receiver = required(fields, id, signature, report).map(|at| at.value.to_owned());
            Some(Signature::Weixin { platform, token: token?, aes_key: aes_key?, receiver: receiver? })
        }
    }
}

fn required<'a>(fields: &Fields<'a>, key: &str, signature: &str, report: &mut Report) -> Option<At<&'a str>> {
    fields.required_text(key, &format!("`signature: {signature}`"), report)
}

fn secret(fields: &Fields<'_>, key: &str, signature: &str, report: &mut Report) -> Option<Secret> {
    let Some(node) = fields.get(key) else {
        report.fault(
            fields.mark(),
            format!("`signature: {signature}` has no `{key}`: `{{ env: NAME }}` or `{{ file: PATH }}`"),
        );
        return None;
    };
    read_secret(node, &format!("`{key}`"), report)
}

/// Reads the name of a header (RFC 9110, section 5.1).
fn header_name(at: &At<&str>, key: &str, report: &mut Report) -> Option<String> {
    let is_letter = |letter: u8| letter.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&letter);
    let fits = at.value.len() <= 128 && at.value.bytes().all(is_letter);
    if !fits {
        report.fault(at.mark, format!("`{key}` is the name of a header: `X-Signature`"));
    }
    fits.then(|| at.value.to_ascii_lowercase())
}

fn read_columns(node: Node<'_>, report: &mut Report) -> BTreeMap<ColumnName, HookField> {
    const FORM: &str =
        "a name in the event, a JSON Pointer, or `{ at: ..., unix: seconds }`, `{ at: ..., text: true }`";
    let Value::Map(pairs) = node.value() else {
        report.fault(
            node.mark(),
            format!("`columns` must be a mapping of columns of the contract to where they are: {FORM}"),
        );
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for (name, value) in pairs {
        let name = text(name, "a column", report);
        let name = name.and_then(|name| parse::<ColumnName>(name, "a column", report));
        let field = read_field(value, report);
        if let (Some(name), Some(field)) = (name, field) {
            found.insert(name.value, field);
        }
    }
    found
}

fn read_field(node: Node<'_>, report: &mut Report) -> Option<HookField> {
    let what = "where a column is";
    if !matches!(node.value(), Value::Map(_)) {
        let at = text(node, what, report)?;
        return at_of(&at, report).map(|at| HookField { at, unix: None, text: false });
    }
    let fields = Fields::read(node, what, &["at", "unix", "text"], report)?;
    let at = fields.required_text("at", what, report).and_then(|at| at_of(&at, report));
    let unix = match fields.get("unix") {
        None => None,
        Some(node) => {
            let found = word(node, "unix", &UnixUnit::ALL.map(UnixUnit::as_str), report)?;
            UnixUnit::ALL.into_iter().find(|known| known.as_str() == found)
        }
    };
    let is_text = fields.flag("text", report);
    if is_text && unix.is_some() {
        report.fault(fields.mark(), "`unix` makes an instant of a number, `text` a text: state one of them");
    }
    Some(HookField { at: at?, unix, text: is_text })
}

fn at_of(at: &At<&str>, report: &mut Report) -> Option<String> {
    let fits = !at.value.starts_with('/') || is_pointer(at.value);
    if !fits {
        report.fault(at.mark, "a JSON Pointer has `~0` for `~` and `~1` for `/` in a name: RFC 6901");
    }
    fits.then(|| at.value.to_owned())
}

/// Tells whether a text is a JSON Pointer that points into something.
fn is_pointer(text: &str) -> bool {
    let mut parts = text.split('~');
    let begins = parts.next().is_some_and(|first| first.starts_with('/'));
    begins && parts.all(|part| part.starts_with(['0', '1']))
}

#[cfg(test)]
mod tests;
