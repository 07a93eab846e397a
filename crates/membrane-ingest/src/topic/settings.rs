//! What librdkafka is told.

use std::path::Path;

use membrane_catalog::TopicSource;
use rdkafka::ClientConfig;

use super::TopicError;

/// KiB that are fetched ahead.
const AHEAD_KIB: &str = "16384";
/// Bytes of an answer of a broker, beyond one message.
const FETCH_BYTES: &str = "8388608";
/// Milliseconds after which the group misses a member that is silent.
const MISSED_MS: &str = "10000";

/// Makes the settings of a source.
pub(super) fn settings(source: &TopicSource, password: Option<&str>) -> Result<ClientConfig, TopicError> {
    let mut settings = ClientConfig::new();
    settings
        .set("client.id", "membrane")
        .set("bootstrap.servers", source.brokers.join(","))
        .set("group.id", &source.group)
        // Where reading begins is what the table's log has, and nothing else.
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("allow.auto.create.topics", "false")
        .set("isolation.level", "read_committed")
        .set("check.crcs", "true")
        // All partitions are given up at each change: what is pending is committed first.
        .set("partition.assignment.strategy", "range,roundrobin")
        .set("session.timeout.ms", MISSED_MS)
        .set("queued.max.messages.kbytes", AHEAD_KIB)
        .set("fetch.max.bytes", FETCH_BYTES)
        .set("fetch.wait.max.ms", "100")
        .set("topic.metadata.refresh.interval.ms", "30000")
        .set("reconnect.backoff.max.ms", "5000");
    let protocol = match (&source.tls, &source.sasl) {
        (None, None) => "plaintext",
        (Some(_), None) => "ssl",
        (None, Some(_)) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    };
    settings.set("security.protocol", protocol);
    if let Some(ca) = source.tls.as_ref().and_then(|tls| tls.ca.as_deref()) {
        settings.set("ssl.ca.location", text_of(ca)?);
    }
    if let Some(sasl) = &source.sasl {
        let password = password.ok_or(TopicError::Settings { what: "sasl.password".to_owned() })?;
        settings
            .set("sasl.mechanism", sasl.mechanism.as_str())
            .set("sasl.username", &sasl.user)
            .set("sasl.password", password);
    }
    Ok(settings)
}

fn text_of(path: &Path) -> Result<&str, TopicError> {
    let is_there = path.is_file();
    path.to_str().filter(|_| is_there).ok_or(TopicError::Settings { what: "tls.ca".to_owned() })
}
