//! What a source says of a topic.

use std::path::PathBuf;

use membrane_model::SourceName;

use super::super::fields::{Fields, text, whole};
use super::super::yaml::Node;
use super::{At, Report, one_of, read_secret};
use crate::source::{Mechanism, Sasl, Start, TopicFormat, TopicSource, TopicTls};

/// Letters that the name of a topic may have, as brokers do.
const TOPIC_LETTERS_MAX: usize = 249;
/// Letters of the name of a group, or of a user.
const NAME_LETTERS_MAX: usize = 255;
const BROKERS_MAX: usize = 64;

/// Reads a topic; `name` is that of the source.
pub(super) fn read_topic(
    fields: &Fields<'_>,
    name: Option<&SourceName>,
    report: &mut Report,
) -> Option<TopicSource> {
    let what = "the source";
    let brokers = read_brokers(fields, report);
    let topic = fields.required_text("topic", what, report).and_then(|topic| read_name(topic, report));
    let group = match fields.text("group", report) {
        Some(group) => plain(group, "`group`", report),
        None => name.map(|name| format!("membrane-{name}")),
    };
    let format = read_format(fields, report);
    let start = one_of(fields, "start", &Start::ALL.map(Start::as_str), report);
    let start = Start::ALL.into_iter().find(|known| Some(known.as_str()) == start).unwrap_or_default();
    let tls = fields.get("tls").map(|node| read_tls(node, report));
    let sasl = fields.get("sasl").map(|node| read_sasl(node, report));
    let brokers = brokers?;
    if let (None, Some(Some(sasl))) = (&tls, &sasl)
        && sasl.mechanism == Mechanism::Plain
        && !brokers.iter().all(|broker| is_loopback(broker))
    {
        report.fault(
            fields.mark(),
            "`sasl` PLAIN tells the password to whoever listens: it needs `tls` (`tls: {}` trusts whom the machine trusts)",
        );
    }
    Some(TopicSource {
        brokers,
        topic: topic?,
        group: group?,
        format: format?,
        start,
        tls: match tls {
            None => None,
            Some(tls) => Some(tls?),
        },
        sasl: match sasl {
            None => None,
            Some(sasl) => Some(sasl?),
        },
    })
}

fn read_brokers(fields: &Fields<'_>, report: &mut Report) -> Option<Vec<String>> {
    const FORM: &str = "`brokers` is a list of brokers, `host:port` each";
    let Some(items) = fields.list("brokers", report) else {
        if fields.get("brokers").is_none() {
            report.fault(fields.mark(), format!("the source has no `brokers`: {FORM}"));
        }
        return None;
    };
    if items.value.is_empty() || items.value.len() > BROKERS_MAX {
        report.fault(items.mark, format!("{FORM}, one at least and {BROKERS_MAX} at most"));
        return None;
    }
    items.value.into_iter().map(|node| read_broker(node, FORM, report)).collect()
}

fn read_broker(node: Node<'_>, form: &str, report: &mut Report) -> Option<String> {
    let broker = text(node, "a broker", report)?;
    let fits = broker.value.rsplit_once(':').is_some_and(|(host, port)| {
        let is_host = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
        let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_address = |name: &str| name.parse::<std::net::Ipv6Addr>().is_ok();
        let is_name = !host.is_empty() && host.chars().all(is_host);
        (is_name || name.is_some_and(is_address)) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if !fits {
        // A URL may have a password in it: it is not repeated.
        report.fault(broker.mark, form);
    }
    fits.then(|| broker.value.to_owned())
}

fn is_loopback(broker: &str) -> bool {
    let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
    host == "localhost"
        || host == "[::1]"
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

fn read_name(topic: At<&str>, report: &mut Report) -> Option<String> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let fits = topic.value.len() <= TOPIC_LETTERS_MAX
        && topic.value.chars().all(is_letter)
        && !matches!(topic.value, "." | "..");
    if !fits {
        report.fault(
            topic.mark,
            format!(
                "`topic` is the name of one topic: at most {TOPIC_LETTERS_MAX} letters, digits, `.`, `_` and `-`"
            ),
        );
    }
    fits.then(|| topic.value.to_owned())
}

fn plain(name: At<&str>, what: &str, report: &mut Report) -> Option<String> {
    let fits = name.value.len() <= NAME_LETTERS_MAX && !name.value.chars().any(char::is_control);
    if !fits {
        report.fault(
            name.mark,
            format!("{what} has more than {NAME_LETTERS_MAX} letters, or some that are none"),
        );
    }
    fits.then(|| name.value.to_owned())
}

fn read_format(fields: &Fields<'_>, report: &mut Report) -> Option<TopicFormat> {
    let format = one_of(fields, "format", &["json", "avro"], report);
    if fields.get("format").is_none() {
        report.fault(fields.mark(), "the source has no `format`: json, avro");
    }
    let schema = fields.text("schema", report);
    let id = fields.get("schema_id").map(|node| whole(node, "`schema_id`", 0, report));
    match (format?, schema) {
        ("json", None) if id.is_none() => Some(TopicFormat::Json),
        ("json", _) => {
            report.fault(fields.mark(), "`schema` and `schema_id` are for `format: avro`");
            None
        }
        (_, None) => {
            report.fault(
                fields.mark(),
                "`format: avro` needs a `schema`: the file with the schema by which messages are written",
            );
            None
        }
        (_, Some(schema)) => {
            let schema_id = match id {
                None => None,
                Some(id) => Some(id?.value),
            };
            Some(TopicFormat::Avro { schema: PathBuf::from(schema.value), schema_id })
        }
    }
}

fn read_tls(node: Node<'_>, report: &mut Report) -> Option<TopicTls> {
    let fields = Fields::read(node, "`tls`", &["ca"], report)?;
    let ca = match fields.get("ca") {
        None => None,
        Some(_) => Some(PathBuf::from(fields.text("ca", report)?.value)),
    };
    Some(TopicTls { ca })
}

fn read_sasl(node: Node<'_>, report: &mut Report) -> Option<Sasl> {
    let what = "`sasl`";
    let fields = Fields::read(node, what, &["mechanism", "user", "password"], report)?;
    let known = Mechanism::ALL.map(Mechanism::as_str);
    let mechanism = one_of(&fields, "mechanism", &known, report);
    if fields.get("mechanism").is_none() {
        report.fault(fields.mark(), format!("{what} has no `mechanism`: {}", known.join(", ")));
    }
    let user = fields.required_text("user", what, report).and_then(|user| plain(user, "`user`", report));
    let password = match fields.get("password") {
        Some(node) => read_secret(node, "`password`", report),
        None => {
            report.fault(
                fields.mark(),
                format!("{what} has no `password`: `{{ env: NAME }}` or `{{ file: PATH }}`"),
            );
            None
        }
    };
    let mechanism = Mechanism::ALL.into_iter().find(|known| Some(known.as_str()) == mechanism);
    Some(Sasl { mechanism: mechanism?, user: user?, password: password? })
}

#[cfg(test)]
mod tests;
