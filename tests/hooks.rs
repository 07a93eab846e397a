//! Webhooks: what a service signed is in answers at once and in the table once; what it did not sign is nowhere.

use std::process::Command;

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::array::Array;
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::program::{Program, Served, answer};
use crate::streams::event;
use crate::world::{files_with, holds};

pub(crate) const SECRET: &str = "canary-secret-of-the-service";
const TOKEN: &str = "canarytoken";
const APP: &str = "wx2c2769f8efd9abc2";
const PHONE: &str = "13912345678";

pub(crate) const SIGNED: &str = "description: What members do in the app.
dataset: app_events
kind: webhook
signature: hmac-sha256
secret: { env: HOOK_SECRET }
header: X-Hub-Signature-256
prefix: sha256=
id_header: X-Delivery
";
const STANDARD_SOURCE: &str = "description: What members do in the shop.
dataset: app_events
kind: webhook
signature: standard-webhooks
secret: { env: HOOK_STANDARD }
events: /data/events
columns:
  event_id: /meta/id
  app_user_id: user
  event: /meta/kind
  occurred_at: { at: /meta/at, unix: milliseconds }
";
const WECHAT: &str = "description: What members do in the mini-program.
dataset: app_events
kind: webhook
signature: wechat
token: { env: HOOK_TOKEN }
aes_key: { env: HOOK_AES }
app_id: wx2c2769f8efd9abc2
columns:
  event_id: MsgId
  app_user_id: FromUserName
  event: Event
  occurred_at: { at: CreateTime, unix: seconds }
  page: EventKey
";

struct Hub {
    program: Program,
    served: Option<Served>,
    analyst: String,
}

impl Hub {
    fn new(sources: &[(&str, &str)]) -> Self {
        let aes = STANDARD.encode([7_u8; 32]);
        let program = Program::new()
            .with_sources(sources)
            .with_env("MEMBRANE__STREAMS__COMMIT_SECONDS", "3600")
            .with_env("HOOK_SECRET", SECRET)
            .with_env("HOOK_STANDARD", &format!("whsec_{}", STANDARD.encode(SECRET)))
            .with_env("HOOK_TOKEN", TOKEN)
            .with_env("HOOK_AES", aes.trim_end_matches('='));
        program.ok(&["keys", "init"]);
        let analyst = program.bearer("analyst:lee");
        let served = Some(program.serve());
        Self { program, served, analyst }
    }

    fn served(&self) -> &Served {
        self.served.as_ref().unwrap()
    }

    fn send(&self, path: &str, body: &str, headers: &[String]) -> Vec<u8> {
        let file = self.program.path("hook.json");
        std::fs::write(&file, body).unwrap();
        let at = format!("@{}", file.display());
        let mut words = vec!["--header", "Content-Type: application/json", "--data-binary", &at];
        for header in headers {
            words.extend(["--header", header]);
        }
        self.served().curl(path, None, &words)
    }

    /// Sends what the service signs, and returns status and answer.
    fn signed(&self, body: &str, more: &[String]) -> (u16, Value) {
        let tag = hex(&mac(&[body.as_bytes()]));
        let own = vec![format!("X-Hub-Signature-256: sha256={tag}")];
        answer(&self.send("/hooks/app", body, &[own, more.to_vec()].concat()))
    }

    fn ask(&self, sql: &str) -> Value {
        self.served().rows(&self.analyst, sql)
    }

    fn count(&self) -> u64 {
        self.ask("SELECT count(*) AS n FROM app_events")[0]["n"].as_u64().unwrap()
    }
}

/// Seconds since 1970, by the clock that the hub reads too.
#[expect(clippy::disallowed_methods, reason = "the hub is another process, with the system's clock")]
fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

