//! HOOK: a service sends events by itself; what it signed is taken in as a push of its source.
//!
//! ```text
//! request -> source of that name, its secrets -> signature, time -> opened, if encrypted -> events -> push in the name of the source
//! ```
//!
//! Nothing is on record of a request that is not the service's, as with a stranger's bearer; they are refused alike, whether there is such a source or not.

use std::fmt;
use std::sync::Arc;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::{Reads, Secret, Signature, Source, TagEncoding, WebhookSource, Weixin};
use membrane_ingest::stream::{MessageForm, Push, PushBody};
use membrane_ingest::{hook_messages, hook_text};
use membrane_ledger::{Behind, SourceLook};
use membrane_model::{Channel, RunId, SourceName};
use membrane_vault::{SharedSecret, WeixinSecret};
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

use super::source::{ctx_of, tell_look};
use super::stream::{Pushed, push, room_for};
use crate::config::{SecretText, find_secret};
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// How far the time of a request may be from the hub's: whoever records one cannot send it again for ever.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// Signatures of one request that are looked at.
const TAGS_MAX: usize = 8;
/// Letters and digits of what a platform makes sure with.
const ECHO_MAX: usize = 64;
/// What secrets of Standard Webhooks begin with.
const STANDARD_PREFIX: &str = "whsec_";

/// A request to a webhook, but for its body.
pub(crate) struct HookRequest {
    /// Names and values of the URL's query.
    pub(crate) query: Vec<(String, String)>,
    /// The headers.
    pub(crate) headers: HeaderMap,
}

// PRIVACY: a service may put anything there.
impl fmt::Debug for HookRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookRequest(..)")
    }
}

impl HookRequest {
    fn query(&self, name: &str) -> Option<&str> {
        let mut found = self.query.iter().filter(|(known, _)| known == name);
        let first = found.next().map(|(_, value)| value.as_str());
        // Twice: which of them was signed is open.
        first.filter(|_| found.next().is_none())
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }
}

/// Tells whether a source takes in webhooks, and a request has what its service signs with: only then its body is read.
pub(crate) fn may_be_signed(hub: &Hub, name: &SourceName, request: &HookRequest) -> bool {
    let Ok(source) = find(hub, name) else { return false };
    match webhook_of(&source).map(|webhook| &webhook.signature) {
        Ok(Signature::Hmac { header, .. }) => request.header(header).is_some(),
        Ok(Signature::Standard { .. }) => request.header("webhook-signature").is_some(),
        Ok(Signature::Weixin { .. }) => request.query("msg_signature").is_some(),
        Err(_) => false,
    }
}

