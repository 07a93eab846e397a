//! Why a topic cannot be followed. PRIVACY: brokers may quote what they were sent, so only codes of librdkafka are told.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

/// Why a topic cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// What the source says cannot be used.
    #[error("`{what}` of the source cannot be used: look whether its file is there and holds what it should")]
    Settings {
        /// The key of the source, or librdkafka's name of the setting.
        what: String,
    },
    /// No broker can be reached.
    #[error("no broker of the source can be reached ({code}); it is tried again")]
    Unreachable {
        /// librdkafka's code.
        code: String,
    },
    /// The brokers do not let the hub in.
    #[error(
        "the brokers do not let the hub in ({code}): look at `sasl` and `tls` of the source, and at what the user may"
    )]
    Refused {
        /// librdkafka's code.
        code: String,
    },
    /// There is no such topic.
    #[error("the brokers have no such topic, or none that the user of the source may read")]
    NoTopic,
    /// The topic is not the one that was read before, or lost messages.
    #[error(
        "partition {partition} ends before the offset up to which it was taken in: the topic was made anew, or lost messages. To begin anew, \
         give the source another name"
    )]
    Behind {
        /// The partition.
        partition: i32,
    },
    /// Something else.
    #[error("the brokers failed ({code}); it is tried again")]
    Failed {
        /// librdkafka's code.
        code: String,
    },
}

impl TopicError {
    /// Returns a stable code for scripts and the HTTP API.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } | Self::Failed { .. } | Self::Settings { .. } => "source_unreachable",
            Self::Refused { .. } => "source_refused",
            Self::NoTopic | Self::Behind { .. } => "source_unfit",
        }
    }

    /// Tells what an error of librdkafka means for whoever operates the hub.
    pub(super) fn of(error: &KafkaError) -> Self {
        let Some(code) = error.rdkafka_error_code() else {
            return Self::Failed { code: "no code".to_owned() };
        };
        let told = format!("{code:?}");
        match code {
            Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::IllegalSASLState
            | Code::SSL
            | Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed => Self::Refused { code: told },
            Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => Self::NoTopic,
            Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::RequestTimedOut => Self::Unreachable { code: told },
            _ => Self::Failed { code: told },
        }
    }

    /// Tells what an error means that came before anything was tried.
    pub(super) fn settings(error: &KafkaError) -> Self {
        match error {
            // PRIVACY: the value of the setting is not repeated, which may be a password.
            KafkaError::ClientConfig(_, _, key, _) => Self::Settings { what: key.clone() },
            _ => Self::Settings { what: "tls".to_owned() },
        }
    }

    /// Keeps the one that says more: a broker that refuses looks like one that is away a moment later.
    #[must_use]
    pub fn worst(before: Option<Self>, now: Self) -> Option<Self> {
        match before {
            Some(before @ (Self::Refused { .. } | Self::NoTopic)) => Some(before),
            _ => Some(now),
        }
    }
}