pub(crate) fn mac(parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_a_service_signed_is_in_answers_at_once_and_each_once() {
    let mut hub = Hub::new(&[("app", SIGNED)]);
    let delivery = |number: u32| vec![format!("X-Delivery: d-{number}")];
    let (status, told) = hub.signed(&event(1), &delivery(1));
    assert_eq!((status, &told["events"]), (200, &json!(1)), "{told}");
    assert_eq!(
        told.as_object().unwrap().len(),
        2,
        "a service learns of what it sent and nothing else: {told}"
    );
    // It comes again; one that breaks the contract comes with one that does not; something comes that is no event.
    assert_eq!(hub.signed(&event(1), &delivery(1)).0, 200);
    let list = format!("[{},{}]", event(2), event(6));
    let (status, told) = hub.signed(&list, &delivery(2));
    assert_eq!((status, &told["events"]), (200, &json!(2)), "{told}");
    assert_eq!(hub.signed("no json", &delivery(3)).0, 200);
    // The id is not signed: whoever takes one keeps nothing else out.
    assert_eq!(hub.signed(&event(8), &delivery(1)).0, 200);
    assert_eq!(hub.count(), 3);
    // Killed, it finds them again; told to stop, it commits them, as what came of that source.
    let served = hub.served.take().unwrap();
    Command::new("kill").args(["-KILL", &served.pid().to_string()]).status().unwrap();
    drop(served);
    hub.served = Some(hub.program.serve());
    assert_eq!(hub.count(), 3);
    assert_eq!(hub.signed(&event(1), &delivery(9)).0, 200);
    assert_eq!(hub.count(), 3, "it is known again after the kill");
    let log = hub.served.take().unwrap().stop();
    let listed = hub.program.json(&["source", "list"]);
    let source = &listed["sources"][0];
    assert_eq!((&source["name"], &source["kind"]), (&json!("app"), &json!("webhook")), "{listed}");
    assert!(source["looked"].is_string() && source["fault"].is_null(), "{listed}");
    assert_eq!((&source["rows_accepted"], &source["rows_quarantined"]), (&json!(3), &json!(2)), "{listed}");
    assert!(source["bytes"].as_u64().unwrap() > 0 && source["rows_per_second"].as_f64().unwrap() > 0.0);
    hub.served = Some(hub.program.serve());
    let metrics = hub.served().curl("/v1/metrics", Some(&hub.program.bearer("compliance:olga")), &[]);
    let metrics = String::from_utf8(metrics).unwrap();
    for line in [
        "membrane_source_accepted_total{source=\"app\"} 3\n",
        "membrane_source_quarantined_total{source=\"app\"} 2\n",
        "membrane_source_failing{source=\"app\"} 0\n",
        "membrane_source_paused{source=\"app\"} 0\n",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    // Without a bearer nobody learns which sources there are.
    assert!(!holds(&hub.served().curl("/metrics", None, &[]), b"membrane_source"));
    hub.served.take().unwrap().stop();
    let quality = hub.program.json(&["quality", "app_events"]);
    assert!(quality.to_string().contains("malformed"), "what was none is told of: {quality}");
    // Neither what members did nor the secret is anywhere in clear.
    for canary in [PHONE, SECRET] {
        assert!(!holds(&log, canary.as_bytes()));
        assert!(files_with(&hub.program.path(".membrane"), canary).is_empty());
    }
}

#[test]
fn what_is_not_signed_is_refused_alike() {
    let hub = Hub::new(&[("app", SIGNED)]);
    let body = event(1);
    let right = format!("X-Hub-Signature-256: sha256={}", hex(&mac(&[body.as_bytes()])));
    let wrong = right.replace("256=", "256=0");
    let unsigned: [(&str, &[String]); 4] = [
        ("/hooks/app", &[]),
        ("/hooks/app", &[wrong]),
        ("/hooks/nothing", std::slice::from_ref(&right)),
        ("/hooks/none", &[]),
    ];
    let mut told = Vec::new();
    for (path, headers) in unsigned {
        let (status, body) = answer(&hub.send(path, &body, headers));
        assert_eq!(status, 401, "{body}");
        told.push(body["error"].clone());
    }
    told.dedup();
    assert_eq!(told.len(), 1, "nobody learns which sources there are: {told:?}");
    assert_eq!(told[0]["code"], "signature_refused");
    let (status, told) =
        answer(&hub.send("/hooks/app", &"x".repeat(2 << 20), &[right, "Expect:".to_owned()]));
    assert_eq!((status, &told["error"]["code"]), (413, &json!("too_large")), "{told}");
    let (status, _) = answer(&hub.served().curl("/hooks/app?echostr=1", None, &[]));
    assert_eq!(status, 401, "a service that does not ask is not answered");
    assert_eq!(hub.count(), 0);
    hub.program.ok(&["source", "pause", "app"]);
    let (status, told) = hub.signed(&body, &[]);
    assert_eq!((status, &told["error"]["code"]), (409, &json!("source_paused")), "{told}");
    hub.program.ok(&["source", "resume", "app"]);
    assert_eq!(hub.signed(&body, &[]).0, 200);
    assert_eq!(hub.count(), 1);
}

#[test]
fn standard_webhooks_are_read_as_the_source_says() {
    let hub = Hub::new(&[("shop", STANDARD_SOURCE)]);
    let one = |number: u32| {
        json!({
            "meta": {"id": format!("ae_{number:013}"), "kind": "purchase", "at": 1_767_323_045_000_u64},
            "user": "au_0000000001", "phone": PHONE, "page": "cart", "amount": "12.50",
            "device_id": "0a1b2c3d-0000-4000-8000-000000000000", "more": {"of": "it"},
        })
    };
    let body = json!({"type": "orders", "data": {"events": [one(1), one(2)]}}).to_string();
    let send = |time: i64| {
        let stamp = time.to_string();
        let tag = mac(&[b"msg_1", b".", stamp.as_bytes(), b".", body.as_bytes()]);
        let headers = [
            "webhook-id: msg_1".to_owned(),
            format!("webhook-timestamp: {stamp}"),
            format!("webhook-signature: v1,{}", STANDARD.encode(tag)),
        ];
        answer(&hub.send("/hooks/shop", &body, &headers))
    };
    let now = now();
    assert_eq!(send(now - 3_600).0, 401, "signed an hour ago");
    let (status, told) = send(now);
    assert_eq!((status, &told["events"]), (200, &json!(2)), "{told}");
    assert_eq!(send(now + 1).0, 200, "tried again: it has another time, and the same id");
    assert_eq!(hub.count(), 2);
    let rows = hub.ask("SELECT DISTINCT event, occurred_at, amount FROM app_events");
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    assert!(rows[0]["occurred_at"].to_string().contains("2026-01-02T03:04:05"), "{rows}");
}

/// A message as WeChat sends it: the query of its URL, and its body.
fn wechat(message: &str, receiver: &str, time: i64) -> (String, String) {
    let mut text = vec![b'r'; 16];
    text.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    text.extend(message.as_bytes());
    text.extend(receiver.as_bytes());
    let fill = 32 - text.len() % 32;
    text.extend(std::iter::repeat_n(u8::try_from(fill).unwrap(), fill));
    let (blocks, _) = Array::slice_as_chunks_mut(&mut text);
    cbc::Encryptor::<Aes256>::new(&[7; 32].into(), &[7; 16].into()).encrypt_blocks(blocks);
    let encrypted = STANDARD.encode(text);
    let stamp = time.to_string();
    let signature = weixin_signature(&[&stamp, "n0nce", &encrypted]);
    let query = format!("timestamp={stamp}&nonce=n0nce&encrypt_type=aes&msg_signature={signature}");
    let body = format!(
        "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    );
    (query, body)
}

/// WeCom signs and encrypts greetings and messages in one way: only greetings are opened for whoever sends them.
#[test]
fn a_message_to_wecom_is_not_opened_for_whoever_saw_it() {
    let source = WECHAT.replace("wechat", "wecom").replace("app_id", "corp_id");
    let hub = Hub::new(&[("corp", &source)]);
    let now = now();
    let ask = |message: &str| {
        let (query, body) = wechat(message, APP, now);
        let encrypted =
            body.split("<Encrypt><![CDATA[").nth(1).unwrap().split(']').next().unwrap().to_owned();
        let encrypted = encrypted.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let told = hub.served().curl(&format!("/hooks/corp?{query}&echostr={encrypted}"), None, &[]);
        String::from_utf8(told).unwrap()
    };
    let told = ask("5836101820");
    assert!(told.starts_with("HTTP/1.1 200") && told.ends_with("\r\n\r\n5836101820"), "{told}");
    let message = format!("<xml><FromUserName>au_0000000001</FromUserName><phone>{PHONE}</phone></xml>");
    let told = ask(&message);
    assert!(told.starts_with("HTTP/1.1 401") && !told.contains(PHONE), "{told}");
    assert!(!told.to_lowercase().contains("www-authenticate"), "a service has no bearer: {told}");
    // As a message it is taken in; once, however the signature is written.
    let (query, body) = wechat(&message, APP, now);
    let (start, signature) = query.rsplit_once('=').unwrap();
    for signature in [signature.to_owned(), signature.to_uppercase()] {
        let told = hub.send(&format!("/hooks/corp?{start}={signature}"), &body, &[]);
        assert!(told.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&told));
    }
    let streams = hub.served().curl("/v1/streams", Some(&hub.program.bearer("compliance:olga")), &[]);
    let (_, streams) = answer(&streams);
    assert_eq!(streams["streams"][0]["pushes"], 1, "{streams}");
}

fn weixin_signature(texts: &[&str]) -> String {
    let mut parts = [texts, &[TOKEN]].concat();
    parts.sort_unstable();
    hex(&Sha1::digest(parts.concat()))
}

#[test]
fn a_mini_program_is_heard_encrypted_and_greeted() {
    let hub = Hub::new(&[("mini", WECHAT)]);
    let now = now();
    let stamp = now.to_string();
    let greeting = |signature: &str| {
        let path =
            format!("/hooks/mini?signature={signature}&timestamp={stamp}&nonce=abc&echostr=5836101820");
        String::from_utf8(hub.served().curl(&path, None, &[])).unwrap()
    };
    let told = greeting(&weixin_signature(&[&stamp, "abc"]));
    assert!(told.starts_with("HTTP/1.1 200") && told.ends_with("\r\n\r\n5836101820"), "{told}");
    assert!(greeting(&"0".repeat(40)).starts_with("HTTP/1.1 401"));
    let message = |id: u32| {
        format!(
            "<xml><ToUserName>gh_1</ToUserName><FromUserName><![CDATA[au_0000000001]]></FromUserName><CreateTime>1767323045</CreateTime>\
             <MsgId>ae_{id:013}</MsgId><Event><![CDATA[purchase]]></Event><EventKey>cart</EventKey>\
             <device_id>0a1b2c3d-0000-4000-8000-000000000000</device_id><phone>{PHONE}</phone></xml>"
        )
    };
    let send = |(query, body): (String, String)| {
        let told = hub.send(&format!("/hooks/mini?{query}"), &body, &[]);
        String::from_utf8(told).unwrap()
    };
    let told = send(wechat(&message(1), APP, now));
    assert!(told.starts_with("HTTP/1.1 200") && told.ends_with("\r\n\r\nsuccess"), "{told}");
    assert!(send(wechat(&message(1), APP, now + 1)).starts_with("HTTP/1.1 200"), "it comes again");
    assert!(
        send(wechat(&message(2), "wx0000000000000000", now)).starts_with("HTTP/1.1 401"),
        "for somebody else"
    );
    assert!(send(wechat(&message(3), APP, now - 3_600)).starts_with("HTTP/1.1 401"), "too long ago");
    let (query, body) = wechat(&message(4), APP, now);
    let altered = body.replacen("CDATA[", "CDATA[AAAA", 2);
    assert!(send((query.clone(), altered)).starts_with("HTTP/1.1 401"));
    // In clear, signed as a greeting is: the body is not.
    let plain = format!("signature={}&timestamp={stamp}&nonce=abc", weixin_signature(&[&stamp, "abc"]));
    assert!(send((plain, message(5))).starts_with("HTTP/1.1 401"));
    assert_eq!(hub.count(), 1);
    let rows = hub.ask("SELECT event, occurred_at, page FROM app_events");
    assert!(rows[0]["occurred_at"].to_string().contains("2026-01-02T03:04:05"), "{rows}");
    assert_eq!(rows[0]["event"], "purchase");
}
