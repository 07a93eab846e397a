//! `[openlineage]`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::SecretText;
use super::key::{Key, Kind, LEFT_OUT, Section, shown_location};

pub(super) const SECTION: Section = Section {
    name: "openlineage",
    sentence: "Where the hub sends OpenLineage events of its runs, one when a run opens and one when it closes. A sink that is down \
               stops no run: what it missed is counted in /v1/metrics, and `membrane lineage export` writes the events of any run \
               again.",
    keys: &[
        Key {
            name: "file",
            kind: Kind::Text,
            sentence: "File that events are appended to, one JSON object a line; empty: none. It is opened anew for each append and never rotated: whoever rotates it renames it.",
        },
        Key {
            name: "url",
            kind: Kind::Endpoint,
            sentence: "Where events are sent to with POST, like https://lineage.example/api/v1/lineage; empty: nowhere. Plain HTTP on this machine only.",
        },
        Key {
            name: "bearer",
            kind: Kind::Secret,
            sentence: "Sent with each POST as `Authorization: Bearer ...`. Best given as MEMBRANE__OPENLINEAGE__BEARER.",
        },
        Key {
            name: "namespace",
            kind: Kind::Text,
            sentence: "Namespace of jobs and datasets in events. Hubs that send to one place have names of their own.",
        },
        Key {
            name: "timeout_ms",
            kind: Kind::Integer(10, 60_000),
            sentence: "Milliseconds that one POST may take, and for which a process that ends waits for events that are on their way.",
        },
        Key {
            name: "retries_max",
            kind: Kind::Integer(0, 100),
            sentence: "Times that an event is sent again that the service answered with an error that may pass (5xx, 429, 408). While nobody answers, events wait. The pauses between double, up to 30 seconds.",
        },
        Key {
            name: "queue_max",
            kind: Kind::Integer(1, 1_000_000),
            sentence: "Events that wait for a sink at most; more are left out and counted.",
        },
    ],
};

/// Where OpenLineage events are sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenLineageSection {
    /// A file; empty: none.
    pub file: String,
    /// An endpoint; empty: none.
    pub url: String,
    /// What is sent with each POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer: Option<SecretText>,
    /// The namespace of jobs and datasets.
    pub namespace: String,
    /// Milliseconds that one POST may take.
    pub timeout_ms: u64,
    /// Times that an event is sent again.
    pub retries_max: u32,
    /// Events that wait at most.
    pub queue_max: usize,
}

impl Default for OpenLineageSection {
    fn default() -> Self {
        Self {
            file: String::new(),
            url: String::new(),
            bearer: None,
            namespace: "membrane".into(),
            timeout_ms: 2_000,
            retries_max: 5,
            queue_max: 10_000,
        }
    }
}

// PRIVACY: the URL of a service may carry a key.
impl fmt::Debug for OpenLineageSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenLineageSection")
            .field("file", &self.file)
            .field("url", &shown_location(&self.url).unwrap_or(LEFT_OUT))
            .field("namespace", &self.namespace)
            .field("timeout_ms", &self.timeout_ms)
            .field("retries_max", &self.retries_max)
            .field("queue_max", &self.queue_max)
            .finish_non_exhaustive()
    }
}
