//! `[server]`.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section};

pub(super) const SECTION: Section = Section {
    name: "server",
    sentence: "How the HTTP server listens. It speaks plain HTTP: outside of one machine, put TLS in front of it.",
    keys: &[
        Key {
            name: "address",
            kind: Kind::Address,
            sentence: "IP address and port; the loopback address keeps the hub to this machine. Port 0 takes a free one.",
        },
        Key {
            name: "requests_max",
            kind: Kind::Integer(1, 100_000),
            sentence: "Requests that may be worked on at once; more are answered 503.",
        },
        Key {
            name: "requests_each_max",
            kind: Kind::Integer(0, 100_000),
            sentence: "Requests of one principal that may be worked on at once; more are answered 429. 0: a quarter of requests_max.",
        },
        Key {
            name: "connections_max",
            kind: Kind::Integer(1, 100_000),
            sentence: "Connections that may be open at once; more wait until one is closed.",
        },
        Key {
            name: "idle_seconds",
            kind: Kind::Integer(1, 86_400),
            sentence: "Seconds that an upload, or the reader of an answer, may pause before it is given up.",
        },
        Key {
            name: "shutdown_seconds",
            kind: Kind::Integer(0, 86_400),
            sentence: "Seconds that requests get to finish when the hub is told to stop; then they are broken off.",
        },
        Key {
            name: "bearer_hours",
            kind: Kind::Integer(1, 720),
            sentence: "Hours for which `membrane bearer` issues a bearer when it is not told; none may be longer than 720.",
        },
    ],
};

/// How the HTTP server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSection {
    /// Where it listens.
    pub address: SocketAddr,
    /// Requests at once.
    pub requests_max: usize,
    /// Requests of one principal at once; 0: a quarter of all, one at least.
    pub requests_each_max: usize,
    /// Connections at once.
    pub connections_max: usize,
    /// Seconds that an upload, or the reader of an answer, may pause.
    pub idle_seconds: u64,
    /// Seconds to finish in.
    pub shutdown_seconds: u64,
    /// Hours of a bearer.
    pub bearer_hours: u32,
}

impl Default for ServerSection {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 7878)),
            requests_max: 64,
            requests_each_max: 0,
            connections_max: 1024,
            idle_seconds: 30,
            shutdown_seconds: 30,
            bearer_hours: 8,
        }
    }
}

impl ServerSection {
    /// Returns how many requests of one principal may be worked on at once.
    pub(crate) fn requests_each(&self) -> usize {
        match self.requests_each_max {
            0 => (self.requests_max / 4).max(1),
            said => said,
        }
    }
}
