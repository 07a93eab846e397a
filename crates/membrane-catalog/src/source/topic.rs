//! Topics of brokers that speak the Kafka protocol, as sources.

use std::path::PathBuf;

use super::Secret;

/// A topic, followed for as long as a hub serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSource {
    /// Where brokers are, `host:port` each: one that answers tells of the others.
    pub brokers: Vec<String>,
    /// The topic.
    pub topic: String,
    /// The group in which hubs share its partitions.
    pub group: String,
    /// What its messages are.
    pub format: TopicFormat,
    /// Where it is begun, as long as nothing of it was taken in.
    pub start: Start,
    /// How the brokers are known; without it nothing is encrypted on the way.
    pub tls: Option<TopicTls>,
    /// Who the hub is to the brokers.
    pub sasl: Option<Sasl>,
}

/// What the messages of a topic are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicFormat {
    /// One JSON object each.
    Json,
    /// One record of Avro each, in its binary encoding.
    Avro {
        /// The file with the schema by which they are written.
        schema: PathBuf,
        /// The number that the registry of schemas has for it: five bytes in front of each message then say so.
        schema_id: Option<u32>,
    },
}

/// Where a topic is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// With the oldest message that there is.
    #[default]
    Earliest,
    /// With what comes after the first look at it.
    Latest,
}

impl Start {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Earliest, Self::Latest];

    /// Returns the word that files of the catalog use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Earliest => "earliest",
            Self::Latest => "latest",
        }
    }
}

/// How brokers are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicTls {
    /// The file with the certificates that brokers are to be signed by; those that the machine trusts when it is not stated.
    pub ca: Option<PathBuf>,
}

/// Who the hub is to brokers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sasl {
    /// How it says so.
    pub mechanism: Mechanism,
    /// Its name.
    pub user: String,
    /// Where its password is found.
    pub password: Secret,
}

/// How a client says to brokers who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 4616: the password as it is.
    Plain,
    /// RFC 7677 with SHA-256.
    ScramSha256,
    /// The same with SHA-512.
    ScramSha512,
}

impl Mechanism {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Plain, Self::ScramSha256, Self::ScramSha512];

    /// Returns the name that everybody uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}
