//! Has the log cosigned by witnesses (c2sp.org/tlog-witness): others who keep of it the newest head that they have seen, and cosign a later
//! one only where it begins with that. Whoever reads a log that they cosigned knows that nobody else was shown another one.
//!
//! They answer after the network's time, so no answer of the hub waits for them, and the log goes on meanwhile: what they have cosigned is
//! kept beside the newest head (`witnessed`), and put into that one as well where it is still the newest.

use std::time::Duration;

use futures::future::join_all;
use membrane_log::witness::{ADD_CHECKPOINT, AddCheckpoint, AddCheckpointAnswer, publish_witnessed};
use membrane_log::{LogError, SignedCheckpoint, Trust, VerifierKey, prove_consistency};
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use tokio::sync::Mutex;

use super::standing::{FORKS, WITNESSED, shown};
use super::{AuditLog, AuditLogError, OnShelf};
use crate::config::AuditSection;

/// How long a witness may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of its answer.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Times that one is asked at once: it may tell from where to ask.
const TRIES: usize = 2;

/// The witnesses of a log.
#[derive(Debug)]
pub(super) struct Witnesses {
    /// None where there are none, or no TLS.
    client: Option<Client>,
    readers: Trust,
    every: Duration,
    list: Mutex<Vec<Witness>>,
}

/// A witness, and what is known of it.
#[derive(Debug)]
struct Witness {
    url: String,
    key: VerifierKey,
    /// The size that it has cosigned last, as far as is known; it tells when it is another.
    cosigned: u64,
    /// What was told of it last; empty: all is well.
    told: &'static str,
}

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
enum Missed {
    #[error("it does not answer")]
    Unreachable,
    #[error("it answers with what is none of the protocol")]
    Malformed,
    #[error("it answers with status {status}")]
    Refused { status: u16 },
    #[error("its answer has no cosignature of the key that is configured")]
    Unsigned,
    #[error(
        "it has cosigned {cosigned} runs, and the log has {size}: another process publishes it as well, or it was set back"
    )]
    Ahead { cosigned: u64, size: u64 },
    #[error("others have it cosigned at the same time")]
    Overtaken,
    #[error("the tiles of the log do not prove how it grew")]
    Unproved,
    #[error(
        "what it has cosigned is not the beginning of the log: THE LOG HAS FORKED, or somebody else signs with its key"
    )]
    Fork,
}

impl Missed {
    /// Names the cause, by which it is told once.
    const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Malformed => "malformed",
            Self::Refused { .. } => "refused",
            Self::Unsigned => "unsigned",
            Self::Ahead { .. } => "ahead",
            Self::Overtaken => "overtaken",
            Self::Unproved => "unproved",
            Self::Fork => "fork",
        }
    }
}

impl Witnesses {
    /// Reads who they are: each `URL KEY`.
    pub(super) fn new(section: &AuditSection, log: &Trust) -> Result<Self, AuditLogError> {
        let wrong = |why: String| AuditLogError::Setting { key: "witnesses", why };
        let mut list = Vec::new();
        for text in &section.witnesses {
            let (url, key) = text.trim().split_once(' ').ok_or_else(|| wrong("write URL KEY".to_owned()))?;
            let key: VerifierKey = key.trim().parse().map_err(|error: LogError| wrong(error.to_string()))?;
            let url = format!("{}{ADD_CHECKPOINT}", url.trim_end_matches('/'));
            list.push(Witness { url, key, cosigned: 0, told: "" });
        }
        let keys = list.iter().map(|witness| witness.key.clone()).collect();
        let min = usize::try_from(section.witnesses_min).unwrap_or(usize::MAX);
        let readers = log.clone().with_witnesses(keys, min).map_err(|error| wrong(error.to_string()))?;
        let client = if list.is_empty() { None } else { client() };
        if client.is_none() && !list.is_empty() {
            return Err(wrong("there is no TLS on this machine".to_owned()));
        }
        let every = Duration::from_secs(u64::from(section.witness_seconds));
        Ok(Self { client, readers, every, list: Mutex::new(list) })
    }

    /// Returns whose signatures count for readers.
    pub(super) const fn readers(&self) -> &Trust {
        &self.readers
    }

    pub(super) const fn every(&self) -> Duration {
        self.every
    }

    pub(super) const fn are_none(&self) -> bool {
        self.client.is_none()
    }
}

fn client() -> Option<Client> {
    // No redirects: they could lead to where nobody said, and over plain HTTP.
    let client = Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    client.build().ok()
}