/// What is answered to a service.
#[derive(Debug)]
pub(crate) enum HookAnswer {
    /// The events are kept.
    Kept(Pushed),
    /// What the platform wants to hear.
    Text(&'static str),
}

/// Takes in the events of a request, and returns when they are durable. `reading` is the place that its body has among those of strangers.
///
/// # Errors
/// [`Failure`] when the request is not the service's, is too old, or cannot be kept. Nothing of it is kept then.
pub(crate) async fn take_hook(
    hub: Arc<Hub>,
    name: &SourceName,
    request: HookRequest,
    (body, reading): (Vec<u8>, OwnedSemaphorePermit),
) -> Result<HookAnswer, Failure> {
    let source = find(&hub, name).map_err(Failure::without_run)?;
    let now = hub.clock().now();
    // All of the body is hashed and read: not where others are answered.
    let own = Arc::clone(&source);
    let judged = spawn_blocking(move || {
        let webhook = webhook_of(&own)?;
        let known = known(&webhook.signature, &request, body, now);
        // From here on it is the service's, or refused.
        drop(reading);
        let Known { id, body } = known?;
        Ok((id, hook_messages(webhook, &body)))
    });
    let judged = judged.await.unwrap_or(Err(Error::Internal("a webhook's check stopped")));
    let (id, messages) = judged.map_err(|error| Failure::without_run(refused(name, error)))?;
    let ctx = ctx_of(&hub, &source, Channel::Schedule).map_err(Failure::without_run)?;
    if let Some(state) =
        hub.ledger().source_state(name).await.map_err(Error::Ledger).map_err(Failure::without_run)?
        && state.paused.is_some()
    {
        return Err(Failure::without_run(Error::HookPaused));
    }
    let room =
        room_for(&hub, u64::try_from(messages.bytes()).unwrap_or(u64::MAX)).map_err(Failure::without_run)?;
    let body = PushBody::Messages { messages, form: MessageForm::Json };
    // A name is a sender's own: no header of a push has one like this.
    let push_name = id.map(|id| format!("\0hook/{name}/{id}"));
    let pushed = push(
        ctx,
        hub,
        (&source.dataset, Some(name.clone())),
        Push { body, name: push_name, came: now },
        room,
    )
    .await?;
    Ok(match &source.reads {
        Reads::Webhook(WebhookSource { signature: Signature::Weixin { platform, .. }, .. }) => match platform
        {
            Weixin::WeChat => HookAnswer::Text("success"),
            Weixin::WeCom => HookAnswer::Text(""),
        },
        _ => HookAnswer::Kept(pushed),
    })
}

/// Answers a platform that asks whether this is the server that its account names: with what it sent, if that is signed.
///
/// # Errors
/// [`Error::HookRefused`] when it is not the platform that asks.
pub(crate) fn greet_hook(hub: &Hub, name: &SourceName, request: &HookRequest) -> Result<Vec<u8>, Error> {
    greet(hub, name, request).map_err(|error| refused(name, error))
}

fn greet(hub: &Hub, name: &SourceName, request: &HookRequest) -> Result<Vec<u8>, Error> {
    let source = find(hub, name)?;
    let webhook = webhook_of(&source)?;
    let Signature::Weixin { platform, .. } = &webhook.signature else { return Err(Error::HookRefused) };
    let secret = weixin_secret(&webhook.signature)?;
    let (time, nonce) = signed_time(request, hub.clock().now())?;
    let echo = request.query("echostr").ok_or(Error::HookRefused)?;
    match platform {
        Weixin::WeChat => {
            let signature = request.query("signature").ok_or(Error::HookRefused)?;
            // What comes back is shown to whoever asks: nothing but what such texts are made of.
            (is_echo(echo.as_bytes()) && secret.signed(&[time, nonce], signature))
                .then(|| echo.as_bytes().to_vec())
                .ok_or(Error::HookRefused)
        }
        Weixin::WeCom => {
            let signature = request.query("msg_signature").ok_or(Error::HookRefused)?;
            let echo = open(&secret, (time, nonce), echo, signature)?;
            // PRIVACY: messages are signed and encrypted in the same way: none is opened for whoever saw one on its way.
            if is_echo(&echo) { Ok(echo) } else { Err(Error::HookRefused) }
        }
    }
}

/// Tells whether a text is one that platforms make sure with: it comes back in clear, and is nothing else then.
fn is_echo(text: &[u8]) -> bool {
    text.len() <= ECHO_MAX && text.iter().all(u8::is_ascii_alphanumeric)
}

/// Tells the ledger where a webhook stands, for `membrane source list`: when events were committed last, and why they are not, if they are not.
/// Of hubs that share a ledger one tells at a time; what cannot be told now is told by the next commit.
pub(super) async fn tell_of_hook(hub: &Hub, source: &SourceName, run: Option<RunId>, fault: Option<&str>) {
    let now = hub.clock().now();
    let fault = fault.map(str::to_owned);
    let held_up = fault.is_some();
    let look = SourceLook { at: now, waiting: 0, behind: Behind::default(), fault, held_up, run };
    let told = tell_look(hub, source, &RunId::new(now).to_string(), &look).await;
    if let Err(error) = told {
        tracing::warn!(source.name = %source, "where source `{source}` stands could not be written down: {error}");
    }
}

fn find(hub: &Hub, name: &SourceName) -> Result<Arc<Source>, Error> {
    hub.catalog().sources().find(|source| source.name == *name).cloned().ok_or(Error::HookRefused)
}

fn webhook_of(source: &Source) -> Result<&WebhookSource, Error> {
    match &source.reads {
        Reads::Webhook(webhook) => Ok(webhook),
        _ => Err(Error::HookRefused),
    }
}

/// What a request says that is known to be the service's.
struct Known {
    /// What the service calls it.
    id: Option<String>,
    body: Vec<u8>,
}

/// Finds out whether a request is the service's.
fn known(
    signature: &Signature,
    request: &HookRequest,
    body: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Known, Error> {
    match signature {
        Signature::Hmac { header, prefix, encoding, id_header, secret } => {
            let secret = SharedSecret::new(text(secret)?.expose().as_bytes()).map_err(|_| unfit("secret"))?;
            let tag = request.header(header).and_then(|value| value.strip_prefix(prefix.as_str()));
            let tag =
                tag.and_then(|tag| decode(tag, *encoding)?.try_into().ok()).ok_or(Error::HookRefused)?;
            if !secret.signed(&[&body], &[tag]) {
                return Err(Error::HookRefused);
            }
            // The id is not signed: with another body it is another request, whoever sent which.
            let id = id_header.as_ref().and_then(|header| request.header(header));
            let id = id.map(|id| format!("{id}/{}", hex::encode(Sha256::digest(&body))));
            Ok(Known { id, body })
        }
        Signature::Standard { secret } => {
            let text = text(secret)?;
            let key = text.expose().strip_prefix(STANDARD_PREFIX).unwrap_or(text.expose());
            let key = decode(key, TagEncoding::Base64).ok_or_else(|| unfit("secret"))?;
            let secret = SharedSecret::new(&key).map_err(|_| unfit("secret"))?;
            let part = |name| request.header(name).ok_or(Error::HookRefused);
            let (id, time) = (part("webhook-id")?, part("webhook-timestamp")?);
            is_near(time, now)?;
            let message: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", &body];
            // Several while a secret is changed for another one.
            let tags = part("webhook-signature")?.split(' ').filter_map(|tag| tag.strip_prefix("v1,"));
            let tags =
                tags.take(TAGS_MAX).filter_map(|tag| decode(tag, TagEncoding::Base64)?.try_into().ok());
            let tags: Vec<[u8; 32]> = tags.collect();
            // The point stands between the parts: an id with one could be another id and another time.
            if id.contains('.') || !secret.signed(&message, &tags) {
                return Err(Error::HookRefused);
            }
            Ok(Known { id: Some(id.to_owned()), body })
        }
        Signature::Weixin { .. } => {
            let secret = weixin_secret(signature)?;
            let stamp = signed_time(request, now)?;
            let given = request.query("msg_signature").ok_or(Error::HookRefused)?;
            let encrypted = hook_text(&body, "Encrypt").ok_or(Error::HookRefused)?;
            let body = open(&secret, stamp, &encrypted, given)?;
            // It has no id: the same signature, however it is written, is the same request.
            Ok(Known { id: Some(given.to_ascii_lowercase()), body })
        }
    }
}

/// Returns the time and the number that a platform signs with, of forms that cannot run into each other. They are signed in the order of
/// their digits: a number that is a time could be exchanged with the time (docs/decisions/0041).
fn signed_time(request: &HookRequest, now: DateTime<Utc>) -> Result<(&str, &str), Error> {
    let (time, nonce) = (request.query("timestamp"), request.query("nonce"));
    let (Some(time), Some(nonce)) = (time, nonce) else { return Err(Error::HookRefused) };
    is_near(time, now)?;
    let is_plain = |text: &str| text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_plain(nonce) { Ok((time, nonce)) } else { Err(Error::HookRefused) }
}

fn is_near(seconds: &str, now: DateTime<Utc>) -> Result<(), Error> {
    let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    let time = seconds.parse::<i64>().ok().filter(|_| is_number).and_then(DateTime::from_timestamp_secs);
    match time {
        Some(time) if (now - time).abs() <= TOLERANCE => Ok(()),
        _ => Err(Error::HookRefused),
    }
}

/// Opens what a platform encrypted, if it signed it.
fn open(
    secret: &WeixinSecret,
    (time, nonce): (&str, &str),
    encrypted: &str,
    signature: &str,
) -> Result<Vec<u8>, Error> {
    if !secret.signed(&[time, nonce, encrypted], signature) {
        return Err(Error::HookRefused);
    }
    let encrypted = decode(encrypted, TagEncoding::Base64).ok_or(Error::HookRefused)?;
    secret.open(&encrypted).map_err(|_| Error::HookRefused)
}

fn weixin_secret(signature: &Signature) -> Result<WeixinSecret, Error> {
    let Signature::Weixin { token, aes_key, receiver, .. } = signature else {
        return Err(Error::Internal("a webhook of another kind"));
    };
    let (token, aes_key) = (text(token)?, text(aes_key)?);
    // 43 letters, of which the last has bits that belong to nothing.
    let lax = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let key = GeneralPurpose::new(&base64::alphabet::STANDARD, lax).decode(aes_key.expose());
    let key = key.map_err(|_| unfit("aes_key"))?;
    WeixinSecret::new(token.expose(), &key, receiver).map_err(|_| unfit("aes_key"))
}

fn text(secret: &Secret) -> Result<SecretText, Error> {
    find_secret(secret).map_err(Error::Secret)
}

fn unfit(key: &'static str) -> Error {
    Error::BadRequest(format!("its `{key}` is not of the form that `signature` has, or too short"))
}

/// Tells the log why a request could not be checked: a stranger is not told.
fn refused(name: &SourceName, error: Error) -> Error {
    if !matches!(error, Error::HookRefused) {
        tracing::warn!(source.name = %name, "a request to source `{name}` cannot be checked, and is refused: {error}");
    }
    Error::HookRefused
}

fn decode(tag: &str, encoding: TagEncoding) -> Option<Vec<u8>> {
    match encoding {
        TagEncoding::Hex => hex::decode(tag).ok(),
        TagEncoding::Base64 => STANDARD.decode(tag).ok(),
    }
}

#[cfg(test)]
mod tests;
