use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use membrane_catalog::{Mechanism, Sasl, Secret, Start, TopicFormat, TopicSource, TopicTls};
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};

use super::*;

const LONGEST: Duration = Duration::from_secs(30);

fn source(brokers: &str) -> TopicSource {
    TopicSource {
        brokers: brokers.split(',').map(str::to_owned).collect(),
        topic: "events".to_owned(),
        group: "hubs".to_owned(),
        format: TopicFormat::Json,
        start: Start::Earliest,
        tls: None,
        sasl: None,
    }
}

fn cluster(messages: i32) -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("events", 2, 1).unwrap();
    let mut config = ClientConfig::new();
    let producer: BaseProducer =
        config.set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
    for number in 0..messages {
        let text = format!("message {number}");
        let record: BaseRecord<'_, (), str> = BaseRecord::to("events").partition(number % 2).payload(&text);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(LONGEST).unwrap();
    cluster
}

/// Polls until something holds of all that was polled so far: messages, and the last change.
fn poll_until(topic: &Topic, is_there: impl Fn(&[String], Option<&Change>) -> bool) -> Vec<String> {
    let (mut messages, mut change) = (Vec::new(), None);
    let deadline = Instant::now() + LONGEST;
    while !is_there(&messages, change.as_ref()) {
        let polled = topic.poll(1 << 20, Duration::from_millis(100), |place, message| {
            let text = String::from_utf8(message.to_vec()).unwrap();
            messages.push(format!("{}/{} {text}", place.partition, place.offset));
        });
        change = polled.change.or(change);
        assert!(Instant::now() < deadline, "{messages:?}, {change:?}, {:?}", polled.fault);
    }
    messages
}

#[test]
fn a_topic_is_read_from_where_it_is_said_and_from_nowhere_else() {
    let cluster = cluster(10);
    let topic = Topic::join(&source(&cluster.bootstrap_servers()), None).unwrap();
    let before = poll_until(&topic, |_, change| change == Some(&Change::Assigned(vec![0, 1])));
    assert_eq!(before, Vec::<String>::new(), "nothing is read before it is said from where");
    let there = topic.partitions().unwrap();
    let told: Vec<_> = there.iter().map(|of| (of.number, of.low, of.high)).collect();
    assert_eq!(told, [(0, 0, 5), (1, 0, 5)]);
    topic.assign(&BTreeMap::from([(0, 3), (1, 4)])).unwrap();
    let mut messages = poll_until(&topic, |messages, _| messages.len() == 3);
    messages.sort();
    assert_eq!(messages, ["0/3 message 6", "0/4 message 8", "1/4 message 9"]);
    // Anew from elsewhere, without a change of the group.
    topic.assign(&BTreeMap::from([(0, 5), (1, 2)])).unwrap();
    let mut messages = poll_until(&topic, |messages, _| messages.len() == 3);
    messages.sort();
    assert_eq!(messages, ["1/2 message 5", "1/3 message 7", "1/4 message 9"]);
    assert_eq!(topic.lag().unwrap(), Some(0));
}

#[test]
fn a_poll_gives_so_many_bytes_and_one_message_more() {
    let cluster = cluster(10);
    let topic = Topic::join(&source(&cluster.bootstrap_servers()), None).unwrap();
    poll_until(&topic, |_, change| change.is_some());
    topic.assign(&BTreeMap::from([(0, 0), (1, 0)])).unwrap();
    let mut seen = 0;
    while seen < 10 {
        let polled = topic.poll(1, Duration::from_secs(5), |_, _| ());
        assert!(polled.places.len() <= 1, "{polled:?}");
        seen += polled.places.len();
    }
}

#[test]
fn members_of_a_group_share_a_topic_and_take_over() {
    let cluster = cluster(4);
    let from = source(&cluster.bootstrap_servers());
    let one = Topic::join(&from, None).unwrap();
    poll_until(&one, |_, change| change == Some(&Change::Assigned(vec![0, 1])));
    one.assign(&BTreeMap::from([(0, 0), (1, 0)])).unwrap();
    let other = std::thread::spawn(move || {
        let other = Topic::join(&from, None).unwrap();
        poll_until(&other, |_, change| matches!(change, Some(Change::Assigned(own)) if own.len() == 1));
        other.give_up();
    });
    poll_until(&one, |_, change| change == Some(&Change::Revoked));
    one.give_up();
    poll_until(&one, |_, change| matches!(change, Some(Change::Assigned(_))));
    one.give_up();
    // Both leave the group without waiting for anybody.
    while !other.is_finished() {
        if one.poll(1, Duration::from_millis(50), |_, _| ()).change.is_some() {
            one.give_up();
        }
    }
    other.join().unwrap();
}

#[test]
fn what_keeps_a_topic_from_being_followed_is_told_without_secrets() {
    let mut from = source("127.0.0.1:1");
    from.tls = Some(TopicTls { ca: Some("/nowhere/ca.pem".into()) });
    let told = Topic::join(&from, None).unwrap_err();
    assert_eq!(told, TopicError::Settings { what: "tls.ca".to_owned() });
    from.tls = Some(TopicTls { ca: Some("/proc/version".into()) });
    let told = Topic::join(&from, None).unwrap_err();
    assert_eq!(told, TopicError::Settings { what: "tls".to_owned() });
    from.tls = None;
    let sasl = Sasl {
        mechanism: Mechanism::ScramSha512,
        user: "hub".to_owned(),
        password: Secret::Env("X".to_owned()),
    };
    from.sasl = Some(sasl);
    let told = Topic::join(&from, None).unwrap_err();
    assert_eq!(told, TopicError::Settings { what: "sasl.password".to_owned() });
    let topic = Topic::join(&from, Some("canary")).unwrap();
    let mut fault = None;
    let deadline = Instant::now() + LONGEST;
    while fault.is_none() {
        fault = topic.poll(1, Duration::from_millis(100), |_, _| ()).fault;
        assert!(Instant::now() < deadline);
    }
    assert_eq!(fault.map(|fault| fault.code()), Some("source_unreachable"));
}

#[test]
fn librdkafka_is_told_what_the_source_says() {
    let mut from = source("a:1,b:2");
    from.tls = Some(TopicTls { ca: None });
    let mechanisms = Mechanism::ALL.map(|mechanism| {
        let password = Secret::Env("X".to_owned());
        from.sasl = Some(Sasl { mechanism, user: "hub".to_owned(), password });
        let settings = settings::settings(&from, Some("s3cret")).unwrap();
        let get = |key: &str| settings.get(key).unwrap().to_owned();
        assert_eq!(get("security.protocol"), "sasl_ssl");
        assert_eq!((get("sasl.username"), get("sasl.password")), ("hub".to_owned(), "s3cret".to_owned()));
        assert_eq!((get("bootstrap.servers"), get("group.id")), ("a:1,b:2".to_owned(), "hubs".to_owned()));
        assert_eq!(
            (get("isolation.level"), get("enable.auto.commit")),
            ("read_committed".to_owned(), "false".to_owned())
        );
        get("sasl.mechanism")
    });
    assert_eq!(mechanisms, ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]);
    from.sasl = None;
    assert_eq!(settings::settings(&from, None).unwrap().get("security.protocol"), Some("ssl"));
    from.tls = None;
    assert_eq!(settings::settings(&from, None).unwrap().get("security.protocol"), Some("plaintext"));
}