impl AuditLog {
    /// Asks each witness that has not cosigned the newest head yet, and publishes what they answer. What goes wrong with one is told once,
    /// and keeps no other.
    pub(super) async fn ask_witnesses(&self) {
        let Some(client) = &self.witnesses.client else { return };
        // That it cannot be read is told by whoever publishes it.
        let Ok(Some(signed)) = self.head().await else { return };
        if signed.head().size == 0 {
            return;
        }
        let objects = self.objects();
        let mut list = self.witnesses.list.lock().await;
        let mut asked = Vec::new();
        for witness in list.iter_mut().filter(|witness| !has_cosigned(&signed, &witness.key)) {
            asked.push(ask(witness, client, &objects, &signed));
        }
        let (mut cosigned, mut lines) = (signed.clone(), String::new());
        for (witness, answered) in join_all(asked).await {
            let added = answered.and_then(|answer| {
                let added = self.witnesses.readers.add_cosignatures(&cosigned, &answer);
                let added = added.ok().filter(|added| has_cosigned(added, &witness.key));
                added.map(|added| (added, answer)).ok_or(Missed::Unsigned)
            });
            witness.tell(added.as_ref().err());
            if let Ok((added, answer)) = added {
                witness.cosigned = signed.head().size;
                lines.push_str(&answer);
                cosigned = added;
            }
        }
        drop(list);
        if !lines.is_empty()
            && let Err(error) = self.publish_cosigned(&cosigned, &lines).await
        {
            tracing::warn!(%error, "what witnesses have cosigned could not be published: {error}");
        }
    }

    async fn publish_cosigned(&self, cosigned: &SignedCheckpoint, lines: &str) -> Result<(), LogError> {
        let readers = &self.witnesses.readers;
        if publish_witnessed(&self.objects(), readers, cosigned).await? {
            metrics::gauge!(WITNESSED).set(shown(cosigned.head().size));
        }
        let mut open = self.open.lock().await;
        if let Some(mut log) = open.log.take_if(|log| log.head() == cosigned.head()) {
            // Where another process came in between, the log is opened anew.
            let is_put = log.publish_cosignatures(readers, lines).await.is_ok();
            open.log = is_put.then_some(log);
        }
        Ok(())
    }
}

async fn ask<'a>(
    witness: &'a mut Witness,
    client: &Client,
    objects: &OnShelf,
    signed: &SignedCheckpoint,
) -> (&'a mut Witness, Result<String, Missed>) {
    let answered = witness.ask(client, objects, signed).await;
    (witness, answered)
}

fn has_cosigned(signed: &SignedCheckpoint, key: &VerifierKey) -> bool {
    signed.cosignatures().iter().any(|by| by.key_id == key.id() && by.witness == *key.name())
}

impl Witness {
    /// Asks for a cosignature; returns the lines of the answer, which are not checked yet.
    async fn ask(
        &mut self,
        client: &Client,
        objects: &OnShelf,
        signed: &SignedCheckpoint,
    ) -> Result<String, Missed> {
        let head = signed.head();
        for _ in 0..TRIES {
            if self.cosigned > head.size {
                return Err(Missed::Ahead { cosigned: self.cosigned, size: head.size });
            }
            let proof = prove_consistency(objects, self.cosigned, head).await;
            let proof = proof.map_err(|_| Missed::Unproved)?;
            let asked =
                AddCheckpoint { old_size: self.cosigned, proof, checkpoint: signed.as_bytes().to_vec() };
            let answer = post(client, &self.url, asked.encode()).await?;
            if answer.is_fork(&asked, head.size) {
                return Err(Missed::Fork);
            }
            match answer {
                AddCheckpointAnswer::Cosigned { lines } => return Ok(lines),
                AddCheckpointAnswer::OldSize { size } => self.cosigned = size,
                answer => return Err(Missed::Refused { status: answer.encode().0 }),
            }
        }
        if self.cosigned > head.size {
            return Err(Missed::Ahead { cosigned: self.cosigned, size: head.size });
        }
        Err(Missed::Overtaken)
    }

    /// Tells what became of it, when that is another thing than before.
    fn tell(&mut self, missed: Option<&Missed>) {
        let name = self.key.name();
        if let Some(Missed::Fork) = missed {
            metrics::counter!(FORKS).increment(1);
        }
        let code = missed.map_or("", Missed::code);
        match missed {
            Some(missed) if matches!(missed, Missed::Fork) && self.told != code => {
                tracing::error!(witness = %name, "witness `{name}` refuses the log: {missed}");
            }
            Some(missed) if self.told != code => {
                tracing::warn!(witness = %name, "witness `{name}` has not cosigned the log: {missed}");
            }
            None if !self.told.is_empty() => {
                tracing::info!(witness = %name, "witness `{name}` cosigns the log again");
            }
            _ => {}
        }
        self.told = code;
    }
}

/// Sends a request, once.
async fn post(client: &Client, url: &str, body: Vec<u8>) -> Result<AddCheckpointAnswer, Missed> {
    let request = client.post(url).header(CONTENT_TYPE, "text/plain; charset=utf-8").body(body);
    let mut response = request.send().await.map_err(|_| Missed::Unreachable)?;
    let status = response.status().as_u16();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(|kind| kind.trim().to_owned());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Missed::Unreachable)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Missed::Malformed);
        }
        body.extend_from_slice(&chunk);
    }
    AddCheckpointAnswer::parse(status, kind.as_deref(), &body).map_err(|_| Missed::Malformed)
}
