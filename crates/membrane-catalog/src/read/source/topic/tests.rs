use std::path::Path;

use super::super::read_source;
use super::*;
use crate::source::{Reads, Secret, Source};

fn read(text: &str) -> (Option<Source>, Vec<String>) {
    let mut report = Report::new(Path::new("events.yaml"));
    let found = read_source(text, "events", &mut report);
    let told = |fault: crate::Fault| format!("{}:{} {}", fault.line, fault.column, fault.message);
    (found, report.into_faults().into_iter().map(told).collect())
}

const JSON: &str = "description: What members do in the app.
dataset: app_events
kind: kafka
brokers: ['kafka-1.example.com:9093', '[::1]:9093']
topic: app.events
format: json
";

const FULL: &str = "description: What members do in the app.
dataset: app_events
principal: service:app
kind: kafka
brokers: ['kafka-1.example.com:9093']
topic: app.events
group: hubs
format: avro
schema: /etc/membrane/events.avsc
schema_id: 7
start: latest
tls: { ca: /etc/ssl/brokers.pem }
sasl: { mechanism: SCRAM-SHA-512, user: hub, password: { env: KAFKA_PASSWORD } }
";

fn topic(text: &str) -> TopicSource {
    let (found, faults) = read(text);
    assert_eq!(faults, Vec::<String>::new());
    match found.expect("a source").reads {
        Reads::Topic(topic) => topic,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_topic_is_read() {
    let found = topic(JSON);
    assert_eq!(found.brokers, ["kafka-1.example.com:9093", "[::1]:9093"]);
    assert_eq!((found.topic.as_str(), found.group.as_str()), ("app.events", "membrane-events"));
    assert_eq!((found.format, found.start), (TopicFormat::Json, Start::Earliest));
    assert_eq!((found.tls, found.sasl), (None, None));
    let found = topic(FULL);
    assert_eq!((found.group.as_str(), found.start), ("hubs", Start::Latest));
    let avro = TopicFormat::Avro { schema: "/etc/membrane/events.avsc".into(), schema_id: Some(7) };
    assert_eq!(found.format, avro);
    assert_eq!(found.tls, Some(TopicTls { ca: Some("/etc/ssl/brokers.pem".into()) }));
    let sasl = found.sasl.expect("sasl");
    assert_eq!((sasl.mechanism, sasl.user.as_str()), (Mechanism::ScramSha512, "hub"));
    assert_eq!(sasl.password, Secret::Env("KAFKA_PASSWORD".to_owned()));
}

fn check(text: &str, from: &str, to: &str, fault: &str) {
    assert!(text.contains(from), "{from}");
    let (_, faults) = read(&text.replace(from, to));
    assert_eq!(faults, [fault], "{from} to {to}");
}

#[test]
fn what_is_wrong_is_said() {
    let form = "`brokers` is a list of brokers, `host:port` each";
    check(JSON, "topic: app.events\n", "", "1:1 the source has no `topic`");
    check(JSON, "format: json\n", "", "1:1 the source has no `format`: json, avro");
    check(JSON, "json", "jsonl", "6:9 `format` is one of json, avro, did you mean `json`?");
    check(
        JSON,
        "app.events",
        "'^app.*'",
        "5:8 `topic` is the name of one topic: at most 249 letters, digits, `.`, `_` and `-`",
    );
    check(JSON, "[::1]:9093", "kafka-2", &format!("4:39 {form}"));
    check(JSON, "[::1]:9093", "kafka://u:canary@kafka-2:9092", &format!("4:39 {form}"));
    check(
        JSON,
        "['kafka-1.example.com:9093', '[::1]:9093']",
        "[]",
        &format!("4:10 {form}, one at least and 64 at most"),
    );
    check(JSON, "json\n", "json\nevery_seconds: 5\n", "7:1 the source has an unknown key `every_seconds`");
    check(JSON, "json\n", "json\nschema: x\n", "1:1 `schema` and `schema_id` are for `format: avro`");
    check(
        FULL,
        "schema: /etc/membrane/events.avsc\n",
        "",
        "1:1 `format: avro` needs a `schema`: the file with the schema by which messages are written",
    );
    check(FULL, "latest", "newest", "11:8 `start` is one of earliest, latest");
    check(FULL, "ca:", "cert:", "12:8 `tls` has an unknown key `cert`");
    check(
        FULL,
        "mechanism: SCRAM-SHA-512, ",
        "",
        "13:7 `sasl` has no `mechanism`: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512",
    );
}

#[test]
fn a_password_does_not_stand_in_the_file_and_goes_nowhere_in_clear() {
    let form = "says where it is found: `{ env: NAME }` or `{ file: PATH }`, never the secret itself";
    check(FULL, "{ env: KAFKA_PASSWORD }", "canary", &format!("13:56 `password` {form}"));
    let plain = FULL.replace("SCRAM-SHA-512", "PLAIN");
    topic(&plain);
    let told = "1:1 `sasl` PLAIN tells the password to whoever listens: it needs `tls` (`tls: {}` trusts whom the machine trusts)";
    check(&plain, "tls: { ca: /etc/ssl/brokers.pem }\n", "", told);
    let here = plain.replace("tls: { ca: /etc/ssl/brokers.pem }\n", "");
    topic(&here.replace("kafka-1.example.com", "127.0.0.1"));
    assert_eq!(topic(&plain.replace("{ ca: /etc/ssl/brokers.pem }", "{}")).tls, Some(TopicTls { ca: None }));
}
