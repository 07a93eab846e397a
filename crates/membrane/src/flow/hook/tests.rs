//! Which requests are taken for the service's.

use axum::http::{HeaderName, HeaderValue};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::*;

const KEY: &str = "it is a secret of 32 letters ok!";

/// A secret in a file that lives as long as the folder.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn of(&self, name: &str, text: &str) -> Secret {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("written");
        Secret::File(path)
    }
}

fn tag(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("a key");
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into_bytes().to_vec()
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
    };
    pairs.iter().map(pair).collect()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_secs(1_700_000_000).expect("a time")
}

/// What came of a request: its id, if it is the service's.
fn judge(signature: &Signature, given: &[(&str, &str)], body: &[u8]) -> Option<Option<String>> {
    let request = HookRequest { query: Vec::new(), headers: headers(given) };
    match known(signature, &request, body.to_vec(), now()) {
        Ok(known) => {
            assert_eq!(known.body, body);
            Some(known.id)
        }
        // Why is for the log.
        Err(Error::HookRefused | Error::Secret(_) | Error::BadRequest(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_body_is_signed_as_the_source_says() {
    let place = Place::new();
    let signature = |prefix: &str, encoding, id_header: Option<&str>| Signature::Hmac {
        header: "x-signature".to_owned(),
        prefix: prefix.to_owned(),
        encoding,
        id_header: id_header.map(str::to_owned),
        secret: place.of("secret", KEY),
    };
    let hex = signature("sha256=", TagEncoding::Hex, Some("x-delivery"));
    let right = format!("sha256={}", hex::encode(tag(&[b"{}"])));
    assert_eq!(judge(&hex, &[("x-signature", &right)], b"{}"), Some(None));
    let named = [("x-signature", right.as_str()), ("x-delivery", "d-1")];
    let id = |found: Option<Option<String>>| found.flatten().expect("an id");
    assert!(id(judge(&hex, &named, b"{}")).starts_with("d-1/"), "with what it held: it is not signed");
    assert_eq!(judge(&hex, &[("x-signature", &right.to_uppercase())], b"{}"), None, "the prefix is as it is");
    assert_eq!(judge(&hex, &[("x-signature", &right)], b"{} "), None);
    assert_eq!(judge(&hex, &[("x-signature", &right.replace("sha256=", ""))], b"{}"), None);
    assert_eq!(judge(&hex, &[("x-signature", "sha256=")], b"{}"), None);
    assert_eq!(judge(&hex, &[], b"{}"), None);
    let twice = [("x-signature", right.as_str()), ("x-signature", right.as_str())];
    assert_eq!(judge(&hex, &twice, b"{}"), None, "which of them is meant is open");
    let base64 = signature("", TagEncoding::Base64, None);
    assert_eq!(judge(&base64, &[("x-signature", &STANDARD.encode(tag(&[b"{}"])))], b"{}"), Some(None));
    assert_eq!(judge(&base64, &[("x-signature", &right)], b"{}"), None);
}

#[test]
fn a_secret_that_is_none_lets_nobody_in() {
    let place = Place::new();
    let with = |secret| Signature::Hmac {
        header: "x-signature".to_owned(),
        prefix: String::new(),
        encoding: TagEncoding::Hex,
        id_header: None,
        secret,
    };
    let empty = hex::encode(Hmac::<Sha256>::new_from_slice(b"").expect("a key").finalize().into_bytes());
    for secret in [place.of("empty", ""), place.of("short", "fifteen letters"), Secret::File("/none".into())]
    {
        assert_eq!(judge(&with(secret), &[("x-signature", &empty)], b""), None);
    }
}

#[test]
fn standard_webhooks_are_signed_with_id_and_time() {
    let place = Place::new();
    let text = format!("whsec_{}", STANDARD.encode(KEY));
    let signature = Signature::Standard { secret: place.of("secret", &text) };
    let ask = |id: &str, time: &str, tags: &str| {
        let given = [("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", tags)];
        judge(&signature, &given, b"{}")
    };
    let sign = |id: &str, time: &str| {
        format!("v1,{}", STANDARD.encode(tag(&[id.as_bytes(), b".", time.as_bytes(), b".", b"{}"])))
    };
    let right = sign("msg_1", "1700000000");
    assert_eq!(ask("msg_1", "1700000000", &right), Some(Some("msg_1".to_owned())));
    let many = format!("{}{right}", "v1, ".repeat(8));
    assert_eq!(ask("msg_1", "1700000000", &many), None, "more signatures than anybody sends");
    let several = format!("v1,AAAA v1a,xyz {right}");
    assert_eq!(ask("msg_1", "1700000000", &several), Some(Some("msg_1".to_owned())));
    assert_eq!(ask("msg_2", "1700000000", &right), None);
    assert_eq!(ask("msg_1", "1700000001", &right), None);
    assert_eq!(ask("msg_1", "1700000000", &right.replace("v1,", "")), None);
    assert_eq!(ask("msg_1", "1700000000", ""), None);
    for (time, is_near) in [
        ("1700000300", true),
        ("1700000301", false),
        ("1699999700", true),
        ("1699999699", false),
        ("+1700000000", false),
        ("-1", false),
        ("99999999999999999999", false),
        ("", false),
    ] {
        assert_eq!(ask("msg_1", time, &sign("msg_1", time)).is_some(), is_near, "{time}");
    }
    // Signed as `a` at `1.1700000000`, it would be read as `a.1` at `1700000000`.
    assert_eq!(ask("a.1", "1700000000", &sign("a.1", "1700000000")), None);
}
