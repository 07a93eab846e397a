//! HOOK: a service sends events by itself; what it signed is taken in as a push of its source.
//!
//! ```text
//! request -> source of that name, its secrets -> signature, time -> opened, if encrypted -> events -> push in the name of the source
//! ```
//!
//! Nothing is on record of a request that is not the service's, as with a stranger's bearer; whether there is such a source is not told.

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

use super::source::ctx_of;
use super::stream::{Pushed, push, room_for};
use crate::config::{SecretText, find_secret};
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// How far the time of a request may be from the hub's: whoever records one cannot send it again for ever.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// For how long a hub has the word.
const WORD: TimeDelta = TimeDelta::seconds(30);
/// What secrets of Standard Webhooks begin with.
const STANDARD_PREFIX: &str = "whsec_";

/// A request to a webhook.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HookRequest<'a> {
    /// Names and values of the URL's query.
    pub(crate) query: &'a [(String, String)],
    /// The headers.
    pub(crate) headers: &'a HeaderMap,
}

impl<'a> HookRequest<'a> {
    fn query(&self, name: &str) -> Option<&'a str> {
        let mut found = self.query.iter().filter(|(known, _)| known == name);
        let first = found.next().map(|(_, value)| value.as_str());
        // Twice: which of them was signed is open.
        first.filter(|_| found.next().is_none())
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
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

/// Takes in the events of a request, and returns when they are durable.
///
/// # Errors
/// [`Failure`] when the request is not the service's, is too old, or cannot be kept. Nothing of it is kept then.
pub(crate) async fn take_hook(
    hub: Arc<Hub>,
    name: &SourceName,
    request: HookRequest<'_>,
    body: Vec<u8>,
) -> Result<HookAnswer, Failure> {
    let source = find(&hub, name).map_err(Failure::without_run)?;
    let webhook = webhook_of(&source).map_err(Failure::without_run)?;
    let now = hub.clock().now();
    let Known { id, body } = known(&webhook.signature, request, body, now).map_err(Failure::without_run)?;
    let ctx = ctx_of(&hub, &source, Channel::Schedule).map_err(Failure::without_run)?;
    if let Some(state) =
        hub.ledger().source_state(name).await.map_err(Error::Ledger).map_err(Failure::without_run)?
        && let Some((_, by)) = state.paused
    {
        return Err(Failure::without_run(Error::SourcePaused { name: name.clone(), by }));
    }
    let room = room_for(&hub, u64::try_from(body.len()).unwrap_or(u64::MAX)).map_err(Failure::without_run)?;
    let messages = hook_messages(webhook, &body);
    drop(body);
    let body = PushBody::Messages { messages, form: MessageForm::Json };
    // A name is a sender's own: that of a service must not be taken for a pusher's.
    let push_name = id.map(|id| format!("hook/{name}/{id}"));
    let pushed = push(
        ctx,
        hub,
        (&source.dataset, Some(name.clone())),
        Push { body, name: push_name, came: now },
        room,
    )
    .await?;
    Ok(match &webhook.signature {
        Signature::Weixin { platform: Weixin::WeChat, .. } => HookAnswer::Text("success"),
        Signature::Weixin { platform: Weixin::WeCom, .. } => HookAnswer::Text(""),
        _ => HookAnswer::Kept(pushed),
    })
}

/// Answers a platform that asks whether this is the server that its account names: with what it sent, if that is signed.
///
/// # Errors
/// [`Error::HookRefused`] when it is not the platform that asks.
pub(crate) fn greet_hook(hub: &Hub, name: &SourceName, request: HookRequest<'_>) -> Result<Vec<u8>, Error> {
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
            let is_plain = echo.len() <= 128 && echo.bytes().all(|byte| byte.is_ascii_alphanumeric());
            (is_plain && secret.signed(&[time, nonce], signature))
                .then(|| echo.as_bytes().to_vec())
                .ok_or(Error::HookRefused)
        }
        Weixin::WeCom => {
            let signature = request.query("msg_signature").ok_or(Error::HookRefused)?;
            open(&secret, (time, nonce), echo, signature)
        }
    }
}

/// Tells the ledger where a webhook stands, for `membrane source list`: when events were committed last, and why they are not, if they are not.
/// Of hubs that share a ledger one tells at a time; what cannot be told now is told by the next commit.
pub(super) async fn tell_of_hook(hub: &Hub, source: &SourceName, run: Option<RunId>, fault: Option<&str>) {
    let now = hub.clock().now();
    let holder = RunId::new(now).to_string();
    let fault = fault.map(str::to_owned);
    let held_up = fault.is_some();
    let look = SourceLook { at: now, waiting: 0, behind: Behind::default(), fault, held_up, run };
    let told = match hub.ledger().hold_source(source, &holder, now, now + WORD).await {
        Ok(true) => hub.ledger().note_look(source, &holder, &look).await.map(|_| ()),
        Ok(false) => Ok(()),
        Err(error) => Err(error),
    };
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
    request: HookRequest<'_>,
    body: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Known, Error> {
    match signature {
        Signature::Hmac { header, prefix, encoding, id_header, secret } => {
            let secret = SharedSecret::new(text(secret)?.expose().as_bytes()).map_err(|_| unfit("secret"))?;
            let tag = request.header(header).and_then(|value| value.strip_prefix(prefix.as_str()));
            let tag = tag.and_then(|tag| decode(tag, *encoding)).ok_or(Error::HookRefused)?;
            if !secret.signed(&[&body], &tag) {
                return Err(Error::HookRefused);
            }
            let id = id_header.as_ref().and_then(|header| request.header(header)).map(str::to_owned);
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
            let mut tags = part("webhook-signature")?.split(' ').filter_map(|tag| tag.strip_prefix("v1,"));
            let is_signed =
                |tag: &str| decode(tag, TagEncoding::Base64).is_some_and(|tag| secret.signed(&message, &tag));
            // The point stands between the parts: an id with one could be another id and another time.
            if id.contains('.') || !tags.any(is_signed) {
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
            // It has no id: the same signature is the same request.
            Ok(Known { id: Some(given.to_owned()), body })
        }
    }
}

/// Returns the time and the number that a platform signs with, of forms that cannot run into one another.
fn signed_time<'a>(request: HookRequest<'a>, now: DateTime<Utc>) -> Result<(&'a str, &'a str), Error> {
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

/// Finds a secret. A stranger is not told that it cannot be found: the log is.
fn text(secret: &Secret) -> Result<SecretText, Error> {
    find_secret(secret).map_err(|error| {
        tracing::warn!("a webhook cannot be checked, and is refused: {error}");
        Error::HookRefused
    })
}

fn unfit(key: &'static str) -> Error {
    tracing::warn!(
        key,
        "a webhook cannot be checked, and is refused: its `{key}` is not of the form that `signature` has, or too short"
    );
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
