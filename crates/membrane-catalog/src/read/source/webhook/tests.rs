use std::path::Path;

use super::super::read_source;
use super::*;
use crate::source::{Reads, Source};

fn read(text: &str) -> (Option<Source>, Vec<String>) {
    let mut report = Report::new(Path::new("mini.yaml"));
    let found = read_source(text, "mini", &mut report);
    let told = |fault: crate::Fault| format!("{}:{} {}", fault.line, fault.column, fault.message);
    (found, report.into_faults().into_iter().map(told).collect())
}

const HEAD: &str = "description: What members do.\ndataset: app_events\nkind: webhook\n";

fn webhook(more: &str) -> WebhookSource {
    let (found, faults) = read(&format!("{HEAD}{more}"));
    assert_eq!(faults, Vec::<String>::new());
    match found.expect("a source").reads {
        Reads::Webhook(webhook) => webhook,
        other => panic!("{other:?}"),
    }
}

fn env(name: &str) -> Secret {
    Secret::Env(name.to_owned())
}

#[test]
fn a_webhook_is_read() {
    let found = webhook("signature: hmac-sha256\nsecret: { env: S }\nheader: X-Signature\n");
    let plain = Signature::Hmac {
        header: "x-signature".to_owned(),
        prefix: String::new(),
        encoding: TagEncoding::Hex,
        id_header: None,
        secret: env("S"),
    };
    assert_eq!((found.signature, found.events, found.columns.len()), (plain, None, 0));
    let found = webhook(
        "signature: hmac-sha256\nsecret: { file: /run/s }\nheader: X-Hub-Signature\nprefix: sha1=\nencoding: base64\nid_header: X-Id\n\
         events: /data/0\ncolumns: { event_id: id, at: { at: /a~1b, unix: seconds } }\n",
    );
    assert_eq!(found.events.as_deref(), Some("/data/0"));
    let fields: Vec<(&str, &str, Option<UnixUnit>)> =
        found.columns.iter().map(|(name, field)| (name.as_str(), field.at.as_str(), field.unix)).collect();
    assert_eq!(fields, [("at", "/a~1b", Some(UnixUnit::Seconds)), ("event_id", "id", None)]);
    let found = webhook("signature: standard-webhooks\nsecret: { env: S }\n");
    assert_eq!(found.signature, Signature::Standard { secret: env("S") });
    let found = webhook("signature: wecom\ntoken: { env: T }\naes_key: { env: K }\ncorp_id: ww1\n");
    let weixin = Signature::Weixin {
        platform: Weixin::WeCom,
        token: env("T"),
        aes_key: env("K"),
        receiver: "ww1".to_owned(),
    };
    assert_eq!(found.signature, weixin);
}

#[test]
fn what_is_wrong_is_told_where_it_is() {
    for (text, told) in [
        ("", "1:1 the source has no `signature`: hmac-sha256, standard-webhooks, wechat, wecom"),
        ("signature: none\n", "4:12 `signature` is one of hmac-sha256, standard-webhooks, wechat, wecom"),
        ("signature: standard-webhooks\n", "has no `secret`: `{ env: NAME }` or `{ file: PATH }`"),
        ("signature: standard-webhooks\nsecret: hunter2\n", "never the secret itself"),
        (
            "signature: standard-webhooks\nsecret: { env: S }\nheader: X\n",
            "6:9 `header` is not for `signature: standard-webhooks`, which has secret",
        ),
        ("signature: hmac-sha256\nsecret: { env: S }\n", "has no `header`"),
        (
            "signature: hmac-sha256\nsecret: { env: S }\nheader: 'a b'\n",
            "6:9 `header` is the name of a header",
        ),
        ("signature: wechat\ntoken: { env: T }\naes_key: { env: K }\n", "has no `app_id`"),
        (
            "signature: standard-webhooks\nsecret: { env: S }\nevents: data\n",
            "6:9 `events` is a JSON Pointer: `/data/items`",
        ),
        (
            "signature: standard-webhooks\nsecret: { env: S }\ncolumns: { a: /b~2 }\n",
            "a JSON Pointer has `~0` for `~` and `~1` for `/` in a name: RFC 6901",
        ),
        (
            "signature: standard-webhooks\nsecret: { env: S }\ncolumns: { a: { at: b, unix: days } }\n",
            "`unix` is one of seconds, milliseconds",
        ),
        (
            "signature: standard-webhooks\nsecret: { env: S }\nevery_seconds: 5\n",
            "unknown key `every_seconds`",
        ),
    ] {
        let (_, faults) = read(&format!("{HEAD}{text}"));
        assert!(faults.len() == 1 && faults[0].contains(told), "{text}: {faults:?}");
        assert!(!faults[0].contains("hunter2"));
    }
}
